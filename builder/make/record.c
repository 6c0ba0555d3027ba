/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/make/record.h"

#include <jansson.h>

#include "base/json.h"
#include "base/limits.h"
#include "builder/package/listing.h"

#define RECORD_PACKAGES_MAX 10000

void made_free(struct made **made)
{
	if (*made) {
		struct arena *arena = (*made)->arena;
		for (size_t i = 0; i < (*made)->package_count; i++)
			package_free(&(*made)->packages[i]);
		arena_free(&arena);
	}
	*made = NULL;
}

/* ---- saving ---- */

static int push_listing(const struct package *package, json_t *list, struct store *store,
	struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	struct digest digest;
	char hex[DIGEST_TEXT_MAX];
	if (listing_write(package, &text, err) < 0 ||
		store_put_blob(store, buffer_slice(&text), &digest, err) < 0)
		return err->class;
	return json_push(list, json_string(digest_format(&digest, hex)), err);
}

static int push_source(const struct made_source *source, json_t *list, struct error *err)
{
	cleanup_json json_t *item = json_object();
	char hex[DIGEST_TEXT_MAX];
	if (json_set(item, "uri", json_string(source->uri), err) < 0 ||
		json_set(item, "url", json_string(source->url), err) < 0 ||
		json_set(item, "pool", json_string(source->pool_path), err) < 0 ||
		json_set(item, "commit", json_string(source->commit), err) < 0 ||
		json_set(item, "digest", json_string(digest_format(&source->digest, hex)),
			err) < 0 ||
		json_set(item, "size", json_integer((json_int_t)source->size), err) < 0)
		return err->class;
	return json_push(list, take_ptr(item), err);
}

static int push_prebuilt(
	const struct made_prebuilt *prebuilt, json_t *list, struct error *err)
{
	cleanup_json json_t *item = json_object();
	char hex[DIGEST_TEXT_MAX];
	if (json_set(item, "name", json_string(prebuilt->name), err) < 0 ||
		json_set(item, "version", json_string(prebuilt->version), err) < 0 ||
		json_set(item, "architecture", json_string(prebuilt->architecture), err) <
			0 ||
		json_set(item, "url", json_string(prebuilt->address), err) < 0 ||
		json_set(item, "digest",
			json_string(digest_format(&prebuilt->digest, hex)), err) < 0)
		return err->class;
	return json_push(list, take_ptr(item), err);
}

int make_record_save(const struct made *made, struct store *store, struct error *err)
{
	cleanup_json json_t *record = json_object(), *packages = json_array(),
			    *sources = json_array(), *prebuilt = json_array();
	cleanup_buffer struct buffer text = BUFFER_INIT;
	char hex[DIGEST_TEXT_MAX];
	for (size_t i = 0; i < made->package_count; i++)
		if (push_listing(made->packages[i], packages, store, err) < 0)
			return err->class;
	for (size_t i = 0; i < made->source_count; i++)
		if (push_source(&made->sources[i], sources, err) < 0)
			return err->class;
	for (size_t i = 0; i < made->prebuilt_count; i++)
		if (push_prebuilt(&made->prebuilt[i], prebuilt, err) < 0)
			return err->class;
	if (made->prebuilt_count &&
		json_set(record, "prebuilt", take_ptr(prebuilt), err) < 0)
		return err->class;
	if (json_set(record, "recipe", json_string(made->item->recipe->name), err) < 0 ||
		json_set(record, "packages", take_ptr(packages), err) < 0 ||
		json_set(record, "sources", take_ptr(sources), err) < 0 ||
		json_set(record, "sandbox", json_string(made->sandbox_tier), err) < 0 ||
		json_set(record, "milliseconds",
			json_integer((json_int_t)(made->seconds * 1000)), err) < 0 ||
		json_dump(record, JSON_STYLE_COMPACT, &text, err) < 0)
		return err->class;
	return store_put_record(store, RECORD_FOLDER,
		digest_format_hex(&made->item->input_key, hex), buffer_slice(&text), err);
}

/* ---- loading ---- */

