/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/predicate.h"

#include "attest/statement.h"
#include "base/nearest.h"

static const struct {
	const char *name, *uri;
} types[] = {
	{"slsaprovenance1", PREDICATE_SLSA_PROVENANCE},
	{"slsaprovenance02", PREDICATE_SLSA_PROVENANCE_02},
	{"spdx", PREDICATE_SPDX},
	{"spdxjson", PREDICATE_SPDX},
	{"cyclonedx", PREDICATE_CYCLONEDX},
	{"openvex", PREDICATE_OPENVEX},
	{"csaf", PREDICATE_CSAF},
	{"vuln", PREDICATE_COSIGN_VULN},
	{"vulns", PREDICATE_VULNS},
	{"hardening", PREDICATE_HARDENING},
	{"custom", "https://cosign.sigstore.dev/attestation/v1"},
};

int predicate_type_uri(const char *type, const char **ret_uri, struct error *err)
{
	const char *known[ARRAY_LEN(types) + 1] = {NULL};
	char hint[NEAREST_HINT_MAX];

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		known[i] = types[i].name;
		if (strcmp(types[i].name, type) != 0)
			continue;
		*ret_uri = types[i].uri;
		return 0;
	}
	if (strchr(type, ':')) {
		*ret_uri = type;
		return 0;
	}
	return error_set(err, ERR_INPUT,
		"predicate type '%.64s' is neither a known name nor a URI%s", type,
		nearest_hint(type, known, hint));
}
