#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Recipes of other collections. Their test pipelines: what they call is there, knows the packages of the root,
# and fails for packages that are not what is said of them. And what building them needs.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need jq gcc
cp -R recipes "$tmp/recipes"
mark=$(basename "$tmp") # so that no earlier result is known
# recipe TEST-STEP [PACKAGE-OF-THE-TEST]: packages of many kinds, and one test
recipe() {
	local package=${2:-kinds}
	cat >"$tmp/kinds.yaml" <<-END
		package:
		  name: kinds
		  version: 1.2.3
		  epoch: 4
		  description: Packages of all kinds
		  copyright:
		    - license: Apache-2.0
		  dependencies:
		    runtime: [linux-headers, merged-usrsbin, wolfi-baselayout]
		environment:
		  contents:
		    packages: [build-base, wolfi-base]
		  environment:
		    GREETING: of the build
		    MARK: $mark
		pipeline:
		  - runs: |
		      out=\${{targets.destdir}}/usr
		      mkdir -p \$out/bin \$out/lib
		      echo 'int kind(void) { return 0; }' >kind.c
		      echo 'int kind(void); int main(void) { return kind(); }' >main.c
		      cc -shared -fPIC -Wl,-soname,libkind.so.1 -o \$out/lib/libkind.so.1 kind.c
		      cc -o \$out/bin/kind main.c \$out/lib/libkind.so.1
		      printf '#!/bin/sh\ncase \$1 in -V) echo kind 1.2.3;; *) echo usage: kind; exit 1;; esac\n' >\$out/bin/talker
		      chmod 0755 \$out/bin/talker
		      ln -s kind \$out/bin/good
		subpackages:
		  - name: kinds-dev
		    dependencies: {provides: [virtual-kind=5]}
		    pipeline:
		      - runs: mkdir -p \${{targets.subpkgdir}}/usr/include; echo >\${{targets.subpkgdir}}/usr/include/kind.h
		  - name: kinds-doc
		    pipeline:
		      - runs: |
		          mkdir -p \${{targets.subpkgdir}}/usr/share/man/man1
		          printf '.TH KIND 1\n.SH NAME\nkind\n' >\${{targets.subpkgdir}}/usr/share/man/man1/kind.1
		  - name: kinds-static
		    pipeline:
		      - runs: mkdir -p \${{targets.subpkgdir}}/usr/lib; echo >\${{targets.subpkgdir}}/usr/lib/libkind.a
		  - name: kinds-meta
		    description: A meta package
		    dependencies: {runtime: [kinds-dev]}
		  - name: kinds-links
		    pipeline:
		      - runs: |
		          mkdir -p \${{targets.subpkgdir}}/usr/share/links
		          ln -s nothing \${{targets.subpkgdir}}/usr/share/links/bad
		          ln -s /usr/bin \${{targets.subpkgdir}}/usr/share/links/absolute
		  - name: kinds-broken
		    options: {no-depends: true, no-provides: true}
		    pipeline:
		      - runs: |
		          mkdir -p \${{targets.subpkgdir}}/usr/bin
		          cc -shared -fPIC -Wl,-soname,libgone.so.1 -o libgone.so.1 kind.c
		          cc -o \${{targets.subpkgdir}}/usr/bin/broken main.c ./libgone.so.1
		test:
		  environment:
		    contents:
		      packages: [wolfi-base, help-check, ldd-check, man-db, package-type-check, symlink-check, ver-check, $package]
		    environment:
		      WORD: of the test
		  pipeline:
		    - name: Look
		      runs: |
		        $1
	END
}
tested() { # STATUS TEXT TEST-STEP [PACKAGE]
	recipe "$3" "${4:-}"
	expect "$1" "$2" "$alnage" package --test "$tmp/kinds.yaml" --recipes "$tmp/recipes" --output "$tmp/out" --quiet
}

# ---- what a root knows, and its variables: those of the build, too ----
# shellcheck disable=SC2016 # for the test's shell
tested 0 '' '[ "$GREETING" = "of the build" ] && [ "$WORD" = "of the test" ]'
# shellcheck disable=SC2016
tested 0 '' '[ "$GOPATH $GOMODCACHE" = "/home/build/.cache/go /var/cache/melange/gomodcache" ]'
tested 0 '' 'apk info -qL kinds | grep -x usr/bin/kind && apk info -L kinds | grep -x "kinds-1.2.3-r4 contains:"'
tested 0 '' 'apk info -e kinds && ! apk info -e kinds-doc'
tested 0 '' 'apk list --installed kinds | grep -F "kinds-1.2.3-r4 x86_64 {kinds} (Apache-2.0) [installed]"'
# shellcheck disable=SC2016
tested 0 '' '[ "$(apk info --installed --depends kinds-meta | tail -n +2)" = kinds-dev ]' kinds-meta
tested 1 'without .add.' 'apk add busybox'
tested 0 '' 'man -l /usr/share/man/man1/kind.1 | grep NAME' kinds-doc
# A package with pages needs man-db, which only the toolchain has, though neither recipe nor test says so.
sed -e 's/^  - name: kinds-doc$/&\n    test:\n      pipeline:\n        - runs: command -v man/' "$tmp/kinds.yaml" >"$tmp/pages.yaml"
mv "$tmp/pages.yaml" "$tmp/kinds.yaml"
expect 0 '' "$alnage" package --test "$tmp/kinds.yaml" --recipes "$tmp/recipes" --output "$tmp/out" --quiet

