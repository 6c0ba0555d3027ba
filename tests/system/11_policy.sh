#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A built image by policies: the good one passes, and each rule fails for its own reason.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need jq openssl
make_keys
digest=$(build_image static)
image=oci:$tmp/out/static:latest
for key in second rebuilder stranger scanner; do "$alnage" keygen "$tmp/keys/$key.key" >/dev/null; done

trust() { # [SETTINGS OF release]: trust.yaml
	cat >"$tmp/trust.yaml" <<-END
		version: 1
		keys:
		  - {name: release, file: keys/image.key.pub, roles: [image, provenance, sbom], operator: one${1:+, $1}}
		  - {name: second, file: keys/second.key.pub, roles: [image, provenance], operator: two}
		  - {name: rebuilder, file: keys/rebuilder.key.pub, roles: [rebuild], operator: three}
		  - {name: scanner, file: keys/scanner.key.pub, roles: [scan, vex], operator: four}
	END
}
policy() { # BODY OF THE SCOPE [IMAGES]: policy.yaml
	printf 'version: 1\ntrust: trust.yaml\nscopes:\n  - name: all\n    images: ["%s"]\n%s\n' \
		"${2:-oci:**}" "$(sed 's/^/    /' <<<"$1")" >"$tmp/policy.yaml"
}
verify() { "$build/alnage-verify" verify "$image" --policy "$tmp/policy.yaml" "$@"; }
passes() { policy "$@"; expect 0 '^accepted' verify; }
refuses() { # REASON BODY
	policy "$2" "${3:-}"
	expect 3 "refused: .*$1" verify
	grep -q '^refused' "$tmp/said" || fail "no verdict: $2"
}
unchecked() { # REASON BODY: not known to be bad, and not accepted
	policy "$2"
	expect 1 "could not be checked: $1" verify
	grep -q '^could not be checked' "$tmp/said" || fail "no verdict: $2"
	same "$(verify --json 2>/dev/null | jq -c '[.accepted, .result]')" '[false,"unchecked"]'
}
provenance() { printf 'attestations:\n  - {type: slsaprovenance1, %s}' "$1"; }
trust

# what a scanner found, and what the image's maker says of it
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
scan() { # [KEY [SEVERITY]]: a report in the words of Trivy, with CVE-1 if it is severe
	jq -n --arg now "$now" --arg severity "${2:-}" '{metadata: {scanFinishedOn: $now}, scanner: {result: {Results: [
		{Vulnerabilities: [if $severity == "" then empty else {VulnerabilityID: "CVE-1", PkgName: "tzdata",
			Severity: $severity, PublishedDate: "2020-01-01T00:00:00Z",
			PkgIdentifier: {PURL: "pkg:apk/alnage/tzdata@1-r0"}} end]}]}}}' >"$tmp/scan.json"
	"$alnage" attest "$image" --key "$tmp/keys/${1:-scanner}.key" --type vuln --predicate "$tmp/scan.json" >/dev/null
}
vex() { # KEY
	jq -n --arg now "$now" '{"@context": "https://openvex.dev/ns/v0.2.0", timestamp: $now, statements: [
		{vulnerability: {name: "CVE-1"}, products: [{"@id": "pkg:apk/alnage/tzdata"}],
			status: "not_affected", justification: "vulnerable_code_not_present"}]}' >"$tmp/vex.json"
	"$alnage" attest "$image" --key "$tmp/keys/$1.key" --type openvex --predicate "$tmp/vex.json" >/dev/null
}
findings='vulnerabilities: {max-severity: medium, max-age: 3d, vex: {}}'
unchecked 'vulnerabilities: missing scan report' "$findings"
scan image
refuses "vulnerabilities: untrusted signer: key 'release'" "$findings"
scan
passes "$findings"
expect 3 'vulnerabilities: too old' verify --at 2099-01-01T00:00:00Z

