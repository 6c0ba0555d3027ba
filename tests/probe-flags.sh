#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Prints WARN_FLAGS, HARDEN_CFLAGS and HARDEN_LDFLAGS that this compiler takes, as make text.
# The wanted lists: OpenSSF compiler options hardening guide (edition 2026-06-30) and a few more.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
echo 'int main(void) { return 0; }' >"$dir/x.c"

takes() { "$@" -Werror -o "$dir/x" "$dir/x.c" >/dev/null 2>&1; }
keep() {
	local name=$1 flag taken=()
	shift
	for flag; do
		if takes "${cc[@]}" "${taken[@]}" "$flag"; then taken+=("$flag"); fi
	done
	echo "$name := ${taken[*]}"
}

read -ra cc <<<"$*"
takes "${cc[@]}" || { echo "probe-flags.sh: '$*' does not compile a program" >&2; exit 1; }

keep WARN_FLAGS -Wall -Wextra -Wformat=2 -Wconversion -Wimplicit-fallthrough -Wtrampolines \
	-Wbidi-chars=any -Werror=format-security -Werror=implicit \
	-Werror=incompatible-pointer-types -Werror=int-conversion -Wsign-conversion -Wshadow \
	-Wcast-qual -Wcast-align -Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes -Wundef \
	-Wvla -Walloca -Wswitch-enum -Wnull-dereference -Wlogical-op -Wduplicated-cond \
	-Wduplicated-branches -Wframe-larger-than=16384 -Wunused-result -Wno-gnu-statement-expression

architecture=()
case $("${cc[@]}" -dumpmachine) in
x86_64*) architecture=(-fcf-protection=full) ;;
aarch64*) architecture=(-mbranch-protection=standard) ;;
esac
keep HARDEN_CFLAGS -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstrict-flex-arrays=3 \
	-fstack-clash-protection -fstack-protector-strong "${architecture[@]}" \
	-ftrivial-auto-var-init=zero -fzero-init-padding-bits=all -fno-delete-null-pointer-checks \
	-fno-strict-overflow -fno-strict-aliasing -fPIE -ffunction-sections -fdata-sections
keep HARDEN_LDFLAGS -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,-z,nodlopen \
	-Wl,--as-needed -Wl,--no-copy-dt-needed-entries
