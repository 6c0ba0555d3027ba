/* SPDX-License-Identifier: Apache-2.0 */
/* Packages that have the same path: whose it is in the image, and in its database. */
#include <string.h>

#include "builder/image/image.h"
#include "builder/package/apk_private.h"
#include "builder/package/installed.h"
#include "tests/unit/builder_package_support.h"

#define PACKAGES_MAX 3

/*
 * A package: "name [o:ORIGIN] [r:REPLACES] FILE…", a file "path:content", "path>target"
 * (a symlink), "path=path" (a hard link), "path/" (a directory) or "path!content" (mode
 * 0700).
 */
struct row {
	const char *packages[PACKAGES_MAX]; /* in the order of installation */
	const char *files; /* "package:path:content" in order; NULL: an error */
	const char *said;
};

static const struct row rows[] = {
	/* the same content: the first one's, whatever its mode */
	{{"x a:1", "y a:1 b:2"}, "x:a:1 y:b:2", NULL},
	{{"x a!1", "y a:1"}, "x:a:1", NULL},
	{{"x a>b", "y a>b"}, "x:a>b", NULL},
	{{"x a:1", "y b:1 a=b"}, "x:a:1 y:b:1", NULL},
	{{"x b:1 a=b", "y a:1 b:1"}, "x:a:1 x:b:1", NULL},
	/* the first replaces the second */
	{{"x r:y a:1", "y a:2 b:2"}, "x:a:1 y:b:2", NULL},
	{{"x r:y a:1", "y r:x a:2"}, "x:a:1", NULL},
	{{"x r:y a>b", "y a:2"}, "x:a>b", NULL},
	{{"x r:y o:s a:1", "y o:s a:2"}, "x:a:1", NULL},
	/* the second has the same origin, or replaces the first */
	{{"x o:s a:1", "y o:s a:2"}, "y:a:2", NULL},
	{{"x a:1", "y r:x a:2"}, "y:a:2", NULL},
	{{"x a:1 b:1", "y r:x a>b"}, "y:a>b x:b:1", NULL},
	{{"x a:1", "y r:x a:2", "z r:y a:3"}, "z:a:3", NULL},
	{{"x a:1", "y r:x a:2", "z r:x a:3"}, NULL,
		"both y and z have /a, and they differ"},
	/* names of one file, of which one is another's: each keeps its content */
	{{"x a:1 b=a", "y r:x a:2"}, "y:a:2 x:b:1", NULL},
	{{"x r:y a:1", "y a:2 b=a c=a"}, "x:a:1 y:b:2 y:c:2", NULL},
	{{"x a:1", "y a:1 b=a"}, "x:a:1 y:b:1", NULL},
	{{"x a:1 b=a", "y r:x a:2 b=a"}, "y:a:2 y:b:2", NULL},
	/* nothing settles it: only exact names, no empty origin */
	{{"x a:1", "y a:2"}, NULL,
		"installing y-1: both x and y have /a, and they differ"},
	{{"x a>b", "y a>c"}, NULL, "both x and y have /a"},
	{{"x a:1", "y a>b"}, NULL, "both x and y have /a"},
	{{"x o:s a:1", "y o:t a:2"}, NULL, "both x and y have /a"},
	{{"x r:y>0 a:1", "y a:2"}, NULL, "both x and y have /a"},
	{{"x r:other a:1", "y r:another a:2"}, NULL, "both x and y have /a"},
	/* directories are everyone's, but nobody's file is replaced by one */
	{{"x d/", "y d/ d/a:1"}, "y:d/a:1", NULL},
	{{"x r:y d/a:1", "y r:x d:2"}, NULL, "both x and y have /d"},
	{{"x r:y d:1", "y r:x d/a:2"}, NULL, "/d"},
	{{"x d>e e/", "y d/a:2"}, NULL, "/d"},
};

