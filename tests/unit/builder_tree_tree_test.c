/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "tests/unit/builder_package_support.h"

struct fixture {
	struct tree *tree;
	struct error err;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	*state = f;
	return f && tree_new(&f->tree, &f->err) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	tree_free(&f->tree);
	free(f);
	return 0;
}

static struct tree_node node_of(enum tree_type type, const char *path, const char *target)
{
	struct tree_node node = {.type = type,
		.path = path,
		.mode = 0755,
		.target = target,
		.package = "p"};
	if (type == TREE_FILE) {
		node.content = (struct digest){.algorithm = DIGEST_SHA256, .len = 32};
		node.size = 1;
		node.content.bytes[0] = (uint8_t)path[0];
	}
	return node;
}

static int add(
	struct fixture *f, enum tree_type type, const char *path, const char *target)
{
	struct tree_node node = node_of(type, path, target);
	return tree_add(f->tree, &node, &f->err);
}

static void test_paths(void **state)
{
	(void)state;
	static const struct {
		const char *path, *why; /* why NULL: good */
	} cases[] = {{"a", NULL}, {"usr/lib/x.so.1", NULL}, {"a b", NULL},
		{"gr\xc3\xbc\xc3\x9f", NULL}, {"...", NULL}, {"a/..b", NULL},
		{".hidden", NULL}, {"", "is empty"}, {"/a", "absolute"},
		{"a/", "ends with a slash"}, {"a//b", "empty component"},
		{".", "component \".\""}, {"a/./b", "component \".\""},
		{"..", "component \"..\""}, {"a/../b", "component \"..\""},
		{"../a", "component \"..\""}, {"a\nb", "printable"},
		{"a\x7f", "printable"}, {"\xff", "UTF-8"}, {"\xc0\xaf", "UTF-8"},
		{"\xed\xa0\x80", "UTF-8"}, {".wh.x", "whiteout"},
		{"a/.wh..wh..opq", "whiteout"}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct error err = ERROR_INIT;
		int result = tree_check_path(slice_str(cases[i].path), &err);
		assert_int_equal(result, cases[i].why ? ERR_INPUT : 0);
		if (cases[i].why && !strstr(err.text, cases[i].why))
			fail_msg("%s: %s", cases[i].path, err.text);
	}
}

static void test_path_limits(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer path = BUFFER_INIT;
	for (int i = 0; i < LIMIT_NAME_BYTES; i++)
		assert_ok(buffer_add_byte(&path, 'n', &err));
	assert_ok(tree_check_path(buffer_slice(&path), &err));
	assert_ok(buffer_add_byte(&path, 'n', &err));
	assert_refused(
		tree_check_path(buffer_slice(&path), &err), ERR_INPUT, "256 bytes");
	buffer_clear(&path);
	for (int i = 0; i < LIMIT_PATH_DEPTH - 1; i++)
		assert_ok(buffer_add_str(&path, "d/", &err));
	assert_ok(buffer_add_byte(&path, 'd', &err));
	assert_ok(tree_check_path(buffer_slice(&path), &err));
	assert_ok(buffer_add_str(&path, "/d", &err));
	assert_refused(tree_check_path(buffer_slice(&path), &err), ERR_INPUT, "deeper");
	assert_refused(
		tree_check_path(slice_from("a\0b", 3), &err), ERR_INPUT, "printable");
}

static void test_order(void **state)
{
	(void)state;
	/* '-' and ' ' come before '/', but "a" comes before all of them */
	static const char *const sorted[] = {
		"a", "a/b", "a/b/c", "a b", "a-b", "a.b", "ab", "b", "b\xc3\xbc"};
	for (size_t i = 0; i < ARRAY_LEN(sorted); i++)
		for (size_t j = 0; j < ARRAY_LEN(sorted); j++)
			assert_int_equal(
				tree_path_compare(sorted[i], sorted[j]), i == j  ? 0
									 : i < j ? -1
										 : 1);
}

