#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The built-in pipelines: every script is right for the shells there are, no value of an input becomes a
# command, each one is in the table of the README, and a refused one says what to do.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need python3 dash patch
pipelines=$PWD/recipes/pipelines
check() { # MODE FOLDER
	rm -rf "$tmp/check"
	mkdir "$tmp/check"
	python3 tests/system/pipelines.py "$1" "$alnage" "$2" "$tmp/check"
}

check syntax "$pipelines" || fail "a script is malformed"
check hostile "$pipelines" || fail "hostile values"

# ---- the checks see what they are for ----
mkdir "$tmp/naive" "$tmp/broken"
cat >"$tmp/naive/naive.yaml" <<'END'
inputs:
  single:
    description: |
      In single quotes.
  double:
    description: |
      In double quotes.
  bare:
    description: |
      As it is.

pipeline:
  - runs: |
      echo '${{inputs.single}}' "${{inputs.double}}" ${{inputs.bare}}
END
expect 1 '10 caught' check hostile "$tmp/naive"
for input in single double bare; do
	grep -q "naive: a value became a command: {'$input': " "$tmp/said" || fail "$input was not caught alone"
done
printf 'pipeline:\n  - runs: if true; then\n' >"$tmp/broken/broken.yaml"
expect 1 'broken: bash|broken: /bin/bash' check syntax "$tmp/broken"

# ---- what moves where ----
box=$tmp/box main=$tmp/box/melange-out/p
works() { # STEPS of p; [SUBPACKAGES]
	printf 'package:\n  name: p\n  version: 1\n  epoch: 0\n' >"$tmp/moved.yaml"
	[ -z "$1" ] || printf 'pipeline:\n%s\n' "$1" >>"$tmp/moved.yaml"
	[ -z "${2:-}" ] || printf 'subpackages:\n%s\n' "$2" >>"$tmp/moved.yaml"
	python3 tests/system/pipelines.py run "$alnage" "$tmp/moved.yaml" "$box"
}
give() { # FILES of p
	rm -rf "$box"
	for file; do
		mkdir -p "$main/${file%/*}"
		echo "$file" >"$main/$file"
	done
}
part() { printf '  - name: %s\n    pipeline:\n      - uses: %s\n' "$1" "$2"; }
holds() { # PACKAGE FILES, in order
	same "$(cd "$box/melange-out/$1" && find . ! -type d | sort | tr '\n' ' ')" "$2" "the files of $1"
}
give usr/share/man/man1/a.1 usr/local/share/man/man1/b.1 usr/man/man1/c.1 usr/share/info/dir usr/share/info/x.info \
	usr/share/doc/x/y usr/local/share/doc/z usr/bin/x
works '' "$(part p-doc split/alldocs)" >"$tmp/said" 2>&1 || { cat "$tmp/said"; fail "split/alldocs"; }
holds p-doc "./usr/share/doc/x/y ./usr/share/doc/z ./usr/share/info/x.info ./usr/share/man/man1/a.1 \
./usr/share/man/man1/b.1 ./usr/share/man/man1/c.1 "
holds p './usr/bin/x '
same "$(cd "$main" && find . -type d | sort | tr '\n' ' ')" '. ./usr ./usr/bin ' 'empty folders'
give usr/bin/x usr/bin/y usr/lib/z
works '' "$(part q split/bin)
$(part q-bin split/bin)" >"$tmp/said" 2>&1 || { cat "$tmp/said"; fail "split/bin"; }
holds q-bin './usr/bin/x ./usr/bin/y ' # of q, not of p
holds q ''
expect 1 'usr/bin is no folder' works '' "$(part r split/bin)"
give include/a.h opt/x/include/b.h usr/share/c.h usr/share/gir-1.0/d usr/share/gir-x/e opt/e.a usr/lib/libf.so.1 usr/bin/g-config
ln -s libf.so.1 "$main/usr/lib/libf.so"
works '' "$(part p-dev split/dev)" >"$tmp/said" 2>&1 || { cat "$tmp/said"; fail "split/dev"; }
holds p-dev './include/a.h ./opt/x/include/b.h ./usr/bin/g-config ./usr/lib/libf.so ./usr/share/c.h ./usr/share/gir-1.0/d '
holds p './opt/e.a ./usr/lib/libf.so.1 ./usr/share/gir-x/e '
give opt/x/lib/a.a opt/x/lib/pkgconfig/b.pc usr/lib/c.a
works '' "$(part p-dev split/dev)
        with:
          prefix: //opt/x" >"$tmp/said" 2>&1 || { cat "$tmp/said"; fail "split/dev with a prefix"; }
