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
# and on a disk, as the kernel sees it
if [ "$(id -u)" = 0 ]; then
	need umoci
	umoci unpack --image "$tmp/out/capable:latest" "$tmp/unpacked" 2>/dev/null
	same "$wanted" "$(python3 -c 'import os, sys; print(os.getxattr(sys.argv[1], "security.capability").hex())' \
		"$tmp/unpacked/rootfs/usr/bin/capable")" "unpacked"
fi

# modes, owners and xattrs that a recipe declares
cat >"$tmp/recipes/packages/attributed.yaml" <<END
package:
  name: attributed
  version: 1
  epoch: 0
  description: Attributes $(basename "$tmp")
  copyright:
    - license: Apache-2.0
  checks:
    disabled: [setuidgid]
  attributes:
    - path: /usr/bin/changer
      permissions: 0o4755
      reason: it changes passwords
    - path: usr/bin/changer
      gid: 42
      xattrs:
        user.note: seen
    - path: /var/lib/attributed
      permissions: "02770"
      uid: 65532
      gid: 65532
      reason: files of one group
environment:
  contents:
    packages:
      - busybox
pipeline:
  - runs: |
      mkdir -p "\${{targets.destdir}}/usr/bin" "\${{targets.destdir}}/var/lib/attributed"
      printf '#!/bin/sh\n' >"\${{targets.destdir}}/usr/bin/changer"
      ! chmod 4755 "\${{targets.destdir}}/usr/bin/changer"
      chmod 0755 "\${{targets.destdir}}/usr/bin/changer"
END
recipe=$tmp/recipes/packages/attributed.yaml
expect 0 'warning: attributed: setuidgid: /usr/bin/changer' package
attributes() { # FILE: of the two paths
	python3 - "$1" <<'END'
import gzip, io, sys, tarfile
data = gzip.open(sys.argv[1]).read()
for member in tarfile.open(fileobj=io.BytesIO(data), ignore_zeros=True):
    if member.name in ("usr/bin/changer", "var/lib/attributed"):
        print(member.name, "%04o" % member.mode, member.uid, member.gid, member.pax_headers.get("SCHILY.xattr.user.note", "-"))
END
}
wanted="usr/bin/changer 4755 0 42 seen
var/lib/attributed 2770 65532 65532 -"
same "$(attributes "$tmp/out/packages/x86_64/attributed-1-r0.apk" | sort)" "$wanted" "in the package"
sed 's/- capable/- attributed/' "$tmp/recipes/images/capable.yaml" >"$tmp/recipes/images/attributed.yaml"
digest=$("$alnage" build "$tmp/recipes/images/attributed.yaml" --recipes "$tmp/recipes" --output "$tmp/out" --quiet --json 2>/dev/null | jq -r .digest)
layer=$(jq -r '.layers[0].digest' "$tmp/out/attributed/blobs/sha256/${digest#sha256:}")
same "$(attributes "$tmp/out/attributed/blobs/sha256/${layer#sha256:}" | sort)" "$wanted" "in the image"
if [ "$(id -u)" = 0 ]; then
	umoci unpack --image "$tmp/out/attributed:latest" "$tmp/unpacked-2" 2>/dev/null
	same "4755 0:42 2770 65532:65532" "$(cd "$tmp/unpacked-2/rootfs" && stat -c '%a %u:%g' usr/bin/changer var/lib/attributed | xargs)" "unpacked"
fi
sed -i 's/^    disabled: .*/    disabled: []/' "$recipe"
expect 1 'setuidgid: /usr/bin/changer' package
sed -i 's|path: /usr/bin/changer|path: /usr/bin/absent|' "$recipe"
expect 1 'usr/bin/absent: the recipe declares' package
recipe=$tmp/recipes/packages/capable.yaml

# a file that is not there; a link; flags that grant nothing
write_recipe usr/bin/none
expect 1 'usr/bin/none: the recipe declares' package
write_recipe usr/bin/other
expect 1 'setcap of usr/bin/other: capabilities are for regular files' package
write_recipe usr/bin/capable +e
expect 1 'grant nothing' package
write_recipe usr/bin/capable +p
expect 1 'all together or not at all' package
