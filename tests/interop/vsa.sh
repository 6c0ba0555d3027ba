#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The verification summaries of "alnage verify --vsa", checked by the real slsa-verifier with nothing but the
# key. SLSA_VERIFIER is that program (default: slsa-verifier). Exit 77: something needed is not here.
set -euo pipefail

alnage=$PWD/${BUILD:-build}/alnage
verifier=${SLSA_VERIFIER:-slsa-verifier}
skip() {
	echo "not run: $*"
	exit 77
}
[ -x "$alnage" ] || skip "no $alnage"
command -v "$verifier" >/dev/null || skip "no slsa-verifier; SLSA_VERIFIER names it"
command -v jq >/dev/null || skip "no jq"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
# cell NAME STATUS TEXT command…: 0 wants success, 1 any failure; and that it says TEXT
cell() {
	local name=$1 wanted=$2 text=$3 status=0
	shift 3
	"$@" >"$work/out" 2>&1 || status=1
	if [ $status -eq "$wanted" ] && grep -qiE -- "$text" "$work/out"; then
		echo "passed   $name"
	else
		failed=1
		echo "FAILED   $name: exit $status"
		tail -n 5 "$work/out"
	fi
}

# ---- an image with provenance, by keys of several kinds ----

blob() { # FILE: into the layout; prints digest and size as JSON members
	local digest
	digest=$(sha256sum "$1" | cut -d' ' -f1)
	cp "$1" "$work/layout/blobs/sha256/$digest"
	printf '"digest":"sha256:%s","size":%d' "$digest" "$(stat -c %s "$1")"
}
mkdir -p "$work/layout/blobs/sha256" "$work/root"
echo text >"$work/root/file"
tar --sort=name --mtime=@0 --owner=0 --group=0 -C "$work/root" -cf "$work/layer.tar" .
printf '{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
	"$(sha256sum "$work/layer.tar" | cut -d' ' -f1)" >"$work/config"
printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json",%s},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar",%s}]}' \
	"$(blob "$work/config")" "$(blob "$work/layer.tar")" >"$work/manifest"
printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json",%s,"annotations":{"org.opencontainers.image.ref.name":"t"}}]}' \
	"$(blob "$work/manifest")" >"$work/layout/index.json"
echo '{"imageLayoutVersion":"1.0.0"}' >"$work/layout/oci-layout"
image=oci:$work/layout:t
digest=sha256:$(sha256sum "$work/manifest" | cut -d' ' -f1)

"$alnage" keygen "$work/release.key" >/dev/null
echo '{"buildDefinition":{"buildType":"https://example.org/b","externalParameters":{}},"runDetails":{"builder":{"id":"https://example.org/r"}}}' >"$work/slsa.json"
"$alnage" attest --key "$work/release.key" --type slsaprovenance1 --predicate "$work/slsa.json" "$image" >/dev/null
cat >"$work/trust.yaml" <<-END
	version: 1
	keys:
	  - {name: release, file: release.key.pub, roles: [provenance]}
END
policy() { # BUILDER
	cat >"$work/policy.yaml" <<-END
		version: 1
		trust: trust.yaml
		scopes:
		  - name: all
		    images: ["**"]
		    attestations:
		      - {type: slsaprovenance1, builders: [{id: "$1", level: 2}]}
	END
}
summary() { # KEY: the summary, passed or failed
	"$alnage" verify "$image" --policy "$work/policy.yaml" --vsa "$work/vsa.json" --vsa-key "$1" \
		--verifier-id https://example.org/verifier --resource-uri registry.example/base >/dev/null 2>&1 || [ $? -eq 3 ]
}
# verify KEY [options…]: the last of each option counts
verify() {
	"$verifier" verify-vsa --attestation-path "$work/vsa.json" --subject-digest "$digest" \
		--verifier-id https://example.org/verifier --resource-uri registry.example/base \
		--public-key-path "$work/$1.key.pub" "${@:2}"
}

policy https://example.org/r
"$alnage" keygen "$work/other.key" >/dev/null
level=--verified-level=SLSA_BUILD_LEVEL
for kind in ecdsa-p256 rsa; do
	"$alnage" keygen --type "$kind" "$work/$kind.key" >/dev/null
	summary "$work/$kind.key"
	cell "slsa-verifier verify-vsa, $kind" 0 passed verify "$kind" ${level}_2
	cell "a lower level, $kind" 0 passed verify "$kind" ${level}_1
	cell "another key, $kind" 1 signature verify other ${level}_2
	cell "another verifier, $kind" 1 verifier verify "$kind" ${level}_2 --verifier-id https://example.org/other
	cell "another resource, $kind" 1 resource verify "$kind" ${level}_2 --resource-uri registry.example/other
	cell "a higher level, $kind" 1 level verify "$kind" ${level}_3
	right=$digest digest=sha256:$(printf '0%.0s' {1..64})
	cell "another image, $kind" 1 'digest|subject' verify "$kind" ${level}_2
	digest=$right
done

# we sign with SHA-256 by every key; slsa-verifier wants SHA-384 of this one
"$alnage" keygen --type ecdsa-p384 "$work/ecdsa-p384.key" >/dev/null
summary "$work/ecdsa-p384.key"
if cell "ecdsa-p384" 1 'no valid signature' verify ecdsa-p384 ${level}_2 | grep ^passed >/dev/null; then
	echo "cannot   slsa-verifier verify-vsa, ecdsa-p384: it takes no SHA-256 by such a key"
else
	failed=1
	echo "FAILED   ecdsa-p384 was expected to be impossible"
fi

policy https://example.org/other
summary "$work/ecdsa-p256.key"
cell "of a refused image" 1 'result|passed' verify ecdsa-p256 ${level}_2
exit $failed
