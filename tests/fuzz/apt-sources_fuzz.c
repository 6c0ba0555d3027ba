/* SPDX-License-Identifier: Apache-2.0 */
/* What is found is a list of unique base URLs, and gives itself when written as entries.
 */
#include "builder/source/source_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_urls(const struct mirror_urls *urls)
{
	struct error err = ERROR_INIT;
	struct mirror_urls again = {0};
	cleanup_buffer struct buffer lines = BUFFER_INIT;
	for (size_t i = 0; i < urls->count; i++) {
		struct slice url = slice_str(urls->items[i]);
		if (!slice_starts_with(url, SLICE("http")) ||
			slice_ends_with(url, SLICE("/")))
			abort();
		for (size_t k = 0; k < i; k++)
			if (slice_equal_str(url, urls->items[k]))
				abort();
		/* "#" is a comment in one style only */
		if (slice_has_byte(url, '#'))
			return;
		if (buffer_printf(&lines, &err, "deb %s sid main\n", urls->items[i]) < 0)
			return;
	}
	if (mirror_parse_lines(buffer_slice(&lines), "again", &again, &err) < 0 ||
		again.count != urls->count)
		abort();
	for (size_t i = 0; i < again.count; i++)
		if (strcmp(again.items[i], urls->items[i]) != 0)
			abort();
	mirror_urls_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int (*const parsers[])(struct slice, const char *, struct mirror_urls *,
		struct error *) = {mirror_parse_lines, mirror_parse_deb822};
	for (size_t i = 0; i < ARRAY_LEN(parsers); i++) {
		struct error err = ERROR_INIT;
		struct mirror_urls urls = {0};
		if (parsers[i](slice_from(data, size), "fuzz", &urls, &err) == 0)
			check_urls(&urls);
		else if (!error_is_set(&err))
			abort();
		mirror_urls_done(&urls);
	}
	return 0;
}
