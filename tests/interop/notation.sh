#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# notation 1.3 (Debian forky). Its signatures are JWS or COSE by X.509 certificates, of which alnage makes none
# and takes none: an image may have both kinds, each verifier takes its own, and alnage says what it saw.
# shellcheck source=tests/interop/lib.sh
source "$(dirname "$0")/lib.sh"

have_peer forky notation || skip "$why"
start_registries
make_keys
notation() { peer forky notation "$@"; }
called="notation $(version_of forky notation)"

passes "$called makes a certificate" notation cert generate-test --default interop.example
mkdir -p "$HOME_INSIDE/notation"
cat >"$HOME_INSIDE/notation/trustpolicy.json" <<-'END'
	{"version":"1.0","trustPolicies":[{"name":"all","registryScopes":["*"],"signatureVerification":{"level":"strict"},
	"trustStores":["ca:interop.example"],"trustedIdentities":["*"]}]}
END
notation_verify() { notation verify --insecure-registry "$1"; }

for host in "${registries[@]}"; do
	for format in jws cose; do
		where="$format $(registry_name "$host")"
		push_image "$where" single "$host/notation-$format"
		passes "$where: $called signs" notation sign --insecure-registry --signature-format $format "$pinned"
		passes "$where: $called verifies it" notation_verify "$pinned"
		passes "$where: alnage inspects it" "$alnage" inspect --json "$image"
		holds "$where: alnage lists it" <<<'[.. | strings] | any(. == "application/vnd.cncf.notary.signature")'
		refuses "$where: alnage trusts no notation signature" "missing signature: .*1 notation signature is not verified here" \
			"$alnage" verify --signature-only --key "$keys/p256.pub" "$image"
		# both kinds
		passes "$where: alnage signs, too" "$alnage" sign --key "$keys/p256.key" "$image"
		passes "$where: alnage verifies its own" "$alnage" verify --signature-only --key "$keys/p256.pub" "$image"
		passes "$where: $called still verifies its own" notation_verify "$pinned"
		passes "$where: alnage copies both" "$alnage" copy "$image" "$host/both-$format:t"
		passes "$where: $called verifies the copy" notation_verify "$host/both-$format@$digest"
		passes "$where: alnage verifies the copy" "$alnage" verify --signature-only --key "$keys/p256.pub" "$host/both-$format:t"
		refuses "$where: alnage, another key" "foreign key" "$alnage" verify --signature-only --key "$keys/other.pub" "$host/both-$format:t"
		# ours alone
		push_image "$where, ours" single "$host/ours-$format"
		passes "$where: alnage signs another" "$alnage" sign --key "$keys/p256.key" "$image"
		cannot "$where: $called verifies ours" "it takes signatures by certificates only" \
			"no signature is associated|signature verification failed" notation_verify "$pinned"
	done
done
finish
