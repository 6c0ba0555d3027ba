#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The attestation of hardening names every ELF file of the image, no more and no less.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need jq python3
make_keys
digest=$(build_image busybox)
layout=$tmp/out/busybox
report=
for blob in "$layout"/blobs/sha256/*; do
	payload=$(jq -r '(.dsseEnvelope.payload // .payload) // empty' "$blob" 2>/dev/null | base64 -d 2>/dev/null) || continue
	[ "$(jq -r .predicateType 2>/dev/null <<<"$payload")" = https://alnage.dev/hardening/v1 ] || continue
	report=$payload
	break
done
[ -n "$report" ] || fail "no attestation of hardening"
same "${digest#sha256:}" "$(jq -r '.subject[0].digest.sha256' <<<"$report")"
layer=$(jq -r '.layers[0].digest' "$layout/blobs/sha256/${digest#sha256:}")
python3 - "$layout/blobs/sha256/${layer#sha256:}" >"$tmp/there" <<'END'
import sys, tarfile
with tarfile.open(sys.argv[1]) as layer:
    for member in layer:
        if member.isreg() and layer.extractfile(member).read(4) == b"\x7fELF":
            print(member.name)
END
jq -r '.predicate.files[].path' <<<"$report" >"$tmp/told"
[ -s "$tmp/there" ] || fail "no ELF file in the image"
diff <(sort "$tmp/there") <(sort "$tmp/told") || fail "the report does not tell what is there"
same "$(wc -l <"$tmp/there")" "$(jq .predicate.elfFiles <<<"$report")"
# the summary says the same, also when there is nothing to do
wanted=$(jq -c '{elfFiles: .predicate.elfFiles, failing: .predicate.failing, hardened: .predicate.hardened}' <<<"$report")
again=$("$alnage" build recipes/images/busybox.yaml --output "$tmp/out" --json --quiet \
	--key "$tmp/keys/image.key" --package-key "$tmp/keys/package.rsa")
same true "$(jq .upToDate <<<"$again")"
same "$wanted" "$(jq -cS .hardening <<<"$again")"
"$alnage" verify "oci:$layout:latest" --key "$tmp/keys/image.key.pub" \
	--require https://alnage.dev/hardening/v1 >/dev/null 2>&1 || fail "not accepted"
