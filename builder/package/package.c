/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/package/package.h"

#include "base/limits.h"

int package_new(struct package **ret_package, struct error *err)
{
	cleanup_package struct package *package = calloc(1, sizeof(*package));
	if (!package)
		return error_set_memory(err);
	if (arena_new(&package->arena, err) < 0 || tree_new(&package->tree, err) < 0)
		return err->class;
	package->name = package->version = package->architecture = "";
	package->description = package->url = package->license = "";
	package->origin = package->commit = package->maintainer = "";
	package->triggers = "";
	*ret_package = take_ptr(package);
	return 0;
}

void package_free(struct package **package)
{
	if (!*package)
		return;
	tree_free(&(*package)->tree);
	arena_free(&(*package)->arena);
	free_ptr(package);
}

int package_add_file(struct package *package, struct store *store, const char *path,
	struct slice bytes, struct error *err)
{
	struct tree_node node = {.path = path,
		.type = TREE_FILE,
		.mode = 0644,
		.size = bytes.len,
		.package = package->name};
	if (store_put_blob(store, bytes, &node.content, err) < 0 ||
		digest_of(DIGEST_SHA1, bytes, &node.sha1, err) < 0 ||
		tree_add(package->tree, &node, err) < 0)
		return err->class;
	package->installed_size += node.size; /* of limited sizes */
	return 0;
}

char *package_sbom_path(const struct package *package, struct arena *arena)
{
	return arena_printf(arena, "var/lib/db/sbom/%s-%s.spdx.json", package->name,
		package->version);
}

char *package_one_line(struct arena *arena, const char *text)
{
	struct slice rest = slice_str(text), word;
	char *line = arena_alloc(arena, rest.len + 1), *at = line;
	while (line && slice_word(&rest, &word)) {
		if (at > line)
			*at++ = ' ';
		memcpy(at, word.data, word.len);
		at += word.len; /* never longer than the text; the rest is zero */
	}
	return line;
}

int package_check_name(struct slice name, struct error *err)
{
	if (name.len == 0 || name.len > LIMIT_NAME_BYTES)
		return error_set(err, ERR_INPUT, "package name of %zu bytes", name.len);
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.data[i];
		bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9');
		if (!alnum && (i == 0 || !c || !strchr("._+-", c)))
			return error_set(err, ERR_INPUT,
				"package name \"%.*s\" is not letters, digits and ._+-",
				SLICE_ARG(name));
	}
	return 0;
}
