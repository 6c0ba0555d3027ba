#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Build locally, publish to a registry, verify before deployment: one test, as the README has it.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need docker-registry jq curl skopeo
make_keys
start_registry

# 1. build
digest=$(build_image busybox)
[[ $digest == sha256:* ]] || fail "no digest: $digest"
[ -s "$tmp/out/packages/x86_64/APKINDEX.tar.gz" ] || fail "no package index"
expect 0 passed "$alnage" verify "oci:$tmp/out/busybox" --key "$tmp/keys/image.key.pub"

# 2. publish, with signatures and attestations
expect 0 "$digest" "$alnage" push "oci:$tmp/out/busybox" "$registry/team/busybox:1"
same "$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$registry/team/busybox:1")" "$digest"
tags=$(curl -fsS "http://$registry/v2/team/busybox/tags/list" | jq -r '.tags[]')
hex=${digest#sha256:}
for tag in 1 "sha256-$hex.sig" "sha256-$hex.att" "sha256-$hex"; do
	grep -qx "$tag" <<<"$tags" || fail "the registry has no tag $tag"
done

# 3. verify before deployment
expect 0 "$digest" "$alnage" verify "$registry/team/busybox:1" --key "$tmp/keys/image.key.pub"
expect 0 "$digest" "$build/alnage-verify" verify "$registry/team/busybox@$digest" --key "$tmp/keys/image.key.pub"
"$alnage" keygen "$tmp/keys/other.key" >/dev/null
expect 3 refused "$alnage" verify "$registry/team/busybox:1" --key "$tmp/keys/other.key.pub"

# and back: what is pulled is what was pushed
"$alnage" pull "$registry/team/busybox:1" "oci:$tmp/pulled:1"
expect 0 "$digest" "$alnage" verify "oci:$tmp/pulled:1" --key "$tmp/keys/image.key.pub"
same "$(skopeo inspect --format '{{.Digest}}' "oci:$tmp/pulled:1")" "$digest"

# a layout in one file is one, too, and a layout's only image needs no tag
"$alnage" copy "oci:$tmp/pulled" "oci-archive:$tmp/copied.tar"
expect 0 "$digest" "$alnage" verify "oci-archive:$tmp/copied.tar" --key "$tmp/keys/image.key.pub"
expect 0 "$digest" "$alnage" verify "oci:$tmp/pulled" --key "$tmp/keys/image.key.pub"
