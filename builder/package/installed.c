/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/package/installed.h"

#include <inttypes.h>

#include "base/tar.h"
#include "builder/package/apk_private.h"

/* ---- the head of a record ---- */

static int add_line(struct buffer *out, char key, const char *value, struct error *err)
{
	if (!*value)
		return 0;
	if (apk_check_value(slice_str(value), "installed database", err) < 0)
		return err->class;
	return buffer_printf(out, err, "%c:%s\n", key, value);
}

static int add_number(struct buffer *out, char key, uint64_t value, struct error *err)
{
	return value ? buffer_printf(out, err, "%c:%" PRIu64 "\n", key, value) : 0;
}

static int add_list(
	struct buffer *out, char key, const struct package_list *list, struct error *err)
{
	for (size_t i = 0; i < list->count; i++) {
		if (apk_check_value(
			    slice_str(list->items[i]), "installed database", err) < 0 ||
			(i == 0 && buffer_printf(out, err, "%c:", key) < 0) ||
			(i > 0 && buffer_add_byte(out, ' ', err) < 0) ||
			buffer_add_str(out, list->items[i], err) < 0)
			return err->class;
	}
	return list->count > 0 ? buffer_add_byte(out, '\n', err) : 0;
}

static int add_checksum_line(
	struct buffer *out, char key, const struct digest *sha1, struct error *err)
{
	if (!digest_is_set(sha1))
		return 0;
	if (buffer_printf(out, err, "%c:", key) < 0 ||
		apk_add_checksum(out, sha1, err) < 0)
		return err->class;
	return buffer_add_byte(out, '\n', err);
}

/* The order of apk-tools. */
static int add_head(struct buffer *out, const struct package *package, struct error *err)
{
	uint64_t date = package->build_date > 0 ? (uint64_t)package->build_date : 0;
	if (apk_check_package(package, err) < 0 ||
		add_checksum_line(out, 'C', &package->control_sha1, err) < 0 ||
		add_line(out, 'P', package->name, err) < 0 ||
		add_line(out, 'V', package->version, err) < 0 ||
		add_line(out, 'A', package->architecture, err) < 0 ||
		add_number(out, 'S', package->file_size, err) < 0 ||
		add_number(out, 'I', package->installed_size, err) < 0 ||
		add_line(out, 'T', package->description, err) < 0 ||
		add_line(out, 'U', package->url, err) < 0 ||
		add_line(out, 'L', package->license, err) < 0 ||
		add_line(out, 'o', package->origin, err) < 0 ||
		add_line(out, 'm', package->maintainer, err) < 0 ||
		add_number(out, 't', date, err) < 0 ||
		add_line(out, 'c', package->commit, err) < 0 ||
		add_number(out, 'k', package->provider_priority, err) < 0 ||
		add_list(out, 'D', &package->depends, err) < 0 ||
		add_list(out, 'p', &package->provides, err) < 0 ||
		add_list(out, 'i', &package->install_if, err) < 0 ||
		add_list(out, 'r', &package->replaces, err) < 0)
		return err->class;
	return add_number(out, 'q', package->replaces_priority, err);
}

/* ---- files ---- */

struct files {
	const struct package *package;
	const struct tree *image;
	const struct tree_node **nodes; /* of the package, canonical order */
	size_t count;
	struct buffer *out;
};

/* Is path directly in the directory ("" is the root)? */
static bool is_child(const char *path, const char *directory)
{
	size_t len = strlen(directory);
	if (len > 0 && (strncmp(path, directory, len) != 0 || path[len] != '/'))
		return false;
	return !strchr(path + (len > 0 ? len + 1 : 0), '/');
}

static int add_attributes(struct buffer *out, char key, const struct tree_node *node,
	uint32_t usual, struct error *err)
{
	if (node->mode == usual && node->uid == 0 && node->gid == 0)
		return 0;
	return buffer_printf(
		out, err, "%c:%u:%u:%o\n", key, node->uid, node->gid, node->mode);
}

static int packaged_sha1(const struct files *files, const struct tree_node *node,
	struct digest *ret_sha1, struct error *err)
{
	const struct tree_node *file = node;
	if (node->type == TREE_SYMLINK)
		return digest_of(DIGEST_SHA1, slice_str(node->target), ret_sha1, err);
	if (node->type == TREE_HARDLINK)
		file = tree_find(files->package->tree, node->target);
	if (!file)
		return error_set(err, ERR_BUG, "%s: link to nothing", node->path);
	*ret_sha1 = file->sha1;
	return 0;
}

static int add_file(struct files *files, const struct tree_node *node, struct error *err)
{
	struct digest sha1;
	const struct tree_node *now = tree_find(files->image, node->path);
	if (!now || now->type == TREE_DIRECTORY ||
		strcmp(now->package, files->package->name) != 0)
		return 0;
	if (buffer_printf(files->out, err, "R:%s\n",
		    strrchr(node->path, '/') ? strrchr(node->path, '/') + 1
					     : node->path) < 0 ||
		add_attributes(files->out, 'a', now, 0644, err) < 0 ||
		packaged_sha1(files, node, &sha1, err) < 0)
		return err->class;
	return add_checksum_line(files->out, 'Z', &sha1, err);
}

