/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <jansson.h>

#include "base/json.h"
#include "base/limits.h"

static json_t *load(const char *text)
{
	struct error err = ERROR_INIT;
	json_t *json = NULL;
	int result = json_load_slice(slice_str(text), "t.json", &json, &err);
	if (result < 0)
		print_error("%s: %s\n", text, err.text);
	assert_int_equal(result, 0);
	return json;
}

static void refused_with_position(void **state)
{
	(void)state;
	static const struct {
		struct slice text;
		const char *message;
		unsigned line;
	} cases[] = {
		{{"", 0}, "end of file", 1},
		{SLICE("{\n\"a\": 1,\n\"a\": 2}"), "duplicate", 3},
		{SLICE("{} {}"), "end of file expected", 1},
		{SLICE("{}\0"), "end of file expected", 1},
		{SLICE("\"a\\u0000b\""), "\\u0000", 1},
		{SLICE("\"a\0b\""), "control character", 1},
		{SLICE("\"\xff\""), "unable to decode byte 0xff", 1},
		{SLICE("\"\\ud800\""), "Unicode", 1},
		{SLICE("99999999999999999999"), "too big", 1},
		{SLICE("1e999"), "overflow", 1},
		{SLICE("NaN"), "invalid token", 1},
		{SLICE("[1,]"), "unexpected token", 1},
		{SLICE("\xef\xbb\xbf{}"), "invalid token", 1},
		{SLICE("{\"a\":1} // x"), "end of file expected", 1},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct error err = ERROR_INIT;
		json_t *json = NULL;
		int result = json_load_slice(cases[i].text, "t.json", &json, &err);
		if (result != ERR_INPUT)
			fail_msg("case %zu was accepted", i);
		assert_null(json);
		if (!strstr(err.text, cases[i].message))
			fail_msg("'%s' instead of '%s'", err.text, cases[i].message);
		assert_string_equal(err.where, "t.json");
		assert_int_equal(err.line, cases[i].line);
	}
}

static int load_nested(size_t depth, const char *before, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	cleanup_json json_t *json = NULL;
	assert_int_equal(buffer_add_str(&text, before, err), 0);
	for (size_t i = 0; i < depth; i++)
		assert_int_equal(buffer_add_byte(&text, '[', err), 0);
	for (size_t i = 0; i < depth; i++)
		assert_int_equal(buffer_add_byte(&text, ']', err), 0);
	if (*before)
		assert_int_equal(buffer_add_byte(&text, ']', err), 0);
	return json_load_slice(buffer_slice(&text), "t", &json, err);
}

static void depth_is_limited(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	assert_int_equal(load_nested(LIMIT_JSON_DEPTH, "", &err), 0);
	/* brackets in strings do not count, escaped quotes do not end them */
	assert_int_equal(
		load_nested(LIMIT_JSON_DEPTH - 1, "[\"[[[\\\"[[\\\\\",", &err), 0);
	assert_int_equal(load_nested(LIMIT_JSON_DEPTH + 1, "", &err), ERR_INPUT);
	assert_non_null(strstr(err.text, "deeper"));
	error_clear(&err);
	assert_int_equal(load_nested(LIMIT_JSON_DEPTH, "[\"\\\"\",", &err), ERR_INPUT);
	assert_non_null(strstr(err.text, "deeper"));
}

static void size_is_limited(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	json_t *json = NULL;
	cleanup_mem char *text = malloc(LIMIT_JSON_BYTES + 1);
	assert_non_null(text);
	memset(text, ' ', LIMIT_JSON_BYTES + 1);
	text[0] = '1';
	assert_int_equal(
		json_load_slice(slice_from(text, LIMIT_JSON_BYTES + 1), "t", &json, &err),
		ERR_INPUT);
	assert_non_null(strstr(err.text, "at most"));
}

static void dump_is_canonical(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_json json_t *json =
		load("{ \"b\": [1, 2.5, null], \"a\": {\"\xc3\xa9\": true} }");
	cleanup_buffer struct buffer out = BUFFER_INIT;
	assert_int_equal(json_dump(json, JSON_STYLE_COMPACT, &out, &err), 0);
	assert_string_equal(
		buffer_str(&out), "{\"a\":{\"\xc3\xa9\":true},\"b\":[1,2.5,null]}");
	buffer_clear(&out);
	assert_int_equal(json_dump(json, JSON_STYLE_PRETTY, &out, &err), 0);
	assert_string_equal(buffer_str(&out), "{\n  \"a\": {\n    \"\xc3\xa9\": true\n  "
					      "},\n  \"b\": [\n    1,\n    2.5,\n"
					      "    null\n  ]\n}\n");
}

