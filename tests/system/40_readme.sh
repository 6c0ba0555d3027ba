#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The README's commands, from "Three uses" to the end of "Verify before you deploy", pasted one after the other
# into a shell at the top of a fresh tree: they work, and say what the README shows.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/helpers/readme.sh
source tests/helpers/readme.sh
need docker-registry jq
registry=127.0.0.1:$(free_port)
readme_tree "$tmp/tree" "$build"
blocks() { readme_blocks "$1" "Three uses" "Why is this file here?"; }
{
	echo 'set -euo pipefail'
	blocks sh
	echo 'kill %1'
} | sed "s/127\.0\.0\.1:5000/$registry/g" >"$tmp/pasted"
[ "$(blocks sh | grep -c '^alnage')" -ge 10 ] || fail "the blocks were not found"
(cd "$tmp/tree" && timeout 1200 bash "$tmp/pasted") >"$tmp/said" 2>&1 || { tail -n 40 "$tmp/said"; fail "a command of the README failed"; }

# what it shows was said; names and numbers apart
plain() { sed -E "s/$registry/127.0.0.1:5000/g; s/[0-9a-f]{64}/DIGEST/g; s/[0-9a-f]{16}/ID/g; s/[0-9]+/N/g"; }
plain <"$tmp/said" >"$tmp/plain"
shown=0
while IFS= read -r line; do
	[ -n "$line" ] && [ "$line" != … ] || continue
	grep -qxF -- "$line" "$tmp/plain" || { cat "$tmp/said"; fail "the README shows what was not said: $line"; }
	shown=$((shown + 1))
done < <(blocks '' | plain)
[ $shown -ge 12 ] || fail "only $shown lines of output in the README"
digest=$(sed -n "s/^deploy .*@//p" "$tmp/said")
[[ $digest == sha256:* ]] || fail "no digest to deploy"

# the table of exit statuses
start_registry
"$alnage" push "oci:$tmp/tree/out/busybox" "$registry/team/busybox:1" >/dev/null 2>&1
verify() { "$build/alnage-verify" verify "$@"; }
key=$tmp/tree/out/keys/image.key.pub
expect 0 "^$digest" verify "$registry/team/busybox:1" --key "$key"
expect 0 accepted verify "oci:$tmp/tree/out/carried:1" --key "$key"
expect 3 refused verify "$registry/team/busybox:1" --key "$tmp/tree/out/keys/other.key.pub"
expect 1 'no such image' verify "$registry/team/nothing:1" --key "$key"
expect 1 . verify "$registry/team/busybox:1" --key "$tmp/nowhere.pub"
expect 2 . verify "$registry/team/busybox:1"
# and what the text says of the policy
policy=$tmp/tree/out/policy.yaml
sed -i "s/127\.0\.0\.1:[0-9]*/$registry/" "$policy"
expect 3 "untrusted signer: key 'release' expired on 2028-01-01T00:00:00Z" verify "$registry/team/busybox:1" --policy "$policy" --at 2029-01-01T00:00:00Z
"$alnage" push "oci:$tmp/tree/out/busybox" "$registry/other/busybox:1" >/dev/null 2>&1
expect 3 "scope: not in the policy" verify "$registry/other/busybox:1" --policy "$policy"
expect 2 'unknown option --vsa' verify "$registry/team/busybox:1" --policy "$policy" --vsa x
