/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "builder/package/apk_private.h"
#include "builder/package/index.h"

#define LINES_MAX 100000

struct info {
	struct package *package;
	struct digest *data;
	unsigned seen; /* bits of the keys that may come once */
	size_t depends_room, provides_room, replaces_room, install_if_room;
};

static int set_text(
	struct info *info, const char **field, struct slice value, struct error *err)
{
	*field = arena_strndup(info->package->arena, value);
	return *field ? 0 : error_set_memory(err);
}

static int add_item(struct info *info, struct package_list *list, size_t *room,
	struct slice value, struct error *err)
{
	struct atom atom;
	if (atom_parse(value, &atom, err) < 0)
		return err->class;
	char *text = arena_strndup(info->package->arena, value);
	const char **item = text ? arena_append(info->package->arena, &list->items,
					   &list->count, room, sizeof(*item))
				 : NULL;
	if (!item)
		return error_set_memory(err);
	*item = text;
	return 0;
}

static int add_items(struct info *info, struct package_list *list, size_t *room,
	struct slice value, struct error *err)
{
	struct slice word;
	while (slice_word(&value, &word))
		if (add_item(info, list, room, word, err) < 0)
			return err->class;
	return 0;
}

/* One line per licence that applies; they apply together. */
static int add_license(struct info *info, struct slice value, struct error *err)
{
	struct package *package = info->package;
	char *text = *package->license ? arena_printf(package->arena, "%s AND %.*s",
						 package->license, SLICE_ARG(value))
				       : arena_strndup(package->arena, value);
	if (!text)
		return error_set_memory(err);
	package->license = text;
	return 0;
}

static int set_time(struct info *info, struct slice value, struct error *err)
{
	uint64_t time;
	if (slice_parse_u64(value, 10, INT64_MAX, &time, err) < 0)
		return err->class;
	info->package->build_date = (int64_t)time; /* at most INT64_MAX */
	return 0;
}

enum info_key {
	KEY_NAME,
	KEY_VERSION,
	KEY_ARCH,
	KEY_SIZE,
	KEY_ORIGIN,
	KEY_DESCRIPTION,
	KEY_URL,
	KEY_COMMIT,
	KEY_MAINTAINER,
	KEY_DATE,
	KEY_PROVIDER_PRIORITY,
	KEY_REPLACES_PRIORITY,
	KEY_TRIGGERS,
	KEY_DATAHASH, /* up to here: once */
	KEY_LICENSE,
	KEY_DEPEND,
	KEY_PROVIDES,
	KEY_REPLACES,
	KEY_INSTALL_IF,
	KEY_UNKNOWN,
};

static enum info_key find_key(struct slice text)
{
	static const char *const names[] = {[KEY_NAME] = "pkgname",
		[KEY_VERSION] = "pkgver",
		[KEY_ARCH] = "arch",
		[KEY_SIZE] = "size",
		[KEY_ORIGIN] = "origin",
		[KEY_DESCRIPTION] = "pkgdesc",
		[KEY_URL] = "url",
		[KEY_COMMIT] = "commit",
		[KEY_MAINTAINER] = "maintainer",
		[KEY_DATE] = "builddate",
		[KEY_PROVIDER_PRIORITY] = "provider_priority",
		[KEY_REPLACES_PRIORITY] = "replaces_priority",
		[KEY_TRIGGERS] = "triggers",
		[KEY_DATAHASH] = "datahash",
		[KEY_LICENSE] = "license",
		[KEY_DEPEND] = "depend",
		[KEY_PROVIDES] = "provides",
		[KEY_REPLACES] = "replaces",
		[KEY_INSTALL_IF] = "install_if"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_equal_str(text, names[i]))
			return (enum info_key)i; /* the indices are the keys */
	return KEY_UNKNOWN;
}

static int apply(
	struct info *info, enum info_key key, struct slice value, struct error *err)
{
	struct package *package = info->package;
	switch (key) {
	case KEY_NAME:
		return set_text(info, &package->name, value, err);
	case KEY_VERSION:
		return set_text(info, &package->version, value, err);
	case KEY_ARCH:
		return set_text(info, &package->architecture, value, err);
	case KEY_SIZE:
		return slice_parse_u64(
			value, 10, INT64_MAX, &package->installed_size, err);
	case KEY_ORIGIN:
		return set_text(info, &package->origin, value, err);
	case KEY_DESCRIPTION:
		return set_text(info, &package->description, value, err);
	case KEY_URL:
		return set_text(info, &package->url, value, err);
	case KEY_COMMIT:
		return set_text(info, &package->commit, value, err);
	case KEY_MAINTAINER:
		return set_text(info, &package->maintainer, value, err);
	case KEY_DATE:
		return set_time(info, value, err);
	case KEY_PROVIDER_PRIORITY:
		return slice_parse_u64(
			value, 10, UINT32_MAX, &package->provider_priority, err);
	case KEY_REPLACES_PRIORITY:
		return slice_parse_u64(
			value, 10, UINT32_MAX, &package->replaces_priority, err);
	case KEY_TRIGGERS:
		return set_text(info, &package->triggers, value, err);
	case KEY_DATAHASH:
		return digest_parse_hex(DIGEST_SHA256, value, info->data, err);
	case KEY_LICENSE:
		return add_license(info, value, err);
	case KEY_DEPEND:
		return add_items(
			info, &package->depends, &info->depends_room, value, err);
	case KEY_PROVIDES:
		return add_items(
			info, &package->provides, &info->provides_room, value, err);
	case KEY_REPLACES:
		return add_items(
			info, &package->replaces, &info->replaces_room, value, err);
	case KEY_INSTALL_IF:
		return add_items(
			info, &package->install_if, &info->install_if_room, value, err);
	case KEY_UNKNOWN:
		break;
	}
	return 0;
}

static int read_line(struct info *info, struct slice line, struct error *err)
{
	struct slice key_text, rest = line;
	if (line.len == 0 || line.data[0] == '#')
		return 0;
	if (apk_check_value(line, ".PKGINFO", err) < 0)
		return err->class;
	if (!slice_has_byte(line, '=') || !slice_cut(&rest, '=', &key_text))
		return error_set(err, ERR_INPUT, "\"%.*s\" is not \"key = value\"",
			SLICE_ARG(line));
	enum info_key key = find_key(slice_trim(key_text));
	if (key <= KEY_DATAHASH) {
		if (info->seen & (1u << key))
			return error_set(err, ERR_INPUT, "%.*s is there twice",
				SLICE_ARG(slice_trim(key_text)));
		info->seen |= 1u << key;
	}
	if (apply(info, key, slice_trim(rest), err) < 0)
		return error_wrap(err, "%.*s", SLICE_ARG(slice_trim(key_text)));
	return 0;
}

int pkginfo_read(struct slice text, struct package *package, struct digest *ret_data,
	struct error *err)
{
	struct digest data = {0};
	struct info info = {.package = package, .data = &data};
	struct slice rest = text, line;
	for (unsigned number = 1; slice_cut(&rest, '\n', &line); number++) {
		if (number > LINES_MAX)
			return error_set(err, ERR_INPUT, ".PKGINFO: more than %d lines",
				LINES_MAX);
		if (read_line(&info, line, err) < 0)
			return error_wrap(err, ".PKGINFO: line %u", number);
	}
	if (apk_check_package(package, err) < 0)
		return error_wrap(err, ".PKGINFO");
	*ret_data = data;
	return 0;
}
