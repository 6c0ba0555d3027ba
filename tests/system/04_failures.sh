#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What goes wrong while building: exit status 1, a clear error, a sound store, and the next run goes on.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need jq
make_keys
cp -R recipes "$tmp/recipes"
command=("$alnage" build "$tmp/recipes/images/static.yaml" --recipes "$tmp/recipes" --output "$tmp/out"
	--key "$tmp/keys/image.key")
# shellcheck disable=SC2120 # options are for expect, which shellcheck does not see
build() { "${command[@]}" "$@"; }

# a source that does not match its digest
sed -i -E 's/(expected-sha256: )[0-9a-f]{8}/\100000000/' "$tmp/recipes/packages/tzdata.yaml"
expect 1 'tzdata.*00000000|00000000.*tzdata' build
cp recipes/packages/tzdata.yaml "$tmp/recipes/packages/"

# an unknown key, with position and suggestion
sed -i 's/^pipeline:/pipelime:/' "$tmp/recipes/packages/tzdata.yaml"
expect 1 "tzdata.yaml:[0-9]+:[0-9]+: .*pipelime.*pipeline" build
cp recipes/packages/tzdata.yaml "$tmp/recipes/packages/"

# a failing step: its name, the log's last lines, the log's path
python3 - "$tmp/recipes/packages/tzdata.yaml" <<'END'
import sys
path = sys.argv[1]
text = open(path).read()
text = text.replace('\npipeline:\n', '\npipeline:\n  - name: Break it\n    runs: |\n      echo this line shows why\n      exit 7\n', 1)
open(path, 'w').write(text)
END
expect 1 'failed with status 7' build
grep -q 'this line shows why' "$tmp/said" || fail "the log's last lines are not shown"
log=$(grep -oE '/[^ ]*\.log' "$tmp/said" | head -n 1)
grep -q 'this line shows why' "$log" || fail "no log at $log"
cp recipes/packages/tzdata.yaml "$tmp/recipes/packages/"

# a key is never overwritten, nor half of a pair made
cp "$tmp/keys/image.key.pub" "$tmp/keys/half.pub"
expect 1 'exists already' "$alnage" keygen "$tmp/keys/image.key"
expect 1 'exists already' "$alnage" keygen "$tmp/keys/half"
cmp "$tmp/keys/image.key.pub" "$tmp/keys/half.pub" || fail "a public key was overwritten"
[ ! -e "$tmp/keys/half" ] || fail "half of a pair was made"

# wrong usage is told apart
expect 2 'unknown option' build --nonsense
expect 2 "unknown command 'biuld' .did you mean 'build'" "$alnage" biuld
expect 2 'missing' "$alnage" build
expect 1 'no-such.yaml' "$alnage" build "$tmp/no-such.yaml"

# a full disk
if [ "$(id -u)" = 0 ]; then
	mkdir "$tmp/small"
	unshare -m bash -c 'mount -t tmpfs -o size=3m none "$1" && shift && "$@"' - "$tmp/small" \
		bash -c 'env ALNAGE_STORE="$1/store" "${@:2}" >"$1.said" 2>&1; echo $? >"$1.status"; find "$1/store/tmp" -type f | wc -l >"$1.left"' \
		- "$tmp/small" "$alnage" build recipes/images/static.yaml --output "$tmp/out2"
	same "$(cat "$tmp/small.status")" 1 "exit status with a full disk"
	grep -qi 'no space left' "$tmp/small.said" || { cat "$tmp/small.said"; fail "does not tell that the disk is full"; }
	same "$(cat "$tmp/small.left")" 0 "temporary files left behind"
fi

# a killed run: the next one goes on
export ALNAGE_STORE=$tmp/store
mkdir -p "$ALNAGE_STORE"
cp -R "${ALNAGE_TEST_STORE:-${XDG_CACHE_HOME:-$HOME/.cache}/alnage}/blobs" "$ALNAGE_STORE/"
"${command[@]}" >"$tmp/killed.log" 2>&1 & # not the function: its shell would be killed instead
pid=$!
sleep 3
kill -KILL $pid 2>/dev/null || true
wait $pid 2>/dev/null || true
build >/dev/null 2>"$tmp/next.log" || { cat "$tmp/next.log"; fail "the run after a killed one fails"; }
expect 0 passed "$alnage" verify "oci:$tmp/out/static" --key "$tmp/keys/image.key.pub"

# several at once into one folder: each leaves blobs that another does not list, and none sweeps them away
pids=()
for i in 1 2 3 4; do
	"${command[@]}" --builder-id "https://example.org/$i" >"$tmp/at-once.$i" 2>&1 &
	pids+=($!)
done
for i in 1 2 3 4; do
	wait "${pids[i - 1]}" || { cat "$tmp/at-once.$i"; fail "one of several builds at once fails"; }
done
expect 0 passed "$alnage" verify "oci:$tmp/out/static" --key "$tmp/keys/image.key.pub"
