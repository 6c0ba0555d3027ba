#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Several recipes at a time: order, processors, failures with and without --keep-going, a killed run.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need jq
mkdir -p "$tmp/recipes/packages"
cp -R recipes/pipelines recipes/toolchain* "$tmp/recipes/"
stamp=$(date +%s%N) # so that nothing is in the store before
recipe() { # NAME 'NEEDS…' [COMMAND]
	{
		printf 'package:\n  name: %s\n  version: "1"\n  epoch: 0\n  description: %s\n' "$1" "$stamp"
		printf '  copyright:\n    - license: Apache-2.0\nenvironment:\n  contents:\n    packages:\n      - busybox\n'
		# shellcheck disable=SC2086 # words
		[ -z "$2" ] || printf '      - %s\n' $2
		# shellcheck disable=SC2016 # for the recipe
		printf 'pipeline:\n  - runs: |\n      %s\n      mkdir -p "${{targets.destdir}}/usr/share"\n' "${3:-:}"
		# shellcheck disable=SC2016
		printf '      echo %s >"${{targets.destdir}}/usr/share/%s"\n' "$1" "$1"
	} >"$tmp/recipes/packages/$1.yaml"
}
package() { "$alnage" package --recipes "$tmp/recipes" --output "${output:-$tmp/out}" "$@"; }
logs() { cat "$ALNAGE_STORE/logs/$1"-1-r0-*.log; }
all() { printf '%s\n' "$tmp"/recipes/packages/*.yaml; }

# two that do not need each other run at the same time, a third when both are there
recipe left "" "sleep 3; nproc"
recipe right "" "sleep 3; nproc"
recipe both "left right" "cat /sysroot/usr/share/left /sysroot/usr/share/right"
package --jobs 2 "$tmp/recipes/packages/both.yaml" 2>"$tmp/said"
same "$(head -n 2 "$tmp/said" | sort | xargs)" "left-1-r0 right-1-r0" "what began first"
if [ "$(nproc)" -ge 2 ]; then
	half=$(($(nproc) / 2))
	package --jobs 2 "$tmp/recipes/packages/both.yaml" 2>/dev/null
	find "$ALNAGE_STORE/logs" -name 'left-1-r0-*' -newer "$tmp/recipes/packages/both.yaml" \
		-exec grep -qx "$half" {} + || fail "half of the processors for each was expected"
fi
same "$(package --jobs 2 --json "$tmp/recipes/packages/both.yaml" 2>/dev/null | jq .built)" 0 "built again"

# the number of jobs changes no byte
output=$tmp/two package --jobs 2 "$tmp/recipes/packages/both.yaml" >/dev/null 2>&1
grep -lE '"recipe":"(left|right|both)"' -r "$ALNAGE_STORE/packages" | xargs rm # forget that they are made
same "$(output=$tmp/one package --jobs 1 --json "$tmp/recipes/packages/both.yaml" 2>/dev/null | jq .built)" 3 "made again"
cmp "$tmp/one/packages/x86_64/both-1-r0.apk" "$tmp/two/packages/x86_64/both-1-r0.apk"

# a failure: what is under way is finished, nothing begins after it, the summary tells all
recipe broken "" "echo why; exit 3"
recipe slow "" "sleep 5" # it began when broken did
recipe needs-it "broken"
recipe needs-that "needs-it"
recipe zz-other ""
mapfile -t files < <(all | grep -vE '/(left|right|both)\.yaml')
expect 1 '1 of 5 recipes failed, 3 not attempted, 1 done' package --jobs 2 "${files[@]}"
for line in 'done: slow$' 'failed: broken$' 'not attempted: needs-it, which needs broken' \
	'not attempted: needs-that, which needs broken' 'not attempted: zz-other \(--keep-going' \
	"recipe broken: step 'runs' failed with status 3"; do
	grep -qE -- "$line" "$tmp/said" || { cat "$tmp/said"; fail "the summary lacks '$line'"; }
done
expect 1 '1 of 5 recipes failed, 2 not attempted, 2 done' package --jobs 2 --keep-going "${files[@]}"
expect 1 '1 of 5 recipes failed, 2 not attempted, 2 done' package --keep-going "${files[@]}"

# one alone: its own error, once
expect 1 "recipe broken: step 'runs' failed" package "$tmp/recipes/packages/broken.yaml"
same "$(grep -c 'failed' "$tmp/said")" 1 "the error is told more than once"

# a child that dies costs its recipe, nothing else
recipe broken "" "sleep 30"
"$alnage" package --recipes "$tmp/recipes" --output "$tmp/out" --jobs 2 --keep-going "${files[@]}" >/dev/null 2>"$tmp/crashed" &
pid=$!
wait_for grep -qs '^broken-1-r0' "$tmp/crashed"
only_child() { child=$(pgrep -P $pid) && [[ $child != *$'\n'* ]]; } # the others have nothing to do
wait_for only_child
kill -KILL "$child"
status=0
wait $pid || status=$?
same "$status" 1 "exit status after a crash"
grep -q 'recipe broken: ended by signal 9' "$tmp/crashed" || { cat "$tmp/crashed"; fail "a crash is not told"; }
grep -q 'done: slow, zz-other' "$tmp/crashed" || { cat "$tmp/crashed"; fail "a crash stopped others"; }

# killed: children end, too, and the next run makes only what was not finished
recipe broken "" "sleep 5"
"$alnage" package --recipes "$tmp/recipes" --output "$tmp/out" --jobs 2 "${files[@]}" >/dev/null 2>"$tmp/killed" &
pid=$!
wait_for grep -qs '^broken-1-r0' "$tmp/killed"
mapfile -t children < <(pgrep -P $pid)
[ ${#children[@]} -ge 1 ] || fail "no child is under way"
kill -KILL $pid
wait $pid 2>/dev/null || true
# a zombie waits for its parent, no more
is_dead() { ! grep -qsvE '^[0-9]+ \(.*\) Z' "/proc/$1/stat"; }
for child in "${children[@]}"; do wait_for is_dead "$child" || fail "a child lives on"; done
same "$(package --jobs 2 --json "${files[@]}" 2>"$tmp/said" | jq .built)" 3 "after the kill: broken and the two that need it"
expect 2 'jobs' package --jobs many "${files[@]}"
