/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "builder/source/source_private.h"
#include "builder/source/toolchain_pin_private.h"

#define LIMIT_KEYRING_BYTES (4 * MIB)

struct pinning {
	struct toolchain *toolchain;
	struct apt apt;
	struct arena *arena;
	struct map *resolved; /* names in one line -> struct resolved: groups are alike */
	struct map *base;     /* names of the base group's packages */
	struct json_t *groups, *packages;
	struct log_task *task;
};

struct resolved {
	struct toolchain_deb *debs;
	size_t count;
};

static void pinning_done(struct pinning *pinning)
{
	log_task_end(&pinning->task);
	apt_done(&pinning->apt);
	json_done(&pinning->groups);
	json_done(&pinning->packages);
	map_free(&pinning->resolved);
	map_free(&pinning->base);
	toolchain_free(&pinning->toolchain);
	arena_free(&pinning->arena);
}

/* ---- what goes to apt: nothing that could be an option, a pattern or a line more ----
 */

static int check_name(const char *name, const char *what, struct error *err)
{
	if (!toolchain_is_debian_name(name))
		return error_set(
			err, ERR_INPUT, "%s: '%s' is no Debian name", what, name);
	return 0;
}

static int check_names(const struct toolchain *toolchain, struct error *err)
{
	if (check_name(toolchain->suite, "suite", err) < 0 ||
		check_name(toolchain->component, "component", err) < 0 ||
		check_name(toolchain->architecture, "architecture", err) < 0)
		return err->class;
	for (size_t i = 0; i < toolchain->group_count; i++) {
		const struct toolchain_group *group = &toolchain->groups[i];
		for (size_t k = 0; k < group->debian.count; k++)
			if (check_name(group->debian.items[k], group->name, err) < 0)
				return err->class;
	}
	return 0;
}

/* ---- packages of a group ---- */

static bool is_omitted(const struct toolchain *toolchain, const char *name)
{
	for (size_t i = 0; i < toolchain->omit.count; i++)
		if (strcmp(toolchain->omit.items[i], name) == 0)
			return true;
	return false;
}

/* A base package is there whatever the group asks for, so both are resolved together. */
static int collect_names(const struct pinning *pinning,
	const struct toolchain_group *group, struct recipe_list *ret_names,
	struct buffer *line, struct error *err)
{
	const struct recipe_list *lists[] = {
		&pinning->toolchain->base->debian, &group->debian};
	size_t count = group == pinning->toolchain->base ? 1 : 2, at = 0;
	const char **names = arena_array(
		pinning->arena, lists[0]->count + lists[1]->count, sizeof(*names));
	if (!names)
		return error_set_memory(err);
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < lists[i]->count; k++) {
			names[at++] = lists[i]->items[k];
			if (buffer_printf(line, err, "%s ", lists[i]->items[k]) < 0)
				return err->class;
		}
	*ret_names = (struct recipe_list){names, at};
	return 0;
}

static bool is_resolved(const struct resolved *resolved, const char *name)
{
	for (size_t i = 0; i < resolved->count; i++)
		if (strcmp(resolved->debs[i].name, name) == 0)
			return true;
	return false;
}

static int resolve(struct pinning *pinning, const struct toolchain_group *group,
	struct resolved **ret_resolved, struct error *err)
{
	cleanup_buffer struct buffer line = BUFFER_INIT;
	struct recipe_list names = {0};
	if (collect_names(pinning, group, &names, &line, err) < 0)
		return err->class;
	*ret_resolved = map_get(pinning->resolved, buffer_slice(&line));
	if (*ret_resolved)
		return 0;
	struct resolved *resolved = arena_alloc(pinning->arena, sizeof(*resolved));
	if (!resolved)
		return error_set_memory(err);
	if (apt_resolve(&pinning->apt, &names, &resolved->debs, &resolved->count, err) <
			0 ||
		map_put(pinning->resolved, buffer_slice(&line), resolved, err) < 0)
		return error_wrap(err, "group %s", group->name);
	for (size_t i = 0; i < names.count; i++)
		if (!is_resolved(resolved, names.items[i]))
			return error_set(err, ERR_INPUT,
				"group %s: %s is no package of %s that can be unpacked",
				group->name, names.items[i], pinning->toolchain->suite);
	*ret_resolved = resolved;
	return 0;
}

