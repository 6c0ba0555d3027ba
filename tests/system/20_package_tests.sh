#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# package --test: tests see only what the package declares; failures are told; what passed is kept.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need jq
cp -R recipes "$tmp/recipes"
recipe=$tmp/recipes/packages/tiny.yaml
# a run of its own, so that no earlier result is known
mark=$(basename "$tmp")
# write_recipe TEST: the main package has a program that needs the helper package
write_recipe() {
	cat >"$recipe" <<END
package:
  name: tiny
  version: 1.2
  epoch: 3
  description: A program for tests $mark
  copyright:
    - license: Apache-2.0
  dependencies:
    runtime:
      - ${2-tiny-helper}
environment:
  contents:
    packages:
      - busybox
pipeline:
  - runs: |
      mkdir -p "\${{targets.destdir}}/usr/bin"
      printf '#!/bin/sh\ntiny-helper\n' >"\${{targets.destdir}}/usr/bin/tiny"
      chmod 0755 "\${{targets.destdir}}/usr/bin/tiny"
subpackages:
  - name: tiny-helper
    pipeline:
      - runs: |
          mkdir -p "\${{targets.subpkgdir}}/usr/bin"
          printf '#!/bin/sh\necho helped\n' >"\${{targets.subpkgdir}}/usr/bin/tiny-helper"
          chmod 0755 "\${{targets.subpkgdir}}/usr/bin/tiny-helper"
    test:
      environment:
        environment:
          WORD: given
        contents:
          packages:
            - build-base
      pipeline:
        - name: Toolchain
          runs: |
            [ "\$WORD" = given ]
            [ -x /sysroot/usr/bin/tiny-helper ]
            [ -x /usr/bin/tiny-helper ]
            command -v cc
            [ ! -e /usr/bin/tiny ]
test:
  pipeline:
    - name: First
      runs: |
        ! command -v cc || exit 1
    - name: Second
      runs: |
        $1
END
}
package() { "$alnage" package "$recipe" --recipes "$tmp/recipes" --output "$tmp/out" --quiet --json "$@"; }

# without --test nothing is run
write_recipe 'exit 7'
same 0 "$(package | jq .testsPassed)"
[ -f "$tmp/out/packages/x86_64/tiny-1.2-r3.apk" ] || fail "no package"

# a failing test: which package, which step, the end of its log, where all of it is
write_recipe 'echo the reason; exit 7'
expect 1 "test of tiny: step 'Second' failed with status 7" package --test
grep -q 'the reason' "$tmp/said" || fail "the log is not shown"
log=$(grep -o '/[^ ]*/logs/test-tiny-1.2-r3-[0-9a-f]*.log' "$tmp/said" | sort -u)
grep -q -- '--- step 1/2: First' "$log" || fail "no log"

# it fails again: only passing is remembered
expect 1 "status 7" package --test

# what the package does not depend on is not there
write_recipe 'tiny' musl
expect 1 "test of tiny: step 'Second' failed with status 127" package --test

# two pass, and are known the next time
write_recipe '[ "$(tiny)" = helped ]'
package --test >"$tmp/first.json"
same '2 0' "$(jq -r '"\(.testsPassed) \(.testsCached)"' "$tmp/first.json")"
package --test >"$tmp/second.json"
same '2 2' "$(jq -r '"\(.testsPassed) \(.testsCached)"' "$tmp/second.json")"

# another test is another test
write_recipe '[ "$(tiny)" = helped ]; exit 0'
same 1 "$(package --test | jq '.testsPassed - .testsCached > 0 | if . then 1 else 0 end')"

# of two runs at once one tests, and the other waits for it
write_recipe 'sleep 3; [ "$(tiny)" = helped ]'
package --test >"$tmp/other.json" &
package --test >"$tmp/one.json"
wait $!
same '4 3' "$(jq -rs '"\(map(.testsPassed) | add) \(map(.testsCached) | add)"' "$tmp/one.json" "$tmp/other.json")"

# a name that nothing stands for
sed -i 's/- build-base/- no-such-thing/' "$recipe"
expect 1 "test of tiny-helper.*no-such-thing" package --test
