/* SPDX-License-Identifier: Apache-2.0 */
/* What recipes that can be loaded never have: names and paths with each format's own
 * signs. tests/system/21_graph.sh runs real workflows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/buffer.h"
#include "builder/graph.h"

static const char *const arguments[] = {"--store=a $b"};

/* "two" needs "one"; the second recipe's file is `path`. */
struct fixture {
	struct recipe one, two;
	struct plan_item first, second;
	struct plan_item *needs[1], *items[2];
	struct plan plan;
};

static void fill(struct fixture *f, const char *name, const char *path)
{
	*f = (struct fixture){.one = {.name = "one", .full_version = "1-r0", .path = "1"},
		.two = {.name = name, .full_version = "2-r0", .path = path}};
	f->first.recipe = &f->one;
	f->second.recipe = &f->two;
	f->needs[0] = &f->first;
	f->second.needs = f->needs;
	f->second.need_count = 1;
	struct error err = ERROR_INIT;
	assert_int_equal(
		digest_of(DIGEST_SHA256, SLICE("a"), &f->first.input_key, &err), 0);
	assert_int_equal(
		digest_of(DIGEST_SHA256, SLICE("b"), &f->second.input_key, &err), 0);
	f->items[0] = &f->first;
	f->items[1] = &f->second;
	f->plan = (struct plan){.items = f->items, .count = 2};
}

static int write_graph(enum graph_format format, const char *stamps, const char *name,
	const char *path, struct buffer *out, struct error *err)
{
	struct fixture f;
	struct graph_options options = {.format = format,
		.program = "alnage",
		.arguments = arguments,
		.argument_count = 1,
		.stamps = stamps,
		.date = 7};
	fill(&f, name, path);
	return graph_write(&f.plan, &options, out, err);
}

static void expect_text(enum graph_format format, const char *stamps, const char *name,
	const char *path, const char *expected)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	if (write_graph(format, stamps, name, path, &out, &err) < 0)
		fail_msg("%s", err.text);
	if (!strstr(buffer_str(&out), expected))
		fail_msg("'%s' lacks '%s'", buffer_str(&out), expected);
}

static void expect_refusal(enum graph_format format, const char *stamps, const char *path,
	const char *expected)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	assert_int_equal(write_graph(format, stamps, "two", path, &out, &err), ERR_INPUT);
	if (!strstr(err.text, expected))
		fail_msg("'%s' lacks '%s'", err.text, expected);
}

static void dot_is_escaped(void **state)
{
	(void)state;
	expect_text(GRAPH_DOT, "s", "t\"w\\o", "2", "\t\"t\\\"w\\\\o\" -> \"one\";\n");
	expect_text(GRAPH_DOT, "s", "t\"w\\o", "2", "[label=\"t\\\"w\\\\o 2-r0\\n");
}

static void json_is_complete(void **state)
{
	(void)state;
	expect_text(GRAPH_JSON, "s", "t\"wo", "2", "\"name\": \"t\\\"wo\"");
	expect_text(GRAPH_JSON, "s", "two", "2", "\"needs\": [\n        \"one\"\n");
}

static void ninja_is_escaped(void **state)
{
	(void)state;
	expect_text(GRAPH_NINJA, "s $:|t", "two", "2",
		"build s$ $$$:$|t/two-3e23e8160039594a: package "
		"s$ $$$:$|t/one-ca978112ca1bbdca\n");
	expect_text(GRAPH_NINJA, "s", "two", "it's $HOME",
		"  call = env SOURCE_DATE_EPOCH=7 'alnage' 'package' '--store=a $$b' "
		"'--' 'it'\\''s $$HOME'\n  name = two\n");
	expect_refusal(GRAPH_NINJA, "s", "a\nb", "line break");
	expect_refusal(GRAPH_NINJA, "s\nt", "2", "line break");
}

static void make_is_escaped(void **state)
{
	static const char *const bad[] = {
		"a b", "a$b", "a#b", "a%b", "a:b", "a\nb", "~", "a;b", "a*"};
	(void)state;
	expect_text(GRAPH_MAKE, "s", "two", "it's $(HOME) #",
		"\ns/two-3e23e8160039594a: s/one-ca978112ca1bbdca\n"
		"\tenv SOURCE_DATE_EPOCH=7 'alnage' 'package' '--store=a $$b' '--' "
		"'it'\\''s $$(HOME) #'\n"
		"\t@mkdir -p -- 's' && touch -- 's/two-3e23e8160039594a'\n");
	expect_refusal(GRAPH_MAKE, "s", "a\nb", "line break");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		expect_refusal(GRAPH_MAKE, bad[i], "2", "make cannot have");
}

static void argo_is_escaped(void **state)
{
	(void)state;
	expect_text(GRAPH_ARGO, "s", "t.w+o", "a: \"b\"\n- c",
		"          - name: r1-t-w-o\n            template: package\n"
		"            arguments:\n              parameters:\n"
		"                - name: recipe\n"
		"                  value: \"a: \\\"b\\\"\\n- c\"\n"
		"            dependencies:\n              - r0-one\n");
	expect_refusal(GRAPH_ARGO, "s", "{{workflow.name}}", "Argo would replace");
}

static void formats_have_names(void **state)
{
	enum graph_format format = GRAPH_ARGO;
	struct error err = ERROR_INIT;
	(void)state;
	assert_int_equal(graph_format_parse(NULL, &format, &err), 0);
	assert_int_equal(format, GRAPH_DOT);
	assert_int_equal(graph_format_parse("make", &format, &err), 0);
	assert_int_equal(format, GRAPH_MAKE);
	assert_int_equal(graph_format_parse("", &format, &err), ERR_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dot_is_escaped),
		cmocka_unit_test(json_is_complete),
		cmocka_unit_test(ninja_is_escaped),
		cmocka_unit_test(make_is_escaped),
		cmocka_unit_test(argo_is_escaped),
		cmocka_unit_test(formats_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
