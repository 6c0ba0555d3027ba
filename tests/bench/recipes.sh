#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Rows of the bench: expanding recipes, planning, and what scheduling costs when there is nothing to build.
# WOLFI= and MELANGE_PIPELINES= as for tests/wolfi-compile.sh; without them our recipes and 500 made from one.
set -euo pipefail
cd "$(dirname "$0")/../.."
alnage=$PWD/${BUILD:-build}/alnage
work=$(mktemp -d -p "${TMPDIR:-/var/tmp}")
trap 'rm -rf "$work"' EXIT

# Sets seconds and kilobytes (peak) of the fastest of three runs.
measure() {
	local line
	line=$(for _ in 1 2 3; do
		/usr/bin/time -f '%e %M' -o "$work/time" "$@" >/dev/null 2>"$work/said" || return 1
		tail -n 1 "$work/time"
	done | sort -n | head -n 1)
	read -r seconds kilobytes <<<"$line"
}
row() { printf '%-58s %10s   %s\n' "$@"; }
row_of() { # WHAT COUNT
	row "$1" "$seconds" "$(awk -v s="$seconds" -v n="$2" \
		'BEGIN { if (s == 0) s = 0.01; printf "%.0f recipes a second", n / s }'), $kilobytes kB peak memory"
}

options=() recipes=(recipes/packages/*.yaml)
what="our recipes and 500 of one kind"
if [ -d "${WOLFI:-}" ] && [ -d "${MELANGE_PIPELINES:-}" ]; then
	options=(--pipeline-dir "$WOLFI/pipelines" --pipeline-dir "$MELANGE_PIPELINES")
	recipes=("$WOLFI"/*.yaml)
	what="the corpus in WOLFI"
else
	for ((i = 0; i < 500; i++)); do
		sed "s/^  name: zlib$/  name: zlib$i/; s/^  - name: zlib-/  - name: zlib$i-/" recipes/packages/zlib.yaml >"$work/zlib$i.yaml"
		recipes+=("$work/zlib$i.yaml")
	done
fi
if measure "$alnage" compile --jobs 1 "${options[@]}" "${recipes[@]}"; then
	row_of "alnage compile of $what (${#recipes[@]})" ${#recipes[@]}
else
	row "alnage compile of $what" "-" "failed: $(tail -n 1 "$work/said")"
fi

recipes=(recipes/packages/*.yaml)
if measure "$alnage" graph --format json; then
	row_of "alnage graph of all our recipes (${#recipes[@]})" ${#recipes[@]}
fi

# what the machinery costs around steps that cost nothing: 40 recipes, each needing the one before
mkdir -p "$work/recipes/packages"
cp -R recipes/pipelines recipes/toolchain* "$work/recipes/"
stamp=$(date +%s%N) # so that nothing is in the store before
for ((i = 0; i < 40; i++)); do
	printf 'package:\n  name: tiny%d\n  version: "1"\n  epoch: 0\n  description: %s\n  copyright:\n    - license: Apache-2.0\n' "$i" "$stamp"
	printf 'environment:\n  contents:\n    packages: [busybox%s]\n' "$([ $i -eq 0 ] || echo ", tiny$((i - 1))")"
	# shellcheck disable=SC2016 # for the recipe
	printf 'pipeline:\n  - runs: mkdir -p "${{targets.destdir}}/usr/share"; echo %d >"${{targets.destdir}}/usr/share/tiny%d"\n' "$i" "$i"
done | awk -v folder="$work/recipes/packages" '/^package:/ { file = folder "/tiny" n++ ".yaml" } { print >file }'
tiny() { /usr/bin/time -f '%e %M' -o "$work/time" "$alnage" package --quiet --recipes "$work/recipes" --output "$work/out" "$work"/recipes/packages/*.yaml; }
"$alnage" package --quiet --recipes "$work/recipes" --output "$work/out" "$work/recipes/packages/tiny0.yaml" >/dev/null # the build root
tiny >/dev/null
read -r seconds kilobytes < <(tail -n 1 "$work/time")
row_of "alnage package of 40 recipes that do nothing, in a row" 40
measure "$alnage" package --quiet --recipes "$work/recipes" --output "$work/out" "$work"/recipes/packages/*.yaml
row_of "the same again: nothing to build" 40
