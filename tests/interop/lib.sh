# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For the interoperation tests: other projects' programs (peers), registries, images, keys, and cells of the
# matrix. Source it first. Every cell is one line:
#	passed   NAME            what was wanted happened; a refusal counts only with its reason
#	cannot   NAME: REASON    the peer itself does not do this, and its refusal was seen
#	not run  NAME: REASON    something needed is not here
#	FAILED   NAME
#
# Peers are Debian's programs of later suites, unpacked below $PEERS (default /var/tmp/peers) and run by
# chroot with this machine's /tmp, so that paths are the same inside and outside. What is missing is
# unpacked by $SUITE_TOOLS, a program called as: suite-tools SUITE DESTINATION PACKAGE…
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
alnage=$(realpath "${BUILD:-build}")/alnage
helpers=$(realpath "${BUILD:-build}")/tests/helpers
peers=${PEERS:-${ALNAGE_PEERS:-/var/tmp/peers}}
suite_tools=${SUITE_TOOLS:-${ALNAGE_SHARED:-../shared}/tools/suite-tools}
work=$(mktemp -d /tmp/alnage-interop.XXXXXX)
failures=0 cells=0 children=()
export ALNAGE_PASSWORD=pw COSIGN_PASSWORD=pw

cleanup() {
	local status=$?
	for child in "${children[@]}"; do kill "$child" 2>/dev/null; done
	rm -rf "$work"
	exit $status
}
trap cleanup EXIT
skip() { # REASON: the whole file
	echo "not run: $*"
	exit 77
}
finish() {
	[ $cells -gt 0 ] || skip "no cell could be run"
	exit $((failures > 0))
}
[ -x "$alnage" ] || skip "no $alnage"
[ "$(id -u)" = 0 ] || skip "needs root to run peers by chroot"
unshare --mount true 2>/dev/null || skip "needs the right to mount"

# ---- cells ----

run() { "$@" >"$work/out" 2>&1 </dev/null; }
report_failure() { # NAME WHAT
	failures=$((failures + 1))
	printf 'FAILED   %s: %s\n' "$1" "$2"
	tail -n 20 "$work/out" | cut -c1-600 | sed 's/^/    /'
	return 1
}
passes() { # NAME command…
	local name=$1 status=0
	shift
	cells=$((cells + 1))
	run "$@" || status=$?
	[ $status -eq 0 ] || { report_failure "$name" "exit $status"; return 1; }
	echo "passed   $name"
}
must_refuse() { # TEXT command…: fails, and says TEXT; sets $why otherwise
	local text=$1 status=0
	shift
	run "$@" || status=$?
	why="was accepted"
	[ $status -ne 0 ] || return 1
	why="exit $status, but not '$text'"
	grep -qE -- "$text" "$work/out" || return 1
	# a refusal of ours is exit 3: "could not check" would be 1
	why="exit $status of alnage is no refusal"
	[ "$1" != "$alnage" ] || [ "$2" != verify ] || [ $status -eq 3 ]
}
refuses() { # NAME TEXT command…
	local name=$1
	shift
	cells=$((cells + 1))
	must_refuse "$@" || { report_failure "$name" "$why"; return 1; }
	echo "passed   $name (refused)"
}
cannot() { # NAME REASON TEXT command…
	local name=$1 reason=$2
	shift 2
	cells=$((cells + 1))
	must_refuse "$@" || { report_failure "$name" "expected to be impossible ($reason), but $why"; return 1; }
	echo "cannot   $name: $reason"
}
holds() { # NAME: standard input is a jq filter that must be true of the JSON in $work/out
	cells=$((cells + 1))
	jq -e "$(cat)" "$work/out" >/dev/null 2>&1 || { report_failure "$1" "the output is not so"; return 1; }
	echo "passed   $1"
}
not_run() { echo "not run  $1: $2"; } # NAME REASON

# ---- peers ----

