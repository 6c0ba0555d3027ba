/* SPDX-License-Identifier: Apache-2.0 */
/* What is accepted, and written again from its first subject, is about the same digest.
 */
#include <jansson.h>

#include "attest/statement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	cleanup_statement struct statement *first = NULL, *second = NULL;
	cleanup_buffer struct buffer out = BUFFER_INIT;

	if (statement_parse(slice_from(data, size), &first, &err) < 0) {
		if (!error_is_set(&err) || first)
			abort();
		return 0;
	}
	if (first->subject_count == 0 || first->predicate_type[0] == '\0')
		abort();
	if (!digest_is_set(&first->subjects[0].digest))
		return 0;
	if (statement_write(first->subjects[0].name, &first->subjects[0].digest,
		    first->predicate_type,
		    first->predicate ? json_incref(first->predicate) : json_object(),
		    &out, &err) < 0 ||
		statement_parse(buffer_slice(&out), &second, &err) < 0 ||
		!statement_is_about(second, &first->subjects[0].digest) ||
		strcmp(first->predicate_type, second->predicate_type) != 0)
		abort();
	return 0;
}
