/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/signing_support.h"

#include "signing/checkpoint.h"
#include "tests/unit/signing_known.h"

static int verify(struct slice bytes, struct error *err)
{
	struct checkpoint checkpoint;
	struct trusted_log log;
	int status;

	assert_true(known_log(&log));
	status = checkpoint_verify(bytes, &log, &checkpoint, err);
	key_free(&log.key);
	return status;
}

static void cases(void **state)
{
	(void)state;
	run_cases("checkpoint", verify);
}

#define ROOT "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static void texts(void **state)
{
	static const struct {
		struct slice text;
		const char *refusal; /* NULL: good */
	} rows[] = {
		{SLICE("log\n7\n" ROOT "\n"), NULL},
		{SLICE("log\n0\n" ROOT "\n"), NULL},
		{SLICE("log\n9223372036854775807\n" ROOT "\nmore\n"), NULL},
		{SLICE("log\n9223372036854775808\n" ROOT "\n"), "tree size"},
		{SLICE("log\n07\n" ROOT "\n"), "tree size"},
		{SLICE("log\n+7\n" ROOT "\n"), "tree size"},
		{SLICE("log\n\n" ROOT "\n"), "tree size"},
		{SLICE("log\n7\n"), "no root hash"},
		{SLICE("log\n7\nAAAA\n"), "root hash"},
		{SLICE("log\n7\n" ROOT " \n"), "root hash"},
		{SLICE("\n7\n" ROOT "\n"), "origin"},
		{SLICE("log\n7\n" ROOT), "whole lines"},
		{SLICE("l\xff\n7\n" ROOT "\n"), "UTF-8"},
		{SLICE("l\0g\n7\n" ROOT "\n"), "UTF-8"},
		{SLICE(""), "whole lines"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct error err = ERROR_INIT;
		struct checkpoint checkpoint;

		if (rows[i].refusal)
			assert_refused(checkpoint_read(rows[i].text, &checkpoint, &err),
				ERR_REFUSED, rows[i].refusal, &err);
		else
			assert_ok(checkpoint_read(rows[i].text, &checkpoint, &err), &err);
	}
}

static void members_are_read(void **state)
{
	struct error err = ERROR_INIT;
	struct checkpoint checkpoint;

	(void)state;
	assert_ok(checkpoint_read(
			  SLICE("log - 1\n12\n//////////////////////////////////////////8"
				"=\n"),
			  &checkpoint, &err),
		&err);
	assert_true(slice_equal_str(checkpoint.origin, "log - 1"));
	assert_int_equal(checkpoint.tree_size, 12);
	for (size_t i = 0; i < sizeof(checkpoint.root); i++)
		assert_int_equal(checkpoint.root[i], 0xff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cases),
		cmocka_unit_test(texts),
		cmocka_unit_test(members_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
