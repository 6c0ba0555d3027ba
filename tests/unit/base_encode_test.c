/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/encode.h"

static void hex(void **state)
{
	struct error err = ERROR_INIT;
	const uint8_t bytes[] = {0x00, 0x9f, 0xff};
	static const char *const bad[] = {
		"009FFF", "009ff", "009fff0", "009ffg", "00 9ff", ""};
	uint8_t out[3] = {1, 2, 3};
	char text[7];

	(void)state;
	hex_encode(bytes, 3, text);
	assert_string_equal(text, "009fff");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		error_clear(&err);
		assert_int_equal(hex_decode(slice_str(bad[i]), out, 3, &err), ERR_INPUT);
		assert_int_equal(out[0], 1);
	}
	error_clear(&err);
	assert_int_equal(hex_decode(slice_str(text), out, 3, &err), 0);
	assert_memory_equal(out, bytes, 3);
}

/* RFC 4648, section 10 */
static const struct {
	const char *plain, *text;
} vectors[] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"},
	{"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"},
	{"\xff\xfe\xfb", "//77"}};

static void base64(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		cleanup_buffer struct buffer out = BUFFER_INIT;

		assert_int_equal(buffer_add_str(&out, "<", &err), 0);
		assert_int_equal(
			base64_encode(slice_str(vectors[i].plain), &out, &err), 0);
		assert_string_equal(buffer_str(&out) + 1, vectors[i].text);
		buffer_clear(&out);
		assert_int_equal(
			base64_decode(slice_str(vectors[i].text), &out, &err), 0);
		assert_true(slice_equal_str(buffer_slice(&out), vectors[i].plain));
		buffer_clear(&out);
		assert_int_equal(
			base64_decode_lenient(slice_str(vectors[i].text), &out, &err), 0);
		assert_true(slice_equal_str(buffer_slice(&out), vectors[i].plain));
	}
}

static void base64_strictness(void **state)
{
	static const struct {
		const char *text, *reason;
		const char *lenient; /* what the lenient reader makes of it, or NULL */
	} cases[] = {
		{"Zg", "middle of a group", "f"},
		{"Zm8", "middle of a group", "fo"},
		{"Zg=", "middle of a group", NULL},
		{"Z", "middle of a group", NULL},
		{"Zm9v\n", "alphabet", "foo"},
		{"Zm\r\n9v", "alphabet", "foo"},
		{"Zm 9v", "alphabet", NULL},
		{"__77", "alphabet", "\xff\xfe\xfb"},
		{"Zh==", "stray bits", NULL},
		{"Zm9=", "stray bits", NULL},
		{"Zh", "middle of a group", NULL},
		{"Zg==Zg==", "after its end", NULL},
		{"Zg==\n", "after its end", "f"},
		{"=Zg=", "misplaced", NULL},
		{"Z===", "misplaced", NULL},
		{"Zg=g", "misplaced", NULL},
		{"====", "misplaced", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct error err = ERROR_INIT;
		cleanup_buffer struct buffer out = BUFFER_INIT;
		int lenient;

		assert_int_equal(buffer_add_str(&out, "<", &err), 0);
		assert_int_equal(
			base64_decode(slice_str(cases[i].text), &out, &err), ERR_INPUT);
		assert_non_null(strstr(err.text, cases[i].reason));
		assert_string_equal(buffer_str(&out), "<");
		error_clear(&err);
		lenient = base64_decode_lenient(slice_str(cases[i].text), &out, &err);
		assert_int_equal(lenient, cases[i].lenient ? 0 : ERR_INPUT);
		assert_string_equal(
			buffer_str(&out) + 1, cases[i].lenient ? cases[i].lenient : "");
	}
}

static void quoting(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer out = BUFFER_INIT;

	(void)state;
	assert_int_equal(json_quote(SLICE("a\"\\\n\x01\x7f\0\xc3\xa4/"), &out, &err), 0);
	assert_string_equal(
		buffer_str(&out), "\"a\\\"\\\\\\n\\u0001\x7f\\u0000\xc3\xa4/\"");
	buffer_clear(&out);
	assert_int_equal(json_quote(SLICE("a\xff"), &out, &err), ERR_INPUT);
	error_clear(&err);
	assert_int_equal(shell_quote(SLICE("a'b $x"), &out, &err), 0);
	assert_string_equal(buffer_str(&out), "'a'\\''b $x'");
	buffer_clear(&out);
	assert_int_equal(shell_quote(SLICE("a\0b"), &out, &err), ERR_INPUT);
	error_clear(&err);
	assert_int_equal(shell_quote(SLICE_EMPTY, &out, &err), 0);
	assert_string_equal(buffer_str(&out), "''");
	buffer_clear(&out);
	assert_int_equal(url_quote(SLICE("a-._~ /\xc3\xa4"), &out, &err), 0);
	assert_string_equal(buffer_str(&out), "a-._~%20%2F%C3%A4");
}

static void failure_leaves_the_buffer(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer out = {.max = 5};

	(void)state;
	assert_int_equal(buffer_add_str(&out, "ab", &err), 0);
	assert_int_equal(json_quote(SLICE("cdef"), &out, &err), ERR_INPUT);
	assert_string_equal(buffer_str(&out), "ab");
	error_clear(&err);
	assert_int_equal(url_quote(SLICE("cdef"), &out, &err), ERR_INPUT);
	assert_string_equal(buffer_str(&out), "ab");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hex),
		cmocka_unit_test(base64),
		cmocka_unit_test(base64_strictness),
		cmocka_unit_test(quoting),
		cmocka_unit_test(failure_leaves_the_buffer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
