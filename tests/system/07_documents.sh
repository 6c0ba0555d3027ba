#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the attestations say: SPDX valid against the official schema where it is at hand, and complete; provenance with
# every source, toolchain package and recipe; scanners' package database in the image.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need jq umoci python3
make_keys
digest=$(build_image busybox)
layout=$tmp/out/busybox
blob() { cat "$layout/blobs/sha256/${1#sha256:}"; }
att=$(jq -r --arg tag "sha256-${digest#sha256:}.att" \
	'.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $tag) | .digest' "$layout/index.json")
predicate() {
	blob "$(blob "$att" | jq -r --arg type "$1" '.layers[] | select(.annotations.predicateType == $type) | .digest')" |
		jq -r .payload | base64 -d
}
predicate https://spdx.dev/Document | jq .predicate >"$tmp/spdx.json"
predicate https://slsa.dev/provenance/v1 >"$tmp/provenance.json"

# ---- SPDX ----
for name in baselayout busybox musl tzdata ca-certificates-bundle; do
	jq -e --arg name $name '.packages[] | select(.name == $name) | .versionInfo and .licenseDeclared and (.checksums | length > 0)
		and (.externalRefs[]? | select(.referenceType == "purl") | .referenceLocator | startswith("pkg:apk/"))' \
		"$tmp/spdx.json" >/dev/null || fail "the SBOM does not describe $name"
done
same "$(jq -r .spdxVersion "$tmp/spdx.json")" SPDX-2.3
# the checksum in the SBOM is that of the file in the package repository
apk=$(echo "$tmp"/out/packages/x86_64/busybox-1*.apk)
same "$(jq -r '.packages[] | select(any(.externalRefs[]?; .referenceLocator | startswith("pkg:apk/alnage/busybox@"))) | .checksums[] | select(.algorithm == "SHA256") | .checksumValue' "$tmp/spdx.json")" \
	"$(sha256sum <"$apk" | cut -d' ' -f1)" "SHA-256 of busybox's .apk"
shared=${ALNAGE_SHARED:-../shared}
schema=$(find "$shared/schemas/spdx-2.3" -name '*.json' 2>/dev/null | head -n 1 || true)
if [ -n "$schema" ] && python3 -c 'import jsonschema' 2>/dev/null; then
	python3 - "$schema" "$tmp/spdx.json" <<'END'
import json, sys
import jsonschema
schema, document = (json.load(open(path)) for path in sys.argv[1:])
jsonschema.validators.validator_for(schema)(schema).validate(document)
END
else
	echo "SKIP: SPDX schema: not at hand"
fi

# ---- provenance ----
same "$(jq -r '.subject[0].digest.sha256' "$tmp/provenance.json")" "${digest#sha256:}"
jq -e '.predicate.runDetails.builder.id and .predicate.buildDefinition.buildType' "$tmp/provenance.json" >/dev/null
dependencies=$(jq -r '.predicate.buildDefinition.resolvedDependencies[] | "\(.name) \(.uri) \(.digest.sha256)"' "$tmp/provenance.json")
for recipe in musl busybox tzdata ca-certificates; do
	while read -r sha; do
		grep -q "$sha" <<<"$dependencies" || fail "the provenance does not name the source $sha of $recipe"
	done < <(sed -nE 's/.*expected-sha256: ([0-9a-f]{64}).*/\1/p' "recipes/packages/$recipe.yaml")
	grep -q "$(sha256sum <"recipes/packages/$recipe.yaml" | cut -d' ' -f1)" <<<"$dependencies" ||
		fail "the provenance does not name the recipe of $recipe"
done
while read -r sha; do
	grep -q "$sha" <<<"$dependencies" || fail "the provenance does not name toolchain package $sha"
done < <(jq -r '.groups["build-base"][] as $n | .packages[$n].sha256' recipes/toolchain.lock.json)
jq -e '[.. | strings | select(test("T0"))] | length > 0' "$tmp/provenance.json" >/dev/null || fail "no sandbox tier in the provenance"
# no mirror of this machine, no path of this machine
mirror=$(grep -rhoE 'https?://[^ /]+' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null | sed 's#.*//##' | sort -u | head -n 1 || true)
for document in "$tmp/spdx.json" "$tmp/provenance.json"; do
	! grep -qF "$tmp" "$document" || fail "a path of this machine is in $(basename "$document")"
	{ [ -z "$mirror" ] || ! grep -qF "$mirror" "$document"; } || fail "the mirror's name is in $(basename "$document")"
done

# ---- the package database ----
check_database() { # LAYER ROOT: each file of the layer is listed once, but for what the image itself makes
	mkdir "$2"
	blob "$1" | tar xz -C "$2" usr/lib/apk/db/installed etc/apk/world usr/lib/os-release
	for name in baselayout busybox musl tzdata ca-certificates-bundle; do
		grep -qx "P:$name" "$2/usr/lib/apk/db/installed" || fail "$name is not in the package database"
	done
	same "$(awk '/^F:/ { folder = substr($0, 3); if (folder != "") folder = folder "/" } /^R:/ { print folder substr($0, 3) }' \
		"$2/usr/lib/apk/db/installed" | sort)" \
		"$(blob "$1" | tar tz | grep -v '/$' | grep -vxE 'etc/apk/(arch|world)|usr/lib/apk/db/(installed|scripts.tar|triggers)' | sort)" \
		"what the database lists, and what there is"
	grep -q '^ID=alnage' "$2/usr/lib/os-release" || fail "no os-release"
}
check_database "$(blob "$digest" | jq -r '.layers[0].digest')" "$tmp/root"
# of a pruned image what was left out is not in it
sed 's/^flavour: base/flavour: app/; s/^accounts:/keep: [\/usr\/lib\/os-release]\n&/' recipes/images/busybox.yaml >"$tmp/pruned.yaml"
"$alnage" build "$tmp/pruned.yaml" --output "$tmp/pruned-out" >/dev/null 2>"$tmp/said" || { cat "$tmp/said"; fail "no pruned image"; }
pruned=$(jq -r '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == "latest") | .digest' "$tmp/pruned-out/pruned/index.json")
(
	layout=$tmp/pruned-out/pruned
	check_database "$(blob "$pruned" | jq -r '.layers[0].digest')" "$tmp/pruned"
	[ "$(grep -c ^R: "$tmp/pruned/usr/lib/apk/db/installed")" -lt 50 ] || fail "nothing was left out"
) || exit 1

# ---- packages: the index is signed, members are in order ----
same "$(tar tzf "$apk" 2>/dev/null | head -n 2 | tr '\n' ' ')" ".SIGN.RSA256.package.rsa.pub .PKGINFO " "first members of an .apk"
tar xzOf "$tmp/out/packages/x86_64/APKINDEX.tar.gz" APKINDEX | grep '^P:busybox$' >/dev/null || fail "busybox is not in the index"
