#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs test programs one after the other: run.sh NAME PROGRAM…
# Exit 0 of a program: passed; 77: skipped (its last line says why); anything else: failed.
# One that hangs is ended after half an hour (TEST_SECONDS) and has failed, with 124.
# Output of a failed one is shown whole. Closes with "N passed, N failed, N skipped".
set -uo pipefail
name=$1
shift
passed=0 failed=0 skipped=0 failures=()
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for program; do
	start=$SECONDS
	title=${program#./}
	timeout --foreground -k 60 "${TEST_SECONDS:-1800}" "./${program#./}" >"$log" 2>&1 </dev/null
	status=$?
	took=$((SECONDS - start))
	case $status in
	0)
		passed=$((passed + 1))
		# one plain line for what a passing test left out
		grep -E '^(SKIP|skip)[: ]' "$log" | sed "s|^|  $title: |"
		printf 'ok    %s%s\n' "$title" "$([ $took -ge 5 ] && echo "  ${took}s")"
		;;
	77)
		skipped=$((skipped + 1))
		printf 'skip  %s: %s\n' "$title" "$(tail -n 1 "$log")"
		;;
	*)
		failed=$((failed + 1)) failures+=("$title")
		printf 'FAIL  %s (exit %d)\n' "$title" "$status"
		sed 's/^/    /' "$log" | tail -n 200
		;;
	esac
done
for title in "${failures[@]}"; do echo "failed: $title"; done
printf '%s: %d passed, %d failed, %d skipped\n' "$name" "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ] && [ $((passed + skipped)) -gt 0 ]
