/* SPDX-License-Identifier: Apache-2.0 */
/* What a package declares of its files: capabilities, modes, owners, xattrs. */
#include "builder/recipe/recipe_private.h"

/* ---- setcap ---- */

static const char *check_capability(const char *value)
{
	static const char *const allowed[] = {"cap_net_bind_service", "cap_net_admin",
		"cap_net_raw", "cap_ipc_lock", "cap_sys_admin"};
	for (size_t i = 0; i < ARRAY_LEN(allowed); i++) {
		if (strcmp(value, allowed[i]) == 0)
			return NULL;
	}
	return "may not be set by a package (allowed: cap_net_bind_service, "
	       "cap_net_admin, "
	       "cap_net_raw, cap_ipc_lock, cap_sys_admin)";
}

static const char *check_capability_flags(const char *value)
{
	const char *letters = *value == '+' || *value == '=' ? value + 1 : value;
	if (!*letters || letters[strspn(letters, "eip")])
		return "are no capability flags: +eip, +ep, …";
	return NULL;
}

static int read_setcap_item(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *node, struct recipe_package *package, size_t *capacity,
	struct error *err)
{
	struct recipe_variable *added;
	const char *path, *reason, *wrong;
	size_t count;
	if (text_get(x, rules, node, "path", text_exact, check_path_beneath, &path, err) <
			0 ||
		text_get(x, rules, node, "reason", text_free, check_text, &reason, err) <
			0 ||
		text_map_get(x, rules, node, "add", text_exact, check_capability, &added,
			&count, err) < 0)
		return err->class;
	if (!*path || !*reason || !count)
		return place_error(rules, node, err, "setcap: %s is missing",
			!*path     ? "path"
			: !*reason ? "reason"
				   : "add");
	for (size_t i = 0; i < count; i++) {
		struct recipe_setcap *item = arena_append(x->arena, &package->setcap,
			&package->setcap_count, capacity, sizeof(*item));
		if (!item)
			return error_set_memory(err);
		if ((wrong = check_capability_flags(added[i].value)))
			return place_error(rules, node, err, "setcap: '%.64s' %s",
				added[i].value, wrong);
		*item = (struct recipe_setcap){
			path, added[i].name, added[i].value, reason};
	}
	return 0;
}

static int read_setcap(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *mapping, struct recipe_package *package,
	struct error *err)
{
	const struct yaml_node *node = schema_get(mapping, "setcap");
	size_t capacity = 0;
	for (size_t i = 0; node && i < node->count; i++) {
		if (read_setcap_item(x, rules, node->items[i], package, &capacity, err) <
			0)
			return err->class;
	}
	return 0;
}

/* ---- attributes ---- */

#define OWNER_MAX (UINT32_MAX - 1) /* the last one means "no user" */

static const char *check_xattr_name(const char *value)
{
	if (strncmp(value, "user.", 5) != 0 || !value[5] || strlen(value) > 255)
		return "is no xattr that a package may have (allowed: user.…; "
		       "capabilities are declared with setcap)";
	return check_line(value);
}

/* 0o4755 or 04755, as in the paths of image recipes. */
static int read_mode(const struct text_rules *rules, const struct yaml_node *node,
	const char *text, struct recipe_attribute *attribute, struct error *err)
{
	struct error inner = ERROR_INIT;
	struct slice digits = slice_str(text);
	uint64_t mode = 0;
	if (!*text)
		return 0;
	if (slice_starts_with(digits, SLICE("0o")))
		digits = slice_sub(digits, 2, digits.len);
	else if (*text != '0')
		digits = SLICE_EMPTY;
	if (slice_parse_u64(digits, 8, 07777, &mode, &inner) < 0)
		return place_error(rules, node, err,
			"attributes: permissions '%.16s' must be octal, at most 0o7777: "
			"0o755 or 0755",
			text);
	attribute->set_mode = true;
	attribute->mode = (uint32_t)mode; /* at most 07777 */
	return 0;
}

static int read_owner(const struct text_rules *rules, const struct yaml_node *node,
	const char *text, uint32_t *ret_id, bool *ret_set, struct error *err)
{
	struct error inner = ERROR_INIT;
	uint64_t id = 0;
	if (!*text)
		return 0;
	if (slice_parse_u64(slice_str(text), 10, OWNER_MAX, &id, &inner) < 0)
		return place_error(rules, node, err,
			"attributes: '%.32s' is no number of a user or group", text);
	*ret_id = (uint32_t)id; /* at most OWNER_MAX */
	*ret_set = true;
	return 0;
}

static int check_attribute(const struct text_rules *rules, const struct yaml_node *node,
	const struct recipe_attribute *attribute, struct error *err)
{
	if (!*attribute->path)
		return place_error(rules, node, err, "attributes: path is missing");
	if (!attribute->set_mode && !attribute->set_owner && !attribute->xattr_count)
		return place_error(rules, node, err,
			"attributes: nothing is declared for '%.64s'", attribute->path);
	if ((attribute->mode & 06000) && !*attribute->reason)
		return place_error(rules, node, err,
			"attributes: reason is missing, for a set-id bit");
	return 0;
}

static int read_attribute(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *node, struct recipe_attribute *ret_attribute,
	struct error *err)
{
	struct recipe_attribute item = {0};
	const char *mode, *uid, *gid;
	if (text_get(x, rules, node, "path", text_exact, check_path_beneath, &item.path,
		    err) < 0 ||
		text_get(x, rules, node, "reason", text_free, check_text, &item.reason,
			err) < 0 ||
		text_get(x, rules, node, "permissions", text_exact, check_word, &mode,
			err) < 0 ||
		text_get(x, rules, node, "uid", text_exact, check_word, &uid, err) < 0 ||
		text_get(x, rules, node, "gid", text_exact, check_word, &gid, err) < 0 ||
		text_map_get(x, rules, node, "xattrs", text_exact, check_xattr_name,
			&item.xattrs, &item.xattr_count, err) < 0 ||
		read_mode(rules, node, mode, &item, err) < 0 ||
		read_owner(rules, node, uid, &item.uid, &item.set_owner, err) < 0 ||
		read_owner(rules, node, gid, &item.gid, &item.set_owner, err) < 0 ||
		check_attribute(rules, node, &item, err) < 0)
		return err->class;
	*ret_attribute = item;
	return 0;
}

int read_file_attributes(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *mapping, struct recipe_package *package,
	struct error *err)
{
	const struct yaml_node *node = schema_get(mapping, "attributes");
	size_t count = node ? node->count : 0;
	if (read_setcap(x, rules, mapping, package, err) < 0)
		return err->class;
	package->attributes = arena_array(x->arena, count, sizeof(*package->attributes));
	if (!package->attributes)
		return error_set_memory(err);
	for (size_t i = 0; i < count; i++, package->attribute_count++)
		if (read_attribute(
			    x, rules, node->items[i], &package->attributes[i], err) < 0)
			return err->class;
	return 0;
}
