#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The rule "vulnerabilities", with documents in the forms in which Trivy (`--format cosign-vuln`), Grype in
# cosign's predicate, in-toto's vulns, OpenVEX, CycloneDX and CSAF come: what each of its settings lets through and what not,
# with exit status 3 for a no and 1 where it is not known.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/helpers/tiny.sh
source tests/helpers/tiny.sh
need jq
mkdir "$tmp/keys"
for key in release scanner other product; do "$alnage" keygen "$tmp/keys/$key.key" >/dev/null; done
cat >"$tmp/trust.yaml" <<-END
	version: 1
	keys:
	  - {name: release, file: keys/release.key.pub, roles: [image]}
	  - {name: scanner, file: keys/scanner.key.pub, roles: [scan]}
	  - {name: other, file: keys/other.key.pub, roles: [scan]}
	  - {name: product, file: keys/product.key.pub, roles: [vex]}
END
policy() { # SETTINGS
	printf 'version: 1\ntrust: trust.yaml\nscopes:\n  - {name: all, images: ["oci:**"], vulnerabilities: {%s}}\n' "$1" >"$tmp/policy.yaml"
}
verify() { "$build/alnage-verify" verify "oci:$layout:t" --policy "$tmp/policy.yaml" "$@"; }
fresh() { # a new image, of which nothing was said
	layout=$tmp/image
	digest=$(tiny_layout "$layout")
}
passes() { expect 0 "passed     vulnerabilities: $1" verify; }
refuses() { expect 3 "is refused: vulnerabilities: $1" verify; }
unknown() { expect 1 "could not be checked: vulnerabilities: $1" verify; }
ago() { date -u -d "$1 ago" +%Y-%m-%dT%H:%M:%S.123456789Z; } # Go's form of a time
attest() { # TYPE KEY [IMAGE], with the predicate in $tmp/predicate
	"$alnage" attest "${3:-oci:$layout:t}" --key "$tmp/keys/$2.key" --type "$1" --predicate "$tmp/predicate" >/dev/null
}

# ---- the scanners' words ----

