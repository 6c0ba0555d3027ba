/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/build.h"

#include <jansson.h>

#include "attest/attach.h"
#include "attest/provenance.h"
#include "attest/spdx2.h"
#include "attest/statement.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/yaml.h"
#include "builder/audit/elf_audit.h"
#include "builder/export.h"
#include "builder/external.h"
#include "builder/image/resolve.h"
#include "builder/make_lint.h"
#include "builder/note.h"
#include "builder/schedule.h"
#include "builder/test.h"

#define BUILD_FORMAT "alnage-image-2"
#define NOTE_MAX     (64 * MIB)

/* What the stages hand on. */
struct building {
	const struct build_options *options;
	struct arena *arena;
	struct image_recipe *recipe;
	struct catalog *catalog;
	struct toolchain *toolchain;
	struct store *store;
	struct external *external; /* packages of others; NULL when none can be used */
	struct plan *plan;
	struct made **made;
	size_t made_count;
	const struct package **packages; /* chosen for the image, dependencies first */
	const char **addresses;          /* where each is from; NULL: made here */
	struct digest *package_files;    /* of the .apk files as written */
	size_t package_count;
	struct image *image;
	struct elf_audit *hardening;
	struct repository *layout;
	struct descriptor manifest; /* in the layout */
	const char *layout_path, *packages_path, *tag, *architecture;
	int64_t mtime, started;
	struct digest key;
	size_t built;
	struct test_counts tests;
};

static void building_done(struct building *building)
{
	repository_close(&building->layout);
	image_free(&building->image);
	elf_audit_free(&building->hardening);
	for (size_t i = 0; i < building->made_count; i++)
		made_free(&building->made[i]);
	free(building->made);
	free(building->packages);
	free(building->addresses);
	external_free(&building->external);
	plan_free(&building->plan);
	toolchain_free(&building->toolchain);
	catalog_free(&building->catalog);
	image_recipe_free(&building->recipe);
	store_close(&building->store);
	arena_free(&building->arena);
}

void build_result_done(struct build_result *result)
{
	arena_free(&result->arena);
	*result = (struct build_result){0};
}

/* ---- 1. read ---- */

static int read_catalog(struct building *building, struct error *err)
{
	const struct build_options *options = building->options;
	size_t count = options->pipeline_dir_count;
	const char **dirs = arena_array(building->arena, count + 1, sizeof(*dirs));
	const char *packages =
		arena_printf(building->arena, "%s/packages", options->recipes_directory);
	if (!dirs || !packages)
		return error_set_memory(err);
	for (size_t i = 0; i < count; i++)
		dirs[i] = options->pipeline_dirs[i];
	dirs[count] =
		arena_printf(building->arena, "%s/pipelines", options->recipes_directory);
	if (!dirs[count])
		return error_set_memory(err);
	struct recipe_options recipe_options = {.architecture = building->architecture,
		.pipeline_dirs = dirs,
		.pipeline_dir_count = count + 1};
	return catalog_load(packages, options->extra_recipes, options->extra_recipe_count,
		&recipe_options, &building->catalog, err);
}

static int read_all(struct building *building, struct error *err)
{
	const struct build_options *options = building->options;
	building->started = clock_now();
	building->architecture = "x86_64";
	if (arena_new(&building->arena, err) < 0 ||
		clock_source_date(BUILD_DEFAULT_DATE, &building->mtime, err) < 0 ||
		read_catalog(building, err) < 0)
		return err->class;
	return toolchain_load(options->recipes_directory, &building->toolchain, err);
}

static int prepare(struct building *building, struct error *err)
{
	const struct build_options *options = building->options;
	if (store_open(options->store_path, &building->store, err) < 0 ||
		read_all(building, err) < 0)
		return err->class;
	building->packages_path =
		arena_printf(building->arena, "%s/packages", options->output_directory);
	building->tag = options->tag ? options->tag : "latest";
	return building->packages_path ? 0 : error_set_memory(err);
}

/* ---- 2. plan ---- */

static int plan(struct building *building, const char *const *wanted, size_t count,
	struct error *err)
{
	struct plan_options options = {.catalog = building->catalog,
		.toolchain = building->toolchain,
		.mtime = building->mtime};
	return plan_make(&options, wanted, count, &building->plan, err);
}

