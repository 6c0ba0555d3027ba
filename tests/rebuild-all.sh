#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds all of recipes/packages (or the recipes given of it) twice from nothing, the first time with their tests:
# in stores of their own, in other folders, with another umask, time zone, locale and number of jobs
# and, for root, as another user. Prints a table; fails unless every package is the same twice.
#
#	[JOBS=2] [REBUILD=DIR] [RECIPES=DIR] tests/rebuild-all.sh [recipes/packages/x.yaml...]
#
# REBUILD keeps both stores, so that a stopped run goes on; without it they are in $TMPDIR, and removed.
# RECIPES is another folder of the shape of recipes/.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
alnage=$(realpath "${BUILD:-build}/alnage")
folder=${RECIPES:-recipes}
recipes=("${@:-}")
[ -n "${recipes[0]}" ] || recipes=("$folder"/packages/*.yaml)
if [ -n "${REBUILD:-}" ]; then
	work=$REBUILD
	mkdir -p "$work"
else
	work=$(mktemp -d -p "${TMPDIR:-/var/tmp}")
	trap 'chmod -R u+rwX "$work"; rm -rf "$work"' EXIT
fi
chmod 755 "$work"
again="$work/another, longer place"
mkdir -p "$work/one" "$again/recipes"
cp "$alnage" "$again/alnage"
cp -R "$folder/." "$again/recipes/"
as=()
if [ "$(id -u)" = 0 ]; then
	as=(setpriv --reuid=12345 --regid=12345 --clear-groups --no-new-privs)
	chown -R 12345:12345 "$again"
fi
unset SOURCE_DATE_EPOCH

# Sets seconds, and message if it fails.
timed() {
	local start=$EPOCHREALTIME status=0 said
	said=$("$@" 2>&1 >/dev/null) || status=$?
	seconds=$(((${EPOCHREALTIME/[.,]/} - ${start/[.,]/}) / 1000000))
	[ $status -eq 0 ] || message=$(grep '^alnage: ' <<<"$said" | grep -v '^alnage: warning' | tail -n 1)
	return $status
}
first() {
	TZ=UTC LC_ALL=C "$alnage" package --recipes "$folder" --test --quiet --jobs 1 \
		--store "$work/one/store" --output "$work/one/out" "$1"
}
second() {
	# shellcheck disable=SC2016 # for the inner shell
	env -C "$again" -i PATH="$PATH" HOME="$again" TZ=Pacific/Chatham LC_ALL=tr_TR.UTF-8 "${as[@]}" \
		bash -c 'umask 077; exec "$@"' - ./alnage package --quiet --jobs "${JOBS:-2}" \
		--store "$again/store" --output "$again/out" "$1"
}
digests() { # FOLDER NAME…: of the exported files
	local folder=$1
	shift
	for name; do (cd "$folder/packages/x86_64" && sha256sum "$name"-[0-9]*.apk); done
}

failed=0
row() { printf '%-18s %8s %10s %10s   %s\n' "$@"; }
row recipe packages "first, s" "second, s" result
for recipe in "${recipes[@]}"; do
	name=$(basename "$recipe" .yaml)
	seconds=- message=
	if ! timed first "$recipe"; then
		row "$name" - "$seconds" - "failed: $message"
		failed=1
		continue
	fi
	once=$seconds
	mapfile -t packages < <("$alnage" compile --recipes "$folder" --quiet "$recipe" | jq -r '.packages[].name')
	tests=$("$alnage" compile --recipes "$folder" --quiet "$recipe" | jq '[.packages[] | select(.test.steps | length > 0)] | length')
	if ! timed second "${recipe/#"$folder"/recipes}"; then
		row "$name" "${#packages[@]}" "$once" "$seconds" "failed the second time: $message"
		failed=1
	elif cmp -s <(digests "$work/one/out" "${packages[@]}") <(digests "$again/out" "${packages[@]}"); then
		row "$name" "${#packages[@]}" "$once" "$seconds" "identical, $tests tests passed"
	else
		row "$name" "${#packages[@]}" "$once" "$seconds" "DIFFERS"
		failed=1
	fi
done
exit $failed
