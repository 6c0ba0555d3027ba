/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs up and down: resumed, mounted, several at once. */
#include "tests/unit/oci_registry.h"

static void upload_survives(
	const struct test_registry_options *server, const struct test_fault *fault)
{
	cleanup_registry struct test_registry *registry = test_registry_start(server);
	cleanup_buffer struct buffer bytes = BUFFER_INIT, got = BUFFER_INIT;
	cleanup_repository struct repository *repository = NULL;
	struct repository_options options = anonymous;
	struct descriptor blob = make_blob(&bytes, 100000);

	options.chunk_bytes = 30000;
	MUST(try_open(registry, "team/base", &options, &repository, err));
	if (fault)
		test_registry_fault(registry, fault);
	MUST(repository_put_blob(repository, buffer_slice(&bytes), &blob, err));
	MUST(repository_read_blob(repository, &blob, 100000, &got, err));
	assert_true(slice_equal(buffer_slice(&bytes), buffer_slice(&got)));
}

static void uploads_are_resumed(void **state)
{
	(void)state;
	static const struct test_registry_options server = {0};
	static const struct test_fault faults[] = {
		{.method = "PATCH", .path = "", .kind = TEST_CLOSE, .times = 1},
		{.method = "PATCH", .path = "", .kind = TEST_LOSE_ANSWER, .times = 1},
		{.method = "PATCH",
			.path = "",
			.kind = TEST_LOSE_ANSWER,
			.times = 1,
			.skip = 1},
		{.method = "PATCH",
			.path = "",
			.kind = TEST_HALF_BODY,
			.times = 1,
			.skip = 1},
		{.method = "PATCH",
			.path = "",
			.kind = TEST_STATUS,
			.status = 503,
			.times = 3},
		{.method = "PATCH",
			.path = "",
			.kind = TEST_STATUS,
			.status = 416,
			.times = 1},
		{.method = "PATCH",
			.path = "",
			.kind = TEST_STATUS,
			.status = 404,
			.times = 1},
		{.method = "PUT", .path = "", .kind = TEST_CLOSE, .times = 1},
		{.method = "PUT", .path = "", .kind = TEST_LOSE_ANSWER, .times = 1},
		{.method = "PUT",
			.path = "",
			.kind = TEST_STATUS,
			.status = 500,
			.times = 2},
		{.method = "POST",
			.path = "",
			.kind = TEST_STATUS,
			.status = 502,
			.times = 2},
		{.method = "HEAD",
			.path = "",
			.kind = TEST_STATUS,
			.status = 503,
			.times = 2},
	};
	upload_survives(&server, NULL);
	for (size_t i = 0; i < ARRAY_LEN(faults); i++)
		upload_survives(&server, &faults[i]);
}

static void upload_gives_up(void **state)
{
	(void)state;
	static const struct test_registry_options server = {0};
	static const struct {
		struct test_fault fault;
		const char *message;
	} table[] = {
		{{.method = "PUT",
			 .path = "",
			 .kind = TEST_STATUS,
			 .status = 500,
			 .times = -1},
			"500"},
		{{.method = "POST",
			 .path = "",
			 .kind = TEST_STATUS,
			 .status = 403,
			 .times = -1,
			 .body = "{\"errors\":[{\"code\":\"DENIED\",\"message\":"
				 "\"a\\nb\"}]}"},
			"the registry answers 403 DENIED (a?b)"},
		{{.method = "PUT",
			 .path = "",
			 .kind = TEST_STATUS,
			 .status = 413,
			 .times = -1},
			"413"},
		{{.method = "PUT",
			 .path = "",
			 .kind = TEST_STATUS,
			 .status = 202,
			 .times = -1},
			"did not finish"},
		{{.method = "POST",
			 .path = "",
			 .kind = TEST_STATUS,
			 .status = 202,
			 .times = -1},
			"does not say where to"},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		cleanup_registry struct test_registry *registry =
			test_registry_start(&server);
		cleanup_repository struct repository *repository =
			open_registry(registry);
		cleanup_buffer struct buffer bytes = BUFFER_INIT;
		struct descriptor blob = make_blob(&bytes, 1000);

		test_registry_fault(registry, &table[i].fault);
		MUST_FAIL(
			repository_put_blob(repository, buffer_slice(&bytes), &blob, err),
			ERR_NETWORK, table[i].message);
	}
}

