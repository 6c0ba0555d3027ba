#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every verification case of sigstore-conformance, by alnage and by alnage-verify: CONFORMANCE is a folder with a copy of that repository,
# TRUSTED_ROOT the public instance's trusted_root.json for the cases without their own (default: the shared
# data's). A case is a folder of test/assets/bundle-verify; docs/cli_protocol.md of the suite says how a client
# is called, the README beside the cases what their files mean. Exit 77: something needed is not here.
set -euo pipefail

skip() {
	echo "not run: $*"
	exit 77
}

build=$PWD/${BUILD:-build}
cases=${CONFORMANCE:-/nowhere}/test/assets/bundle-verify
root=${TRUSTED_ROOT:-${ALNAGE_SHARED:-../shared}/vectors/sigstore-conformance/production_trusted_root.json}
workflow=sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml
for program in alnage alnage-verify; do
	[ -x "$build/$program" ] || skip "no $build/$program"
done
[ -d "$cases" ] || skip "CONFORMANCE names no copy of the suite"
[ -f "$root" ] || skip "no trusted root of the public instance; name it by TRUSTED_ROOT"

said=$(mktemp)
trap 'rm -f "$said"' EXIT

text() { # FILE DEFAULT
	if [ -f "$1" ]; then tr -d '\n' <"$1"; else echo "$2"; fi
}

# run PROGRAM FOLDER ARTIFACT: as the suite calls a client; sets status
run() {
	local folder=$2 artifact=$3
	local arguments=(--bundle "$folder/bundle.sigstore.json")
	if [ -f "$folder/key.pub" ]; then
		arguments+=(--key "$folder/key.pub")
	else
		arguments+=(--certificate-identity "$(text "$folder/identity" "https://github.com/$workflow@refs/heads/main")"
			--certificate-oidc-issuer "$(text "$folder/issuer" https://token.actions.githubusercontent.com)")
	fi
	if [ -f "$folder/trusted_root.json" ]; then
		arguments+=(--trusted-root "$folder/trusted_root.json")
	else
		arguments+=(--trusted-root "$root")
	fi
	status=0
	"$build/$1" verify-bundle "${arguments[@]}" "$artifact" >"$said" 2>&1 || status=$?
}

# 0, or 3; 1 where what cannot be read is not the bundle but the key or the root to judge it by
fits() { # NAME
	case $1 in
	*_fail) [ $status -eq 3 ] || { [ $status -eq 1 ] && grep -qE 'trusted root:|key\.pub: PEM:' "$said"; } ;;
	*) [ $status -eq 0 ] ;;
	esac
}

failed=0
for folder in "$cases"/*/; do
	folder=${folder%/} name=${folder##*/}
	artifact=$folder/artifact
	[ -f "$artifact" ] || artifact=$cases/a.txt
	for given in "$artifact" "sha256:$(sha256sum "$artifact" | cut -c1-64)"; do
		how="by its file"
		[ "$given" = "$artifact" ] || how="by its digest"
		for program in alnage alnage-verify; do
			run "$program" "$folder" "$given"
			if fits "$name"; then
				echo "passed   $name, $how, $program"
			else
				failed=1
				echo "FAILED   $name, $how, $program: exit $status"
				cat "$said"
			fi
		done
	done
done
exit $failed
