/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/signing_support.h"

#include "attest/vex_lookup.h"
#include "tests/unit/oci_cases.h"

/* VEX documents are beside the reports, for the fuzzer; any is one. */
static int parse(struct slice bytes, struct error *err)
{
	cleanup_statement struct statement *statement = NULL;
	cleanup_scan_report struct scan_report *report = NULL;

	if (statement_parse(bytes, &statement, err) < 0)
		return err->class;
	return vex_type_is_known(statement->predicate_type)
		       ? 0
		       : scan_report_read(statement, &report, err);
}

static void cases(void **state)
{
	(void)state;
	cases_run("scan_report", parse, parse);
}

static void severities(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum severity severity;
	} table[] = {
		{"CRITICAL", SEVERITY_CRITICAL},
		{"High", SEVERITY_HIGH},
		{"moderate", SEVERITY_MEDIUM},
		{"Negligible", SEVERITY_LOW},
		{"none", SEVERITY_NONE},
		{"", SEVERITY_UNKNOWN},
		{"UNKNOWN", SEVERITY_UNKNOWN},
		{"highest", SEVERITY_UNKNOWN},
		{"hig", SEVERITY_UNKNOWN},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		assert_int_equal(severity_parse(table[i].text), table[i].severity);
	assert_int_equal(severity_parse(NULL), SEVERITY_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cases),
		cmocka_unit_test(severities),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