static void dump_keeps_to_the_buffers_limit(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_json json_t *json = load("[1,2,3,4,5,6,7,8,9]");
	cleanup_buffer struct buffer out = {.max = 5};
	assert_int_equal(json_dump(json, JSON_STYLE_COMPACT, &out, &err), ERR_INPUT);
}

/* Wherever it is cut: in a key, too, where jansson does not notice. */
static void dump_never_leaves_anything_out(void **state)
{
	(void)state;
	const char *text = "{\"a long key and a short value\":1}";
	cleanup_json json_t *json = load(text);
	for (size_t max = 1; max <= strlen(text) + 8; max++) {
		struct error err = ERROR_INIT;
		cleanup_buffer struct buffer out = {.max = max};
		if (json_dump(json, JSON_STYLE_COMPACT, &out, &err) == 0)
			assert_string_equal(buffer_str(&out), text);
		else
			assert_true(max <= strlen(text));
	}
}

static void members_are_there(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_json json_t *json =
		load("{\"s\":\"x\",\"n\":42,\"o\":{},\"a\":[1,2],\"f\":false,"
		     "\"t\":true,\"z\":null}");
	const char *text = NULL;
	uint64_t number = 0;
	json_t *member = NULL;
	bool flag = true;
	assert_int_equal(json_get_string(json, "s", "w", &text, &err), 0);
	assert_string_equal(text, "x");
	assert_int_equal(json_get_u64(json, "n", "w", &number, &err), 0);
	assert_int_equal(number, 42);
	assert_int_equal(json_get_object(json, "o", "w", &member, &err), 0);
	assert_true(json_is_object(member));
	assert_int_equal(json_get_array(json, "a", "w", 2, &member, &err), 0);
	assert_int_equal(json_array_size(member), 2);
	assert_int_equal(json_opt_bool(json, "f", "w", &flag, &err), 0);
	assert_false(flag);
	assert_int_equal(json_opt_bool(json, "t", "w", &flag, &err), 0);
	assert_true(flag);
}

static void absent_members_leave_the_result(void **state)
{
	(void)state;
	static const char *const keys[] = {"absent", "z"};
	struct error err = ERROR_INIT;
	cleanup_json json_t *json = load("{\"z\":null}");
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const char *text = "before";
		uint64_t number = 7;
		json_t *member = json;
		bool flag = true;
		assert_int_equal(json_opt_string(json, keys[i], "w", &text, &err), 0);
		assert_int_equal(json_opt_u64(json, keys[i], "w", &number, &err), 0);
		assert_int_equal(json_opt_object(json, keys[i], "w", &member, &err), 0);
		assert_int_equal(json_opt_array(json, keys[i], "w", 1, &member, &err), 0);
		assert_int_equal(json_opt_bool(json, keys[i], "w", &flag, &err), 0);
		assert_string_equal(text, "before");
		assert_int_equal(number, 7);
		assert_ptr_equal(member, json);
		assert_true(flag);
	}
}

static void expect_error(int result, struct error *err, const char *text)
{
	assert_int_equal(result, ERR_INPUT);
	assert_string_equal(err->text, text);
	error_clear(err);
}

static void wrong_members_are_named(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_json json_t *json =
		load("{\"s\":\"x\",\"n\":-1,\"r\":1.0,\"a\":[1,2],\"z\":null}");
	const char *text = NULL;
	uint64_t number = 0;
	json_t *member = NULL;
	bool flag = false;
	expect_error(json_get_string(json, "q", "layers[3]", &text, &err), &err,
		"layers[3]: 'q' is missing");
	expect_error(json_get_string(json, "n", "w", &text, &err), &err,
		"w: 'n' must be a string, but is an integer");
	expect_error(json_get_string(json, "z", "w", &text, &err), &err,
		"w: 'z' must be a string, but is null");
	expect_error(json_opt_string(json, "a", "w", &text, &err), &err,
		"w: 'a' must be a string, but is an array");
	expect_error(json_get_u64(json, "n", "w", &number, &err), &err,
		"w: 'n' must not be negative");
	expect_error(json_opt_u64(json, "r", "w", &number, &err), &err,
		"w: 'r' must be an integer, but is a number with a fraction");
	expect_error(json_get_array(json, "a", "w", 1, &member, &err), &err,
		"w: 'a' has 2 items, at most 1 are allowed");
	expect_error(json_opt_bool(json, "s", "w", &flag, &err), &err,
		"w: 's' must be a boolean, but is a string");
	expect_error(json_get_object(json_object_get(json, "a"), "x", "w", &member, &err),
		&err, "w must be an object, but is an array");
	assert_null(text);
	assert_null(member);
}

