/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "base/yaml.h"

static struct yaml_node *load(const char *text, struct arena *arena)
{
	struct error err = ERROR_INIT;
	struct yaml_node *root = NULL;
	int result = yaml_load_slice(slice_str(text), "t.yaml", arena, &root, &err);
	if (result < 0)
		print_error("%s: %s\n", text, err.text);
	assert_int_equal(result, 0);
	assert_non_null(root);
	return root;
}

static struct arena *new_arena(void)
{
	struct error err = ERROR_INIT;
	struct arena *arena = NULL;
	assert_int_equal(arena_new(&arena, &err), 0);
	return arena;
}

static void scalars_keep_their_text(void **state)
{
	(void)state;
	static const struct {
		const char *yaml, *text;
		bool is_null, quoted;
	} cases[] = {
		{"a: 1.10\n", "1.10", false, false},
		{"a: yes\n", "yes", false, false},
		{"a: 0o17\n", "0o17", false, false},
		{"a:\n", "", true, false},
		{"a: ~\n", "", true, false},
		{"a: null\n", "", true, false},
		{"a: NULL\n", "", true, false},
		{"a: 'null'\n", "null", false, true},
		{"a: \"\"\n", "", false, true},
		{"a: !!str null\n", "null", false, true},
		{"a: \"x\\ty\"\n", "x\ty", false, true},
		{"a: |\n  one\n  two\n", "one\ntwo\n", false, true},
		{"a: |-\n  one\n", "one", false, true},
		{"a: >\n  one\n  two\n", "one two\n", false, true},
		{"{a: b:c}\n", "b:c", false, false},
		{"\"a\": \xc3\xa9t\xc3\xa9 # c\n", "\xc3\xa9t\xc3\xa9", false, false},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		cleanup_arena struct arena *arena = new_arena();
		struct yaml_node *node = yaml_get(load(cases[i].yaml, arena), "a");
		assert_non_null(node);
		assert_int_equal(node->kind, YAML_SCALAR);
		assert_string_equal(node->text, cases[i].text);
		assert_int_equal(node->is_null, cases[i].is_null);
		assert_int_equal(node->quoted, cases[i].quoted);
	}
}

static void positions_and_order(void **state)
{
	(void)state;
	cleanup_arena struct arena *arena = new_arena();
	struct yaml_node *root = load("b: 1\na:\n  - x\n  - y: z\n", arena);
	assert_int_equal(root->kind, YAML_MAPPING);
	assert_int_equal(root->count, 2);
	assert_string_equal(root->pairs[0].key, "b");
	assert_string_equal(root->pairs[1].key, "a");
	assert_int_equal(root->pairs[1].line, 2);
	struct yaml_node *list = yaml_get(root, "a");
	assert_int_equal(list->kind, YAML_SEQUENCE);
	assert_int_equal(list->count, 2);
	assert_int_equal(list->items[1]->line, 4);
	assert_int_equal(list->items[1]->column, 5);
	assert_string_equal(yaml_get(list->items[1], "y")->text, "z");
	assert_null(yaml_get(root, "c"));
	assert_null(yaml_get(list, "a"));
}

static void empty_document_is_null(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"", "\n", "# only\n", "---\n", "\xef\xbb\xbf"};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		cleanup_arena struct arena *arena = new_arena();
		struct yaml_node *root = load(texts[i], arena);
		assert_int_equal(root->kind, YAML_SCALAR);
		assert_true(root->is_null);
		assert_string_equal(root->text, "");
	}
}

