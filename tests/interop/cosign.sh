#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# cosign 2.5 (Debian trixie: tags .sig and .att) and 3.1 (forky: bundles), both ways.
# shellcheck source=tests/interop/lib.sh
source "$(dirname "$0")/lib.sh"

suites=()
for suite in trixie forky; do
	if have_peer $suite cosign; then suites+=("$suite"); else not_run "cosign of $suite" "$why"; fi
done
[ ${#suites[@]} -gt 0 ] || skip "no cosign"
start_registries
make_keys
add_token_key
make_peer_keys
predicates
declare -A called
for suite in "${suites[@]}"; do called[$suite]="cosign $(version_of "$suite" cosign)"; done

cosign_verify() { # SUITE PUBLIC-KEY IMAGE
	peer "$1" cosign verify --key "$2" --insecure-ignore-tlog=true "$3"
}
cosign_attested() { # SUITE PUBLIC-KEY TYPE IMAGE
	peer "$1" cosign verify-attestation --key "$2" --insecure-ignore-tlog=true --type "$3" "$4"
}
without_log() { # SUITE: the options to sign without a network, one per line
	printf '%s\n' --tlog-upload=false --yes
	[ "$1" = trixie ] || echo --use-signing-config=false
}
cosign_sign() { # SUITE KEY IMAGE…
	local suite=$1 key=$2 options
	shift 2
	mapfile -t options < <(without_log "$suite")
	peer "$suite" cosign sign --key "$key" "${options[@]}" "$@"
}
cosign_attest() { # SUITE KEY TYPE PREDICATE IMAGE
	local options
	mapfile -t options < <(without_log "$1")
	peer "$1" cosign attest --key "$2" "${options[@]}" --type "$3" --predicate "$4" "$5"
}
alnage_verify() { "$alnage" verify --key "$@"; } # PUBLIC-KEY options… IMAGE

# ---- signed by us, verified by cosign ----

read_ours() { # KEY HOST single|multi
	local key=$1 host=$2 kind=$3 name where foreign suite type
	where="$key $kind $(registry_name "$host")"
	push_image "$where" "$kind" "$host/ours-$key-$kind"
	passes "$where: alnage signs" "$alnage" sign --key "$(signing_key "$key")" "$image" || return
	passes "$where: alnage attests" "$alnage" attest --key "$(signing_key "$key")" --type slsaprovenance1 --predicate "$work/slsa.json" "$image"
	passes "$where: alnage attests the SBOM" "$alnage" attest --key "$(signing_key "$key")" --type spdxjson --predicate "$work/spdx.json" "$image"
	passes "$where: alnage verifies" alnage_verify "$keys/$key.pub" "$image"
	refuses "$where: alnage, another key" "foreign key" "$alnage" verify --key "$keys/other.pub" "$image"
	name=${image#*/} name=${name%:t}
	foreign=$digest
	for suite in "${suites[@]}"; do
		passes "$where: ${called[$suite]} verify" cosign_verify "$suite" "$keys/$key.pub" "$image"
		refuses "$where: ${called[$suite]} verify, another key" "no matching |invalid signature|no signatures found" \
			cosign_verify "$suite" "$keys/other.pub" "$image"
		for type in slsaprovenance1 spdxjson; do
			passes "$where: ${called[$suite]} verify-attestation $type" cosign_attested "$suite" "$keys/$key.pub" $type "$image"
		done
		refuses "$where: ${called[$suite]} verify-attestation, another key" "no matching |invalid signature|no signatures found" \
			cosign_attested "$suite" "$keys/other.pub" slsaprovenance1 "$image"
		refuses "$where: ${called[$suite]} verify-attestation, another type" "no matching |none of the attestations|no signatures found" \
			cosign_attested "$suite" "$keys/$key.pub" cyclonedx "$image"
	done
	# the same signatures beside another image
	push_image "$where, altered" "$kind" "$host/$name"
	transplant "$host" "$name" "$foreign" "$digest" || report_failure "$where" "could not move the signatures"
	refuses "$where: alnage, signature of another image" "digest mismatch" "$alnage" verify --key "$keys/$key.pub" "$image"
	for suite in "${suites[@]}"; do
		refuses "$where: ${called[$suite]}, signature of another image" "no matching |digest mismatch|invalid|no signatures found" \
			cosign_verify "$suite" "$keys/$key.pub" "$image"
	done
}
for host in "${registries[@]}"; do
	for kind in single multi; do
		for key in "${signers[@]}"; do read_ours "$key" "$host" $kind; done
	done
done

# ---- signed by cosign, verified by us ----

read_theirs() { # SUITE KEY HOST single|multi: KEY.key is one that cosign reads
	local suite=$1 key=$2 host=$3 kind=$4 options=() name foreign where
	where="$key $kind $(registry_name "$host")"
	[ "$kind" = single ] || options=(--recursive)
	push_image "$suite $where" "$kind" "$host/$suite-$key-$kind"
	refuses "$where: alnage, not signed yet" "missing signature" "$alnage" verify --signature-only --key "$keys/$key.pub" "$image"
	passes "$where: ${called[$suite]} sign" cosign_sign "$suite" "$keys/$key.key" "${options[@]}" "$pinned" || return
	if [ "$suite $key" = "forky peer-ed25519" ]; then
		if openssl version | awk '{print "3.2\n" $2}' | sort -CV; then
			passes "$where: alnage verifies ${called[$suite]}'s signature" alnage_verify "$keys/$key.pub" --signature-only "$image"
		else
			cannot "$where: alnage verifies ${called[$suite]}'s signature" "it signs with Ed25519ph, which OpenSSL knows from 3.2 on" \
				"foreign key" "$alnage" verify --signature-only --key "$keys/$key.pub" "$image"
		fi
		cannot "$where: ${called[$suite]} verifies its own" "it signs with Ed25519ph, which it does not verify" "invalid signature|no matching|no signatures found" \
			cosign_verify "$suite" "$keys/$key.pub" "$image"
		return
	fi
	passes "$where: alnage verifies ${called[$suite]}'s signature" alnage_verify "$keys/$key.pub" --signature-only "$image"
	refuses "$where: alnage, another key" "foreign key" "$alnage" verify --signature-only --key "$keys/other.pub" "$image"
	passes "$where: ${called[$suite]} attest" cosign_attest "$suite" "$keys/$key.key" slsaprovenance1 "$work/slsa.json" "$pinned"
	passes "$where: ${called[$suite]} attest, the SBOM" cosign_attest "$suite" "$keys/$key.key" spdxjson "$work/spdx.json" "$pinned"
	passes "$where: alnage verifies ${called[$suite]}'s attestations" alnage_verify "$keys/$key.pub" "$image"
	refuses "$where: alnage, another type" "missing attestation" "$alnage" verify --require cyclonedx --key "$keys/$key.pub" "$image"
	name=${image#*/} name=${name%:t}
	foreign=$digest
	push_image "$suite $where, altered" "$kind" "$host/$name"
	if [ "$suite" = trixie ]; then transplant "$host" "$name" "$foreign" "$digest"; else move_bundles "$host" "$name" "$foreign" "$digest"; fi ||
		report_failure "$where" "could not move the signatures"
	refuses "$where: alnage, ${called[$suite]}'s signature of another image" "digest mismatch" \
		"$alnage" verify --signature-only --key "$keys/$key.pub" "$image"
}
move_bundles() { # as transplant; cosign 3 leaves no tag .sig
	manifest_of "$1" "$2" "$4" >"$work/out" || return 1
	echo '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[]}' >"$work/empty"
	put_manifest "$1" "$2" "${3/:/-}.sig" "$work/empty"
	transplant "$@"
}
# cosign makes its own keys, and signs with ours
for suite in "${suites[@]}"; do
	passes "${called[$suite]} generate-key-pair" peer "$suite" cosign generate-key-pair --output-key-prefix "$keys/$suite"
	chmod 600 "$keys/$suite.key"
done
for host in "${registries[@]}"; do
	for suite in "${suites[@]}"; do
		for key in "$suite" peer-p256 peer-p384 peer-rsa peer-ed25519; do
			for kind in single multi; do read_theirs "$suite" "$key" "$host" $kind; done
		done
	done
done

# ---- one image, several signers; cosign's key in our hands ----

for host in "${registries[@]}"; do
	where=$(registry_name "$host")
	push_image "several $where" single "$host/several"
	passes "several $where: alnage signs" "$alnage" sign --key "$keys/p256.key" "$image"
	several=(p256)
	for suite in "${suites[@]}"; do
		passes "several $where: ${called[$suite]} signs, too" cosign_sign "$suite" "$keys/$suite.key" "$pinned"
		several+=("$suite")
	done
	passes "several $where: alnage signs with another key" "$alnage" sign --key "$keys/rsa.key" "$image"
	for key in "${several[@]}" rsa; do
		passes "several $where: alnage verifies by $key" alnage_verify "$keys/$key.pub" --signature-only "$image"
	done
	for suite in "${suites[@]}"; do
		passes "several $where: ${called[$suite]} verifies ours" cosign_verify "$suite" "$keys/rsa.pub" "$image"
	done
	for suite in "${suites[@]}"; do
		push_image "key of $suite $where" single "$host/key-of-$suite"
		passes "alnage signs with ${called[$suite]}'s key, $where" "$alnage" sign --key "$keys/$suite.key" "$image"
		for reader in "${suites[@]}"; do
			passes "${called[$reader]} verifies that, $where" cosign_verify "$reader" "$keys/$suite.pub" "$image"
		done
	done
done

# ---- an attestation is no signature (cosign 3 takes it for one) ----

for suite in "${suites[@]}"; do
	for host in "${registries[@]}"; do
		push_image "attested $suite" single "$host/attested-$suite"
		passes "attestation alone: ${called[$suite]} attests, $(registry_name "$host")" \
			cosign_attest "$suite" "$keys/$suite.key" slsaprovenance1 "$work/slsa.json" "$pinned"
		refuses "attestation alone: alnage wants a signature, $(registry_name "$host")" "missing signature" \
			"$alnage" verify --require slsaprovenance1 --key "$keys/$suite.pub" "$image"
	done
done

# ---- folders: cosign save, cosign load ----

for host in "${registries[@]}"; do
	for suite in "${suites[@]}"; do
		where="${called[$suite]} $(registry_name "$host")"
		push_image "saved $suite" single "$host/saved-$suite"
		passes "save: $where signs" cosign_sign "$suite" "$keys/$suite.key" "$pinned"
		passes "save: $where attests" cosign_attest "$suite" "$keys/$suite.key" slsaprovenance1 "$work/slsa.json" "$pinned"
		folder=$work/saved-$suite-${host##*:}
		passes "save: $where saves" peer "$suite" cosign save --dir "$folder" "$image"
		passes "save: alnage verifies the folder of $where" alnage_verify "$keys/$suite.pub" --require slsaprovenance1 "oci:$folder"
		refuses "save: alnage, another key" "foreign key" "$alnage" verify --require slsaprovenance1 --key "$keys/other.pub" "oci:$folder"
		if [ "$suite" = forky ] && [ "$host" = "${fallback:-}" ]; then
			cannot "load: $where loads it elsewhere" "it puts a bundle's manifest before the bundle, and this registry minds" \
				"MANIFEST_BLOB_UNKNOWN" peer "$suite" cosign load --dir "$folder" "$host/loaded-$suite:t"
		else
			passes "load: $where loads it elsewhere" peer "$suite" cosign load --dir "$folder" "$host/loaded-$suite:t"
			passes "load: alnage verifies that" alnage_verify "$keys/$suite.pub" --signature-only "$host/loaded-$suite:t"
		fi
		passes "load: alnage pushes cosign's folder" "$alnage" push "oci:$folder" "$host/pushed-$suite:t"
		passes "load: ${called[$suite]} verifies what alnage pushed" cosign_verify "$suite" "$keys/$suite.pub" "$host/pushed-$suite:t"
		refuses "load: ${called[$suite]}, another key" "no matching |invalid signature|no signatures found" \
			cosign_verify "$suite" "$keys/other.pub" "$host/pushed-$suite:t"
	done
	# and ours, by way of our layout
	push_image "carried" multi "$host/carried"
	passes "layout: alnage signs, $(registry_name "$host")" "$alnage" sign --key "$keys/p256.key" "$image"
	passes "layout: alnage pulls" "$alnage" pull "$image" "oci:$work/carried-${host##*:}:t"
	passes "layout: alnage verifies it" alnage_verify "$keys/p256.pub" --signature-only "oci:$work/carried-${host##*:}:t"
	passes "layout: alnage pushes it elsewhere" "$alnage" push "oci:$work/carried-${host##*:}:t" "$host/carried-on:t"
	for suite in "${suites[@]}"; do
		passes "layout: ${called[$suite]} verifies that" cosign_verify "$suite" "$keys/p256.pub" "$host/carried-on:t"
	done
done
finish
