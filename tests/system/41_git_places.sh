#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Where repositories come from: servers that are busy or break off are asked again, and others before that;
# git:// only from a mirror; a repository of this machine is read alone.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need git openssl python3
cp -R recipes "$tmp/recipes"
recipe=$tmp/recipes/packages/places.yaml
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
served=$tmp/served
git init -q -b main "$served/tool"
head -c 300000 /dev/urandom >"$served/tool/data"
git -C "$served/tool" add -A
git -C "$served/tool" commit -qm first
commit=$(git -C "$served/tool" rev-parse HEAD)

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
	-addext 'subjectAltName=IP:127.0.0.1' -keyout "$tmp/tls.key" -out "$tmp/tls.crt" 2>/dev/null
export SSL_CERT_FILE=$tmp/tls.crt
start_server() { # LOG FAULTS: sets $started
	python3 tests/helpers/git_server.py "$tmp/tls.crt" "$tmp/tls.key" "$served" "$1" "$2" >"$tmp/port" 2>"$tmp/server.err" &
	at_end "kill $! 2>/dev/null"
	wait_for test -s "$tmp/port" || { cat "$tmp/server.err"; fail "the server did not start"; }
	started=127.0.0.1:$(cat "$tmp/port")
}
start_server "$tmp/log" "$tmp/faults"
server=$started

# check_out REPOSITORY [MORE…]: with a store of its own, in which there is nothing to build with: checkouts come
# first. With lines of $inputs.
inputs=
check_out() {
	printf 'package:\n  name: places\n  version: 1\n  copyright:\n    - license: Apache-2.0\npipeline:\n' >"$recipe"
	printf '  - uses: git-checkout\n    with:\n      repository: %s\n      expected-commit: %s\n%s' "$1" "$commit" "$inputs" >>"$recipe"
	shift
	: >"$tmp/log"
	ALNAGE_STORE=$tmp/store "$alnage" package "$recipe" --recipes "$tmp/recipes" --output "$tmp/out" --quiet \
		--mirror http://127.0.0.1:1/ "$@"
}
arrives() {
	rm -rf "$tmp/store"
	check_out "$@" >"$tmp/said" 2>&1 || true
	[ "$(find "$tmp/store/git" -type f 2>/dev/null | wc -l)" -eq 1 ] || { cat "$tmp/said"; fail "did not arrive: $*"; }
}
refused() { # TEXT REPOSITORY…
	local text=$1
	rm -rf "$tmp/store"
	shift
	expect 1 "$text" check_out "$@"
	[ ! -e "$tmp/store/git" ] || fail "it was kept: $*"
}
many() { for _ in $(seq 20); do echo "$1"; done >"$tmp/faults"; }
quickly='      initial-backoff: 1
'

# ---- asked again ----
inputs=$quickly
for fault in 503 429 reset 'reset 502'; do
	tr ' ' '\n' <<<"$fault" >"$tmp/faults"
	arrives "https://$server/tool"
	[ ! -s "$tmp/faults" ] || fail "not all faults were met: $fault"
done
# the pack itself breaks off: the request after what the server can do
printf '%s\n' - cut >"$tmp/faults"
arrives "https://$server/tool"
grep -q 'POST .* cut' "$tmp/log" || fail "no pack was cut"

# ---- and not ----
for fault in 404 403; do
	many "$fault"
	refused "git fetch failed.*(not found|returned error: 403)" "https://$server/tool"
	same "$(wc -l <"$tmp/log")" 2 "requests after $fault: for the commit, and for the branches"
done
echo 503 >"$tmp/faults"
inputs=$quickly$'      max-retries: 0\n'
refused 'returned error: 503' "https://$server/tool"
same "$(wc -l <"$tmp/log")" 1 "requests with max-retries: 0"
many 503
inputs=$quickly$'      max-retries: 1\n'
refused 'asked 2 times: .*returned error: 503' "https://$server/tool"
same "$(wc -l <"$tmp/log")" 2 "requests with max-retries: 1"
inputs=
SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt refused 'certificate' "https://$server/tool"
same "$(wc -l <"$tmp/log")" 0 "requests without trust"
rm "$tmp/faults"

# ---- another place before a pause ----
mkdir -p "$tmp/mirror/$server"
ln -s "$served/tool" "$tmp/mirror/$server/tool"
inputs=$'      initial-backoff: 60\n'
many 503
SECONDS=0
arrives "https://$server/tool" --source-mirror "$tmp/mirror"
[ "$SECONDS" -lt 30 ] || fail "waited although a mirror has it"
same "$(wc -l <"$tmp/log")" 1 "requests before the mirror"
rm "$tmp/faults"
inputs=

# ---- git:// and http:// ----
for scheme in git http; do
	refused 'fetched by https, or this one from a mirror' "$scheme://$server/tool"
	grep -q -- '--source-mirror' "$tmp/said" || fail "no remedy"
	arrives "$scheme://$server/tool" --source-mirror "$tmp/mirror"
	expect 1 '' check_out "$scheme://$server/tool" --offline # the toolchain is not there
	! grep -q "$scheme://.* is not in the store" "$tmp/said" || fail "the store was not asked"
	same "$(wc -l <"$tmp/log")" 0 "requests for $scheme://"
done
mkdir "$tmp/empty"
refused "git fetch failed.*/empty/" "git://$server/tool" --source-mirror "$tmp/empty"
same "$(wc -l <"$tmp/log")" 0 "requests for what a mirror lacks"

# ---- repositories of this machine ----
git clone -q --bare --no-local "$served/tool" "$tmp/bare.git"
arrives "file://$tmp/bare.git"
arrives "file://$served/tool"
ln -s "$served/tool" "$tmp/link"
arrives "file://$tmp/link"
alone='is read alone'
git clone -q --shared --bare "$served/tool" "$tmp/shared.git" # alternates
refused "$alone" "file://$tmp/shared.git"
git -C "$served/tool" worktree add -q --detach "$tmp/worktree"
refused "$alone" "file://$tmp/worktree"
mkdir -p "$tmp/linked.git"
cp -R "$tmp/bare.git/." "$tmp/linked.git"
rm -rf "$tmp/linked.git/objects"
ln -s "$served/tool/.git/objects" "$tmp/linked.git/objects"
refused "$alone" "file://$tmp/linked.git"
# a submodule beside it comes along, one elsewhere does not
inputs=$'      recurse-submodules: "true"\n'
for place in "$served" "$tmp/apart"; do
	rm -rf "$place/outer"
	git init -q -b main "$place/outer"
	git -C "$place/outer" -c protocol.file.allow=always submodule --quiet add "file://$served/tool" lib
	git -C "$place/outer" commit -qm outer
done
commit=$(git -C "$served/outer" rev-parse HEAD)
arrives "file://$served/outer"
commit=$(git -C "$tmp/apart/outer" rev-parse HEAD)
refused "submodule failed.*$served/tool" "file://$tmp/apart/outer"