static void test_parents(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(add(f, TREE_FILE, "usr/share/x/y", NULL), 0);
	assert_int_equal(tree_count(f->tree), 4);
	const struct tree_node *node = tree_find(f->tree, "usr/share");
	assert_int_equal(node->type, TREE_DIRECTORY);
	assert_int_equal(node->mode, 0755);
	/* made on the way: whoever names it decides; a second one does not */
	struct tree_node directory = {.path = "usr/share",
		.type = TREE_DIRECTORY,
		.mode = 0700,
		.package = "p"};
	assert_int_equal(tree_add(f->tree, &directory, &f->err), 0);
	assert_int_equal(node->mode, 0700);
	directory.mode = 0711;
	assert_int_equal(tree_add(f->tree, &directory, &f->err), 0);
	assert_int_equal(node->mode, 0700);
	assert_int_equal(tree_set(f->tree, &directory, &f->err), 0);
	assert_int_equal(node->mode, 0711);
}

static void test_refusals(void **state)
{
	struct fixture *f = *state;
#define err f->err
	assert_int_equal(add(f, TREE_FILE, "file", NULL), 0);
	assert_int_equal(add(f, TREE_SYMLINK, "link", "file"), 0);
	assert_refused(add(f, TREE_FILE, "file", NULL), ERR_INPUT, "already");
	assert_refused(add(f, TREE_DIRECTORY, "file", NULL), ERR_INPUT, "already");
	assert_refused(
		add(f, TREE_FILE, "file/x", NULL), ERR_INPUT, "file is not a directory");
	assert_refused(
		add(f, TREE_FILE, "link/x", NULL), ERR_INPUT, "link is not a directory");
	assert_refused(
		add(f, TREE_HARDLINK, "h", "nothing"), ERR_INPUT, "no regular file");
	assert_refused(add(f, TREE_HARDLINK, "h", "link"), ERR_INPUT, "no regular file");
	assert_refused(add(f, TREE_HARDLINK, "h", "h"), ERR_INPUT, "itself");
	assert_refused(add(f, TREE_HARDLINK, "h", "../file"), ERR_INPUT, "\"..\"");
	assert_refused(add(f, TREE_SYMLINK, "s", ""), ERR_INPUT, "target of 0 bytes");
	assert_refused(add(f, TREE_SYMLINK, "s", "a\nb"), ERR_INPUT, "printable");
	assert_refused(add(f, TREE_DIRECTORY, "d", "x"), ERR_INPUT, "has a target");
	assert_refused(
		tree_remove(f->tree, "absent", &err), ERR_INPUT, "not in the tree");
#undef err
	assert_int_equal(tree_count(f->tree), 2);
}

static void test_xattrs(void **state)
{
	struct fixture *f = *state;
	struct tree_node node = node_of(TREE_FILE, "x", NULL);
	struct tree_xattr xattrs[] = {{"user.b", SLICE("2")}, {"user.a", SLICE("1")}};
	node.xattrs = xattrs;
	node.xattr_count = 2;
	assert_int_equal(tree_add(f->tree, &node, &f->err), 0);
	const struct tree_node *kept = tree_find(f->tree, "x");
	assert_string_equal(kept->xattrs[0].name, "user.a");
	assert_true(slice_equal(kept->xattrs[1].value, SLICE("2")));
#define err f->err
	node.path = "y";
	xattrs[1].name = "user.b";
	assert_refused(tree_add(f->tree, &node, &err), ERR_INPUT, "twice");
	xattrs[1].name = "user=x";
	assert_refused(tree_add(f->tree, &node, &err), ERR_INPUT, "xattr name");
#undef err
}

/* Whatever the order they come in: the first name is the file. */
static void test_links_in_any_order(void **state)
{
	(void)state;
	static const char *const orders[][3] = {
		{"a", "b", "c"}, {"c", "b", "a"}, {"b", "c", "a"}, {"b", "a", "c"}};
	for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
		struct fixture f = {0};
		assert_int_equal(tree_new(&f.tree, &f.err), 0);
		struct tree_node file = node_of(TREE_FILE, orders[i][0], NULL);
		file.mode = 04711;
		file.uid = 7;
		assert_int_equal(tree_add(f.tree, &file, &f.err), 0);
		assert_int_equal(add(&f, TREE_HARDLINK, orders[i][1], orders[i][0]), 0);
		assert_int_equal(add(&f, TREE_HARDLINK, orders[i][2], orders[i][1]), 0);
		const struct tree_node *a = tree_find(f.tree, "a");
		assert_int_equal(a->type, TREE_FILE);
		assert_true(digest_equal(&a->content, &file.content));
		assert_int_equal(a->size, 1);
		for (const char *name = "b"; name; name = *name == 'b' ? "c" : NULL) {
			const struct tree_node *link = tree_find(f.tree, name);
			assert_int_equal(link->type, TREE_HARDLINK);
			assert_string_equal(link->target, "a");
			assert_int_equal(link->mode, 04711);
			assert_int_equal(link->uid, 7);
			assert_false(digest_is_set(&link->content));
		}
		tree_free(&f.tree);
	}
}