static void present_blobs_are_not_sent(void **state)
{
	(void)state;
	static const struct test_registry_options server = {0};
	cleanup_registry struct test_registry *registry = test_registry_start(&server);
	cleanup_repository struct repository *repository = open_registry(registry);

	(void)put_text(repository, OCI_LAYER, "content");
	test_registry_clear_log(registry);
	(void)put_text(repository, OCI_LAYER, "content");
	assert_int_equal(test_registry_count(registry, "HEAD", "/blobs/sha256:"), 1);
	assert_int_equal(test_registry_count(registry, "POST", ""), 0);
}

static void blobs_are_mounted(void **state)
{
	(void)state;
	static const struct test_registry_options servers[] = {
		{0}, {.auth = TEST_AUTH_BEARER}};
	for (size_t i = 0; i < ARRAY_LEN(servers); i++) {
		cleanup_registry struct test_registry *registry =
			test_registry_start(&servers[i]);
		cleanup_repository struct repository *from = NULL, *to = NULL;
		cleanup_buffer struct buffer log = BUFFER_INIT;
		struct descriptor image;

		MUST(try_open(registry, "team/one", &anonymous, &from, err));
		MUST(try_open(registry, "team/two", &anonymous, &to, err));
		image = put_image(from, "amd64", "v1");
		test_registry_clear_log(registry);
		copy_all(from, to, &image, "v1");
		assert_int_equal(
			test_registry_count(registry, "POST", "mount=sha256%3A"), 2);
		assert_int_equal(test_registry_count(registry, "PUT", "/blobs/"), 0);
		MUST(repository_check(to, &image, err));
		test_registry_log(registry, &log);
		if (servers[i].auth)
			assert_non_null(strstr(buffer_str(&log),
				"scope=repository%3Ateam%2Ftwo%3Apull%2Cpush&"
				"scope=repository%3Ateam%2Fone%3Apull"));
	}
}

/* The session that a refused mount opens is used. */
static void refused_mount_goes_on(void **state)
{
	(void)state;
	static const struct test_registry_options server = {0};
	static const struct test_fault no_mount = {.method = "POST",
		.path = "/two/",
		.kind = TEST_STATUS,
		.status = 403,
		.times = 1};
	cleanup_registry struct test_registry *registry = test_registry_start(&server);
	cleanup_repository struct repository *from = NULL, *to = NULL;
	struct descriptor image;

	MUST(try_open(registry, "one", &anonymous, &from, err));
	MUST(try_open(registry, "team/two/x", &anonymous, &to, err));
	image = put_image(from, "amd64", "v1");
	test_registry_fault(registry, &no_mount);
	copy_all(from, to, &image, "v1");
	MUST(repository_check(to, &image, err));
}

static void downloads_are_resumed(void **state)
{
	(void)state;
	static const struct test_registry_options server = {0};
	static const struct test_fault faults[] = {
		{.method = "GET", .path = "/blobs/", .kind = TEST_TRUNCATE, .times = 3},
		{.method = "GET", .path = "/blobs/", .kind = TEST_CLOSE, .times = 2},
		{.method = "GET",
			.path = "/blobs/",
			.kind = TEST_STATUS,
			.status = 429,
			.times = 2},
		{.method = "GET",
			.path = "/blobs/",
			.kind = TEST_STATUS,
			.status = 400,
			.times = 2,
			.body = "{\"errors\":[{\"code\":\"TOOMANYREQUESTS\"}]}"},
	};
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		cleanup_registry struct test_registry *registry =
			test_registry_start(&server);
		cleanup_repository struct repository *repository =
			open_registry(registry);
		cleanup_buffer struct buffer bytes = BUFFER_INIT, got = BUFFER_INIT;
		struct descriptor blob = make_blob(&bytes, 100000);

		MUST(repository_put_blob(repository, buffer_slice(&bytes), &blob, err));
		test_registry_fault(registry, &faults[i]);
		MUST(repository_read_blob(repository, &blob, 100000, &got, err));
		assert_true(slice_equal(buffer_slice(&bytes), buffer_slice(&got)));
	}
}

