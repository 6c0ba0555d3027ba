#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The pipelines for languages, as they are, with Debian's compilers and interpreters of today: locks a build root
# that has them, builds tests/languages/packages twice under other circumstances with their tests
# (tests/rebuild-all.sh), and has each pipeline refuse what only a network could give.
#
#	[WORK=DIR] tests/languages.sh [NAME of tests/languages/packages...]
#
# It fetches about 600 MB from the mirror of this machine's apt sources and takes its time. WORK keeps all of it, so
# that a stopped run goes on; without it it is in $TMPDIR, and removed.
set -euo pipefail
cd "$(dirname "$0")/.."
alnage=$(realpath "${BUILD:-build}/alnage")
if [ -n "${WORK:-}" ]; then
	work=$WORK
else
	work=$(mktemp -d -p "${TMPDIR:-/var/tmp}")
	trap 'chmod -R u+rwX "$work"; rm -rf "$work"' EXIT
fi
recipes=$work/recipes
mkdir -p "$recipes" "$work/rebuild"
rm -rf "${recipes:?}/packages" "$recipes/pipelines"
cp -R tests/languages/* "$recipes/"
cp -R recipes/pipelines "$recipes/"
if [ ! "$recipes/toolchain.lock.json" -nt tests/languages/toolchain.yaml ]; then
	"$alnage" toolchain lock --recipes "$recipes" --store "$work/rebuild/one/store" >"$work/locked"
fi
printf 'build root: %d packages\n' "$(jq '.packages | length' "$recipes/toolchain.lock.json")"

status=0
chosen=("${@/#/$recipes/packages/}")
REBUILD=$work/rebuild RECIPES=$recipes tests/rebuild-all.sh "${chosen[@]/%/.yaml}" || status=1
[ $# -eq 0 ] || exit $status

# ---- what only a network could give ----
# refuses TEXT PACKAGES STEPS: a recipe with these packages and steps fails, and says so
refuses() {
	local said
	printf 'package:\n  name: refused\n  version: 1\n  epoch: 0\nenvironment:\n  contents:\n    packages: [%s]\npipeline:\n%s\n' \
		"$2" "$3" >"$recipes/packages/refused.yaml"
	if said=$("$alnage" package --quiet --recipes "$recipes" --store "$work/rebuild/one/store" --output "$work/refused" \
		"$recipes/packages/refused.yaml" 2>&1); then
		echo "not refused: $3"
		status=1
	elif ! grep -qE -- "$1" <<<"$said"; then
		printf 'refused without "%s":\n%s\n' "$1" "$said"
		status=1
	else
		printf 'refused, as it should be: %s\n' "$(sed -nE 's/.*uses: //p' <<<"$3" | tr '\n' ' ')"
	fi
}
no_network='there is no network in a build'
module='  - runs: |
      printf "module m\n\ngo 1.21\n\nrequire example.org/gone v1.0.0\n" >go.mod
      printf "package main\n\nimport _ \"example.org/gone\"\n\nfunc main() {}\n" >main.go'
refuses "go: $no_network" go "$module
  - uses: go/build
    with: {packages: ., output: m}"
refuses "go: $no_network" go "$module
  - uses: go/build/v2"
refuses "go/bump: $no_network" go "$module
  - uses: go/bump
    with: {deps: example.org/gone@v1.1.0}"
refuses "go/install: $no_network" go "  - uses: go/install
    with: {package: example.org/gone, version: latest}"
refuses "cargo/build: $no_network" rust '  - runs: |
      mkdir src
      echo "fn main() {}" >src/main.rs
      printf "[package]\nname = \"m\"\nversion = \"1.0.0\"\n\n[dependencies]\nhex = \"0.4\"\n" >Cargo.toml
  - uses: cargo/build'
refuses "npm/install: $no_network" npm '  - uses: npm/install
    with: {package: semver, version: 7.6.1}'
refuses 'overrides cannot be looked up' npm '  - uses: npm/install
    with: {package: semver, version: 7.6.1, overrides: a@1}'
refuses "python/build-wheel: $no_network" 'python3, py3-setuptools' '  - runs: |
      printf "[build-system]\nrequires = [\"setuptools\", \"gone\"]\n" >pyproject.toml
  - uses: python/build-wheel'
refuses 'did not give the package other' R '  - runs: |
      printf "Package: some\nVersion: 1.0\nTitle: T\nDescription: D.\nLicense: MIT\nAuthor: A\nMaintainer: A <a@example.org>\n" >DESCRIPTION
      touch NAMESPACE
  - uses: R/build
    with: {package: other, version: 1.0}'
refuses "ERROR: +Could not find a valid gem|gone-1.0.gem" ruby '  - uses: ruby/install
    with: {gem: gone, version: 1.0}'
refuses "maven/configure-mirror: $no_network" maven '  - uses: maven/configure-mirror'
rm "$recipes/packages/refused.yaml"
exit $status