trivy() { # TIME FINDINGS [KEY [IMAGE]]
	jq -n --arg time "$1" --argjson found "$2" '{invocation: {parameters: null, uri: "", event_id: "", "builder.id": ""},
		scanner: {uri: "pkg:github/aquasecurity/trivy@0.57.1", version: "0.57.1", db: {uri: "", version: ""},
			result: {SchemaVersion: 2, CreatedAt: $time, ArtifactName: "x", ArtifactType: "container_image",
				Metadata: {OS: {Family: "alpine", Name: "3.20.3"}, ImageConfig: {architecture: "amd64", os: "linux"}},
				Results: [{Target: "x (alpine 3.20.3)", Class: "os-pkgs", Type: "alpine"},
					{Target: "usr/bin/tool", Class: "lang-pkgs", Type: "gobinary", Vulnerabilities: $found}]}},
		metadata: {scanStartedOn: $time, scanFinishedOn: $time}}' >"$tmp/predicate"
	attest vuln "${3:-scanner}" "${4:-}"
}
of_trivy() { # ID SEVERITY [PUBLISHED]
	jq -nc --arg id "$1" --arg severity "$2" --arg published "${3:-2024-01-02T03:15:10.123Z}" '[{VulnerabilityID: $id,
		PkgID: "zlib@1.3.1-r0", PkgName: "zlib", PkgIdentifier: {PURL: "pkg:apk/alpine/zlib@1.3.1-r0?arch=x86_64&distro=3.20.3", UID: "a1"},
		InstalledVersion: "1.3.1-r0", Status: "affected", Layer: {DiffID: "sha256:x"}, SeveritySource: "nvd",
		Title: "zlib: text", Severity: $severity, CweIDs: ["CWE-1"], CVSS: {nvd: {V3Score: 9.8}},
		PublishedDate: $published, LastModifiedDate: $published}]'
}
grype() { # TIME SEVERITY [BUILT]
	jq -n --arg time "$1" --arg severity "$2" --arg built "${3:-$1}" '{invocation: {}, scanner: {uri: "pkg:github/anchore/grype@0.87.0", version: "0.87.0", db: {},
		result: {matches: [{vulnerability: {id: "CVE-2", dataSource: "https://example.org/", namespace: "alpine:distro:alpine:3.20",
				severity: $severity, urls: [], cvss: [], fix: {versions: [], state: "unknown"}, advisories: []},
				relatedVulnerabilities: [], matchDetails: [{type: "exact-direct-match"}],
				artifact: {id: "1", name: "zlib", version: "1.3.1-r0", type: "apk", purl: "pkg:apk/alpine/zlib@1.3.1-r0?arch=x86_64"}}],
			source: {type: "image"}, distro: {name: "alpine", version: "3.20.3", idLike: []},
			descriptor: {name: "grype", version: "0.87.0", db: {built: $built, schemaVersion: 5}}}},
		metadata: {scanStartedOn: $time, scanFinishedOn: $time}}' >"$tmp/predicate"
	attest vuln scanner
}
in_toto() { # TIME SCORE
	jq -n --arg time "$1" --arg score "$2" '{scanner: {uri: "pkg:x/y@1", version: "1", db: {uri: "", version: "", lastUpdate: $time},
		result: [{id: "CVE-3", severity: [{method: "CVSSv3", score: $score}]}]}, metadata: {scanStartedOn: $time, scanFinishedOn: $time}}' >"$tmp/predicate"
	attest https://in-toto.io/attestation/vulns/v0.2 scanner
}
openvex() { # KEY STATUS PRODUCT [SUBCOMPONENT [TIME]]
	jq -n --arg product "$3" --arg part "${4:-}" --arg time "${5:-$(ago 1min)}" --argjson status "$2" '{"@context": "https://openvex.dev/ns/v0.2.0",
		"@id": "https://vex.example.org/1", author: "Example", timestamp: $time, version: 1, statements: [
		{vulnerability: {name: "CVE-1"}, products: [{"@id": $product, identifiers: {purl: $product}}
			+ if $part == "" then {} else {subcomponents: [{"@id": $part}]} end], timestamp: $time} + $status]}' >"$tmp/predicate"
	attest openvex "$1"
}
not_affected='{"status": "not_affected", "justification": "vulnerable_code_not_present", "impact_statement": "patched"}'
image_purl() { echo "pkg:oci/base@sha256%3A${digest#sha256:}"; }

# ---- severity, and who may scan ----

policy 'max-severity: medium, max-age: 3d, keys: [scanner]'
fresh
unknown 'missing scan report'
trivy "$(ago 1hour)" '[]' release
refuses "untrusted signer: key 'release'"
trivy "$(ago 1hour)" '[]' other
refuses "untrusted signer: key '(release|other)' is not one of those for this"
trivy "$(ago 1hour)" "$(of_trivy CVE-1 MEDIUM)"
passes '1 findings, none above medium'
# it is there twice, as a layer and as a bundle, and told once
same "$(verify --json | jq '[.findings[] | select(.rule == "vulnerabilities")] | length')" 1
fresh
trivy "$(ago 1hour)" "$(of_trivy CVE-1 CRITICAL)"
refuses 'not allowed: CVE-1 in zlib is critical, above medium \(1 such of 1 findings'
policy 'max-severity: critical, max-age: 3d'
passes '1 findings'
policy 'max-severity: medium, max-age: 3d'
fresh
trivy "$(ago 1hour)" "$(of_trivy CVE-1 UNKNOWN)"
unknown 'not known: how severe CVE-1 is'
fresh
grype "$(ago 1hour)" Negligible
passes '1 findings'
grype "$(ago 1min)" High
refuses 'not allowed: CVE-2 in zlib is high'
fresh
in_toto "$(ago 1hour)" 6.9
passes '1 findings'
in_toto "$(ago 1min)" 7.0
refuses 'not allowed: CVE-3 in the image is high'

# ---- age: of the scan, and of what the scanner knew; the newest of a scanner counts ----

