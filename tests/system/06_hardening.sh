#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every ELF file in the images: PIE (or a library), full RELRO, no executable stack, stack protector,
# no RPATH, no build path. Read with readelf, not with our own reader.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need jq umoci readelf
[ "$(id -u)" = 0 ] || skip "needs root for umoci unpack"
make_keys
checked=0
check_elf() {
	local file=$1 name=${1#"$tmp"/} headers dynamic symbols
	headers=$(readelf -hlW "$file") dynamic=$(readelf -dW "$file") symbols=$(readelf -sW --dyn-syms "$file")
	grep -qE 'Type: +DYN' <<<"$headers" || fail "$name is not position independent"
	grep -q GNU_RELRO <<<"$headers" || fail "$name has no RELRO"
	grep -qE 'GNU_STACK.* RW ' <<<"$headers" || fail "$name has an executable stack, or does not say"
	! grep -qE 'LOAD.* RWE' <<<"$headers" || fail "$name has a segment that is writable and executable"
	grep -qE 'BIND_NOW|Flags:.*NOW' <<<"$dynamic" || fail "$name binds lazily"
	! grep -qE 'RPATH|RUNPATH|TEXTREL' <<<"$dynamic" || fail "$name has an RPATH or text relocations"
	if ! grep -q 'Shared object file' <<<"$headers" || [ -n "$(grep INTERP <<<"$headers")" ]; then
		grep -q 'Flags:.* PIE' <<<"$dynamic" || fail "$name is not marked PIE"
	fi
	! grep -qE '\.(debug_info|symtab)' <<<"$(readelf -SW "$file")" || fail "$name is not stripped"
	! grep -qaE '/home/build|melange-out' "$file" || fail "$name holds a build path"
	if ! grep -q __stack_chk_fail <<<"$symbols"; then
		# libc itself defines it hidden: then the canary is read from the thread block
		case $name in */ld-musl-*) ;; *) unprotected+=("$name") ;; esac
	fi
	checked=$((checked + 1))
}
for image in busybox nginx; do
	unprotected=()
	build_image $image >/dev/null
	umoci unpack --image "$tmp/out/$image:latest" "$tmp/$image" >/dev/null
	while read -r file; do
		if head -c 4 "$file" | grep -a ELF >/dev/null; then check_elf "$file"; fi
	done < <(find "$tmp/$image/rootfs" -type f -size +64c)
	[ ${#unprotected[@]} -eq 0 ] || fail "no stack protector: ${unprotected[*]}"
	# nothing that raises privileges, nothing that anybody may write
	same "$(find "$tmp/$image/rootfs" -perm /6000 | wc -l)" 0 "set-id files in $image"
	same "$(find "$tmp/$image/rootfs" ! -type l -perm -002 ! -perm -1000 | wc -l)" 0 "world-writable files in $image"
done
[ "$checked" -ge 7 ] || fail "only $checked ELF files were looked at"
