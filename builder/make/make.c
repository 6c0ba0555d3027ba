/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/make/make.h"

#include "base/array.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/log.h"
#include "builder/make/lint.h"
#include "builder/make/pack.h"
#include "builder/make/record.h"
#include "builder/make/steps.h"
#include "builder/plan/external_fetch.h"

/* All that one build holds while it is under way. */
struct making {
	const struct plan_item *item;
	const struct recipe *recipe;
	const struct make_options *options;
	struct made *made;
	struct arena *arena;
	struct build_root root;
	struct fetched fetched;
	struct sandbox_step *steps;
	size_t step_count;
	struct step_run run;
	struct log_task *task;
};

static void making_done(struct making *making)
{
	build_root_done(&making->root);
	fetched_done(&making->fetched);
	step_run_done(&making->run);
	log_task_end(&making->task);
}

/* ---- steps ---- */

static int add_steps(
	struct making *making, const struct recipe_package *package, struct error *err)
{
	cleanup_buffer struct buffer directory = BUFFER_INIT, quoted = BUFFER_INIT;
	if (buffer_printf(&directory, err, OUTPUT_DIRECTORY "/%s", package->name) < 0 ||
		shell_quote(buffer_slice(&directory), &quoted, err) < 0)
		return err->class;
	struct sandbox_step *step = &making->steps[making->step_count++];
	step->label = "prepare";
	step->script = arena_printf(making->arena, "mkdir -p %s", buffer_str(&quoted));
	step->working_directory = "/home/build";
	if (!step->script)
		return error_set_memory(err);
	for (size_t i = 0; i < package->steps.count; i++)
		if (step_from_recipe(making->arena, &package->steps.items[i],
			    &making->steps[making->step_count++], err) < 0)
			return err->class;
	return 0;
}

static int collect_steps(struct making *making, struct error *err)
{
	const struct recipe *recipe = making->recipe;
	size_t room = 0;
	for (size_t i = 0; i < recipe->package_count; i++)
		room += recipe->packages[i].steps.count + 1;
	making->steps = arena_array(making->arena, room, sizeof(*making->steps));
	if (!making->steps)
		return error_set_memory(err);
	for (size_t i = 0; i < recipe->package_count; i++)
		if (add_steps(making, &recipe->packages[i], err) < 0)
			return err->class;
	return 0;
}

/* ---- the sandbox ---- */

static int run_steps(struct making *making, struct error *err)
{
	const struct recipe *recipe = making->recipe;
	struct made *made = making->made;
	char hex[DIGEST_TEXT_MAX];
	struct step_environment environment = {.options = making->options,
		.toolchain = !recipe->native,
		.recipe = recipe};
	struct step_run *run = &making->run;
	digest_format_hex(&making->item->input_key, hex);
	run->root = &making->root;
	run->fetched = &making->fetched;
	run->task = making->task;
	run->run_as = recipe->run_as;
	run->timeout_seconds = recipe->timeout_seconds;
	run->log_name = arena_printf(
		making->arena, "%s-%s-%.8s.log", recipe->name, recipe->full_version, hex);
	if (!run->log_name)
		return error_set_memory(err);
	if (collect_steps(making, err) < 0 ||
		step_environment(making->arena, &environment, &run->environment, err) < 0)
		return err->class;
	run->steps = making->steps;
	run->step_count = making->step_count;
	if (steps_run(run, err) < 0)
		return err->class;
	made->seconds = run->result.seconds;
	made->sandbox_tier =
		arena_strdup(made->arena, sandbox_tier_name(run->result.tier));
	return made->sandbox_tier ? 0 : error_set_memory(err);
}

/* ---- the whole ---- */

