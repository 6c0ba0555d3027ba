/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "builder/image/image.h"

#define ACCOUNT_FILE_MAX (1 * MIB)

int image_put_file(struct tree *tree, struct store *store, const char *path,
	struct slice content, uint32_t mode, struct error *err)
{
	const struct tree_node *there = tree_find(tree, path);
	struct tree_node node = {
		.path = path, .type = TREE_FILE, .mode = mode, .package = ""};
	if (there && there->type == TREE_FILE) {
		node.mode = there->mode;
		node.uid = there->uid;
		node.gid = there->gid;
	}
	node.size = content.len;
	if (store_put_blob(store, content, &node.content, err) < 0 ||
		digest_of(DIGEST_SHA1, content, &node.sha1, err) < 0)
		return err->class;
	return tree_set(tree, &node, err);
}

/* The text of a file in the tree, with a final newline; empty if it is not there. */
static int read_text(const struct tree *tree, struct store *store, const char *path,
	struct buffer *out, struct error *err)
{
	const struct tree_node *node = tree_find(tree, path);
	if (!node || node->type != TREE_FILE || !node->size)
		return 0;
	if (store_read_blob(store, &node->content, ACCOUNT_FILE_MAX, out, err) < 0)
		return error_wrap(err, "/%s", path);
	return out->data[out->len - 1] == '\n' ? 0 : buffer_add_byte(out, '\n', err);
}

/* Is there a line "name:…"? */
static bool has_entry(const struct buffer *text, const char *name)
{
	struct slice rest = buffer_slice(text), line, field;
	while (slice_cut(&rest, '\n', &line))
		if (slice_cut(&line, ':', &field) && slice_equal_str(field, name))
			return true;
	return false;
}

static int add_user(struct tree *tree, const struct image_user *user,
	struct buffer *passwd, struct error *err)
{
	if (!has_entry(passwd, user->name) &&
		buffer_printf(passwd, err, "%s:x:%u:%u:%s:%s:%s\n", user->name, user->uid,
			user->gid, user->name, user->home, user->shell) < 0)
		return err->class;
	const char *home = user->home + (*user->home == '/');
	if (!*home || tree_resolve(tree, home, NULL, NULL))
		return 0;
	struct tree_node node = {.path = home,
		.type = TREE_DIRECTORY,
		.mode = 0700,
		.uid = user->uid,
		.gid = user->gid,
		.package = ""};
	return tree_add(tree, &node, err);
}

static int add_group(
	const struct image_group *group, struct buffer *text, struct error *err)
{
	if (has_entry(text, group->name))
		return 0;
	if (buffer_printf(text, err, "%s:x:%u:", group->name, group->gid) < 0)
		return err->class;
	for (size_t i = 0; i < group->members.count; i++)
		if (buffer_printf(
			    text, err, "%s%s", i ? "," : "", group->members.items[i]) < 0)
			return err->class;
	return buffer_add_byte(text, '\n', err);
}

int image_add_accounts(struct tree *tree, const struct image_recipe *recipe,
	struct store *store, struct error *err)
{
	cleanup_buffer struct buffer passwd = BUFFER_INIT, group = BUFFER_INIT;
	if (!recipe->user_count && !recipe->group_count)
		return 0;
	if (read_text(tree, store, "etc/passwd", &passwd, err) < 0 ||
		read_text(tree, store, "etc/group", &group, err) < 0)
		return err->class;
	for (size_t i = 0; i < recipe->user_count; i++)
		if (add_user(tree, &recipe->users[i], &passwd, err) < 0)
			return error_wrap(err, "user %s", recipe->users[i].name);
	for (size_t i = 0; i < recipe->group_count; i++)
		if (add_group(&recipe->groups[i], &group, err) < 0)
			return error_wrap(err, "group %s", recipe->groups[i].name);
	if (image_put_file(tree, store, "etc/passwd", buffer_slice(&passwd), 0644, err) <
		0)
		return err->class;
	return image_put_file(tree, store, "etc/group", buffer_slice(&group), 0644, err);
}
