/* SPDX-License-Identifier: Apache-2.0 */
/* The client against the test registry: what servers do, and what hostile ones do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
/* unit tests link only their layer: the registry is compiled into this one */
#include "oci/rate.h"
#include "oci/registry_private.h"
#include "tests/registry/registry.c"
#include "tests/unit/oci_fixture.h"

static void end_registry(struct test_registry **registry)
{
	test_registry_stop(registry);
}
#define cleanup_registry CLEANUP(end_registry)

static int try_open(const struct test_registry *registry, const char *name,
	const struct repository_options *options, struct repository **ret_repository,
	struct error *err)
{
	struct repository_options quick = *options;
	char text[200];

	quick.retry_delay_ms = 1;
	(void)snprintf(text, sizeof(text), "%s/%s", test_registry_host(registry), name);
	return open_text(text, &quick, ret_repository, err);
}

static const struct repository_options anonymous = {.writable = true, .anonymous = true};

static struct repository *open_registry(const struct test_registry *registry)
{
	struct repository *repository = NULL;

	MUST(try_open(registry, "team/base", &anonymous, &repository, err));
	return repository;
}

/* ---- all the ways of serving ---- */

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

/* ---- uploads ---- */

/* Bytes that differ everywhere, so that a wrong offset shows. */
static struct descriptor make_blob(struct buffer *out, size_t size)
{
	struct descriptor blob = {.media_type = OCI_LAYER, .size = size};

	for (size_t i = 0; i < size; i++)
		MUST(buffer_add_byte(out, (char)(i * i / 251 + i), err));
	MUST(digest_of(DIGEST_SHA256, buffer_slice(out), &blob.digest, err));
	return blob;
}

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

/* ---- downloads ---- */

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
	MUST(repository_tags(repository, arena, &tags, &count, err));
	assert_int_equal(count, 0);
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

/* ---- lies ---- */

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

/* ---- credentials ---- */

static const struct repository_options with_secret = {
	.writable = true, .user = "me", .password = "secret"};
#define SECRET_BASIC "Basic bWU6c2VjcmV0"

static void assert_no_authorization(struct test_registry *registry, bool was_asked)
{
	cleanup_buffer struct buffer log = BUFFER_INIT;
	struct slice rest, line;
	size_t count = 0;

	test_registry_log(registry, &log);
	rest = buffer_slice(&log);
	for (; slice_cut(&rest, '\n', &line); count++)
		if (!slice_ends_with(line, SLICE(" -")))
			fail_msg("sent to a foreign host: %.*s", SLICE_ARG(line));
	assert_int_equal(count != 0, was_asked);
}

/* CVE-2020-15157 and its kin: blobs at another host are fetched without authorization. */
static void redirects_do_not_carry_credentials(void **state)
{
	(void)state;
	static const enum test_auth kinds[] = {TEST_AUTH_BASIC, TEST_AUTH_BEARER};
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		static const struct test_registry_options elsewhere = {
			.address = "127.0.0.2"};
		cleanup_registry struct test_registry *foreign =
			test_registry_start(&elsewhere);
		cleanup_registry struct test_registry *registry = NULL;
		cleanup_repository struct repository *repository = NULL, *other = NULL;
		cleanup_buffer struct buffer out = BUFFER_INIT;
		struct test_registry_options server = {
			.auth = kinds[i], .user = "me", .password = "secret"};
		struct descriptor blob;
		char origin[100];

		(void)snprintf(
			origin, sizeof(origin), "http://%s", test_registry_host(foreign));
		server.blob_redirect = origin;
		registry = test_registry_start(&server);
		other = open_registry(foreign);
		(void)put_text(other, OCI_LAYER, "content");
		test_registry_clear_log(foreign);
		MUST(try_open(registry, "team/base", &with_secret, &repository, err));
		blob = put_text(repository, OCI_LAYER, "content");
		MUST(repository_read_blob(repository, &blob, 100, &out, err));
		assert_string_equal(buffer_str(&out), "content");
		assert_no_authorization(foreign, true);
	}
}

