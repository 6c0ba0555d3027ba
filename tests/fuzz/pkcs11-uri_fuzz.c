/* SPDX-License-Identifier: Apache-2.0 */
/* What is accepted and written again names the same key; paths are absolute. */
#include "signing/pkcs11_uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(const char *a, const char *b)
{
	return !a == !b && (!a || strcmp(a, b) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	cleanup_arena struct arena *arena = NULL;
	cleanup_buffer struct buffer text = BUFFER_INIT;
	struct pkcs11_uri uri, again;

	if (arena_new(&arena, &err) < 0)
		abort();
	if (pkcs11_uri_parse(slice_from(data, size), arena, &uri, &err) < 0)
		return 0;
	if ((uri.pin_file && uri.pin_file[0] != '/') ||
		(uri.module_path && uri.module_path[0] != '/') ||
		pkcs11_uri_format(&uri, &text, &err) < 0)
		abort();
	if (text.len > PKCS11_URI_MAX) /* written, more is percent-encoded */
		return 0;
	if (pkcs11_uri_parse(buffer_slice(&text), arena, &again, &err) < 0 ||
		!same(uri.token, again.token) || !same(uri.object, again.object) ||
		!same(uri.manufacturer, again.manufacturer) ||
		!same(uri.serial, again.serial) || !same(uri.model, again.model) ||
		!slice_equal(uri.id, again.id) || uri.has_slot != again.has_slot ||
		uri.slot != again.slot || again.pin_file || again.module_path)
		abort();
	return 0;
}
