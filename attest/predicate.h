/* SPDX-License-Identifier: Apache-2.0 */
/* Predicate types by the short names that cosign users know. */
#ifndef ATTEST_PREDICATE_H
#define ATTEST_PREDICATE_H

#include "base/error.h"

#define PREDICATE_SLSA_PROVENANCE_02 "https://slsa.dev/provenance/v0.2"
#define PREDICATE_CYCLONEDX          "https://cyclonedx.org/bom"
#define PREDICATE_OPENVEX            "https://openvex.dev/ns"
/* of documents with vulnerabilities; the schema's own URI, as nobody registered another
 */
#define PREDICATE_CSAF        "https://docs.oasis-open.org/csaf/csaf/v2.0/csaf_json_schema.json"
#define PREDICATE_COSIGN_VULN "https://cosign.sigstore.dev/attestation/vuln/v1"
/* builder/audit/elf_audit.h, which is above us, writes it */
#define PREDICATE_HARDENING "https://alnage.dev/hardening/v1"
#define PREDICATE_VULNS     "https://in-toto.io/attestation/vulns/v0.2"

/*
 * The URI of a short name ("slsaprovenance1", "spdxjson", …); a text with a colon is a
 * URI and comes back as it is. ERR_INPUT, with the nearest name, for all else: a misspelt
 * name must not become a type that nobody uses. Static or borrowed.
 */
MUST_USE int predicate_type_uri(
	const char *type, const char **ret_uri, struct error *err);

#endif