static void test_link_inherits(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(add(f, TREE_FILE, "d/a", NULL), 0);
	assert_int_equal(add(f, TREE_HARDLINK, "d/b", "d/a"), 0);
	assert_int_equal(add(f, TREE_HARDLINK, "y", "d/a"), 0);
	assert_int_equal(add(f, TREE_HARDLINK, "x", "d/a"), 0);
	struct digest content = tree_find(f->tree, "d/a")->content;
	assert_int_equal(tree_remove(f->tree, "d", &f->err), 0);
	assert_int_equal(tree_count(f->tree), 2);
	assert_null(tree_find(f->tree, "d/b"));
	const struct tree_node *x = tree_find(f->tree, "x");
	assert_int_equal(x->type, TREE_FILE);
	assert_true(digest_equal(&x->content, &content));
	assert_null(x->target);
	assert_string_equal(tree_find(f->tree, "y")->target, "x");
	assert_int_equal(tree_remove(f->tree, "y", &f->err), 0);
	assert_int_equal(tree_remove(f->tree, "x", &f->err), 0);
	assert_int_equal(tree_count(f->tree), 0);
}

static void test_set_on_links(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(add(f, TREE_FILE, "a", NULL), 0);
	assert_int_equal(add(f, TREE_HARDLINK, "b", "a"), 0);
	assert_int_equal(add(f, TREE_HARDLINK, "c", "a"), 0);
	/* attributes are of the inode */
	struct tree_node link = *tree_find(f->tree, "b");
	link.mode = 0600;
	assert_int_equal(tree_set(f->tree, &link, &f->err), 0);
	assert_int_equal(tree_find(f->tree, "a")->mode, 0600);
	assert_int_equal(tree_find(f->tree, "c")->mode, 0600);
	struct tree_node file = *tree_find(f->tree, "a");
	file.mode = 0640;
	assert_int_equal(tree_set(f->tree, &file, &f->err), 0);
	assert_int_equal(tree_find(f->tree, "b")->mode, 0640);
	assert_int_equal(tree_find(f->tree, "b")->type, TREE_HARDLINK);
	/* other content is another file */
	file.content.bytes[1] = 1;
	assert_int_equal(tree_set(f->tree, &file, &f->err), 0);
	assert_int_equal(tree_find(f->tree, "a")->content.bytes[1], 1);
	assert_int_equal(tree_find(f->tree, "b")->type, TREE_FILE);
	assert_int_equal(tree_find(f->tree, "b")->content.bytes[1], 0);
	assert_string_equal(tree_find(f->tree, "c")->target, "b");
	/* and back into the group, which takes the first name again */
	struct tree_node again = node_of(TREE_HARDLINK, "a", "c");
	assert_int_equal(tree_set(f->tree, &again, &f->err), 0);
	assert_int_equal(tree_find(f->tree, "a")->type, TREE_FILE);
	assert_int_equal(tree_find(f->tree, "a")->content.bytes[1], 0);
	assert_string_equal(tree_find(f->tree, "b")->target, "a");
	assert_string_equal(tree_find(f->tree, "c")->target, "a");
}

