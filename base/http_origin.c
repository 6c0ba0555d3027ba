/* SPDX-License-Identifier: Apache-2.0 */
/* URLs, taken apart by libcurl, so that we and it agree on the host. */
#include <curl/curl.h>
#include <stdio.h>
#include <strings.h>

#include "base/http_private.h"

static void url_done(CURLU **url)
{
	curl_url_cleanup(*url);
	*url = NULL;
}

void http_origin_done(struct http_origin *origin)
{
	curl_free(origin->scheme);
	curl_free(origin->host);
	curl_free(origin->port);
	*origin = (struct http_origin){0};
}

bool http_origin_equal(const struct http_origin *a, const struct http_origin *b)
{
	return strcmp(a->scheme, b->scheme) == 0 && strcasecmp(a->host, b->host) == 0 &&
	       strcmp(a->port, b->port) == 0;
}

bool http_origin_is_https(const struct http_origin *origin)
{
	return strcmp(origin->scheme, "https") == 0;
}

bool http_origin_is_loopback(const struct http_origin *origin)
{
	return http_host_is_loopback(slice_str(origin->host));
}

static int fail_url(const char *why, struct error *err)
{
	return error_set(err, ERR_INPUT, "the URL is not acceptable: %s", why);
}

static void show(struct http_origin *origin, const char *path, bool has_query)
{
	bool standard_port =
		strcmp(origin->port, http_origin_is_https(origin) ? "443" : "80") == 0;
	int len = snprintf(origin->shown, sizeof(origin->shown), "%s://%s%s%s%s%s",
		origin->scheme, origin->host, standard_port ? "" : ":",
		standard_port ? "" : origin->port, path, has_query ? "?…" : "");
	if (len < 0)
		origin->shown[0] = '\0';
}

static bool has_part(CURLU *handle, CURLUPart part)
{
	char *value = NULL;
	bool found = curl_url_get(handle, part, &value, 0) == CURLUE_OK;
	curl_free(value);
	return found;
}

static int fill_origin(CURLU *handle, struct http_origin *origin, struct error *err)
{
	char *path = NULL;
	if (has_part(handle, CURLUPART_USER) || has_part(handle, CURLUPART_PASSWORD))
		return fail_url("it contains a user name or password", err);
	if (curl_url_get(handle, CURLUPART_SCHEME, &origin->scheme, 0) != CURLUE_OK ||
		curl_url_get(handle, CURLUPART_HOST, &origin->host, 0) != CURLUE_OK ||
		curl_url_get(handle, CURLUPART_PORT, &origin->port, CURLU_DEFAULT_PORT) !=
			CURLUE_OK ||
		curl_url_get(handle, CURLUPART_PATH, &path, 0) != CURLUE_OK)
		return fail_url("scheme, host or port are missing", err);
	show(origin, path, has_part(handle, CURLUPART_QUERY));
	curl_free(path);
	if (!http_origin_is_https(origin) && strcmp(origin->scheme, "http") != 0)
		return fail_url("only https and http are supported", err);
	return 0;
}

int http_origin_parse(const char *url, struct http_origin *ret_origin, struct error *err)
{
	CLEANUP(url_done) CURLU *handle = curl_url();
	cleanup_origin struct http_origin origin = {0};
	if (!handle)
		return error_set_memory(err);
	if (!slice_is_printable(slice_str(url)) || strchr(url, ' '))
		return fail_url("it contains a space or control character", err);
	CURLUcode code = curl_url_set(handle, CURLUPART_URL, url, 0);
	if (code == CURLUE_OUT_OF_MEMORY)
		return error_set_memory(err);
	if (code != CURLUE_OK)
		return fail_url(curl_url_strerror(code), err);
	if (fill_origin(handle, &origin, err) < 0)
		return err->class;
	*ret_origin = origin;
	origin = (struct http_origin){0};
	return 0;
}

int http_origin_check_plain(
	const struct http_origin *origin, unsigned flags, struct error *err)
{
	if (http_origin_is_https(origin) || (flags & HTTP_ALLOW_PLAIN) ||
		http_origin_is_loopback(origin))
		return 0;
	(void)error_set(err, ERR_REFUSED, "plain http is not allowed to this host");
	return error_remedy(err, "use https");
}