static int load_package(const char *digest_text, struct made *made, struct store *store,
	bool *ret_complete, struct error *err)
{
	struct digest digest;
	cleanup_buffer struct buffer text = BUFFER_INIT;
	cleanup_package struct package *package = NULL;
	if (digest_parse(slice_str(digest_text), &digest, err) < 0)
		return err->class;
	*ret_complete = false;
	if (!store_has_blob(store, &digest))
		return 0;
	if (store_read_blob(store, &digest, LIMIT_JSON_BYTES, &text, err) < 0 ||
		listing_read(buffer_slice(&text), digest_text, &package, err) < 0)
		return err->class;
	if (!store_has_blob(store, &package->file))
		return 0;
	made->packages[made->package_count++] = take_ptr(package);
	*ret_complete = true;
	return 0;
}

static int load_packages(const json_t *record, struct made *made, struct store *store,
	bool *ret_complete, struct error *err)
{
	json_t *list;
	if (json_get_array(
		    record, "packages", "record", RECORD_PACKAGES_MAX, &list, err) < 0)
		return err->class;
	made->packages =
		arena_array(made->arena, json_array_size(list), sizeof(struct package *));
	if (!made->packages)
		return error_set_memory(err);
	*ret_complete = true;
	for (size_t i = 0; i < json_array_size(list) && *ret_complete; i++) {
		const char *digest = json_string_value(json_array_get(list, i));
		if (load_package(digest ? digest : "", made, store, ret_complete, err) <
			0)
			return err->class;
	}
	return 0;
}

static int load_source(const json_t *item, struct made *made, struct error *err)
{
	struct made_source *source = &made->sources[made->source_count];
	const char *uri, *url, *pool, *digest, *commit = "";
	if (json_get_string(item, "uri", "source", &uri, err) < 0 ||
		json_get_string(item, "url", "source", &url, err) < 0 ||
		json_get_string(item, "pool", "source", &pool, err) < 0 ||
		json_get_string(item, "digest", "source", &digest, err) < 0 ||
		json_opt_string(item, "commit", "source", &commit, err) < 0 ||
		json_get_u64(item, "size", "source", &source->size, err) < 0 ||
		digest_parse(slice_str(digest), &source->digest, err) < 0)
		return err->class;
	source->uri = arena_strdup(made->arena, uri);
	source->url = arena_strdup(made->arena, url);
	source->pool_path = arena_strdup(made->arena, pool);
	source->commit = arena_strdup(made->arena, commit);
	source->name = source->version = "";
	if (!source->uri || !source->url || !source->pool_path || !source->commit)
		return error_set_memory(err);
	made->source_count++;
	return 0;
}

static int load_one_prebuilt(const json_t *item, struct made *made, struct error *err)
{
	struct made_prebuilt *prebuilt = &made->prebuilt[made->prebuilt_count];
	const char *name, *version, *architecture, *url, *digest;
	if (json_get_string(item, "name", "prebuilt", &name, err) < 0 ||
		json_get_string(item, "version", "prebuilt", &version, err) < 0 ||
		json_get_string(item, "architecture", "prebuilt", &architecture, err) <
			0 ||
		json_get_string(item, "url", "prebuilt", &url, err) < 0 ||
		json_get_string(item, "digest", "prebuilt", &digest, err) < 0 ||
		digest_parse(slice_str(digest), &prebuilt->digest, err) < 0)
		return err->class;
	prebuilt->name = arena_strdup(made->arena, name);
	prebuilt->version = arena_strdup(made->arena, version);
	prebuilt->architecture = arena_strdup(made->arena, architecture);
	prebuilt->address = arena_strdup(made->arena, url);
	if (!prebuilt->name || !prebuilt->version || !prebuilt->architecture ||
		!prebuilt->address)
		return error_set_memory(err);
	made->prebuilt_count++;
	return 0;
}

