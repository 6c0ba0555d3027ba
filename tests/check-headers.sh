#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every header compiles alone, begins with the licence line, has a guard named after its path,
# and says in a comment what it is for.
set -euo pipefail
cd "$(dirname "$0")/.."
status=0
while read -r header; do
	head -n 1 "$header" | grep -x '/\* SPDX-License-Identifier: Apache-2.0 \*/' >/dev/null ||
		{ echo "$header: the first line is not the licence"; status=1; }
	guard=$(tr 'a-z/.-' 'A-Z___' <<<"$header")
	grep -qx "#ifndef $guard" "$header" || { echo "$header: guard is not $guard"; status=1; }
	sed -n 2p "$header" | grep '^/\*' >/dev/null || { echo "$header: does not say what it is for"; status=1; }
	echo "#include \"$header\"" |
		${CC:-cc} -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror -I. -fsyntax-only -x c - ||
		{ echo "$header: does not compile alone"; status=1; }
done < <(find base oci signing attest builder cli -name '*.h' | sort)
while read -r source; do
	head -n 1 "$source" | grep -x '/\* SPDX-License-Identifier: Apache-2.0 \*/' >/dev/null ||
		{ echo "$source: the first line is not the licence"; status=1; }
done < <(find base oci signing attest builder cli tests -name '*.c' | sort)
exit $status