# the examples, with these keys
sed 's/operators: 2/operators: 1/' tests/policy/strict.yaml >"$tmp/strict.yaml"
for example in tests/policy/minimal.yaml "$tmp/strict.yaml"; do
	for program in "$alnage" "$build/alnage-verify"; do
		expect 0 "^$digest" "$program" verify "$image" --policy "$example" --trust "$tmp/trust.yaml"
	done
done
expect 3 'rebuild: too few: 1 of 2 operators' "$alnage" verify "$image" \
	--policy tests/policy/strict.yaml --trust "$tmp/trust.yaml"

# scope, signature, thresholds
passes 'signature: {}'
refuses 'scope: not in the policy' 'signature: {}' 'registry.example/**'
passes 'signature: {keys: [release], threshold: 1, identities: ["localhost/*:*"]}'
refuses 'signature: not allowed: the signature .* is for the name localhost/' \
	'signature: {identities: ["registry.example/**"]}'
refuses 'signature: too few signers: 1 of 2 \(release\)' 'signature: {threshold: 2}'
refuses "signature: untrusted signer: key 'release' is not one of those" 'signature: {keys: [second]}'
"$alnage" sign "$image" --key "$tmp/keys/image.key" >/dev/null
"$alnage" sign "$image" --key "$tmp/keys/stranger.key" >/dev/null
refuses 'signature: too few signers: 1 of 2 \(release\)' 'signature: {threshold: 2}'
"$alnage" sign "$image" --key "$tmp/keys/second.key" >/dev/null
passes 'signature: {threshold: 2}'

# windows of keys
for window in 'valid-from: 2101-01-01/is not valid before' 'valid-until: 2026-01-01/expired on' \
	'revoked: 2026-01-01/was revoked on'; do
	trust "${window%/*}"
	refuses "signature: untrusted signer: key 'release' ${window#*/}" 'signature: {keys: [release]}'
done
trust 'valid-until: 2026-01-01'
expect 0 '^as of 2025-12-31T23:59:59Z' verify --at 2025-12-31T23:59:59Z
same "$(verify --json --at 2025-12-31T23:59:59Z | jq -c '[.accepted, .asOf]')" '[true,"2025-12-31T23:59:59Z"]'
expect 3 'expired on' verify --at 2026-01-01T00:00:00Z
trust

# attestations
passes $'attestations:\n  - type: slsaprovenance1\n  - type: spdxjson'
refuses 'https://example.org/x: missing attestation' $'attestations:\n  - {type: "https://example.org/x", keys: [release]}'
passes "$(provenance 'max-age: 1d, dependency-digests: true, build-types: ["https://alnage.dev/image-build/v1"]')"
refuses 'provenance/v1: builder: not allowed: https://alnage.dev/builders/local' \
	"$(provenance 'builders: [{id: "https://example.org/builder", level: 3}]')"
refuses 'provenance/v1: build type: not allowed' "$(provenance 'build-types: ["https://example.org/t"]')"
refuses "provenance/v1: sandbox: not allowed: sandbox '" "$(provenance 'sandbox: [T9]')"
refuses 'provenance/v1: recipe: not allowed: recipe:images/static.yaml' "$(provenance 'recipes: ["recipe:mine/"]')"
refuses 'provenance/v1: dependency sources: not allowed: .*dependencies\)' \
	"$(provenance 'dependency-sources: ["recipe:", "pool:main/"]')"
refuses 'provenance/v1: too few signers: 1 of 2' "$(provenance 'threshold: 2')"
policy "$(provenance 'max-age: 1d')"
expect 3 'provenance/v1: age: too old' verify --at "$(date -u -d '+3 days' +%FT%TZ)"
expect 3 'provenance/v1: age: from the future' verify --at "$(date -u -d '-3 days' +%FT%TZ)"
passes $'attestations:\n  - {type: spdxjson, licenses: {allow: [Apache-2.0, MPL-2.0, CC-PDDC]}}'
refuses "spdx.dev/Document: licenses: not allowed: package .*'MPL-2.0'" \
	$'attestations:\n  - {type: spdxjson, licenses: {deny: [MPL-*]}}'

