#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What was wrong in other programs of this kind fails here, with its reason: what needs whole programs and a
# registry of lies. tests/security.md has the whole list; every test that it names must be there.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/helpers/layout.sh
source tests/helpers/layout.sh
need jq python3 curl

# ---- the list names tests that exist: `file` or `file`: name ----

rows=0
while IFS='|' read -r _ bug _ tests _; do
	[[ $bug == *[A-Z]* && $bug != *'What was wrong'* ]] || continue
	rows=$((rows + 1)) named=0
	while IFS= read -r reference; do
		file=$(cut -d'`' -f2 <<<"$reference") name=$(sed -E 's/^`[^`]*`(: )?//' <<<"$reference" | sed -E 's/ +$//')
		mapfile -t found < <(compgen -G "tests/$file")
		[ ${#found[@]} -gt 0 ] || fail "tests/security.md: there is no tests/$file ($bug)"
		[ -z "$name" ] || grep -qF -- "$name" "${found[@]}" || fail "tests/security.md: tests/$file has no '$name' ($bug)"
		named=$((named + 1))
	done < <(tr ';' '\n' <<<"$tests" | sed -E 's/^ +| +$//g' | grep '^`')
	[ $named -gt 0 ] || fail "tests/security.md: no test for $bug"
done < <(grep '^|' tests/security.md | grep -v '^| *-')
[ $rows -ge 35 ] || fail "tests/security.md has only $rows rows"

# ---- two images, one of them signed ----

mkdir "$tmp/keys"
"$alnage" keygen "$tmp/keys/image.key" >/dev/null
key=$tmp/keys/image.key.pub
make_layout good single "$tmp/good"
good=$digest
make_layout evil single "$tmp/evil"
"$alnage" sign "oci:$tmp/good:t" --key "$tmp/keys/image.key" >/dev/null
verify() { "$alnage" verify --signature-only --key "$key" "$@"; }
expect 0 accepted verify "oci:$tmp/good:t"
expect 3 'missing signature' verify "oci:$tmp/evil:t"

# ---- a registry that says something else the second time (Kyverno CVE-2022-47633, notation-go CVE-2023-33959) ----

start_lies() { # MODE LAYOUT…: sets $lies and $asked, its log
	asked=$(mktemp "$tmp/asked.XXXXXX")
	python3 tests/helpers/registry_of_lies.py "$@" >"$asked" &
	at_end "kill $! 2>/dev/null"
	wait_for test -s "$asked"
	lies=127.0.0.1:$(head -n 1 "$asked")
}
asked_for_tag() { grep -cE '^(GET|HEAD) /v2/team/image/manifests/t ' "$asked"; }
for program in "$alnage" "$build/alnage-verify"; do
	start_lies turns "$tmp/good" "$tmp/evil"
	expect 0 "^$good" "$program" verify --signature-only --key "$key" "$lies/team/image:t"
	same "$(asked_for_tag)" 1 "the tag was asked for"
	expect 3 'missing signature' "$program" verify --signature-only --key "$key" "$lies/team/image:t"
	start_lies turns "$tmp/evil" "$tmp/good"
	expect 3 'missing signature' "$program" verify --signature-only --key "$key" "$lies/team/image:t"
	same "$(asked_for_tag)" 1 "the tag was asked for"
done
start_lies turns "$tmp/good" "$tmp/evil"
"$alnage" pull "$lies/team/image:t" "oci:$tmp/pulled:t" >"$tmp/said" 2>&1 || { cat "$tmp/said"; fail "not pulled"; }
expect 0 "^$good" verify "oci:$tmp/pulled:t"

# ---- credentials do not show, not even if the registry repeats them ----

start_lies reflect
echo hunter2secret >"$tmp/password"
sent=0 encoded=$(printf 'somebody:hunter2secret' | base64)
for command in "verify --signature-only --key $key $lies/team/image:t" "pull $lies/team/image:t oci:$tmp/no" \
	"push oci:$tmp/good:t $lies/team/image:t" "inspect $lies/team/image:t" "sign --key $tmp/keys/image.key $lies/team/image:t"; do
	# shellcheck disable=SC2086 # several words
	expect 1 . env MALLOC_PERTURB_=90 "$alnage" $command --verbose --user somebody --password-file "$tmp/password"
	had=$sent sent=$(grep -cF "Basic $encoded" "$asked" || true)
	[ "$sent" -gt "$had" ] || { cat "$asked"; fail "the registry did not get the credentials: $command"; }
	grep -q 403 "$tmp/said" || fail "the registry's answer is not shown: $command"
	! grep -qE "hunter2secret|${encoded%%=*}" "$tmp/said" || { cat "$tmp/said"; fail "credentials in the output of: $command"; }
done

# ---- sizes and numbers that somebody states (cosign CVE-2024-29902, -29903, CVE-2023-46737; sigstore-go CVE-2024-45395) ----

tag=${good/:/-}.sig
replace_signatures() { # JQ-FILTER: on the manifest of .sig, in $tmp/stated
	local manifest new
	rm -rf "$tmp/stated"
	cp -r "$tmp/good" "$tmp/stated"
	manifest=$(jq -r --arg tag "$tag" '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $tag).digest' "$tmp/stated/index.json")
	jq -c "$1" "$tmp/stated/blobs/sha256/${manifest#sha256:}" >"$tmp/new"
	new=sha256:$(sha256sum "$tmp/new" | cut -d' ' -f1)
	cp "$tmp/new" "$tmp/stated/blobs/sha256/${new#sha256:}"
	# the bundle goes, and what lists it
	jq -c --arg tag "$tag" --arg new "$new" --argjson size "$(stat -c %s "$tmp/new")" '.manifests |= [.[] |
		if .annotations["org.opencontainers.image.ref.name"] == $tag then .digest = $new | .size = $size
		elif .annotations["org.opencontainers.image.ref.name"] == "t" then . else empty end]' "$tmp/good/index.json" >"$tmp/stated/index.json"
}
small() { (ulimit -v 1000000 && timeout 120 "$alnage" verify --signature-only --key "$key" "oci:$tmp/stated:t"); }
replace_signatures .
expect 0 accepted small
replace_signatures '.layers[0].size = 1000000000000'
expect 3 'signature: malformed|layout: malformed' small
replace_signatures '.layers[0].size = 9223372036854775807'
expect 3 'malformed' small
replace_signatures '.layers[0].size = 18446744073709551616'
expect 3 'malformed' small
replace_signatures '.layers[0].size = -1'
expect 3 'malformed' small
replace_signatures '.layers = [range(1001) as $n | .layers[0]]'
expect 3 'malformed' small
replace_signatures '.layers = [range(900) as $n | .layers[0] | .annotations["dev.cosignproject.cosign/signature"] = "MAYCAQECAQE="] + .layers'
expect 0 accepted small # junk before it, within limits, hides nothing
replace_signatures '.layers[0].annotations["dev.cosignproject.cosign/signature"] |= . + "!"'
expect 3 'malformed' small
replace_signatures '.layers[0].annotations["dev.cosignproject.cosign/signature"] = ""'
expect 3 'foreign key|malformed' small
replace_signatures '.layers[0].annotations["dev.cosignproject.cosign/signature"] = 7'
expect 3 'malformed' small
replace_signatures '.layers[0].annotations = null'
expect 3 'malformed' small
replace_signatures '.layers = null'
expect 3 'malformed' small
replace_signatures '.layers[0].mediaType = "application/vnd.dsse.envelope.v1+json"'
expect 3 'missing signature' small

# ---- an image that is an index, or an index that is an image (CVE-2021-41190) ----

both=$(jq -c '.manifests = []' "$tmp/good/blobs/sha256/${good#sha256:}")
cp -r "$tmp/good" "$tmp/both"
printf %s "$both" >"$tmp/new"
new=$(sha256sum "$tmp/new" | cut -d' ' -f1)
cp "$tmp/new" "$tmp/both/blobs/sha256/$new"
jq -c --arg new "sha256:$new" --argjson size "$(stat -c %s "$tmp/new")" \
	'(.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == "t")) |= (.digest = $new | .size = $size)' \
	"$tmp/good/index.json" >"$tmp/both/index.json"
expect 3 'malformed.*(manifests|both)' verify "oci:$tmp/both:t"
expect 1 'manifests' "$alnage" sign "oci:$tmp/both:t" --key "$tmp/keys/image.key"
