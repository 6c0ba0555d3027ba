/* SPDX-License-Identifier: Apache-2.0 */
/* Users and groups of an image, and who its entrypoint runs as. */
#include "base/limits.h"
#include "base/nearest.h"
#include "builder/recipe/image_recipe_private.h"

#define ACCOUNTS_MAX 1024
/* (uid_t)-1 means "no change" to the system: nobody may be called that. */
#define ID_MAX (UINT32_MAX - 1)

static bool id_parse(struct slice text, uint32_t *ret_id)
{
	struct error ignored = ERROR_INIT;
	uint64_t value;
	if (slice_parse_u64(text, 10, ID_MAX, &value, &ignored) < 0)
		return false;
	*ret_id = (uint32_t)value; /* at most ID_MAX */
	return true;
}

int image_id(const struct image_reader *r, const struct yaml_node *mapping,
	const char *key, uint32_t fallback, uint32_t *ret_id, struct error *err)
{
	const struct yaml_node *node = schema_get(mapping, key);
	*ret_id = fallback;
	if (!node || id_parse(slice_str(node->text), ret_id))
		return 0;
	return yaml_error(node, r->file, err, "%s '%.32s' is no id: 0 to %u", key,
		node->text, ID_MAX);
}

/* A field of /etc/passwd: a colon would begin the next one. */
static const char *check_passwd_path(const char *value)
{
	return strchr(value, ':') ? "holds ':'" : check_path_absolute(value);
}

static int read_user(const struct image_reader *r, const struct yaml_node *node,
	struct image_user *user, struct error *err)
{
	if (image_text(r, node, "username", check_user_name, &user->name, err) < 0 ||
		image_id(r, node, "uid", 0, &user->uid, err) < 0 ||
		image_id(r, node, "gid", user->uid, &user->gid, err) < 0 ||
		image_text(r, node, "shell", check_passwd_path, &user->shell, err) < 0 ||
		image_text(r, node, "homedir", check_passwd_path, &user->home, err) < 0)
		return err->class;
	if (!*user->name)
		return yaml_error(node, r->file, err, "accounts: 'username' is missing");
	if (user->uid == 0)
		return yaml_error(node, r->file, err,
			"accounts: user %s needs a uid other than 0", user->name);
	if (!*user->shell)
		user->shell = "/bin/sh";
	if (!*user->home)
		user->home = arena_printf(r->recipe->arena, "/home/%s", user->name);
	return user->home ? 0 : error_set_memory(err);
}

/* Few enough to compare each with each: ACCOUNTS_MAX. */
static int check_users_differ(
	const struct image_reader *r, const struct yaml_node *nodes, struct error *err)
{
	const struct image_user *users = r->recipe->users;
	for (size_t i = 0; i < r->recipe->user_count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (strcmp(users[i].name, users[j].name) != 0 &&
				users[i].uid != users[j].uid)
				continue;
			return yaml_error(nodes->items[i], r->file, err,
				"accounts: user %s has the name or uid of user %s",
				users[i].name, users[j].name);
		}
	}
	return 0;
}

static int read_users(
	const struct image_reader *r, const struct yaml_node *accounts, struct error *err)
{
	const struct yaml_node *nodes = schema_get(accounts, "users");
	struct image_recipe *recipe = r->recipe;
	size_t count = nodes ? nodes->count : 0;
	if (count > ACCOUNTS_MAX)
		return yaml_error(
			nodes, r->file, err, "more than %d users", ACCOUNTS_MAX);
	if (!(recipe->users = arena_array(recipe->arena, count, sizeof(*recipe->users))))
		return error_set_memory(err);
	for (size_t i = 0; i < count; i++) {
		if (read_user(r, nodes->items[i], &recipe->users[i], err) < 0)
			return err->class;
	}
	recipe->user_count = count;
	return check_users_differ(r, nodes, err);
}

static int read_group(const struct image_reader *r, const struct yaml_node *node,
	struct image_group *group, struct error *err)
{
	if (image_text(r, node, "groupname", check_user_name, &group->name, err) < 0 ||
		image_id(r, node, "gid", ID_MAX, &group->gid, err) < 0)
		return err->class;
	if (!*group->name)
		return yaml_error(node, r->file, err, "accounts: 'groupname' is missing");
	if (!schema_get(node, "gid"))
		return yaml_error(node, r->file, err, "accounts: group %s needs a gid",
			group->name);
	return image_texts(r, node, "members", check_user_name, &group->members, err);
}

