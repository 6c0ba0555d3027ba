/* SPDX-License-Identifier: Apache-2.0 */
/* What CSAF documents settle; attest_policy_test.c has the other formats. */
#include "tests/unit/signing_support.h"

#include "attest/predicate.h"
#include "attest/vex_lookup.h"

#define HEX    "000000000000000000000000000000000000000000000000000000000000000a"
#define ZLIB   "pkg:apk/x/zlib@1.3-r0"
#define NOBODY "pkg:apk/x/other@1"
#define FLAG   "\"flags\":[{\"label\":\"component_not_present\",\"product_ids\":[\"IZ\"]}]"

struct document {
	const char *category, *version, *status; /* NULL: as they should be */
	const char *image, *package;             /* purls; NULL: those of the finding */
	const char *vulnerability;               /* members */
	const char *names, *branches;            /* more products */
	bool settled;
};

static const struct document documents[] = {
	/* the package in the image, with a reason */
	{.vulnerability = "\"cve\":\"CVE-1\",\"product_status\":{"
			  "\"known_not_affected\":[\"IZ\"]}," FLAG,
		.settled = true},
	{.vulnerability = "\"ids\":[{\"system_name\":\"x\",\"text\":\"CVE-1\"}],"
			  "\"product_status\":{\"known_not_affected\":[\"IZ\"]}," FLAG,
		.settled = true},
	{.vulnerability = "\"cve\":\"CVE-1\",\"product_status\":{"
			  "\"known_not_affected\":[\"IZ\"]},\"threats\":[{\"category\":"
			  "\"impact\",\"details\":\"none\",\"group_ids\":[\"G\"]}]",
		.settled = true},
	{.status = "interim",
		.vulnerability = "\"cve\":\"CVE-1\",\"product_status\":{"
				 "\"known_not_affected\":[\"IZ\"]}," FLAG,
		.settled = true},
	/* fixed, of the package in the image, the package, the image */
	{.vulnerability = "\"cve\":\"CVE-1\",\"product_status\":{\"fixed\":[\"IZ\"]}",
		.settled = true},
	{.vulnerability = "\"cve\":\"CVE-1\",\"product_status\":{\"fixed\":[\"Z\"]}",
		.settled = true},
	{.vulnerability =
			"\"cve\":\"CVE-1\",\"product_status\":{\"first_fixed\":[\"I\"]}",
		.settled = true},
	/* without a reason, or one for something else */
	{.vulnerability = "\"cve\":\"CVE-1\",\"product_status\":{"
			  "\"known_not_affected\":[\"IZ\"]}"},
	{.vulnerability = "\"cve\":\"CVE-1\",\"product_status\":{"
			  "\"known_not_affected\":[\"Z\"]}," FLAG},
	{.vulnerability = "\"cve\":\"CVE-1\",\"product_status\":{"
			  "\"known_not_affected\":[\"IZ\"]},\"flags\":[{\"label\":\"\","
			  "\"product_ids\":[\"IZ\"]}]"},
	{.vulnerability = "\"cve\":\"CVE-1\",\"product_status\":{"
			  "\"known_not_affected\":[\"IZ\"]},\"threats\":[{\"category\":"
			  "\"target_set\",\"details\":\"x\",\"product_ids\":[\"IZ\"]}]"},
	{.vulnerability = "\"cve\":\"CVE-1\",\"product_status\":{"
			  "\"known_not_affected\":[\"Z\"]},\"threats\":[{\"category\":"
			  "\"impact\",\"details\":\"none\",\"group_ids\":[\"G\"]}]"},
	/* another vulnerability, product, status */
	{.vulnerability = "\"cve\":\"CVE-2\",\"product_status\":{\"fixed\":[\"IZ\"]}"},
	{.vulnerability = "\"cve\":\"CVE-1\",\"product_status\":{\"fixed\":[\"X\"]}"},
	{.vulnerability = "\"cve\":\"CVE-1\",\"product_status\":{\"recommended\":[\"IZ\"]"
			  "}"},
	{.vulnerability = "\"cve\":\"CVE-1\",\"product_status\":{"
			  "\"under_investigation\":[\"IZ\"]}," FLAG},
	{.vulnerability = "\"cve\":\"CVE-1\",\"product_status\":{\"fixed\":[\"IZ\"],"
			  "\"last_affected\":[\"Z\"]}"},
	{.vulnerability = "\"cve\":\"CVE-1\",\"product_status\":{\"fixed\":\"IZ\"}"},
	{.vulnerability = "\"cve\":[\"CVE-1\"],\"product_status\":{\"fixed\":[\"IZ\"]}"},
	{.package = NOBODY,
		.vulnerability = "\"cve\":\"CVE-1\",\"product_status\":{"
				 "\"fixed\":[\"IZ\",\"Z\"]}"},
	{.package = "pkg:apk/x/zlib@1.3-r0?arch=arm",
		.vulnerability = "\"cve\":\"CVE-1\",\"product_status\":{"
				 "\"fixed\":[\"IZ\",\"Z\"]}"},
	{.image = "pkg:oci/base@sha256:1" HEX,
		.vulnerability = "\"cve\":\"CVE-1\",\"product_status\":{"
				 "\"fixed\":[\"IZ\",\"I\"]}"},
	/* the package in something else is another thing */
	{.image = NOBODY,
		.vulnerability = "\"cve\":\"CVE-1\",\"product_status\":{"
				 "\"fixed\":[\"IZ\"]}"},
	/* other profiles, versions and drafts settle nothing */
	{.category = "csaf_security_advisory",
		.vulnerability = "\"cve\":\"CVE-1\",\"product_status\":{"
				 "\"fixed\":[\"IZ\"]}"},
	{.version = "2.1",
		.vulnerability = "\"cve\":\"CVE-1\",\"product_status\":{"
				 "\"fixed\":[\"IZ\"]}"},
	{.status = "draft",
		.vulnerability = "\"cve\":\"CVE-1\",\"product_status\":{"
				 "\"fixed\":[\"IZ\"]}"},
};

