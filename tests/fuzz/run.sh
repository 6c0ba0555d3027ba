#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Fuzzes each target for FUZZ_SECONDS, from its cases and from what earlier runs found (build-fuzz/found/NAME).
# An input that fails is left in build-fuzz/crashes; put it into tests/cases with the fix.
set -uo pipefail
seconds=${FUZZ_SECONDS:-60}
crashes=build-fuzz/crashes
log=$(mktemp)
trap 'rm -f "$log"' EXIT
mkdir -p "$crashes"
failed=()
for program; do
	name=$(basename "$program" _fuzz)
	found=build-fuzz/found/$name
	mkdir -p "$found"
	mapfile -t cases < <(find "tests/cases/$name" -mindepth 1 -maxdepth 1 -type d 2>/dev/null)
	"$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 \
		-print_final_stats=1 -artifact_prefix="$crashes/$name-" "$found" "${cases[@]}" >"$log" 2>&1 ||
		failed+=("$name")
	printf '%-20s %12s runs\n' "$name" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
	[[ " ${failed[*]} " != *" $name "* ]] || grep -vE '^#[0-9]+\s+(NEW|REDUCE|pulse)' "$log" | tail -n 60
done
printf 'fuzz: %d targets, %d failed %s\n' $# "${#failed[@]}" "${failed[*]}"
[ $# -gt 0 ] && [ ${#failed[@]} -eq 0 ]
