#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every command has a manual page, which names the options that --help shows, once each and in its synopsis, and no
# others; alnage.1 names every command, page and exit status; help fits a terminal; mandoc finds nothing wrong.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:-build}
status=0 commands=0
synopsis=$(mktemp)
trap 'rm -f "$synopsis"' EXIT
complain() {
	echo "$*"
	status=1
}

# options_of COMMAND…: the long options that its --help lists, one a line, without dashes
options_of() { "$@" --help | sed -nE 's/^  --([a-z0-9-]+)(, --([a-z0-9-]+))?.*/\1\n\3/p' | grep .; }
# in the items of a page, as mdoc writes them (".It Fl -name") or as roff does ("\-\-name")
options_in() {
	sed -nE '/^\.It /{ s/\\-/-/g; s/--/Fl -/g; p }' "$1" | grep -oE '\bFl -[a-z0-9-]+' | sed 's/^Fl -//'
}

# compare PAGE COMMAND…
compare() {
	local page=$1 option
	shift
	local shown told
	shown=$(options_of "$@") told=$(options_in "$page")
	[ -n "$shown" ] || complain "$*: --help shows no options"
	for option in $(sort <<<"$told" | uniq -d); do complain "$page: tells of --$option twice"; done
	sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/p' "$page" | tr ' ' '\n' | sed -n '/^-[a-z0-9-]*$/s/^-//p' >"$synopsis"
	for option in $told; do
		case $option in quiet | verbose | help) continue ;; esac
		grep -qxF -- "$option" "$synopsis" || complain "$page: --$option is not in the synopsis"
	done
	"$@" --help | awk 'length > 80' | grep . && complain "$*: lines of --help are too long"
	for option in $shown; do
		grep -qxF -- "$option" <<<"$told" || complain "$page: does not tell of --$option"
	done
	for option in $told; do
		grep -qxF -- "$option" <<<"$shown" || complain "$page: tells of --$option, which $* does not have"
	done
}

for program in alnage alnage-verify; do
	"$build/$program" --help | awk 'length > 80' | grep . && complain "$program: lines of --help are too long"
done
names=$("$build/alnage" --help | sed -nE 's/^  ([a-z-]+) .*/\1/p')
for command in $names; do
	page=cli/alnage-$command.1
	commands=$((commands + 1))
	grep -qxF ".It Cm $command" cli/alnage.1 2>/dev/null || complain "cli/alnage.1: does not tell of $command"
	[ -f "$page" ] || { complain "$command: no manual page $page"; continue; }
	compare "$page" "$build/alnage" "$command"
	sed -n '/^\.Sh SEE ALSO/,$p' cli/alnage.1 | grep -E "^\.Xr alnage-$command 1( ,)?$" >/dev/null || complain "cli/alnage.1: SEE ALSO lacks alnage-$command"
done
[ "$commands" -ge 10 ] || complain "only $commands commands found"
# the other program's commands have the same pages, and at most the same options
for command in $("$build/alnage-verify" --help | sed -nE 's/^  ([a-z-]+) .*/\1/p'); do
	for option in $(options_of "$build/alnage-verify" "$command"); do
		options_of "$build/alnage" "$command" | grep -xF -- "$option" >/dev/null ||
			complain "alnage-verify $command has --$option, which alnage $command does not"
	done
done
for page in cli/alnage-*.1; do
	command=${page#cli/alnage-}
	grep -qxF -- "${command%.1}" <<<"$names" || complain "$page: there is no such command"
done
for option in quiet verbose help; do
	grep -qxF -- ".It Fl -$option" cli/alnage.1 || complain "cli/alnage.1: does not tell of --$option"
done
# all that policies and trust files can have is in the page on them
settings=$(sed -nE '/static const char \*const (known|key_settings|keyless_settings)\[\] = \{/,/\};/p' \
	attest/policy.c attest/policy_attestation.c attest/policy_vulnerabilities.c attest/trust.c |
	grep -oE '"[a-z-]+"' | tr -d '"' | sort -u)
[ "$(wc -w <<<"$settings")" -ge 40 ] || complain "only $(wc -w <<<"$settings") settings found"
for setting in $settings; do
	sed -n '/^\.Sh POLICY FILES/,/^\.Sh EXIT STATUS/p' cli/alnage-verify.1 |
		grep -E "(^|[ {])$setting([ :]|\$)" >/dev/null || complain "cli/alnage-verify.1: does not tell of $setting in files"
done
mandoc -T lint -W warning cli/*.1 || status=1
exit $status