static int add_package(
	struct pinning *pinning, const struct toolchain_deb *deb, struct error *err)
{
	char text[DIGEST_TEXT_MAX];
	json_t *package = json_object();
	(void)digest_format(&deb->digest, text);
	if (json_set(pinning->packages, deb->name, package, err) < 0 ||
		json_set(package, "path", json_string(deb->path), err) < 0 ||
		json_set(package, "sha256", json_string(text + strlen("sha256:")), err) <
			0 ||
		json_set(package, "size", json_integer((json_int_t)deb->size), err) < 0)
		return err->class;
	return json_set(package, "version", json_string(deb->version), err);
}

static int compare_debs(const void *left, const void *right)
{
	const struct toolchain_deb *a = left, *b = right;
	return strcmp(a->name, b->name);
}

static int add_group(
	struct pinning *pinning, const struct toolchain_group *group, struct error *err)
{
	struct resolved *resolved = NULL;
	json_t *names = json_array();
	if (json_set(pinning->groups, group->name, names, err) < 0 ||
		resolve(pinning, group, &resolved, err) < 0)
		return err->class;
	if (resolved->count)
		qsort(resolved->debs, resolved->count, sizeof(*resolved->debs),
			compare_debs);
	for (size_t i = 0; i < resolved->count; i++) {
		struct toolchain_deb *deb = &resolved->debs[i];
		if (is_omitted(pinning->toolchain, deb->name))
			continue;
		if (group == pinning->toolchain->base) {
			if (map_put(pinning->base, slice_str(deb->name), deb, err) < 0)
				return err->class;
		} else if (map_get_str(pinning->base, deb->name)) {
			continue;
		}
		if (json_push(names, json_string(deb->name), err) < 0 ||
			add_package(pinning, deb, err) < 0)
			return err->class;
	}
	return 0;
}

static int add_groups(struct pinning *pinning, struct error *err)
{
	struct toolchain *toolchain = pinning->toolchain;
	log_task_step(pinning->task, "group %s", toolchain->base->name);
	if (add_group(pinning, toolchain->base, err) < 0)
		return err->class;
	for (size_t i = 0; i < toolchain->group_count; i++) {
		const struct toolchain_group *group = &toolchain->groups[i];
		if (group == toolchain->base || !group->debian.count)
			continue;
		log_task_step(pinning->task, "group %s", group->name);
		if (add_group(pinning, group, err) < 0)
			return err->class;
	}
	return 0;
}

static int write_lock(struct pinning *pinning, struct buffer *lock, struct error *err)
{
	const struct toolchain *toolchain = pinning->toolchain;
	cleanup_json json_t *root = json_object();
	if (json_set(root, "architecture", json_string(toolchain->architecture), err) <
			0 ||
		json_set(root, "groups", json_incref(pinning->groups), err) < 0 ||
		json_set(root, "packages", json_incref(pinning->packages), err) < 0 ||
		json_set(root, "suite", json_string(toolchain->suite), err) < 0 ||
		json_set(root, "version", json_integer(1), err) < 0)
		return err->class;
	return json_dump(root, JSON_STYLE_NARROW, lock, err);
}

/* ---- the index ---- */