static int read_external(
	struct building *building, struct recipe_list *ret_ours, struct error *err)
{
	struct external_options options = {.catalog = building->catalog,
		.sources = building->options->sources,
		.store = building->store,
		.architecture = building->architecture,
		.accept_sha1 = building->options->accept_sha1,
		.trust = building->options->trust};
	if (external_open(building->recipe, &options, &building->external, err) < 0)
		return err->class;
	return external_split(
		building->external, &building->recipe->packages, ret_ours, err);
}

static int add_key_id(struct buffer *text, const struct secret *secret, struct error *err)
{
	cleanup_key struct key *key = NULL;
	char hex[DIGEST_TEXT_MAX];
	if (!secret)
		return buffer_add_str(text, "-\n", err);
	if (secret_public(secret, &key, err) < 0)
		return err->class;
	return buffer_printf(text, err, "%s\n", digest_format(key_id(key), hex));
}

/* Everything that can change what ends up in the output directory. */
static int compute_key(struct building *building, struct error *err)
{
	const struct build_options *options = building->options;
	cleanup_buffer struct buffer text = BUFFER_INIT;
	char hex[DIGEST_TEXT_MAX];
	if (buffer_printf(&text, err, "%s %s\n%lld\n%s\n%s %s\n%s\n", BUILD_FORMAT,
		    ALNAGE_VERSION, (long long)building->mtime,
		    compress_format(options->compression),
		    building->recipe ? building->recipe->name : "-",
		    building->recipe ? digest_format(&building->recipe->file_digest, hex)
				     : "-",
		    options->builder_id ? options->builder_id : BUILD_DEFAULT_BUILDER) <
			0 ||
		buffer_printf(&text, err, "%s %s\n%s\n", building->tag,
			options->output_directory,
			options->organization ? options->organization : "") < 0 ||
		add_key_id(&text, options->image_key, err) < 0 ||
		add_key_id(&text, options->package_key, err) < 0 ||
		buffer_printf(&text, err, "%d %d\n", options->sha1_signatures,
			options->accept_sha1) < 0)
		return err->class;
	for (size_t i = 0; i < LINT_COUNT && options->lint; i++)
		if (buffer_printf(&text, err, "%d", (int)options->lint->of[i]) < 0)
			return err->class;
	if (building->external &&
		buffer_printf(&text, err, "%s\n",
			digest_format(external_digest(building->external), hex)) < 0)
		return err->class;
	for (size_t i = 0; i < building->plan->count; i++)
		if (buffer_printf(&text, err, "%s\n",
			    digest_format(&building->plan->items[i]->input_key, hex)) < 0)
			return err->class;
	return digest_of(DIGEST_SHA256, buffer_slice(&text), &building->key, err);
}

/* ---- 3. make ---- */

static struct make_options make_options(const struct building *building)
{
	return (struct make_options){.store = building->store,
		.toolchain = building->toolchain,
		.sources = building->options->sources,
		.mtime = building->mtime,
		.lint = building->options->lint,
		.cpus = building->options->cpus};
}

static int make_all(struct building *building, struct error *err)
{
	const struct plan *plan = building->plan;
	struct make_options options = make_options(building);
	struct schedule_options schedule = {.make = &options,
		.jobs = building->options->jobs,
		.keep_going = building->options->keep_going};
	cleanup_package_store struct package_store *shared = NULL;
	building->made = calloc(plan->count + 1, sizeof(struct made *));
	if (!building->made)
		return error_set_memory(err);
	building->made_count = plan->count;
	if (building->options->package_store &&
		package_store_open(building->options->package_store,
			building->options->package_key, &shared, err) < 0)
		return err->class;
	schedule.shared = shared;
	if (schedule_run(plan, &schedule, building->made, err) < 0)
		return err->class;
	for (size_t i = 0; i < plan->count; i++) {
		building->built += !building->made[i]->cached;
		/* what was in the store may have been made with other levels */
		if (make_lint(building->made[i], building->made, i, &options, err) < 0)
			return error_wrap(err, "recipe %s", plan->items[i]->recipe->name);
	}
	return 0;
}

/* ---- 4. choose packages, make the image ---- */

