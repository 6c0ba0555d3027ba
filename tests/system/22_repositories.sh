#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Image recipes that take packages from a repository: signed index, checksums, an old index, our own names.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need jq
make_keys
stamp=$(date +%s%N)
recipe() { # FOLDER NAME [RUNTIME-DEPENDENCY]
	mkdir -p "$1/packages"
	[ -e "$1/toolchain.yaml" ] || cp -R recipes/pipelines recipes/toolchain* "$1/"
	{
		printf 'package:\n  name: %s\n  version: "1"\n  epoch: 0\n  description: %s\n' "$2" "$stamp"
		[ $# -lt 3 ] || printf '  dependencies:\n    runtime:\n      - %s\n' "$3"
		printf '  copyright:\n    - license: Apache-2.0\nenvironment:\n  contents:\n    packages:\n      - busybox\n'
		# shellcheck disable=SC2016 # for the recipe
		printf 'pipeline:\n  - runs: |\n      mkdir -p "${{targets.destdir}}/usr/share"\n      echo %s of %s >"${{targets.destdir}}/usr/share/%s"\n' \
			"$2" "$(basename "$1")" "$2"
	} >"$1/packages/$2.yaml"
}
# theirs: far needs both near (theirs) and own (ours); they have an own, too
recipe "$tmp/theirs" near
recipe "$tmp/theirs" own
recipe "$tmp/theirs" far near
sed -i 's/^      - near/&\n      - own/' "$tmp/theirs/packages/far.yaml"
sed -i 's/version: "1"/version: "9"/' "$tmp/theirs/packages/own.yaml"
# and what far needs first would be own, too
sed -i 's/^  copyright:/  dependencies:\n    provides: ["own=99"]\n&/' "$tmp/theirs/packages/near.yaml"
recipe "$tmp/ours" own
publish() { # [SOURCE_DATE_EPOCH]: makes $tmp/repo
	rm -rf "$tmp/repo"
	SOURCE_DATE_EPOCH=${1:-1767225600} "$alnage" package --recipes "$tmp/theirs" --package-key "$tmp/keys/package.rsa" \
		--output "$tmp/published" "$tmp"/theirs/packages/*.yaml >/dev/null 2>&1
	mv "$tmp/published/packages" "$tmp/repo"
}
image() { # [LINE…] below contents
	{
		printf 'contents:\n  packages: [far]\n'
		[ $# -eq 0 ] || printf '  %s\n' "$@"
	} >"$tmp/image.yaml"
}
build() {
	"$alnage" build "$tmp/image.yaml" --recipes "$tmp/ours" --output "$tmp/out" --key "$tmp/keys/image.key" "$@"
}
content() { # PATH in the image's only layer
	local manifest layer
	manifest=$(jq -r '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == "latest") | .digest' "$tmp/out/image/index.json")
	layer=$(jq -r '.layers[0].digest' "$tmp/out/image/blobs/sha256/${manifest#sha256:}")
	tar -xzOf "$tmp/out/image/blobs/sha256/${layer#sha256:}" "$1"
}
repository="repositories: [\"$tmp/repo/\"]" keyring="keyring: [\"$tmp/keys/package.rsa.pub\"]"

# never ignored, never trusted without a key, never another's key
publish
image
expect 1 "no recipe makes the package 'far'" build
image "$repository"
expect 1 'repositories without a keyring' build
image "runtime_$repository" "$keyring"
expect 1 'runtime_repositories is not supported' build
"$alnage" keygen --type rsa --bits 2048 "$tmp/keys/other.rsa" >/dev/null
image "$repository" "keyring: [\"$tmp/keys/other.rsa.pub\"]"
expect 3 'is signed by package.rsa.pub, which is not among the keys' build
mkdir "$tmp/false"
cp "$tmp/keys/other.rsa.pub" "$tmp/false/package.rsa.pub"
image "$repository" "keyring: [\"$tmp/false/package.rsa.pub\"]"
expect 3 'repository .*signature' build

# theirs and ours in one image; a name that we make is ours, whatever version they have
image "$repository" "$keyring"
build >/dev/null 2>"$tmp/said" || { cat "$tmp/said"; fail "no image"; }
same "$(content usr/share/far)" "far of theirs"
same "$(content usr/share/near)" "near of theirs"
same "$(content usr/share/own)" "own of ours"
expect 0 passed "$alnage" verify "oci:$tmp/out/image" --key "$tmp/keys/image.key.pub"
same "$(cd "$tmp/out/packages/x86_64" && echo ./*.apk)" ./own-1-r0.apk "what is not ours was exported as ours"
expect 0 'nothing to do' build

# a repository with a tag: for what names it and what that needs, of which the rest prefers other repositories
recipe "$tmp/edge" near
recipe "$tmp/edge" deep
recipe "$tmp/edge" far near
sed -i 's/^      - near/&\n      - deep/' "$tmp/edge/packages/far.yaml"
sed -i 's/version: "1"/version: "2"/' "$tmp"/edge/packages/*.yaml
SOURCE_DATE_EPOCH=1767225600 "$alnage" package --recipes "$tmp/edge" --package-key "$tmp/keys/package.rsa" \
	--output "$tmp/edge-out" "$tmp"/edge/packages/*.yaml >/dev/null 2>&1
tagged() { # PACKAGES
	image "repositories: [\"$tmp/repo\", \"@edge $tmp/edge-out/packages\"]" "$keyring"
	sed -i "s/packages: .*/packages: [$1]/" "$tmp/image.yaml"
}
tagged far
build >/dev/null 2>"$tmp/said" || { cat "$tmp/said"; fail "no image"; }
same "$(content usr/share/far)" "far of theirs"
tagged far@edge
build >/dev/null 2>"$tmp/said" || { cat "$tmp/said"; fail "no image with a tag"; }
same "$(content usr/share/far) $(content usr/share/near) $(content usr/share/deep)" "far of edge near of theirs deep of edge"
tagged 'far@edge, near@edge'
build >/dev/null 2>"$tmp/said" || { cat "$tmp/said"; fail "no image with two tags"; }
same "$(content usr/share/near)" "near of edge"
tagged deep
expect 1 "deep-2-r0 is in the repository '@edge' only" build
tagged far@egde
expect 1 "image.yaml:2:14: packages 'far@egde': no repository has the tag" build
image "$repository" "$keyring"
build >/dev/null 2>&1

# what was fetched once is there without the files; another checksum in the index is another package
mv "$tmp/repo/x86_64/far-1-r0.apk" "$tmp/far.apk"
rm -rf "$tmp/out"
build >/dev/null 2>"$tmp/said" || { cat "$tmp/said"; fail "not from the store"; }
mv "$tmp/far.apk" "$tmp/repo/x86_64/far-1-r0.apk"

# the index is signed: a swapped, shortened or changed package is not taken
refused() { # WHY: the build fails and names far and one of these reasons
	local got=0
	build >"$tmp/said" 2>&1 || got=$?
	[ "$got" = 1 ] || [ "$got" = 3 ] || { cat "$tmp/said"; fail "$1: exit $got"; }
	grep -qE "far-1-r0.apk: .*($2)" "$tmp/said" || { cat "$tmp/said"; fail "$1: does not say '$2'"; }
}
far=$tmp/repo/x86_64/far-1-r0.apk
fresh() { # far is new, so that the store does not have it
	stamp=$stamp.1
	recipe "$tmp/theirs" far own
	publish
}
fresh
cp "$far" "$tmp/far.apk"
fresh
cp "$tmp/far.apk" "$far"
refused swapped 'checksum|more than'
fresh
head -c -1 "$far" >"$tmp/short"
cp "$tmp/short" "$far"
refused shortened 'digest'
fresh
python3 - "$far" <<'END'
import sys
data = bytearray(open(sys.argv[1], 'rb').read())
data[-40] ^= 1
open(sys.argv[1], 'wb').write(data)
END
refused changed 'digest'
publish
build >/dev/null 2>"$tmp/said" || { cat "$tmp/said"; fail "what was refused is remembered"; }

# a trust file decides whose packages count, and when
trust() { # LINES of the key
	{
		printf 'version: 1\nkeys:\n  - name: builder\n    file: keys/package.rsa.pub\n'
		printf '    %s\n' "$@"
	} >"$tmp/trust.yaml"
}
trust 'roles: [package]'
build --trust "$tmp/trust.yaml" >/dev/null 2>"$tmp/said" || { cat "$tmp/said"; fail "refused with the role 'package'"; }
trust 'roles: [image, sbom]'
expect 3 "'builder' in the trust file has no role 'package'" build --trust "$tmp/trust.yaml"
trust 'roles: [package]' 'revoked: 2026-01-01'
expect 3 "'builder' in the trust file was revoked on" build --trust "$tmp/trust.yaml"
trust 'roles: [package]' 'valid-until: 2026-01-01'
expect 3 "'builder' in the trust file expired on" build --trust "$tmp/trust.yaml"
sed 's/package.rsa/image.key/' "$tmp/trust.yaml" >"$tmp/other.yaml"
mv "$tmp/other.yaml" "$tmp/trust.yaml"
expect 3 'package.rsa.pub: is not in the trust file' build --trust "$tmp/trust.yaml"

# an old index again
publish 1767225601
build >/dev/null 2>&1
publish
expect 3 'older than the one seen before' build
[ -f "$(grep -oE 'remove /.*' "$tmp/said" | cut -c 8-)" ] || fail "the remedy names no file"
rm "$(grep -oE 'remove /.*' "$tmp/said" | cut -c 8-)"
build >/dev/null 2>&1

# over http on this machine, then without it
python3 - "$tmp" <<'END' >"$tmp/port" 2>/dev/null &
import functools, http.server, os, sys, time
tmp = sys.argv[1]
class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if not self.path.endswith("/APKINDEX.tar.gz") or not os.path.exists(tmp + "/hold"):
            return super().do_GET()
        body = open(self.translate_path(self.path), "rb").read() # as it is now, but sent later
        os.rename(tmp + "/hold", tmp + "/held")
        while os.path.exists(tmp + "/held"):
            time.sleep(0.05)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=tmp + "/repo"))
