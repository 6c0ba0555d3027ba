#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Packages of a repository whose index and checksums are right, but whose paths or names are hostile: refused with the
# reason, and nothing is written anywhere.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need python3 openssl
make_keys
mkdir "$tmp/outside"
hostile() { python3 tests/system/hostile_packages.py "$@"; }
declare -A reasons=(
	[parent]='"\.\./escaped": a component ".."'
	[absolute]='an absolute path'
	[middle]='"usr/\.\./\.\./escaped": a component ".."'
	[control]='control characters in a name'
	[whiteout]='whiteout name'
	[dot]='a dot file in the root'
	[symlink]='below "out", which is no directory'
	[hardlink]='hard link to "\.\./\.\./\.\./\.\./etc/passwd": a component ".."'
	[dangling]='hard link to "usr/nothing", which is no regular file'
	[device]='a device node'
	[fifo]='a fifo'
	[twice]='a second entry with this name'
	[name-slash]='package name "a/escaped" is not'
	[name-parent]='package name "\.\./escaped" is not'
	[name-control]='control characters'
	[name-dots]='package name "\.\." is not'
)
count=0
for case in $(hostile); do
	case $case in mount | setid | applets | huge) continue ;; esac # of build roots: 43_build_roots.sh
	hostile "$tmp/$case" "$tmp/keys/package.rsa" "$case" "$tmp/outside"
	printf 'contents:\n  packages: [evil]\n  repositories: ["%s"]\n  keyring: ["%s"]\n' \
		"$tmp/$case" "$tmp/keys/package.rsa.pub" >"$tmp/evil.yaml"
	build() { "$alnage" build "$tmp/evil.yaml" --output "$tmp/out/$case"; }
	if [ "$case" = good ]; then
		build >/dev/null 2>"$tmp/said" || { cat "$tmp/said"; fail "a harmless package was refused"; }
		rm -rf "$tmp/out/good"
		continue
	fi
	got=0
	build >"$tmp/said" 2>&1 || got=$?
	[ "$got" = 1 ] || [ "$got" = 3 ] || { cat "$tmp/said"; fail "$case: exit $got"; }
	grep -qE "$tmp/$case/.*${reasons[$case]}" "$tmp/said" || { cat -v "$tmp/said"; fail "$case: the reason is not said"; }
	! grep -q $'\x01' "$tmp/said" || fail "$case: a control character was written to the terminal"
	[ ! -e "$tmp/out/$case/evil" ] || fail "$case: there is an image"
	count=$((count + 1))
done
[ "$count" = "${#reasons[@]}" ] || fail "$count cases"
same "$(find "$tmp" -name '*escaped*')" ""
[ ! -e /escaped ] && [ ! -e /tmp/escaped ]
