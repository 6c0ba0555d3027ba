#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds recipes of a checkout of wolfi-dev/os as they are, and says of each what came of it:
#
#	WOLFI=DIR [RECIPES="libev zip"] [SOURCE_MIRROR=DIR] [TEST=1] tests/wolfi-build.sh
#
# WOLFI is the checkout; without it there is nothing to do (exit 77). RECIPES are names in it. Their archives
# are looked for upstream, in SOURCE_MIRROR (see --source-mirror of alnage-package(1); repositories as
# HOST/PATH, too), and by digest in the pool of this machine's Debian mirror, of all its suites.
set -euo pipefail
cd "$(dirname "$0")/.."
alnage=${BUILD:-build}/alnage
if [ ! -d "${WOLFI:-}" ]; then
	echo "skip: WOLFI names no folder"
	exit 77
fi
default='libev zip mtdev potrace glpk duktape lzo autoconf-archive dhcping libjudy krb5-conf
perl-text-glob perl-number-compare'
read -ra recipes <<<"${RECIPES:-${default//$'\n'/ }}"
work=${WORK:-$(mktemp -d -p "${TMPDIR:-/var/tmp}")}
[ -n "${WORK:-}" ] || trap 'chmod -R u+rwX "$work"; rm -rf "$work"' EXIT
mkdir -p "$work/pool" "$work/indexes"
mirror=$(grep -rhoE 'https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null |
	sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }') || true

# ---- digests of the archives → pool paths, by the Sources indexes of the suites ----
index() { # SUITE: "digest path" lines
	local file=$work/indexes/$1
	if [ ! -s "$file" ]; then
		curl -sfL --max-time 300 "${mirror%/}/dists/$1/main/source/Sources.xz" | xz -dc | awk '
		/^$/ { for (i = 0; i < n; i++) print digest[i], directory "/" name[i]; n = 0; inside = 0 }
		/^[^ ]/ { inside = /^Checksums-Sha256:/ }
		/^Directory:/ { directory = $2 }
		/^ / && inside { digest[n] = $1; name[n++] = $3 }
		END { for (i = 0; i < n; i++) print digest[i], directory "/" name[i] }' >"$file.part" &&
			mv "$file.part" "$file" || return 0 # not on this mirror
	fi
	cat "$file"
}
wanted=$work/wanted
for name in "${recipes[@]}"; do
	"$alnage" compile --quiet --pipeline-dir "$WOLFI/pipelines" "$WOLFI/$name.yaml" |
		jq -r '.sources[].expected | select(startswith("sha256:")) | ltrimstr("sha256:")'
done | sort -u >"$wanted"
if [ -n "$mirror" ] && [ -s "$wanted" ]; then
	for suite in sid forky trixie trixie-backports bookworm bookworm-backports bullseye; do
		index "$suite"
	done | { grep -F -f "$wanted" || true; } | sort -u | while read -r digest path; do
		[ -e "$work/pool/sha256:$digest" ] && continue
		curl -sfL --max-time 300 -o "$work/part" "${mirror%/}/$path" || continue # some are gone
		mv "$work/part" "$work/pool/sha256:$digest"
	done
fi

# ---- build ----
export ALNAGE_STORE=${ALNAGE_STORE:-$work/store}
mirrors=(--source-mirror "$work/pool")
[ -z "${SOURCE_MIRROR:-}" ] || mirrors+=(--source-mirror "$SOURCE_MIRROR")
options=(--quiet --output "$work/out" --pipeline-dir "$WOLFI/pipelines" --mirror-first)
built=0
row() { printf '%-18s %9s   %s\n' "$@"; }
row recipe seconds result
for name in "${recipes[@]}"; do
	start=$SECONDS
	if "$alnage" package "${options[@]}" "${mirrors[@]}" "$WOLFI/$name.yaml" >"$work/said" 2>&1; then
		built=$((built + 1))
		result="built, $(sed -nE 's/.*: ([0-9]+ packages?)$/\1/p' "$work/said" | tail -n 1)"
		if [ -n "${TEST:-}" ]; then
			if "$alnage" package --test "${options[@]}" "${mirrors[@]}" "$WOLFI/$name.yaml" >"$work/said" 2>&1; then
				result="$result, tested"
			else
				result="$result; tests: $(grep '^alnage: ' "$work/said" | grep -v ': warning: ' | tail -n 1 | cut -c 1-160)"
			fi
		fi
	else
		result="failed: $(grep '^alnage: ' "$work/said" | grep -v ': warning: ' | tail -n 1 | cut -c 1-300)"
	fi
	row "$name" $((SECONDS - start)) "$result"
done
echo "$built of ${#recipes[@]} built"
[ "$built" -eq "${#recipes[@]}" ]