static void refused_with_position(void **state)
{
	(void)state;
	static const struct {
		const char *yaml, *message;
		unsigned line, column;
	} cases[] = {
		{"a: &x 1\n", "anchors", 1, 4},
		{"a: *x\n", "aliases", 1, 4},
		{"*x : 1\n", "aliases", 1, 1},
		{"b: 1\n<<: {a: 1}\n", "merge keys", 2, 1},
		{"a: !!int 1\n", "tags", 1, 4},
		{"a: !x {}\n", "tags", 1, 4},
		{"a: 1\nb: 2\na: 3\n", "'a' is there twice (first on line 1)", 3, 1},
		{"a: 1\n---\nb: 2\n", "several documents", 2, 1},
		{"? [a]\n: 1\n", "key must be a scalar", 1, 3},
		{"?\n: 1\n", "key is missing", 1, 2},
		{"a: \"x\\0y\"\n", "NUL", 1, 4},
		{"a:\n\t- b\n", "found character that cannot start any token", 2, 1},
		{"a: \xff\n", "UTF-8", 1, 4},
		{"a: [1\n", "did not find expected", 2, 1},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		cleanup_arena struct arena *arena = new_arena();
		struct error err = ERROR_INIT;
		struct yaml_node *root = NULL;
		int result = yaml_load_slice(
			slice_str(cases[i].yaml), "t.yaml", arena, &root, &err);
		assert_int_equal(result, ERR_INPUT);
		assert_null(root);
		if (!strstr(err.text, cases[i].message))
			fail_msg("'%s' instead of '%s'", err.text, cases[i].message);
		assert_string_equal(err.where, "t.yaml");
		assert_int_equal(err.line, cases[i].line);
		assert_int_equal(err.column, cases[i].column);
	}
}

static void tabs_have_a_remedy(void **state)
{
	(void)state;
	cleanup_arena struct arena *arena = new_arena();
	struct error err = ERROR_INIT;
	struct yaml_node *root = NULL;
	assert_int_equal(
		yaml_load_slice(SLICE("a:\n  b: 1\n\tc: 2\n"), "t", arena, &root, &err),
		ERR_INPUT);
	assert_non_null(strstr(err.remedy, "spaces"));
}

static void expect_refusal(struct buffer *text, const char *message)
{
	cleanup_arena struct arena *arena = new_arena();
	struct error err = ERROR_INIT;
	struct yaml_node *root = NULL;
	assert_int_equal(
		yaml_load_slice(buffer_slice(text), "t", arena, &root, &err), ERR_INPUT);
	if (!strstr(err.text, message))
		fail_msg("'%s' instead of '%s'", err.text, message);
}

static void repeat(struct buffer *text, const char *what, size_t times)
{
	struct error err = ERROR_INIT;
	for (size_t i = 0; i < times; i++)
		assert_int_equal(buffer_add_str(text, what, &err), 0);
}

static void limits_hold(void **state)
{
	(void)state;
	cleanup_buffer struct buffer deep = BUFFER_INIT, many = BUFFER_INIT,
				     wide = BUFFER_INIT;
	cleanup_buffer struct buffer large = BUFFER_INIT, fits = BUFFER_INIT;
	repeat(&fits, "[", LIMIT_YAML_DEPTH);
	repeat(&fits, "]", LIMIT_YAML_DEPTH);
	cleanup_arena struct arena *arena = new_arena();
	(void)load(buffer_str(&fits), arena);
	repeat(&deep, "[", LIMIT_YAML_DEPTH + 1);
	repeat(&deep, "]", LIMIT_YAML_DEPTH + 1);
	expect_refusal(&deep, "deeply");
	repeat(&many, "- a\n", LIMIT_YAML_NODES + 1);
	expect_refusal(&many, "too many nodes");
	repeat(&wide, "x", LIMIT_YAML_SCALAR_BYTES + 1);
	expect_refusal(&wide, "too long");
	repeat(&large, "# comment\n", LIMIT_YAML_BYTES / 10 + 1);
	expect_refusal(&large, "at most");
}

static void many_keys_are_unique(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer text = BUFFER_INIT;
	for (unsigned i = 0; i < 20000; i++)
		assert_int_equal(buffer_printf(&text, &err, "k%u: 1\n", i), 0);
	cleanup_arena struct arena *arena = new_arena();
	assert_int_equal(load(buffer_str(&text), arena)->count, 20000);
	repeat(&text, "k77: 2\n", 1);
	expect_refusal(&text, "'k77' is there twice (first on line 78)");
}

