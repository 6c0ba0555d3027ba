#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Mistakes that people make: what is said names the thing and what to do about it.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need docker-registry curl openssl jq
# STATUS TEXT REMEDY command…
remedied() {
	local remedy=$3
	expect "$1" "$2" "${@:4}"
	grep -qE -- "^  .*$remedy" "$tmp/said" || { cat "$tmp/said"; fail "no remedy like '$remedy': ${*:4}"; }
}
make_keys
mkdir "$tmp/empty"
key=$tmp/keys/image.key

# ---- the command line ----
remedied 2 "'--quiet' stands where the command should" "options follow it: alnage COMMAND --quiet" "$alnage" --quiet build

# ---- folders ----
remedied 1 "reading the recipes: .*/none: No such" "recipes/, or name .* --recipes" \
	"$alnage" build recipes/images/static.yaml --key "$key" --recipes "$tmp/none" --output "$tmp/out"
remedied 1 "oci-layout: No such file" "folder of an OCI layout" "$alnage" inspect "oci:$tmp/empty"

# ---- recipes ----
printf 'package:\n  name: hello\n  version: "1"\n  epoch: 0\n  description: this: that\n' >"$tmp/colon.yaml"
remedied 1 "colon.yaml:5:20: mapping values" "quote a text" "$alnage" compile "$tmp/colon.yaml"
printf 'package:\n  name: hello\n  version: "1"\n  epoch: 0\n  description: x\nenvironment:\n  contents:\n    packages: [gcc-99]\npipeline:\n  - runs: "true"\n' >"$tmp/group.yaml"
remedied 1 "'gcc-99' is no group" "alnage toolchain lock" "$alnage" package "$tmp/group.yaml" --output "$tmp/out"

# ---- keys ----
remedied 1 "exists already" "name another file" "$alnage" keygen "$key"
export ALNAGE_PASSWORD=secret
expect 0 "warning: .*plain.key is not encrypted, although" "$alnage" keygen "$tmp/plain.key"
expect 0 "encrypted.key .private" "$alnage" keygen --password "$tmp/encrypted.key"
! grep -q 'not encrypted' "$tmp/said" || fail "warns of an encrypted key"
unset ALNAGE_PASSWORD
remedied 1 "no passphrase given" "ALNAGE_PASSWORD" setsid -w "$alnage" sign "oci:$tmp/empty" --key "$tmp/encrypted.key"
remedied 1 "image.key.pub: mode 644" "private half" "$alnage" sign "oci:$tmp/empty" --key "$key.pub"
remedied 1 '"PUBLIC KEY" was expected, this is "PRIVATE KEY"' "public half" "$alnage" verify "oci:$tmp/empty" --key "$key"

# ---- images ----
# foreign TYPE: an image whose second layer is of this type and not there, as with most that have such ones
foreign() {
	rm -rf "$tmp/foreign"
	image=$(python3 tests/system/images.py "$tmp/foreign" 100 amd64)
	layer=$(jq -r '.layers[1].digest' "$tmp/foreign/blobs/sha256/${image#sha256:}")
	jq --arg type "$1" '.layers[1] += {mediaType: $type, urls: ["https://example.invalid/layer"]}' \
		"$tmp/foreign/blobs/sha256/${image#sha256:}" >"$tmp/manifest"
	image=$(sha256sum <"$tmp/manifest" | cut -d' ' -f1)
	jq --arg digest "sha256:$image" --argjson size "$(stat -c %s "$tmp/manifest")" \
		'.manifests[0] += {digest: $digest, size: $size}' "$tmp/foreign/index.json" >"$tmp/index"
	mv "$tmp/manifest" "$tmp/foreign/blobs/sha256/$image"
	mv "$tmp/index" "$tmp/foreign/index.json"
	rm "$tmp/foreign/blobs/sha256/${layer#sha256:}"
}
for type in application/vnd.oci.image.layer.nondistributable.v1.tar+gzip \
	application/vnd.docker.image.rootfs.foreign.diff.tar.gzip; do
	foreign $type
	remedied 1 "blob $layer: it is not there" "${type/+/.}: only its publisher .* put the blob where" \
		"$alnage" copy "oci:$tmp/foreign:v1" "oci:$tmp/copied:v1"
done
foreign application/vnd.oci.image.layer.v1.tar+gzip
expect 1 "blob $layer: it is not there" "$alnage" copy "oci:$tmp/foreign:v1" "oci:$tmp/copied:v1"
! grep -q 'publisher' "$tmp/said" || fail "takes any layer for a foreign one"

# ---- policies ----
printf 'version: 1\ntrust: gone.yaml\nscopes: [{name: a, images: ["oci:*"], signature: {keys: [a]}}]\n' >"$tmp/policy.yaml"
expect 1 "policy.yaml: trust: opening .*gone.yaml" "$alnage" verify "oci:$tmp/empty" --policy "$tmp/policy.yaml"

# ---- registries ----
remedied 2 "neither oci:" "HOST/NAME alone" "$alnage" inspect "http://127.0.0.1:5000/team/x"
make_certificate "$tmp/tls" IP:127.0.0.1
make_certificate "$tmp/foreign" IP:127.0.0.1
start_registry
start_tls_registry "$tmp/tls"
plain=$registry tls=127.0.0.1:$tls_port
ask() { "$alnage" inspect "$1/team/x:1"; }
trust() { # HOST CERTIFICATE
	mkdir -p "$tmp/config/containers/certs.d/$1"
	cp "$2" "$tmp/config/containers/certs.d/$1/ca.crt"
}
expect 1 "no such image" ask "$plain"
remedied 1 "answers 400" "if it speaks TLS, put its certificate into certs.d" ask "$tls"
export XDG_CONFIG_HOME=$tmp/config
trust "$plain" "$tmp/tls.crt"
remedied 1 "wrong version number" "does not speak TLS.*--plain-http" ask "$plain"
trust "$tls" "$tmp/foreign.crt"
remedied 1 "SSL certificate problem" "SSL_CERT_FILE.* certs.d" ask "$tls"
trust "$tls" "$tmp/tls.crt"
expect 1 "no such image" ask "$tls"
