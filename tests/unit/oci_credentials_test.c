/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "oci/credentials.h"
#include "tests/unit/oci_cases.h"
#include "tests/unit/oci_fixture.h"

/* base64 of "me:a", "me:b", "me:c:d" */
#define A "\"auth\":\"bWU6YQ==\""
#define B "\"auth\":\"bWU6Yg==\""
#define C "\"auth\":\"bWU6YzpkAAA=\""

static void files(void **state)
{
	(void)state;
	static const struct {
		const char *json, *registry, *repository;
		const char *password; /* NULL: not found */
	} table[] = {
		{"{\"auths\":{\"r.example\":{" A "}}}", "r.example", "x", "a"},
		{"{\"auths\":{\"https://r.example/v2/\":{" A "}}}", "r.example", "x",
			"a"},
		{"{\"auths\":{\"r.example:5000\":{" A "}}}", "r.example:5000", "x", "a"},
		{"{\"auths\":{\"r.example:5000\":{" A "}}}", "r.example", "x", NULL},
		{"{\"auths\":{\"r.example\":{" A "}}}", "r.example:5000", "x", NULL},
		/* never by a part of the host */
		{"{\"auths\":{\"r.example\":{" A "}}}", "r.example.evil.example", "x",
			NULL},
		{"{\"auths\":{\"r.example\":{" A "}}}", "xr.example", "x", NULL},
		{"{\"auths\":{\"example\":{" A "}}}", "r.example", "x", NULL},
		/* the most specific key */
		{"{\"auths\":{\"r.example\":{" A "},\"r.example/team\":{" B "}}}",
			"r.example", "team/x", "b"},
		{"{\"auths\":{\"r.example\":{" A "},\"r.example/team\":{" B "}}}",
			"r.example", "teams/x", "a"},
		{"{\"auths\":{\"r.example/team/x\":{" A "},\"r.example/team\":{" B "}}}",
			"r.example", "team/x", "a"},
		{"{\"auths\":{\"r.example/team\":{" B "}}}", "r.example", "other", NULL},
		/* a colon and padding in the password */
		{"{\"auths\":{\"r.example\":{" C "}}}", "r.example", "x", "c:d"},
		/* Docker Hub by its old name */
		{"{\"auths\":{\"https://index.docker.io/v1/\":{" A "}}}", "docker.io",
			"library/x", "a"},
		{"{\"auths\":{\"docker.io\":{" A "}}}", "docker.io", "library/x", "a"},
		{"{\"auths\":{\"registry-1.docker.io\":{" A "}}}", "docker.io", "x/y",
			"a"},
		{"{\"auths\":{\"https://index.docker.io/v1/\":{" A "}}}", "r.example",
			"x", NULL},
		{"{\"auths\":{\"r.example\":{}}}", "r.example", "x", NULL},
		{"{\"auths\":{}}", "r.example", "x", NULL},
		{"{}", "r.example", "x", NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		cleanup_credential struct credential credential = {0};
		bool found = false;

		MUST(credentials_in_file(slice_str(table[i].json), "auth.json",
			table[i].registry, table[i].repository, &credential, &found,
			err));
		if (found != (table[i].password != NULL))
			fail_msg("case %zu", i);
		if (found) {
			assert_string_equal(credential.user, "me");
			assert_string_equal(credential.password, table[i].password);
		}
	}
}

static void malformed_files(void **state)
{
	(void)state;
	static const struct {
		const char *json, *message;
	} table[] = {
		{"", "not acceptable JSON"},
		{"[]", "not an object"},
		{"{\"auths\":[]}", "auths"},
		{"{\"auths\":{\"r.example\":1}}", "not an object"},
		{"{\"auths\":{\"r.example\":{\"auth\":1}}}", "auth"},
		{"{\"auths\":{\"r.example\":{\"auth\":\"!\"}}}", "auth"},
		{"{\"auths\":{\"r.example\":{\"auth\":\"bWU=\"}}}", "not USER:PASSWORD"},
		{"{\"credHelpers\":{\"r.example\":1}}", "not a text"},
		{"{\"credHelpers\":{\"r.example\":\"../../bin/x\"}}",
			"not the name of a credential helper"},
		{"{\"credsStore\":\"a b\"}", "not the name of a credential helper"},
		{"{\"credsStore\":\"Osx\"}", "not the name of a credential helper"},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct credential credential = {0};
		bool found = false;

		MUST_FAIL(credentials_in_file(slice_str(table[i].json), "auth.json",
				  "r.example", "x", &credential, &found, err),
			ERR_INPUT, table[i].message);
	}
}

static int parse(struct slice bytes, struct error *err)
{
	cleanup_credential struct credential credential = {0};
	bool found;

	return credentials_in_file(
		bytes, "auth.json", "r.example:5000", "team/a", &credential, &found, err);
}

static void cases(void **state)
{
	(void)state;
	cases_run("credentials", parse, parse);
}

static void write_helper(const struct fixture *fixture, const char *script)
{
	char path[200];

	(void)snprintf(path, sizeof(path), "%s/docker-credential-test", fixture->path);
	MUST(fs_write_file(AT_FDCWD, path, slice_str(script), 0755, err));
	assert_int_equal(chmod(path, 0755), 0);
}

static void helpers(void **state)
{
	(void)state;
	static const struct {
		const char *script, *registry;
		int result;
		const char
			*expected; /* password, "<token>…" or message; NULL: not found */
	} table[] = {
		{"#!/bin/sh\n[ \"$1 $(cat)\" = 'get r.example' ] || exit 9\n"
		 "echo '{\"ServerURL\":\"x\",\"Username\":\"me\",\"Secret\":\"a:b\"}'\n",
			"r.example", 0, "a:b"},
		{"#!/bin/sh\n[ \"$(cat)\" = https://index.docker.io/v1/ ] || exit 9\n"
		 "echo '{\"Username\":\"me\",\"Secret\":\"hub\"}'\n",
			"docker.io", 0, "hub"},
		{"#!/bin/sh\necho '{\"Username\":\"<token>\",\"Secret\":\"idt\"}'\n",
			"r.example", 0, "<token>idt"},
		{"#!/bin/sh\necho 'credentials not found in native keychain'; exit 1\n",
			"r.example", 0, NULL},
		{"#!/bin/sh\necho 'keychain is locked' >&2; exit 1\n", "r.example",
			ERR_SYSTEM, "failed with status 1: keychain is locked"},
		{"#!/bin/sh\necho 'not now'; exit 1\n", "r.example", ERR_SYSTEM,
			"failed with status 1: not now"},
		/* what it prints in the wrong moment may be what it keeps */
		{"#!/bin/sh\necho '{\"Username\":\"me\",\"Secret\":\"a:b\"}'; exit 1\n",
			"r.example", ERR_SYSTEM, "failed with status 1: "},
		{"#!/bin/sh\necho '{}'\n", "r.example", ERR_INPUT, "Username"},
		{"#!/bin/sh\nhead -c 100000 /dev/zero\n", "r.example", ERR_INPUT,
			"docker-credential-test"},
	};
	cleanup_fixture struct fixture fixture;
	cleanup_mem char *before = strdup(getenv("PATH"));
	char path[4096];

	fixture_begin(&fixture);
	(void)snprintf(path, sizeof(path), "%s:%s", fixture.path, before);
	assert_int_equal(setenv("PATH", path, 1), 0);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		cleanup_credential struct credential credential = {0};
		struct error problem = ERROR_INIT;
		bool found = false;
		int result;

		write_helper(&fixture, table[i].script);
		result = credentials_in_file(SLICE("{\"credsStore\":\"test\"}"),
			"auth.json", table[i].registry, "x", &credential, &found,
			&problem);
		if (result != table[i].result)
			fail_msg("case %zu: %d %s", i, result, problem.text);
		if (result < 0) {
			if (!strstr(problem.text, table[i].expected) ||
				strstr(problem.text, "a:b"))
				fail_msg("case %zu: %s", i, problem.text);
		} else if (!table[i].expected) {
			assert_false(found);
		} else if (table[i].expected[0] == '<') {
			assert_string_equal(credential.identity_token,
				table[i].expected + strlen("<token>"));
			assert_null(credential.user);
		} else {
			assert_string_equal(credential.password, table[i].expected);
		}
	}
	assert_int_equal(setenv("PATH", before, 1), 0);
	struct credential credential = {0};
	bool found;
	MUST_FAIL(credentials_in_file(
			  SLICE("{\"credHelpers\":{\"r.example\":\"absent-x\"}}"),
			  "auth.json", "r.example", "x", &credential, &found, err),
		ERR_SYSTEM, "docker-credential-absent-x");
}