/* A 401 of the host that a redirect led to is not a reason to show credentials to
 * anybody. */
static void foreign_challenge_is_not_answered(void **state)
{
	(void)state;
	static const struct test_registry_options elsewhere = {.address = "127.0.0.2",
		.auth = TEST_AUTH_BASIC,
		.user = "me",
		.password = "secret"};
	cleanup_registry struct test_registry *foreign = test_registry_start(&elsewhere);
	cleanup_registry struct test_registry *registry = NULL;
	cleanup_repository struct repository *repository = NULL;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	struct test_registry_options server = {0};
	struct descriptor blob;
	char origin[100];

	(void)snprintf(origin, sizeof(origin), "http://%s", test_registry_host(foreign));
	server.blob_redirect = origin;
	registry = test_registry_start(&server);
	MUST(try_open(registry, "team/base", &with_secret, &repository, err));
	blob = put_text(repository, OCI_LAYER, "content");
	MUST_FAIL(repository_read_blob(repository, &blob, 100, &out, err), ERR_NETWORK,
		"401");
	assert_no_authorization(foreign, true);
	assert_no_authorization(registry, true);
}

/* GHSA-jxpm-75mh-9fp7: nor are uploads to a Location elsewhere. */
static void locations_do_not_get_credentials(void **state)
{
	(void)state;
	static const struct test_registry_options elsewhere = {.address = "127.0.0.2"};
	cleanup_registry struct test_registry *foreign = test_registry_start(&elsewhere);
	cleanup_registry struct test_registry *registry = NULL;
	cleanup_repository struct repository *repository = NULL;
	struct test_registry_options server = {
		.auth = TEST_AUTH_BEARER, .user = "me", .password = "secret"};
	struct descriptor blob = {.media_type = OCI_LAYER};
	char origin[100];

	(void)snprintf(origin, sizeof(origin), "http://%s", test_registry_host(foreign));
	server.upload_origin = origin;
	registry = test_registry_start(&server);
	MUST(try_open(registry, "team/base", &with_secret, &repository, err));
	/* the other one knows no such upload: that is all that can happen */
	MUST_FAIL(repository_put_blob(repository, SLICE("content"), &blob, err),
		ERR_NETWORK, "404");
	assert_no_authorization(foreign, true);
}

/* CVE-2026-48978: the realm is checked before anything is sent to it. */
static void realms_are_checked(void **state)
{
	(void)state;
	static const struct {
		const char *realm, *message;
	} table[] = {
		{"", "empty, too long or with odd characters"},
		{"ftp://x.example/", "neither https nor http"},
		{"http://me@127.0.0.1/", "not a plain host name"},
		{"http://127.0.0.1 /", "odd characters"},
		{"//x/", "neither https nor http"},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		const struct test_registry_options server = {
			.auth = TEST_AUTH_BEARER, .realm = table[i].realm};
		cleanup_registry struct test_registry *registry =
			test_registry_start(&server);
		cleanup_repository struct repository *repository = NULL;
		struct descriptor found;
		bool is_found;

		MUST(try_open(registry, "team/base", &with_secret, &repository, err));
		MUST_FAIL(repository_resolve(repository, "v1", &found, &is_found, err),
			ERR_INPUT, table[i].message);
		assert_no_authorization(registry, true);
	}
}

