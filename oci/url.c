/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <strings.h>

#include "base/encode.h"
#include "oci/reference.h"
#include "oci/url.h"

/* Without what may be a password or, in a query, a signature. */
static int fail(struct error *err, struct slice text, const char *why)
{
	size_t query = slice_find(text, SLICE("?")), at;

	text = slice_sub(text, 0, query);
	while ((at = slice_find(text, SLICE("@"))) != SIZE_MAX)
		text = slice_sub(text, at + 1, text.len);
	return error_set(err, ERR_INPUT, "URL \"%.*s%s\": %s",
		SLICE_ARG(slice_sub(text, 0, 200)), query == SIZE_MAX ? "" : "?…", why);
}

/* Printable ASCII only: what is handed to libcurl cannot mean two things. */
static bool has_odd_bytes(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] <= 0x20 || text.data[i] == 0x7f ||
			text.data[i] == '\\' || text.data[i] == '"' ||
			text.data[i] == '<' || text.data[i] == '>')
			return true;
	return false;
}

static struct slice without_fragment(struct slice text)
{
	size_t at = slice_find(text, SLICE("#"));

	return at == SIZE_MAX ? text : slice_sub(text, 0, at);
}

/* "host:port" is valid by its grammar. */
static void split_port(struct slice authority, struct url *url)
{
	struct error ignored = ERROR_INIT;
	size_t bracket = slice_find(authority, SLICE("]"));
	size_t from = bracket == SIZE_MAX ? 0 : bracket;
	size_t colon = slice_find(slice_sub(authority, from, authority.len), SLICE(":"));
	uint64_t port = url->is_https ? 443 : 80;

	url->host = authority;
	if (colon != SIZE_MAX) {
		url->host = slice_sub(authority, 0, from + colon);
		if (slice_parse_u64(slice_sub(authority, from + colon + 1, authority.len),
			    10, 65535, &port, &ignored) < 0)
			port = 0; /* cannot be: the grammar was checked */
	}
	url->port = (uint16_t)port; /* at most 65535 */
}

int url_parse(struct slice text, struct url *ret_url, struct error *err)
{
	struct slice rest, authority;
	struct url url = {0};
	size_t end = 0;

	if (text.len == 0 || text.len > URL_MAX || has_odd_bytes(text))
		return fail(err, SLICE("…"), "empty, too long or with odd characters");
	text = without_fragment(text);
	url.is_https = slice_starts_with(text, SLICE("https://"));
	if (!url.is_https && !slice_starts_with(text, SLICE("http://")))
		return fail(err, text, "neither https nor http");
	rest = slice_sub(text, strlen(url.is_https ? "https://" : "http://"), text.len);
	while (end < rest.len && rest.data[end] != '/' && rest.data[end] != '?')
		end++;
	authority = slice_sub(rest, 0, end);
	/* user information is not in the grammar, so "@" is refused, too */
	if (!reference_host_is_valid(authority))
		return fail(err, text, "not a plain host name");
	split_port(authority, &url);
	url.origin =
		slice_sub(text, 0, (size_t)(authority.data - text.data) + authority.len);
	url.rest = slice_sub(rest, end, rest.len);
	*ret_url = url;
	return 0;
}

/* The base's path up to and with its last slash. */
static struct slice folder_of(struct slice rest)
{
	size_t end = 0;

	for (size_t i = 0; i < rest.len && rest.data[i] != '?'; i++)
		if (rest.data[i] == '/')
			end = i + 1;
	return slice_sub(rest, 0, end);
}

static struct slice path_of(struct slice rest)
{
	size_t at = slice_find(rest, SLICE("?"));

	return at == SIZE_MAX ? rest : slice_sub(rest, 0, at);
}

static int join(const struct url *base, struct slice reference, struct buffer *out,
	struct error *err)
{
	struct slice before = base->origin, between = SLICE_EMPTY;

	if (slice_starts_with(reference, SLICE("https://")) ||
		slice_starts_with(reference, SLICE("http://")))
		before = SLICE_EMPTY;
	else if (slice_starts_with(reference, SLICE("//")))
		before = base->is_https ? SLICE("https:") : SLICE("http:");
	else if (slice_starts_with(reference, SLICE("?")))
		between = path_of(base->rest);
	else if (!slice_starts_with(reference, SLICE("/")))
		between = folder_of(base->rest).len ? folder_of(base->rest) : SLICE("/");
	if (buffer_add_slice(out, before, err) < 0 ||
		buffer_add_slice(out, between, err) < 0)
		return err->class;
	return buffer_add_slice(out, reference, err);
}

