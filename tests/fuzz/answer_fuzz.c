/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a registry answers with, apart from documents: header lines, an empty line, the
 * body of an error. Nothing of it reaches a terminal as a command, the password is not
 * repeated, and a link to the next page is a URL or an error.
 */
#include "base/retry.h"
#include "oci/rate.h"
#include "oci/registry_private.h"

#define SECRET "s3cret!"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text)
{
	for (const char *c = text; *c; c++)
		if ((*c > 0 && *c < 0x20) || *c == 0x7f)
			abort();
	if (strstr(text, SECRET))
		abort();
}

static void check_error(struct http_response *response)
{
	const struct registry registry = {
		.credential.password = (char *)(uintptr_t)SECRET}; /* not written to */
	struct error err = ERROR_INIT;

	registry_conceal(&registry, "Bearer " SECRET, response);
	(void)registry_is_busy(response);
	if (registry_status_error(response, "read", &err) != ERR_NETWORK)
		abort();
	check_text(err.text);
}

static void check_link(const struct http_response *response)
{
	static const struct slice base = SLICE("https://r.example/v2/a/tags/list");
	cleanup_buffer struct buffer next = BUFFER_INIT;
	struct error err = ERROR_INIT;
	struct slice link;
	struct url url;

	if (!registry_next_link(response, &link) ||
		url_resolve(base, link, &next, &err) < 0)
		return;
	if (url_parse(buffer_slice(&next), &url, &err) < 0)
		abort();
}

static void check_numbers(const struct http_response *response)
{
	char text[RATE_TEXT_MAX];
	struct rate rate;

	if (retry_asked_wait(response) > (uint64_t)UINT32_MAX * 1000)
		abort();
	if (!rate_read(response, &rate))
		return;
	rate_format(&rate, text);
	if (rate.limit == 0 || strlen(text) + 1 >= sizeof(text))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_from((const char *)data, size);
	size_t end = slice_find(text, SLICE("\n\n"));
	cleanup_response struct http_response response = {.status = 429};
	struct error err = ERROR_INIT;

	if (end == SIZE_MAX)
		end = size;
	if (buffer_add_slice(&response.headers, slice_sub(text, 0, end), &err) < 0 ||
		buffer_add_slice(
			&response.body, slice_sub(text, end + 2, text.len), &err) < 0)
		return 0;
	check_link(&response);
	check_numbers(&response);
	check_error(&response);
	return 0;
}