print(server.server_port, flush=True)
server.serve_forever()
END
server=$!
at_end "kill $server 2>/dev/null"
wait_for test -s "$tmp/port"
port=$(cat "$tmp/port")
image "repositories: [\"http://127.0.0.1:$port\"]" "$keyring"
expect 1 'not in the store' build --offline
build >/dev/null 2>"$tmp/said" || { cat "$tmp/said"; fail "not over http"; }
# what is from there is told with its address and digest
named() { jq -r --arg name "$1" '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $name) | .digest' "$tmp/out/image/index.json"; }
att=$(named "$(named latest | tr : -).att")
for type in https://slsa.dev/provenance/v1 https://spdx.dev/Document; do
	jq -r --arg type "$type" '.layers[] | select(.annotations.predicateType == $type) | .digest' \
		"$tmp/out/image/blobs/sha256/${att#sha256:}" | tail -n 1 |
		sed 's/sha256://' | xargs -I{} jq -r .payload "$tmp/out/image/blobs/sha256/{}" | base64 -d >"$tmp/${type##*/}.json"
done
same "$(jq -r '.predicate.buildDefinition.resolvedDependencies[] | select(.name == "far") | "\(.downloadLocation) \(.digest.sha256)"' "$tmp/v1.json")" \
	"http://127.0.0.1:$port/x86_64/far-1-r0.apk $(sha256sum <"$far" | cut -d' ' -f1)"
same "$(jq -r '.predicate.packages[] | select(.name == "far") | .downloadLocation' "$tmp/Document.json")" "http://127.0.0.1:$port/x86_64/far-1-r0.apk"
same "$(jq -r '.predicate.buildDefinition.resolvedDependencies[] | select(.name == "own" and .annotations.kind == "package") | .downloadLocation' "$tmp/v1.json")" null
# who got an old index before others saw a new one, and is slow, does not make the old one good again
touch "$tmp/hold"
"$alnage" build "$tmp/image.yaml" --recipes "$tmp/ours" --output "$tmp/slow-out" >"$tmp/slow" 2>&1 &
slow=$!
wait_for test -e "$tmp/held"
publish 1767225601
build >/dev/null 2>"$tmp/said" || { cat "$tmp/said"; fail "not by the new index"; }
rm "$tmp/held"
wait $slow || true # the packages that its index names are gone
publish
expect 3 'older than the one seen before' build
publish 1767225601
kill $server
wait $server 2>/dev/null || true
rm -rf "$tmp/out"
expect 1 "127.0.0.1:$port" build
build --offline >/dev/null 2>"$tmp/said" || { cat "$tmp/said"; fail "not without the network"; }