/* All that is directly in a directory; nodes[from…] begin with what is below it. */
static int add_children(
	struct files *files, size_t from, const char *directory, struct error *err)
{
	size_t len = strlen(directory);
	for (size_t i = from; i < files->count; i++) {
		const struct tree_node *node = files->nodes[i];
		if (len > 0 && (strncmp(node->path, directory, len) != 0 ||
				       node->path[len] != '/'))
			break; /* canonical order: all behind it is elsewhere */
		if (node->type != TREE_DIRECTORY && is_child(node->path, directory) &&
			add_file(files, node, err) < 0)
			return err->class;
	}
	return 0;
}

static int add_root(struct files *files, struct error *err)
{
	size_t before = files->out->len;
	if (buffer_add_str(files->out, "F:\n", err) < 0)
		return err->class;
	size_t after = files->out->len;
	if (add_children(files, 0, "", err) < 0)
		return err->class;
	if (files->out->len == after) { /* nothing is there: no line for it */
		files->out->len = before;
		files->out->data[before] = '\0';
	}
	return 0;
}

static int add_files(struct files *files, struct error *err)
{
	if (add_root(files, err) < 0)
		return err->class;
	for (size_t i = 0; i < files->count; i++) {
		const struct tree_node *node = files->nodes[i];
		const struct tree_node *now =
			node->type == TREE_DIRECTORY ? tree_find(files->image, node->path)
						     : NULL;
		if (!now || now->type != TREE_DIRECTORY)
			continue;
		if (buffer_printf(files->out, err, "F:%s\n", node->path) < 0 ||
			add_attributes(files->out, 'M', now, 0755, err) < 0 ||
			add_children(files, i + 1, node->path, err) < 0)
			return err->class;
	}
	return 0;
}

int installed_db_write(const struct package *const *packages, size_t count,
	const struct tree *image_tree, struct buffer *out, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		cleanup_mem const struct tree_node **nodes = NULL;
		struct files files = {
			.package = packages[i], .image = image_tree, .out = out};
		if (tree_nodes(packages[i]->tree, &nodes, &files.count, err) < 0)
			return err->class;
		files.nodes = nodes;
		if (add_head(out, packages[i], err) < 0 || add_files(&files, err) < 0 ||
			buffer_add_byte(out, '\n', err) < 0)
			return error_wrap(
				err, "database record of %s", packages[i]->name);
	}
	return 0;
}

/* ---- triggers, world, scripts ---- */

int installed_triggers_write(const struct package *const *packages, size_t count,
	const struct tree *image_tree, struct buffer *out, struct error *err)
{
	(void)image_tree;
	for (size_t i = 0; i < count; i++) {
		struct slice paths = slice_str(packages[i]->triggers), path;
		if (slice_trim(paths).len == 0)
			continue;
		if (apk_check_value(paths, "triggers", err) < 0 ||
			apk_add_checksum(out, &packages[i]->control_sha1, err) < 0)
			return error_wrap(err, "triggers of %s", packages[i]->name);
		while (slice_word(&paths, &path))
			if (buffer_add_byte(out, ' ', err) < 0 ||
				buffer_add_slice(out, path, err) < 0)
				return err->class;
		if (buffer_add_byte(out, '\n', err) < 0)
			return err->class;
	}
	return 0;
}

static int name_order(const void *a, const void *b)
{
	const struct package *const *left = a, *const *right = b;
	return strcmp((*left)->name, (*right)->name);
}

int installed_world_write(const struct package *const *packages, size_t count,
	const struct tree *image_tree, struct buffer *out, struct error *err)
{
	(void)image_tree;
	cleanup_mem const struct package **sorted = calloc(count + 1, sizeof(*sorted));
	if (!sorted)
		return error_set_memory(err);
	for (size_t i = 0; i < count; i++)
		sorted[i] = packages[i];
	qsort(sorted, count, sizeof(*sorted), name_order);
	for (size_t i = 0; i < count; i++)
		if (apk_check_package(sorted[i], err) < 0 ||
			buffer_printf(out, err, "%s=%s\n", sorted[i]->name,
				sorted[i]->version) < 0)
			return err->class;
	return 0;
}

static int add_script(struct buffer *out, const struct package *package,
	const struct package_script *script, int64_t mtime, struct error *err)
{
	cleanup_buffer struct buffer path = BUFFER_INIT;
	if (buffer_printf(&path, err, "%s-%s.", package->name, package->version) < 0 ||
		apk_add_checksum(&path, &package->control_sha1, err) < 0 ||
		buffer_add_str(&path, script->name, err) < 0)
		return err->class;
	struct tar_entry entry = {.type = TAR_FILE,
		.path = buffer_str(&path),
		.mode = 0755,
		.uname = "root",
		.gname = "root",
		.mtime = mtime};
	return tar_add_file(out, &entry, slice_str(script->text), err);
}

int installed_scripts_write(const struct package *const *packages, size_t count,
	int64_t mtime, struct buffer *out, struct error *err)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < packages[i]->script_count; j++)
			if (add_script(out, packages[i], &packages[i]->scripts[j], mtime,
				    err) < 0)
				return error_wrap(
					err, "scripts of %s", packages[i]->name);
	return tar_add_end(out, err);
}