static void wrong_credentials_are_named(void **state)
{
	(void)state;
	static const struct {
		enum test_auth auth;
		const struct repository_options *client;
		const char *message;
	} table[] = {
		{TEST_AUTH_BASIC, &with_secret, "the credentials are not accepted"},
		{TEST_AUTH_BASIC, &anonymous, "credentials are needed"},
		{TEST_AUTH_BEARER, &with_secret, "token for these credentials"},
		{TEST_AUTH_BEARER, &anonymous, "token without credentials"},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		const struct test_registry_options server = {
			.auth = table[i].auth, .user = "somebody", .password = "else"};
		cleanup_registry struct test_registry *registry =
			test_registry_start(&server);
		cleanup_repository struct repository *repository = NULL;
		cleanup_buffer struct buffer log = BUFFER_INIT;
		struct error problem = ERROR_INIT;
		struct descriptor found;
		bool is_found;

		MUST(try_open(registry, "team/base", table[i].client, &repository, err));
		assert_int_equal(
			repository_resolve(repository, "v1", &found, &is_found, &problem),
			ERR_NETWORK);
		if (!strstr(problem.text, table[i].message))
			fail_msg("%s", problem.text);
		assert_non_null(strstr(problem.remedy, "log in"));
		assert_null(strstr(problem.text, "secret"));
		test_registry_log(registry, &log);
		/* no hammering with what was refused */
		assert_true(test_registry_count(registry, "GET", "") <= 3);
	}
}

/*
 * A server that repeats what it was sent, in whatever dress: form, JSON with and without
 * escapes, base64.
 */
static void credentials_are_not_shown(void **state)
{
	(void)state;
	static const struct {
		struct repository_options client;
		const char *message; /* in JSON */
		const char *shown;
	} table[] = {
		{{.user = "me", .password = "secret"}, "me:secret.", "me:******."},
		{{.user = "me", .password = "secret"}, "\\u0073ecret", "(******)"},
		{{.user = "me", .password = "secret"}, "bWU6c2VjcmV0", "(************)"},
		{{.user = "me", .password = "s\"c&et/x"}, "s\\\"c\\u0026et\\/x",
			"(********)"},
		{{.user = "me", .password = "s\"c&et/x"}, "p=s%22c%26et%2Fx&c=1",
			"(p=**************&c=1)"},
	};
	static const enum test_auth kinds[] = {TEST_AUTH_BASIC, TEST_AUTH_BEARER};
	for (size_t i = 0; i < 2 * ARRAY_LEN(table); i++) {
		const struct test_registry_options server = {.auth = kinds[i % 2],
			.user = table[i / 2].client.user,
			.password = table[i / 2].client.password};
		cleanup_registry struct test_registry *registry =
			test_registry_start(&server);
		cleanup_repository struct repository *repository = NULL;
		char body[200];
		struct test_fault fault = {.path = i % 2 ? "/token" : "/manifests/v1",
			.kind = TEST_STATUS,
			.status = 403,
			.times = 1,
			.skip = i % 2 ? 0 : 1,
			.body = body};
		struct error problem = ERROR_INIT;
		struct descriptor found;
		bool is_found;

		(void)snprintf(body, sizeof(body),
			"{\"errors\":[{\"code\":\"A\",\"message\":\"%s\"}]}",
			table[i / 2].message);
		MUST(try_open(
			registry, "team/base", &table[i / 2].client, &repository, err));
		test_registry_fault(registry, &fault);
		assert_int_equal(
			repository_resolve(repository, "v1", &found, &is_found, &problem),
			ERR_NETWORK);
		if (!strstr(problem.text, table[i / 2].shown))
			fail_msg("%zu: %s", i, problem.text);
	}
}

/* Basic credentials are not shown before they are asked for, nor where a token is asked
 * for. */
static void password_goes_to_the_token_server_only(void **state)
{
	(void)state;
	static const struct test_registry_options server = {
		.auth = TEST_AUTH_BEARER, .user = "me", .password = "secret"};
	cleanup_registry struct test_registry *registry = test_registry_start(&server);
	cleanup_repository struct repository *repository = NULL;
	cleanup_buffer struct buffer log = BUFFER_INIT;

	MUST(try_open(registry, "team/base", &with_secret, &repository, err));
	(void)put_image(repository, "amd64", "v1");
	assert_int_equal(test_registry_count(registry, "GET", SECRET_BASIC), 1);
	assert_int_equal(
		test_registry_count(registry, "GET", "/token?service=test&scope="), 1);
	assert_int_equal(test_registry_count(registry, "PUT", SECRET_BASIC), 0);
	assert_int_equal(test_registry_count(registry, "POST", SECRET_BASIC), 0);
}