#define MANY 24

static struct descriptor put_many(struct repository *repository, const char *tag)
{
	struct descriptor layers[MANY];
	struct manifest manifest = {.items = layers, .count = MANY};
	char text[64];

	for (int i = 0; i < MANY; i++) {
		(void)snprintf(text, sizeof(text), "layer %d of %s", i, tag);
		layers[i] = put_text(repository, OCI_LAYER, text);
	}
	manifest.config = put_text(repository, OCI_CONFIG, "{\"config\":{}}");
	return put_document(repository, &manifest, tag);
}

/* One token serves all threads; nothing is sent or asked for twice. */
static void blobs_go_in_parallel(void **state)
{
	(void)state;
	static const struct test_registry_options server = {
		.auth = TEST_AUTH_BEARER, .user = "me", .password = "secret"};
	cleanup_registry struct test_registry *registry = test_registry_start(&server);
	cleanup_repository struct repository *from = NULL, *to = NULL, *back = NULL;
	cleanup_fixture struct fixture fixture;
	uint64_t sent = 0;

	fixture_begin(&fixture);
	from = open_layout(&fixture, "a");
	struct descriptor image = put_many(from, "v1");
	struct repository_copy copy = {
		.image = &image, .tag = "v1", .parallel = 16, .ret_sent = &sent};
	MUST(try_open(registry, "team/base", &with_secret, &to, err));
	MUST(repository_copy(from, to, &copy, err));
	assert_true(sent > MANY * 10);
	assert_int_equal(test_registry_count(registry, "PUT", "/blobs/"), MANY + 1);
	assert_int_equal(
		test_registry_count(registry, "HEAD", "/blobs/") <= MANY + 1 + 16, true);
	assert_int_equal(test_registry_count(registry, "GET", "/token"), 1);
	MUST(repository_copy(from, to, &copy, err));
	assert_int_equal(sent, 0);
	assert_int_equal(test_registry_count(registry, "PUT", "/blobs/"), MANY + 1);
	back = open_layout(&fixture, "b");
	MUST(repository_copy(to, back, &copy, err));
	MUST(repository_check(back, &image, err));
}

/*
 * Anybody may read, and who writes learns that credentials are needed from an error with
 * a text, in all threads at once (for ThreadSanitizer: the text is searched for them).
 */
static void threads_learn_of_credentials(void **state)
{
	(void)state;
	static const struct test_registry_options server = {0};
	static const struct test_fault denied = {.method = "POST",
		.path = "/blobs/uploads/",
		.kind = TEST_STATUS,
		.status = 401,
		.times = 16,
		.header = "WWW-Authenticate: Basic realm=\"x\"",
		.body = "{\"errors\":[{\"code\":\"UNAUTHORIZED\"}]}"};
	cleanup_registry struct test_registry *registry = test_registry_start(&server);
	cleanup_repository struct repository *from = NULL, *to = NULL;
	cleanup_fixture struct fixture fixture;
	struct error failure = ERROR_INIT;

	fixture_begin(&fixture);
	from = open_layout(&fixture, "a");
	struct descriptor image = put_many(from, "v1");
	struct repository_copy copy = {.image = &image, .tag = "v1", .parallel = 16};
	MUST(try_open(registry, "team/base", &with_secret, &to, err));
	test_registry_fault(registry, &denied);
	/* who is quick gets a second 401, and that is final */
	if (repository_copy(from, to, &copy, &failure) < 0)
		assert_int_equal(failure.class, ERR_NETWORK);
}