static const struct package *find_package(
	const struct building *building, const struct index_entry *entry)
{
	for (size_t m = 0; m < building->made_count; m++)
		for (size_t p = 0; p < building->made[m]->package_count; p++) {
			const struct package *package = building->made[m]->packages[p];
			if (strcmp(package->name, entry->name) == 0 &&
				strcmp(package->version, entry->version) == 0)
				return package;
		}
	return NULL;
}

static int choose_packages(struct building *building, struct error *err)
{
	cleanup_index struct package_index *index = NULL;
	CLEANUP(resolution_done) struct resolution resolution = {0};
	const struct recipe_list *wanted = &building->recipe->packages;
	if (package_index_new(&index, err) < 0)
		return err->class;
	for (size_t m = 0; m < building->made_count; m++)
		for (size_t p = 0; p < building->made[m]->package_count; p++)
			if (package_index_add(
				    index, building->made[m]->packages[p], err) < 0)
				return err->class;
	if (external_add(building->external, index, err) < 0)
		return err->class;
	if (resolve_packages(
		    index, wanted->items, wanted->count, &resolution, NULL, err) < 0)
		return error_wrap(err, "%s", building->recipe->path);
	building->packages = calloc(resolution.count + 1, sizeof(struct package *));
	building->addresses = calloc(resolution.count + 1, sizeof(char *));
	if (!building->packages || !building->addresses)
		return error_set_memory(err);
	for (size_t i = 0; i < resolution.count; i++) {
		const struct package *package =
			find_package(building, resolution.entries[i]);
		if (!package && external_get(building->external, resolution.entries[i],
					&package, &building->addresses[i], err) < 0)
			return err->class;
		building->packages[building->package_count++] = package;
	}
	return 0;
}

static int make_image(struct building *building, struct error *err)
{
	struct image_options options = {.recipe = building->recipe,
		.packages = building->packages,
		.package_count = building->package_count,
		.architecture = building->architecture,
		.compression = building->options->compression,
		.mtime = building->mtime};
	if (image_build(&options, building->store, &building->image, err) < 0)
		return err->class;
	return elf_audit_run(
		building->image->tree, building->store, &building->hardening, err);
}

/* ---- 5. write out, sign, attest ---- */

static int open_layout(struct building *building, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	cleanup_reference struct reference *reference = NULL;
	struct repository_options options = {.create = true, .writable = true};
	cleanup_fd int out = -1;
	if (fs_make_dirs(AT_FDCWD, building->options->output_directory, 0755, &out, err) <
			0 ||
		buffer_printf(&text, err, "oci:%s", building->layout_path) < 0 ||
		reference_parse(buffer_slice(&text), &reference, err) < 0)
		return err->class;
	return repository_open(reference, &options, &building->layout, err);
}

static bool is_own(const struct building *building, size_t at)
{
	return !building->addresses || !building->addresses[at];
}

/* What is not ours stays where it is from. */
static int write_packages(struct building *building, struct error *err)
{
	building->package_files = arena_array(building->arena, building->package_count,
		sizeof(*building->package_files));
	if (!building->package_files)
		return error_set_memory(err);
	cleanup_mem const struct package **own =
		calloc(building->package_count + 1, sizeof(*own));
	cleanup_mem struct digest *files =
		calloc(building->package_count + 1, sizeof(*files));
	size_t count = 0;
	if (!own || !files)
		return error_set_memory(err);
	for (size_t i = 0; i < building->package_count; i++)
		if (is_own(building, i))
			own[count++] = building->packages[i];
	struct apk_signer signer = {.secret = building->options->package_key,
		.key_name = building->options->package_key_name,
		.sha1 = building->options->sha1_signatures};
	struct export_packages export = {.ret_files = files,
		.directory = building->packages_path,
		.architecture = building->architecture,
		.packages = own,
		.count = count,
		.signer = signer.secret ? &signer : NULL,
		.mtime = building->mtime};
	if (export_packages(&export, building->store, err) < 0)
		return err->class;
	for (size_t i = 0, at = 0; i < building->package_count; i++)
		building->package_files[i] =
			is_own(building, i) ? files[at++] : building->packages[i]->file;
	return 0;
}

static int attach(struct building *building, struct slice statement,
	const struct attach_options *options, struct error *err)
{
	return attach_statement(building->layout, &building->manifest, statement,
		building->options->image_key, options, err);
}

