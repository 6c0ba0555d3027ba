#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# clang-format, shellcheck, and words and calls that have no place here.
set -euo pipefail
cd "$(dirname "$0")/.."
status=0
mapfile -t sources < <(find base oci signing attest builder cli tests -name '*.[ch]' | sort)
clang-format --dry-run -Werror "${sources[@]}" || status=1
mapfile -t scripts < <({
	find tests .ci -type f \( -name '*.sh' -o -name run \)
	find recipes/packages -mindepth 2 -type f -perm /111
} | sort)
shellcheck -x -S warning "${scripts[@]}" || status=1
mapfile -t strict < <(grep -lE 'pipefail|lib\.sh' "${scripts[@]}")
if grep -nE '[^|]\| *grep -[a-zA-Z]*q' "${strict[@]}"; then
	echo "grep -q ends at the first match; with pipefail, who still writes to it then fails, now and then: >/dev/null"
	status=1
fi
if grep -nE '\b(alloca|mktemp|tmpnam|strcpy|strcat|sprintf|strtok|atoi|sscanf|system|popen)\(' \
	"${sources[@]}" | grep -vE '(fmkdtemp|mkostemp)'; then
	echo "banned calls (base/banned.h)"
	status=1
fi
if grep -nE '\b(TODO|FIXME|XXX|HACK)\b' "${sources[@]}"; then
	echo "unfinished work belongs into an issue"
	status=1
fi
exit $status
