#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# alnage toolchain lock: the groups' packages are resolved by the signed index of a suite, and by no other;
# nothing changes when nothing changed.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/helpers/debian_mirror.sh
source tests/helpers/debian_mirror.sh
need apt-get gpg gpgv curl jq python3 xz
export ALNAGE_STORE="$tmp/a store"
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY

new_signing_key good
new_signing_key other
mkdir "$tmp/recipes" "$tmp/pool"
lock=$tmp/recipes/toolchain.lock.json

groups() { # GROUPS as YAML
	{
		printf 'version: 1\nsuite: trixie\ncomponent: main\narchitecture: amd64\nbase: base\nomit: [left-out]\ngroups:\n'
		printf '  base: {debian: [libbase]}\n'
		printf '%s\n' "$@"
	} >"$tmp/recipes/toolchain.yaml"
}
packages() { # VERSION of libtool++
	stanza libbase 2.0-1
	stanza tool 1:1.0+really0.9-1 'Pre-Depends: libbase' 'Depends: libtool++ (>= 3), gone | either | or, virtual, left-out' \
		'Recommends: unwanted'
	stanza libtool++ "$1" 'Depends: libbase'
	stanza either 1
	stanza or 1
	stanza real 4 'Provides: virtual'
	stanza left-out 1 'Depends: behind'
	stanza behind 1
	stanza unwanted 1
	stanza c.d 1
}
keyring=$tmp/good.gpg
pin() { "$alnage" toolchain lock --recipes "$tmp/recipes" --mirror "$mirror/" --keyring "$keyring" "$@"; }
serve "$tmp/pool"

# ---- what a group needs, in the one form there is ----
groups '  tools: {debian: [tool]}' '  alike: {debian: [tool]}' '  nothing: {packages: [own]}' '  based: {debian: [libbase]}'
packages 3.1-1 | publish "$tmp/pool" good trixie
pin >"$tmp/said"
grep -qx 'tool: none -> 1:1.0+really0.9-1' "$tmp/said" || { cat "$tmp/said"; fail "the new package is not told"; }
grep -qx 'group tools: +behind +either +libtool++ +real +tool' "$tmp/said" || { cat "$tmp/said"; fail "the new group"; }
same "$(jq -c .groups "$lock")" '{"alike":["behind","either","libtool++","real","tool"],"base":["libbase"],"based":[],"tools":["behind","either","libtool++","real","tool"]}'
same "$(jq -c '.packages | keys' "$lock")" '["behind","either","libbase","libtool++","real","tool"]'
same "$(jq -c '.packages.tool' "$lock")" "{\"path\":\"pool/main/t/tool/tool_1.0+really0.9-1_amd64.deb\",\"sha256\":\"$(printf 'tool 1:1.0+really0.9-1' | sha256sum | cut -d ' ' -f 1)\",\"size\":1000,\"version\":\"1:1.0+really0.9-1\"}"
same "$(jq -c '[.suite, .architecture, .version]' "$lock")" '["trixie","amd64",1]'
python3 - "$lock" <<'END' || fail "the form of the lock"
import json, sys
text = open(sys.argv[1]).read()
assert text == json.dumps(json.loads(text), indent=1, sort_keys=True) + "\n"
END

# ---- nothing changes when nothing changed ----
before=$(stat -c '%i %Y' "$lock")
same "$(pin)" ''
same "$(pin --check)" ''
same "$(stat -c '%i %Y' "$lock")" "$before" "written again"

# ---- a newer version ----
packages 3.2-1 | publish "$tmp/pool" good trixie
expect 1 'libtool\+\+: 3.1-1 -> 3.2-1' pin --check
grep -q 'is not what the suite has now' "$tmp/said" || fail "the reason"
same "$(stat -c '%i %Y' "$lock")" "$before" "--check wrote"
same "$(pin --json | jq -c .)" '{"groups":{},"packages":{"libtool++":{"from":"3.1-1","to":"3.2-1"}}}'
same "$(jq -r '.packages["libtool++"].version' "$lock")" 3.2-1
same "$(pin)" ''

