#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Images that identities in certificates signed: by options and by policies, of both programs.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need jq
keyless_image=$build/tests/helpers/keyless_image

# ---- an image ----

blob() { # FILE: into the layout; prints digest and size as JSON members
	local digest
	digest=$(sha256sum "$1" | cut -d' ' -f1)
	cp "$1" "$tmp/layout/blobs/sha256/$digest"
	printf '"digest":"sha256:%s","size":%d' "$digest" "$(stat -c %s "$1")"
}
make_image() {
	rm -rf "$tmp/layout"
	mkdir -p "$tmp/layout/blobs/sha256"
	printf layer >"$tmp/layer"
	printf '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}' >"$tmp/config"
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json",%s},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar",%s}]}' \
		"$(blob "$tmp/config")" "$(blob "$tmp/layer")" >"$tmp/manifest"
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json",%s,"annotations":{"org.opencontainers.image.ref.name":"t"}}]}' \
		"$(blob "$tmp/manifest")" >"$tmp/layout/index.json"
	echo '{"imageLayoutVersion":"1.0.0"}' >"$tmp/layout/oci-layout"
}
image=oci:$tmp/layout:t
root=$tmp/root.json
signed() { # FORM options…: a fresh image, so signed
	make_image
	"$keyless_image" "$image" "$root" "$@"
}
identity=https://example.org/build.yml@refs/heads/main
issuer=https://token.example.org
who=(--certificate-identity "$identity" --certificate-oidc-issuer "$issuer" --trusted-root "$root")
provenance=https://slsa.dev/provenance/v1

# ---- by options ----

for program in "$alnage" "$build/alnage-verify"; do
	for form in sig bundle; do
		signed $form
		expect 0 "signature: by $identity, vouched for by $issuer" "$program" verify "$image" "${who[@]}" --signature-only
	done
	signed sig + att type=$provenance
	expect 0 "attestation $provenance: by $identity" "$program" verify "$image" "${who[@]}" --require slsaprovenance1
	signed bundle + bundle type=$provenance v2=1 stamped=2023-11-14T22:13:20Z
	expect 0 accepted "$program" verify "$image" "${who[@]}" --require slsaprovenance1
done
verify() { "$alnage" verify "$image" --signature-only "$@"; }
expect 0 accepted verify "${who[@]}"
expect 0 accepted verify --certificate-identity-regexp 'https://example\.org/build\.yml@refs/heads/.*' \
	--certificate-oidc-issuer-regexp 'https://token\.example\.(org|com)' --trusted-root "$root"
# not a part of it, as cosign's would be
expect 3 "not proven: .* signed by $identity, not by example.org/build.yml" verify \
	--certificate-identity-regexp 'example.org/build.yml' --certificate-oidc-issuer "$issuer" --trusted-root "$root"
expect 3 'vouched for by https://token.example.org, not by' verify --certificate-identity "$identity" \
	--certificate-oidc-issuer https://token.example.com --trusted-root "$root"
expect 3 'entries in 1 transparency logs, 2 are asked for' verify "${who[@]}" --log-entries 2
expect 3 'time stamps by 0 authorities, 1 are asked for' verify "${who[@]}" --timestamps 1
signed bundle stamped=2023-11-14T22:13:20Z no_entry=1 no_sct=1
expect 3 'no entry in a transparency log' verify "${who[@]}"
expect 3 'no signed certificate timestamp' verify "${who[@]}" --log-entries 0 --timestamps 1
expect 0 accepted verify "${who[@]}" --log-entries 0 --timestamps 1 --scts 0
for option in log-entries timestamps scts; do
	for count in x -1 33; do
		expect 2 "--$option: '$count' is not a number from 0 to 32" verify --certificate-identity a --certificate-oidc-issuer b \
			--trusted-root "$tmp/none" --$option "$count"
	done
done
# each thing that must not be, in each form
while read -r form option reason; do
	signed "$form" "$option"
	expect 3 "not proven: .*$reason" verify "${who[@]}"