# the audit of the ELF files: the build's own, and one of a bad image
audit() { printf 'attestations:\n  - {type: hardening, keys: [%s], hardening: [%s]}' "$1" "$2"; }
passes "$(audit release 'pie, relro')"
unchecked "attestation https://alnage.dev/hardening/v1: hardening: the audit has no check 'pies'" "$(audit release pies)"
refuses 'hardening/v1: untrusted signer: key .release. is not one of those' "$(audit second pie)"
echo '{"elfFiles": 3, "checks": {"pie": {"passed": 1, "failed": 2, "unknown": 0}, "relro": {"passed": 2, "failed": 0, "unknown": 1}}}' >"$tmp/audit.json"
"$alnage" attest "$image" --key "$tmp/keys/second.key" --type hardening --predicate "$tmp/audit.json" >/dev/null
refuses "hardening/v1: hardening: not allowed: 2 ELF files fail 'pie'" "$(audit second pie)"
unchecked "attestation .*hardening/v1: hardening: not known of 1 ELF files: 'relro'" "$(audit second relro)"

# the image's own age: created 2026-01-01
policy $'signature: {}\nmax-age: 10d'
expect 0 accepted verify --at 2026-01-11T00:00:00Z
expect 3 'image age: too old: 2026-01-01T00:00:00Z' verify --at 2026-01-11T00:00:01Z

# another who built the same
statement=$(find "$tmp/out/static/blobs/sha256" -type f -exec sh -c \
	'jq -r ".payload? // empty" "$1" 2>/dev/null | base64 -d 2>/dev/null | jq -ce "select(.predicateType == \"https://slsa.dev/provenance/v1\") | .predicate" 2>/dev/null' sh {} \; | head -n 1)
jq '.runDetails.builder.id = "https://example.org/rebuilder"' <<<"$statement" >"$tmp/rebuild.json"
refuses 'rebuild: too few: 1 of 2 operators \(release\)' 'rebuild: {operators: 2}'
"$alnage" attest "$image" --key "$tmp/keys/stranger.key" --type slsaprovenance1 --predicate "$tmp/rebuild.json" >/dev/null
refuses 'rebuild: too few: 1 of 2' 'rebuild: {operators: 2}'
"$alnage" attest "$image" --key "$tmp/keys/rebuilder.key" --type slsaprovenance1 --predicate "$tmp/rebuild.json" >/dev/null
passes 'rebuild: {operators: 2}'

# dependencies without a digest
jq 'del(.buildDefinition.resolvedDependencies[0].digest)' <<<"$statement" >"$tmp/undigested.json"
"$alnage" attest "$image" --key "$tmp/keys/second.key" --type slsaprovenance1 --predicate "$tmp/undigested.json" >/dev/null
refuses 'provenance/v1: dependency digests: without a sha256: .* \(1 of [0-9]+ dependencies\)' \
	"$(provenance 'keys: [second], dependency-digests: true')"

# a finding, settled by whom it may be
now=$(date -u -d '+1 second' +%Y-%m-%dT%H:%M:%SZ)
sleep 1.1
scan scanner HIGH
refuses 'vulnerabilities: not allowed: CVE-1 in tzdata is high, above medium' "$findings"
vex image
refuses 'vulnerabilities: not allowed: CVE-1' "$findings"
vex scanner
refuses 'vulnerabilities: not allowed: CVE-1' "${findings/, vex: {\}/}"
passes "$findings"

# the verdict for machines
verify --json >"$tmp/verdict.json"
same "$(jq -r '.accepted, .digest' "$tmp/verdict.json" | xargs)" "true $digest"
jq -e '[.findings[] | select(.result == "passed")] | length >= 3' "$tmp/verdict.json" >/dev/null