static void read_file(struct place *place, struct package *package, struct slice word)
{
	static const char kinds[] = ":!>=/";
	char path[32], rest[32];
	size_t len = 0;
	while (len < word.len && !strchr(kinds, word.data[len]))
		len++;
	if (len + 1 < word.len && word.data[len] == '/') /* in a folder */
		while (len < word.len && !strchr(":!>=", word.data[len]))
			len++;
	assert_true(len < word.len);
	(void)snprintf(path, sizeof(path), "%.*s", (int)len, word.data);
	(void)snprintf(rest, sizeof(rest), "%.*s", (int)(word.len - len - 1),
		word.data + len + 1);
	switch (word.data[len]) {
	case '>':
		add_link(package->tree, TREE_SYMLINK, path, rest);
		break;
	case '=':
		add_link(package->tree, TREE_HARDLINK, path, rest);
		break;
	case '/':
		add_directory(package->tree, path, 0755);
		break;
	default:
		add_file(package->tree, place->store, path, slice_str(rest),
			word.data[len] == '!' ? 0700 : 0644);
	}
}

static void read_package(struct place *place, const char *text, struct package **ret)
{
	struct error err = ERROR_INIT;
	struct slice rest = slice_str(text), word;
	struct package *package;
	assert_ok(package_new(ret, &err));
	package = *ret;
	set_text(package, &package->version, "1");
	set_text(package, &package->architecture, "x86_64");
	assert_true(slice_word(&rest, &word));
	package->name = arena_strndup(package->arena, word);
	while (slice_word(&rest, &word)) {
		const char *value =
			arena_strndup(package->arena, slice_sub(word, 2, word.len));
		if (slice_starts_with(word, SLICE("o:"))) {
			package->origin = value;
		} else if (slice_starts_with(word, SLICE("r:"))) {
			package->replaces.items =
				arena_array(package->arena, 1, sizeof(char *));
			package->replaces.items[package->replaces.count++] = value;
		} else {
			read_file(place, package, word);
		}
	}
}

/* What is there, as the rows write it; hard links as the content that they show. */
static void describe(struct place *place, const struct tree *tree, struct buffer *out)
{
	struct error err = ERROR_INIT;
	cleanup_mem const struct tree_node **nodes = NULL;
	size_t count;
	assert_ok(tree_nodes(tree, &nodes, &count, &err));
	for (size_t i = 0; i < count; i++) {
		cleanup_buffer struct buffer bytes = BUFFER_INIT;
		const struct tree_node *file = nodes[i];
		if (file->type == TREE_DIRECTORY)
			continue;
		if (file->type == TREE_HARDLINK)
			file = tree_find(tree, file->target);
		if (file->type == TREE_FILE)
			assert_ok(store_read_blob(
				place->store, &file->content, 99, &bytes, &err));
		assert_ok(buffer_printf(out, &err, "%s%s:%s%s%s", out->len ? " " : "",
			nodes[i]->package, nodes[i]->path, file->target ? ">" : ":",
			file->target ? file->target : buffer_str(&bytes)));
	}
}

/* The database lists each path once, with the checksum of what is there. */
static void check_database(
	struct package *const *packages, size_t count, const struct tree *tree)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer text = BUFFER_INIT, line = BUFFER_INIT;
	cleanup_mem const struct tree_node **nodes = NULL;
	size_t node_count, listed = 0, there = 0;
	assert_ok(installed_db_write(
		(const struct package *const *)packages, count, tree, &text, &err));
	assert_ok(tree_nodes(tree, &nodes, &node_count, &err));
	for (const char *at = buffer_str(&text); (at = strstr(at, "\nR:")); at++)
		listed++;
	for (size_t i = 0; i < node_count; i++) {
		const struct tree_node *node = nodes[i];
		if (node->type == TREE_DIRECTORY)
			continue;
		there++;
		if (node->type == TREE_HARDLINK)
			node = tree_find(tree, node->target);
		if (node->type != TREE_FILE)
			continue;
		buffer_clear(&line);
		assert_ok(buffer_add_str(&line, "\nZ:", &err));
		assert_ok(apk_add_checksum(&line, &node->sha1, &err));
		assert_non_null(strstr(buffer_str(&text), buffer_str(&line)));
	}
	assert_int_equal(listed, there);
}

