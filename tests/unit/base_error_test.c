/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"

static void first_error_wins(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(error_set(&err, ERR_INPUT, "reading %s", "a"), ERR_INPUT);
	assert_int_equal(error_set(&err, ERR_BUG, "cleaning up"), ERR_INPUT);
	assert_int_equal(error_set_errno(&err, ENOENT, "x"), ERR_INPUT);
	assert_int_equal(error_set_at(&err, ERR_BUG, "f", 1, 1, "x"), ERR_INPUT);
	assert_int_equal(error_set_memory(&err), ERR_INPUT);
	assert_string_equal(err.text, "reading a");
	assert_int_equal(err.sys, 0);
	error_clear(&err);
	assert_false(error_is_set(&err));
}

static void context_goes_before(void **state)
{
	struct error err = ERROR_INIT;
	char out[200];

	(void)state;
	assert_int_equal(error_wrap(&err, "nothing to wrap"), 0);
	assert_string_equal(err.text, "");
	error_set_errno(&err, ENOENT, "opening x");
	assert_int_equal(err.class, ERR_SYSTEM);
	assert_int_equal(err.sys, ENOENT);
	assert_int_equal(error_wrap(&err, "step %d", 3), ERR_SYSTEM);
	error_format(&err, out, sizeof(out));
	assert_string_equal(out, "step 3: opening x: No such file or directory");
	error_format(&err, out, 5);
	assert_string_equal(out, "step");
}

static void positions(void **state)
{
	struct error err = ERROR_INIT;
	char out[200];

	(void)state;
	error_set_at(&err, ERR_INPUT, "a.yaml", 3, 7, "bad");
	error_format(&err, out, sizeof(out));
	assert_string_equal(out, "a.yaml:3:7: bad");
	err.column = 0;
	error_format(&err, out, sizeof(out));
	assert_string_equal(out, "a.yaml:3: bad");
	err.line = 0;
	error_format(&err, out, sizeof(out));
	assert_string_equal(out, "a.yaml: bad");
}

static void control_bytes_are_replaced(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	error_set(&err, ERR_INPUT, "%s",
		"a\x1b[31m\nb\x7f\xc2\x9b"
		"c\xc3\xa4");
	assert_string_equal(err.text, "a?[31m b???c\xc3\xa4");
}

static void cut_between_characters(void **state)
{
	struct error err = ERROR_INIT;
	char many[2 * ERROR_TEXT_MAX + 2];
	char out[8];

	(void)state;
	for (size_t i = 0; i < sizeof(many) - 2; i += 2)
		memcpy(many + i, "\xc3\xa4", 2);
	many[sizeof(many) - 2] = '\0';
	error_set(&err, ERR_INPUT, "%s", many);
	assert_int_equal(strlen(err.text), ERROR_TEXT_MAX - 2);
	error_wrap(&err, "%s", many);
	assert_int_equal(strlen(err.text) % 2, 0);
	assert_true(strlen(err.text) < ERROR_TEXT_MAX);
	error_format(&err, out, sizeof(out));
	assert_int_equal(strlen(out), 6);
}

static void remedy_and_status(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(error_exit_status(&err), 0);
	error_remedy(&err, "nothing");
	assert_string_equal(err.remedy, "");
	error_set(&err, ERR_REFUSED, "no");
	error_remedy(&err, "first");
	error_remedy(&err, "second");
	assert_string_equal(err.remedy, "first");
	assert_int_equal(error_exit_status(&err), 3);
	err.class = ERR_USAGE;
	assert_int_equal(error_exit_status(&err), 2);
	err.class = ERR_NETWORK;
	assert_int_equal(error_exit_status(&err), 1);
	assert_string_equal(error_class_name(ERR_NETWORK), "network");
	assert_string_equal(error_class_name(ERR_BUG), "bug");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_error_wins),
		cmocka_unit_test(context_goes_before),
		cmocka_unit_test(positions),
		cmocka_unit_test(control_bytes_are_replaced),
		cmocka_unit_test(cut_between_characters),
		cmocka_unit_test(remedy_and_status),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
