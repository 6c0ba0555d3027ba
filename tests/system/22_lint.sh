#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Linters: errors fail the build with file and remedy, warnings are said once, levels can be chosen.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
cp -R recipes "$tmp/recipes"
recipe=$tmp/recipes/packages/sloppy.yaml
write_recipe() { # FILE [DISABLED]
	cat >"$recipe" <<END
package:
  name: sloppy
  version: 1
  epoch: 0
  description: Sloppy packaging $(basename "$tmp")
  copyright:
    - license: Apache-2.0
${2:+  checks: {disabled: [$2]\}}
environment:
  contents:
    packages:
      - busybox
pipeline:
  - runs: |
      mkdir -p "\${{targets.destdir}}/$(dirname "$1")"
      echo text >"\${{targets.destdir}}/$1"
END
	sed -i 's/\\}/}/' "$recipe"
}
package() { "$alnage" package "$recipe" --recipes "$tmp/recipes" --output "$tmp/out" --quiet "$@"; }

# an error, told again the second time, when nothing has to be built
write_recipe var/empty/x
expect 1 'recipe sloppy: package sloppy: varempty: /var/empty/x: is in /var/empty' package
grep -q 'remove it after installing; .*name varempty in the recipe.s checks.disabled' "$tmp/said" ||
	fail "no remedy"
[ ! -e "$tmp/out/packages/x86_64/sloppy-1-r0.apk" ] || fail "the package is there"
expect 1 'varempty' package
expect 0 'warning: sloppy: varempty: /var/empty/x' package --lint-warn varempty
package --lint-off varempty 2>"$tmp/said"
! grep -q varempty "$tmp/said" || fail "a linter that is off was heard"

# the recipe knows better
write_recipe var/empty/x varempty
expect 0 'warning: sloppy: varempty' package

# a warning, once
write_recipe usr/local/bin/x
expect 0 'warning: sloppy: usrlocal: /usr/local/bin/x' package
expect 0 '' package
! grep -q warning "$tmp/said" || fail "said twice"
expect 1 'package sloppy: usrlocal: /usr/local/bin/x' package --lint-require usrlocal
expect 2 "there is no linter 'usrlocul' .did you mean 'usrlocal'" package --lint-require usrlocul