static void settles(void **state)
{
	struct place *place = *state;
	for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
		const struct row *row = &rows[r];
		cleanup_buffer struct buffer out = BUFFER_INIT;
		cleanup_tree struct tree *tree = NULL;
		struct package *packages[PACKAGES_MAX] = {0};
		struct error err = ERROR_INIT;
		size_t count = 0;
		assert_ok(tree_new(&tree, &err));
		for (; count < PACKAGES_MAX && row->packages[count]; count++)
			read_package(place, row->packages[count], &packages[count]);
		int status = image_install(
			tree, (const struct package *const *)packages, count, &err);
		if (status < 0 && row->files)
			fail_msg("row %zu: %s", r, err.text);
		if (status == 0 && !row->files)
			fail_msg("row %zu is no conflict", r);
		if (status == 0) {
			describe(place, tree, &out);
			assert_string_equal(buffer_str(&out), row->files);
			check_database(packages, count, tree);
		} else {
			assert_int_equal(status, ERR_INPUT);
			if (!strstr(err.text, row->said))
				fail_msg("row %zu: %s", r, err.text);
			assert_true(err.remedy[0]);
		}
		for (size_t i = 0; i < count; i++)
			package_free(&packages[i]);
	}
}

/* ---- the links of busybox ---- */

static const struct {
	const char *package, *list; /* of /etc/busybox-paths.d/busybox; NULL: has none */
	const char *files;          /* all links but `bin`; NULL: an error */
} applets[] = {
	{"x bin/busybox:b", "bin/sh\n/bin/ls\n",
		"bin/ls>/bin/busybox bin/sh>/bin/busybox"},
	/* where a folder is a link; what is there stays; where there is no folder: none
	 */
	{"x bin>usr/bin usr/bin/busybox:b usr/bin/ls>mine usr/sbin/d:1",
		"bin/sh\nbin/ls\nusr/bin/ls\nusr/sbin/x\nno/y\nz\n\n",
		"usr/bin/ls>mine usr/bin/sh>/usr/bin/busybox "
		"usr/sbin/x>/usr/bin/busybox"},
	/* no busybox, or no list */
	{"x bin/", "bin/sh\n", ""},
	{"x bin/busybox:b", NULL, ""},
	/* what names of files in a package must not be, names of links must not be either
	 */
	{"x bin/busybox:b", "bin/../../sh\n", NULL},
	{"x bin/busybox:b", "bin//sh\n", NULL},
	{"x bin/busybox:b", "bin/s\001h\n", NULL},
};

static void describe_links(const struct tree *tree, struct buffer *out)
{
	cleanup_mem const struct tree_node **nodes = NULL;
	size_t count;
	struct error err = ERROR_INIT;
	assert_ok(tree_nodes(tree, &nodes, &count, &err));
	for (size_t i = 0; i < count; i++)
		if (nodes[i]->type == TREE_SYMLINK && strcmp(nodes[i]->path, "bin") != 0)
			assert_ok(buffer_printf(out, &err, "%s%s>%s", out->len ? " " : "",
				nodes[i]->path, nodes[i]->target));
}

static void links_applets(void **state)
{
	struct place *place = *state;
	for (size_t r = 0; r < ARRAY_LEN(applets); r++) {
		cleanup_tree struct tree *tree = NULL;
		cleanup_package struct package *package = NULL;
		cleanup_buffer struct buffer out = BUFFER_INIT;
		struct error err = ERROR_INIT;
		assert_ok(tree_new(&tree, &err));
		read_package(place, applets[r].package, &package);
		assert_ok(image_install(
			tree, (const struct package *const *)&package, 1, &err));
		if (applets[r].list)
			assert_ok(image_put_file(tree, place->store,
				"etc/busybox-paths.d/busybox", slice_str(applets[r].list),
				0644, &err));
		int status = image_add_applets(tree, place->store, &err);
		if (!applets[r].files) {
			assert_int_equal(status, ERR_INPUT);
			assert_non_null(strstr(err.text, "etc/busybox-paths.d/busybox"));
			continue;
		}
		assert_ok(status);
		describe_links(tree, &out);
		assert_string_equal(buffer_str(&out), applets[r].files);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(settles, place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(
			links_applets, place_setup, place_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
