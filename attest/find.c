/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/find.h"

#include "base/limits.h"
#include "signing/envelope.h"

static bool is_signed(
	const struct envelope *envelope, const struct key *const *keys, size_t key_count)
{
	for (size_t i = 0; i < key_count; i++) {
		struct error ignored = ERROR_INIT;
		if (envelope_verify(envelope, keys[i], &ignored) == 0)
			return true;
	}
	return key_count == 0;
}

/* What is not what we look for is passed over; only a place that cannot be read is an
 * error. */
static int read_layer(struct repository *repository, const struct descriptor *layer,
	const struct digest *image, const char *predicate_type,
	const struct key *const *keys, size_t key_count, struct statement **ret_statement,
	struct error *err)
{
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	cleanup_envelope struct envelope *envelope = NULL;
	cleanup_statement struct statement *statement = NULL;
	struct error broken = ERROR_INIT;
	const char *type = descriptor_annotation(layer, "predicateType");
	if (!type || strcmp(type, predicate_type) != 0)
		return 0;
	if (repository_read_blob(repository, layer, LIMIT_ENVELOPE_BYTES, &bytes, err) <
		0)
		return err->class;
	if (envelope_parse(buffer_slice(&bytes), &envelope, &broken) < 0 ||
		strcmp(envelope->payload_type, PAYLOAD_IN_TOTO) != 0 ||
		!is_signed(envelope, keys, key_count) ||
		statement_parse(envelope->payload, &statement, &broken) < 0 ||
		strcmp(statement->predicate_type, predicate_type) != 0 ||
		!statement_is_about(statement, image))
		return 0;
	*ret_statement = take_ptr(statement);
	return 0;
}

int find_statement(struct repository *repository, const struct digest *image,
	const char *predicate_type, const struct key *const *keys, size_t key_count,
	struct statement **ret_statement, struct error *err)
{
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	cleanup_manifest struct manifest *manifest = NULL;
	struct descriptor attestations;
	char tag[DIGEST_TEXT_MAX + 8], hex[DIGEST_TEXT_MAX];
	bool found = false;
	*ret_statement = NULL;
	(void)snprintf(tag, sizeof(tag), "sha256-%s.att",
		digest_format_hex(image, hex)); /* fits */
	if (repository_resolve(repository, tag, &attestations, &found, err) < 0)
		return err->class;
	if (!found)
		return 0;
	if (repository_read_manifest(repository, &attestations, &bytes, err) < 0 ||
		manifest_parse(buffer_slice(&bytes), NULL, &manifest, err) < 0)
		return error_wrap(err, "%s", tag);
	for (size_t i = 0; i < manifest->count && !*ret_statement; i++)
		if (read_layer(repository, &manifest->items[i], image, predicate_type,
			    keys, key_count, ret_statement, err) < 0)
			return err->class;
	return 0;
}
