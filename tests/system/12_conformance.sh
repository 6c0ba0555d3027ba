#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every case of sigstore-conformance that is at hand gets the verdict that the suite expects.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
suite=${ALNAGE_SHARED:-$top/../shared}/vectors/sigstore-conformance
[ -f "$suite/CASES.tsv" ] || skip "the sigstore-conformance cases are not here"

passed=0 failed=0
while IFS=$'\t' read -r name expected _ mode root artifact identity issuer; do
	folder=$suite/bundle-verify/$name
	arguments=(--bundle "$folder/bundle.sigstore.json")
	if [ "$mode" = key ]; then
		arguments+=(--key "$folder/key.pub")
	else
		arguments+=(--certificate-identity "$identity" --certificate-oidc-issuer "$issuer")
	fi
	if [ "$root" = own ]; then
		arguments+=(--trusted-root "$folder/trusted_root.json")
	else
		arguments+=(--trusted-root "$suite/production_trusted_root.json")
	fi
	status=0
	"$alnage" verify-bundle "${arguments[@]}" "$folder/$artifact" >"$tmp/said" 2>&1 || status=$?
	case $expected in pass) wanted=0 ;; *) wanted=3 ;; esac
	if [ $status -eq $wanted ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "$name: exit $status instead of $wanted"
		cat "$tmp/said"
	fi
	printf '%s\t%d\t%s\n' "$name" "$status" "$(tail -n 1 "$tmp/said")" >>"$tmp/verdicts"
done < <(tail -n +2 "$suite/CASES.tsv")
cat "$tmp/verdicts"
echo "$passed cases as expected, $failed not"
[ $passed -ge 30 ] && [ $failed -eq 0 ]
