#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Verifying at a registry asks for no more than it takes, with and without the referrers API, and
# an image whose index leads to ever more documents is refused, not followed.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need jq docker-registry ss
make_keys
digest=$(build_image static)
key=$tmp/keys/image.key.pub
verifier=$build/alnage-verify

# An answer is logged after it was sent, and before its connection is closed.
is_idle() { [ -z "$(ss -Htn state established state close-wait sport = ":${place#*:}")" ]; }
logged() { # how many requests the registry at $place has had
	wait_for is_idle
	grep -cE '(^|")(GET|HEAD) ' "$tmp/log" || true
}
# requests COMMAND…: how many it takes
requests() {
	local before
	before=$(logged)
	"$@" >"$tmp/said" 2>&1 || { cat "$tmp/said"; fail "$*"; }
	echo $(($(logged) - before))
}
at_most() { # N WHAT COMMAND…
	local most=$1 what=$2 count
	shift 2
	count=$(requests "$@")
	echo "$what: $count requests"
	[ "$count" -ge 2 ] && [ "$count" -le "$most" ] || fail "$what: $count requests, at most $most: $(tail -n 12 "$tmp/log")"
}

start_registry
fallback=$registry
ln -s registry.log "$tmp/fallback.log"
"$build/tests/helpers/registry" 0 api log >"$tmp/api" 2>"$tmp/api.log" &
at_end "kill $! 2>/dev/null"
wait_for test -s "$tmp/api"
api=$(cat "$tmp/api")
for place in "$fallback" "$api"; do
	"$alnage" push "oci:$tmp/out/static:latest" "$place/static:1" >/dev/null 2>&1
done

for kind in fallback api; do
	place=${!kind}
	ln -sf "$tmp/$kind.log" "$tmp/log"
	at_most 4 "$kind: a signature" "$verifier" verify "$place/static:1" --key "$key" --signature-only
	at_most 4 "$kind: the same, by digest" "$verifier" verify "$place/static@$digest" --key "$key" --signature-only
	at_most 6 "$kind: a signature and two attestations" "$verifier" verify "$place/static:1" --key "$key"
	expect 3 'foreign key' "$verifier" verify "$place/static:1" --key "$tmp/keys/package.rsa.pub" --signature-only
done

# bundles only, as cosign 3 leaves them: .sig and .att are not there
for reference in $(jq -r '.manifests[] | select(.annotations."org.opencontainers.image.ref.name" // "" | test("[.](sig|att)$")) | .digest' \
	"$tmp/out/static/index.json"); do
	jq --arg d "$reference" '.manifests |= map(select(.digest != $d))' "$tmp/out/static/index.json" >"$tmp/index"
	cp "$tmp/index" "$tmp/out/static/index.json"
done
for kind in fallback api; do
	place=${!kind}
	ln -sf "$tmp/$kind.log" "$tmp/log"
	"$alnage" push "oci:$tmp/out/static:latest" "$place/bundles:1" >/dev/null 2>&1
	at_most 6 "$kind: a bundle" "$verifier" verify "$place/bundles:1" --key "$key" --signature-only
done

# An index of 900 images, for each of which signatures could be asked for: three requests each.
{
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":['
	for i in $(seq 900); do
		[ "$i" = 1 ] || printf ','
		printf '{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":500,"digest":"sha256:%064x"}' "$i"
	done
	printf ']}'
} >"$tmp/index.json"
curl -sf -o /dev/null -X PUT -H 'Content-Type: application/vnd.oci.image.index.v1+json' \
	--data-binary "@$tmp/index.json" "http://$api/v2/static/manifests/many"
ln -sf "$tmp/api.log" "$tmp/log"
before=$(logged)
expect 3 'refused: ' "$verifier" verify "$api/static:many" --key "$key"
after=$(logged)
echo "an index that leads to 2700 documents: $((after - before)) requests"
[ $((after - before)) -le 2000 ] || fail "$((after - before)) requests for a hostile index"
