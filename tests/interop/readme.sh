#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The README's page "Verify before you deploy" with the programs of others: its blocks for cosign and podman, after
# an image has been pushed and signed as the page says.
# shellcheck source=tests/interop/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/helpers/readme.sh
source tests/helpers/readme.sh

start_fallback_registry || skip "needs docker-registry"
make_keys
predicates
tree=$work/tree
mkdir -p "$tree/out/keys"
ln "$keys/p256.pub" "$tree/out/keys/image.key.pub"
push_image readme single "$fallback/team/busybox"
run "$alnage" copy "$image" "$fallback/team/busybox:1"
image=$fallback/team/busybox:1
passes "sign" "$alnage" sign --key "$keys/p256.key" "$image"
passes "attest" "$alnage" attest --key "$keys/p256.key" --type slsaprovenance1 --predicate "$work/slsa.json" "$image"
passes "attest the SBOM" "$alnage" attest --key "$keys/p256.key" --type spdxjson --predicate "$work/spdx.json" "$image"
readme_blocks bash "Verify before you deploy" "Why is this file here?" |
	sed "s#127\.0\.0\.1:5000#$fallback#g; s# out/# $tree/out/#g; s#\$PWD/#$tree/#g; s#/etc/containers#$containers#g" >"$work/blocks"
# each block to a file, block.1 …
awk -v name="$work/block." 'BEGIN { RS = ""; } { print > (name NR) }' "$work/blocks"
# shellcheck disable=SC2317,SC2154 # called by the blocks, with $suite from the environment
cosign() { peer "$suite" cosign "$@"; }
# shellcheck disable=SC2317
podman() { peer "$suite" podman --cgroup-manager cgroupfs --storage-driver vfs --root "$work/storage" --runroot "$work/runtime" "$@"; }
export -f peer cosign podman
export peers work
paste_into() { suite=$1 bash -e "$2"; } # SUITE BLOCK: with that suite's programs
mkdir -p "$containers/registries.d"
for suite in trixie forky; do
	if have_peer $suite cosign; then
		passes "the README's cosign commands, cosign $(version_of $suite cosign)" paste_into $suite "$work/block.1"
	else
		not_run "the README's cosign commands, $suite" "$why"
	fi
	if have_peer $suite podman; then
		passes "the README's policy.json, podman $(version_of $suite podman)" paste_into $suite "$work/block.2"
		push_image "readme, not signed" single "$fallback/team/other"
		refuses "the same, not signed" "signature was required" peer $suite podman --cgroup-manager cgroupfs --storage-driver vfs \
			--root "$work/storage" --runroot "$work/runtime" pull --tls-verify=false "$image"
	else
		not_run "the README's policy.json, podman of $suite" "$why"
	fi
	ln -f "$keys/other.pub" "$tree/out/keys/image.key.pub"
	! have_peer $suite cosign || refuses "the README's cosign commands, another key" "no matching|invalid signature" paste_into $suite "$work/block.1"
	! have_peer $suite podman || refuses "the README's policy.json, another key" "Source image rejected|signature" paste_into $suite "$work/block.2"
	ln -f "$keys/p256.pub" "$tree/out/keys/image.key.pub"
done
finish