/* credHelpers before auths before credsStore. */
static void order_in_a_file(void **state)
{
	(void)state;
	static const struct {
		const char *json, *password;
	} table[] = {
		{"{\"credHelpers\":{\"r.example\":\"test\"},\"auths\":{\"r.example\":{" A
		 "}}}",
			"helped"},
		{"{\"credsStore\":\"test\",\"auths\":{\"r.example\":{" A "}}}", "a"},
		{"{\"credsStore\":\"test\",\"auths\":{\"r.example\":{}}}", "helped"},
		{"{\"credHelpers\":{\"other.example\":\"test\"},\"auths\":{\"r.example\":"
		 "{" A "}}}",
			"a"},
	};
	cleanup_fixture struct fixture fixture;
	cleanup_mem char *before = strdup(getenv("PATH"));
	char path[4096];

	fixture_begin(&fixture);
	(void)snprintf(path, sizeof(path), "%s:%s", fixture.path, before);
	assert_int_equal(setenv("PATH", path, 1), 0);
	write_helper(&fixture,
		"#!/bin/sh\necho '{\"Username\":\"me\",\"Secret\":\"helped\"}'\n");
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		cleanup_credential struct credential credential = {0};
		bool found = false;

		MUST(credentials_in_file(slice_str(table[i].json), "auth.json",
			"r.example", "x", &credential, &found, err));
		assert_true(found);
		assert_string_equal(credential.password, table[i].password);
	}
	assert_int_equal(setenv("PATH", before, 1), 0);
}

