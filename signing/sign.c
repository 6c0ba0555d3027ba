/* SPDX-License-Identifier: Apache-2.0 */
#include "signing/sign.h"

static int fill(struct envelope *envelope, const char *payload_type, struct slice payload,
	struct slice signature, struct error *err)
{
	struct arena *arena = envelope->arena;
	char *bytes = arena_strndup(arena, payload);
	char *signed_bytes = arena_strndup(arena, signature);

	envelope->payload_type = arena_strdup(arena, payload_type);
	envelope->signatures = arena_array(arena, 1, sizeof(*envelope->signatures));
	if (!bytes || !signed_bytes || !envelope->payload_type || !envelope->signatures)
		return error_set_memory(err);
	envelope->payload = slice_from(bytes, payload.len);
	envelope->signatures[0] = (struct envelope_signature){
		.keyid = "", .signature = slice_from(signed_bytes, signature.len)};
	envelope->signature_count = 1;
	return 0;
}

int sign_envelope(const char *payload_type, struct slice payload,
	const struct secret *secret, struct envelope **ret_envelope, struct error *err)
{
	cleanup_buffer struct buffer pae = BUFFER_INIT, signature = BUFFER_INIT;
	cleanup_envelope struct envelope *envelope = NULL;

	if (envelope_pae(payload_type, payload, &pae, err) < 0 ||
		secret_sign(secret, buffer_slice(&pae), &signature, err) < 0 ||
		envelope_new(&envelope, err) < 0 ||
		fill(envelope, payload_type, payload, buffer_slice(&signature), err) < 0)
		return err->class;
	*ret_envelope = take_ptr(envelope);
	return 0;
}
