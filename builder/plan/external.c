/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/external_private.h"

#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "builder/recipe/image_recipe.h"
#include "signing/key.h"

#define PACKAGE_MAX (4 * GIB) /* what the index says bounds each one */

void external_free(struct external **pointer)
{
	struct external *external = *pointer;
	size_t at = 0;
	void *value;
	*pointer = NULL;
	if (!external)
		return;
	while (external->by_version &&
		map_next(external->by_version, &at, NULL, &value)) {
		struct external_entry *entry = value;
		package_free(&entry->package);
	}
	for (size_t i = 0; i < external->key_count; i++)
		key_free(&external->keys[i]);
	for (size_t i = 0; i < external->index_count; i++)
		package_index_free(&external->indexes[i]);
	map_free(&external->by_version);
	map_free(&external->by_name);
	http_client_free(&external->places.client);
	buffer_done(&external->inputs);
	arena_free(&external->arena);
	free(external);
}

/* ---- files whose digest nobody knows beforehand: keys and indexes ---- */

static int add_input(struct external *external, const char *location,
	const struct digest *blob, struct error *err)
{
	char text[DIGEST_TEXT_MAX];
	return buffer_printf(
		&external->inputs, err, "%s %s\n", digest_format(blob, text), location);
}

/* Without the network: what was remembered last. */
static int load(struct external *external, const char *location, uint64_t max,
	struct external_note *ret_known, bool *ret_is_known, struct digest *ret_blob,
	struct error *err)
{
	struct store *store = external->options.store;
	if (external_recall(store, location, ret_known, ret_is_known, err) < 0)
		return err->class;
	if (external->places.offline && external_is_remote(location) && *ret_is_known &&
		store_has_blob(store, &ret_known->blob))
		*ret_blob = ret_known->blob;
	else if (external_fetch(&external->places, location, max, ret_blob, err) < 0)
		return err->class;
	return add_input(external, location, ret_blob, err);
}

static int check_role(const struct trust *trust, const struct key *key, struct error *err)
{
	const struct trust_entry *entry = trust_find_key(trust, key);
	char why[TRUST_REASON_MAX];
	if (!entry)
		return error_set(err, ERR_REFUSED, "is not in the trust file");
	if (!(entry->roles & TRUST_PACKAGE))
		return error_set(err, ERR_REFUSED,
			"'%s' in the trust file has no role 'package'", entry->name);
	if (!trust_entry_is_valid(entry, clock_now(), why))
		return error_set(
			err, ERR_REFUSED, "'%s' in the trust file %s", entry->name, why);
	return 0;
}

static int load_key(struct external *external, const char *location, struct error *err)
{
	cleanup_buffer struct buffer pem = BUFFER_INIT;
	struct external_note note = {0};
	bool known;
	size_t at = external->key_count;
	const char *slash = strrchr(location, '/');
	if (load(external, location, LIMIT_KEY_BYTES, &note, &known, &note.blob, err) <
			0 ||
		store_read_blob(external->options.store, &note.blob, LIMIT_KEY_BYTES,
			&pem, err) < 0 ||
		key_from_pem(buffer_slice(&pem), &external->keys[at], err) < 0)
		return error_wrap(err, "key %s", location);
	external->key_count++; /* from here on freed with the others */
	if (external->options.trust &&
		check_role(external->options.trust, external->keys[at], err) < 0)
		return error_wrap(err, "key %s", location);
	external->trusted[at] =
		(struct apk_trusted_key){.name = slash ? slash + 1 : location,
			.key = external->keys[at],
			.sha1 = external->options.accept_sha1};
	note.date = 0;
	return external_is_remote(location)
		       ? external_remember(external->options.store, location, &note, err)
		       : 0;
}

static int load_keys(
	struct external *external, const struct external_lists *lists, struct error *err)
{
	size_t count = lists->key_count;
	external->keys = arena_array(external->arena, count, sizeof(struct key *));
	external->trusted =
		arena_array(external->arena, count, sizeof(*external->trusted));
	if (!external->keys || !external->trusted)
		return error_set_memory(err);
	for (size_t i = 0; i < count; i++)
		if (load_key(external, lists->keyring[i], err) < 0)
			return err->class;
	return 0;
}

/* ---- indexes ---- */

static int64_t newest_date(const struct package_index *index)
{
	int64_t newest = 0;
	for (size_t i = 0; i < index->count; i++)
		if (index->entries[i].build_date > newest)
			newest = index->entries[i].build_date;
	return newest;
}

/* A signed index of last year still has a good signature, and last year's holes. */
static int check_newer(const struct external *external, const char *location,
	const struct external_note *known, int64_t date, struct error *err)
{
	cleanup_mem char *path = NULL;
	if (date >= known->date)
		return 0;
	if (external_note_path(external->options.store, location, &path, err) < 0)
		return err->class;
	error_set(err, ERR_REFUSED,
		"%s is older than the one seen before: its newest package is of %lld, "
		"not %lld",
		location, (long long)date, (long long)known->date);
	return error_remedy(err, "if it was put back on purpose, remove %s", path);
}