static const char *or_else(const char *text, const char *otherwise)
{
	return text ? text : otherwise;
}

static struct statement *parse(const struct document *document, const char *date)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	struct statement *statement = NULL;
	struct error err = ERROR_INIT;

	if (buffer_printf(&text, &err,
		    "{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{"
		    "\"name\":\"x\",\"digest\":{\"sha256\":\"" HEX "\"}}],"
		    "\"predicateType\":\"" PREDICATE_CSAF "\",\"predicate\":{"
		    "\"document\":{\"category\":\"%s\",\"csaf_version\":\"%s\","
		    "\"tracking\":{\"status\":\"%s\",\"current_release_date\":\"%s\"}},"
		    "\"product_tree\":{\"branches\":[{\"branches\":[{\"product\":{"
		    "\"product_id\":\"I\",\"product_identification_helper\":{"
		    "\"purl\":\"%s\"}}}]}%s],\"full_product_names\":[{\"product_id\":"
		    "\"Z\","
		    "\"product_identification_helper\":{\"purl\":\"%s\"}},"
		    "{\"product_id\":\"X\"}%s],\"relationships\":[{\"category\":"
		    "\"default_component_of\",\"full_product_name\":{\"product_id\":"
		    "\"IZ\"},\"product_reference\":\"Z\","
		    "\"relates_to_product_reference\":\"I\"}],\"product_groups\":[{"
		    "\"group_id\":\"G\",\"product_ids\":[\"IZ\",\"X\"]}]},"
		    "\"vulnerabilities\":[{%s}]}}",
		    or_else(document->category, "csaf_vex"),
		    or_else(document->version, "2.0"), or_else(document->status, "final"),
		    date, or_else(document->image, "pkg:oci/base@sha256%3A" HEX),
		    or_else(document->branches, ""), or_else(document->package, ZLIB),
		    or_else(document->names, ""), document->vulnerability) < 0 ||
		statement_parse(buffer_slice(&text), &statement, &err) < 0)
		fail_msg("%s", err.text);
	return statement;
}