# ---- libraries ----
tested 0 '' 'ldd-check --packages=kinds | grep -F "PASS: 2 programs"'
tested 1 'FAIL: /usr/bin/broken:' 'ldd-check --packages="kinds kinds-broken"' kinds-broken
tested 1 'libgone.so.1' 'ldd-check --packages=kinds-broken' kinds-broken
tested 0 '' 'ldd-check --packages=kinds-broken --exclude-files="brok*"' kinds-broken
tested 1 'FAIL: /usr/bin/broken' 'ldd-check --packages=none --files=/usr/bin/broken' kinds-broken
tested 1 'no package nothing' 'ldd-check --packages=nothing'
# The target's, not those of the C library below the compiler.
tested 0 '' 'ldd /usr/bin/kind | grep libkind.so.1 && ! command -v locale'

# ---- versions and help ----
tested 0 '' 'ver-check --bins=talker --version=1.2.3'
tested 1 'does not say 1.2.4' 'ver-check --bins="talker" --version=1.2.4'
tested 1 'does not say' 'ver-check --bins=talker --version=1.2.3 --version-flag=--version'
tested 1 'does not say' 'ver-check --bins=talker --version=1.2.3 --match-type=exact'
tested 1 'no program silent' 'ver-check --bins="talker silent" --version=1.2.3'
tested 0 '' 'help-check --bins=talker --expect-contains="usage kind"'
tested 1 'does not help with: options' 'help-check --bins=talker --expect-contains=options'
tested 1 'does not help' 'help-check --bins="talker true" --help-flag=--never'

# ---- kinds of packages ----
for kind in dev doc static meta; do
	tested 0 '' "package-type-check ${kind/doc/docs} kinds-$kind" kinds-$kind
done
tested 0 '' 'package-type-check byproduct never-made && package-type-check virtual kinds-dev --virtual-pkg "virtual-kind"' kinds-dev
tested 1 'is not called -dev' 'package-type-check dev kinds'
tested 1 'no headers below /opt' 'package-type-check dev kinds-dev --prefix /opt' kinds-dev
tested 1 'has other files: .*kind.h|no static library' 'package-type-check static kinds-dev' kinds-dev
tested 1 'no man, info or doc' 'package-type-check docs kinds'
tested 1 'has files: ' 'package-type-check empty kinds-dev' kinds-dev
tested 1 'is not installed' 'package-type-check meta kinds-meta'
tested 1 'does not provide other-kind' 'package-type-check virtual kinds-dev --virtual-pkg "virtual-kind other-kind"' kinds-dev
tested 1 'is installed, which' 'package-type-check byproduct kinds'

# ---- links ----
tested 0 '' 'symlink-check --packages=kinds | grep "PASS: 1 links"'
tested 1 'links/bad leads to nothing' 'symlink-check --packages=kinds-links --allow-absolute=true' kinds-links
tested 1 'absolute leads to /usr/bin, from the root' 'symlink-check --packages=kinds-links' kinds-links

# ---- building: scripts of a time that did not know the target's C library ----
cat >"$tmp/old.yaml" <<END
package:
  name: old
  version: 1
  epoch: 0
  description: $mark
  copyright:
    - license: Apache-2.0
environment:
  contents:
    packages: [build-base, glibc-iconv, gnutar, pkgconf-dev, zlib-static]
pipeline:
  - runs: |
      printf '#include <stdio.h>\\nvoid say(const char *text) { printf(text); }\\n' >say.c
      \${{host.triplet.gnu}}-gcc -c say.c # a format that is none of ours to refuse
      test -e /sysroot/usr/lib/libz.a # other collections' names for what is there
      printf 'echo Invalid configuration >&2\nexit 1\n' >config.sub
      cp config.sub config.guess
      printf '#!/bin/sh\nsh ./config.sub "\${1#--host=}" && sh ./config.guess\n' >configure
      chmod 0755 configure
  - uses: autoconf/configure
END
expect 0 '' "$alnage" package "$tmp/old.yaml" --recipes "$tmp/recipes" --output "$tmp/out" --quiet