static int attest_reachability(struct building *building,
	const struct attach_options *options, struct error *err)
{
	cleanup_json json_t *report = NULL;
	cleanup_buffer struct buffer statement = BUFFER_INIT;
	if (reach_to_json(building->image->reachability, &report, err) < 0 ||
		statement_write(building->recipe->name, &building->image->manifest.digest,
			PREDICATE_REACHABILITY, take_ptr(report), &statement, err) < 0)
		return err->class;
	return attach(building, buffer_slice(&statement), options, err);
}

static int attest_hardening(struct building *building,
	const struct attach_options *options, struct error *err)
{
	cleanup_json json_t *report = NULL;
	cleanup_buffer struct buffer statement = BUFFER_INIT;
	if (elf_audit_to_json(building->hardening, &report, err) < 0 ||
		statement_write(building->recipe->name, &building->image->manifest.digest,
			PREDICATE_HARDENING, take_ptr(report), &statement, err) < 0)
		return err->class;
	return attach(building, buffer_slice(&statement), options, err);
}

static int attest(struct building *building, struct error *err)
{
	const struct build_options *options = building->options;
	cleanup_record struct record *record = NULL;
	cleanup_buffer struct buffer spdx = BUFFER_INIT, provenance = BUFFER_INIT;
	if (!options->image_key)
		return 0;
	struct note note = {.recipe = building->recipe,
		.image = building->image,
		.made = building->made,
		.made_count = building->made_count,
		.installed = building->packages,
		.installed_files = building->package_files,
		.addresses = building->addresses,
		.installed_count = building->package_count,
		.recipes_directory = options->recipes_directory,
		.builder_id =
			options->builder_id ? options->builder_id : BUILD_DEFAULT_BUILDER,
		.architecture = building->architecture,
		.compression = options->compression,
		.mtime = building->mtime,
		.started = building->started,
		.finished = clock_now()};
	struct attach_options attach_options = {.created = building->mtime};
	attach_options.docker_reference = arena_printf(building->arena, "localhost/%s:%s",
		building->recipe->name, building->tag);
	if (!attach_options.docker_reference)
		return error_set_memory(err);
	if (note_build(&note, &record, err) < 0 ||
		spdx2_write_statement(record, &spdx, err) < 0 ||
		provenance_write(record, &provenance, err) < 0 ||
		attach_signature(building->layout, &building->manifest,
			options->image_key, &attach_options, err) < 0 ||
		attach(building, buffer_slice(&spdx), &attach_options, err) < 0 ||
		attach(building, buffer_slice(&provenance), &attach_options, err) < 0)
		return error_wrap(err, "signing");
	if (attest_reachability(building, &attach_options, err) < 0)
		return err->class;
	return attest_hardening(building, &attach_options, err);
}

static int write_out(struct building *building, struct error *err)
{
	if (open_layout(building, err) < 0 ||
		export_image(building->image, building->store, building->layout,
			building->tag, &building->manifest, err) < 0 ||
		write_packages(building, err) < 0)
		return err->class;
	if (attest(building, err) < 0)
		return err->class;
	return repository_sweep(building->layout, err);
}

/* ---- nothing to do? ---- */

static int fill_result(const struct building *building, struct build_result *ret_result,
	struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	if (arena_new(&arena, err) < 0)
		return err->class;
	struct build_result result = {.package_count = building->package_count,
		.tests_passed = building->tests.passed,
		.tests_cached = building->tests.cached,
		.built = building->built};
	result.tag = arena_strdup(arena, building->tag);
	result.packages = arena_printf(
		arena, "%s/%s", building->packages_path, building->architecture);
	if (building->recipe) {
		result.name = arena_strdup(arena, building->recipe->name);
		result.layout = arena_strdup(arena, building->layout_path);
	} else {
		result.name = result.layout = "";
	}
	if (!result.tag || !result.packages || !result.name || !result.layout)
		return error_set_memory(err);
	if (building->image) {
		result.manifest = building->image->manifest.digest;
		result.layer_size = building->image->layer.size;
		result.plain_size = building->image->layer.plain_size;
		result.files_kept = building->image->reachability->kept;
		result.files_removed = building->image->reachability->removed;
		result.elf_files = building->hardening->count;
		result.elf_hardened = building->hardening->hardened;
		result.elf_failing = building->hardening->failing;
	}
	result.arena = take_ptr(arena);
	*ret_result = result;
	return 0;
}

