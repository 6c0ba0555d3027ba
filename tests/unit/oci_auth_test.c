/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets credentials, and which: the client against the test registry. */
#include "tests/unit/oci_registry.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
		cmocka_unit_test(plain_http_needs_permission),
		cmocka_unit_test(password_grant),
		cmocka_unit_test(tokens_are_shared),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