static bool same_tree(const struct yaml_node *a, const struct yaml_node *b)
{
	if (a->kind != b->kind || a->is_null != b->is_null || a->count != b->count ||
		strcmp(a->text, b->text) != 0 || (a->quoted && !b->quoted))
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (a->kind == YAML_SEQUENCE && !same_tree(a->items[i], b->items[i]))
			return false;
		if (a->kind == YAML_MAPPING &&
			(strcmp(a->pairs[i].key, b->pairs[i].key) != 0 ||
				!same_tree(a->pairs[i].value, b->pairs[i].value)))
			return false;
	}
	return true;
}

static void check_round_trip(const char *text)
{
	cleanup_arena struct arena *arena = new_arena();
	cleanup_buffer struct buffer out = BUFFER_INIT;
	struct error err = ERROR_INIT;
	struct yaml_node *first = load(text, arena);
	assert_int_equal(yaml_dump(first, &out, &err), 0);
	struct yaml_node *second = load(buffer_str(&out), arena);
	if (!same_tree(first, second))
		fail_msg("'%s' became '%s'", text, buffer_str(&out));
}

static void dump_loads_again(void **state)
{
	(void)state;
	static const char *const texts[] = {"", "x", "'x'", "|\n  a\n  b\n", "[]", "{}",
		"- 1\n- [a, [b, {c: d}], {}]\n- - - x\n",
		"a: 'null'\nb: ''\n'': x\n'<<': y\n",
		"a: |\n  one\n\n    two\n  \tthree\nb: |+\n  x\n\n\nc: |2\n    lead\n",
		"a: \"tab\\there \\\\ \\\" \\e \\N \\L \\_ \\ud7ff \\U0001F600\"\n",
		"a: \"---\"\n'- x': '# y'\n'a: b': 'c #d'\nd: -x\ne: :x\nf: 'x:'\n",
		"'---': 1\n'...': 2\n", "a: one\n  two\n\n  three\n", "a: \"x\\r\\ny\"\n",
		"? |\n  long\n  key\n: v\n", "- '='\n- '!x'\n- '%y'\n- '@z'\n- \"'\"\n"};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		check_round_trip(texts[i]);
}

static void dump_long_keys(void **state)
{
	(void)state;
	cleanup_buffer struct buffer text = BUFFER_INIT;
	repeat(&text, "- ? '", 1);
	repeat(&text, "k", 3000);
	repeat(&text, "'\n  : - v\n    - w\n  ? b\n  : c\n", 1);
	check_round_trip(buffer_str(&text));
}

static void dump_form(void **state)
{
	(void)state;
	cleanup_arena struct arena *arena = new_arena();
	cleanup_buffer struct buffer out = BUFFER_INIT;
	struct error err = ERROR_INIT;
	struct yaml_node *root = load(
		"{name: x, list: [1, {a: b, c: [d]}], run: \"a\\nb\\n\", n: , e: []}",
		arena);
	assert_int_equal(yaml_dump(root, &out, &err), 0);
	assert_string_equal(buffer_str(&out),
		"name: x\nlist:\n  - 1\n  - a: b\n    c:\n      - d\n"
		"run: |\n  a\n  b\nn: null\ne: []\n");
}

static void dump_refuses_what_is_not_utf8(void **state)
{
	(void)state;
	struct yaml_node node = {.kind = YAML_SCALAR, .text = "\xff\xfe"};
	cleanup_buffer struct buffer out = BUFFER_INIT;
	struct error err = ERROR_INIT;
	assert_int_equal(yaml_dump(&node, &out, &err), ERR_INPUT);
}