/* First line: facts for the summary; then what export_note says. */
static int save_note(struct building *building, struct error *err)
{
	cleanup_buffer struct buffer note = BUFFER_INIT;
	char hex[DIGEST_TEXT_MAX];
	const struct image *image = building->image;
	if (buffer_printf(&note, err, "%s %llu %llu %zu %zu %zu %zu %zu %zu\n",
		    digest_format(&image->manifest.digest, hex),
		    (unsigned long long)image->layer.size,
		    (unsigned long long)image->layer.plain_size, building->package_count,
		    image->reachability->kept, image->reachability->removed,
		    building->hardening->count, building->hardening->hardened,
		    building->hardening->failing) < 0 ||
		export_note(building->layout_path, &note, err) < 0)
		return err->class;
	for (size_t i = 0; i < building->package_count; i++) {
		const struct package *package = building->packages[i];
		struct stat st;
		if (!is_own(building, i))
			continue;
		const char *path = arena_printf(building->arena, "%s/%s/%s-%s.apk",
			building->packages_path, building->architecture, package->name,
			package->version);
		if (!path)
			return error_set_memory(err);
		if (lstat(path, &st) < 0)
			return error_set_errno(err, errno, "%s", path);
		if (buffer_printf(&note, err, "%lld %s\n", (long long)st.st_size, path) <
			0)
			return err->class;
	}
	return store_put_record(building->store, "images",
		digest_format_hex(&building->key, hex), buffer_slice(&note), err);
}

static bool read_number(struct slice *line, uint64_t *ret_value)
{
	struct slice word;
	struct error ignored = ERROR_INIT;
	return slice_word(line, &word) &&
	       slice_parse_u64(word, 10, SIZE_MAX, ret_value, &ignored) == 0;
}

static bool read_facts(struct slice line, struct build_result *result)
{
	struct slice word;
	struct error ignored = ERROR_INIT;
	uint64_t packages, kept, removed, elf_files, elf_hardened, elf_failing;
	if (!slice_word(&line, &word) ||
		digest_parse(word, &result->manifest, &ignored) < 0 ||
		!read_number(&line, &result->layer_size) ||
		!read_number(&line, &result->plain_size) ||
		!read_number(&line, &packages) || !read_number(&line, &kept) ||
		!read_number(&line, &removed) || !read_number(&line, &elf_files) ||
		!read_number(&line, &elf_hardened) || !read_number(&line, &elf_failing))
		return false;
	result->package_count = packages; /* at most SIZE_MAX, see read_number */
	result->files_kept = kept;
	result->files_removed = removed;
	result->elf_files = elf_files;
	result->elf_hardened = elf_hardened;
	result->elf_failing = elf_failing;
	return true;
}

static int check_up_to_date(struct building *building, struct build_result *result,
	bool *ret_done, struct error *err)
{
	cleanup_buffer struct buffer note = BUFFER_INIT;
	char hex[DIGEST_TEXT_MAX];
	bool found = false;
	if (store_get_record(building->store, "images",
		    digest_format_hex(&building->key, hex), NOTE_MAX, &note, &found,
		    err) < 0)
		return err->class;
	struct slice rest = buffer_slice(&note), facts;
	*ret_done = false;
	if (!found || !slice_cut(&rest, '\n', &facts) || !export_is_unchanged(rest))
		return 0;
	struct build_result known = {0};
	if (!read_facts(facts, &known) || fill_result(building, result, err) < 0)
		return err->class;
	result->manifest = known.manifest;
	result->layer_size = known.layer_size;
	result->plain_size = known.plain_size;
	result->package_count = known.package_count;
	result->files_kept = known.files_kept;
	result->files_removed = known.files_removed;
	result->elf_files = known.elf_files;
	result->elf_hardened = known.elf_hardened;
	result->elf_failing = known.elf_failing;
	result->up_to_date = *ret_done = true;
	return 0;
}

