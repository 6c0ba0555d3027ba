#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Signing where the network is not: payloads go out as files, signatures, certificates and time stamps
# come back, and nothing is attached that does not hold. Time stamps from an authority, good and bad.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/helpers/tiny.sh
source tests/helpers/tiny.sh
need jq python3 openssl
"$alnage" keygen "$tmp/own.key" >/dev/null
"$alnage" keygen "$tmp/other.key" >/dev/null
image=oci:$tmp/image:t
index_json=$tmp/image/index.json
fresh() { digest=$(tiny_layout "$tmp/image") && cp "$index_json" "$tmp/before"; }
untouched() { cmp -s "$index_json" "$tmp/before" || fail "something was attached: $*"; }
attach() { "$alnage" sign --attach "$tmp/out" --identity r.example/a:1 "$@" "$image"; }

# ---- out, to plain openssl, and back: every kind of key ----

ask() { rm -rf "$tmp/out" && expect 0 payload: "$alnage" sign --payload-only "$tmp/out" --identity r.example/a:1 "$image"; }
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out "$tmp/p384.pem" 2>/dev/null
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$tmp/p256.pem" 2>/dev/null
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out "$tmp/rsa.pem" 2>/dev/null
openssl genpkey -algorithm ED25519 -out "$tmp/ed.pem" 2>/dev/null
for key in p256 p384 rsa ed; do
	openssl pkey -in "$tmp/$key.pem" -pubout -out "$tmp/$key.pub"
	fresh
	ask
	untouched "--payload-only"
	(cd "$tmp/out" && sha256sum --status -c SHA256SUMS) || fail "SHA256SUMS"
	same "$(wc -l <"$tmp/out/SHA256SUMS")" 2 "payloads"
	for payload in "$tmp"/out/*.payload; do
		same "$(basename "$payload" .payload)" "$(sha256sum "$payload" | cut -d' ' -f1)"
		case $key in
		ed) openssl pkeyutl -sign -inkey "$tmp/$key.pem" -rawin -in "$payload" -out "$payload.sig" ;;
		p384) # a signer that is given only the digest
			openssl dgst -sha256 -binary "$payload" >"$tmp/digest"
			openssl pkeyutl -sign -inkey "$tmp/$key.pem" -pkeyopt digest:sha256 -in "$tmp/digest" -out "$payload.sig" ;;
		rsa) openssl dgst -sha256 -sign "$tmp/$key.pem" "$payload" | base64 -w0 >"$payload.sig" ;;
		*) openssl dgst -sha256 -sign "$tmp/$key.pem" -out "$payload.sig" "$payload" ;;
		esac
	done
	expect 0 'signed oci:' attach --key "$tmp/$key.pub"
	expect 0 accepted "$alnage" verify --signature-only --key "$tmp/$key.pub" "$image"
	cp "$index_json" "$tmp/once"
	expect 0 'signed oci:' attach --key "$tmp/$key.pub"
	cmp "$index_json" "$tmp/once" || fail "attached twice"
done
payload=$(grep -l 'cosign container image signature' "$tmp"/out/*.payload)
grep -q 'r.example/a:1' "$payload" || fail "not the identity that was asked for"
bundle=$(grep -l '^DSSEv1 28 application/vnd.in-toto+json ' "$tmp"/out/*.payload)
python3 - "$bundle" <<'END'
import json, sys
_, _, _, length, body = open(sys.argv[1], 'rb').read().split(b' ', 4)
assert int(length) == len(body), (length, len(body))
assert json.loads(body)['predicateType'] == 'https://sigstore.dev/cosign/sign/v1'
END

# an index: every image in it, and the index
tiny_index "$tmp/image" >/dev/null
ask
same "$(wc -l <"$tmp/out/SHA256SUMS")" 6 "payloads of an index of two"
for payload in "$tmp"/out/*.payload; do openssl dgst -sha256 -sign "$tmp/p256.pem" -out "$payload.sig" "$payload"; done
cp "$index_json" "$tmp/before"
rm "$payload.sig"
expect 1 'has no signature' attach --key "$tmp/p256.pub"
untouched "with one signature missing"
openssl dgst -sha256 -sign "$tmp/p256.pem" -out "$payload.sig" "$payload"
expect 0 'signed oci:' attach --key "$tmp/p256.pub"
expect 0 accepted "$alnage" verify --signature-only --key "$tmp/p256.pub" "$image"

# a statement
fresh
expect 0 'signed oci:' "$alnage" sign --key "$tmp/own.key" "$image"
echo '{"reviewed": "yes"}' >"$tmp/predicate"
attest() { "$alnage" attest --type https://example.org/r --predicate "$tmp/predicate" "$@" "$image"; }
rm -rf "$tmp/out"
expect 0 'statement https://example.org/r' attest --payload-only "$tmp/out"
for payload in "$tmp"/out/*.payload; do openssl dgst -sha256 -sign "$tmp/own.key" -out "$payload.sig" "$payload"; done
echo '{"reviewed": "no"}' >"$tmp/predicate"
expect 1 'other payloads were written' attest --attach "$tmp/out" --key "$tmp/own.key.pub"
echo '{"reviewed": "yes"}' >"$tmp/predicate"
expect 0 attested attest --attach "$tmp/out" --key "$tmp/own.key.pub"
expect 0 accepted "$alnage" verify --require https://example.org/r --key "$tmp/own.key.pub" "$image"

# ---- what does not hold ----

fresh
ask
sign_all() { for payload in "$tmp"/out/*.payload; do openssl dgst -sha256 "${@:2}" -sign "$1" -out "$payload.sig" "$payload"; done; }
expect 1 'has no signature' attach --key "$tmp/own.key.pub"
sign_all "$tmp/own.key"
expect 3 'is not by' attach --key "$tmp/other.key.pub"
untouched "by another key"
expect 1 'other payloads were written' "$alnage" sign --attach "$tmp/out" --identity r.example/a:2 --key "$tmp/own.key.pub" "$image"
expect 1 '"PUBLIC KEY" was expected' attach --key "$tmp/own.key"
printf x >>"$payload.sig"
expect 3 'is not by' attach --key "$tmp/own.key.pub"
: >"$payload.sig"
expect 3 'signature is empty' attach --key "$tmp/own.key.pub"
sign_all "$tmp/rsa.pem" -sigopt rsa_padding_mode:pss
expect 3 'is not by' attach --key "$tmp/rsa.pub"
for first in "$tmp"/out/*.payload; do break; done
sign_all "$tmp/own.key"
cp "$first.sig" "$payload.sig"
expect 3 'is not by' attach --key "$tmp/own.key.pub"
untouched "mixed up"
expect 2 'before signing' "$alnage" sign --attach "$tmp/out" --payload-only "$tmp/out" --key "$tmp/own.key.pub" "$image"
expect 2 'signs nothing' "$alnage" sign --payload-only "$tmp/out" --key "$tmp/own.key" "$image"
expect 2 'one --key a time' attach --key "$tmp/own.key.pub" --key "$tmp/other.key.pub"

# ---- a private authority, with certificates and time stamps ----

mkdir "$tmp/ca"
cd "$tmp/ca"
touch index.txt
echo 01 >serial
cat >ca.conf <<-END
	[ca]
	default_ca = here
	[here]
	database = index.txt
	serial = serial
	new_certs_dir = .
	default_md = sha256
	policy = any
	unique_subject = no
	[any]
	commonName = supplied
	[req]
	distinguished_name = dn
	[dn]
	[root]
	basicConstraints = critical, CA:TRUE
	keyUsage = critical, keyCertSign
	[tsa]
	basicConstraints = critical, CA:FALSE
	extendedKeyUsage = critical, timeStamping
	[plain]
	basicConstraints = critical, CA:FALSE
	keyUsage = critical, digitalSignature
	extendedKeyUsage = codeSigning
	subjectAltName = email:ceremony@example.org
END
key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.pem" 2>/dev/null; }
authority() { # NAME
	key "$1"
	openssl req -x509 -new -key "$1.pem" -subj "/CN=$1" -days 30 -config ca.conf -extensions root -out "$1.crt" 2>/dev/null
}
issue() { # NAME KEY ISSUER EXTENSIONS [START END]
	openssl req -new -key "$2" -subj "/CN=$1" -config ca.conf -out "$1.csr" 2>/dev/null
	openssl ca -batch -notext -config ca.conf -cert "$3.crt" -keyfile "$3.pem" -in "$1.csr" -out "$1.crt" \
		-extensions "$4" -startdate "${5:-20200101000000Z}" -enddate "${6:-20460101000000Z}" 2>/dev/null || fail "issuing $1"
}
authority root
authority foreign
key tsa
issue tsa tsa.pem root tsa
key expired
issue expired expired.pem root tsa 20200101000000Z 20210101000000Z
issue own "$tmp/own.key" root plain
issue old "$tmp/own.key" root plain 20200101000000Z 20210101000000Z
issue elses "$tmp/other.key" root plain
tsa_section() { # NAME KEY DIGESTS: a section of tsa.conf
	cat <<-END
		[$1]
		serial = $tmp/ca/tsa.serial
		crypto_device = builtin
		signer_cert = $tmp/ca/$2.crt
		signer_key = $tmp/ca/$2.pem
		signer_digest = sha256
		default_policy = 1.2.3.4
		digests = $3
		accuracy = secs:1
		ess_cert_id_alg = sha256
	END
}
mkdir "$tmp/tsa"
{
	tsa_section good tsa sha256
	tsa_section expired expired sha256
	tsa_section picky tsa sha512
} >"$tmp/tsa/tsa.conf"
echo 01 >tsa.serial
cd - >/dev/null
python3 tests/helpers/tsa.py "$tmp/tsa" >"$tmp/tsa/log" 2>&1 &
at_end "kill $! 2>/dev/null"
wait_for test -f "$tmp/tsa/port"
tsa=http://127.0.0.1:$(cat "$tmp/tsa/port")
root=$tmp/ca/root.crt

# what a reader needs to believe the authority
for name in root foreign; do jq -n --arg root "$(openssl x509 -in "$tmp/ca/$name.crt" -outform der | base64 -w0)" '{mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
	timestampAuthorities: [{subject: {organization: "x", commonName: "x"}, uri: "https://tsa.example", certChain: {certificates: [{rawBytes: $root}]},
		validFor: {start: "2020-01-01T00:00:00Z"}}]}' >"$tmp/${name}_root.json"; done
mv "$tmp/root_root.json" "$tmp/trusted_root.json"
layer() { # the annotation of .sig or .att, layer 0
	jq -j --arg name "$2" '.layers[0].annotations[$name] // empty' "$tmp/image/blobs/sha256/$(jq -r --arg tag "${digest/:/-}.$1" \
		'.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $tag) | .digest' "$index_json" | cut -d: -f2)"
}
bundle_of() { # PREDICATE-TYPE: writes $tmp/bundle, of the only one
	local blob layer
	for blob in $(cd "$tmp/image/blobs/sha256" && grep -lF "\"dev.sigstore.bundle.predicateType\":\"$1\"" ./*); do
		layer=$(jq -r '.layers[0].digest // empty' "$tmp/image/blobs/sha256/$blob")
		[ -z "$layer" ] || cp "$tmp/image/blobs/sha256/${layer#sha256:}" "$tmp/bundle"
	done
}
proven() { # the bundle's time stamp, under the trusted root
	jq -e '.verificationMaterial.timestampVerificationData.rfc3161Timestamps | length == 1' "$tmp/bundle" >/dev/null || fail "the bundle has no time stamp"
	expect 0 '' "$alnage" verify-bundle --bundle "$tmp/bundle" --key "$1" --trusted-root "$tmp/trusted_root.json" "$digest"
	grep -qE '^passed +time +20' "$tmp/said" || { cat "$tmp/said"; fail "the time was not proven"; }
	expect 3 'time stamp' "$alnage" verify-bundle --bundle "$tmp/bundle" --key "$1" --trusted-root "$tmp/foreign_root.json" "$digest"
}
stamped() { "$alnage" sign --key "$tmp/own.key" --timestamp-url "$tsa/$1" --timestamp-chain "${2:-$root}" "${@:3}" "$image"; }

fresh
expect 0 'signed oci:' stamped good
expect 0 accepted "$alnage" verify --signature-only --key "$tmp/own.key.pub" "$image"
bundle_of https://sigstore.dev/cosign/sign/v1
proven "$tmp/own.key.pub"
# the annotation's stamp is over the raw signature
layer sig dev.sigstore.cosign/rfc3161timestamp | jq -r .SignedRFC3161Timestamp | base64 -d >"$tmp/tsr"
layer sig dev.cosignproject.cosign/signature | base64 -d >"$tmp/raw"
openssl ts -verify -data "$tmp/raw" -in "$tmp/tsr" -CAfile "$root" >/dev/null 2>&1 || fail "openssl does not accept the annotation's time stamp"
expect 0 attested "$alnage" attest --key "$tmp/own.key" --type https://example.org/r --predicate "$tmp/predicate" \
	--timestamp-url "$tsa/good" --timestamp-chain "$root" "$image"
bundle_of https://example.org/r
proven "$tmp/own.key.pub"
# a stamp is added to a signature that had none, and is then there once
fresh
expect 0 'signed oci:' "$alnage" sign --key "$tmp/own.key" "$image"
expect 0 'signed oci:' stamped good
[ -n "$(layer sig dev.sigstore.cosign/rfc3161timestamp)" ] || fail "no time stamp was added"
cp "$index_json" "$tmp/once"
expect 0 'signed oci:' stamped good
cmp "$index_json" "$tmp/once" || fail "stamped twice"

fresh
expect 3 'for another request: another nonce' stamped good/nonce
expect 3 'it stamps something else' stamped good/imprint
expect 3 'did not grant it' stamped picky
expect 3 'not by a time stamp authority' stamped expired
expect 3 'not by a time stamp authority' stamped good "$tmp/ca/foreign.crt"
expect 1 'too large|more than|larger' stamped good/long
expect 3 'not a TimeStampResp' stamped good/cut
expect 3 'not a TimeStampResp' stamped good/junk
expect 3 'bytes behind' stamped good/behind
expect 1 'something else than a time stamp' stamped good/type
expect 1 'answers 503' stamped error
expect 1 'answers 302' stamped moved
expect 1 '"CERTIFICATE" was expected' stamped good "$tmp/own.key"
expect 2 'timestamp-chain goes with' "$alnage" sign --key "$tmp/own.key" --timestamp-url "$tsa/good" "$image"
expect 2 'use --attach' "$alnage" sign --key "$tmp/own.key" --timestamp-file "$tmp/tsr" --timestamp-chain "$root" "$image"
untouched "with a bad time stamp"

# stamps that were fetched elsewhere
ask
sign_all "$tmp/own.key"
files=()
for payload in "$tmp"/out/*.payload; do
	openssl ts -query -data "$payload.sig" -sha256 -cert -out "$tmp/query" 2>/dev/null
	openssl ts -reply -config "$tmp/tsa/tsa.conf" -section good -queryfile "$tmp/query" -out "$payload.tsr" 2>/dev/null
	files+=(--timestamp-file "$payload.tsr")
done
expect 3 'stamps something else' attach --key "$tmp/own.key.pub" --timestamp-file "$tmp/tsr" --timestamp-chain "$root"
expect 1 'none of the 2 time stamp files' attach --key "$tmp/own.key.pub" --timestamp-file "$tmp/tsr" --timestamp-file "$tmp/tsr" --timestamp-chain "$root"
untouched "with another's time stamp"
expect 0 'signed oci:' attach --key "$tmp/own.key.pub" "${files[@]}" --timestamp-chain "$root"
bundle_of https://sigstore.dev/cosign/sign/v1
proven "$tmp/own.key.pub"

# certificates
fresh
certified() { "$alnage" sign --key "$tmp/own.key" --certificate "$tmp/ca/$1.crt" "${@:2}" "$image"; }
expect 3 'it is of another key' certified elses
expect 3 'it is not valid now' certified old
expect 3 'not issued under' certified own --certificate-chain "$tmp/ca/foreign.crt"
expect 2 'certificate is missing' "$alnage" sign --key "$tmp/own.key" --certificate-chain "$root" "$image"
expect 3 "it is an authority's|another key" certified root
untouched "with a bad certificate"
expect 0 'signed oci:' certified own --certificate-chain "$root"
layer sig dev.sigstore.cosign/certificate | cmp - "$tmp/ca/own.crt" || fail "not the certificate"
layer sig dev.sigstore.cosign/chain | cmp - "$root" || fail "not the chain"
bundle_of https://sigstore.dev/cosign/sign/v1
same "$(jq -r '.verificationMaterial.certificate.rawBytes' "$tmp/bundle")" "$(openssl x509 -in "$tmp/ca/own.crt" -outform der | base64 -w0)"
expect 0 accepted "$alnage" verify --signature-only --key "$tmp/own.key.pub" "$image"

# ---- the name in a signature: what readers compare with the name that they pull by ----

if command -v docker-registry >/dev/null; then
	start_registry
	for pinned in no yes; do
		digest=$(tiny_layout "$tmp/named")
		for tag in latest t; do "$alnage" push "oci:$tmp/named:t" "$registry/named-$pinned:$tag" >/dev/null 2>&1; done
	done
	named() { # REFERENCE NAME [options…]
		rm -rf "$tmp/out"
		expect 0 payload: "$alnage" sign --payload-only "$tmp/out" "${@:3}" "$registry/$1"
		same "$(jq -rs '.[].critical.identity."docker-reference"' "$(grep -l 'cosign container' "$tmp"/out/*.payload)")" "$2" "identity of $1"
	}
	named named-no "$registry/named-no:latest"
	named named-no:t "$registry/named-no:t"
	named "named-yes:t@$digest" "$registry/named-yes:t"
	named "named-yes@$digest" "$registry/named-yes@$digest"
	named named-no:t r.example/a:1 --identity docker://r.example/a:1
	for name in 'not a name' a '' oci:x; do
		expect 2 '--identity' "$alnage" sign --payload-only "$tmp/out" --identity "$name" "$registry/named-no:t"
	done
else
	echo "not run: names at a registry (no docker-registry)"
fi