fresh
trivy "$(ago 4days)" '[]'
refuses 'too old: .*, 4 days; 3 are allowed'
trivy "$(ago 2days)" '[]'
passes '0 findings'
trivy "$(ago 1day)" "$(of_trivy CVE-1 HIGH)" # a passing one beside it does not help
refuses 'not allowed: CVE-1'
trivy "$(ago 1hour)" '[]' other # nor another signer's
refuses 'not allowed: CVE-1'
fresh
trivy "$(ago -1day)" '[]'
refuses 'from the future'
fresh
grype "$(ago 1hour)" Low "$(ago 30days)"
refuses "the scanner's database is too old: .*, 30 days; 3 are allowed"
fresh
jq -n --arg time "$(ago 1hour)" '{scanner: {result: {SchemaVersion: 2, Metadata: {OS: {Family: "none"}}}}, metadata: {scanFinishedOn: $time}}' >"$tmp/predicate"
attest vuln scanner # it knew nothing of this image
unknown "malformed: .*scanner.result is neither Trivy's nor Grype's"

# ---- days of grace, from the day of the advisory ----

policy 'max-severity: low, max-age: 3d, grace-days: 10'
fresh
trivy "$(ago 1hour)" "$(of_trivy CVE-1 HIGH "$(ago 9days)")"
passes '.* and 1 in their first 10 days'
fresh
trivy "$(ago 1hour)" "$(of_trivy CVE-1 HIGH "$(ago 11days)")"
refuses 'not allowed: CVE-1'
fresh
trivy "$(ago 1hour)" "$(of_trivy CVE-1 HIGH "$(ago -2days)")" # a date that has not come
refuses 'not allowed: CVE-1'
fresh
grype "$(ago 1hour)" High # which tells no date
refuses 'not allowed: CVE-2'

# ---- VEX ----

settings='max-severity: medium, max-age: 3d, vex: {}'
bad() { # an image with CVE-1
	fresh
	policy "$settings"
	trivy "$(ago 1hour)" "$(of_trivy CVE-1 HIGH)"
	refuses 'not allowed: CVE-1'
}
zlib=pkg:apk/alpine/zlib@1.3.1-r0
bad
openvex product "$not_affected" "$zlib"
passes '1 findings, none above medium but 1 settled by VEX'
policy 'max-severity: medium, max-age: 3d' # which takes no VEX
refuses 'not allowed: CVE-1'
policy 'max-severity: medium, max-age: 3d, vex: {keys: [product]}'
passes '.* 1 settled by VEX'
openvex product '{"status": "affected", "action_statement": "wait"}' "$zlib" '' "$(ago 1sec)" # taken back
refuses 'not allowed: CVE-1'
bad
openvex product "$not_affected" "$(image_purl)" "$zlib"
passes '.* 1 settled by VEX'
bad
openvex product '{"status": "fixed"}' "$(image_purl)"
passes '.* 1 settled by VEX'
# not by others, not of something else, not without a reason, not yet
bad
openvex scanner "$not_affected" "$zlib"
openvex release "$not_affected" "$zlib"
openvex product "$not_affected" pkg:apk/alpine/zlib@1.3.0-r0
openvex product "$not_affected" pkg:apk/alpine/zlib-dev
openvex product "$not_affected" "$zlib?arch=aarch64"
openvex product "$not_affected" "pkg:oci/base@sha256%3A$(printf '0%.0s' {1..64})"
openvex product "$not_affected" "$(image_purl)" pkg:apk/alpine/musl
openvex product '{"status": "not_affected"}' "$zlib"
openvex product '{"status": "under_investigation"}' "$zlib"
refuses 'not allowed: CVE-1'
bad
openvex product "$not_affected" "$zlib" '' "$(ago -1day)"
refuses 'not allowed: CVE-1'

# CycloneDX: of a part of its own, or of another document's
cyclonedx() { # REF STATE [KEY [AGE]]; of two of the same second neither is the later
	jq -n --arg ref "$1" --arg state "$2" --arg time "$(ago "${4:-1min}")" --arg zlib "$zlib" '{bomFormat: "CycloneDX", specVersion: "1.6", version: 1,
		serialNumber: "urn:uuid:5f3f6219-0e7e-56d2-a9ac-feb8d9b02213", metadata: {timestamp: $time}, components: [
		{type: "library", name: "zlib", "bom-ref": "z", purl: $zlib}], vulnerabilities: [{"bom-ref": "v1", id: "CVE-1",
		source: {name: "CVE"}, analysis: {state: $state, detail: "backport in recipe"}, affects: [{ref: $ref}]}]}' >"$tmp/predicate"
	attest cyclonedx "${3:-product}"
}
for ref in z "urn:cdx:de533ec4-90f0-5e52-a3c2-a9d5da0110bb/1#pkg:apk%2Falpine%2Fzlib%401.3.1-r0"; do
	bad
	cyclonedx "$ref" resolved_with_pedigree release # whose role is another
	refuses 'not allowed: CVE-1'
	cyclonedx "$ref" in_triage product 2min
	refuses 'not allowed: CVE-1'
	cyclonedx "$ref" resolved_with_pedigree
	passes '.* 1 settled by VEX'