static void clear_environment(void)
{
	static const char *const names[] = {"REGISTRY_AUTH_FILE", "DOCKER_CONFIG",
		"XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "HOME"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(unsetenv(names[i]), 0);
}

static void order_of_files(void **state)
{
	(void)state;
	static const struct {
		const char *variable, *folder, *file;
	} places[] = {
		/* from the last to the first */
		{"HOME", "/home", "/home/.docker/config.json"},
		{"XDG_CONFIG_HOME", "/config", "/config/containers/auth.json"},
		{"XDG_RUNTIME_DIR", "/run", "/run/containers/auth.json"},
		{"DOCKER_CONFIG", "/docker", "/docker/config.json"},
		{"REGISTRY_AUTH_FILE", "/file.json", "/file.json"},
	};
	cleanup_fixture struct fixture fixture;

	fixture_begin(&fixture);
	clear_environment();
	struct credential none = {0};
	bool found = true;
	MUST(credentials_find("r.example", "x", &none, &found, err));
	assert_false(found);
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		cleanup_credential struct credential credential = {0};
		cleanup_fd int fd = -1;
		char path[300], text[200];

		(void)snprintf(path, sizeof(path), "%s%s", fixture.path, places[i].file);
		*strrchr(path, '/') = '\0';
		MUST(fs_make_dirs(AT_FDCWD, path, 0755, &fd, err));
		(void)snprintf(path, sizeof(path), "%s%s", fixture.path, places[i].file);
		(void)snprintf(text, sizeof(text),
			"{\"auths\":{\"r.example\":{\"identitytoken\":\"%s\"}}}",
			places[i].variable);
		MUST(fs_write_file(AT_FDCWD, path, slice_str(text), 0600, err));
		(void)snprintf(
			path, sizeof(path), "%s%s", fixture.path, places[i].folder);
		assert_int_equal(setenv(places[i].variable, path, 1), 0);
		MUST(credentials_find("r.example", "x", &credential, &found, err));
		assert_true(found);
		assert_string_equal(credential.identity_token, places[i].variable);
	}
	clear_environment();
}

/* Kubernetes mounts secrets as symbolic links. */
static void linked_file(void **state)
{
	(void)state;
	cleanup_fixture struct fixture fixture;
	cleanup_credential struct credential credential = {0};
	char path[300];
	bool found = false;

	fixture_begin(&fixture);
	clear_environment();
	(void)snprintf(path, sizeof(path), "%s/real.json", fixture.path);
	MUST(fs_write_file(
		AT_FDCWD, path, SLICE("{\"auths\":{\"r.example\":{" A "}}}"), 0600, err));
	(void)snprintf(path, sizeof(path), "%s/config.json", fixture.path);
	assert_int_equal(symlink("real.json", path), 0);
	assert_int_equal(setenv("DOCKER_CONFIG", fixture.path, 1), 0);
	MUST(credentials_find("r.example", "x", &credential, &found, err));
	assert_true(found);
	clear_environment();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cases),
		cmocka_unit_test(files),
		cmocka_unit_test(malformed_files),
		cmocka_unit_test(helpers),
		cmocka_unit_test(order_in_a_file),
		cmocka_unit_test(order_of_files),
		cmocka_unit_test(linked_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
