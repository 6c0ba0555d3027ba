#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Pipelines for languages, run with this machine's tools on small projects whose sources are all there:
# Python (setup.py, wheels, imports) and Perl. No network is needed, and a missing source is told.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need python3 perl make unshare
export PATH=/usr/bin:/bin # Debian's Python, whatever else this machine has
for module in build installer setuptools wheel; do
	python3 -c "import $module" 2>/dev/null || skip "needs python3-$module"
done
perl -MExtUtils::MakeMaker -e 1 2>/dev/null || skip "needs perl"

# run_steps BOX STEPS: the steps of a recipe, with BOX as /home/build, in a namespace without network
run_steps() {
	printf 'package:\n  name: p\n  version: 1\n  epoch: 0\npipeline:\n%s\n' "$2" >"$tmp/recipe.yaml"
	unshare --user --map-root-user --net \
		python3 tests/system/pipelines.py run "$alnage" "$tmp/recipe.yaml" "$1"
}
works() { run_steps "$@" >"$tmp/said" 2>&1 || { cat "$tmp/said"; fail "$2"; }; }
out() { find "$1/melange-out/p" -type f -path "*$2" | head -n 1; }

python_project() {
	mkdir -p "$1/hello"
	echo 'def greet(): return "hello"' >"$1/hello/__init__.py"
	printf '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n' >"$1/pyproject.toml"
	printf '[project]\nname = "hello"\nversion = "1.0"\n[project.scripts]\nhello = "hello:greet"\n' >>"$1/pyproject.toml"
}

# ---- python/build-wheel ----
python_project "$tmp/wheel"
works "$tmp/wheel" '  - uses: python/build-wheel'
version=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
site=$tmp/wheel/melange-out/p/usr/lib/python$version/site-packages
[ -f "$site/hello/__init__.py" ] || fail "the module is not in site-packages"
[ -x "$tmp/wheel/melange-out/p/usr/bin/hello" ] || fail "the program is missing"
head -n 1 "$tmp/wheel/melange-out/p/usr/bin/hello" | grep -x '#!/usr/bin/python3' >/dev/null || fail "another interpreter"
[ -z "$(find "$tmp/wheel/melange-out" -name '*.pyc')" ] || fail "compiled files in the package"
python_project "$tmp/missing"
sed -i 's/\["setuptools"\]/["setuptools", "no-such-thing"]/' "$tmp/missing/pyproject.toml"
expect 1 'no network in a build: what \[build-system\] requires' run_steps "$tmp/missing" '  - uses: python/build-wheel'

# ---- python/build, python/install ----
mkdir -p "$tmp/setup"
echo 'x = 1' >"$tmp/setup/single.py"
echo 'from setuptools import setup; setup(name="single", version="1", py_modules=["single"])' >"$tmp/setup/setup.py"
works "$tmp/setup" '  - uses: python/build
  - uses: python/install'
same "$(out "$tmp/setup" /single.py)" "$tmp/setup/melange-out/p/usr/lib/python$version/site-packages/single.py" 'by setup.py'

# ---- python/import, python/test ----
works "$tmp/wheel" "  - uses: python/import
    environment:
      PYTHONPATH: $site
    with:
      python: python3
      imports: |
        import hello # a comment
        from hello import greet
  - uses: python/import
    environment:
      PYTHONPATH: $site
    with:
      python: python3
      from: hello
      import: greet
  - uses: python/test
    environment:
      PYTHONPATH: $site
    with:
      command: '[ \"\$(python3 -c \"import hello; print(hello.greet())\")\" = hello ]'"
refuse() { # TEXT WITH…
	local with
	with=$(printf '      %s\n' "${@:2}")
	expect 1 "$1" run_steps "$tmp/wheel" "  - uses: python/import
    with:
      python: python3
$with"
}
refuse 'import nowhere: failed' 'import: nowhere'
refuse 'does more than import' 'import: "os; print(1)"'
refuse 'does not import' 'imports: print'
refuse 'has a line break' 'import: "os\nprint"'
refuse 'either imports or import' 'import: os' 'imports: import os'
refuse 'nothing to import'
refuse 'either python or venv' 'import: os' 'venv: /nowhere'

# ---- perl ----
mkdir -p "$tmp/perl/lib"
# shellcheck disable=SC2016
printf 'package Hello;\nour $VERSION = "1.0";\nsub greet { "hello" }\n1;\n' >"$tmp/perl/lib/Hello.pm"
printf 'use ExtUtils::MakeMaker;\nWriteMakefile(NAME => "Hello", VERSION_FROM => "lib/Hello.pm");\n' \
	>"$tmp/perl/Makefile.PL"
works "$tmp/perl" '  - uses: perl/make
  - uses: autoconf/make
  - uses: autoconf/make-install
  - uses: perl/cleanup'
module=$(out "$tmp/perl" /Hello.pm)
[ -n "$module" ] || fail "the Perl module is not installed"
[ -z "$(find "$tmp/perl/melange-out" -name perllocal.pod -o -name .packlist)" ] || fail "perl/cleanup left something"
same "$(perl -I"${module%/*}" -MHello -e 'print Hello::greet()')" hello