done
bad
cyclonedx "urn:cdx:de533ec4-90f0-5e52-a3c2-a9d5da0110bb/1#pkg:apk%2Falpine%2Fmusl" resolved
refuses 'not allowed: CVE-1'

# CSAF: of the package in the image, with a reason; a later document takes it back
csaf() { # KEY STATUS [AGE [CATEGORY]]
	jq -n --arg image "$(image_purl)" --arg zlib "$zlib" --arg status "$2" --arg time "$(ago "${3:-2min}")" --arg category "${4:-csaf_vex}" '{document: {
		category: $category, csaf_version: "2.0", title: "VEX for base", publisher: {category: "vendor", name: "Example", namespace: "https://vex.example.org"},
		tracking: {id: "EX-1", status: "final", version: "1", initial_release_date: $time, current_release_date: $time,
			revision_history: [{date: $time, number: "1", summary: "first"}]}},
		product_tree: {branches: [{category: "vendor", name: "Example", branches: [
			{category: "product_name", name: "base", branches: [{category: "product_version", name: "1", product: {name: "base 1",
				product_id: "I", product_identification_helper: {purl: $image}}}]},
			{category: "product_name", name: "zlib", branches: [{category: "product_version", name: "1.3.1-r0", product: {name: "zlib 1.3.1-r0",
				product_id: "Z", product_identification_helper: {purl: $zlib}}}]}]}],
			relationships: [{category: "default_component_of", full_product_name: {name: "zlib in base", product_id: "I:Z"},
				product_reference: "Z", relates_to_product_reference: "I"}]},
		vulnerabilities: [{cve: "CVE-1", notes: [{category: "description", text: "x"}], product_status: {($status): ["I:Z"]},
			flags: [{label: "vulnerable_code_not_present", product_ids: ["I:Z"]}]}]}' >"$tmp/predicate"
	attest csaf "$1"
}
bad
csaf release known_not_affected # whose role is another
csaf product known_not_affected 5min csaf_security_advisory
refuses 'not allowed: CVE-1'
csaf product under_investigation 4min
refuses 'not allowed: CVE-1'
csaf product known_not_affected 3min
passes '.* 1 settled by VEX'
csaf product known_affected
refuses 'not allowed: CVE-1'
fresh
csaf product fixed 4days
printf 'version: 1\ntrust: trust.yaml\nscopes:\n  - {name: all, images: ["oci:**"], attestations: [{type: csaf, max-age: 3d}]}\n' >"$tmp/policy.yaml"
expect 3 'csaf_json_schema.json: age: too old: .*, 4 days; 3 are allowed' verify
csaf release fixed
expect 3 'csaf_json_schema.json: age: too old' verify
csaf product fixed
expect 0 'passed .*csaf_json_schema.json' verify

# ---- an index: every part needs a report, or the index has one, and what is known of a part counts ----

policy 'max-severity: medium, max-age: 3d'
layout=$tmp/index
digest=$(tiny_index "$layout")
mapfile -t parts < <(jq -r '.manifests[].digest' "$layout/blobs/sha256/${digest#sha256:}")
unknown 'missing scan report'
trivy "$(ago 1hour)" '[]' scanner "oci:$layout@${parts[0]}"
unknown 'missing scan report'
trivy "$(ago 1hour)" '[]' scanner "oci:$layout@${parts[1]}"
passes '0 findings'
trivy "$(ago 1min)" "$(of_trivy CVE-1 HIGH)" scanner "oci:$layout@${parts[1]}"
refuses 'not allowed: CVE-1'
trivy "$(ago 1sec)" '[]' # of the index
refuses 'not allowed: CVE-1'
