#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Verifying: the program's size, its start, a local layout, a registry image, and beside cosign if
# COSIGN names one. Rows for run.sh. Needs the image that `make demo` leaves in out/static.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
tmp=$(mktemp -d -p "${TMPDIR:-/var/tmp}")
server=
stop() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	rm -rf "$tmp"
}
trap stop EXIT
row() { printf '%-58s %10s   %s\n' "$@"; }
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
key=out/keys/image.key.pub
program=$build/alnage-verify

# measure NAME COMMAND…: two runs, one for the seconds (nothing else is started meanwhile) and one for the kB;
# appended to $tmp/NAME
measure() {
	local name=$1 start
	shift
	start=${EPOCHREALTIME/[.,]/}
	"$@" >"$tmp/said" 2>&1 || {
		cat "$tmp/said" >&2
		return 1
	}
	start=$((${EPOCHREALTIME/[.,]/} - start))
	/usr/bin/time -o "$tmp/time" -f '%M' "$@" >/dev/null 2>&1
	awk -v a="$start" '{ printf "%.4f %d\n", a / 1e6, $1 }' "$tmp/time" >>"$tmp/$name"
}
seconds() { cut -d' ' -f1 "$tmp/$1" | median; }
kilobytes() { cut -d' ' -f2 "$tmp/$1" | median; }
times() { for _ in $(seq 11); do measure "$@"; done; }

strip -o "$tmp/stripped" "$program"
row "size of alnage-verify, stripped" "-" "$(stat -c %s "$tmp/stripped") bytes, Debian's libraries aside (target under 1000000)"
times help "$build/alnage" --help
row "start: alnage --help" "$(seconds help)" "$(kilobytes help) kB"
if [ ! -f "$key" ] || [ ! -d out/static ]; then
	row "alnage-verify of a local layout, of a registry image" "-" "not measured: run make demo first"
	exit 0
fi
times local "$program" verify oci:out/static:latest --key "$key"
row "alnage-verify of a local layout, all blobs hashed" "$(seconds local)" \
	"$(awk -v s="$(seconds local)" 'BEGIN { printf "%.1f ms (target 15)", s * 1000 }'), $(kilobytes local) kB (target 12288)"

command -v docker-registry >/dev/null || {
	row "alnage-verify of a registry image" "-" "not measured: docker-registry is missing (make deps)"
	exit 0
}
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
image=127.0.0.1:$port/static:latest
printf 'version: 0.1\nlog: {level: error, accesslog: {disabled: false}}\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: "127.0.0.1:%s"}\n' \
	"$tmp/registry" "$port" >"$tmp/registry.yml"
docker-registry serve "$tmp/registry.yml" >"$tmp/log" 2>&1 &
server=$!
for _ in $(seq 50); do
	curl -s -o /dev/null "http://127.0.0.1:$port/v2/" && break
	sleep 0.1
done
"$build/alnage" push oci:out/static:latest "$image" >/dev/null 2>&1

requests() { # COMMAND…: of one run
	local before
	before=$(grep -cE '"(GET|HEAD) ' "$tmp/log")
	"$@" >/dev/null 2>&1
	sleep 0.3
	echo $(($(grep -cE '"(GET|HEAD) ' "$tmp/log") - before))
}
ours=("$program" verify "$image" --key "$key" --signature-only)
cosign=${COSIGN:-}
theirs=("$cosign" verify --key "$key" --insecure-ignore-tlog=true --allow-http-registry "$image")
for _ in $(seq 11); do # in turn: the machine has good and bad moments
	measure ours "${ours[@]}"
	[ -z "$cosign" ] || measure theirs "${theirs[@]}"
done
row "alnage-verify of a registry image's signature" "$(seconds ours)" "$(requests "${ours[@]}") requests (target 4), $(kilobytes ours) kB"
times all "$program" verify "$image" --key "$key"
row "the same with provenance and SBOM" "$(seconds all)" \
	"$(requests "$program" verify "$image" --key "$key") requests, $(kilobytes all) kB"
if [ -z "$cosign" ]; then
	row "cosign verify of the same signature" "-" "not measured: COSIGN=/path/to/cosign make bench"
else
	row "cosign verify of the same signature" "$(seconds theirs)" \
		"$(requests "${theirs[@]}") requests, $(kilobytes theirs) kB; $("$cosign" version 2>/dev/null | sed -n 's/^GitVersion: *//p')"
	awk -v a="$(seconds ours)" -v b="$(seconds theirs)" -v c="$(kilobytes ours)" -v d="$(kilobytes theirs)" \
		'BEGIN { printf "%.1f times the time, %.1f times the memory (target 8)\n", b / a, d / c }' >"$tmp/ratio"
	row "cosign beside alnage-verify" "-" "$(cat "$tmp/ratio")"
fi