static void expired_token_is_renewed(void **state)
{
	(void)state;
	static const struct test_registry_options server = {.auth = TEST_AUTH_BEARER};
	cleanup_registry struct test_registry *registry = test_registry_start(&server);
	cleanup_repository struct repository *repository = open_registry(registry);
	char line[300];
	struct test_fault expired = {.method = "PUT",
		.path = "/blobs/",
		.kind = TEST_STATUS,
		.status = 401,
		.header = line,
		.times = 1};

	(void)snprintf(line, sizeof(line),
		"WWW-Authenticate: Bearer realm=\"http://%s/token\",service=\"test\","
		"error=\"invalid_token\"",
		test_registry_host(registry));
	(void)put_text(repository, OCI_LAYER, "one");
	test_registry_fault(registry, &expired);
	(void)put_text(repository, OCI_LAYER, "two");
	assert_int_equal(test_registry_count(registry, "GET", "/token"), 2);
}

static void token_answers_are_checked(void **state)
{
	(void)state;
	static const struct {
		const char *body, *message;
	} table[] = {
		{"", "not a JSON object"},
		{"[]", "not a JSON object"},
		{"{}", "missing or with odd characters"},
		{"{\"token\":\"\"}", "missing or with odd characters"},
		{"{\"token\":\"a\\r\\nX-Evil: 1\"}", "missing or with odd characters"},
		{"{\"token\":1}", "token"},
		{"{\"token\":\"a\",\"token\":\"b\"}", "not a JSON object"},
		{"{\"token\":\"a\",\"expires_in\":-1}", "expires_in"},
	};
	static const struct test_registry_options server = {.auth = TEST_AUTH_BEARER};
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		cleanup_registry struct test_registry *registry =
			test_registry_start(&server);
		cleanup_repository struct repository *repository =
			open_registry(registry);
		struct test_fault fault = {.path = "/token",
			.kind = TEST_STATUS,
			.status = 200,
			.times = -1,
			.body = table[i].body};
		struct descriptor found;
		bool is_found;

		test_registry_fault(registry, &fault);
		MUST_FAIL(repository_resolve(repository, "v1", &found, &is_found, err),
			ERR_INPUT, table[i].message);
	}
}

