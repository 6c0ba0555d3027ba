#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# push, pull, copy and list with Debian's docker-registry and skopeo: a multi-arch image with its signatures,
# mounting, resuming, several signers at once, a reader who polls the tag, TLS with client certificates,
# credential files and helpers, proxies.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need jq skopeo docker-registry curl openssl htpasswd python3
export HOME=$tmp/home XDG_CONFIG_HOME=$tmp/home/.config XDG_RUNTIME_DIR=$tmp/run DOCKER_CONFIG=$tmp/docker
export ALNAGE_PASSWORD=
unset REGISTRY_AUTH_FILE HTTP_PROXY http_proxy HTTPS_PROXY https_proxy NO_PROXY no_proxy ALL_PROXY all_proxy SSL_CERT_FILE
mkdir -p "$HOME" "$XDG_RUNTIME_DIR" "$DOCKER_CONFIG"
image=$(python3 tests/system/images.py "$tmp/image" 300000 amd64 arm64)
for i in 1 2 3 4 5 6 7; do "$alnage" keygen "$tmp/k$i" >/dev/null 2>&1; done
"$alnage" sign --key "$tmp/k1" "oci:$tmp/image:v1" >/dev/null 2>&1
start_registry

# ---- there and back, with what belongs to it ----
said=$("$alnage" push --json "oci:$tmp/image:v1" "$registry/team/base:v1" 2>"$tmp/err")
[ ! -s "$tmp/err" ] || { cat "$tmp/err"; fail "--json is not quiet"; }
same "$(jq -r '.digest, .tag, .repository' <<<"$said" | tr '\n' ' ')" "$image v1 $registry/team/base "
[ "$(jq -r .bytesCopied <<<"$said")" -gt 900000 ] || fail "copied: $said"
same "$(skopeo inspect --tls-verify=false --raw "docker://$registry/team/base:v1" | sha256sum | cut -d' ' -f1)" "${image#sha256:}" "as skopeo sees it"
same "$("$alnage" push --json "oci:$tmp/image:v1" "$registry/team/base:v2" | jq -r .bytesCopied)" 0 "the second time"
expect 0 'blobs are there already' "$alnage" push "oci:$tmp/image:v1" "$registry/team/base:v1"
same "$("$alnage" list "$registry/team/base" | tr '\n' ' ')" "v1 v2 "
same "$("$alnage" list --json "$registry/team/base" | jq -c .tags)" '["v1","v2"]'
"$alnage" list --all "$registry/team/base" | grep -xF "sha256-${image#sha256:}.sig" >/dev/null || fail "no signature tag in list --all"
same "$("$alnage" list --referrers --json "$registry/team/base:v1" | jq -r '.referrers | length')" 1 "referrers"
"$alnage" pull "$registry/team/base:v1" "oci:$tmp/back:v1" >/dev/null 2>&1
"$alnage" verify --signature-only --key "$tmp/k1.pub" "oci:$tmp/back:v1" >/dev/null 2>&1 || fail "the signature did not come along"
same "$("$alnage" list --referrers "oci:$tmp/back:v1" | wc -l)" 1 "referrers after pulling"
(cd "$tmp/image/blobs/sha256" && find . -type f) | sort >"$tmp/want"
(cd "$tmp/back/blobs/sha256" && find . -type f) | sort >"$tmp/have"
comm -23 "$tmp/want" "$tmp/have" >"$tmp/missing"
[ ! -s "$tmp/missing" ] || { cat "$tmp/missing"; fail "not all blobs came back"; }
skopeo copy -q --all --src-tls-verify=false "docker://$registry/team/base:v1" "oci:$tmp/theirs:v1"
skopeo copy -q --all --dest-tls-verify=false "oci:$tmp/theirs:v1" "docker://$registry/team/theirs:v1"
same "$("$alnage" pull "$registry/team/theirs:v1" "oci:$tmp/theirs2:v1" 2>/dev/null)" "oci:$tmp/theirs2:v1@$image" "what skopeo pushed"
same "$("$alnage" copy "$registry/team/base:v1" "$registry/other/base:v1" 2>/dev/null)" "$registry/other/base:v1@$image"
grep -q 'POST /v2/other/base/blobs/uploads/?mount=sha256.*" 201 ' "$tmp/registry.log" || fail "nothing was mounted"
! grep -q 'PUT /v2/other/base/blobs/uploads/' "$tmp/registry.log" || fail "something was uploaded in spite of mounting"
"$alnage" verify --signature-only --key "$tmp/k1.pub" "$registry/other/base:v1" >/dev/null 2>&1 || fail "the copy is not signed"

