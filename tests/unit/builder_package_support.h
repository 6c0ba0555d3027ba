/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of trees and packages share: a store in a new folder, files in it. */
#ifndef TESTS_UNIT_BUILDER_PACKAGE_SUPPORT_H
#define TESTS_UNIT_BUILDER_PACKAGE_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/store.h"
#include "builder/package/package.h"

struct place {
	char path[64];
	struct store *store;
};

UNUSED static int place_setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));
	struct error err = ERROR_INIT;
	if (!place)
		return -1;
	(void)snprintf(place->path, sizeof(place->path), "/tmp/alnage-package-XXXXXX");
	if (!mkdtemp(place->path) || store_open(place->path, &place->store, &err) < 0)
		return -1;
	*state = place;
	return 0;
}

UNUSED static int place_teardown(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	store_close(&place->store);
	int result = fs_remove_tree(AT_FDCWD, place->path, &err);
	free(place);
	return result;
}

/* Fails the test with the error's text. */
#define assert_ok(call)                                                                  \
	do {                                                                             \
		if ((call) < 0)                                                          \
			fail_msg("%s: %s", #call, err.text);                             \
	} while (0)

/* The call fails with that class, and the message contains the text. */
#define assert_refused(call, class_, text_)                                              \
	do {                                                                             \
		error_clear(&err);                                                       \
		assert_int_equal((call), (class_));                                      \
		if (!strstr(err.text, (text_)))                                          \
			fail_msg("\"%s\" does not contain \"%s\"", err.text, (text_));   \
		error_clear(&err);                                                       \
	} while (0)

UNUSED static struct tree_node file_node(
	struct store *store, const char *path, struct slice content, uint32_t mode)
{
	struct error err = ERROR_INIT;
	struct tree_node node = {.path = path,
		.type = TREE_FILE,
		.mode = mode,
		.package = "sample",
		.size = content.len};
	assert_ok(store_put_blob(store, content, &node.content, &err));
	assert_ok(digest_of(DIGEST_SHA1, content, &node.sha1, &err));
	return node;
}

UNUSED static void add_file(struct tree *tree, struct store *store, const char *path,
	struct slice content, uint32_t mode)
{
	struct error err = ERROR_INIT;
	struct tree_node node = file_node(store, path, content, mode);
	assert_ok(tree_add(tree, &node, &err));
}

UNUSED static void add_link(
	struct tree *tree, enum tree_type type, const char *path, const char *target)
{
	struct error err = ERROR_INIT;
	struct tree_node node = {.path = path,
		.type = type,
		.mode = 0777,
		.target = target,
		.package = "sample"};
	assert_ok(tree_add(tree, &node, &err));
}

UNUSED static void add_directory(struct tree *tree, const char *path, uint32_t mode)
{
	struct error err = ERROR_INIT;
	struct tree_node node = {
		.path = path, .type = TREE_DIRECTORY, .mode = mode, .package = "sample"};
	assert_ok(tree_add(tree, &node, &err));
}

UNUSED static void set_text(struct package *package, const char **field, const char *text)
{
	*field = arena_strdup(package->arena, text);
	assert_non_null(*field);
}

#endif
