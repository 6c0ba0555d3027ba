# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For system tests: a private folder, the built programs, assertions. Source it first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
build=$(realpath "${BUILD:-build}")
alnage=$build/alnage
tmp=$(mktemp -d)
cleanups=()
cleanup() {
	local status=$?
	for command in "${cleanups[@]}"; do eval "$command" || true; done
	chmod -R u+rwX "$tmp" 2>/dev/null || true
	rm -rf "$tmp" 2>/dev/null || true
	exit $status
}
trap cleanup EXIT
at_end() { cleanups=("$1" "${cleanups[@]}"); }

# The store is shared between tests, so that packages are built once.
export ALNAGE_STORE=${ALNAGE_TEST_STORE:-${XDG_CACHE_HOME:-$HOME/.cache}/alnage}
unset SOURCE_DATE_EPOCH

fail() { echo "FAILED: $*" >&2; exit 1; }
skip() { echo "$*"; exit 77; }
# expect STATUS TEXT COMMAND…: runs it, wants this exit status and this text in what it says
expect() {
	local status=$1 text=$2 got=0
	shift 2
	"$@" >"$tmp/said" 2>&1 || got=$?
	[ "$got" -eq "$status" ] || { cat "$tmp/said"; fail "exit $got instead of $status: $*"; }
	grep -qE -- "$text" "$tmp/said" || { cat "$tmp/said"; fail "said nothing like '$text': $*"; }
}
same() { [ "$1" = "$2" ] || fail "'$1' is not '$2'${3:+ ($3)}"; }
need() { for program; do command -v "$program" >/dev/null || skip "needs $program"; done; }

make_keys() { # in $tmp/keys
	mkdir -p "$tmp/keys"
	"$alnage" keygen "$tmp/keys/image.key" >/dev/null
	"$alnage" keygen --type rsa --bits 2048 "$tmp/keys/package.rsa" >/dev/null
}
build_image() { # IMAGE [OUT]: prints the digest
	"$alnage" build "recipes/images/$1.yaml" --output "${2:-$tmp/out}" --json --quiet \
		--key "$tmp/keys/image.key" --package-key "$tmp/keys/package.rsa" | jq -r .digest
}
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
start_registry() { # sets $registry; arguments: extra configuration lines
	local port
	port=$(free_port)
	registry=127.0.0.1:$port
	mkdir -p "$tmp/registry"
	{
		printf 'version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %s}, delete: {enabled: true}}\nhttp: {addr: "%s"}\n' \
			"$tmp/registry" "$registry"
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >"$tmp/registry.yml"
	docker-registry serve "$tmp/registry.yml" >"$tmp/registry.log" 2>&1 &
	at_end "kill $! 2>/dev/null"
	for _ in $(seq 50); do
		curl -s -o /dev/null "http://$registry/v2/" && return
		sleep 0.1
	done
	cat "$tmp/registry.log"
	fail "the registry did not start"
}
