#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Everything with OpenSSL's FIPS provider active and no other: keys, signatures, elsewhere, time stamps,
# policies, the conformance cases, an image built. FIPS_MODULE names fips.so; without it, Debian trixie's
# package openssl-provider-fips is unpacked where that is possible (suite-tools, root). Exit 77: none here.
set -euo pipefail

skip() {
	echo "skip: $*"
	exit 77
}

build=${BUILD:-build}
alnage=$PWD/$build/alnage
shared=${ALNAGE_SHARED:-../shared}
peers=${ALNAGE_PEERS:-/var/tmp/peers}
[ -x "$alnage" ] || skip "no $alnage"
command -v openssl >/dev/null || skip "no openssl"
module=${FIPS_MODULE:-}
if [ -z "$module" ]; then
	find_module() { find "$peers/root-trixie/usr/lib" -name fips.so -path '*ossl-modules*' 2>/dev/null | head -n 1; }
	module=$(find_module)
	if [ -z "$module" ]; then
		[ "$(id -u)" = 0 ] || skip "FIPS_MODULE is not set, and fetching one needs root"
		[ -x "$shared/tools/suite-tools" ] || skip "FIPS_MODULE is not set"
		"$shared/tools/suite-tools" trixie "$peers" openssl-provider-fips >/dev/null 2>&1 ||
			skip "FIPS_MODULE is not set, and openssl-provider-fips of trixie could not be fetched"
		module=$(find_module)
	fi
fi
[ -r "$module" ] || skip "no FIPS module at '$module'"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$module" "$work/fips.so"
openssl fipsinstall -module "$work/fips.so" -out "$work/fipsmodule.cnf" -provider_name fips >"$work/out" 2>&1 ||
	{ cat "$work/out"; skip "openssl fipsinstall refuses this module"; }
cat >"$work/openssl.cnf" <<-END
	config_diagnostics = 1
	openssl_conf = init
	.include $work/fipsmodule.cnf
	[init]
	providers = providers
	alg_section = algorithms
	[providers]
	fips = fips_sect
	base = base
	[base]
	activate = 1
	[algorithms]
	default_properties = fips=yes
END
export OPENSSL_MODULES=$work OPENSSL_CONF=$work/openssl.cnf
openssl list -providers | grep -A2 '^  fips' | grep -v '^  fips'
! echo x | openssl dgst -md5 >/dev/null 2>&1 || { echo "FAIL: MD5 works: the FIPS provider is not the only one" >&2; exit 1; }

fail() {
	echo "FAIL: $*" >&2
	tail -n 20 "$work/out" >&2
	exit 1
}
good() { # NAME command…
	local name=$1
	shift
	"$@" >"$work/out" 2>&1 || fail "$name (exit $?)"
	echo "ok: $name"
}
refused() { # NAME TEXT command…
	local name=$1 text=$2 status=0
	shift 2
	"$@" >"$work/out" 2>&1 || status=$?
	{ [ "$status" -ne 0 ] && [ "$status" -lt 128 ]; } || fail "$name: exit $status"
	grep -qF -- "$text" "$work/out" || fail "$name: not \"$text\""
	echo "ok: $name"
}

# ---- keys ----

# shellcheck source=tests/helpers/tiny.sh
source tests/helpers/tiny.sh
tiny_layout "$work/image" >/dev/null
image=oci:$work/image:t
export ALNAGE_PASSWORD=correct-horse-battery
for type in ecdsa-p256 ecdsa-p384 rsa; do
	good "keygen $type" "$alnage" keygen --type $type "$work/$type"
	good "sign with it" "$alnage" sign --key "$work/$type" "$image"
	good "verify it" "$alnage" verify --signature-only --key "$work/$type.pub" "$image"
	good "encrypted PKCS#8 of $type" "$alnage" keygen --type $type --password --format pkcs8 "$work/$type.enc"
	good "sign with it" "$alnage" sign --key "$work/$type.enc" "$image"
done
if "$alnage" keygen --type ed25519 "$work/ed25519" >"$work/out" 2>&1; then
	good "sign with ed25519" "$alnage" sign --key "$work/ed25519" "$image"
	good "verify it" "$alnage" verify --signature-only --key "$work/ed25519.pub" "$image"
else
	grep -q 'FIPS algorithms only' "$work/out" || fail "ed25519 is refused without the reason"
	echo "ok: ed25519 is refused by this module, and the reason told"
fi
refused "cosign's encrypted form is not written" "--format pkcs8" "$alnage" keygen --password "$work/sealed"
[ ! -e "$work/sealed" ] || fail "half a key was left"
OPENSSL_CONF=/dev/null good "made without FIPS" "$alnage" keygen --password "$work/sealed"
refused "nor read" "--format pkcs8" "$alnage" sign --key "$work/sealed" "$image"
refused "RSA with 1024 bits" "is not a number from 2048 to 8192" "$alnage" keygen --type rsa --bits 1024 "$work/weak"
unset ALNAGE_PASSWORD

# ---- what the other tests do, and all of it again ----

for test in "$build"/tests/unit/{signing_{bundle,certificate,checkpoint,envelope,pem,pkcs11,timestamp,transparency,trusted_root,verify_bundle},attest_{documents,policy,statement,trust,verify},oci_registry,base_digest,base_store}_test; do
	[ -x "$test" ] || continue
	good "$(basename "$test")" "$test"
done
for test in 34_elsewhere 03_refusals 11_policy 12_conformance 01_three_uses; do
	[ -f "tests/system/$test.sh" ] || continue
	status=0
	BUILD=$build "tests/system/$test.sh" >"$work/out" 2>&1 || status=$?
	case $status in
	0) echo "ok: $test" ;;
	77) echo "not run: $test: $(tail -n 1 "$work/out")" ;;
	*) fail "$test (exit $status)" ;;
	esac
done
echo "fips: all good"
