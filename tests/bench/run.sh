#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What was measured, as ratios of one run: seconds differ between machines. MEGABYTES=1024 by default.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
megabytes=${MEGABYTES:-1024}
tmp=$(mktemp -d -p "${TMPDIR:-/var/tmp}")
trap 'chmod -R u+w "$tmp"; rm -rf "$tmp"' EXIT

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
seconds_of() { # median of five runs of a command, in seconds
	for _ in 1 2 3 4 5; do
		start=$(date +%s.%N)
		"$@" >/dev/null
		awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { printf "%.3f\n", b - a }'
	done | median
}
row() { printf '%-58s %10s   %s\n' "$@"; }

row "work" "seconds" "note"
read -r compose spliced rendered layer < <("$build/tests/helpers/compose_bench" "$tmp/store" "$megabytes")
gzip -dc "$tmp/store/blobs/sha256/$layer" >"$tmp/layer.tar"
cat "$tmp/layer.tar" >/dev/null
floor=$(seconds_of openssl dgst -sha256 "$tmp/layer.tar")
row "openssl dgst -sha256 of the plain tar ($(stat -c %s "$tmp/layer.tar" | numfmt --to=iec))" "$floor" "the floor: diff_id"
row "composing that layer from cached fragments" "$compose" \
	"$(awk -v a="$compose" -v b="$floor" 'BEGIN { printf "%.2f x the floor (target under 1.5)", a / b }'); $spliced spliced, $rendered rendered"
rm -rf "$tmp/layer.tar" "$tmp/store"

if [ -f out/keys/image.key ] && [ -d out/static ]; then
	build_static() {
		"$build/alnage" build recipes/images/static.yaml --output out --quiet \
			--key out/keys/image.key --package-key out/keys/package.rsa
	}
	build_static >/dev/null
	noop=$(seconds_of build_static)
	row "alnage build of an image that is up to date" "$noop" \
		"$(awk -v a="$noop" 'BEGIN { printf "%.0f ms (target under 100 ms)", a * 1000 }')"
else
	row "alnage build of an image that is up to date" "-" "not measured: run make demo first"
fi
tests/bench/recipes.sh
tests/bench/transfer.sh
tests/bench/verify.sh
