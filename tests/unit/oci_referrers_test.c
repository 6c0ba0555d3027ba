/* SPDX-License-Identifier: Apache-2.0 */
/* Referrers and tags by lists, and writers at the same time. */
#include "tests/unit/oci_registry.h"

/* Under the tag that stands for referrers where a registry has no API for them. */
static void store_fallback(struct test_registry *registry, const struct descriptor *image,
	const struct manifest *index)
{
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	char tag[200], hex[DIGEST_TEXT_MAX];

	(void)snprintf(
		tag, sizeof(tag), "sha256-%s", digest_format_hex(&image->digest, hex));
	MUST(manifest_write(index, &bytes, err));
	test_registry_store_manifest(
		registry, "team/base", tag, OCI_INDEX, buffer_slice(&bytes));
}

/* On a registry that got its API later, what the fallback index says still counts. */
static void api_and_fallback_are_merged(void **state)
{
	(void)state;
	static const struct test_registry_options server = {.referrers_api = true};
	cleanup_registry struct test_registry *registry = test_registry_start(&server);
	cleanup_repository struct repository *repository = open_registry(registry);
	struct descriptor image = put_image(repository, "amd64", "v1"), old;
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	struct manifest index = {.is_index = true, .items = &old, .count = 1};

	(void)put_referrer(repository, &image, "new");
	/* refers to something else by its bytes, so only the index says so */
	struct descriptor other = put_image(repository, "arm64", "v2");
	old = put_referrer(repository, &other, "old");
	old.artifact_type = NULL; /* as cosign 3 writes it: completed from the manifest */
	store_fallback(registry, &image, &index);
	assert_int_equal(count_referrers(repository, &image.digest), 2);
}

/* sigstore/cosign#4641: wrong artifact type, no annotations, and an entry that is gone.
 */
static void poor_fallback_entries_are_completed(void **state)
{
	(void)state;
	static const struct test_registry_options server = {0};
	cleanup_registry struct test_registry *registry = test_registry_start(&server);
	cleanup_repository struct repository *repository = open_registry(registry);
	struct descriptor image = put_image(repository, "amd64", "v1"), entries[2];
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	struct manifest index = {.is_index = true, .items = entries, .count = 2};

	entries[0] = put_referrer(repository, &image, "one");
	entries[0].artifact_type = OCI_EMPTY;
	entries[1] = entries[0];
	entries[1].digest.bytes[0] ^= 1;
	store_fallback(registry, &image, &index);
	assert_int_equal(count_referrers(repository, &image.digest), 1);
}

static void fallback_tag_with_something_else(void **state)
{
	(void)state;
	static const struct test_registry_options server = {0};
	cleanup_registry struct test_registry *registry = test_registry_start(&server);
	cleanup_repository struct repository *repository = open_registry(registry);
	struct descriptor image = put_image(repository, "amd64", "v1"), *list;
	cleanup_arena struct arena *arena = NULL;
	char tag[200], hex[DIGEST_TEXT_MAX];
	size_t count;

	(void)snprintf(
		tag, sizeof(tag), "sha256-%s", digest_format_hex(&image.digest, hex));
	(void)put_image(repository, "arm64", tag);
	MUST(arena_new(&arena, err));
	MUST_FAIL(repository_referrers(
			  repository, &image.digest, arena, &list, &count, err),
		ERR_INPUT, "not an index of referrers");
}

static void too_many_referrers(void **state)
{
	(void)state;
	static const struct test_registry_options server = {
		.referrers_api = true, .page_size = 10};
	cleanup_registry struct test_registry *registry = test_registry_start(&server);
	cleanup_repository struct repository *repository = open_registry(registry);
	struct descriptor image = put_image(repository, "amd64", "v1"), *list;
	cleanup_arena struct arena *arena = NULL;
	char text[32];
	size_t count;

	for (int i = 0; i <= LIMIT_REFERRERS; i++) {
		(void)snprintf(text, sizeof(text), "%d", i);
		(void)put_referrer(repository, &image, text);
	}
	MUST(arena_new(&arena, err));
	MUST_FAIL(repository_referrers(
			  repository, &image.digest, arena, &list, &count, err),
		ERR_INPUT, "at most 100");
}

/* An html page, or an error of a proxy, at the API's path means that there is no API. */
static void strange_referrers_answers(void **state)
{
	(void)state;
	static const struct test_registry_options server = {0};
	static const struct test_fault faults[] = {
		{.path = "/referrers/",
			.kind = TEST_STATUS,
			.status = 200,
			.times = -1,
			.header = "Content-Type: text/html",
			.body = "<html>"},
		{.path = "/referrers/", .kind = TEST_STATUS, .status = 405, .times = -1},
		{.path = "/referrers/", .kind = TEST_STATUS, .status = 400, .times = -1},
		{.path = "/referrers/", .kind = TEST_STATUS, .status = 406, .times = -1},
	};
	cleanup_registry struct test_registry *registry = test_registry_start(&server);
	cleanup_repository struct repository *repository = open_registry(registry);
	struct descriptor image = put_image(repository, "amd64", "v1");

	(void)put_referrer(repository, &image, "one");
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		test_registry_no_faults(registry);
		test_registry_fault(registry, &faults[i]);
		assert_int_equal(count_referrers(repository, &image.digest), 1);
	}
}

