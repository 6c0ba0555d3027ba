/* SPDX-License-Identifier: Apache-2.0 */
/* The client against the test registry: what servers do, and what hostile ones do. */
#include "oci/rate.h"
#include "tests/unit/oci_registry.h"

static void round_trip(const struct test_registry_options *server,
	const struct repository_options *client)
{
	cleanup_fixture struct fixture fixture;
	cleanup_registry struct test_registry *registry = test_registry_start(server);
	cleanup_repository struct repository *from = NULL, *to = NULL, *back = NULL;
	struct descriptor index, found;

	fixture_begin(&fixture);
	from = open_layout(&fixture, "a");
	index = put_signed_index(from, "v1");
	MUST(try_open(registry, "team/base", client, &to, err));
	assert_true(repository_is_registry(to));
	assert_false(repository_is_registry(from));
	copy_all(from, to, &index, "v2");
	repository_close(&to);
	MUST(try_open(registry, "team/base", client, &to, err));
	assert_signed_index(to, "v2", &index);
	assert_false(resolves(to, "v1", &found));
	back = open_layout(&fixture, "b");
	copy_all(to, back, &index, "v3");
	assert_signed_index(back, "v3", &index);
	MUST(repository_check(back, NULL, err));
}

static void every_kind_of_server(void **state)
{
	(void)state;
	static const struct {
		struct test_registry_options server;
		struct repository_options client;
	} table[] = {
		{{.auth = TEST_AUTH_NONE}, {.anonymous = true}},
		{{.referrers_api = true}, {.anonymous = true}},
		{{.etags = true}, {.anonymous = true}},
		{{.referrers_api = true, .page_size = 1}, {.anonymous = true}},
		{{.auth = TEST_AUTH_BASIC, .user = "me", .password = "a:b c"},
			{.user = "me", .password = "a:b c"}},
		{{.auth = TEST_AUTH_BEARER}, {.anonymous = true}},
		{{.auth = TEST_AUTH_BEARER, .user = "me", .password = "pw"},
			{.user = "me", .password = "pw"}},
		{{.no_patch = true}, {.anonymous = true, .chunk_bytes = 100}},
		{{.auth = TEST_AUTH_NONE}, {.anonymous = true, .chunk_bytes = 100}},
		{{.min_chunk = 400}, {.anonymous = true, .chunk_bytes = 100}},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct repository_options client = table[i].client;

		client.writable = true;
		round_trip(&table[i].server, &client);
	}
}

/* Who names a part by SHA-512 finds it by that wherever it is copied to. */
static void parts_keep_their_digests(void **state)
{
	(void)state;
	static const struct test_registry_options server = {.referrers_api = true};
	static const struct descriptor as = {
		.media_type = OCI_MANIFEST, .digest.algorithm = DIGEST_SHA512};
	cleanup_fixture struct fixture fixture;
	cleanup_registry struct test_registry *registry = test_registry_start(&server);
	cleanup_repository struct repository *from = NULL, *to = NULL, *back = NULL;
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	struct manifest manifest = {.is_index = true, .count = 1};
	struct descriptor child, index;

	fixture_begin(&fixture);
	from = open_layout(&fixture, "a");
	child = put_image(from, "amd64", NULL);
	MUST(repository_read_manifest(from, &child, &bytes, err));
	MUST(repository_put(from, buffer_slice(&bytes), &as, NULL, false, &child, err));
	assert_int_equal(child.digest.algorithm, DIGEST_SHA512);
	manifest.items = &child;
	index = put_document(from, &manifest, "v1");
	to = open_registry(registry);
	copy_all(from, to, &index, "v1");
	repository_close(&to);
	to = open_registry(registry);
	back = open_layout(&fixture, "b");
	copy_all(to, back, &index, "v1");
	MUST(repository_check(back, &index, err));
	assert_true(resolves(back, "v1", &index));
}