static int read_groups(
	const struct image_reader *r, const struct yaml_node *accounts, struct error *err)
{
	const struct yaml_node *nodes = schema_get(accounts, "groups");
	struct image_recipe *recipe = r->recipe;
	size_t count = nodes ? nodes->count : 0;
	if (count > ACCOUNTS_MAX)
		return yaml_error(
			nodes, r->file, err, "more than %d groups", ACCOUNTS_MAX);
	if (!(recipe->groups =
			    arena_array(recipe->arena, count, sizeof(*recipe->groups))))
		return error_set_memory(err);
	for (size_t i = 0; i < count; i++) {
		if (read_group(r, nodes->items[i], &recipe->groups[i], err) < 0)
			return err->class;
		for (size_t j = 0; j < i; j++) {
			if (strcmp(recipe->groups[i].name, recipe->groups[j].name) == 0 ||
				recipe->groups[i].gid == recipe->groups[j].gid)
				return yaml_error(nodes->items[i], r->file, err,
					"accounts: group %s has the name or gid of group "
					"%s",
					recipe->groups[i].name, recipe->groups[j].name);
		}
	}
	recipe->group_count = count;
	return 0;
}

/* ---- run-as ---- */

static const struct image_user *user_find(
	const struct image_recipe *recipe, struct slice name)
{
	uint32_t uid;
	bool number = id_parse(name, &uid);
	for (size_t i = 0; i < recipe->user_count; i++) {
		const struct image_user *user = &recipe->users[i];
		if (number ? user->uid == uid : slice_equal_str(name, user->name))
			return user;
	}
	return NULL;
}

static bool group_resolve(
	const struct image_recipe *recipe, struct slice name, uint32_t *ret_gid)
{
	if (id_parse(name, ret_gid))
		return true;
	for (size_t i = 0; i < recipe->group_count; i++) {
		if (!slice_equal_str(name, recipe->groups[i].name))
			continue;
		*ret_gid = recipe->groups[i].gid;
		return true;
	}
	*ret_gid = 0;
	return slice_equal_str(name, "root");
}

/* A user of accounts, "root", or any number. */
static bool user_resolve(struct image_recipe *recipe, struct slice name)
{
	const struct image_user *user = user_find(recipe, name);
	if (user) {
		recipe->run_uid = user->uid;
		recipe->run_gid = user->gid;
		return true;
	}
	return id_parse(name, &recipe->run_uid) || slice_equal_str(name, "root");
}

static int unknown_account(const struct image_reader *r, const struct yaml_node *node,
	struct slice name, struct error *err)
{
	const char *known[ACCOUNTS_MAX + 2];
	char hint[NEAREST_HINT_MAX];
	char *text = arena_strndup(r->recipe->arena, name);
	size_t count = 0;
	if (!text)
		return error_set_memory(err);
	for (; count < r->recipe->user_count; count++)
		known[count] = r->recipe->users[count].name;
	known[count] = NULL;
	return yaml_error(node, r->file, err,
		"run-as: '%.64s' is not among the accounts%s", text,
		nearest_hint(text, known, hint));
}

static int resolve_run_as(
	const struct image_reader *r, const struct yaml_node *accounts, struct error *err)
{
	const struct yaml_node *node = schema_get(accounts, "run-as");
	struct image_recipe *recipe = r->recipe;
	struct slice rest = slice_str(recipe->run_as), user;
	bool with_group = slice_has_byte(rest, ':');
	if (!rest.len)
		return 0;
	(void)slice_cut(&rest, ':', &user); /* there is something to cut */
	if (!user_resolve(recipe, user))
		return unknown_account(r, node, user, err);
	if (with_group && !group_resolve(recipe, rest, &recipe->run_gid))
		return unknown_account(r, node, rest, err);
	return 0;
}

int image_accounts_read(const struct image_reader *r, struct error *err)
{
	const struct yaml_node *accounts = schema_get(r->root, "accounts");
	if (read_users(r, accounts, err) < 0 || read_groups(r, accounts, err) < 0 ||
		image_text(r, accounts, "run-as", check_word, &r->recipe->run_as, err) <
			0)
		return err->class;
	return resolve_run_as(r, accounts, err);
}
