#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# alnage compile as a person calls it: which files, how many at a time, in what order, what it says about
# everyday mistakes, and that no recipe makes it use more memory or time than the limits allow.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need python3 jq
recipes=$PWD/recipes
mkdir "$tmp/work"
cd "$tmp/work"
header() { printf 'package:\n  name: %s\n  version: 1\n  epoch: 0\n' "${1:-x}"; }
compile() { "$alnage" compile --recipes "$recipes" "$@"; }

# ---- without a file: the names that melange looks for, in its order ----
expect 2 'no recipe is given.*melange.yaml' compile
for name in melange.yml melange.yaml .melange.yml .melange.yaml; do
	header "from$name" | tr -d _ | sed "s/from\./from-/" >"$name"
	same "$(compile --quiet | jq -r .name)" "from${name/#./-}" "$name before the later ones"
done

# ---- many at a time, in the order given ----
names=()
for i in $(seq 40); do
	header "p$i" >"p$i.yaml"
	printf 'vars:\n  b: two\n  a: one\nenvironment:\n  environment:\n    Z: z\n    A: ${{vars.a}}\n' >>"p$i.yaml"
	names+=("p$i.yaml")
done
compile --quiet "${names[@]}" >one.json
for jobs in -j2 '-j 8' --jobs=3 '--jobs 1000'; do
	# shellcheck disable=SC2086
	compile --quiet $jobs "${names[@]}" | cmp - one.json || fail "$jobs: another output"
done
same "$(jq -r .name one.json | tr '\n' ' ')" "$(printf '%s ' "${names[@]%.yaml}")"
same "$(jq -cS . one.json)" "$(cat one.json)" "keys are sorted"
expect 2 'jobs needs N' compile -j
expect 2 'unknown option -y' compile -y p1.yaml
expect 2 "'x' is not a number from 1 to 1024" compile -jx p1.yaml

# ---- what does not compile is told, the others are printed ----
header bad | sed 's/epoch/epok/' >bad.yaml
expect 1 "^alnage: bad.yaml:4:3: recipe.package: unknown key 'epok' \(did you mean 'epoch'\?\)" compile p1.yaml bad.yaml p2.yaml
same "$(compile --quiet p1.yaml bad.yaml p2.yaml 2>/dev/null | jq -r .name | tr '\n' ' ')" 'p1 p2 '
expect 1 '^  its keys are: name, version, epoch, ' compile bad.yaml

# ---- everyday mistakes ----
printf 'package:\n\tname: x\n' >tab.yaml
expect 1 '^alnage: tab.yaml:2:1: ' compile tab.yaml
grep -q 'spaces, not with tabs' "$tmp/said" || fail "tabs are not named"
{ header; printf 'pipeline:\n  - uses: autoconf/mak\n'; } >uses.yaml
expect 1 "^alnage: uses.yaml:6:11: there is no pipeline 'autoconf/mak' .did you mean 'autoconf/make'" compile uses.yaml
grep -q -- '--pipeline-dir' "$tmp/said" || fail "the remedy does not tell of --pipeline-dir"
expect 1 'nowhere.*No such file' compile --pipeline-dir nowhere uses.yaml
{ header; printf 'pipeline:\n  - runs: echo ${{vars.a}}\nvars:\n  b: x\n'; } >variable.yaml
expect 1 "^alnage: variable.yaml:6:11: variable .{3}vars.a}} is not defined .did you mean 'vars.b'" compile variable.yaml
expect 1 'missing.yaml.*No such file' compile missing.yaml
expect 2 "architecture 'amd64' is not supported" compile --arch amd64 p1.yaml
same "$(compile --arch amd64 p1.yaml p2.yaml 2>&1 | grep -c amd64)" 1 "an option is wrong once, not for each recipe"
mkfifo fifo.yaml
expect 1 'fifo.yaml' timeout 60 "$alnage" compile fifo.yaml
expect 1 '/dev/zero' timeout 60 "$alnage" compile /dev/zero

# ---- the first folder that has a pipeline wins, the built-in ones come last ----
mkdir -p one/autoconf two/autoconf two/only
printf 'pipeline:\n  - runs: echo one\n' >one/autoconf/make.yaml
printf 'pipeline:\n  - runs: echo two\n' | tee two/autoconf/make.yaml >two/only/here.yaml
{ header; printf 'pipeline:\n  - uses: autoconf/make\n  - uses: only/here\n  - uses: autoconf/make-install\n'; } >order.yaml
same "$(compile --quiet --pipeline-dir one --pipeline-dir two order.yaml | jq -r '.packages[0].steps[:2][].script' | tr '\n' ,)" \
	'echo one,echo two,'
same "$(compile --quiet --pipeline-dir two --pipeline-dir one order.yaml | jq -r '.packages[0].steps[0].script')" 'echo two'
ln -s /etc two/etc
{ header; printf 'pipeline:\n  - uses: etc/passwd\n'; } >link.yaml
expect 1 'etc/passwd' compile --pipeline-dir two link.yaml

# ---- hostile recipes: refused within 20 s of one processor and 700 MB, by a limit and not by a lack ----
python3 "$recipes/../tests/system/hostile_recipes.py" "$tmp/hostile"
hostile=0
while IFS=$'\t' read -r name text; do
	hostile=$((hostile + 1))
	expect 1 "$text" bash -c 'ulimit -v 700000 -t 20; exec "$@"' _ "$alnage" compile --quiet --recipes "$recipes" \
		--pipeline-dir "$tmp/hostile/pipelines" "$tmp/hostile/$name.yaml"
	! grep -qiE 'out of memory|cannot allocate' "$tmp/said" || fail "$name: memory ran out"
done <"$tmp/hostile/list"
[ "$hostile" -ge 25 ] || fail "only $hostile hostile recipes"