/* Reads, pieces of blobs and updates of shared tags; also where the body says so. */
static void retry_after_is_honoured(void **state)
{
	(void)state;
	static const struct test_registry_options server = {.referrers_api = false};
	static const struct {
		const char *method, *path;
		int status;
		const char *body;
	} table[] = {
		{"GET", "/manifests/v1", 429, NULL},
		{"PATCH", "/blobs/uploads/", 429, NULL},
		{"PUT", "/blobs/uploads/", 503, NULL},
		{"PUT", "/blobs/uploads/", 403,
			"{\"errors\":[{\"code\":\"TOOMANYREQUESTS\"}]}"},
		{"PUT", "/manifests/sha256-", 429, NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		cleanup_registry struct test_registry *registry =
			test_registry_start(&server);
		cleanup_repository struct repository *repository = NULL;
		cleanup_buffer struct buffer bytes = BUFFER_INIT;
		struct repository_options options = anonymous;
		struct descriptor image, found, blob = make_blob(&bytes, 1000);
		struct test_fault busy = {.method = table[i].method,
			.path = table[i].path,
			.kind = TEST_STATUS,
			.status = table[i].status,
			.header = "Retry-After: 1",
			.body = table[i].body,
			.times = 1};
		double before;

		options.chunk_bytes = 600;
		MUST(try_open(registry, "team/base", &options, &repository, err));
		image = put_image(repository, "amd64", "v1");
		test_registry_fault(registry, &busy);
		before = clock_monotonic();
		assert_true(resolves(repository, "v1", &found));
		MUST(repository_put_blob(repository, buffer_slice(&bytes), &blob, err));
		(void)put_referrer(repository, &image, "one");
		if (clock_monotonic() - before < 0.99)
			fail_msg("%s %s: no wait", table[i].method, table[i].path);
	}
}

/* Who wants to be left alone for long is, and the error says for how long. */
static void long_waits_are_told(void **state)
{
	(void)state;
	static const struct test_registry_options server = {.referrers_api = false};
	static const char *const methods[] = {"PATCH", "PUT"};
	static const char *const waits[] = {
		"Retry-After: 86400", "Retry-After: 99999999999999999999"};
	for (size_t i = 0; i < 4; i++) {
		cleanup_registry struct test_registry *registry =
			test_registry_start(&server);
		cleanup_repository struct repository *repository = NULL;
		cleanup_buffer struct buffer bytes = BUFFER_INIT;
		struct repository_options options = anonymous;
		struct descriptor blob = make_blob(&bytes, 1000);
		const struct test_fault busy = {.method = methods[i / 2],
			.path = "/blobs/uploads/",
			.kind = TEST_STATUS,
			.status = 429,
			.header = waits[i % 2],
			.times = -1};
		struct error problem = ERROR_INIT;

		options.chunk_bytes = 600;
		MUST(try_open(registry, "team/base", &options, &repository, err));
		test_registry_fault(registry, &busy);
		assert_int_equal(repository_put_blob(repository, buffer_slice(&bytes),
					 &blob, &problem),
			ERR_NETWORK);
		assert_non_null(strstr(problem.remedy, waits[i % 2]));
		assert_int_equal(
			test_registry_count(registry, methods[i / 2], "/uploads/"), 1);
	}
}

/* The fallback index and .sig are written in another way than the rest. */
static void long_waits_end_updates(void **state)
{
	(void)state;
	static const struct test_registry_options server = {.referrers_api = false};
	static const struct test_fault busy = {.method = "PUT",
		.path = "/manifests/sha256-",
		.kind = TEST_STATUS,
		.status = 429,
		.header = "Retry-After: 86400",
		.times = -1};
	cleanup_registry struct test_registry *registry = test_registry_start(&server);
	cleanup_repository struct repository *repository = open_registry(registry);
	struct descriptor image = put_image(repository, "amd64", "v1"), entry = image;
	struct error problem = ERROR_INIT;

	test_registry_fault(registry, &busy);
	assert_int_equal(
		referrers_add_fallback(repository, &image.digest, &entry, &problem),
		ERR_NETWORK);
	assert_non_null(strstr(problem.remedy, "Retry-After: 86400"));
	assert_int_equal(test_registry_count(registry, "PUT", "/manifests/sha256-"), 1);
}

/* "Not there" and "could not look" are different. */
static void absent_is_not_an_error(void **state)
{
	(void)state;
	static const struct test_registry_options server = {.referrers_api = true};
	static const struct {
		int status;
		const char *message;
	} table[] = {
		{401, "401"}, {403, "403"}, {429, "429"}, {500, "500"}, {503, "503"}};
	cleanup_registry struct test_registry *registry = test_registry_start(&server);
	cleanup_repository struct repository *repository = open_registry(registry);
	cleanup_arena struct arena *arena = NULL;
	struct descriptor image, found, *list;
	const char **tags;
	size_t count;
	bool is_found;

	MUST(arena_new(&arena, err));
	MUST_FAIL(repository_tags(repository, arena, &tags, &count, err), ERR_INPUT,
		"no such repository");
	assert_false(resolves(repository, "v1", &found));
	image = put_image(repository, "amd64", "v1");
	assert_int_equal(count_referrers(repository, &image.digest), 0);
	/* only the API refuses: what the fallback index says (nothing) must not count */
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct test_fault fault = {.path = "/referrers/",
			.kind = TEST_STATUS,
			.times = -1,
			.status = table[i].status};

		test_registry_no_faults(registry);
		test_registry_fault(registry, &fault);
		MUST_FAIL(repository_referrers(
				  repository, &image.digest, arena, &list, &count, err),
			ERR_NETWORK, table[i].message);
	}
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct test_fault fault = {.path = "",
			.kind = TEST_STATUS,
			.times = -1,
			.status = table[i].status};

		test_registry_no_faults(registry);
		test_registry_fault(registry, &fault);
		MUST_FAIL(repository_resolve(repository, "v2", &found, &is_found, err),
			ERR_NETWORK, table[i].message);
		MUST_FAIL(repository_referrers(
				  repository, &image.digest, arena, &list, &count, err),
			ERR_NETWORK, table[i].message);
		MUST_FAIL(repository_tags(repository, arena, &tags, &count, err),
			ERR_NETWORK, table[i].message);
		MUST_FAIL(repository_has_blob(repository, &image, &is_found, err),
			ERR_NETWORK, table[i].message);
	}
}

