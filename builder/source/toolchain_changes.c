/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "base/json.h"
#include "builder/source/toolchain.h"

/* ---- packages ---- */

static json_t *version_of(const json_t *package)
{
	json_t *version = json_object_get(package, "version");
	return version ? json_incref(version) : json_null();
}

static int tell_package(
	const json_t *before, const json_t *after, json_t *change, struct error *err)
{
	if (json_set(change, "from", version_of(before), err) < 0)
		return err->class;
	return json_set(change, "to", version_of(after), err);
}

/* ---- groups ---- */

static bool has(const json_t *names, const json_t *name)
{
	size_t index;
	json_t *item;
	json_array_foreach (names, index, item)
		if (json_equal(item, name))
			return true;
	return false;
}

/* What `names` has and `others` has not. */
static int add_others(const json_t *names, const json_t *others, json_t *change,
	const char *key, struct error *err)
{
	json_t *list = json_array(), *item;
	size_t index;
	if (json_set(change, key, list, err) < 0)
		return err->class;
	json_array_foreach (names, index, item)
		if (!has(others, item) && json_push(list, json_incref(item), err) < 0)
			return err->class;
	return 0;
}

static int tell_group(
	const json_t *before, const json_t *after, json_t *change, struct error *err)
{
	if (add_others(after, before, change, "added", err) < 0)
		return err->class;
	return add_others(before, after, change, "removed", err);
}

/* ---- both ---- */

/* How one differs; NULL: it is not there. */
typedef int teller(
	const json_t *before, const json_t *after, json_t *change, struct error *err);

static int compare(const json_t *from, const json_t *to, const char *name,
	json_t *changes, teller *tell, struct error *err)
{
	const json_t *before = json_object_get(from, name),
		     *after = json_object_get(to, name);
	if (before && after && json_equal(before, after))
		return 0;
	json_t *change = json_object();
	if (json_set(changes, name, change, err) < 0)
		return err->class;
	return tell(before, after, change, err);
}

static int compare_objects(const json_t *from, const json_t *to, const char *key,
	json_t *changes, teller *tell, struct error *err)
{
	json_t *before = json_object_get(from, key), *after = json_object_get(to, key);
	json_t *some = json_object(), *value;
	const char *name;
	if (json_set(changes, key, some, err) < 0)
		return err->class;
	json_object_foreach (before, name, value)
		if (compare(before, after, name, some, tell, err) < 0)
			return err->class;
	json_object_foreach (after, name, value)
		if (!json_object_get(before, name) &&
			compare(before, after, name, some, tell, err) < 0)
			return err->class;
	return 0;
}

int toolchain_compare_locks(struct slice from, const char *from_name, struct slice to,
	struct json_t **ret_changes, struct error *err)
{
	cleanup_json json_t *before = NULL, *after = NULL, *changes = json_object();
	if (!changes)
		return error_set_memory(err);
	if (from.len == 0)
		from = SLICE("{}");
	if (json_load_slice(from, from_name, &before, err) < 0 ||
		json_load_slice(to, "the new lock", &after, err) < 0 ||
		compare_objects(before, after, "groups", changes, tell_group, err) < 0 ||
		compare_objects(before, after, "packages", changes, tell_package, err) <
			0)
		return err->class;
	*ret_changes = changes;
	changes = NULL;
	return 0;
}