# a policy that cannot be meant: nothing is verified
broken() { policy "$2"; expect 1 "$1" verify; }
broken "did you mean 'threshold'" 'signature: {treshold: 2}'
broken 'vulnerable' $'signature: {}\nvulnerable: no'
broken "no signer 'nobody'" 'signature: {keys: [nobody]}'
broken "'rebuilder' is not trusted for that" 'signature: {keys: [rebuilder]}'
broken 'the trust file has 2' 'signature: {threshold: 3}'
broken 'would accept anything' 'max-age: 3d'
policy 'signature: {}'
expect 1 'no-such-trust' verify --trust "$tmp/no-such-trust"
expect 2 'key does not go with it' verify --key "$tmp/keys/image.key.pub"
expect 2 'goes only with --policy' "$alnage" verify "$image" --key "$tmp/keys/image.key.pub" --at 2026-01-01T00:00:00Z
expect 2 "did you mean 'spdxjson'" "$alnage" verify "$image" --key "$tmp/keys/image.key.pub" --require spdxjsn
expect 0 accepted "$alnage" verify "$image" --key "$tmp/keys/image.key.pub" --require spdxjson --require slsaprovenance1

# a summary that others can check with nothing but the key: slsa-verifier verify-vsa asks for this
summary() { # EXIT TEXT
	expect "$1" "$2" "$alnage" verify "$image" --policy "$tmp/policy.yaml" --vsa "$tmp/vsa.json" \
		--vsa-key "$tmp/keys/second.key" --verifier-id https://example.org/verifier --resource-uri registry.example/static
	jq -r .payload "$tmp/vsa.json" | base64 -d >"$tmp/vsa.statement"
	{ printf 'DSSEv1 28 application/vnd.in-toto+json %s ' "$(stat -c %s "$tmp/vsa.statement")"; cat "$tmp/vsa.statement"; } >"$tmp/vsa.pae"
	jq -r '.signatures[0].sig' "$tmp/vsa.json" | base64 -d >"$tmp/vsa.sig"
	openssl dgst -sha256 -verify "$tmp/keys/second.key.pub" -signature "$tmp/vsa.sig" "$tmp/vsa.pae" >/dev/null || fail "the summary's signature"
	same "$(jq -r '.payloadType' "$tmp/vsa.json")" application/vnd.in-toto+json
	same "$(jq -r '.signatures | length' "$tmp/vsa.json")" 1
	same "$(jq -r '._type, .predicateType, .subject[0].digest.sha256, .predicate.verifier.id, .predicate.resourceUri' "$tmp/vsa.statement" | xargs)" \
		"https://in-toto.io/Statement/v1 https://slsa.dev/verification_summary/v1 ${digest#sha256:} https://example.org/verifier registry.example/static"
	same "$(jq -r .predicate.policy.digest.sha256 "$tmp/vsa.statement")" "$(sha256sum <"$tmp/policy.yaml" | cut -d' ' -f1)"
}
policy "$(provenance 'builders: [{id: "https://alnage.dev/builders/local", level: 1}]')"
summary 0 accepted
same "$(jq -c '.predicate | [.verificationResult, .verifiedLevels]' "$tmp/vsa.statement")" '["PASSED",["SLSA_BUILD_LEVEL_1"]]'
policy 'signature: {keys: [second], identities: [nothing]}'
summary 3 refused
same "$(jq -c '.predicate | [.verificationResult, .verifiedLevels]' "$tmp/vsa.statement")" '["FAILED",["FAILED"]]'
expect 2 'exclude each other' "$alnage" verify "$image" --policy "$tmp/policy.yaml" --vsa "$tmp/x" \
	--vsa-key "$tmp/keys/second.key" --verifier-id https://example.org/verifier --resource-uri x --at 2025-12-31T23:59:59Z
[ ! -e "$tmp/x" ] || fail "a summary as of another time"
expect 2 'a summary needs' "$alnage" verify "$image" --policy "$tmp/policy.yaml" --vsa "$tmp/x"
expect 2 '--resource-uri is missing' "$alnage" verify "$image" --policy "$tmp/policy.yaml" --vsa "$tmp/x" \
	--vsa-key "$tmp/keys/second.key" --verifier-id https://example.org/verifier