struct intruder {
	struct test_registry *registry;
	struct buffer bytes;
	char tag[200];
};

static void intrude(void *context)
{
	struct intruder *intruder = context;

	test_registry_store_manifest(intruder->registry, "team/base", intruder->tag,
		OCI_INDEX, buffer_slice(&intruder->bytes));
}

static void race(bool etags)
{
	const struct test_registry_options server = {.etags = etags};
	cleanup_registry struct test_registry *registry = test_registry_start(&server);
	cleanup_repository struct repository *repository = open_registry(registry);
	struct descriptor image = put_image(repository, "amd64", "v1"), theirs, other;
	struct manifest index = {.is_index = true, .items = &theirs, .count = 1};
	struct intruder intruder = {.registry = registry};
	char hex[DIGEST_TEXT_MAX];

	other = put_image(repository, "arm64", "v2");
	theirs = put_referrer(repository, &other, "theirs");
	(void)snprintf(intruder.tag, sizeof(intruder.tag), "sha256-%s",
		digest_format_hex(&image.digest, hex));
	MUST(manifest_write(&index, &intruder.bytes, err));
	/* the other writer comes between our reading and our writing */
	test_registry_before_put(registry, intruder.tag, intrude, &intruder);
	(void)put_referrer(repository, &image, "ours");
	/* without conditions the one who wrote before us is overwritten: that cannot be
	 * helped, only what comes after us can be noticed */
	assert_int_equal(count_referrers(repository, &image.digest), etags ? 2 : 1);
	buffer_done(&intruder.bytes);
}

static void concurrent_writers(void **state)
{
	(void)state;
	race(true);
	race(false);
}

/* The other one read before us and writes after us: what was ours is gone, until we look
 * again. */
static void what_was_overwritten_comes_back(void **state)
{
	(void)state;
	static const struct test_registry_options server = {0};
	cleanup_registry struct test_registry *registry = test_registry_start(&server);
	cleanup_repository struct repository *repository = open_registry(registry);
	struct descriptor image = put_image(repository, "amd64", "v1"), theirs, other;
	struct manifest index = {.is_index = true, .items = &theirs, .count = 1};

	other = put_image(repository, "arm64", "v2");
	theirs = put_referrer(repository, &other, "theirs");
	MUST(repository_commit(repository, err));
	(void)put_referrer(repository, &image, "ours");
	store_fallback(registry, &image, &index);
	assert_int_equal(count_referrers(repository, &image.digest), 1);
	MUST(repository_commit(repository, err));
	assert_int_equal(count_referrers(repository, &image.digest), 2);
	/* and is looked at only once if nothing is missing */
	test_registry_clear_log(registry);
	MUST(repository_commit(repository, err));
	assert_int_equal(test_registry_count(registry, "GET", ""), 0);
}

static void tags_are_paged(void **state)
{
	(void)state;
	static const struct test_registry_options server = {.page_size = 2};
	cleanup_registry struct test_registry *registry = test_registry_start(&server);
	cleanup_repository struct repository *repository = open_registry(registry);
	cleanup_arena struct arena *arena = NULL;
	const char **tags;
	size_t count;

	for (const char *tag = "gfedcba"; *tag; tag++)
		(void)put_image(repository, "amd64", tag);
	MUST(arena_new(&arena, err));
	MUST(repository_tags(repository, arena, &tags, &count, err));
	assert_int_equal(count, 7);
	assert_string_equal(tags[0], "a");
	assert_string_equal(tags[6], "gfedcba");
	assert_int_equal(test_registry_count(registry, "GET", "/tags/list"), 4);
}

static void pages_elsewhere_are_refused(void **state)
{
	(void)state;
	static const struct test_registry_options server = {0};
	static const struct test_fault fault = {.path = "/tags/list",
		.kind = TEST_STATUS,
		.status = 200,
		.times = 1,
		.header = "Link: <http://127.0.0.3:1/v2/x>; rel=\"next\"",
		.body = "{\"tags\":[\"a\"]}"};
	static const struct test_fault odd = {.path = "/tags/list",
		.kind = TEST_STATUS,
		.status = 200,
		.times = 1,
		.body = "{\"tags\":[\"../../etc\"]}"};
	cleanup_registry struct test_registry *registry = test_registry_start(&server);
	cleanup_repository struct repository *repository = open_registry(registry);
	cleanup_arena struct arena *arena = NULL;
	const char **tags;
	size_t count;

	MUST(arena_new(&arena, err));
	test_registry_fault(registry, &fault);
	MUST_FAIL(repository_tags(repository, arena, &tags, &count, err), ERR_INPUT,
		"the next page is at http://127.0.0.3:1");
	test_registry_fault(registry, &odd);
	MUST_FAIL(repository_tags(repository, arena, &tags, &count, err), ERR_INPUT,
		"not a tag in the list");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(api_and_fallback_are_merged),
		cmocka_unit_test(poor_fallback_entries_are_completed),
		cmocka_unit_test(fallback_tag_with_something_else),
		cmocka_unit_test(too_many_referrers),
		cmocka_unit_test(strange_referrers_answers),
		cmocka_unit_test(concurrent_writers),
		cmocka_unit_test(tags_are_paged),
		cmocka_unit_test(pages_elsewhere_are_refused),
		cmocka_unit_test(what_was_overwritten_comes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
