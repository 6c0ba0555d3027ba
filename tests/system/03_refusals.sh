#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every way to break an image gets exit status 3 and a reason of its own.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need jq
make_keys
digest=$(build_image static)
hex=${digest#sha256:}
layout=$tmp/out/static
key=$tmp/keys/image.key.pub
blob() { echo "$1/blobs/sha256/${2#sha256:}"; }
fresh() { rm -rf "$tmp/broken"; cp -R "$layout" "$tmp/broken"; chmod -R u+w "$tmp/broken"; }
flip() { # one byte in the middle
	python3 - "$1" <<'END'
import sys
with open(sys.argv[1], 'r+b') as f:
    data = f.read()
    at = len(data) // 2
    f.seek(at)
    f.write(bytes([data[at] ^ 1]))
END
}
verify() { "$alnage" verify "oci:$tmp/broken:latest" --key "$key"; }

expect 0 passed "$alnage" verify "oci:$layout:latest" --key "$key"

# a flipped byte in any blob
count=0
for path in "$layout"/blobs/sha256/*; do
	fresh
	flip "$tmp/broken/blobs/sha256/$(basename "$path")"
	expect 3 "refused.*($(basename "$path" | cut -c1-12)|digest|malformed|match)" verify
	count=$((count + 1))
done
[ $count -ge 10 ] || fail "only $count blobs in the layout"

# a foreign key
"$alnage" keygen "$tmp/keys/other.key" >/dev/null
expect 3 'refused.*signature' "$alnage" verify "oci:$layout:latest" --key "$tmp/keys/other.key.pub"

# a truncated layout: layer cut, layer gone
layer=$(jq -r '.layers[0].digest' "$(blob "$layout" "$digest")")
fresh; truncate -s 100 "$(blob "$tmp/broken" "$layer")"
expect 3 'refused.*(truncated|size|bytes)' verify
fresh; rm "$(blob "$tmp/broken" "$layer")"
expect 3 'refused.*(missing|not there|absent)' verify

# no signature; no attestation of a required type
"$alnage" copy --without-signatures "oci:$layout:latest" "oci:$tmp/bare:latest" >/dev/null 2>&1
expect 3 'refused.*signature' "$alnage" verify "oci:$tmp/bare:latest" --key "$key"
"$alnage" sign "oci:$tmp/bare:latest" --key "$tmp/keys/image.key" >/dev/null
expect 0 passed "$alnage" verify "oci:$tmp/bare:latest" --key "$key" --signature-only
expect 3 'refused.*slsa.dev/provenance' "$alnage" verify "oci:$tmp/bare:latest" --key "$key"
expect 3 'refused.*https://example.com/other' "$alnage" verify "oci:$layout:latest" --key "$key" \
	--require https://example.com/other

# not there at all is not a refusal: the check could not be made
expect 1 'no such image' "$alnage" verify "oci:$layout:unknown" --key "$key"
expect 1 '.' "$alnage" verify "oci:$tmp/nowhere:latest" --key "$key"
expect 2 '.' "$alnage" verify "oci:$layout:latest"
same "$hex" "${digest#sha256:}"