done <<-END
	sig no_sct=1 no signed certificate timestamp
	sig wrong_sct=1 no signed certificate timestamp holds
	sig no_entry=1 no entry in a transparency log
	sig log_other_signature=1 made for another signature
	sig integrated=2023-11-14T22:23:00Z was not valid
	bundle wrong_sct=1 no signed certificate timestamp holds
	bundle no_entry=1 no entry in a transparency log
	bundle log_other_signature=1 made for another signature
	bundle stamped=2023-11-14T22:23:00Z was not valid
	bundle v2=1 nothing proves when
END
# another Sigstore, with the same names
signed bundle
cp "$root" "$tmp/other.json"
signed bundle
expect 3 'not proven: .*trusted root lacks' verify "${who[@]:0:4}" --trusted-root "$tmp/other.json"

# ---- wrong usage: nothing is verified ----

expect 2 'certificate-oidc-issuer' verify --certificate-identity "$identity" --trusted-root "$root"
expect 2 'trusted-root is missing' verify --certificate-identity "$identity" --certificate-oidc-issuer "$issuer"
expect 2 'exclude each other' verify "${who[@]}" --certificate-identity-regexp x
expect 2 'exclude each other' verify "${who[@]}" --key x
expect 2 "without '\\('" verify "${who[@]:2}" --certificate-identity-regexp 'a)|(b'
expect 2 'timestamps' verify "${who[@]}" --timestamps many
expect 2 '2 time stamp authorities are asked for, the trusted root names 1' verify "${who[@]}" --timestamps 2
expect 2 'with --policy' verify "${who[@]}" --policy x
expect 1 'other.json' verify "${who[@]:0:4}" --trusted-root "$tmp/none/other.json"

# ---- by policies ----

"$alnage" keygen "$tmp/release.key" >/dev/null
trust() { # more of the pipeline
	cat >"$tmp/trust.yaml" <<-END
		version: 1
		keys:
		  - {name: release, file: release.key.pub, roles: [image, provenance]}
		keyless:
		  - name: pipeline
		    identity: $identity
		    issuer: $issuer
		    trusted-root: root.json
		    roles: [image, provenance]
		    ${1:-operator: example}
		  - {name: people, identity-regexp: ".*@example[.]org", issuer: "$issuer", trusted-root: root.json, roles: [image]}
	END
}
policy() { # BODY OF THE SCOPE
	printf 'version: 1\ntrust: trust.yaml\nscopes:\n  - name: all\n    images: ["oci:**"]\n%s\n' "    ${1//$'\n'/$'\n'    }" >"$tmp/policy.yaml"
}
judge() { "$build/alnage-verify" verify "$image" --policy "$tmp/policy.yaml" "$@"; }
trust
signed sig + bundle type=$provenance + bundle san=email:a@example.org
policy $'signature: {}\nattestations:\n  - type: slsaprovenance1'
expect 0 'signature: by pipeline, people' judge
policy 'signature: {threshold: 2, keys: [pipeline, people]}'
expect 0 'signature: by pipeline, people' judge
policy 'signature: {threshold: 3}'
expect 3 'too few signers: 2 of 3 \(pipeline, people\)' judge
"$alnage" sign "$image" --key "$tmp/release.key" >/dev/null
expect 0 'signature: by release, pipeline, people' judge
policy $'attestations:\n  - {type: slsaprovenance1, keys: [people]}'
expect 1 "'people' is not trusted for that" judge
for window in 'valid-from: 2101-01-01/is not valid before' 'revoked: 2024-01-01/was revoked on'; do
	trust "${window%/*}"
	policy 'signature: {keys: [pipeline]}'
	expect 3 "untrusted signer: identity 'pipeline' ${window#*/}" judge
done
signed sig
trust 'timestamps: 1'
expect 3 'time stamps by 0 authorities, 1 are asked for' judge
trust 'timestamps: 2'
expect 1 "'pipeline': 2 time stamp authorities are asked for" judge
trust 'trusted-roots: x'
expect 1 "did you mean 'trusted-root'" judge
trust
expect 0 '"accepted": true' judge --json