have_peer() { # SUITE PROGRAM [PACKAGE…]: unpacks it if it can; sets $why if not
	local suite=$1 program=$2
	shift 2
	[ ! -x "$peers/root-$suite/usr/bin/$program" ] || return 0
	why="$program of $suite is not below $peers, and \$SUITE_TOOLS names no program to unpack it"
	[ -x "$suite_tools" ] || return 1
	why="$program of $suite could not be unpacked"
	"$suite_tools" "$suite" "$peers" "${@:-$program}" >"$work/suite-tools.log" 2>&1 &&
		[ -x "$peers/root-$suite/usr/bin/$program" ]
}
containers=$work/containers # what peers see as /etc/containers
mkdir "$containers"
peer() { # SUITE program arguments…
	local root=$peers/root-$1
	shift
	mkdir -p "$root/etc/containers"
	# shellcheck disable=SC2016 # expanded by that shell
	unshare --mount bash -c '
		mount --bind "$0" "$0" || exit 125
		for folder in tmp proc dev; do mount --rbind "/$folder" "$0/$folder" || exit 125; done
		mount --bind "$CONTAINERS" "$0/etc/containers" || exit 125
		exec env -i HOME="$HOME_INSIDE" XDG_CONFIG_HOME="$HOME_INSIDE" TMPDIR="$HOME_INSIDE" COSIGN_PASSWORD=pw \
			PATH=/usr/sbin:/usr/bin:/bin chroot "$0" "$@"' "$root" "$@"
}
export CONTAINERS=$containers HOME_INSIDE=$work/home
mkdir "$HOME_INSIDE"
version_of() { # SUITE PACKAGE: as the suite has it
	local deb
	deb=$(find "$peers/apt-$1/cache/archives" -name "$2_*.deb" 2>/dev/null | sort -V | tail -n 1)
	deb=${deb##*/"$2"_}
	[ -z "$deb" ] && echo "of $1" || sed -E 's/%3a/:/; s/^[0-9]+://; s/[-+~].*//' <<<"$deb"
}

# ---- registries ----

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
wait_for() { # HOST
	for _ in $(seq 600); do
		curl -s -o /dev/null "http://$1/v2/" && return
		sleep 0.1
	done
	echo "the registry at $1 did not start" >&2
	return 1
}
start_fallback_registry() { # sets $fallback: Debian's, which has no referrers API
	command -v docker-registry >/dev/null || return 1
	fallback=127.0.0.1:$(free_port)
	printf 'version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: "%s"}\n' \
		"$work/registry" "$fallback" >"$work/registry.yml"
	docker-registry serve "$work/registry.yml" >"$work/registry.log" 2>&1 &
	children+=($!)
	wait_for "$fallback"
}
# The referrers API: go-containerregistry's registry if there is a Go to build it with, else our own.
build_api_registry() {
	local program=$peers/bin/api-registry
	[ ! -x "$program" ] || return 0
	command -v go >/dev/null || return 1
	mkdir -p "$peers/bin" "$work/api"
	cat >"$work/api/main.go" <<-'END'
		package main

		import (
			"io"
			"log"
			"net/http"
			"os"

			"github.com/google/go-containerregistry/pkg/registry"
		)

		func main() {
			quiet := registry.Logger(log.New(io.Discard, "", 0))
			log.Fatal(http.ListenAndServe(os.Args[1], registry.New(registry.WithReferrersSupport(true), quiet)))
		}
	END
	(cd "$work/api" && export GOPATH=$peers/go GOCACHE=$peers/go-cache GOFLAGS=-modcacherw &&
		go mod init example.org/api-registry && go get github.com/google/go-containerregistry@v0.20.7 &&
		go build -o "$program" .) >"$work/api.log" 2>&1
}
start_api_registry() { # sets $api and $api_name
	api=127.0.0.1:$(free_port)
	if build_api_registry; then
		api_name=go-containerregistry
		"$peers/bin/api-registry" "$api" >"$work/api.log" 2>&1 &
	else
		api_name="our test registry"
		"$helpers/registry" "${api#*:}" api >"$work/api.log" 2>&1 &
	fi
	children+=($!)
	wait_for "$api"
}
start_registries() { # sets $registries and, by registry_name, how they are called in cells
	registries=()
	if start_fallback_registry; then registries+=("$fallback"); else not_run "docker-registry" "it is not installed"; fi
	if start_api_registry; then registries+=("$api"); else not_run "a registry with the referrers API" "none starts"; fi
	[ ${#registries[@]} -gt 0 ] || skip "no registry"
}
registry_name() { if [ "$1" = "${fallback:-}" ]; then echo docker-registry; else echo "$api_name"; fi; }

# ---- images ----

# shellcheck source=tests/helpers/layout.sh
source tests/helpers/layout.sh
push_image() { # TEXT single|multi HOST/NAME: under the tag t; sets $image, $digest, $pinned
	make_layout "$1" "$2" "$work/layout"
	# shellcheck disable=SC2034 # for those who source this
	image=$3:t pinned=$3@$digest
	run "$alnage" copy "oci:$work/layout:t" "$image" || { report_failure "push $image" "not pushed"; exit 1; }
}
predicates() { # $work/slsa.json, $work/spdx.json
	echo '{"buildDefinition":{"buildType":"https://example.org/b","externalParameters":{}},"runDetails":{"builder":{"id":"https://example.org/r"}}}' >"$work/slsa.json"
	echo '{"SPDXID":"SPDXRef-DOCUMENT","spdxVersion":"SPDX-2.3","name":"x","dataLicense":"CC0-1.0","documentNamespace":"https://example.org/x","creationInfo":{"created":"2026-01-01T00:00:00Z","creators":["Tool: x"]}}' >"$work/spdx.json"
}
manifest_of() { # HOST NAME TAG|DIGEST
	curl -sf -H 'Accept: application/vnd.oci.image.manifest.v1+json' -H 'Accept: application/vnd.oci.image.index.v1+json' \
		"http://$1/v2/$2/manifests/$3"
}
put_manifest() { # HOST NAME TAG|DIGEST FILE
	curl -sf -o /dev/null -X PUT -H "Content-Type: $(jq -r .mediaType "$4")" --data-binary "@$4" "http://$1/v2/$2/manifests/$3"
}
referrers() { # HOST NAME DIGEST: digests of bundle manifests, by API or fallback tag
	{
		curl -sf "http://$1/v2/$2/referrers/$3" || manifest_of "$1" "$2" "${3/:/-}"
	} | jq -r '.manifests[].digest'
}
# The signatures of one image put beside another in the same repository, byte for byte where the form allows:
# whoever does not compare digests accepts them.
transplant() { # HOST NAME FROM-DIGEST TO-DIGEST
	local size from
	manifest_of "$1" "$2" "${3/:/-}.sig" >"$work/transplant" && put_manifest "$1" "$2" "${4/:/-}.sig" "$work/transplant" || return 1
	size=$(manifest_of "$1" "$2" "$4" | wc -c)
	for from in $(referrers "$1" "$2" "$3"); do
		manifest_of "$1" "$2" "$from" | jq -cj --arg to "$4" --argjson size "$size" \
			'.subject.digest = $to | .subject.size = $size' >"$work/transplant"
		from=sha256:$(sha256sum "$work/transplant" | cut -d' ' -f1)
		put_manifest "$1" "$2" "$from" "$work/transplant" || return 1
		curl -sf "http://$1/v2/$2/referrers/$4" >/dev/null ||
			add_fallback "$1" "$2" "$4" "$from" "$(stat -c %s "$work/transplant")" || return 1
	done
}
add_fallback() { # HOST NAME SUBJECT DIGEST SIZE: a referrer, into the fallback index
	{
		manifest_of "$1" "$2" "${3/:/-}" ||
			echo '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}'
	} | jq -c --arg digest "$4" --argjson size "$5" '.manifests += [{mediaType: "application/vnd.oci.image.manifest.v1+json",
		digest: $digest, size: $size, artifactType: "application/vnd.dev.sigstore.bundle.v0.3+json"}]' >"$work/index"
	put_manifest "$1" "$2" "${3/:/-}" "$work/index"
}

# ---- keys ----

keys=$work/keys
mkdir "$keys"
make_token() { # a key in a SoftHSM token: $keys/pkcs11.uri and .pub
	local module=/usr/lib/softhsm/libsofthsm2.so
	[ -e "$module" ] && command -v softhsm2-util >/dev/null || return 1
	mkdir -p "$work/tokens"
	echo "directories.tokendir = $work/tokens" >"$work/softhsm2.conf"
	export SOFTHSM2_CONF=$work/softhsm2.conf
	(umask 077 && echo 1234 >"$keys/pin")
	run "$alnage" keygen "$keys/pkcs11.key" && mv "$keys/pkcs11.key.pub" "$keys/pkcs11.pub" &&
		run softhsm2-util --init-token --free --label interop --pin 1234 --so-pin 1234 &&
		run softhsm2-util --import "$keys/pkcs11.key" --token interop --label image --id 01 --pin 1234 || return 1
	rm "$keys/pkcs11.key"
	echo "pkcs11:token=interop;object=image;type=private?module-path=$module&pin-source=file:$keys/pin" >"$keys/pkcs11.uri"
}
make_keys() { # $keys/NAME.key and .pub; sets $signers
	local type key
	signers=()
	for key in p256/ecdsa-p256 encrypted/ecdsa-p256 p384/ecdsa-p384 rsa/rsa ed25519/ed25519 other/ecdsa-p256; do
		type=${key#*/} key=${key%/*}
		local options=(--type "$type")
		[ "$key" != encrypted ] || options+=(--password)
		[ "$key" != rsa ] || options+=(--bits 3072)
		run "$alnage" keygen "${options[@]}" "$keys/$key.key" || report_failure "keygen $key" "no key"
		mv "$keys/$key.key.pub" "$keys/$key.pub"
		[ "$key" = other ] || signers+=("$key")
	done
}
add_token_key() { # to $signers
	if ! "$alnage" sign --help | grep 'pkcs11:' >/dev/null; then
		echo "no --key pkcs11:" >"$work/out"
		report_failure "key in a PKCS#11 token" "alnage sign has no --key pkcs11:"
	elif make_token; then
		signers+=(pkcs11)
	else
		not_run "key in a PKCS#11 token" "softhsm2 is needed"
	fi
}
signing_key() { # NAME: what --key takes
	if [ "$1" = pkcs11 ]; then cat "$keys/pkcs11.uri"; else echo "$keys/$1.key"; fi
}
# The same keys as cosign's encrypted files, for peers that read no others. $keys/NAME.peer
make_peer_keys() {
	local key
	for key in p256/ecdsa-p256 p384/ecdsa-p384 rsa/rsa ed25519/ed25519; do
		local options=(--type "${key#*/}")
		[ "${key#*/}" != rsa ] || options+=(--bits 3072)
		run "$alnage" keygen --password "${options[@]}" "$keys/peer-${key%/*}.key" || report_failure "keygen $key" "no key"
		mv "$keys/peer-${key%/*}.key.pub" "$keys/peer-${key%/*}.pub"
	done
	chmod 644 "$keys"/peer-*.key && chmod 600 "$keys"/peer-*.key
	echo -n pw >"$keys/password"
}
