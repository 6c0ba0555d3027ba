#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Expands every recipe of a checkout of wolfi-dev/os for both architectures with `alnage compile`:
#
#	WOLFI=DIR [MELANGE_PIPELINES=DIR] tests/wolfi-compile.sh
#
# WOLFI is the checkout, not part of this project; without it there is nothing to do (exit 77). The
# pipelines are ours; MELANGE_PIPELINES=DIR puts melange's own before them. Fails if a recipe does.
set -uo pipefail
alnage=${BUILD:-build}/alnage
if [ ! -d "${WOLFI:-}" ]; then
	echo "skip: WOLFI names no folder"
	exit 77
fi
folders=(--pipeline-dir "$WOLFI/pipelines")
[ -z "${MELANGE_PIPELINES:-}" ] || folders+=(--pipeline-dir "$MELANGE_PIPELINES")
recipes=()
for file in "$WOLFI"/*.yaml; do
	recipes+=("$file")
done
status=0
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
for arch in x86_64 aarch64; do
	start=$EPOCHREALTIME
	# one line of JSON for each recipe that could be read
	read_count=$("$alnage" compile --jobs "${JOBS:-1}" --arch "$arch" "${folders[@]}" \
		"${recipes[@]}" 2>"$errors" | wc -l)
	end=$EPOCHREALTIME
	printf '%s: %d of %d recipes in %d ms\n' "$arch" "$read_count" "${#recipes[@]}" \
		$(((${end/[.,]/} - ${start/[.,]/}) / 1000))
	if [ "$read_count" -ne "${#recipes[@]}" ]; then
		head -n 20 "$errors"
		status=1
	fi
done
exit $status
