#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every command has a manual page that names each of its options, and mandoc finds nothing wrong.
set -euo pipefail
cd "$(dirname "$0")/.."
alnage=${BUILD:-build}/alnage
status=0 commands=0
while read -r command; do
	page=cli/alnage-$command.1
	commands=$((commands + 1))
	[ -f "$page" ] || { echo "$command: no manual page $page"; status=1; continue; }
	for option in $("$alnage" "$command" --help | sed -nE 's/^  --([a-z-]+).*/\1/p' | grep -vxE 'quiet|help'); do
		grep -qF -- "$(sed 's/-/\\-/g' <<<"--$option")" "$page" ||
			{ echo "$page: does not tell of --$option"; status=1; }
	done
done < <("$alnage" --help | sed -nE 's/^  ([a-z]+) .*/\1/p')
[ "$commands" -ge 10 ] || { echo "only $commands commands found"; status=1; }
mandoc -T lint -W warning cli/*.1 || status=1
exit $status