static void unknown_keys_are_named(void **state)
{
	(void)state;
	static const char *const known[] = {"package", "pipeline", "test", NULL};
	cleanup_arena struct arena *arena = new_arena();
	struct error err = ERROR_INIT;
	struct yaml_node *root = load("package: 1\npipelien: 2\n", arena);
	assert_int_equal(
		yaml_only_keys(root, known, "recipe", "r.yaml", &err), ERR_INPUT);
	assert_string_equal(
		err.text, "recipe: unknown key 'pipelien' (did you mean 'pipeline'?)");
	assert_int_equal(err.line, 2);
	error_clear(&err);
	root = load("zzzzzz: 1\n", arena);
	assert_int_equal(
		yaml_only_keys(root, known, "recipe", "r.yaml", &err), ERR_INPUT);
	assert_string_equal(err.text, "recipe: unknown key 'zzzzzz'");
	error_clear(&err);
	assert_int_equal(yaml_only_keys(load("", arena), known, "recipe", "r", &err), 0);
	assert_int_equal(
		yaml_only_keys(load("test: 1", arena), known, "recipe", "r", &err), 0);
	assert_int_equal(yaml_only_keys(load("[a]", arena), known, "recipe", "r", &err),
		ERR_INPUT);
	assert_string_equal(err.text, "recipe must be a mapping, but is a sequence");
}

static void expect_names_the_kind(void **state)
{
	(void)state;
	cleanup_arena struct arena *arena = new_arena();
	struct error err = ERROR_INIT;
	struct yaml_node *root = load("a:\n", arena);
	assert_int_equal(yaml_expect(root, YAML_MAPPING, "x", "f", &err), 0);
	assert_int_equal(
		yaml_expect(yaml_get(root, "a"), YAML_SEQUENCE, "x.a", "f", &err),
		ERR_INPUT);
	assert_string_equal(err.text, "x.a must be a sequence, but is empty");
	assert_string_equal(err.where, "f");
}

/* ---- tests/cases/yaml ---- */

static void read_case(const char *folder, const char *name, struct buffer *out)
{
	char path[512], block[4096];
	struct error err = ERROR_INIT;
	(void)snprintf(path, sizeof(path), "tests/cases/yaml/%s/%s", folder, name);
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	for (size_t len; (len = fread(block, 1, sizeof(block), file)) > 0;)
		assert_int_equal(buffer_add(out, block, len, &err), 0);
	(void)fclose(file);
}

static bool ends_with(const char *name, const char *end)
{
	return slice_ends_with(slice_str(name), slice_str(end));
}

static void good_case(const char *name)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	read_case("good", name, &text);
	check_round_trip(buffer_str(&text));
}

static void bad_case(const char *name)
{
	char expect_name[300], message[2048];
	cleanup_buffer struct buffer text = BUFFER_INIT, expect = BUFFER_INIT;
	cleanup_arena struct arena *arena = new_arena();
	struct error err = ERROR_INIT;
	struct yaml_node *root = NULL;
	struct slice rest, line = SLICE_EMPTY;
	(void)snprintf(expect_name, sizeof(expect_name), "%s.expect", name);
	read_case("bad", name, &text);
	read_case("bad", expect_name, &expect);
	rest = buffer_slice(&expect);
	assert_true(slice_cut(&rest, '\n', &line));
	assert_int_equal(yaml_load_slice(buffer_slice(&text), name, arena, &root, &err),
		ERR_INPUT);
	error_format(&err, message, sizeof(message));
	if (slice_find(slice_str(message), line) == SIZE_MAX)
		fail_msg("%s: '%s' lacks '%.*s'", name, message, SLICE_ARG(line));
}

static void case_folder(const char *folder, void (*check)(const char *name))
{
	char path[64];
	size_t count = 0;
	(void)snprintf(path, sizeof(path), "tests/cases/yaml/%s", folder);
	DIR *directory = opendir(path);
	assert_non_null(directory);
	for (struct dirent *entry; (entry = readdir(directory));) {
		if (!ends_with(entry->d_name, ".yaml"))
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
		cmocka_unit_test(scalars_keep_their_text),
		cmocka_unit_test(positions_and_order),
		cmocka_unit_test(empty_document_is_null),
		cmocka_unit_test(refused_with_position),
		cmocka_unit_test(tabs_have_a_remedy),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(many_keys_are_unique),
		cmocka_unit_test(dump_loads_again),
		cmocka_unit_test(dump_long_keys),
		cmocka_unit_test(dump_form),
		cmocka_unit_test(dump_refuses_what_is_not_utf8),
		cmocka_unit_test(unknown_keys_are_named),
		cmocka_unit_test(expect_names_the_kind),
		cmocka_unit_test(cases),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
