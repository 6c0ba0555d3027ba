#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Graphs of recipes, and workflows made from them: make and ninja run them, names are escaped, cycles are told.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need jq make ninja python3
recipes="$tmp/the \$recipes' #1"
mkdir -p "$recipes/packages"
cp -R recipes/pipelines recipes/toolchain* "$recipes/"
stamp=$(date +%s%N) # so that nothing is in the store before
recipe() { # NAME [NEED…]
	local name=$1
	shift
	{
		printf 'package:\n  name: %s\n  version: "1"\n  epoch: 0\n  description: %s\n' "$name" "$stamp"
		printf '  copyright:\n    - license: Apache-2.0\nenvironment:\n  contents:\n    packages:\n      - busybox\n'
		[ $# -eq 0 ] || printf '      - "%s"\n' "$@"
		# shellcheck disable=SC2016 # for the recipe
		printf 'pipeline:\n  - runs: |\n      mkdir -p "${{targets.destdir}}/usr/share"\n'
		# shellcheck disable=SC2016
		printf '      ls /sysroot/usr/share >"${{targets.destdir}}/usr/share/%s" || true\n' "$name"
	} >"$recipes/packages/$name.yaml"
}
graph() { "$alnage" graph --recipes "$recipes" "$@"; }
recipe first
recipe second++ first

same "$(graph --format json | jq -c '[.recipes[] | [.name, .version, .needs, .packages]]')" \
	'[["first","1-r0",[],["first"]],["second++","1-r0",["first"],["second++"]]]'
same "$(graph | grep -c -- '"second++" -> "first"')" 1
same "$(graph --format json | jq -r '.recipes[0].inputKey' | cut -c 1-7)" sha256:
same "$(graph --format json "$recipes/packages/first.yaml" | jq '.recipes | length')" 1
printf 'contents:\n  packages: [second++]\n' >"$tmp/image.yaml"
same "$(graph --format json "$tmp/image.yaml" | jq '.recipes | length')" 2
[ ! -e "$tmp/none" ] && ALNAGE_STORE=$tmp/none graph >/dev/null
[ ! -e "$tmp/none" ] || fail "a graph made a store"

# make and ninja run it in order, the second time nothing, after a change only what it changes
run_workflow() { # FORMAT FILE COMMAND…
	local format=$1 file=$2
	shift 2
	export ALNAGE_STORE=/dev/null # only what the workflow names counts
	graph --format "$format" --store "$store" --output "$tmp/$format out" --stamps "$tmp/stamps-$format" \
		--program "$alnage" --offline >"$file"
	"$@" >"$tmp/said" 2>&1 || { cat "$file" "$tmp/said"; fail "$format failed"; }
	sed -nE 's|^.*package.*/packages/([a-z+]+)\.yaml.*|\1|p' "$tmp/said" | sort -u | xargs
}
store=$ALNAGE_STORE
same "$(run_workflow make "$tmp/Makefile" make -j 2 -f "$tmp/Makefile")" "first second++"
[ -f "$tmp/make out/packages/x86_64/second++-1-r0.apk" ] || fail "no package"
same "$(tar -xzOf "$tmp/make out/packages/x86_64/second++-1-r0.apk" usr/share/second++ 2>/dev/null)" first "what the second saw"
same "$(run_workflow make "$tmp/Makefile" make -j 2 -f "$tmp/Makefile")" ""
stamp=$stamp.1
recipe second++ first
same "$(run_workflow make "$tmp/Makefile" make -j 2 -f "$tmp/Makefile")" second++
same "$(run_workflow ninja "$tmp/build.ninja" env -C "$tmp" ninja -v -f "$tmp/build.ninja")" "first second++"
[ -f "$tmp/ninja out/packages/x86_64/second++-1-r0.apk" ] || fail "no package"
same "$(run_workflow ninja "$tmp/build.ninja" env -C "$tmp" ninja -v -f "$tmp/build.ninja")" ""
graph --format argo --store store | python3 -c 'import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)' >"$tmp/argo.json"
same "$(jq -c '[.spec.templates[0].dag.tasks[] | [.name, .dependencies]]' "$tmp/argo.json")" \
	'[["r0-first",null],["r1-second--",["r0-first"]]]'
same "$(jq -r '.spec.templates[0].dag.tasks[1].arguments.parameters[0].value' "$tmp/argo.json")" "$recipes/packages/second++.yaml"
jq -e '.spec.templates[1].container.args | index("--store=store")' "$tmp/argo.json" >/dev/null || fail "argo without store"
if command -v dot >/dev/null; then
	graph | dot -Tsvg >/dev/null
else
	echo "graphviz is not here: it did not read the graph"
fi

# refusals
expect 2 'no format .nija. \(did you mean .ninja.' graph --format nija
expect 2 'needs --store' graph --format argo
expect 1 "make cannot have" graph --format make --stamps "$tmp/a folder"
expect 1 "Argo would replace" graph --format argo --store '{{x}}'
recipe first second++
expect 1 'recipes need each other to be built: first needs second\+\+ needs first$' graph
recipe first no-such-package
expect 1 'no-such-package' graph

# ---- many recipes: what is a circle, which of several makes a need, what is for other machines ----
rm "$recipes/packages"/*.yaml
keys() { # NAME FIELD VALUE…: into the recipe's package
	local name=$1 field=$2
	shift 2
	python3 - "$recipes/packages/$name.yaml" "$field" "$@" <<'END'
import sys
path, field, values = sys.argv[1], sys.argv[2], sys.argv[3:]
text = open(path).read()
if field == "target-architecture":
    new = "  target-architecture:\n" + "".join(f'    - "{v}"\n' for v in values)
else:
    new = ("" if "\n  dependencies:\n" in text else "  dependencies:\n") + f"    {field}:\n" + "".join(f'      - "{v}"\n' for v in values)
at = text.index("\n  dependencies:\n") + len("\n  dependencies:\n") if "\n  dependencies:\n" in text else text.index("  copyright:")
open(path, "w").write(text[:at] + new + text[at:])
END
}
needs() { graph --format json "$@" | jq -c '[.recipes[] | [.name, .needs]] | sort'; }
# a needs the package b; what only runs with another package of that recipe may need a
recipe a b
recipe b
printf 'subpackages:\n  - name: b-tools\n    dependencies:\n      runtime: [c]\n' >>"$recipes/packages/b.yaml"
recipe c a
same "$(needs)" '[["a",["b"]],["b",[]],["c",["a"]]]' "no circle"
same "$(needs "$recipes/packages/a.yaml")" '[["a",["b"]],["b",[]],["c",["a"]]]' "no circle, with what runs with it"
keys b runtime c
expect 1 'each other to be built: a needs c \(which package b wants\) needs a$' graph
# each name twice on the way: 2^40 ways through, each recipe looked at once
rm "$recipes/packages"/*.yaml
for ((i = 0; i < 40; i++)); do
	for side in x y; do
		recipe $side$i
		[ $i -eq 39 ] || keys $side$i runtime x$((i + 1)) y$((i + 1))
	done
done
recipe z x0
same "$(timeout 120 "$alnage" graph --recipes "$recipes" --format json | jq '.recipes[] | select(.name == "z") | .needs | length')" 79 "of what z needs"
# versions in the environment choose who makes it
rm "$recipes/packages"/*.yaml
recipe one
recipe two
keys one provides thing=1.5
keys two provides thing=2.5
recipe old 'thing<2'
recipe new 'thing>=2'
recipe any thing
recipe other 'one==1-r0'
same "$(needs | jq -c '[.[] | select(.[1] != [])]')" '[["any",["two"]],["new",["two"]],["old",["one"]],["other",["one"]]]'
recipe other 'one>1-r0'
expect 1 "one>1-r0. is wanted for the build, but .*one.yaml makes 1-r0" graph
sed -i 's/^provided:/&\n  - "one>1-r0"/' "$recipes/toolchain.yaml"
same "$(needs | jq -c '.[] | select(.[0] == "other")')" '["other",[]]' "from the toolchain, by these very words"
recipe other '!one'
expect 1 'a build root has just what is named' graph
rm "$recipes/packages/other.yaml"
# for another architecture: left out, no failure
recipe elsewhere
keys elsewhere target-architecture aarch64
same "$(needs "$recipes"/packages/*.yaml | jq length)" 5
"$alnage" graph --recipes "$recipes" "$recipes"/packages/*.yaml 2>&1 >/dev/null | grep 'elsewhere.yaml makes nothing for x86_64: left out' >/dev/null ||
	fail "nothing said of what was left out"
same "$("$alnage" package --recipes "$recipes" --output "$tmp/out" --json --quiet "$recipes/packages/elsewhere.yaml" | jq .built)" 0
# two files of one name
mkdir "$tmp/others"
sed 's/name: one/name: third/; s/thing=1.5/third-thing/' "$recipes/packages/one.yaml" >"$tmp/others/one.yaml"
same "$(needs "$tmp/others/one.yaml")" '[["third",[]]]' "by the file, not by its name"