static int add_provider(struct external *external, struct slice name,
	struct external_entry *entry, struct error *err)
{
	struct provider *provider = arena_alloc(external->arena, sizeof(*provider));
	if (!provider)
		return error_set_memory(err);
	*provider = (struct provider){
		.entry = entry, .next = map_get(external->by_name, name)};
	return map_put(external->by_name, name, provider, err);
}

/* What one of our recipes makes nobody else provides, in whatever version. */
static void drop_our_names(const struct external *external, struct package_list *provides)
{
	size_t kept = 0;
	if (!external->options.catalog)
		return;
	for (size_t i = 0; i < provides->count; i++) {
		const struct recipe_package *ours = NULL;
		struct slice rest = slice_str(provides->items[i]), name;
		if (slice_cut(&rest, '=', &name) &&
			catalog_find_name(external->options.catalog, name, NULL, &ours) &&
			slice_equal_str(name, ours->name))
			continue;
		provides->items[kept++] = provides->items[i];
	}
	provides->count = kept;
}

static int add_entry(struct external *external, const struct index_entry *entry,
	const char *folder, struct error *err)
{
	const char *key = external_version_key(external->arena, entry);
	if (!key)
		return error_set_memory(err);
	if ((strcmp(entry->architecture, external->options.architecture) != 0 &&
		    strcmp(entry->architecture, "noarch") != 0) ||
		(external->options.catalog &&
			catalog_find(external->options.catalog, entry->name, NULL)) ||
		map_get_str(external->by_version, key))
		return 0;
	struct external_entry *added = arena_alloc(external->arena, sizeof(*added));
	if (!added)
		return error_set_memory(err);
	*added = (struct external_entry){.entry = entry, .folder = folder};
	if (map_put(external->by_version, slice_str(key), added, err) < 0 ||
		add_provider(external, slice_str(entry->name), added, err) < 0)
		return err->class;
	for (size_t i = 0; i < entry->provides.count; i++) {
		struct slice rest = slice_str(entry->provides.items[i]), name;
		if (slice_cut(&rest, '=', &name) &&
			add_provider(external, name, added, err) < 0)
			return err->class;
	}
	if (!entry->install_if.count)
		return 0;
	struct external_entry **slot = arena_append(external->arena, &external->following,
		&external->following_count, &external->following_capacity, sizeof(*slot));
	if (!slot)
		return error_set_memory(err);
	*slot = added;
	return 0;
}

static int read_index(struct external *external, const char *location,
	const struct digest *blob, struct package_index **ret_index, struct error *err)
{
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	if (store_read_blob(
		    external->options.store, blob, LIMIT_INDEX_BYTES, &bytes, err) < 0)
		return err->class;
	return package_index_read(buffer_slice(&bytes), location, external->trusted,
		external->key_count, ret_index, err);
}

/* REPOSITORY/ARCH */
static const char *folder_of(const struct external *external, struct slice repository)
{
	while (repository.len > 1 && repository.data[repository.len - 1] == '/')
		repository.len--;
	return arena_printf(external->arena, "%.*s/%s", SLICE_ARG(repository),
		external->options.architecture);
}

static int load_repository(
	struct external *external, const char *repository, struct error *err)
{
	struct store *store = external->options.store;
	struct external_note known = {0}, note;
	bool is_known = false;
	struct slice tag, url;
	image_repository_split(repository, &tag, &url);
	const char *folder = folder_of(external, url),
		   *tag_text = arena_strndup(external->arena, tag);
	const char *location =
		folder ? arena_printf(external->arena, "%s/APKINDEX.tar.gz", folder)
		       : NULL;
	if (!location || !tag_text)
		return error_set_memory(err);
	struct package_index **index = &external->indexes[external->index_count];
	if (load(external, location, LIMIT_INDEX_BYTES, &known, &is_known, &note.blob,
		    err) < 0 ||
		read_index(external, location, &note.blob, index, err) < 0)
		return err->class;
	external->index_count++;
	note.date = newest_date(*index);
	if ((is_known && check_newer(external, location, &known, note.date, err) < 0) ||
		external_remember(store, location, &note, err) < 0)
		return err->class;
	for (size_t i = 0; i < (*index)->count; i++) {
		struct index_entry *entry = &(*index)->entries[i];
		entry->tag = tag_text;
		drop_our_names(external, &entry->provides);
		if (add_entry(external, entry, folder, err) < 0)
			return err->class;
	}
	return 0;
}

