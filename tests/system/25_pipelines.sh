#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The built-in pipelines: every script is right for the shells there are, no value of an input becomes a
# command, each one is in the table of the README, and a refused one says what to do.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need python3 dash
pipelines=$PWD/recipes/pipelines
check() { # MODE FOLDER
	rm -rf "$tmp/check"
	mkdir "$tmp/check"
	python3 tests/system/pipelines.py "$1" "$alnage" "$2" "$tmp/check"
}

check syntax "$pipelines" || fail "a script is malformed"
check hostile "$pipelines" || fail "hostile values"

# ---- the checks see what they are for ----
mkdir "$tmp/naive" "$tmp/broken"
cat >"$tmp/naive/naive.yaml" <<'END'
inputs:
  single:
    description: |
      In single quotes.
  double:
    description: |
      In double quotes.
  bare:
    description: |
      As it is.

pipeline:
  - runs: |
      echo '${{inputs.single}}' "${{inputs.double}}" ${{inputs.bare}}
END
expect 1 '10 caught' check hostile "$tmp/naive"
for input in single double bare; do
	grep -q "naive: a value became a command: {'$input': " "$tmp/said" || fail "$input was not caught alone"
done
printf 'pipeline:\n  - runs: if true; then\n' >"$tmp/broken/broken.yaml"
expect 1 'broken: bash|broken: /bin/bash' check syntax "$tmp/broken"

# ---- the table ----
while read -r name; do
	grep -qE "\`($name|${name%%/*}/\*)\`" "$pipelines/README.md" || fail "the README does not have $name"
done < <(cd "$pipelines" && find . -name '*.yaml' | sed 's|^\./||; s|\.yaml$||')

# ---- refused, by name and with a remedy ----
for name in maven/configure-mirror xcover/stop; do
	printf 'package:\n  name: x\n  version: 1\n  epoch: 0\npipeline:\n  - uses: %s\n' "$name" >"$tmp/refused.yaml"
	"$alnage" compile "$tmp/refused.yaml" 2>/dev/null | jq -r '.packages[0].steps[0].script' >"$tmp/script"
	expect 1 "$name: .*(no network|no step may)" bash "$tmp/script"
	grep -q 'Remove' "$tmp/said" || fail "$name names no remedy"
done

# ---- alnage compile --check-shell ----
"$alnage" compile --check --check-shell recipes/packages/*.yaml 2>"$tmp/said" || { cat "$tmp/said"; fail "our recipes"; }
write() { printf 'package:\n  name: x\n  version: 1\n  epoch: 0\n%s\n' "$1" >"$tmp/shell.yaml"; }
write "pipeline:
  - runs: |
      touch $tmp/ran
      if true; then echo"
expect 0 '1 of 1' "$alnage" compile --check "$tmp/shell.yaml"
expect 1 'shell.yaml:6: package x: runs: the script is no shell script: .*line 3: syntax error' \
	"$alnage" compile --check --check-shell "$tmp/shell.yaml"
[ ! -e "$tmp/ran" ] || fail "the script was run"
write "test:
  pipeline:
    - name: bashism
      runs: '[[ a == b ]] || diff <(echo a) <(echo b)'
    - uses: strip
      with:
        opts: \"'\"
    - name: half
      runs: echo \$(("
expect 1 'package x: half: the script is no shell script' "$alnage" compile --check --check-shell "$tmp/shell.yaml"
