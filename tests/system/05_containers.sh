#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The images in real hands: skopeo, umoci, podman take them; busybox runs a command; nginx serves a page
# over https, as the image's user, on a read-only root, without capabilities.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need jq skopeo umoci podman runc openssl nsenter curl
[ "$(id -u)" = 0 ] || skip "needs root for runc"
make_keys
busybox=$(build_image busybox)
build_image static >/dev/null

# ---- skopeo, umoci, podman ----
same "$(skopeo inspect --format '{{.Digest}}' "oci:$tmp/out/busybox:latest")" "$busybox"
skopeo copy -q "oci:$tmp/out/busybox:latest" "dir:$tmp/copied"
same "sha256:$(sha256sum <"$tmp/copied/manifest.json" | cut -d' ' -f1)" "$busybox" "digest after skopeo copy"
skopeo copy -q "oci:$tmp/out/static:latest" "docker-archive:$tmp/static.tar:alnage/static:1"
podman --root "$tmp/podman" --runroot "$tmp/podman-run" --storage-driver vfs load -q -i "$tmp/static.tar" >"$tmp/loaded"
grep -q 'alnage/static:1' "$tmp/loaded" || { cat "$tmp/loaded"; fail "podman did not load the image"; }
"$alnage" copy --without-signatures "oci:$tmp/out/busybox:latest" "oci-archive:$tmp/busybox.tar:latest" 2>/dev/null
podman --root "$tmp/podman" --runroot "$tmp/podman-run" --storage-driver vfs load -q -i "$tmp/busybox.tar" >"$tmp/loaded"
grep -qi 'loaded image' "$tmp/loaded" || { cat "$tmp/loaded"; fail "podman did not load the archive"; }

# ---- a command in a container ----
bundle() { # IMAGE: unpacks it and makes its configuration fit a test
	umoci unpack --image "$tmp/out/$1:latest" "$tmp/$1" >/dev/null
	jq '.process.terminal = false | .root.readonly = true | .process.noNewPrivileges = true
		| .process.capabilities = {} | .process.rlimits = []
		| .mounts += [{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "mode=1777"]}]' \
		"$tmp/$1/config.json" >"$tmp/config.json"
	mv "$tmp/config.json" "$tmp/$1/config.json"
}
run_id=alnage-test-$$
bundle busybox
same "$(jq -r .process.user.uid "$tmp/busybox/config.json")" 65532 "user of the image"
jq '.process.args = ["/bin/sh", "-c", "id -u; echo $SSL_CERT_FILE; . /etc/os-release; echo $ID; ls -d /tmp; touch /x 2>/dev/null || echo read-only"]' \
	"$tmp/busybox/config.json" >"$tmp/config.json"
mv "$tmp/config.json" "$tmp/busybox/config.json"
said=$(runc --root "$tmp/runc" run -b "$tmp/busybox" "$run_id-b" | tr '\n' ' ')
same "$said" "65532 /etc/ssl/certs/ca-certificates.crt alnage /tmp read-only " "what the container says"

# ---- nginx over https ----
build_image nginx >/dev/null
bundle nginx
mkdir "$tmp/tls"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
	-keyout "$tmp/tls/tls.key" -out "$tmp/tls/tls.crt" 2>/dev/null
chmod 644 "$tmp/tls/tls.key" # a throw-away key, read by the image's user
cp "$tmp/nginx/rootfs/usr/share/nginx/examples/tls.conf" "$tmp/tls.conf"
jq --arg tls "$tmp/tls" --arg conf "$tmp/tls.conf" '.mounts += [
	{"destination": "/etc/nginx/tls", "type": "bind", "source": $tls, "options": ["bind", "ro"]},
	{"destination": "/etc/nginx/conf.d/tls.conf", "type": "bind", "source": $conf, "options": ["bind", "ro"]}]' \
	"$tmp/nginx/config.json" >"$tmp/config.json"
mv "$tmp/config.json" "$tmp/nginx/config.json"
touch "$tmp/nginx/rootfs/etc/nginx/conf.d/tls.conf"
mkdir -p "$tmp/nginx/rootfs/etc/nginx/tls"
at_end "runc --root '$tmp/runc' kill '$run_id-n' KILL 2>/dev/null; sleep 0.3; runc --root '$tmp/runc' delete -f '$run_id-n' 2>/dev/null"
runc --root "$tmp/runc" run -d --pid-file "$tmp/pid" -b "$tmp/nginx" "$run_id-n" >"$tmp/nginx.log" 2>&1 </dev/null
pid=$(cat "$tmp/pid")
wait_for nsenter -t "$pid" -n curl -s -o /dev/null http://127.0.0.1:8080/healthz
same "$(nsenter -t "$pid" -n curl -fsS --cacert "$tmp/tls/tls.crt" --resolve localhost:8443:127.0.0.1 https://localhost:8443/index.html \
	| grep -c '<title>')" 1 "the page over https"
same "$(nsenter -t "$pid" -n curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8080/missing)" 404
same "$(nsenter -t "$pid" -n curl -s -o /dev/null -w '%{http_version}' --cacert "$tmp/tls/tls.crt" --resolve localhost:8443:127.0.0.1 https://localhost:8443/)" 2 "HTTP/2"
same "$(stat -c %u "/proc/$pid")" 65532 "user of the server"

# ---- pruning: what is not there, and why ----
[ ! -e "$tmp/nginx/rootfs/usr/bin/openssl" ] || fail "the image has a program nothing reaches"
expect 0 'is kept: .*DT_NEEDED' "$alnage" explain "oci:$tmp/out/nginx" /usr/lib/libssl.so.3 --key "$tmp/keys/image.key.pub"
expect 0 'is kept: the entrypoint' "$alnage" explain "oci:$tmp/out/nginx" /usr/sbin/nginx
expect 0 'was removed: nothing' "$alnage" explain "oci:$tmp/out/nginx" /usr/share/zoneinfo/Europe/Berlin
expect 1 'not in the image' "$alnage" explain "oci:$tmp/out/nginx" /no/such/file
