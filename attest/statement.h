/* SPDX-License-Identifier: Apache-2.0 */
/* in-toto Statements v1 (in-toto/attestation spec v1, statement.md). */
#ifndef ATTEST_STATEMENT_H
#define ATTEST_STATEMENT_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/digest.h"

#define PREDICATE_SLSA_PROVENANCE "https://slsa.dev/provenance/v1"
#define PREDICATE_SPDX            "https://spdx.dev/Document"

struct json_t;

struct statement_subject {
	const char *name;     /* "" if absent */
	struct digest digest; /* the sha256 entry; unset if there is none */
};

struct statement {
	struct arena *arena;
	const char *type; /* https://in-toto.io/Statement/v1 (v0.1 is accepted) */
	const char *predicate_type;
	struct statement_subject *subjects;
	size_t subject_count;
	struct json_t *predicate; /* owned reference; may be NULL */
};
#define cleanup_statement CLEANUP(statement_free)
void statement_free(struct statement **statement);
/* Strict: known fields, at most LIMIT_SUBJECTS, lower-case digests. */
MUST_USE int statement_parse(
	struct slice json, struct statement **ret_statement, struct error *err);
bool statement_is_about(const struct statement *statement, const struct digest *digest);
/* {"_type":…,"predicate":…,"predicateType":…,"subject":[…]}; takes the predicate
 * reference. Appends. */
MUST_USE int statement_write(const char *subject_name, const struct digest *subject,
	const char *predicate_type, struct json_t *predicate, struct buffer *out,
	struct error *err);

#endif
