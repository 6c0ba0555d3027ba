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
umask 022 # much of what tests make is for other identities, too

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
# wait_for COMMAND…: until it succeeds; fails after a minute, which is long on a busy machine, too
wait_for() {
	local last=$((SECONDS + 60))
	until "$@"; do
		[ $SECONDS -lt $last ] || { echo "waited in vain: $*" >&2; return 1; }
		sleep 0.1
	done
}
# For servers that cannot choose one themselves. Not of those that the system gives to whoever connects: it would
# be taken before the server has it.
free_port() {
	python3 - <<-'END'
		import random, socket
		first = int(open("/proc/sys/net/ipv4/ip_local_port_range").read().split()[0])
		while True:
		    with socket.socket() as s:
		        port = random.randrange(1024, first)
		        try: s.bind(("127.0.0.1", port))
		        except OSError: continue
		        print(port)
		        break
	END
}
serve_registry() { # CONFIGURATION LOG: sets $served, where it listens; the configuration says 127.0.0.1:0
	rm -f "$2" # of one before, which said where it listens, too
	docker-registry serve "$1" >"$2" 2>&1 &
	at_end "kill $! 2>/dev/null"
	wait_for grep -qs 'msg="listening on ' "$2" || { cat "$2"; fail "the registry did not start"; }
	served=$(sed -nE 's/.*msg="listening on ([0-9.:]+).*/\1/p' "$2")
}
registry_settings() { # HTTP: of a registry with the images of all others, with these settings below http
	printf 'version: 0.1\nlog: {level: info}\nstorage: {filesystem: {rootdirectory: %s}, delete: {enabled: true}}\nhttp: {%s}\n' \
		"$tmp/registry" "addr: \"127.0.0.1:0\"${1:+, $1}"
}
start_registry() { # sets $registry; arguments: extra configuration lines
	mkdir -p "$tmp/registry"
	{
		registry_settings ""
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >"$tmp/registry.yml"
	serve_registry "$tmp/registry.yml" "$tmp/registry.log"
	# shellcheck disable=SC2034 # for the tests
	registry=$served
}
make_certificate() { # FILE NAME: FILE.crt and FILE.key, signed by itself, for DNS:localhost or IP:127.0.0.1
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=registry \
		-addext "subjectAltName=$2" -keyout "$1.key" -out "$1.crt" 2>/dev/null
}
start_tls_registry() { # CERTIFICATE [SETTING]: TLS by CERTIFICATE.crt and .key, and more below tls; sets $tls_port
	registry_settings "tls: {certificate: $1.crt, key: $1.key${2:+, $2}}" >"$tmp/tls.yml"
	serve_registry "$tmp/tls.yml" "$tmp/tls.log"
	# shellcheck disable=SC2034 # for the tests
	tls_port=${served#*:}
}
