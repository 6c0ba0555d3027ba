#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# keys/ holds public keys only, and no private key is anywhere in the tree but in test cases.
set -euo pipefail
cd "$(dirname "$0")/.."
status=0
marker='-----BEGIN [A-Z ]*PRIVATE KEY-----'
if grep -rlE -- "$marker" keys; then
	echo "keys/ must hold public keys only"
	status=1
fi
# test keys are known to everybody: they live in tests/cases and nowhere else
if grep -rlE -- "^$marker" base oci signing attest builder cli recipes; then
	echo "a private key in the tree"
	status=1
fi
exit $status