/* The same as seen by a registry out there, which no test can be. */
static void remote_realms_are_checked(void **state)
{
	(void)state;
	static const struct {
		const char *origin, *realm, *message; /* NULL: accepted */
	} table[] = {
		{"https://r.example", "https://auth.example/token", NULL},
		{"https://r.example", "https://r.example/token", NULL},
		{"https://r.example", "http://auth.example/token", "which is not https"},
		{"https://r.example", "http://r.example/token", "which is not https"},
		{"https://r.example", "https://169.254.169.254/", "a local network"},
		{"https://r.example", "https://10.0.0.1/", "a local network"},
		{"https://r.example", "https://[fd00::1]/", "a local network"},
		{"https://r.example", "https://localhost/", "a local network"},
		{"https://r.example", "https://2130706433/", "a local network"},
		{"https://10.0.0.1", "https://10.0.0.2/", NULL},
		{"http://10.0.0.1", "http://10.0.0.1/", NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		static const struct repository_options options = {.anonymous = true};
		cleanup_arena struct arena *arena = NULL;
		cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
		struct registry registry = {
			.name = "r", .repository = "x", .options = &options};

		MUST(arena_new(&arena, err));
		registry.arena = arena;
		registry.origin = table[i].origin;
		MUST(url_parse(slice_str(registry.origin), &registry.url, err));
		response.status = 401;
		MUST(buffer_printf(&response.headers, err,
			"www-authenticate: Bearer realm=\"%s\"\n", table[i].realm));
		if (table[i].message) {
			MUST_FAIL(registry_answer_challenge(
					  &registry, &response, NULL, err),
				ERR_INPUT, table[i].message);
			assert_null(registry.realm);
		} else {
			MUST(registry_answer_challenge(&registry, &response, NULL, err));
			assert_string_equal(registry.realm, table[i].realm);
		}
	}
}

/* Where else a server may send us: a redirect to a private network is its own affair. */
static void addresses_are_checked(void **state)
{
	(void)state;
	static const struct {
		const char *origin, *address;
		bool refuse_local, fine;
	} table[] = {
		{"https://r.example", "https://cdn.example/x", false, true},
		{"https://r.example", "http://cdn.example/x", false, false},
		{"https://r.example", "https://10.0.0.1/x", false, true},
		{"https://r.example", "https://10.0.0.1/x", true, false},
		{"https://r.example", "https://127.0.0.1/x", false, false},
		{"http://127.0.0.1:5000", "http://127.0.0.1:5001/x", true, true},
		{"http://127.0.0.1:5000", "https://cdn.example/x", true, true},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct registry registry = {.origin = table[i].origin};
		struct error problem = ERROR_INIT;
		struct url url;

		MUST(url_parse(slice_str(registry.origin), &registry.url, err));
		MUST(url_parse(slice_str(table[i].address), &url, err));
		assert_int_equal(registry_check_address(&registry, &url,
					 table[i].refuse_local, &problem),
			table[i].fine ? 0 : ERR_INPUT);
	}
}

/* ---- several blobs at once ---- */

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

/* ---- limits ---- */

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

/* ---- OAuth2 ---- */

static void password_grant(void **state)
{
	(void)state;
	static const struct test_registry_options server = {.auth = TEST_AUTH_BEARER,
		.user = "me",
		.password = "s&cret +%",
		.post_only = true};
	static const struct repository_options right = {
		.writable = true, .user = "me", .password = "s&cret +%"};
	cleanup_registry struct test_registry *registry = test_registry_start(&server);
	cleanup_repository struct repository *repository = NULL, *wrong = NULL;
	struct descriptor found;
	bool is_found;

	MUST(try_open(registry, "team/base", &right, &repository, err));
	(void)put_image(repository, "amd64", "v1");
	assert_int_equal(test_registry_count(registry, "POST", "/token -"), 1);
	MUST(try_open(registry, "team/base", &with_secret, &wrong, err));
	MUST_FAIL(repository_resolve(wrong, "v1", &found, &is_found, err), ERR_NETWORK,
		"token for these credentials");
}

/* A token for both scopes of a mount does for each of them. */
static void tokens_are_shared(void **state)
{
	(void)state;
	static const struct test_registry_options server = {.auth = TEST_AUTH_BEARER};
	cleanup_registry struct test_registry *registry = test_registry_start(&server);
	cleanup_repository struct repository *from = NULL, *to = NULL;
	struct descriptor blob, image;
	bool done;

	MUST(try_open(registry, "team/one", &anonymous, &from, err));
	MUST(try_open(registry, "team/two", &anonymous, &to, err));
	blob = put_text(from, OCI_LAYER, "content");
	image = put_image(from, "amd64", "v1");
	test_registry_clear_log(registry);
	MUST(registry_mount_blob(to, from, &blob, &done, err));
	assert_true(done);
	copy_all(from, to, &image, "v1");
	/* the first, before anybody knew of scopes, and the one for both */
	assert_int_equal(test_registry_count(registry, "GET", "/token"), 1);
}

/* ---- credential files ---- */

static void from_file(const char *key_tail, const char *entry,
	const struct test_registry_options *server)
{
	cleanup_registry struct test_registry *registry = test_registry_start(server);
	cleanup_repository struct repository *repository = NULL;
	cleanup_fixture struct fixture fixture;
	static const struct repository_options options = {.writable = true};
	char path[200], text[1000];

	fixture_begin(&fixture);
	(void)snprintf(path, sizeof(path), "%s/auth.json", fixture.path);
	(void)snprintf(text, sizeof(text), "{\"auths\":{\"%s%s\":{%s}}}",
		test_registry_host(registry), key_tail, entry);
	MUST(fs_write_file(AT_FDCWD, path, slice_str(text), 0600, err));
	assert_int_equal(setenv("REGISTRY_AUTH_FILE", path, 1), 0);
	MUST(try_open(registry, "team/base", &options, &repository, err));
	(void)put_image(repository, "amd64", "v1");
	assert_int_equal(unsetenv("REGISTRY_AUTH_FILE"), 0);
}

static void credential_files_are_used(void **state)
{
	(void)state;
	static const struct test_registry_options basic = {
		.auth = TEST_AUTH_BASIC, .user = "me", .password = "secret"};
	static const struct test_registry_options oauth = {
		.auth = TEST_AUTH_BEARER, .identity_token = "idt+/="};
	static const struct test_registry_options direct = {
		.auth = TEST_AUTH_BEARER, .realm = "http://127.0.0.1:1/token"};

	from_file("", "\"auth\":\"bWU6c2VjcmV0\"", &basic);
	from_file("/team", "\"auth\":\"bWU6c2VjcmV0\"", &basic);
	from_file("", "\"identitytoken\":\"idt+/=\"", &oauth);
	from_file("", "\"registrytoken\":\"the-token\"", &direct);
}

/* ---- referrers ---- */

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
	char tag[200], hex[DIGEST_TEXT_MAX];

	(void)put_referrer(repository, &image, "new");
	/* refers to something else by its bytes, so only the index says so */
	struct descriptor other = put_image(repository, "arm64", "v2");
	old = put_referrer(repository, &other, "old");
	old.artifact_type = NULL; /* as cosign 3 writes it: completed from the manifest */
	(void)snprintf(
		tag, sizeof(tag), "sha256-%s", digest_format_hex(&image.digest, hex));
	MUST(manifest_write(&index, &bytes, err));
	test_registry_store_manifest(
		registry, "team/base", tag, OCI_INDEX, buffer_slice(&bytes));
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
	char tag[200], hex[DIGEST_TEXT_MAX];

	entries[0] = put_referrer(repository, &image, "one");
	entries[0].artifact_type = OCI_EMPTY;
	entries[1] = entries[0];
	entries[1].digest.bytes[0] ^= 1;
	(void)snprintf(
		tag, sizeof(tag), "sha256-%s", digest_format_hex(&image.digest, hex));
	MUST(manifest_write(&index, &bytes, err));
	test_registry_store_manifest(
		registry, "team/base", tag, OCI_INDEX, buffer_slice(&bytes));
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

/* ---- nobody's change is lost ---- */

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
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	char tag[200], hex[DIGEST_TEXT_MAX];

	other = put_image(repository, "arm64", "v2");
	theirs = put_referrer(repository, &other, "theirs");
	MUST(repository_commit(repository, err));
	(void)put_referrer(repository, &image, "ours");
	(void)snprintf(
		tag, sizeof(tag), "sha256-%s", digest_format_hex(&image.digest, hex));
	MUST(manifest_write(&index, &bytes, err));
	test_registry_store_manifest(
		registry, "team/base", tag, OCI_INDEX, buffer_slice(&bytes));
	assert_int_equal(count_referrers(repository, &image.digest), 1);
	MUST(repository_commit(repository, err));
	assert_int_equal(count_referrers(repository, &image.digest), 2);
	/* and is looked at only once if nothing is missing */
	test_registry_clear_log(registry);
	MUST(repository_commit(repository, err));
	assert_int_equal(test_registry_count(registry, "GET", ""), 0);
}