static int note_prebuilt(
	struct made *made, const struct root_packages *packages, struct error *err)
{
	made->prebuilt =
		arena_array(made->arena, packages->count, sizeof(*made->prebuilt));
	if (!made->prebuilt)
		return error_set_memory(err);
	for (size_t i = 0; i < packages->count; i++) {
		const struct package *package = packages->items[i];
		const char *address = packages->addresses[i];
		if (!address)
			continue;
		struct made_prebuilt *prebuilt = &made->prebuilt[made->prebuilt_count++];
		prebuilt->name = arena_strdup(made->arena, package->name);
		prebuilt->version = arena_strdup(made->arena, package->version);
		prebuilt->architecture = arena_strdup(made->arena, package->architecture);
		prebuilt->address = arena_strdup(
			made->arena, external_is_remote(address) ? address : "");
		prebuilt->digest = package->file;
		if (!prebuilt->name || !prebuilt->version || !prebuilt->architecture ||
			!prebuilt->address)
			return error_set_memory(err);
	}
	return 0;
}

static int pack(struct making *making, struct error *err)
{
	struct packing packing = {.made = making->made,
		.options = making->options,
		.arena = making->arena,
		.scratch_fd = making->run.scratch_fd,
		.task = making->task};
	return make_pack(&packing, err);
}

static int make_now(const struct plan_item *item, struct made *const *before,
	size_t before_count, const struct make_options *options, struct error *err)
{
	cleanup_arena struct arena *arena = NULL, *made_arena = NULL;
	if (arena_new(&arena, err) < 0 || arena_new(&made_arena, err) < 0)
		return err->class;
	struct made *fresh = arena_alloc(made_arena, sizeof(*fresh));
	if (!fresh)
		return error_set_memory(err);
	*fresh = (struct made){.arena = take_ptr(made_arena), .item = item};
	cleanup_made struct made *made = fresh;
	CLEANUP(making_done)
	struct making making = {.item = item,
		.recipe = item->recipe,
		.options = options,
		.made = made,
		.arena = arena,
		.run = {.options = options, STEP_RUN_CLOSED}};
	making.task =
		log_task_begin("%s-%s", item->recipe->name, item->recipe->full_version);
	struct fetching fetching = {.recipe = item->recipe,
		.folder = &item->folder,
		.options = options,
		.arena = arena,
		.made = made,
		.task = making.task};
	if (fetch_sources(&fetching, &making.fetched, err) < 0)
		return err->class;
	log_task_step(making.task, "build root");
	if (build_root_prepare(item, before, before_count, options, &making.root, err) <
			0 ||
		note_prebuilt(made, &making.root.packages, err) < 0 ||
		run_steps(&making, err) < 0 || pack(&making, err) < 0 ||
		make_record_save(made, options->store, err) < 0)
		return err->class;
	log_task_done(making.task, "%zu package%s", made->package_count,
		made->package_count == 1 ? "" : "s");
	return 0;
}

int make_packages(const struct plan_item *item, struct made *const *before,
	size_t before_count, const struct make_options *options, struct made **ret_made,
	struct error *err)
{
	cleanup_fd int lock = -1;
	cleanup_made struct made *made = NULL;
	char hex[DIGEST_TEXT_MAX];
	if (make_record_load(item, options->store, &made, err) < 0)
		return err->class;
	if (!made) {
		if (store_lock(options->store, "locks",
			    digest_format_hex(&item->input_key, hex), &lock, err) < 0 ||
			make_record_load(item, options->store, &made, err) < 0)
			return err->class;
	}
	if (!made) {
		if (make_now(item, before, before_count, options, err) < 0)
			return error_wrap(err, "recipe %s", item->recipe->name);
		/* what others will read is what we read, too */
		if (make_record_load(item, options->store, &made, err) < 0)
			return err->class;
		if (!made)
			return error_set(err, ERR_SYSTEM,
				"%s: the store lost what was just made",
				item->recipe->name);
		made->cached = false;
	}
	if (make_lint(made, before, before_count, options, err) < 0)
		return error_wrap(err, "recipe %s", item->recipe->name);
	*ret_made = take_ptr(made);
	return 0;
}
