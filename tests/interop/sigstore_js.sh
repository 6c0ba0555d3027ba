#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# sigstore-js (@sigstore/verify and @sigstore/bundle by npm): our bundles, as they lie in a registry, verified by
# it; its bundles verified by us. It does not bind a bundle to an image, that is done here as its callers do.
# shellcheck source=tests/interop/lib.sh
source "$(dirname "$0")/lib.sh"

command -v node >/dev/null || skip "sigstore-js needs node"
modules=$peers/sigstore-js
if [ ! -d "$modules/node_modules/@sigstore/verify" ]; then
	command -v npm >/dev/null || skip "@sigstore/verify is not below $modules, and there is no npm"
	mkdir -p "$modules"
	npm install --prefix "$modules" --ignore-scripts @sigstore/verify @sigstore/bundle >"$work/npm.log" 2>&1 ||
		skip "npm could not install @sigstore/verify"
fi
start_registries
make_keys
add_token_key
predicates
called="sigstore-js verify $(jq -r .version "$modules/node_modules/@sigstore/verify/package.json")"
cat >"$work/sigstore.js" <<'END'
const crypto = require('crypto'), fs = require('fs');
const {bundleFromJSON, bundleToJSON, toDSSEBundle} = require('@sigstore/bundle');
const {Verifier, toSignedEntity} = require('@sigstore/verify');
const [, , action, keyFile, file, digest] = process.argv;
const hex = digest.replace('sha256:', '');

function verify() {
	const publicKey = crypto.createPublicKey(fs.readFileSync(keyFile));
	const trust = {certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [],
		publicKey: () => ({publicKey, validFor: () => true})};
	const bundle = bundleFromJSON(JSON.parse(fs.readFileSync(file)));
	new Verifier(trust, {tlogThreshold: 0, timestampThreshold: 0, ctlogThreshold: 0}).verify(toSignedEntity(bundle));
	const statement = JSON.parse(bundle.content.dsseEnvelope.payload);
	if (!statement.subject.some((subject) => subject.digest.sha256 === hex))
		throw new Error('not about this image');
}
function sign() {
	const key = crypto.createPrivateKey(fs.readFileSync(keyFile));
	const payload = Buffer.from(JSON.stringify({_type: 'https://in-toto.io/Statement/v1',
		subject: [{name: 'image', digest: {sha256: hex}}], predicateType: 'https://sigstore.dev/cosign/sign/v1', predicate: {}}));
	const type = 'application/vnd.in-toto+json';
	const encoded = Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `), payload]);
	const spki = crypto.createPublicKey(key).export({type: 'spki', format: 'der'});
	const bundle = toDSSEBundle({artifact: payload, artifactType: type, certificateChain: false,
		signature: crypto.sign(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', encoded, key),
		keyHint: crypto.createHash('sha256').update(spki).digest('base64')});
	bundle.verificationMaterial.tlogEntries = [];
	fs.writeFileSync(file, JSON.stringify(bundleToJSON(bundle)));
}
try {
	if (action === 'sign') sign(); else verify();
} catch (error) {
	console.error(`${error.code || ''} ${error.message} ${error.cause || ''}`);
	process.exit(1);
}
END
js() { NODE_PATH=$modules/node_modules node "$work/sigstore.js" "$@"; } # verify|sign KEY BUNDLE DIGEST

read_ours() { # KEY HOST
	local key=$1 host=$2 where number=0 manifest blob
	where="$key $(registry_name "$host")"
	push_image "$where" single "$host/js-$key"
	passes "$where: alnage signs" "$alnage" sign --key "$(signing_key "$key")" "$image" || return
	passes "$where: alnage attests" "$alnage" attest --key "$(signing_key "$key")" --type slsaprovenance1 --predicate "$work/slsa.json" "$image"
	for manifest in $(referrers "$host" "js-$key" "$digest"); do
		number=$((number + 1)) blob=$(manifest_of "$host" "js-$key" "$manifest" | jq -r '.layers[0].digest')
		curl -sf "http://$host/v2/js-$key/blobs/$blob" >"$work/bundle.json"
		passes "$where: $called takes bundle $number" js verify "$keys/$key.pub" "$work/bundle.json" "$digest"
		refuses "$where: $called, another key" "SIGNATURE_ERROR" js verify "$keys/other.pub" "$work/bundle.json" "$digest"
		jq -c '.dsseEnvelope.payload |= (@base64d | sub("sha256"; "sha25 ") | @base64)' "$work/bundle.json" >"$work/altered.json"
		refuses "$where: $called, altered" "SIGNATURE_ERROR" js verify "$keys/$key.pub" "$work/altered.json" "$digest"
		passes "$where: alnage verify-bundle" "$alnage" verify-bundle --bundle "$work/bundle.json" --key "$keys/$key.pub" "$digest"
		refuses "$where: alnage verify-bundle, altered" "refused|signature" "$alnage" verify-bundle --bundle "$work/altered.json" --key "$keys/$key.pub" "$digest"
	done
	cells=$((cells + 1))
	[ $number -eq 2 ] || report_failure "$where" "$number bundles instead of 2"
}
read_theirs() { # KEY
	local key=$1 about
	about=sha256:$(sha256sum "$work/slsa.json" | cut -d' ' -f1)
	passes "$key: sigstore-js makes a bundle" js sign "$keys/$key.key" "$work/theirs.json" "$about"
	passes "$key: alnage verifies it" "$alnage" verify-bundle --bundle "$work/theirs.json" --key "$keys/$key.pub" "$work/slsa.json"
	refuses "$key: alnage, another key" "signature" "$alnage" verify-bundle --bundle "$work/theirs.json" --key "$keys/other.pub" "$work/slsa.json"
	refuses "$key: alnage, another file" "digest|about|artifact" "$alnage" verify-bundle --bundle "$work/theirs.json" --key "$keys/$key.pub" "$work/spdx.json"
}
for key in "${signers[@]}"; do
	for host in "${registries[@]}"; do read_ours "$key" "$host"; done
	case $key in encrypted | pkcs11) ;; *) read_theirs "$key" ;; esac
done
finish
