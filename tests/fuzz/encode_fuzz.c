/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Property: what the strict base64 reader accepts is exactly what the writer
 * writes; what it accepts the lenient reader reads the same; hex likewise.
 */
#include <stdlib.h>

#include "base/encode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth)
{
	if (!truth)
		abort();
}

static void check_base64(struct slice text)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer plain = BUFFER_INIT;
	cleanup_buffer struct buffer again = BUFFER_INIT;
	cleanup_buffer struct buffer lenient = BUFFER_INIT;

	if (base64_decode_lenient(text, &lenient, &err) < 0) {
		require(lenient.len == 0);
		error_clear(&err);
		require(base64_decode(text, &plain, &err) == ERR_INPUT);
		return;
	}
	if (base64_decode(text, &plain, &err) < 0)
		return;
	require(slice_equal(buffer_slice(&plain), buffer_slice(&lenient)));
	require(base64_encode(buffer_slice(&plain), &again, &err) == 0);
	require(slice_equal(buffer_slice(&again), text));
}

static void check_hex(struct slice text)
{
	struct error err = ERROR_INIT;
	cleanup_mem uint8_t *bytes = malloc(text.len / 2 + 1);
	cleanup_mem char *again = malloc(text.len + 2);

	require(bytes && again);
	if (hex_decode(text, bytes, text.len / 2, &err) < 0)
		return;
	hex_encode(bytes, text.len / 2, again);
	require(slice_equal_str(text, again));
}

/* The quoting functions take anything that they do not refuse by their rule. */
static void check_quoting(struct slice text)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer out = BUFFER_INIT;

	require(url_quote(text, &out, &err) == 0);
	require(out.len >= text.len && slice_is_printable(buffer_slice(&out)));
	buffer_clear(&out);
	require((shell_quote(text, &out, &err) == 0) != slice_has_byte(text, '\0'));
	error_clear(&err);
	buffer_clear(&out);
	if (json_quote(text, &out, &err) == 0)
		require(slice_is_utf8(buffer_slice(&out)));
	else
		require(!slice_is_utf8(text) && out.len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_from(data, size);

	check_base64(text);
	check_hex(text);
	check_quoting(text);
	return 0;
}
