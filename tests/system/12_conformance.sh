#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every case of sigstore-conformance that is at hand gets the verdict that the suite expects.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"

# the command itself, with the cases of our own
bundle=tests/cases/bundle/good/mock_v1.json
root=tests/cases/trusted_root/good/mock.json
who=(--certificate-identity https://example.org/build.yml@refs/heads/main
	--certificate-oidc-issuer https://token.example.org)
printf 'what is signed\n' >"$tmp/artifact"
digest=sha256:$(sha256sum "$tmp/artifact" | cut -c1-64)
verify() { "$alnage" verify-bundle --bundle "$bundle" "$@"; }
expect 0 'passed.*identity' verify "${who[@]}" --trusted-root "$root" "$tmp/artifact"
expect 0 'passed.*identity' "$build/alnage-verify" verify-bundle --staging --bundle "$bundle" "${who[@]}" \
	--trusted-root "$root" "$digest"
expect 0 '"verified": true' verify "${who[@]}" --trusted-root "$root" --json "$tmp/artifact"
echo more >>"$tmp/artifact"
expect 3 'refused.*signature' verify "${who[@]}" --trusted-root "$root" "$tmp/artifact"
expect 3 '"verified": false' verify "${who[@]}" --trusted-root "$root" --json "$tmp/artifact"
expect 3 'refused.*signature' verify "${who[@]}" --trusted-root "$root" "${digest%?????}00000"
for bad in tests/cases/bundle/bad/*.json; do
	bundle=$bad
	expect 3 "$bad is refused" verify "${who[@]}" --trusted-root "$root" "$digest"
done
bundle=tests/cases/bundle/good/mock_v1.json
expect 1 'trusted_root/bad/unknown.json' verify "${who[@]}" \
	--trusted-root tests/cases/trusted_root/bad/unknown.json "$digest"
expect 1 'nowhere' verify "${who[@]}" --trusted-root "$root" "$tmp/nowhere"
expect 2 'trusted-root is missing' verify "${who[@]}" "$digest"
expect 2 'oidc-issuer' verify --certificate-identity x --trusted-root "$root" "$digest"
expect 2 'exclude' verify "${who[@]}" --key x --trusted-root "$root" "$digest"
expect 2 'sha256' verify "${who[@]}" --trusted-root "$root" sha256:12

suite=${ALNAGE_SHARED:-../shared}/vectors/sigstore-conformance
[ -f "$suite/CASES.tsv" ] || { echo "skip: the sigstore-conformance cases are not here"; exit 0; }

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