# ---- only what is signed, by a key that was named, for this suite ----
cp "$lock" "$tmp/kept"
refused() { # TEXT [OPTION…]
	expect 3 "$1" pin "${@:2}"
	cmp -s "$lock" "$tmp/kept" || fail "refused ($1), but written"
}
packages 9 | publish "$tmp/pool" '' trixie
refused 'is not signed'
packages 9 | publish "$tmp/pool" good trixie
cp "$tmp/pool/dists/trixie/Release" "$tmp/pool/dists/trixie/InRelease" # signed no more
refused 'signature|is not signed'
packages 9 | publish "$tmp/pool" other trixie
refused 'is not signed|NO_PUBKEY'
packages 9 | publish "$tmp/pool" good trixie
sed -i 's/^Codename: trixie/Codename: trixie\nSigned: no/' "$tmp/pool/dists/trixie/InRelease"
refused 'signatures were invalid'
packages 9 | publish "$tmp/pool" good bookworm
refused 'what is signed there for trixie is bookworm some'
packages 9 | publish "$tmp/pool" good trixie
packages 8 | xz >"$tmp/pool/dists/trixie/main/binary-amd64/Packages.xz"
refused 'Hash Sum mismatch|unexpected size'
packages 9 | publish "$tmp/pool" good trixie
keyring=$tmp/other.gpg refused 'is not signed|NO_PUBKEY'
: >"$tmp/empty.gpg"
keyring=$tmp/empty.gpg refused 'is not signed|NO_PUBKEY'
keyring=$tmp/nowhere.gpg expect 1 'the keys of the suite.*No such file' pin

# ---- armoured keys; the next mirror, if the first has no such suite ----
gpg --homedir "$tmp/gnupg" --batch --armor --export good >"$tmp/good.asc"
mkdir "$tmp/bare"
first=$mirror
serve "$tmp/bare"
keyring=$tmp/good.asc expect 0 'warning: .*does not have a Release file' pin --mirror "$first"
same "$(jq -r '.packages["libtool++"].version' "$lock")" 9
expect 1 'does not have a Release file' pin
mirror=$first

# ---- names that are no packages, or more than names ----
cp "$lock" "$tmp/kept"
wrong() { # TEXT GROUP
	groups "$2"
	expect 1 "$1" pin
	cmp -s "$lock" "$tmp/kept" || fail "wrong ($1), but written"
}
wrong 'group x: .*Unable to locate package no-such-thing' '  x: {debian: [no-such-thing]}'
wrong 'group x: virtual is no package of trixie' '  x: {debian: [virtual]}'
wrong 'group x: c.e is no package of trixie|Unable to locate package c.e|find any package' '  x: {debian: [c.e]}'
wrong 'group x wants left-out' '  x: {debian: [left-out]}'
wrong "x: '--download-only' is no Debian name" '  x: {debian: [--download-only]}'
wrong "x: 'tool=1' is no Debian name" '  x: {debian: [tool=1]}'
wrong "x: '\?installed' is no Debian name" '  x: {debian: ["?installed"]}'
wrong "x: 'tool.either' is no Debian name" '  x: {debian: ["tool\neither"]}'
groups '  x: {debian: [tool]}'
mirror=file:///x expect 1 "no http:// or https:// address" pin
mirror='http://x y' expect 1 "no http:// or https:// address" pin
sed -i 's/^suite: .*/suite: "trixie\\nTrusted: yes"/' "$tmp/recipes/toolchain.yaml"
packages 10 | publish "$tmp/pool" '' trixie
expect 1 "suite: 'trixie.Trusted: yes' is no Debian name" pin
expect 2 "toolchain knows 'lock', not 'unlock'" "$alnage" toolchain unlock

# ---- whatever apt is made to do, it reads nothing of the person's ----
if python3 -c 'import ctypes; exit(ctypes.CDLL(None).syscall(444, None, 0, 1) < 2)'; then # Landlock
	echo secret >"$tmp/secret"
	groups '  tools: {debian: [tool]}'
	packages 10 | publish "$tmp/pool" good trixie
	mkdir "$tmp/bin"
	printf '#!/bin/sh\ncat "%s" >&2\nexit 1\n' "$tmp/secret" >"$tmp/bin/apt-get"
	chmod +x "$tmp/bin/apt-get"
	PATH=$tmp/bin:$PATH expect 1 'Permission denied' pin
	! grep -q '^alnage: .*secret$' "$tmp/said" || fail "apt-get ran in a folder of the person's"
fi

# ---- nothing stays, and no privilege is needed ----
same "$(ls "$ALNAGE_STORE/tmp")" '' 'left in the store'
if [ "$(id -u)" = 0 ]; then
	groups '  tools: {debian: [tool]}'
	packages 11 | publish "$tmp/pool" good trixie
	chmod 755 "$tmp"
	chown -R 65534 "$tmp/recipes"
	cp "$alnage" "$tmp/alnage"
	expect 0 'libtool\+\+: 9 -> 11' setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$tmp/alnage" toolchain lock --recipes "$tmp/recipes" --mirror "$mirror" --keyring "$tmp/good.gpg" \
		--store "$tmp/recipes/store"
fi
