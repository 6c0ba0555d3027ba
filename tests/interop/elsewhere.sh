#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What cosign signs elsewhere (sign-blob) is attached by us and verified by cosign; keys in a PKCS #11 token,
# several keys, time stamps and own certificates, all verified by the real cosign 2.5 (trixie) and 3.1
# (forky). Exit 77: something needed is not here. Needs root (chroot) and docker-registry.
set -euo pipefail

skip() {
	echo "skip: $*"
	exit 77
}
alnage=$PWD/${BUILD:-build}/alnage
shared=${ALNAGE_SHARED:-../shared}
peers=${ALNAGE_PEERS:-/var/tmp/peers}
[ -x "$alnage" ] || skip "no $alnage"
[ "$(id -u)" = 0 ] || skip "needs root for chroot"
for program in docker-registry softhsm2-util pkcs11-tool openssl curl; do
	command -v $program >/dev/null || skip "no $program"
done
for suite in trixie forky; do
	[ -x "$peers/root-$suite/usr/bin/cosign" ] && continue
	[ -x "$shared/tools/suite-tools" ] || skip "no suite-tools"
	"$shared/tools/suite-tools" "$suite" "$peers" cosign >/dev/null 2>&1 ||
		skip "cosign of $suite could not be fetched"
done

# shellcheck source=tests/helpers/tiny.sh
source tests/helpers/tiny.sh
work=$(mktemp -d)
inside=alnage-elsewhere-$$ # the folder that cosign sees as /tmp/…
started=()
cleanup() {
	[ ${#started[@]} -eq 0 ] || kill "${started[@]}" 2>/dev/null || true
	rm -rf "$work" "$peers"/root-{trixie,forky}/tmp/"$inside"
}
trap cleanup EXIT
port=$((20000 + $$ % 20000))
printf 'version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: "127.0.0.1:%s"}\n' \
	"$work/registry" $port >"$work/registry.yml"
docker-registry serve "$work/registry.yml" >"$work/registry.log" 2>&1 &
started+=($!)
for _ in $(seq 600); do
	curl -sf "http://127.0.0.1:$port/v2/" >/dev/null && break
	sleep 0.1
done
curl -sf "http://127.0.0.1:$port/v2/" >/dev/null || skip "the registry does not start"

cosign() { # SUITE arguments…
	local suite=$1
	shift
	env -i HOME=/tmp PATH=/usr/sbin:/usr/bin:/bin COSIGN_PASSWORD=pw chroot "$peers/root-$suite" cosign "$@"
}
give() { # FILE…: to both
	local suite
	for suite in trixie forky; do
		mkdir -p "$peers/root-$suite/tmp/$inside"
		cp -R "$@" "$peers/root-$suite/tmp/$inside/"
	done
}
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
push() { # NAME: an image with this text in it
	tiny_layout "$work/layout" "$1" >/dev/null
	image=127.0.0.1:$port/$1:t
	good "push $1" "$alnage" copy "oci:$work/layout:t" "$image"
}
both_verify() { # PUBLIC-KEY
	local suite
	give "$1"
	for suite in trixie forky; do
		good "cosign $suite verify by $(basename "$1")" cosign $suite verify --key "/tmp/$inside/$(basename "$1")" --insecure-ignore-tlog=true "$image"
	done
	good "verify by $(basename "$1")" "$alnage" verify --signature-only --key "$1" "$image"
}

# ---- cosign sign-blob is the other machine ----

ALNAGE_PASSWORD=pw good keygen "$alnage" keygen --password "$work/elsewhere.key"
give "$work/elsewhere.key"
for suite in trixie forky; do
	push "by-$suite"
	rm -rf "$work/sign"
	good "payloads" "$alnage" sign --payload-only "$work/sign" "$image"
	give "$work/sign"
	flags=(--tlog-upload=false --yes)
	[ $suite = trixie ] || flags+=(--use-signing-config=false --new-bundle-format=false)
	for payload in "$work"/sign/*.payload; do
		name=/tmp/$inside/sign/$(basename "$payload")
		good "cosign $suite sign-blob" cosign $suite sign-blob --key "/tmp/$inside/elsewhere.key" "${flags[@]}" --output-signature "$name.sig" "$name"
		cp "$peers/root-$suite$name.sig" "$payload.sig"
	done
	good "attach" "$alnage" sign --attach "$work/sign" --key "$work/elsewhere.key.pub" "$image"
	both_verify "$work/elsewhere.key.pub"
done

# ---- a token, and several keys in one call ----

mkdir "$work/tokens"
printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$work/tokens" >"$work/softhsm.conf"
export SOFTHSM2_CONF=$work/softhsm.conf ALNAGE_PIN=735519
tool() { pkcs11-tool --module /usr/lib/softhsm/libsofthsm2.so --token-label t --pin $ALNAGE_PIN "$@"; }
good "a token" softhsm2-util --init-token --free --label t --so-pin 111111 --pin $ALNAGE_PIN
good "with P-256" tool --keypairgen --key-type EC:prime256v1 --label p256 --id 01
good "with RSA" tool --keypairgen --key-type rsa:2048 --label rsa --id 02
good "keygen" "$alnage" keygen "$work/file.key"
echo '{"reviewed": true}' >"$work/predicate"
keys=(--key 'pkcs11:token=t;object=p256' --key 'pkcs11:token=t;object=rsa' --key "$work/file.key")
push token
good "sign with three keys" "$alnage" sign "${keys[@]}" "$image"
good "and attest" "$alnage" attest "${keys[@]}" --type https://example.org/r --predicate "$work/predicate" "$image"
cp "$work/file.key.pub" "$work/file.pub"
for key in p256 rsa; do good "public half" "$alnage" keygen --public-of "pkcs11:token=t;object=$key" "$work/$key.pub"; done
for key in p256 rsa file; do
	both_verify "$work/$key.pub"
	for suite in trixie forky; do
		good "cosign $suite verify-attestation" cosign $suite verify-attestation --key "/tmp/$inside/$key.pub" \
			--insecure-ignore-tlog=true --type https://example.org/r "$image"
	done
done

# ---- time stamps ----

mkdir "$work/tsa"
(
	cd "$work/tsa"
	openssl ecparam -genkey -name prime256v1 -noout -out root.pem
	openssl req -x509 -new -key root.pem -subj /CN=root -days 30 -addext 'keyUsage=critical,keyCertSign' -out root.crt
	openssl ecparam -genkey -name prime256v1 -noout -out tsa.pem
	openssl req -new -key tsa.pem -subj /CN=tsa -out tsa.csr
	openssl x509 -req -in tsa.csr -CA root.crt -CAkey root.pem -CAcreateserial -days 20 -out tsa.crt \
		-extfile <(printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\n')
	cat tsa.crt root.crt >chain.pem
	printf '[good]\nserial = %s/serial\ncrypto_device = builtin\nsigner_cert = %s/tsa.crt\nsigner_key = %s/tsa.pem\nsigner_digest = sha256\ndefault_policy = 1.2.3.4\ndigests = sha256\ness_cert_id_alg = sha256\n' \
		"$PWD" "$PWD" "$PWD" >tsa.conf
	echo 01 >serial
) >/dev/null 2>&1
python3 tests/helpers/tsa.py "$work/tsa" >/dev/null 2>&1 &
started+=($!)
for _ in $(seq 600); do [ -f "$work/tsa/port" ] && break; sleep 0.1; done
push stamped
good "sign with a time stamp" "$alnage" sign --key "$work/file.key" --timestamp-url "http://127.0.0.1:$(cat "$work/tsa/port")/good" \
	--timestamp-chain "$work/tsa/chain.pem" "$image"
both_verify "$work/file.pub"
give "$work/tsa/chain.pem"
good "cosign trixie checks the time stamp" cosign trixie verify --key "/tmp/$inside/file.pub" --insecure-ignore-tlog=true \
	--timestamp-certificate-chain "/tmp/$inside/chain.pem" --use-signed-timestamps "$image"
pem_der() { openssl x509 -in "$1" -outform der | base64 -w0; }
printf '{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","timestampAuthorities":[{"subject":{"organization":"x","commonName":"x"},"uri":"https://tsa.example","certChain":{"certificates":[{"rawBytes":"%s"},{"rawBytes":"%s"}]},"validFor":{"start":"2020-01-01T00:00:00Z"}}]}' \
	"$(pem_der "$work/tsa/tsa.crt")" "$(pem_der "$work/tsa/root.crt")" >"$work/trusted_root.json"
give "$work/trusted_root.json"
good "cosign forky checks the time stamp" cosign forky verify --key "/tmp/$inside/file.pub" --insecure-ignore-tlog=true \
	--use-signed-timestamps --trusted-root "/tmp/$inside/trusted_root.json" "$image"
echo "elsewhere: all good"
