#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The shells' completion of both programs: what it offers, and that its text is one of that shell.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"

# offers SCRIPT PROGRAM WORD…: what is offered for the last word, one a line
offers() {
	# shellcheck disable=SC2016 # the other shell's
	bash --norc -c 'source "$1"; shift; COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); "_$1"; printf "%s\n" "${COMPREPLY[@]}"' - "$@"
}
for program in alnage alnage-verify; do
	for shell in bash zsh fish; do
		"$build/$program" completion $shell >"$tmp/$shell" || fail "$program has no completion for $shell"
	done
	same "$(offers "$tmp/bash" $program ver)" "verify
verify-bundle"
	same "$(offers "$tmp/bash" $program verify --check)" --check-blobs
	same "$(offers "$tmp/bash" $program verify --key "")" "" "files are the shell's to offer"
	same "$(offers "$tmp/bash" $program verify-bundle --h)" --help
	# zsh has bash's functions complete and compgen, but not its builtin mapfile
	same "$(head -n 1 "$tmp/zsh")" "#compdef $program"
	same "$(tail -n +3 "$tmp/zsh")" "$(cat "$tmp/bash")"
	! grep -E 'mapfile|readarray' "$tmp/zsh" || fail "zsh does not have this"
	# fish: a quote within quotes needs its backslash
	quoted="'([^'\\\\]|\\\\['\\\\])*'"
	! grep -vE "^complete -c $program -n ([a-z_]+|$quoted) (-a|-l) [a-z0-9-]+( -r)? -d $quoted\$" "$tmp/fish" ||
		fail "fish does not read this"
	grep -qF "image\\'s signature" "$tmp/fish" || fail "no summary with a quote: this test sees nothing"
	expect 2 "^$program: no completion for 'ksh'" "$build/$program" completion ksh
done
same "$(offers "$tmp/bash" alnage-verify sig)" "" "alnage-verify does not sign"
