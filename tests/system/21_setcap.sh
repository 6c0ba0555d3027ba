#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Capabilities that a recipe declares arrive in the .apk and in the image's layer.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need jq python3
cp -R recipes "$tmp/recipes"
recipe=$tmp/recipes/packages/capable.yaml
write_recipe() { # PATH FLAGS
	cat >"$recipe" <<END
package:
  name: capable
  version: 1
  epoch: 0
  description: A program that may open raw sockets $(basename "$tmp")
  copyright:
    - license: Apache-2.0
  setcap:
    - path: ${1-/usr/bin/capable}
      add:
        cap_net_raw: ${2-+ep}
      reason: it pings
    - path: ${1-usr/bin/capable}
      add:
        cap_net_bind_service: +ep
      reason: it serves
environment:
  contents:
    packages:
      - busybox
pipeline:
  - runs: |
      mkdir -p "\${{targets.destdir}}/usr/bin"
      printf '#!/bin/sh\n' >"\${{targets.destdir}}/usr/bin/capable"
      chmod 0755 "\${{targets.destdir}}/usr/bin/capable"
      ln -s capable "\${{targets.destdir}}/usr/bin/other"
END
}
package() { "$alnage" package "$recipe" --recipes "$tmp/recipes" --output "$tmp/out" --quiet; }
write_recipe
package
# what setcap cap_net_raw,cap_net_bind_service+ep writes
wanted=0100000200240000000000000000000000000000
read_capability() { # FILE: compressed tar, possibly several members
	python3 - "$1" <<'END'
import gzip, io, sys, tarfile
data = gzip.open(sys.argv[1]).read()
for member in tarfile.open(fileobj=io.BytesIO(data), ignore_zeros=True):
    for key, value in member.pax_headers.items():
        if key == "SCHILY.xattr.security.capability":
            print(member.name, value.encode("utf-8", "surrogateescape").hex())
END
}
same "usr/bin/capable $wanted" "$(read_capability "$tmp/out/packages/x86_64/capable-1-r0.apk")"

cat >"$tmp/recipes/images/capable.yaml" <<'END'
contents:
  packages:
    - baselayout
    - capable
archs:
  - x86_64
END
digest=$("$alnage" build "$tmp/recipes/images/capable.yaml" --recipes "$tmp/recipes" --output "$tmp/out" --quiet --json 2>/dev/null | jq -r .digest)
layer=$(jq -r '.layers[0].digest' "$tmp/out/capable/blobs/sha256/${digest#sha256:}")
same "usr/bin/capable $wanted" "$(read_capability "$tmp/out/capable/blobs/sha256/${layer#sha256:}")"

# a file that is not there; a link; flags that grant nothing
write_recipe usr/bin/none
expect 1 'usr/bin/none: the recipe declares' package
write_recipe usr/bin/other
expect 1 'setcap of usr/bin/other: capabilities are for regular files' package
write_recipe usr/bin/capable +e
expect 1 'grant nothing' package
write_recipe usr/bin/capable +p
expect 1 'all together or not at all' package
