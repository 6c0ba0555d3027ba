#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# split/debug on demand: zlib and a program of it are stripped, their symbols are in -dbg packages, and gdb finds these
# by build ID and by the name in .gnu_debuglink.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need jq gdb readelf python3
cp -R recipes "$tmp/recipes"
python3 - "$tmp/recipes/packages/zlib.yaml" <<'END'
import sys
path = sys.argv[1]
text = open(path).read()
text = text.replace("  - uses: strip\n    with:\n      opts: --strip-unneeded --remove-section=.comment\n", """  - name: Program
    runs: |
      cat >program.c <<'EOF'
      #include <stdio.h>
      #include <zlib.h>
      unsigned long answer(const char *text)
      {
        return crc32(0, (const unsigned char *)text, 2);
      }
      int main(void) { return printf("%lx\\n", answer("42")) < 0; }
      EOF
      mkdir -p "${{targets.destdir}}/usr/bin"
      cc $CFLAGS -O0 -static-pie -I. -o "${{targets.destdir}}/usr/bin/zprogram" program.c libz.a
""")
text = text.replace("      - build-base\n\npipeline:", "      - build-base\n  environment:\n    CFLAGS: -O2 -g\n\npipeline:", 1)
text = text.replace("subpackages:\n", "subpackages:\n  - name: zlib-dbg\n    description: Symbols of zlib for debuggers\n    pipeline:\n      - uses: split/debug\n\n", 1)
open(path, "w").write(text)
END
"$alnage" package "$tmp/recipes/packages/zlib.yaml" --recipes "$tmp/recipes" --output "$tmp/out" --quiet
root=$tmp/root
mkdir "$root" "$tmp/dbg"
tar -xzf "$tmp"/out/packages/x86_64/zlib-1*.apk -C "$root" 2>/dev/null
tar -xzf "$tmp"/out/packages/x86_64/zlib-dbg-1*.apk -C "$tmp/dbg" 2>/dev/null
library=$(cd "$root" && echo usr/lib/libz.so.1.*)
debug=$tmp/dbg/usr/lib/debug
for file in "$library" usr/bin/zprogram; do
	readelf -SW "$root/$file" >"$tmp/sections"
	! grep -qE ' \.(symtab|debug_info) ' "$tmp/sections" || fail "$file is not stripped"
	grep -q ' \.gnu_debuglink ' "$tmp/sections" || fail "$file has no .gnu_debuglink"
	readelf -SW "$debug/$file.debug" | grep ' \.debug_info ' >/dev/null || fail "no symbols of $file"
	id=$(readelf -n "$root/$file" | sed -n 's/^ *Build ID: //p')
	[ "$debug/.build-id/${id:0:2}/${id:2}.debug" -ef "$debug/$file.debug" ] || fail "no name by build ID for $file"
done
# what is for debuggers offers no library and needs none
tar -xzOf "$tmp"/out/packages/x86_64/zlib-dbg-1*.apk .PKGINFO 2>/dev/null >"$tmp/info"
! grep -E '^(depend|provides|# vendored) = ' "$tmp/info" || fail "the -dbg package has dependencies or offers"

# ---- gdb, by build ID ----
debugger() { gdb -nx -batch -iex 'set auto-load off' -ex "set debug-file-directory $1" "${@:2}" </dev/null 2>&1; }
debugger "$debug" -ex "file $root/$library" -ex 'info line deflate' >"$tmp/said"
grep -qE 'Line [0-9]+ of ".*deflate\.c"' "$tmp/said" || { cat "$tmp/said"; fail "gdb knows no line of deflate"; }
debugger "$debug" -ex "file $root/usr/bin/zprogram" -ex 'break answer' -ex run -ex 'print text' -ex bt -ex c >"$tmp/said" || true
grep -q '"42"' "$tmp/said" || { cat "$tmp/said"; fail "gdb does not show the variable"; }
grep -qE '#1 .* main \(\) at .*program\.c:[0-9]+' "$tmp/said" || { cat "$tmp/said"; fail "gdb does not show the frames"; }
# ---- and by name alone ----
mkdir -p "$tmp/named$root/usr"
cp -R "$debug/usr/lib" "$tmp/named$root/usr/lib"
debugger "$tmp/named" -ex "file $root/$library" -ex 'info line deflate' | grep 'deflate\.c' >/dev/null || fail "gdb does not find the symbols by name"
# ---- not without them ----
! debugger "$tmp/nowhere" -ex "file $root/$library" -ex 'info line deflate' | grep 'deflate\.c' || fail "the symbols are not only in -dbg"
echo OK