static int load_prebuilt(const json_t *record, struct made *made, struct error *err)
{
	json_t *list;
	if (!json_object_get(record, "prebuilt"))
		return 0;
	if (json_get_array(
		    record, "prebuilt", "record", RECORD_PACKAGES_MAX, &list, err) < 0)
		return err->class;
	made->prebuilt =
		arena_array(made->arena, json_array_size(list), sizeof(*made->prebuilt));
	if (!made->prebuilt)
		return error_set_memory(err);
	for (size_t i = 0; i < json_array_size(list); i++)
		if (load_one_prebuilt(json_array_get(list, i), made, err) < 0)
			return err->class;
	return 0;
}

static int load_facts(const json_t *record, struct made *made, struct error *err)
{
	json_t *list;
	const char *tier;
	uint64_t milliseconds;
	if (json_get_array(record, "sources", "record", RECORD_PACKAGES_MAX, &list, err) <
			0 ||
		json_get_string(record, "sandbox", "record", &tier, err) < 0 ||
		json_get_u64(record, "milliseconds", "record", &milliseconds, err) < 0)
		return err->class;
	made->seconds = (double)milliseconds / 1000;
	made->sandbox_tier = arena_strdup(made->arena, tier);
	made->sources =
		arena_array(made->arena, json_array_size(list), sizeof(*made->sources));
	if (!made->sandbox_tier || !made->sources)
		return error_set_memory(err);
	for (size_t i = 0; i < json_array_size(list); i++)
		if (load_source(json_array_get(list, i), made, err) < 0)
			return err->class;
	return 0;
}

static int listing_digests(
	const json_t *record, size_t count, struct digest *out, struct error *err)
{
	json_t *list;
	if (json_get_array(
		    record, "packages", "record", RECORD_PACKAGES_MAX, &list, err) < 0)
		return err->class;
	if (json_array_size(list) != count)
		return error_set(err, ERR_INPUT, "the record is of another build");
	for (size_t i = 0; i < count; i++) {
		const char *digest = json_string_value(json_array_get(list, i));
		if (digest_parse(slice_str(digest ? digest : ""), &out[i], err) < 0)
			return err->class;
	}
	return 0;
}

int make_record_read(const struct made *made, struct store *store, struct arena *arena,
	struct buffer *out, struct digest **ret_listings, struct error *err)
{
	cleanup_json json_t *record = NULL;
	char hex[DIGEST_TEXT_MAX];
	bool found = false;
	struct digest *listings =
		arena_array(arena, made->package_count, sizeof(*listings));
	if (!listings)
		return error_set_memory(err);
	if (store_get_record(store, RECORD_FOLDER,
		    digest_format_hex(&made->item->input_key, hex), RECORD_MAX, out,
		    &found, err) < 0)
		return err->class;
	if (!found)
		return error_set(err, ERR_INPUT, "the record is gone");
	if (json_load_slice(buffer_slice(out), "package record", &record, err) < 0 ||
		listing_digests(record, made->package_count, listings, err) < 0)
		return err->class;
	*ret_listings = listings;
	return 0;
}

int make_record_load(const struct plan_item *item, struct store *store,
	struct made **ret_made, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	cleanup_json json_t *record = NULL;
	cleanup_arena struct arena *arena = NULL;
	char hex[DIGEST_TEXT_MAX];
	bool found = false, complete = false;
	*ret_made = NULL;
	if (store_get_record(store, RECORD_FOLDER,
		    digest_format_hex(&item->input_key, hex), RECORD_MAX, &text, &found,
		    err) < 0)
		return err->class;
	if (!found)
		return 0;
	if (json_load_slice(buffer_slice(&text), "package record", &record, err) < 0 ||
		arena_new(&arena, err) < 0)
		return err->class;
	struct made *fresh = arena_alloc(arena, sizeof(*fresh));
	if (!fresh)
		return error_set_memory(err);
	*fresh = (struct made){.arena = take_ptr(arena), .item = item, .cached = true};
	cleanup_made struct made *made = fresh;
	if (load_packages(record, made, store, &complete, err) < 0 ||
		load_facts(record, made, err) < 0 || load_prebuilt(record, made, err) < 0)
		return err->class;
	*ret_made = complete ? take_ptr(made) : NULL;
	return 0;
}