static int load_all(
	struct external *external, const struct external_lists *lists, struct error *err)
{
	size_t count = lists->repository_count;
	external->indexes =
		arena_array(external->arena, count, sizeof(struct package_index *));
	if (!external->indexes)
		return error_set_memory(err);
	if (count == 0)
		return 0;
	if (!lists->key_count) {
		error_set(err, ERR_INPUT,
			"repositories without a keyring: nothing would vouch for their "
			"packages");
		return error_remedy(err, "name the repository's public key in "
					 "contents.keyring or with --keyring");
	}
	if (load_keys(external, lists, err) < 0)
		return err->class;
	for (size_t i = 0; i < count; i++)
		if (load_repository(external, lists->repositories[i], err) < 0)
			return error_wrap(err, "repository %s", lists->repositories[i]);
	/* its connections are not for the processes that we become: each makes its own */
	http_client_free(&external->places.client);
	return 0;
}

int external_open(const struct external_lists *lists,
	const struct external_options *options, struct external **ret_external,
	struct error *err)
{
	cleanup_external struct external *external = calloc(1, sizeof(*external));
	if (!external)
		return error_set_memory(err);
	external->options = *options;
	external->places = (struct external_places){
		.store = options->store, .offline = options->sources->offline};
	if (arena_new(&external->arena, err) < 0 ||
		map_new(&external->by_version, err) < 0 ||
		map_new(&external->by_name, err) < 0 ||
		load_all(external, lists, err) < 0 ||
		digest_of(DIGEST_SHA256, buffer_slice(&external->inputs),
			&external->digest, err) < 0)
		return err->class;
	*ret_external = take_ptr(external);
	return 0;
}

const struct digest *external_digest(const struct external *external)
{
	return &external->digest;
}

int external_add(
	const struct external *external, struct package_index *index, struct error *err)
{
	size_t at = 0;
	void *value;
	while (map_next(external->by_version, &at, NULL, &value)) {
		const struct external_entry *entry = value;
		if (package_index_add_entry(index, entry->entry, err) < 0)
			return err->class;
	}
	return 0;
}

/* ---- one package ---- */

static int check_package(
	const struct package *package, const struct index_entry *entry, struct error *err)
{
	if (strcmp(package->name, entry->name) == 0 &&
		strcmp(package->version, entry->version) == 0 &&
		strcmp(package->architecture, entry->architecture) == 0 &&
		package->file_size == entry->size)
		return 0;
	return error_set(err, ERR_REFUSED,
		"it is %s-%s for %s of %llu bytes, not what the index says",
		package->name, package->version, package->architecture,
		(unsigned long long)package->file_size);
}

static int read_package(struct external *external, const struct external_entry *entry,
	const struct digest *blob, struct package **ret_package, struct error *err)
{
	struct apk_read_options options = {.control_sha1 = &entry->entry->control_sha1};
	cleanup_package struct package *package = NULL;
	if (apk_read(external->options.store, blob, &options, &package, err) < 0 ||
		check_package(package, entry->entry, err) < 0)
		return err->class;
	*ret_package = take_ptr(package);
	return 0;
}

/* What was verified before is verified again: it costs little. */
static int get_package(
	struct external *external, struct external_entry *entry, struct error *err)
{
	struct store *store = external->options.store;
	char hex[DIGEST_TEXT_MAX];
	struct external_note note = {0};
	bool known = false;
	if (!digest_is_set(&entry->entry->control_sha1))
		return error_set(err, ERR_REFUSED, "the index has no checksum of it");
	if (entry->entry->size == 0 || entry->entry->size > PACKAGE_MAX)
		return error_set(err, ERR_INPUT, "%llu bytes are no size for a package",
			(unsigned long long)entry->entry->size);
	const char *name = arena_printf(external->arena, "%s\n%s", entry->address,
		digest_format(&entry->entry->control_sha1, hex));
	if (!name)
		return error_set_memory(err);
	if (external_recall(store, name, &note, &known, err) < 0)
		return err->class;
	if (known && store_has_blob(store, &note.blob))
		return read_package(external, entry, &note.blob, &entry->package, err);
	if (external_fetch(&external->places, entry->address, entry->entry->size,
		    &note.blob, err) < 0 ||
		read_package(external, entry, &note.blob, &entry->package, err) < 0)
		return err->class;
	return external_remember(store, name, &note, err);
}

int external_get(struct external *external, const struct index_entry *wanted,
	const struct package **ret_package, const char **ret_address, struct error *err)
{
	struct external_entry *entry = external_find_entry(external, wanted);
	if (!entry)
		return error_set(err, ERR_INPUT, "%s-%s is in no repository",
			wanted->name, wanted->version);
	entry->address = arena_printf(external->arena, "%s/%s-%s.apk", entry->folder,
		wanted->name, wanted->version);
	if (!entry->address)
		return error_set_memory(err);
	if (!entry->package && get_package(external, entry, err) < 0)
		return error_wrap(err, "package %s", entry->address);
	*ret_package = entry->package;
	*ret_address = entry->address;
	return 0;
}
