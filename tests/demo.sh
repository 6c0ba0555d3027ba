#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The main job on real input: demo.sh ALNAGE IMAGE… builds, signs, attests and verifies. No server, keys in files.
set -euo pipefail
alnage=$1
shift
out=${OUT:-out}

say() { printf '\n== %s\n' "$*"; }

say "keys: one pair for images, one for packages (kept in $out/keys)"
mkdir -p "$out/keys"
[ -f "$out/keys/image.key" ] || "$alnage" keygen "$out/keys/image.key"
[ -f "$out/keys/package.rsa" ] || "$alnage" keygen --type rsa "$out/keys/package.rsa"

for image; do
	say "build $image: recipes/images/$image.yaml"
	"$alnage" build "recipes/images/$image.yaml" --output "$out" \
		--key "$out/keys/image.key" --package-key "$out/keys/package.rsa"
	say "verify $image"
	"$alnage" verify "oci:$out/$image:latest" --key "$out/keys/image.key.pub"
done
