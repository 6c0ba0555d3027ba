#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# oras (Debian trixie: 1.2; forky: 1.3): what it lists beside an image, and what it carries.
# shellcheck source=tests/interop/lib.sh
source "$(dirname "$0")/lib.sh"

suites=()
for suite in trixie forky; do
	if have_peer $suite oras; then suites+=("$suite"); else not_run "oras of $suite" "$why"; fi
done
[ ${#suites[@]} -gt 0 ] || skip "no oras"
start_registries
make_keys
predicates
declare -A called
for suite in "${suites[@]}"; do called[$suite]="oras $(version_of "$suite" oras)"; done

discover() { # SUITE IMAGE
	peer "$1" oras discover --plain-http --format json "$2"
}
bundle=application/vnd.dev.sigstore.bundle.v0.3+json

for host in "${registries[@]}"; do
	for kind in single multi; do
		where="$kind $(registry_name "$host")"
		push_image "$where" $kind "$host/discovered-$kind"
		passes "$where: alnage signs" "$alnage" sign --key "$keys/p256.key" "$image"
		passes "$where: alnage attests" "$alnage" attest --key "$keys/p256.key" --type slsaprovenance1 --predicate "$work/slsa.json" "$image"
		passes "$where: alnage attests the SBOM" "$alnage" attest --key "$keys/p256.key" --type spdxjson --predicate "$work/spdx.json" "$image"
		for suite in "${suites[@]}"; do
			passes "$where: ${called[$suite]} discover" discover "$suite" "$image"
			holds "$where: ${called[$suite]} lists three referrers" <<<'(.referrers // .manifests) | length == 3'
			# go-containerregistry's registry answers with the type of the configuration; ours is in the manifest
			if [ "$host" = "${fallback:-}" ]; then
				holds "$where: ${called[$suite]} lists them as bundles" <<<"(.referrers // .manifests) | all(.artifactType == \"$bundle\")"
				holds "$where: ${called[$suite]} lists what they say" <<<'[(.referrers // .manifests)[] |
					.annotations["dev.sigstore.bundle.predicateType"]] | sort ==
					["https://sigstore.dev/cosign/sign/v1", "https://slsa.dev/provenance/v1", "https://spdx.dev/Document"]'
			fi
			to=$host/copied-$suite-$kind:t
			passes "$where: ${called[$suite]} cp -r" peer "$suite" oras cp -r --from-plain-http --to-plain-http "$image" "$to"
			passes "$where: alnage verifies the copy by its bundles" "$alnage" verify --key "$keys/p256.pub" "$to"
			refuses "$where: alnage, another key" "foreign key" "$alnage" verify --key "$keys/other.pub" "$to"
			folder=$work/layout-$suite-$kind-${host##*:}
			passes "$where: ${called[$suite]} cp -r to a layout" peer "$suite" oras cp -r --from-plain-http --to-oci-layout "$image" "$folder:t"
			passes "$where: alnage verifies the layout" "$alnage" verify --key "$keys/p256.pub" "oci:$folder:t"
			refuses "$where: alnage there, another key" "foreign key" "$alnage" verify --key "$keys/other.pub" "oci:$folder:t"
			run "$alnage" pull "$image" "oci:$folder-ours:t" || report_failure "$where" "not pulled"
			passes "$where: ${called[$suite]} cp -r from our layout" peer "$suite" oras cp -r --from-oci-layout --to-plain-http "$folder-ours:t" "$host/again-$suite-$kind:t"
			passes "$where: alnage verifies that" "$alnage" verify --key "$keys/p256.pub" "$host/again-$suite-$kind:t"
			# damage on the way
			blob=$(grep -rl "$bundle" "$folder/blobs" | head -n 1)
			printf ' ' >>"$blob"
			refuses "$where: alnage, the layout altered" "malformed" "$alnage" verify --key "$keys/p256.pub" "oci:$folder:t"
		done
	done
done

# what oras attaches is listed by us, and counts for nothing
for suite in "${suites[@]}"; do
	host=${registries[0]}
	push_image "attached" single "$host/attached-$suite"
	echo text >"$work/note.txt"
	passes "${called[$suite]} attaches something" peer "$suite" oras attach --plain-http --disable-path-validation \
		--artifact-type application/vnd.example.note "$image" "$work/note.txt:text/plain"
	passes "alnage inspects it" "$alnage" inspect --json "$image"
	holds "alnage lists it" <<<'[.. | strings] | any(. == "application/vnd.example.note")'
	refuses "alnage does not take it for a signature" "missing signature" "$alnage" verify --signature-only --key "$keys/p256.pub" "$image"
done
finish
