#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Expands every recipe of a checkout of wolfi-dev/os for both architectures with `alnage compile`:
#
#	WOLFI=DIR MELANGE_PIPELINES=DIR tests/wolfi-compile.sh
#
# WOLFI is the checkout, MELANGE_PIPELINES melange's pkg/build/pipelines. Neither is part of this
# project; without them there is nothing to do (exit 77). Fails if a recipe does.
set -uo pipefail
alnage=${BUILD:-build}/alnage
for variable in WOLFI MELANGE_PIPELINES; do
	if [ ! -d "${!variable:-}" ]; then
		echo "skip: $variable names no folder"
		exit 77
	fi
done
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
	read_count=$("$alnage" compile --jobs "${JOBS:-1}" --arch "$arch" --pipeline-dir "$WOLFI/pipelines" \
		--pipeline-dir "$MELANGE_PIPELINES" "${recipes[@]}" 2>"$errors" | wc -l)
	end=$EPOCHREALTIME
	printf '%s: %d of %d recipes in %d ms\n' "$arch" "$read_count" "${#recipes[@]}" \
		$(((${end/[.,]/} - ${start/[.,]/}) / 1000))
	if [ "$read_count" -ne "${#recipes[@]}" ]; then
		head -n 20 "$errors"
		status=1
	fi
done
exit $status