struct seen {
	uint64_t done, total;
	bool too_much;
};

static void see(void *context, uint64_t done, uint64_t total)
{
	struct seen *seen = context;

	seen->too_much = seen->too_much || done > total;
	seen->done = done;
	seen->total = total;
}

static void progress_reaches_the_end(void **state)
{
	(void)state;
	static const struct test_registry_options server = {0};
	static const struct test_fault cut = {
		.method = "GET", .path = "/blobs/", .kind = TEST_TRUNCATE, .times = 9};
	cleanup_registry struct test_registry *registry = test_registry_start(&server);
	cleanup_repository struct repository *from = NULL, *to = NULL;
	cleanup_fixture struct fixture fixture;
	struct seen seen = {0};

	fixture_begin(&fixture);
	from = open_registry(registry);
	struct descriptor image = put_many(from, "v1");
	struct repository_copy copy = {
		.image = &image, .tag = "v1", .progress = see, .progress_context = &seen};
	to = open_layout(&fixture, "a");
	test_registry_fault(registry, &cut);
	MUST(repository_copy(from, to, &copy, err));
	assert_false(seen.too_much);
	assert_true(seen.total > 0);
	assert_int_equal(seen.done, seen.total);
	/* also if all is there already */
	seen = (struct seen){0};
	MUST(repository_copy(from, to, &copy, err));
	assert_true(seen.total > 0);
	assert_int_equal(seen.done, seen.total);
}

/* What the first error was is said; the tag is not set. */
static void first_error_stops_all(void **state)
{
	(void)state;
	static const struct test_registry_options server = {0};
	static const struct test_fault denied = {.method = "PUT",
		.path = "/blobs/",
		.kind = TEST_STATUS,
		.status = 403,
		.times = -1,
		.skip = 3,
		.body = "{\"errors\":[{\"code\":\"DENIED\"}]}"};
	cleanup_registry struct test_registry *registry = test_registry_start(&server);
	cleanup_repository struct repository *from = NULL, *to = NULL;
	cleanup_fixture struct fixture fixture;
	struct descriptor found;

	fixture_begin(&fixture);
	from = open_layout(&fixture, "a");
	struct descriptor image = put_many(from, "v1");
	struct repository_copy copy = {.image = &image, .tag = "v1"};
	to = open_registry(registry);
	test_registry_fault(registry, &denied);
	MUST_FAIL(repository_copy(from, to, &copy, err), ERR_NETWORK, "403 DENIED");
	/* at most one more for each thread that was on its way */
	assert_true(test_registry_count(registry, "PUT", "/blobs/") <= 3 + 4);
	assert_int_equal(test_registry_count(registry, "PUT", "/manifests/"), 0);
	assert_false(resolves(to, "v1", &found));
}

/*
 * Whoever polls the tag never sees an image that is not whole, or without its signatures:
 * in the log every blob comes before every manifest, a manifest before what names it, and
 * the tag is the last write of all.
 */
