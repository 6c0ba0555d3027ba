/* SPDX-License-Identifier: Apache-2.0 */
/* What a registry lists, page by page: tags and referrers. */
#include <jansson.h>

#include "base/json.h"
#include "base/limits.h"
#include "oci/registry_private.h"

#define PAGES_MAX 1000
#define TAGS_MAX  100000
#define TAGS_PAGE "1000"

/* ---- paging ---- */

bool registry_next_link(const struct http_response *response, struct slice *ret_url)
{
	struct slice header, link, url;

	for (size_t i = 0; http_response_header_at(response, "link", i, &header); i++)
		while (slice_cut(&header, '<', &link) && slice_cut(&header, '>', &url)) {
			struct slice rest = header;

			if (!slice_cut(&rest, '<', &link))
				continue;
			if (slice_find(link, SLICE("rel=\"next\"")) != SIZE_MAX ||
				slice_find(link, SLICE("rel=next")) != SIZE_MAX) {
				*ret_url = url;
				return true;
			}
		}
	return false;
}

/* Replaces *url by that of the next page; false at the end. */
static int next_page(const struct registry *registry,
	const struct http_response *response, struct buffer *url, bool *ret_more,
	struct error *err)
{
	cleanup_buffer struct buffer next = BUFFER_INIT;
	struct url parsed;
	struct slice link;

	*ret_more = registry_next_link(response, &link);
	if (!*ret_more)
		return 0;
	if (url_resolve(buffer_slice(url), link, &next, err) < 0 ||
		url_parse(buffer_slice(&next), &parsed, err) < 0)
		return error_wrap(err, "next page");
	if (!url_same_origin(&parsed, &registry->url))
		return error_set(err, ERR_INPUT, "the next page is at %.*s",
			SLICE_ARG(parsed.origin));
	buffer_clear(url);
	return buffer_add_slice(url, buffer_slice(&next), err);
}

typedef int page_reader(void *context, const struct http_response *response,
	bool *ret_stop, struct error *err);

/* Whatever the status of a page, it is given to the reader. */
static int read_pages(struct registry *registry, struct buffer *url,
	const char *const *headers, page_reader *reader, void *context, struct error *err)
{
	bool more = true, stop = false;

	for (int page = 0; more && !stop; page++) {
		cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
		struct registry_call call = {.method = "GET",
			.url = buffer_str(url),
			.headers = headers,
			.max_body = LIMIT_MANIFEST_BYTES};

		if (page == PAGES_MAX)
			return error_set(err, ERR_INPUT, "more than %d pages", PAGES_MAX);
		if (registry_call(registry, &call, &response, err) < 0 ||
			reader(context, &response, &stop, err) < 0 ||
			next_page(registry, &response, url, &more, err) < 0)
			return err->class;
	}
	return 0;
}

/* ---- tags ---- */

struct tags {
	struct arena *arena;
	const char **items;
	size_t count, capacity;
};

static int add_tag(struct tags *tags, const json_t *item, struct error *err)
{
	const char *text = json_string_value(item);
	const char **place;

	if (!text || !reference_tag_is_valid(slice_str(text)))
		return error_set(err, ERR_INPUT, "tags: not a tag in the list");
	if (tags->count == TAGS_MAX)
		return error_set(err, ERR_INPUT, "more than %d tags", TAGS_MAX);
	place = arena_append(
		tags->arena, &tags->items, &tags->count, &tags->capacity, sizeof(*place));
	if (!place)
		return error_set_memory(err);
	*place = arena_strdup(tags->arena, text);
	return *place ? 0 : error_set_memory(err);
}

static int no_repository(struct error *err)
{
	(void)error_set(err, ERR_INPUT, "there is no such repository");
	return error_remedy(err, "look at its name; some registries say so, too, of one "
				 "that has no tags or that only its members may see");
}