static void unknown_keys_are_named(void **state)
{
	(void)state;
	static const char *const known[] = {"digest", "size", "mediaType", NULL};
	struct error err = ERROR_INIT;
	cleanup_json json_t *json = load("{\"size\":1,\"mediatype\":2}");
	expect_error(json_only_keys(json, known, "config", &err), &err,
		"config: unknown key 'mediatype' (did you mean 'mediaType'?)");
	assert_int_equal(json_object_del(json, "mediatype"), 0);
	assert_int_equal(json_only_keys(json, known, "config", &err), 0);
}

static void building_is_checked(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_json json_t *object = json_object();
	assert_int_equal(json_set(object, "a", json_array(), &err), 0);
	assert_int_equal(
		json_push(json_object_get(object, "a"), json_integer(1), &err), 0);
	cleanup_buffer struct buffer out = BUFFER_INIT;
	assert_int_equal(json_dump(object, JSON_STYLE_COMPACT, &out, &err), 0);
	assert_string_equal(buffer_str(&out), "{\"a\":[1]}");
	errno = 0;
	assert_int_equal(json_set(object, "b", json_string("\xff"), &err), ERR_INPUT);
	error_clear(&err);
	assert_int_equal(json_set(object, "\xff", json_integer(1), &err), ERR_INPUT);
	error_clear(&err);
	assert_int_equal(json_set(NULL, "b", json_integer(1), &err), ERR_MEMORY);
	error_clear(&err);
	assert_int_equal(json_push(NULL, json_integer(1), &err), ERR_MEMORY);
	error_clear(&err);
	errno = ENOMEM;
	assert_int_equal(json_set(object, "b", NULL, &err), ERR_MEMORY);
	assert_int_equal(json_object_size(object), 1);
}

/* ---- tests/cases/json ---- */

static void read_case(const char *folder, const char *name, struct buffer *out)
{
	char path[512], block[4096];
	struct error err = ERROR_INIT;
	(void)snprintf(path, sizeof(path), "tests/cases/json/%s/%s", folder, name);
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	for (size_t len; (len = fread(block, 1, sizeof(block), file)) > 0;)
		assert_int_equal(buffer_add(out, block, len, &err), 0);
	(void)fclose(file);
}

static void good_case(const char *name)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer text = BUFFER_INIT, out = BUFFER_INIT;
	read_case("good", name, &text);
	cleanup_json json_t *first = load(buffer_str(&text));
	assert_int_equal(json_dump(first, JSON_STYLE_PRETTY, &out, &err), 0);
	cleanup_json json_t *second = load(buffer_str(&out));
	assert_true(json_equal(first, second));
}

static void bad_case(const char *name)
{
	char expect_name[300], message[2048];
	cleanup_buffer struct buffer text = BUFFER_INIT, expect = BUFFER_INIT;
	struct error err = ERROR_INIT;
	json_t *json = NULL;
	struct slice rest, line = SLICE_EMPTY;
	(void)snprintf(expect_name, sizeof(expect_name), "%s.expect", name);
	read_case("bad", name, &text);
	read_case("bad", expect_name, &expect);
	rest = buffer_slice(&expect);
	assert_true(slice_cut(&rest, '\n', &line));
	assert_int_equal(
		json_load_slice(buffer_slice(&text), name, &json, &err), ERR_INPUT);
	error_format(&err, message, sizeof(message));
	if (slice_find(slice_str(message), line) == SIZE_MAX)
		fail_msg("%s: '%s' lacks '%.*s'", name, message, SLICE_ARG(line));
}

static void case_folder(const char *folder, void (*check)(const char *name))
{
	char path[64];
	size_t count = 0;
	(void)snprintf(path, sizeof(path), "tests/cases/json/%s", folder);
	DIR *directory = opendir(path);
	assert_non_null(directory);
	for (struct dirent *entry; (entry = readdir(directory));) {
		if (!slice_ends_with(slice_str(entry->d_name), SLICE(".json")))
			continue;
		check(entry->d_name);
		count++;
	}
	(void)closedir(directory);
	assert_true(count > 0);
}

static void cases(void **state)
{
	(void)state;
	case_folder("good", good_case);
	case_folder("bad", bad_case);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused_with_position),
		cmocka_unit_test(depth_is_limited),
		cmocka_unit_test(size_is_limited),
		cmocka_unit_test(dump_is_canonical),
		cmocka_unit_test(dump_keeps_to_the_buffers_limit),
		cmocka_unit_test(dump_never_leaves_anything_out),
		cmocka_unit_test(members_are_there),
		cmocka_unit_test(absent_members_leave_the_result),
		cmocka_unit_test(wrong_members_are_named),
		cmocka_unit_test(unknown_keys_are_named),
		cmocka_unit_test(building_is_checked),
		cmocka_unit_test(cases),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