static int try_mirror(struct pinning *pinning, const char *mirror, struct store *store,
	struct slice keyring, struct error *err)
{
	cleanup_apt struct apt apt = APT_INIT;
	struct slice url = slice_str(mirror);
	if (!mirror_is_url(url))
		return error_set(
			err, ERR_INPUT, "'%s' is no http:// or https:// address", mirror);
	while (slice_ends_with(url, SLICE("/")))
		url.len--;
	apt.store = store;
	apt.arena = pinning->arena;
	if (!(apt.mirror = arena_strndup(pinning->arena, url)))
		return error_set_memory(err);
	log_task_step(pinning->task, "index of %s", apt.mirror);
	if (apt_begin(&apt, pinning->toolchain, keyring, err) < 0)
		return err->class;
	pinning->apt = apt;
	apt = APT_INIT;
	return 0;
}

/* The first mirror that has it; an index that was refused says more than one not there.
 */
static int find_index(struct pinning *pinning,
	const struct toolchain_pin_options *options, struct store *store,
	struct slice keyring, struct error *err)
{
	struct error worst = ERROR_INIT;
	for (size_t i = 0; i < options->mirror_count; i++) {
		struct error problem = ERROR_INIT;
		if (try_mirror(pinning, options->mirrors[i], store, keyring, &problem) ==
			0)
			return 0;
		if (i + 1 < options->mirror_count)
			log_warning("%s", problem.text);
		if (!error_is_set(&worst) || problem.class == ERR_REFUSED)
			worst = problem;
	}
	if (options->mirror_count) {
		*err = worst;
		return error_wrap(err, "the index of %s", pinning->toolchain->suite);
	}
	error_set(err, ERR_INPUT, "this machine's apt sources name no Debian mirror");
	return error_remedy(err, "name one with --mirror");
}

static int prepare(
	struct pinning *pinning, struct slice yaml, const char *name, struct error *err)
{
	pinning->groups = json_object();
	pinning->packages = json_object();
	if (!pinning->groups || !pinning->packages)
		return error_set_memory(err);
	if (arena_new(&pinning->arena, err) < 0 || map_new(&pinning->resolved, err) < 0 ||
		map_new(&pinning->base, err) < 0 ||
		toolchain_load_yaml(yaml, name, &pinning->toolchain, err) < 0)
		return err->class;
	return check_names(pinning->toolchain, err) < 0 ? error_wrap(err, "%s", name) : 0;
}

static int read_keyring(const char *path, struct buffer *keyring, struct error *err)
{
	if (fs_read_file(AT_FDCWD, path, LIMIT_KEYRING_BYTES, keyring, err) < 0) {
		error_remedy(err, "install debian-archive-keyring, or name Debian's keys "
				  "with --keyring");
		return error_wrap(err, "the keys of the suite");
	}
	return 0;
}

int toolchain_pin(const char *directory, const struct toolchain_pin_options *options,
	struct store *store, struct buffer *lock, struct error *err)
{
	CLEANUP(pinning_done) struct pinning pinning = {.apt = APT_INIT};
	cleanup_buffer struct buffer name = BUFFER_INIT, yaml = BUFFER_INIT,
				     keyring = BUFFER_INIT;
	cleanup_toolchain struct toolchain *check = NULL;
	if (buffer_printf(&name, err, "%s/toolchain.yaml", directory) < 0 ||
		fs_read_file(AT_FDCWD, buffer_str(&name), LIMIT_YAML_BYTES, &yaml, err) <
			0 ||
		prepare(&pinning, buffer_slice(&yaml), buffer_str(&name), err) < 0 ||
		read_keyring(options->keyring, &keyring, err) < 0)
		return err->class;
	pinning.task = log_task_begin("toolchain");
	if (find_index(&pinning, options, store, buffer_slice(&keyring), err) < 0 ||
		add_groups(&pinning, err) < 0 || write_lock(&pinning, lock, err) < 0)
		return err->class;
	log_task_done(pinning.task, "%zu packages", json_object_size(pinning.packages));
	/* whoever reads the lock must take it */
	return toolchain_load_text(buffer_slice(&yaml), buffer_str(&name),
		buffer_slice(lock), "the new lock", &check, err);
}