int build_image(const char *image_recipe, const struct build_options *options,
	struct build_result *ret_result, struct error *err)
{
	CLEANUP(building_done) struct building building = {.options = options};
	struct recipe_list ours;
	bool done = false;
	if (image_recipe_load(image_recipe, &building.recipe, err) < 0 ||
		prepare(&building, err) < 0)
		return err->class;
	building.layout_path = arena_printf(building.arena, "%s/%s",
		options->output_directory, building.recipe->name);
	if (!building.layout_path)
		return error_set_memory(err);
	if (read_external(&building, &ours, err) < 0)
		return err->class;
	if (plan(&building, ours.items, ours.count, err) < 0)
		return error_wrap(err, "%s", image_recipe);
	if (compute_key(&building, err) < 0 ||
		check_up_to_date(&building, ret_result, &done, err) < 0)
		return err->class;
	if (done)
		return 0;
	if (make_all(&building, err) < 0 || choose_packages(&building, err) < 0 ||
		make_image(&building, err) < 0 || write_out(&building, err) < 0 ||
		save_note(&building, err) < 0)
		return err->class;
	return fill_result(&building, ret_result, err);
}

/* ---- packages only ---- */

/* Their main packages; those that make nothing for the architecture are left out. */
static int recipe_names(struct building *building, const char *const *recipes,
	size_t *count, const char ***ret_names, struct error *err)
{
	const char **names = arena_array(building->arena, *count, sizeof(*names));
	size_t found = 0;
	if (!names)
		return error_set_memory(err);
	for (size_t i = 0; i < *count; i++) {
		const struct recipe *recipe = catalog_given(building->catalog, i);
		if (recipe)
			names[found++] = recipe->name;
		else
			log_warning("%s makes nothing for %s: left out", recipes[i],
				building->architecture);
	}
	*ret_names = names;
	*count = found;
	return 0;
}