static void test_replace(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(add(f, TREE_FILE, "d/x", NULL), 0);
	struct tree_node symlink = node_of(TREE_SYMLINK, "d", "e");
#define err f->err
	assert_refused(tree_set(f->tree, &symlink, &err), ERR_INPUT, "files in it");
#undef err
	assert_int_equal(tree_remove(f->tree, "d/x", &f->err), 0);
	assert_int_equal(tree_set(f->tree, &symlink, &f->err), 0);
	assert_int_equal(tree_find(f->tree, "d")->mode, 0777);
	struct tree_node file = node_of(TREE_FILE, "d", NULL);
	assert_int_equal(tree_set(f->tree, &file, &f->err), 0);
	assert_int_equal(tree_find(f->tree, "d")->size, 1);
	assert_int_equal(tree_count(f->tree), 1);
}

static void count_passed(void *context, const struct tree_node *symlink)
{
	assert_int_equal(symlink->type, TREE_SYMLINK);
	(*(unsigned *)context)++;
}

static void test_resolve(void **state)
{
	struct fixture *f = *state;
	static const char *const links[][2] = {{"bin", "usr/bin"}, {"lib64", "/usr/lib"},
		{"usr/bin/sh", "busybox"}, {"up", "../../../usr"},
		{"usr/lib/l.so", "../lib/l.so.1"}, {"loop", "loop"}, {"ping", "pong"},
		{"pong", "ping"}, {"lost", "nowhere/x"}, {"root", "/"},
		{"dot", "./usr/./lib/"}};
	assert_int_equal(add(f, TREE_FILE, "usr/bin/busybox", NULL), 0);
	assert_int_equal(add(f, TREE_FILE, "usr/lib/l.so.1", NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(links); i++)
		assert_int_equal(add(f, TREE_SYMLINK, links[i][0], links[i][1]), 0);
	static const struct {
		const char *path, *leads; /* NULL: nowhere */
		unsigned passed;
	} cases[] = {{"/bin/sh", "usr/bin/busybox", 2}, {"bin", "usr/bin", 1},
		{"lib64/l.so", "usr/lib/l.so.1", 2},
		{"up/bin/busybox", "usr/bin/busybox", 1},
		{"usr/bin/../lib/l.so.1", "usr/lib/l.so.1", 0},
		{"bin/../lib/l.so.1", "usr/lib/l.so.1", 1}, {"../../usr", "usr", 0},
		{"root/usr", "usr", 1}, {"dot/l.so", "usr/lib/l.so.1", 2},
		{"loop", NULL, 41}, {"ping", NULL, 41}, {"lost", NULL, 1},
		{"usr/bin/busybox/x", NULL, 0}, {"usr/bin/busybox/..", NULL, 0},
		{"nothing", NULL, 0}, {"/", NULL, 0}, {"", NULL, 0}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		unsigned passed = 0;
		const struct tree_node *node =
			tree_resolve(f->tree, cases[i].path, count_passed, &passed);
		if (!node != !cases[i].leads)
			fail_msg("%s", cases[i].path);
		if (node)
			assert_string_equal(node->path, cases[i].leads);
		assert_int_equal(passed, cases[i].passed);
	}
	assert_string_equal(tree_find(f->tree, "bin")->path, "bin");
}

static void test_nodes_sorted(void **state)
{
	struct fixture *f = *state;
	static const char *const paths[] = {"z", "a-b/x", "a/z", "a/b/c", "b"};
	static const char *const sorted[] = {
		"a", "a/b", "a/b/c", "a/z", "a-b", "a-b/x", "b", "z"};
	cleanup_mem const struct tree_node **nodes = NULL;
	size_t count;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		assert_int_equal(add(f, TREE_FILE, paths[i], NULL), 0);
	assert_int_equal(tree_nodes(f->tree, &nodes, &count, &f->err), 0);
	assert_int_equal(count, ARRAY_LEN(sorted));
	for (size_t i = 0; i < count; i++)
		assert_string_equal(nodes[i]->path, sorted[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_path_limits),
		cmocka_unit_test(test_order),
		cmocka_unit_test_setup_teardown(test_parents, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_xattrs, setup, teardown),
		cmocka_unit_test(test_links_in_any_order),
		cmocka_unit_test_setup_teardown(test_link_inherits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_set_on_links, setup, teardown),
		cmocka_unit_test_setup_teardown(test_replace, setup, teardown),
		cmocka_unit_test_setup_teardown(test_resolve, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nodes_sorted, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