/* ---- tags ---- */

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

/* Only to this machine, or where the person says so (RFC 6761: .invalid never resolves).
 */
static void plain_http_needs_permission(void **state)
{
	(void)state;
	static const struct {
		const char *place, *url;
		bool plain_http;
	} table[] = {
		{"127.0.0.1:1/a", "http://127.0.0.1:1/", false},
		{"localhost:1/a", "http://localhost:1/", false},
		{"registry.invalid:1/a", "https://registry.invalid:1/", false},
		{"registry.invalid:1/a", "http://registry.invalid:1/", true},
		{"127.0.0.1.invalid:1/a", "https://127.0.0.1.invalid:1/", false},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct repository_options options = {.anonymous = true,
			.plain_http = table[i].plain_http,
			.retry_delay_ms = 1};
		cleanup_repository struct repository *repository = NULL;
		struct descriptor found;
		bool is_found;

		MUST(open_text(table[i].place, &options, &repository, err));
		MUST_FAIL(repository_resolve(repository, "v1", &found, &is_found, err),
			ERR_NETWORK, table[i].url);
	}
}

/* Who is not there now will not be there in a second: no waiting. */
static void refused_connection_is_final(void **state)
{
	(void)state;
	static const struct repository_options options = {
		.anonymous = true, .retry_delay_ms = 5000};
	cleanup_repository struct repository *repository = NULL;
	struct timespec before, after;
	struct descriptor found;
	bool is_found;

	MUST(open_text("127.0.0.1:1/a", &options, &repository, err));
	(void)clock_gettime(CLOCK_MONOTONIC, &before);
	MUST_FAIL(repository_resolve(repository, "v1", &found, &is_found, err),
		ERR_NETWORK, "127.0.0.1:1");
	(void)clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true(after.tv_sec - before.tv_sec < 4);
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
		cmocka_unit_test(uploads_are_resumed),
		cmocka_unit_test(upload_gives_up),
		cmocka_unit_test(present_blobs_are_not_sent),
		cmocka_unit_test(blobs_are_mounted),
		cmocka_unit_test(refused_mount_goes_on),
		cmocka_unit_test(downloads_are_resumed),
		cmocka_unit_test(retry_after_is_honoured),
		cmocka_unit_test(long_waits_are_told),
		cmocka_unit_test(long_waits_end_updates),
		cmocka_unit_test(absent_is_not_an_error),
		cmocka_unit_test(lies_about_manifests_are_found),
		cmocka_unit_test(served_digest_header_counts_for_nothing),
		cmocka_unit_test(lies_about_blobs_are_found),
		cmocka_unit_test(manifest_size_is_limited),
		cmocka_unit_test(redirects_do_not_carry_credentials),
		cmocka_unit_test(foreign_challenge_is_not_answered),
		cmocka_unit_test(locations_do_not_get_credentials),
		cmocka_unit_test(realms_are_checked),
		cmocka_unit_test(wrong_credentials_are_named),
		cmocka_unit_test(credentials_are_not_shown),
		cmocka_unit_test(password_goes_to_the_token_server_only),
		cmocka_unit_test(expired_token_is_renewed),
		cmocka_unit_test(token_answers_are_checked),
		cmocka_unit_test(remote_realms_are_checked),
		cmocka_unit_test(addresses_are_checked),
		cmocka_unit_test(credential_files_are_used),
		cmocka_unit_test(api_and_fallback_are_merged),
		cmocka_unit_test(poor_fallback_entries_are_completed),
		cmocka_unit_test(fallback_tag_with_something_else),
		cmocka_unit_test(too_many_referrers),
		cmocka_unit_test(strange_referrers_answers),
		cmocka_unit_test(concurrent_writers),
		cmocka_unit_test(tags_are_paged),
		cmocka_unit_test(pages_elsewhere_are_refused),
		cmocka_unit_test(plain_http_needs_permission),
		cmocka_unit_test(refused_connection_is_final),
		cmocka_unit_test(few_requests),
		cmocka_unit_test(blobs_go_in_parallel),
		cmocka_unit_test(threads_learn_of_credentials),
		cmocka_unit_test(progress_reaches_the_end),
		cmocka_unit_test(first_error_stops_all),
		cmocka_unit_test(order_of_writes),
		cmocka_unit_test(downloads_go_on_with_if_range),
		cmocka_unit_test(endless_bodies_are_cut),
		cmocka_unit_test(limits_are_told),
		cmocka_unit_test(rates_are_read),
		cmocka_unit_test(password_grant),
		cmocka_unit_test(tokens_are_shared),
		cmocka_unit_test(what_was_overwritten_comes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
