/* SPDX-License-Identifier: Apache-2.0 */
/* The canonical form of what was accepted is accepted, and is its own canonical form. */
#include "oci/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Nothing that goes into a URL or file name can mean something there. */
static void check_parts(const struct reference *reference)
{
	if (reference->kind == REFERENCE_REGISTRY &&
		(strpbrk(reference->repository, "?#%\\ @:") ||
			strstr(reference->repository, "..") ||
			strpbrk(reference->registry, "/?#%\\ @")))
		abort();
	if (reference->tag && strpbrk(reference->tag, "/?#%\\ @:"))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_reference struct reference *first = NULL, *second = NULL;
	struct error err = ERROR_INIT;

	if (reference_parse(slice_from(data, size), &first, &err) < 0) {
		if (err.class != ERR_USAGE || first)
			abort();
		return 0;
	}
	check_parts(first);
	if (reference_parse(slice_str(first->text), &second, &err) < 0) {
		/* docker.io/x becomes longer by "library/" */
		if (strlen(first->text) < 240)
			abort();
		return 0;
	}
	if (strcmp(first->text, second->text) != 0 || first->kind != second->kind ||
		first->has_digest != second->has_digest)
		abort();
	return 0;
}
