/* SPDX-License-Identifier: Apache-2.0 */
/* What was understood, written out plainly, is understood in the same way. */
#include "base/buffer.h"
#include "oci/challenge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_param(
	struct buffer *out, const char *name, const char *value, const char **separator)
{
	struct error err = ERROR_INIT;

	if (!value)
		return;
	if (buffer_printf(out, &err, "%s%s=\"", *separator, name) < 0)
		abort();
	for (; *value; value++)
		if (buffer_printf(out, &err, "%s%c",
			    *value == '"' || *value == '\\' ? "\\" : "", *value) < 0)
			abort();
	if (buffer_add_byte(out, '"', &err) < 0)
		abort();
	*separator = ",";
}

static bool same(const char *a, const char *b)
{
	return (!a && !b) || (a && b && strcmp(a, b) == 0);
}

static void round_trip(const struct challenge *first)
{
	static const char *const names[] = {"X", "Basic", "Bearer"};
	cleanup_buffer struct buffer text = BUFFER_INIT;
	cleanup_arena struct arena *arena = NULL;
	struct challenge_list list = {0};
	struct error err = ERROR_INIT;
	const char *separator = " ";

	if (buffer_add_str(&text, names[first->scheme], &err) < 0)
		abort();
	write_param(&text, "realm", first->realm, &separator);
	write_param(&text, "service", first->service, &separator);
	write_param(&text, "scope", first->scope, &separator);
	write_param(&text, "error", first->error, &separator);
	if (arena_new(&arena, &err) < 0)
		abort();
	if (challenge_parse(buffer_slice(&text), arena, &list, &err) < 0) {
		if (text.len <= CHALLENGE_HEADER_BYTES)
			abort();
		return;
	}
	if (list.count != 1 || list.items[0].scheme != first->scheme ||
		!same(list.items[0].realm, first->realm) ||
		!same(list.items[0].service, first->service) ||
		!same(list.items[0].scope, first->scope) ||
		!same(list.items[0].error, first->error))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_arena struct arena *arena = NULL;
	struct challenge_list list = {0};
	struct error err = ERROR_INIT;

	if (arena_new(&arena, &err) < 0)
		return 0;
	if (challenge_parse(slice_from(data, size), arena, &list, &err) < 0) {
		if (!error_is_set(&err))
			abort();
		return 0;
	}
	if (list.count == 0 || list.count > CHALLENGES_MAX)
		abort();
	for (size_t i = 0; i < list.count; i++)
		round_trip(&list.items[i]);
	return 0;
}