static void order_of_writes(void **state)
{
	(void)state;
	static const struct test_registry_options servers[] = {
		{0}, {.referrers_api = true}};
	for (size_t i = 0; i < ARRAY_LEN(servers); i++) {
		cleanup_registry struct test_registry *registry =
			test_registry_start(&servers[i]);
		cleanup_repository struct repository *from = NULL, *to = NULL;
		cleanup_buffer struct buffer log = BUFFER_INIT;
		cleanup_fixture struct fixture fixture;
		char index_put[200], digest[DIGEST_TEXT_MAX];
		struct slice rest, line;
		size_t manifests = 0, blobs_after = 0, tags = 0, after_tag = 0;
		bool index_seen = false, sig_before_index = false;

		fixture_begin(&fixture);
		from = open_layout(&fixture, "a");
		struct descriptor index = put_signed_index(from, "v1");
		to = open_registry(registry);
		copy_all(from, to, &index, "v1");
		(void)snprintf(index_put, sizeof(index_put), "/manifests/%s ",
			digest_format(&index.digest, digest));
		test_registry_log(registry, &log);
		rest = buffer_slice(&log);
		while (slice_cut(&rest, '\n', &line)) {
			if (!slice_starts_with(line, SLICE("PUT ")))
				continue;
			after_tag += tags;
			if (slice_find(line, SLICE("/blobs/")) != SIZE_MAX)
				blobs_after += manifests != 0;
			else
				manifests++;
			if (slice_find(line, SLICE("/manifests/sha256-")) != SIZE_MAX)
				sig_before_index = sig_before_index || !index_seen;
			if (slice_find(line, slice_str(index_put)) != SIZE_MAX)
				index_seen = true;
			if (slice_find(line, SLICE("/manifests/v1 ")) != SIZE_MAX)
				tags++;
		}
		assert_int_equal(tags, 1);
		assert_int_equal(after_tag, 0);
		assert_int_equal(blobs_after, 0);
		assert_true(index_seen);
		assert_false(sig_before_index);
		/* 2 children, index, 3 signature tags, 3 referrers, the tag */
		assert_true(manifests >= 10);
	}
}

static void downloads_go_on_with_if_range(void **state)
{
	(void)state;
	static const struct test_registry_options server = {.etags = true};
	static const struct test_fault cut = {
		.method = "GET", .path = "/blobs/", .kind = TEST_TRUNCATE, .times = 1};
	cleanup_registry struct test_registry *registry = test_registry_start(&server);
	cleanup_repository struct repository *repository = open_registry(registry);
	cleanup_buffer struct buffer bytes = BUFFER_INIT, got = BUFFER_INIT;
	struct descriptor blob = make_blob(&bytes, 100000);

	MUST(repository_put_blob(repository, buffer_slice(&bytes), &blob, err));
	test_registry_fault(registry, &cut);
	MUST(repository_read_blob(repository, &blob, 100000, &got, err));
	assert_true(slice_equal(buffer_slice(&bytes), buffer_slice(&got)));
	assert_int_equal(test_registry_count(registry, "GET", "If-Range: \"sha256:"), 1);
}

/* Neither fills the memory or the disk, nor is waited for. */
static void endless_bodies_are_cut(void **state)
{
	(void)state;
	static const struct test_registry_options server = {.auth = TEST_AUTH_BEARER};
	static const struct {
		struct test_fault fault;
		const char *message;
	} table[] = {
		{{.path = "/manifests/", .kind = TEST_ENDLESS, .times = -1},
			"larger than the allowed"},
		{{.path = "/token", .kind = TEST_ENDLESS, .times = -1},
			"larger than the allowed"},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		cleanup_registry struct test_registry *registry =
			test_registry_start(&server);
		cleanup_repository struct repository *repository =
			open_registry(registry);
		struct descriptor found;
		bool is_found;

		if (i == 0)
			(void)put_image(repository, "amd64", "v1");
		test_registry_fault(registry, &table[i].fault);
		MUST_FAIL(repository_resolve(repository, "v1", &found, &is_found, err),
			ERR_INPUT, table[i].message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uploads_are_resumed),
		cmocka_unit_test(upload_gives_up),
		cmocka_unit_test(present_blobs_are_not_sent),
		cmocka_unit_test(blobs_are_mounted),
		cmocka_unit_test(refused_mount_goes_on),
		cmocka_unit_test(downloads_are_resumed),
		cmocka_unit_test(blobs_go_in_parallel),
		cmocka_unit_test(threads_learn_of_credentials),
		cmocka_unit_test(progress_reaches_the_end),
		cmocka_unit_test(first_error_stops_all),
		cmocka_unit_test(order_of_writes),
		cmocka_unit_test(downloads_go_on_with_if_range),
		cmocka_unit_test(endless_bodies_are_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