static bool is_among(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static int take_packages(struct building *building, const char *const *names,
	size_t count, struct error *err)
{
	size_t room = 1;
	for (size_t m = 0; m < building->made_count; m++)
		room += building->made[m]->package_count;
	building->packages = calloc(room, sizeof(struct package *));
	if (!building->packages)
		return error_set_memory(err);
	for (size_t m = 0; m < building->made_count; m++)
		if (is_among(building->made[m]->item->recipe->name, names, count))
			for (size_t p = 0; p < building->made[m]->package_count; p++)
				building->packages[building->package_count++] =
					building->made[m]->packages[p];
	return 0;
}

/* What has to be made: the recipes' packages, and what their tests stand on. */
static int plan_packages(struct building *building, const char *const *names,
	size_t count, struct error *err)
{
	struct recipe_list wanted = {0};
	size_t capacity = 0;
	for (size_t i = 0; i < count; i++) {
		const char **slot = arena_append(building->arena, &wanted.items,
			&wanted.count, &capacity, sizeof(*slot));
		if (!slot)
			return error_set_memory(err);
		*slot = names[i];
	}
	for (size_t i = 0; i < count && building->options->test; i++)
		if (test_needs(catalog_find(building->catalog, names[i], NULL),
			    building->catalog, building->toolchain, building->arena,
			    &wanted, &capacity, err) < 0)
			return err->class;
	return plan(building, wanted.items, wanted.count, err);
}

static int test_all(struct building *building, const char *const *names, size_t count,
	struct error *err)
{
	struct make_options make = make_options(building);
	struct test_options options = {.make = &make, .catalog = building->catalog};
	for (size_t m = 0; m < building->made_count && building->options->test; m++)
		if (is_among(building->made[m]->item->recipe->name, names, count) &&
			test_packages(building->made[m], building->made,
				building->made_count, &options, &building->tests,
				err) < 0)
			return err->class;
	return 0;
}

int build_packages(const char *const *recipes, size_t count,
	const struct build_options *options, struct build_result *ret_result,
	struct error *err)
{
	struct build_options with_recipes = *options;
	with_recipes.extra_recipes = recipes;
	with_recipes.extra_recipe_count = count;
	CLEANUP(building_done) struct building building = {.options = &with_recipes};
	const char **names = NULL;
	if (prepare(&building, err) < 0 ||
		recipe_names(&building, recipes, &count, &names, err) < 0 ||
		plan_packages(&building, names, count, err) < 0 ||
		make_all(&building, err) < 0 ||
		test_all(&building, names, count, err) < 0 ||
		take_packages(&building, names, count, err) < 0 ||
		write_packages(&building, err) < 0)
		return err->class;
	return fill_result(&building, ret_result, err);
}

/* ---- the plan only ---- */

/* Recipes of packages and images, told apart. Images are kept: their texts are names. */
struct wanted {
	const char **recipes; /* of packages; borrowed */
	size_t recipe_count;
	struct image_recipe **images;
	size_t image_count;
};

static void wanted_done(struct wanted *wanted)
{
	for (size_t i = 0; i < wanted->image_count; i++)
		image_recipe_free(&wanted->images[i]);
	free(wanted->images);
	free(wanted->recipes);
}

static int is_package_recipe(const char *path, bool *ret_is, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	cleanup_buffer struct buffer text = BUFFER_INIT;
	struct yaml_node *root;
	if (arena_new(&arena, err) < 0 ||
		fs_read_file(AT_FDCWD, path, LIMIT_YAML_BYTES, &text, err) < 0 ||
		yaml_load_slice(buffer_slice(&text), path, arena, &root, err) < 0 ||
		yaml_expect(root, YAML_MAPPING, "a recipe", path, err) < 0)
		return err->class;
	*ret_is = yaml_get(root, "package") != NULL;
	return 0;
}

static int sort_wanted(const char *const *recipes, size_t count, struct wanted *wanted,
	struct error *err)
{
	wanted->recipes = calloc(count + 1, sizeof(*wanted->recipes));
	wanted->images = calloc(count + 1, sizeof(*wanted->images));
	if (!wanted->recipes || !wanted->images)
		return error_set_memory(err);
	for (size_t i = 0; i < count; i++) {
		bool is_package = false;
		if (is_package_recipe(recipes[i], &is_package, err) < 0)
			return err->class;
		if (is_package)
			wanted->recipes[wanted->recipe_count++] = recipes[i];
		else if (image_recipe_load(recipes[i],
				 &wanted->images[wanted->image_count], err) < 0)
			return err->class;
		else
			wanted->image_count++;
	}
	return 0;
}

static int every_recipe(struct building *building, const char ***ret_names,
	size_t *ret_count, struct error *err)
{
	size_t count = catalog_count(building->catalog);
	const char **names = arena_array(building->arena, count, sizeof(*names));
	if (!names)
		return error_set_memory(err);
	for (size_t i = 0; i < count; i++)
		names[i] = catalog_at(building->catalog, i)->name;
	*ret_names = names;
	*ret_count = count;
	return 0;
}

/* Names of all packages that are asked for, each recipe's main package included. */
static int wanted_names(struct building *building, const struct wanted *wanted,
	const char ***ret_names, size_t *ret_count, struct error *err)
{
	const char **own;
	size_t count = wanted->recipe_count;
	if (!wanted->recipe_count && !wanted->image_count)
		return every_recipe(building, ret_names, ret_count, err);
	if (recipe_names(building, wanted->recipes, &count, &own, err) < 0)
		return err->class;
	size_t total = count;
	for (size_t i = 0; i < wanted->image_count; i++)
		total += wanted->images[i]->packages.count;
	const char **names = arena_array(building->arena, total, sizeof(*names));
	if (!names)
		return error_set_memory(err);
	for (size_t i = 0; i < count; i++)
		names[i] = own[i];
	for (size_t i = 0; i < wanted->image_count; i++)
		for (size_t p = 0; p < wanted->images[i]->packages.count; p++)
			names[count++] = wanted->images[i]->packages.items[p];
	*ret_names = names;
	*ret_count = count;
	return 0;
}

int build_graph(const char *const *recipes, size_t count,
	const struct build_options *options, const struct graph_options *graph,
	struct buffer *out, struct error *err)
{
	CLEANUP(wanted_done) struct wanted wanted = {0};
	struct build_options with_recipes = *options;
	struct graph_options with_date = *graph;
	CLEANUP(building_done) struct building building = {.options = &with_recipes};
	const char **names;
	size_t name_count;
	if (sort_wanted(recipes, count, &wanted, err) < 0)
		return err->class;
	with_recipes.extra_recipes = wanted.recipes;
	with_recipes.extra_recipe_count = wanted.recipe_count;
	if (read_all(&building, err) < 0 ||
		wanted_names(&building, &wanted, &names, &name_count, err) < 0 ||
		plan(&building, names, name_count, err) < 0)
		return err->class;
	with_date.date = building.mtime;
	return graph_write(building.plan, &with_date, out, err);
}