static const struct scan_finding finding = {.id = "CVE-1",
	.package = "zlib",
	.purl = ZLIB "?arch=x86_64",
	.severity = SEVERITY_HIGH};

static bool settles(struct statement *const *list, size_t count, int64_t at)
{
	const struct statement *borrowed[2] = {list[0], count > 1 ? list[1] : NULL};
	struct digest image = {.algorithm = DIGEST_SHA256, .len = 32};

	image.bytes[31] = 10;
	return vex_settles(borrowed, count, &image, &finding, at);
}

#define EARLY "2026-01-01T00:00:00Z"
#define LATE  "2026-01-02T00:00:00Z"
#define AT    1800000000 /* 2027 */

static void csaf_settles(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(documents); i++) {
		struct statement *statement = parse(&documents[i], EARLY);

		if (settles(&statement, 1, AT) != documents[i].settled)
			fail_msg("%zu: %s", i, documents[i].vulnerability);
		assert_false(settles(&statement, 1, 0)); /* not yet */
		statement_free(&statement);
	}
}

#define FIXED "\"cve\":\"CVE-1\",\"product_status\":{\"fixed\":[\"IZ\"]}"

/* Later ones take back; so do those that settle nothing themselves. */
static void csaf_takes_back(void **state)
{
	(void)state;
	static const struct document good = {.vulnerability = FIXED};
	static const struct {
		const char *good, *bad;
		bool settled;
	} table[] = {{EARLY, LATE, false}, {LATE, EARLY, true}, {LATE, LATE, false}};
	static const char *const bad[] = {"known_affected", "first_affected",
		"last_affected", "under_investigation", "known_not_affected"};

	for (size_t i = 0; i < ARRAY_LEN(table) * ARRAY_LEN(bad); i++) {
		size_t at = i % ARRAY_LEN(table);
		char text[128];
		struct document other = {
			.category = "csaf_security_advisory", .vulnerability = text};
		struct statement *list[2];

		(void)snprintf(text, sizeof(text),
			"\"cve\":\"CVE-1\",\"product_status\":{\"%s\":[\"Z\"]}",
			bad[i / ARRAY_LEN(table)]);
		list[0] = parse(&good, table[at].good);
		list[1] = parse(&other, table[at].bad);
		assert_int_equal(settles(list, 2, AT), table[at].settled);
		statement_free(&list[0]);
		statement_free(&list[1]);
	}
}

static void repeat(struct buffer *out, const char *text, size_t count)
{
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < count; i++)
		assert_int_equal(buffer_add_str(out, text, &err), 0);
}

/* The later document says nothing of the finding, if it can be read at all. */
static bool settles_beside(const char *names, const char *branches)
{
	const struct document good = {.vulnerability = FIXED};
	const struct document other = {
		.vulnerability =
			"\"cve\":\"CVE-1\",\"product_status\":{\"fixed\":[\"X\"]}",
		.names = names,
		.branches = branches};
	struct statement *list[] = {parse(&good, EARLY), parse(&other, LATE)};
	bool settled = settles(list, 2, AT);

	statement_free(&list[0]);
	statement_free(&list[1]);
	return settled;
}

/* More than can be kept in mind: it might say the contrary, so it takes back. */
static void csaf_is_bounded(void **state)
{
	(void)state;
	static const struct {
		size_t names, depth;
		bool settled;
	} table[] = {{63, 0, true}, {64, 0, false}, {0, 32, true}, {0, 33, false}};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		cleanup_buffer struct buffer names = BUFFER_INIT, branches = BUFFER_INIT;

		repeat(&names,
			",{\"product_id\":\"Z2\",\"product_identification_helper\":{"
			"\"purl\":\"" ZLIB "\"}}",
			table[i].names);
		repeat(&branches, ",{\"branches\":[{}", table[i].depth);
		repeat(&branches, "]}", table[i].depth);
		if (settles_beside(buffer_str(&names), buffer_str(&branches)) !=
			table[i].settled)
			fail_msg("%zu names, %zu deep", table[i].names, table[i].depth);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csaf_settles),
		cmocka_unit_test(csaf_takes_back),
		cmocka_unit_test(csaf_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