static void lies_about_manifests_are_found(void **state)
{
	(void)state;
	static const struct test_registry_options server = {0};
	static const struct {
		struct test_fault fault;
		const char *by_tag, *by_digest; /* NULL: harmless */
	} table[] = {
		{{.path = "/manifests/", .kind = TEST_WRONG_BODY}, "another digest",
			"another digest"},
		{{.path = "/manifests/", .kind = TEST_LYING_DIGEST}, "another digest",
			"another digest"},
		{{.path = "/manifests/",
			 .kind = TEST_LYING_TYPE,
			 .header = "Content-Type: " OCI_INDEX},
			"was announced as", NULL},
		{{.path = "/manifests/",
			 .kind = TEST_LYING_TYPE,
			 .header = "Content-Type: text/html"},
			"was announced as", NULL},
		{{.path = "/manifests/",
			 .kind = TEST_LYING_TYPE,
			 .header = "Content-Type: application/json; charset=utf-8"},
			NULL, NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		cleanup_registry struct test_registry *registry =
			test_registry_start(&server);
		cleanup_repository struct repository *repository =
			open_registry(registry);
		struct test_fault fault = table[i].fault;
		char digest[DIGEST_TEXT_MAX];
		struct descriptor image, found;
		bool is_found;

		image = put_image(repository, "amd64", "v1");
		repository_close(&repository); /* which knows the bytes */
		repository = open_registry(registry);
		fault.times = -1;
		test_registry_fault(registry, &fault);
		if (table[i].by_tag)
			MUST_FAIL(repository_resolve(
					  repository, "v1", &found, &is_found, err),
				ERR_INPUT, table[i].by_tag);
		else
			assert_true(resolves(repository, "v1", &found));
		(void)digest_format(&image.digest, digest);
		if (table[i].by_digest)
			MUST_FAIL(repository_resolve(
					  repository, digest, &found, &is_found, err),
				ERR_INPUT, table[i].by_digest);
		else
			assert_true(resolves(repository, digest, &found));
	}
}

/* CVE-2025-24882: another manifest whose header names the digest that was asked for. */
static void served_digest_header_counts_for_nothing(void **state)
{
	(void)state;
	static const struct test_registry_options server = {0};
	cleanup_registry struct test_registry *registry = test_registry_start(&server);
	cleanup_repository struct repository *repository = open_registry(registry);
	struct test_fault fault = {.path = "/manifests/",
		.kind = TEST_STATUS,
		.status = 200,
		.times = -1,
		.body = "{\"schemaVersion\":2,\"manifests\":[]}"};
	char digest[DIGEST_TEXT_MAX], line[200];
	struct descriptor wanted = {.media_type = OCI_INDEX, .size = 33}, found;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	bool is_found;

	MUST(digest_of(DIGEST_SHA256, SLICE("the real one"), &wanted.digest, err));
	(void)snprintf(line, sizeof(line), "Content-Type: " OCI_INDEX "\r\nX-Digest: %s",
		digest_format(&wanted.digest, digest));
	fault.header = line;
	test_registry_fault(registry, &fault);
	MUST_FAIL(repository_resolve(repository, digest, &found, &is_found, err),
		ERR_INPUT, "was asked for, but the bytes are");
	MUST_FAIL(repository_read_manifest(repository, &wanted, &out, err), ERR_INPUT,
		"instead of 33");
}

static void lies_about_blobs_are_found(void **state)
{
	(void)state;
	static const struct test_registry_options server = {0};
	static const struct {
		enum test_fault_kind kind;
		const char *message;
	} table[] = {
		{TEST_WRONG_BODY, "the bytes are sha256:"},
		{TEST_LONGER_BODY, "larger than the allowed 7 bytes"},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		cleanup_registry struct test_registry *registry =
			test_registry_start(&server);
		cleanup_repository struct repository *repository =
			open_registry(registry);
		cleanup_repository struct repository *layout = NULL;
		cleanup_buffer struct buffer out = BUFFER_INIT;
		cleanup_fixture struct fixture fixture;
		struct test_fault fault = {
			.path = "/blobs/sha256", .kind = table[i].kind, .times = -1};
		struct descriptor blob = put_text(repository, OCI_LAYER, "content");
		bool found;

		fixture_begin(&fixture);
		layout = open_layout(&fixture, "a");
		test_registry_fault(registry, &fault);
		MUST_FAIL(repository_read_blob(repository, &blob, 100, &out, err),
			ERR_INPUT, table[i].message);
		assert_int_equal(out.len, 0);
		/* and a pull leaves nothing behind */
		struct descriptor image = put_image(repository, "amd64", "v1");
		struct repository_copy copy = {.image = &image, .tag = "v1"};
		MUST_FAIL(repository_copy(repository, layout, &copy, err), ERR_INPUT,
			"blob");
		assert_false(resolves(layout, "v1", &image));
		MUST(repository_has_blob(layout, &blob, &found, err));
		assert_false(found);
	}
}

static void manifest_size_is_limited(void **state)
{
	(void)state;
	static const struct test_registry_options server = {0};
	cleanup_registry struct test_registry *registry = test_registry_start(&server);
	cleanup_repository struct repository *repository = open_registry(registry);
	cleanup_mem char *body = calloc(1, LIMIT_MANIFEST_BYTES + 2);
	struct test_fault fault = {
		.path = "/manifests/", .kind = TEST_STATUS, .status = 200, .times = -1};
	struct descriptor found;
	bool is_found;

	assert_non_null(body);
	memset(body, ' ', LIMIT_MANIFEST_BYTES + 1);
	fault.body = body;
	test_registry_fault(registry, &fault);
	MUST_FAIL(repository_resolve(repository, "v1", &found, &is_found, err), ERR_INPUT,
		"larger than the allowed");
}

static void limits_are_told(void **state)
{
	(void)state;
	static const struct test_registry_options server = {0};
	static const struct test_fault busy = {.path = "/manifests/",
		.kind = TEST_STATUS,
		.status = 429,
		.times = -1,
		.header = "ratelimit-limit: 100;w=21600\r\nratelimit-remaining: 0;w=21600"
			  "\r\nRetry-After: 100"};
	cleanup_registry struct test_registry *registry = test_registry_start(&server);
	cleanup_repository struct repository *repository = open_registry(registry);
	struct error problem = ERROR_INIT;
	struct descriptor found;
	bool is_found;

	test_registry_fault(registry, &busy);
	assert_int_equal(
		repository_resolve(repository, "v1", &found, &is_found, &problem),
		ERR_NETWORK);
	assert_non_null(strstr(problem.text, "429"));
	assert_non_null(strstr(problem.remedy, "0 of 100 requests per 21600 s are left"));
	assert_non_null(strstr(problem.remedy, "Retry-After: 100"));
	/* that is not waited for, nor is it asked again before */
	assert_int_equal(test_registry_count(registry, "GET", "/manifests/"), 1);
}

static void rates_are_read(void **state)
{
	(void)state;
	static const struct {
		const char *limit, *remaining, *text; /* text NULL: nothing sensible */
		bool low;
	} table[] = {
		{"100;w=21600", "76;w=21600", "76 of 100 requests per 21600 s are left",
			false},
		{"100;w=21600", "10;w=21600", "10 of 100 requests per 21600 s are left",
			true},
		{"5", "0", "0 of 5 requests are left", true},
		{"100, 100;w=60", " 99 ", "99 of 100 requests are left", false},
		{"100;x=1;w=soon", "50", "50 of 100 requests are left", false},
		{"0", "0", NULL, false},
		{"-1", "0", NULL, false},
		{"many", "1", NULL, false},
		{"99999999999999", "1", NULL, false},
		{"", "", NULL, false},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
		char text[RATE_TEXT_MAX];
		struct rate rate;

		MUST(buffer_printf(&response.headers, err,
			"ratelimit-limit: %s\nratelimit-remaining: %s\n", table[i].limit,
			table[i].remaining));
		assert_int_equal(rate_read(&response, &rate), table[i].text != NULL);
		if (!table[i].text)
			continue;
		rate_format(&rate, text);
		assert_string_equal(text, table[i].text);
		assert_int_equal(rate_is_low(&rate), table[i].low);
	}
}

/* Who is not there now will not be there in a second: no waiting. */
static void refused_connection_is_final(void **state)
{
	(void)state;
	static const struct repository_options options = {
		.anonymous = true, .retry_delay_ms = 60000};
	cleanup_repository struct repository *repository = NULL;
	struct timespec before, after;
	struct descriptor found;
	bool is_found;

	MUST(open_text("127.0.0.1:1/a", &options, &repository, err));
	(void)clock_gettime(CLOCK_MONOTONIC, &before);
	MUST_FAIL(repository_resolve(repository, "v1", &found, &is_found, err),
		ERR_NETWORK, "127.0.0.1:1");
	(void)clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true(after.tv_sec - before.tv_sec < 30);
}

static void few_requests(void **state)
{
	(void)state;
	static const struct test_registry_options server = {.referrers_api = true};
	cleanup_registry struct test_registry *registry = test_registry_start(&server);
	cleanup_repository struct repository *repository = open_registry(registry);
	cleanup_buffer struct buffer out = BUFFER_INIT;
	struct descriptor image = put_image(repository, "amd64", "v1"), found;

	(void)put_referrer(repository, &image, "one");
	repository_close(&repository);
	repository = open_registry(registry);
	test_registry_clear_log(registry);
	assert_true(resolves(repository, "v1", &found));
	MUST(repository_read_manifest(repository, &found, &out, err));
	assert_int_equal(count_referrers(repository, &found.digest), 1);
	/* resolve, referrers, fallback index */
	assert_int_equal(test_registry_count(registry, "GET", ""), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_server),
		cmocka_unit_test(parts_keep_their_digests),
		cmocka_unit_test(retry_after_is_honoured),
		cmocka_unit_test(long_waits_are_told),
		cmocka_unit_test(long_waits_end_updates),
		cmocka_unit_test(absent_is_not_an_error),
		cmocka_unit_test(lies_about_manifests_are_found),
		cmocka_unit_test(served_digest_header_counts_for_nothing),
		cmocka_unit_test(lies_about_blobs_are_found),
		cmocka_unit_test(manifest_size_is_limited),
		cmocka_unit_test(refused_connection_is_final),
		cmocka_unit_test(few_requests),
		cmocka_unit_test(limits_are_told),
		cmocka_unit_test(rates_are_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