# ---- one image of it, as others choose it, with what is attached to it ----
arm=$(jq -r '.manifests[] | select(.platform.architecture == "arm64").digest' "$tmp/image/blobs/sha256/${image#sha256:}")
expect 0 "linux/arm64 is one image of the index $image, .*stay behind" "$alnage" pull --platform linux/arm64 "$registry/team/base:v1" "oci:$tmp/arm:v1"
grep -qxF "oci:$tmp/arm:v1@$arm" "$tmp/said" || fail "another image was chosen"
skopeo copy -q --override-arch arm64 --src-tls-verify=false "docker://$registry/team/base:v1" "oci:$tmp/theirarm:v1"
same "$(jq -r '.manifests[0].digest' "$tmp/theirarm/index.json")" "$arm" "as skopeo chooses"
"$alnage" verify --signature-only --key "$tmp/k1.pub" "oci:$tmp/arm:v1" >/dev/null 2>&1 || fail "its signature did not come along"
same "$("$alnage" list --referrers "oci:$tmp/arm:v1" | wc -l)" 1 "its referrers"
same "$("$alnage" list --all "oci:$tmp/arm" | grep -c "${image#sha256:}" || true)" 0 "what belongs to the index"
amd=$(jq -r '.manifests[0].digest' "$tmp/image/blobs/sha256/${image#sha256:}")
[ ! -e "$tmp/arm/blobs/sha256/${amd#sha256:}" ] || fail "the other image came along"
same "$("$alnage" push --json --platform linux/arm64 "oci:$tmp/image:v1" "$registry/team/arm:v1" 2>/dev/null | jq -r .digest)" "$arm" "pushing it"
expect 1 'no image for linux/s390x: there are linux/amd64, linux/arm64$' "$alnage" pull --platform linux/s390x "$registry/team/base:v1" "oci:$tmp/none:v1"
[ ! -e "$tmp/none" ] || fail "a layout was made"
expect 1 'for linux/arm64, not for linux/amd64' "$alnage" copy --platform linux/amd64 "oci:$tmp/arm:v1" "oci:$tmp/none:v1"
expect 2 "platform: 'arm64' is not OS/ARCH" "$alnage" pull --platform arm64 "$registry/team/base:v1" "oci:$tmp/none:v1"

# ---- mistakes ----
expect 1 'no such image' "$alnage" pull "$registry/team/base:v9" "oci:$tmp/none:v1"
expect 2 'push goes to a registry' "$alnage" push "oci:$tmp/image:v1" "oci-archive:$tmp/x.tar"
expect 2 "'17' is not a number from 1 to 16" "$alnage" push --parallel 17 "oci:$tmp/image:v1" "$registry/team/base:v1"
expect 1 'team/absent: tags: there is no such repository' "$alnage" list "$registry/team/absent"
grep -q '^  look at its name' "$tmp/said" || fail "no remedy"

# ---- a reader who polls the tag never sees it without signatures ----
cat >"$tmp/poll.sh" <<-'POLL'
	# HOST/NAME DIGEST: as soon as the tag is there, its signature and referrers must be
	accept='Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json'
	while ! curl -fsS -o /dev/null -H "$accept" "http://$1/manifests/v1" 2>/dev/null; do :; done
	for tag in "sha256-${2#sha256:}.sig" "sha256-${2#sha256:}"; do
		curl -fsS -o /dev/null -H "$accept" "http://$1/manifests/$tag" || echo "not there: $tag"
	done
	curl -fsS "http://$1/manifests/v1" -H "$accept" | jq -r '.manifests[].digest' |
		while read -r child; do
			curl -fsS -o /dev/null -H "$accept" "http://$1/manifests/$child" || echo "not there: $child"
		done
POLL
for i in 1 2 3; do
	timeout 300 bash "$tmp/poll.sh" "$registry/v2/polled$i" "$image" >"$tmp/polled$i" 2>&1 &
	"$alnage" push --quiet "oci:$tmp/image:v1" "$registry/polled$i:v1" >/dev/null
	wait $! || fail "a reader never saw the image"
	[ ! -s "$tmp/polled$i" ] || { cat "$tmp/polled$i"; fail "a reader saw an image that was not whole"; }
done

# ---- several signers at once: nobody's signature is lost, on a registry without conditional writes ----
pids=()
for i in 2 3 4 5 6 7; do
	"$alnage" sign --key "$tmp/k$i" "$registry/other/base:v1" >"$tmp/signed$i" 2>&1 &
	pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || { cat "$tmp"/signed*; fail "a signer failed"; }; done
for i in 1 2 3 4 5 6 7; do
	"$alnage" verify --signature-only --key "$tmp/k$i.pub" "$registry/other/base:v1" >"$tmp/said" 2>&1 || { cat "$tmp/said"; fail "signature $i was lost"; }
done
same "$("$alnage" list --referrers "$registry/other/base:v1" | wc -l)" 7 "referrers of seven signers"
same "$(curl -fsS -H "Accept: application/vnd.oci.image.manifest.v1+json" \
	"http://$registry/v2/other/base/manifests/sha256-${image#sha256:}.sig" | jq '.layers | length')" 7 "layers of seven signers"

# ---- credentials: files of docker and podman, helpers; they appear nowhere ----
password='s3cr:t pass+word/%'
basic=$(printf 'me:%s' "$password" | base64 -w0)
htpasswd -Bbn me "$password" >"$tmp/htpasswd" 2>/dev/null
open_registry=$registry
start_registry "auth: {htpasswd: {realm: \"a, realm\", path: \"$tmp/htpasswd\"}}"
printf '%s\n' "$password" >"$tmp/password"
echo wrong-s3cr:t >"$tmp/wrong"
quiet_about_it() { # COMMAND…: what it prints never holds the password
	"$@" >"$tmp/said" 2>&1 || { cat "$tmp/said"; fail "$*"; }
	no_secret
}
no_secret() {
	! grep -qF -e "$password" -e "$basic" -e 's3cr%3At' -e 's3cr:t' "$tmp/said" || fail "a secret was printed"
}
quiet_about_it "$alnage" push --verbose --user me --password-file "$tmp/password" "oci:$tmp/image:v1" "$registry/a/b:v1"
expect 1 'credentials are needed' "$alnage" list --verbose "$registry/a/b"
expect 1 'the credentials are not accepted.*' "$alnage" list --verbose --user me --password-file "$tmp/wrong" "$registry/a/b"
no_secret
printf '{"auths":{"%s":{"auth":"%s"}}}' "$registry" "$basic" >"$DOCKER_CONFIG/config.json"
quiet_about_it "$alnage" list --verbose --json "$registry/a/b"
rm "$DOCKER_CONFIG/config.json"
mkdir -p "$XDG_RUNTIME_DIR/containers"
printf '{"auths":{"%s/a":{"auth":"%s"}}}' "$registry" "$basic" >"$XDG_RUNTIME_DIR/containers/auth.json"
quiet_about_it "$alnage" inspect --verbose "$registry/a/b:v1"
expect 1 'credentials are needed' "$alnage" list "$registry/other/b"
rm "$XDG_RUNTIME_DIR/containers/auth.json"
mkdir "$tmp/bin"
cat >"$tmp/bin/docker-credential-test" <<-HELPER
	#!/bin/sh
	read -r server
	[ "\$1 \$server" = "get $registry" ] || { echo "credentials not found in native keychain"; exit 1; }
	echo '{"ServerURL":"$registry","Username":"me","Secret":"$password"}'
HELPER
chmod +x "$tmp/bin/docker-credential-test"
for config in "{\"credHelpers\":{\"$registry\":\"test\"}}" '{"credsStore":"test"}'; do
	echo "$config" >"$DOCKER_CONFIG/config.json"
	quiet_about_it env PATH="$tmp/bin:$PATH" "$alnage" list --verbose "$registry/a/b"
done
# not found by the helper: anonymous, which the other registry is content with
quiet_about_it env PATH="$tmp/bin:$PATH" "$alnage" list "$open_registry/team/base"
echo '{"credsStore":"../test"}' >"$DOCKER_CONFIG/config.json"
expect 1 'not the name of a credential helper' env PATH="$tmp/bin:$PATH" "$alnage" list "$registry/a/b"
rm "$DOCKER_CONFIG/config.json"

# ---- TLS: a private CA and a client certificate in certs.d ----
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '/CN=a CA' \
	-keyout "$tmp/ca.key" -out "$tmp/ca.crt" 2>/dev/null
for name in localhost client; do
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" -keyout "$tmp/$name.key" -out "$tmp/$name.csr" 2>/dev/null
	openssl x509 -req -in "$tmp/$name.csr" -CA "$tmp/ca.crt" -CAkey "$tmp/ca.key" -CAcreateserial -days 2 \
		-extfile <(echo "subjectAltName=DNS:localhost") -out "$tmp/$name.crt" 2>/dev/null
done
start_tls_registry "$tmp/localhost" "clientcas: [$tmp/ca.crt]"
secure=localhost:$tls_port
folder=$XDG_CONFIG_HOME/containers/certs.d/$secure
mkdir -p "$folder" "$tmp/empty"
expect 1 'certificate' "$alnage" list "$secure/a/b"           # the folder says TLS, the CA is not known
cp "$tmp/ca.crt" "$folder/ca.crt"
cp "$tmp/ca.crt" "$folder/other.crt"
expect 1 "$secure" "$alnage" list "$secure/a/b"               # the server wants ours, and just hangs up
cp "$tmp/client.crt" "$folder/client.cert"
expect 1 'client.cert: the .key for it is missing' "$alnage" list "$secure/a/b"
cp "$tmp/client.key" "$folder/client.key"
same "$("$alnage" list "$secure/a/b")" v1 "with a client certificate"
quiet_about_it "$alnage" pull --verbose "$secure/a/b:v1" "oci:$tmp/tls:v1"
if [ "$(id -u)" != 0 ]; then
	chmod 0 "$folder"
	expect 1 'certificate' "$alnage" list "$secure/a/b" # as if it were empty
	chmod 755 "$folder"
fi
XDG_CONFIG_HOME=$tmp/empty expect 1 '' "$alnage" list "$secure/a/b"

# ---- a proxy, for names that are not this machine ----
cat >"$tmp/proxy.py" <<-'PROXY'
	import http.server, sys, urllib.request
	target, log = sys.argv[1], sys.argv[2]
	class Proxy(http.server.BaseHTTPRequestHandler):
	    def do_GET(self):
	        with open(log, "a") as out: out.write(self.command + " " + self.path + "\n")
	        path = self.path.split("/", 3)[3]
	        request = urllib.request.Request("http://" + target + "/" + path, method=self.command, headers={"Accept": self.headers.get("Accept", "*/*")})
	        try: answer = urllib.request.urlopen(request)
	        except urllib.error.HTTPError as error: answer = error
	        body = answer.read()
	        self.send_response(answer.status)
	        for name in ("Content-Type", "Docker-Content-Digest"):
	            if answer.headers[name]: self.send_header(name, answer.headers[name])
	        self.send_header("Content-Length", str(len(body)))
	        self.end_headers()
	        self.wfile.write(body)
	    do_HEAD = do_GET
	    def log_message(self, *args): pass
	server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
	print(server.server_port, flush=True)
	server.serve_forever()
PROXY
python3 "$tmp/proxy.py" "$open_registry" "$tmp/proxy.log" >"$tmp/proxy.port" &
at_end "kill $! 2>/dev/null"
wait_for test -s "$tmp/proxy.port"
proxy=http://127.0.0.1:$(cat "$tmp/proxy.port")
expect 1 'https' env HTTP_PROXY="$proxy" "$alnage" list registry.invalid/team/base # http only where it is asked for
[ ! -s "$tmp/proxy.log" ] || fail "went over http without being told"
same "$(HTTP_PROXY=$proxy "$alnage" list --plain-http registry.invalid/team/base | tr '\n' ' ')" "v1 v2 " "through a proxy"
HTTP_PROXY=$proxy "$alnage" pull --plain-http registry.invalid/team/base:v1 "oci:$tmp/proxied:v1" >/dev/null 2>&1 || fail "pull through a proxy"
lines=$(wc -l <"$tmp/proxy.log")
expect 1 'registry.invalid' env HTTP_PROXY="$proxy" NO_PROXY=registry.invalid "$alnage" list --plain-http registry.invalid/team/base
same "$(wc -l <"$tmp/proxy.log")" "$lines" "requests at the proxy with NO_PROXY"