holds p-dev './opt/x/lib/a.a ./opt/x/lib/pkgconfig/b.pc '
holds p './usr/lib/c.a '
give usr/lib/liba.so.1 usr/lib/libb.so.2 usr/lib/c.so.3 usr/lib/sub/libd.so.4
works '' "$(part p-a split/lib)
        with:
          patterns: a
$(part p-libs split/lib)
        with:
          patterns: '*'
          paths: usr/lib/sub" >"$tmp/said" 2>&1 || { cat "$tmp/said"; fail "split/lib"; }
holds p-a './usr/lib/liba.so.1 '
holds p-libs './usr/lib/c.so.3 ./usr/lib/libb.so.2 ./usr/lib/sub/libd.so.4 '

# ---- patches: a series stands in for patches; names with spaces in it; numbers are numbers ----
rm -rf "$box"
mkdir -p "$box"
echo old >"$box/file"
for name in 'in series' alone; do
	printf -- '--- a/file\n+++ b/file\n@@ -1 +1 @@\n-old\n+%s\n' "$name" >"$box/$name.patch"
done
printf '# comment\n\nin series.patch\n' >"$box/series"
patch_step() { printf '  - uses: patch\n    with:\n      %s\n' "$1"; shift; [ $# -eq 0 ] || printf '      %s\n' "$@"; }
expect 0 'patch: in series.patch' works "$(patch_step 'series: series' 'patches: alone.patch')"
same "$(cat "$box/file")" 'in series'
expect 1 'numbers' works "$(patch_step 'patches: alone.patch' 'strip-components: "1 --dry-run"')"
expect 1 'neither patches nor series' works "$(printf '  - uses: patch')"

# ---- the table ----
while read -r name; do
	grep -qE "\`($name|${name%%/*}/\*)\`" "$pipelines/README.md" || fail "the README does not have $name"
done < <(cd "$pipelines" && find . -name '*.yaml' | sed 's|^\./||; s|\.yaml$||')

# ---- refused, by name and with a remedy ----
for name in maven/configure-mirror xcover/stop; do
	printf 'package:\n  name: x\n  version: 1\n  epoch: 0\npipeline:\n  - uses: %s\n' "$name" >"$tmp/refused.yaml"
	"$alnage" compile "$tmp/refused.yaml" 2>/dev/null | jq -r '.packages[0].steps[0].script' >"$tmp/script"
	expect 1 "$name: .*(no network|no step may)" bash "$tmp/script"
	grep -q 'Remove' "$tmp/said" || fail "$name names no remedy"
done

# ---- alnage compile --check-shell ----
"$alnage" compile --check --check-shell recipes/packages/*.yaml 2>"$tmp/said" || { cat "$tmp/said"; fail "our recipes"; }
write() { printf 'package:\n  name: x\n  version: 1\n  epoch: 0\n%s\n' "$1" >"$tmp/shell.yaml"; }
write "pipeline:
  - runs: |
      touch $tmp/ran
      if true; then echo"
expect 0 '1 of 1' "$alnage" compile --check "$tmp/shell.yaml"
expect 1 'shell.yaml:6: package x: runs: the script is no shell script: .*line 3: syntax error' \
	"$alnage" compile --check --check-shell "$tmp/shell.yaml"
[ ! -e "$tmp/ran" ] || fail "the script was run"
write "test:
  pipeline:
    - name: bashism
      runs: '[[ a == b ]] || diff <(echo a) <(echo b)'
    - uses: strip
      with:
        opts: \"'\"
    - name: half
      runs: echo \$(("
expect 1 'package x: half: the script is no shell script' "$alnage" compile --check --check-shell "$tmp/shell.yaml"
