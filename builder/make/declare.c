/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/make/declare.h"

#include "builder/package/capability.h"

/* Recipes write "/usr/bin/x" and "usr/bin/x". */
static const char *relative(const char *path)
{
	return path + strspn(path, "/");
}

static bool said_before(const struct recipe_package *package, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(relative(package->setcap[i].path),
			    relative(package->setcap[at].path)) == 0)
			return true;
	return false;
}

static int add_capabilities(const struct recipe_package *package, size_t at,
	struct arena *arena, struct package_declared *declared, struct error *err)
{
	struct capability sum = CAPABILITY_NONE;
	const char *path = relative(package->setcap[at].path);
	uint8_t *value = arena_alloc(arena, CAPABILITY_BYTES);
	if (!value)
		return error_set_memory(err);
	for (size_t i = at; i < package->setcap_count; i++) {
		const struct recipe_setcap *item = &package->setcap[i];
		if (strcmp(relative(item->path), path) == 0 &&
			capability_add(&sum, slice_str(item->capability),
				slice_str(item->flags), err) < 0)
			return error_wrap(err, "setcap of %s", item->path);
	}
	capability_encode(&sum, value);
	*declared = (struct package_declared){.path = path,
		.xattr = CAPABILITY_XATTR,
		.value = slice_from(value, CAPABILITY_BYTES)};
	return 0;
}

/* One declaration for mode and owner, one for each xattr. */
static size_t add_attribute(
	const struct recipe_attribute *attribute, struct package_declared *declared)
{
	size_t count = 0;
	const char *path = relative(attribute->path);
	if (attribute->set_mode || attribute->set_owner)
		declared[count++] = (struct package_declared){.path = path,
			.set_mode = attribute->set_mode,
			.set_owner = attribute->set_owner,
			.mode = attribute->mode,
			.uid = attribute->uid,
			.gid = attribute->gid};
	for (size_t i = 0; i < attribute->xattr_count; i++)
		declared[count++] = (struct package_declared){.path = path,
			.xattr = attribute->xattrs[i].name,
			.value = slice_str(attribute->xattrs[i].value)};
	return count;
}

int declare_attributes(const struct recipe_package *package, struct arena *arena,
	struct package_collect_options *ret_options, struct error *err)
{
	size_t count = 0, room = package->setcap_count;
	for (size_t i = 0; i < package->attribute_count; i++)
		room += 1 + package->attributes[i].xattr_count;
	struct package_declared *declared = arena_array(arena, room, sizeof(*declared));
	if (!declared)
		return error_set_memory(err);
	for (size_t i = 0; i < package->setcap_count; i++)
		if (!said_before(package, i) &&
			add_capabilities(package, i, arena, &declared[count++], err) < 0)
			return err->class;
	for (size_t i = 0; i < package->attribute_count; i++)
		count += add_attribute(&package->attributes[i], &declared[count]);
	*ret_options = (struct package_collect_options){
		.declared = declared, .declared_count = count};
	return 0;
}

int declare_check(const struct package_collect_options *options, const struct tree *tree,
	struct error *err)
{
	for (size_t i = 0; i < options->declared_count; i++) {
		const struct package_declared *declared = &options->declared[i];
		const struct tree_node *node = tree_find(tree, declared->path);
		if (!node || node->type == TREE_FILE || node->type == TREE_HARDLINK)
			continue;
		if (declared->xattr && strcmp(declared->xattr, CAPABILITY_XATTR) == 0)
			return error_set(err, ERR_INPUT,
				"setcap of %s: capabilities are for regular files",
				declared->path);
		if (node->type == TREE_SYMLINK)
			return error_set(err, ERR_INPUT,
				"attributes of %s: it is a symbolic link",
				declared->path);
	}
	return 0;
}
