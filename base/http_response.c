/* SPDX-License-Identifier: Apache-2.0 */
/* The parts that need no HTTP library. */
#include <strings.h>

#include "base/http.h"

void http_response_done(struct http_response *response)
{
	buffer_done(&response->body);
	buffer_done(&response->headers);
	free_ptr(&response->final_url);
	response->status = 0;
}

bool http_response_header_at(const struct http_response *response, const char *name,
	size_t n, struct slice *ret_value)
{
	struct slice rest = buffer_slice(&response->headers), line, found;
	while (slice_cut(&rest, '\n', &line)) {
		struct slice value = line;
		if (!slice_cut(&value, ':', &found) || !slice_equal_str(found, name))
			continue;
		if (n-- > 0)
			continue;
		*ret_value = slice_trim(value);
		return true;
	}
	return false;
}

bool http_response_header(
	const struct http_response *response, const char *name, struct slice *ret_value)
{
	return http_response_header_at(response, name, 0, ret_value);
}

bool http_etag_is_strong(struct slice etag)
{
	return etag.len > 2 && etag.len < HTTP_ETAG_MAX && etag.data[0] == '"' &&
	       slice_ends_with(etag, SLICE("\"")) && slice_is_printable(etag);
}

static bool all_digits(struct slice s)
{
	struct error ignored = ERROR_INIT;
	uint64_t port = 0;
	return slice_parse_u64(s, 10, 65535, &port, &ignored) == 0;
}

static bool is_word(struct slice s, const char *word)
{
	return s.len == strlen(word) && strncasecmp(s.data, word, s.len) == 0;
}

/* Exactly 127.a.b.c: "127.0.0.1.example.org" is a name like any other. */
static bool is_127(struct slice s)
{
	struct error ignored = ERROR_INIT;
	struct slice part;
	uint64_t first = 0, value = 0;
	int parts = 0;
	if (s.len == 0 || s.data[s.len - 1] == '.')
		return false;
	for (; slice_cut(&s, '.', &part); parts++) {
		if (part.len > 3 || slice_parse_u64(part, 10, 255, &value, &ignored) < 0)
			return false;
		if (parts == 0)
			first = value;
	}
	return parts == 4 && first == 127;
}

bool http_host_is_loopback(struct slice host)
{
	struct slice name = host, port;
	if (slice_starts_with(host, SLICE("[::1]"))) {
		port = slice_sub(host, 5, SIZE_MAX);
		return port.len == 0 ||
		       (port.data[0] == ':' && all_digits(slice_sub(port, 1, SIZE_MAX)));
	}
	port = host;
	if (slice_has_byte(host, ':')) {
		(void)slice_cut(&port, ':', &name); /* there is one */
		if (!all_digits(port))
			return false;
	}
	return is_word(name, "localhost") || is_127(name);
}
