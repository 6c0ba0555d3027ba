/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of OCI documents that descriptor, manifest and configuration share. */
#ifndef OCI_DESCRIPTOR_PRIVATE_H
#define OCI_DESCRIPTOR_PRIVATE_H

#include "oci/descriptor.h"

bool media_type_is_valid(struct slice s);
/* NULL if absent. */
const char *annotation_find(
	const struct annotation *annotations, size_t count, const char *key);

/* ERR_INPUT for a key that differs from a known one (NULL-terminated list) only in case.
 */
MUST_USE int json_refuse_variants(const struct json_t *object, const char *const *known,
	const char *where, struct error *err);
/* Copies of optional members; *ret stays as it was if the member is absent. */
MUST_USE int json_copy_string(const struct json_t *object, const char *key,
	const char *where, struct arena *arena, const char **ret_text, struct error *err);
MUST_USE int json_copy_media_type(const struct json_t *object, const char *key,
	const char *where, struct arena *arena, const char **ret_type, struct error *err);
MUST_USE int annotations_from_json(const struct json_t *object, const char *member,
	const char *where, struct arena *arena, const struct annotation **ret_annotations,
	size_t *ret_count, struct error *err);
/* Nothing for an empty list or a NULL text. */
MUST_USE int annotations_to_json(struct json_t *object, const char *member,
	const struct annotation *annotations, size_t count, struct error *err);
MUST_USE int json_set_string(
	struct json_t *object, const char *key, const char *text, struct error *err);

#endif