static int read_tags_page(void *context, const struct http_response *response,
	bool *ret_stop, struct error *err)
{
	cleanup_json struct json_t *json = NULL;
	struct json_t *list = NULL;

	*ret_stop = false;
	if (response->status == 404)
		return no_repository(err);
	if (response->status != 200)
		return registry_status_error(response, "list tags", err);
	if (json_load_slice(buffer_slice(&response->body), "tags", &json, err) < 0)
		return err->class;
	if (!json_is_object(json))
		return error_set(err, ERR_INPUT, "tags: not an object");
	if (json_opt_array(json, "tags", "tags", TAGS_MAX, &list, err) < 0)
		return err->class;
	for (size_t i = 0; list && i < json_array_size(list); i++)
		if (add_tag(context, json_array_get(list, i), err) < 0)
			return err->class;
	return 0;
}

int registry_tags(struct repository *repository, struct arena *arena,
	const char ***ret_tags, size_t *ret_count, struct error *err)
{
	cleanup_buffer struct buffer url = BUFFER_INIT;
	struct registry *registry = registry_of(repository);
	struct tags tags = {.arena = arena};

	if (registry_url(registry, &url, err, "/tags/list?n=" TAGS_PAGE) < 0 ||
		read_pages(registry, &url, NULL, read_tags_page, &tags, err) < 0)
		return err->class;
	*ret_tags = tags.items;
	*ret_count = tags.count;
	return 0;
}

/* ---- referrers ---- */

struct referrers {
	struct arena *arena;
	struct descriptor_list *list;
	bool begun;
};

/*
 * Only 200 with an index is the API's answer (distribution-spec v1.1, "Listing
 * Referrers"). 404 and whatever a server without it says of the path mean "no API";
 * refusals and overload mean that we could not look, which must not be taken for "none".
 */
static int is_api_answer(
	const struct http_response *response, bool *ret_is, struct error *err)
{
	struct slice type = SLICE_EMPTY, bare = SLICE_EMPTY;
	int status = response->status;

	*ret_is = false;
	if (status == 401 || status == 403 || status == 429 || status >= 500)
		return registry_status_error(response, "list referrers", err);
	if (status != 200 || !http_response_header(response, "content-type", &type))
		return 0;
	*ret_is = slice_cut(&type, ';', &bare) &&
		  slice_equal_str(slice_trim(bare), OCI_INDEX);
	return 0;
}

static int read_referrers_page(void *context, const struct http_response *response,
	bool *ret_stop, struct error *err)
{
	cleanup_manifest struct manifest *page = NULL;
	struct referrers *referrers = context;
	bool is_answer;

	if (is_api_answer(response, &is_answer, err) < 0)
		return err->class;
	*ret_stop = !is_answer;
	if (!is_answer)
		return referrers->begun ? registry_status_error(
						  response, "list more referrers", err)
					: 0;
	referrers->begun = true;
	if (manifest_parse(buffer_slice(&response->body), OCI_INDEX, &page, err) < 0)
		return err->class;
	for (size_t i = 0; i < page->count; i++)
		if (descriptor_list_add(
			    referrers->arena, referrers->list, &page->items[i], err) < 0)
			return err->class;
	/* more than anybody reads: the caller refuses the number */
	*ret_stop = referrers->list->count > LIMIT_REFERRERS;
	return 0;
}

int registry_referrers(struct repository *repository, const struct digest *subject,
	struct arena *arena, struct descriptor_list *list, struct error *err)
{
	static const char *const headers[] = {"Accept: " OCI_INDEX, NULL};
	cleanup_buffer struct buffer url = BUFFER_INIT;
	struct registry *registry = registry_of(repository);
	struct referrers referrers = {.arena = arena, .list = list};
	char text[DIGEST_TEXT_MAX];

	if (registry_url(registry, &url, err, "/referrers/%s",
		    digest_format(subject, text)) < 0)
		return err->class;
	return read_pages(registry, &url, headers, read_referrers_page, &referrers, err);
}
