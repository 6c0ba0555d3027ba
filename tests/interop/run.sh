#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs the interoperation tests and shows their cells (see lib.sh) as they come: run.sh PROGRAM…
# A program without cells counts as one. Exit 0 of a program: passed; 77: not run; anything else: failed.
set -uo pipefail
log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 cannot=0 missing=0 failed=0
count() { grep -cE "^$1" "$log"; }
for program; do
	echo "== ${program#./}"
	"./${program#./}" 2>&1 </dev/null | tee "$log"
	status=${PIPESTATUS[0]}
	own=$(count 'FAILED  ')
	passed=$((passed + $(count 'passed  '))) cannot=$((cannot + $(count 'cannot  ')))
	missing=$((missing + $(count 'not run  '))) failed=$((failed + own))
	case $status in
	0) [ "$(count '(passed|cannot)  ')" -gt 0 ] || passed=$((passed + 1)) ;;
	77) missing=$((missing + 1)) ;;
	*) [ "$own" -gt 0 ] || { failed=$((failed + 1)); echo "FAILED   $program: exit $status"; } ;;
	esac
done
printf 'interop: %d passed, %d that a peer cannot, %d failed, %d not run\n' $passed $cannot $failed $missing
[ $missing -eq 0 ] || echo 'interop: what was not run shows nothing; "make help" tells how to get the peers'
[ $failed -eq 0 ] && [ $passed -gt 0 ]
