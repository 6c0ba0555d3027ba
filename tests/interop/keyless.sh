#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Images signed by identities in certificates, of a Sigstore of our own: what we accept and refuse, cosign 3
# (Debian forky) accepts and refuses, too. cosign 2.5 cannot be asked: its verify wants the public trusted root.
# shellcheck source=tests/interop/lib.sh
source "$(dirname "$0")/lib.sh"
[ -x "$helpers/keyless_image" ] || skip "no keyless_image"
have_peer forky cosign || skip "$why"
start_fallback_registry || skip "no registry starts"
called="cosign $(version_of forky cosign)"

number=0
signed() { # FORM options…: a fresh image, so signed; sets $image
	make_layout "image $((number += 1))" single "$work/layout"
	run "$helpers/keyless_image" "oci:$work/layout:t" "$work/root.json" "$@" || { report_failure "sign $*" "not signed"; exit 1; }
	image=$fallback/keyless-$number:t
	run "$alnage" copy "oci:$work/layout:t" "$image" || { report_failure "push $image" "not pushed"; exit 1; }
}
who=(--certificate-identity https://example.org/build.yml@refs/heads/main
	--certificate-oidc-issuer https://token.example.org --trusted-root "$work/root.json")
verify() { "$alnage" verify "$image" "${who[@]}" --signature-only; }
theirs() { peer forky cosign "$1" "${who[@]}" --allow-http-registry "${@:2}" "$image"; }

for form in sig bundle; do
	signed $form
	passes "$form: alnage verify" verify
	passes "$form: $called verify" theirs verify
	for mutation in no_sct=1 wrong_sct=1 no_entry=1 log_other_signature=1 integrated=2023-11-14T22:23:00Z san=URI:https://evil.example; do
		signed $form $mutation
		refuses "$form, $mutation: alnage verify" 'not proven' verify
		refuses "$form, $mutation: $called verify" 'no matching|no signatures' theirs verify
	done
done
provenance=https://slsa.dev/provenance/v1
for form in "sig + att" "sig + att intoto_old=1" "bundle + bundle"; do
	# shellcheck disable=SC2086 # words
	signed $form type=$provenance
	passes "$form: alnage verify --require slsaprovenance1" "$alnage" verify "$image" "${who[@]}" --require slsaprovenance1
	passes "$form: $called verify-attestation" theirs verify-attestation --type slsaprovenance1
done
finish
