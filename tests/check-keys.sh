#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# keys/ holds public keys only, whatever form a private one has, and no private key is anywhere in the tree
# but in test cases. check-keys.sh [TREE]
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"
status=0
wrong() {
	echo "$*"
	status=1
}
marker='-----BEGIN [A-Z ]*PRIVATE KEY-----'
while IFS= read -r file; do
	case $file in
	keys/README.md | keys/trust.yaml)
		! grep -qE -- "$marker" "$file" || wrong "$file: a private key"
		;;
	keys/*.pub) # one block, and nothing beside it
		if [ "$(sed -n '1p;$p' "$file" | tr -d '\0')" != $'-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----' ] ||
			[ "$(grep -c -- ----- "$file")" != 2 ]; then
			wrong "$file: not one public key in PEM"
		fi
		;;
	*) wrong "$file: keys/ holds README.md, trust.yaml and public keys, NAME.pub" ;;
	esac
done < <(find keys ! -type d | sort)
# test keys are known to everybody: they live in tests/cases and nowhere else
if grep -rlE --exclude-dir=cases -- "^[[:space:]]*$marker" base oci signing attest builder cli recipes tests; then
	wrong "a private key in the tree"
fi
exit $status