int url_resolve(
	struct slice base, struct slice reference, struct buffer *out, struct error *err)
{
	cleanup_buffer struct buffer joined = {.max = 2 * URL_MAX};
	struct url parsed;

	reference = without_fragment(reference);
	if (reference.len == 0)
		return fail(err, reference, "empty");
	if (url_parse(base, &parsed, err) < 0 ||
		join(&parsed, reference, &joined, err) < 0 ||
		url_parse(buffer_slice(&joined), &parsed, err) < 0)
		return err->class;
	return buffer_add_slice(out, buffer_slice(&joined), err);
}

bool url_same_origin(const struct url *a, const struct url *b)
{
	return a->is_https == b->is_https && a->port == b->port &&
	       a->host.len == b->host.len &&
	       strncasecmp(a->host.data, b->host.data, a->host.len) == 0;
}

/* RFC 6890 and what follows it; in host byte order. */
static bool ipv4_is_local(uint32_t address)
{
	static const struct {
		uint32_t network;
		unsigned bits;
	} local[] = {
		{0x00000000, 8},  /* 0.0.0.0/8 */
		{0x0a000000, 8},  /* 10.0.0.0/8 */
		{0x64400000, 10}, /* 100.64.0.0/10 */
		{0x7f000000, 8},  /* 127.0.0.0/8 */
		{0xa9fe0000, 16}, /* 169.254.0.0/16: cloud metadata */
		{0xac100000, 12}, /* 172.16.0.0/12 */
		{0xc0a80000, 16}, /* 192.168.0.0/16 */
		{0xe0000000, 3},  /* multicast and reserved */
	};

	for (size_t i = 0; i < ARRAY_LEN(local); i++)
		if ((address ^ local[i].network) >> (32 - local[i].bits) == 0)
			return true;
	return false;
}

/* An address that names an IPv4 one (mapped, compatible, NAT64) is judged as that. */
static bool ipv6_is_local(const uint8_t bytes[16])
{
	static const uint8_t nat64[12] = {0, 0x64, 0xff, 0x9b};
	static const uint8_t zero[12] = {0};
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	uint32_t tail = (uint32_t)bytes[12] << 24 | (uint32_t)bytes[13] << 16 |
			(uint32_t)bytes[14] << 8 | bytes[15];

	if (memcmp(bytes, zero, 12) == 0 || memcmp(bytes, mapped, 12) == 0 ||
		memcmp(bytes, nat64, 12) == 0)
		return tail <= 1 || ipv4_is_local(tail);
	return (bytes[0] & 0xfe) == 0xfc || (bytes[0] == 0xfe && bytes[1] >= 0x80) ||
	       bytes[0] == 0xff;
}

/* "127.1", "0x7f000001", "2130706433": what getaddrinfo takes for an address. */
static bool looks_numeric(const char *text)
{
	const char *last = strrchr(text, '.');

	last = last ? last + 1 : text;
	return *last >= '0' && *last <= '9';
}

bool url_host_is_local(struct slice host)
{
	struct in6_addr v6;
	struct in_addr v4;
	char text[300];

	if (host.len != 0 && host.data[0] == '[')
		host = slice_sub(host, 1, host.len - 2);
	if (host.len == 0 || host.len >= sizeof(text))
		return true;
	memcpy(text, host.data, host.len);
	text[host.len] = '\0';
	if (strchr(text, ':'))
		return inet_pton(AF_INET6, text, &v6) != 1 || ipv6_is_local(v6.s6_addr);
	if (inet_pton(AF_INET, text, &v4) == 1)
		return ipv4_is_local(ntohl(v4.s_addr));
	return looks_numeric(text) || strcasecmp(text, "localhost") == 0 ||
	       (host.len > 10 && strcasecmp(text + host.len - 10, ".localhost") == 0);
}

int url_add_query(
	struct buffer *url, const char *name, struct slice value, struct error *err)
{
	char joint = slice_has_byte(buffer_slice(url), '?') ? '&' : '?';

	if (buffer_add_byte(url, joint, err) < 0 || buffer_add_str(url, name, err) < 0 ||
		buffer_add_byte(url, '=', err) < 0)
		return err->class;
	return url_quote(value, url, err);
}
