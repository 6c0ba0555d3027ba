# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For tests of the README: its code blocks. Source it.

# readme_blocks LANGUAGE FROM TO: the ```LANGUAGE blocks from the heading FROM up to the heading TO, each followed
# by an empty line; "" for blocks without a language, which show output
readme_blocks() {
	awk -v language="$1" -v from="## $2" -v to="## $3" '
		$0 == from { on = 1 }
		$0 == to { on = 0 }
		!inside && /^```/ { inside = 1; wanted = on && $0 == "```" language; next }
		inside && /^```$/ { inside = 0; if (wanted) print ""; next }
		inside && wanted' README.md
}
# A folder as a fresh checkout is after `make`: sources, programs, nothing else
readme_tree() { # FOLDER BUILD
	mkdir -p "$1"
	ln -s "$PWD/recipes" "$PWD/keys" "$PWD/tests" "$1/"
	ln -s "$2" "$1/build"
}
