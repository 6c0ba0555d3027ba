/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/make/test.h"

#include "base/log.h"
#include "builder/make/steps.h"
#include "builder/package/index.h"
#include "builder/package/installed.h"

#define TEST_FORMAT        "alnage-test-3"
#define INSTALLED_DATABASE "/usr/lib/apk/db/installed"

/* Folders with the links that programs expect, and a shell: what every test stands on. */
static const char *const TEST_BASE[] = {"baselayout", "busybox"};

/* What the root of one test is made of. */
struct test_root {
	bool toolchain;
	struct recipe_list packages; /* names: ours, and of repositories */
	size_t package_capacity;
	struct recipe_list groups;
	size_t group_capacity;
	struct toolchain_layers layers; /* if toolchain */
};

static void test_root_done(struct test_root *root)
{
	toolchain_layers_done(&root->layers);
}

static int add_name(struct arena *arena, struct recipe_list *list, size_t *capacity,
	const char *name, struct error *err)
{
	const char **slot =
		arena_append(arena, &list->items, &list->count, capacity, sizeof(*slot));
	if (!slot)
		return error_set_memory(err);
	*slot = name;
	return 0;
}

/* Who chooses for whom. */
struct chooser {
	const struct recipe *recipe;
	const struct plan_options *options;
	struct external *external; /* NULL: there are no repositories */
	struct arena *arena;
};

static const struct recipe *maker_of(
	const struct chooser *chooser, const char *text, struct error *err)
{
	struct atom atom;
	const struct catalog *catalog = chooser->options->catalog;
	if (atom_parse(slice_str(text), &atom, err) < 0 || atom.conflict)
		return NULL;
	const struct recipe *maker =
		catalog_find_provider(catalog, &atom, chooser->recipe, NULL);
	return maker ? maker
		     : catalog_find_name(catalog, atom.name, chooser->recipe, NULL);
}

/* Made, or prebuilt? */
static bool is_package(const struct chooser *chooser, const char *text, struct error *err)
{
	struct atom atom;
	if (maker_of(chooser, text, err) || error_is_set(err))
		return true;
	return chooser->external && atom_parse(slice_str(text), &atom, err) == 0 &&
	       !atom.conflict && external_provides(chooser->external, &atom);
}

static bool has_test_base(const struct chooser *chooser)
{
	for (size_t i = 0; i < ARRAY_LEN(TEST_BASE); i++) {
		const struct recipe *maker =
			catalog_find(chooser->options->catalog, TEST_BASE[i], NULL);
		if (!maker || maker->native)
			return false;
	}
	return true;
}

/* Does the package need something that only the toolchain has? Then that is below it. */
static int add_runtime_groups(const struct chooser *chooser,
	const struct recipe_list *runtime, struct test_root *root, struct error *err)
{
	const struct toolchain *toolchain = chooser->options->toolchain;
	for (size_t i = 0; i < runtime->count; i++) {
		const char *name = runtime->items[i];
		if (!toolchain_has(toolchain, name) &&
			!toolchain_provides(toolchain, name))
			continue;
		bool made = maker_of(chooser, name, err) != NULL;
		if (error_is_set(err))
			return err->class;
		if (made)
			continue;
		root->toolchain = true;
		if (add_name(chooser->arena, &root->groups, &root->group_capacity, name,
			    err) < 0)
			return err->class;
	}
	return 0;
}

/* A name of our recipes' is ours, unless the toolchain is below and has it anyway. */
static int sort_name(const char *name, const struct chooser *chooser,
	struct test_root *root, struct error *err)
{
	bool package = is_package(chooser, name, err);
	if (error_is_set(err))
		return err->class;
	if (root->toolchain && toolchain_provides(chooser->options->toolchain, name))
		package = false;
	if (package)
		return add_name(chooser->arena, &root->packages, &root->package_capacity,
			name, err);
	return add_name(chooser->arena, &root->groups, &root->group_capacity, name, err);
}

/* runtime: what the package needs, as far as it is known. */
static int choose_toolchain(const struct chooser *chooser,
	const struct recipe_list *names, const struct recipe_list *runtime,
	struct test_root *root, struct error *err)
{
	root->toolchain = !has_test_base(chooser);
	for (size_t i = 0; i < names->count && !root->toolchain; i++)
		root->toolchain = !is_package(chooser, names->items[i], err);
	if (error_is_set(err) || add_runtime_groups(chooser, runtime, root, err) < 0)
		return err->class;
	for (size_t i = 0; i < ARRAY_LEN(TEST_BASE) && !root->toolchain; i++)
		if (add_name(chooser->arena, &root->packages, &root->package_capacity,
			    TEST_BASE[i], err) < 0)
			return err->class;
	for (size_t i = 0; i < names->count; i++)
		if (sort_name(names->items[i], chooser, root, err) < 0)
			return err->class;
	if (!root->toolchain)
		return 0;
	if (toolchain_select(
		    chooser->options->toolchain, &root->groups, &root->layers, err) < 0)
		return err->class;
	for (size_t i = 0; i < root->layers.packages.count; i++)
		if (add_name(chooser->arena, &root->packages, &root->package_capacity,
			    root->layers.packages.items[i], err) < 0)
			return err->class;
	return 0;
}

static int choose_root(const struct recipe *recipe, const struct recipe_package *package,
	const struct recipe_list *runtime, const struct plan_options *options,
	struct arena *arena, struct test_root *root, struct error *err)
{
	struct chooser chooser = {.recipe = recipe, .options = options, .arena = arena};
	const struct recipe_list *names = &package->test_packages;
	if (options->externals &&
		externals_get(options->externals, recipe, &chooser.external, err) < 0)
		return err->class;
	if (!recipe->native)
		return choose_toolchain(&chooser, names, runtime, root, err);
	for (size_t i = 0; i < names->count; i++)
		if (add_name(arena, &root->packages, &root->package_capacity,
			    names->items[i], err) < 0)
			return err->class;
	return 0;
}

/* What nobody makes is taken from repositories, or told when the root is made. */
static int add_made(const struct recipe *recipe, const struct test_root *root,
	const struct plan_options *options, struct arena *arena,
	struct recipe_list *wanted, size_t *capacity, struct error *err)
{
	struct chooser chooser = {.recipe = recipe, .options = options, .arena = arena};
	for (size_t i = 0; i < root->packages.count; i++) {
		const char *text = root->packages.items[i];
		const struct recipe *maker = maker_of(&chooser, text, err);
		if (error_is_set(err))
			return err->class;
		const char *name = maker ? arena_strdup(arena, maker->name) : text;
		if (!name)
			return error_set_memory(err);
		if (maker && add_name(arena, wanted, capacity, name, err) < 0)
			return err->class;
	}
	return 0;
}

int test_needs(const struct recipe *recipe, const struct plan_options *options,
	struct arena *arena, struct recipe_list *wanted, size_t *capacity,
	struct error *err)
{
	for (size_t p = 0; p < recipe->package_count; p++) {
		CLEANUP(test_root_done) struct test_root root = {0};
		const struct recipe_package *package = &recipe->packages[p];
		if (!package->test_steps.count)
			continue;
		if (choose_root(recipe, package, &package->dependencies.runtime, options,
			    arena, &root, err) < 0 ||
			add_made(recipe, &root, options, arena, wanted, capacity, err) <
				0)
			return error_wrap(err, "test of %s", package->name);
	}
	return 0;
}

/* ---- one test ---- */

struct testing {
	const struct recipe *recipe;
	const struct recipe_package *package;
	const struct digest *folder; /* of the recipe */
	const struct test_options *options;
	struct arena *arena;
	struct test_root root;
	struct root_packages packages;
	struct build_root layers;
	struct fetched fetched;
	const char *const *environment;
	struct sandbox_step *steps;
	struct digest key;
	struct step_run run;
	struct log_task *task;
};

static void testing_done(struct testing *testing)
{
	test_root_done(&testing->root);
	root_packages_done(&testing->packages);
	build_root_done(&testing->layers);
	fetched_done(&testing->fetched);
	step_run_done(&testing->run);
	log_task_end(&testing->task);
}

static bool is_test_base(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(TEST_BASE); i++)
		if (strcmp(TEST_BASE[i], name) == 0)
			return true;
	return false;
}

/* What a test is about covers what it stands on: busybox has an xz, too. */
static int put_base_last(struct root_packages *packages, struct error *err)
{
	size_t count = 0;
	const struct package **sorted = calloc(packages->count + 1, sizeof(*sorted));
	if (!sorted)
		return error_set_memory(err);
	for (int base = 0; base < 2; base++)
		for (size_t i = 0; i < packages->count; i++)
			if (is_test_base(packages->items[i]->name) == (base == 1))
				sorted[count++] = packages->items[i];
	free(packages->items);
	packages->items = sorted;
	return 0;
}

/* What the finished package needs, and not only what its recipe says. */
static struct recipe_list needs_of(const struct made *made, const char *name)
{
	for (size_t i = 0; i < made->package_count; i++)
		if (strcmp(made->packages[i]->name, name) == 0)
			return (struct recipe_list){made->packages[i]->depends.items,
				made->packages[i]->depends.count};
	return (struct recipe_list){0};
}

static int resolve_root(struct testing *testing, const struct made *made,
	struct made *const *all, size_t all_count, struct error *err)
{
	struct test_root *root = &testing->root;
	struct recipe_list runtime = needs_of(made, testing->package->name);
	const struct make_options *make = testing->options->make;
	const char *self = arena_printf(testing->arena, "%s=%s", testing->package->name,
		testing->recipe->full_version);
	if (!self)
		return error_set_memory(err);
	if (choose_root(testing->recipe, testing->package, &runtime,
		    testing->options->plan, testing->arena, root, err) < 0 ||
		add_name(testing->arena, &root->packages, &root->package_capacity, self,
			err) < 0)
		return err->class;
	struct root_wish wish = {.item = made->item,
		.made = all,
		.made_count = all_count,
		.below = root->toolchain ? make->toolchain : NULL,
		.wanted = &root->packages,
		.wanted_by = "the test",
		.anything = true};
	if (root_packages_resolve(&wish, &testing->packages, err) < 0)
		return err->class;
	return testing->recipe->native ? 0 : put_base_last(&testing->packages, err);
}

static int collect_steps(struct testing *testing, struct error *err)
{
	const struct recipe_steps *steps = &testing->package->test_steps;
	struct step_environment environment = {.options = testing->options->make,
		.toolchain = testing->root.toolchain,
		.recipe = testing->recipe,
		.own = testing->package->test_environment,
		.own_count = testing->package->test_environment_count};
	testing->steps =
		arena_array(testing->arena, steps->count, sizeof(*testing->steps));
	if (!testing->steps)
		return error_set_memory(err);
	for (size_t i = 0; i < steps->count; i++)
		if (step_from_recipe(testing->arena, &steps->items[i], &testing->steps[i],
			    err) < 0)
			return err->class;
	return step_environment(testing->arena, &environment, &testing->environment, err);
}

/* ---- has it passed before? ---- */

static int add_text(struct buffer *text, const char *item, struct error *err)
{
	return buffer_printf(text, err, "%zu:%s\n", strlen(item), item);
}

static int add_texts(struct buffer *text, const char *const *items, struct error *err)
{
	for (; items && *items; items++)
		if (add_text(text, *items, err) < 0)
			return err->class;
	return buffer_add_str(text, ".\n", err);
}

static int add_steps(struct testing *testing, struct buffer *text, struct error *err)
{
	for (size_t i = 0; i < testing->package->test_steps.count; i++) {
		const struct sandbox_step *step = &testing->steps[i];
		if (add_text(text, step->label, err) < 0 ||
			add_text(text, step->working_directory, err) < 0 ||
			add_text(text, step->script, err) < 0 ||
			add_texts(text, step->environment, err) < 0)
			return err->class;
	}
	return 0;
}

static int add_sources(struct testing *testing, struct buffer *text, struct error *err)
{
	char digest[DIGEST_TEXT_MAX];
	const struct recipe *recipe = testing->recipe;
	for (size_t i = 0; i < recipe->source_count; i++) {
		const struct recipe_source *source = &recipe->sources[i];
		if (!source->for_test ||
			strcmp(source->package, testing->package->name) != 0)
			continue;
		if (add_text(text, source->uri, err) < 0 ||
			add_text(text, source->commit, err) < 0)
			return err->class;
		if (digest_is_set(&source->expected) &&
			add_text(text, digest_format(&source->expected, digest), err) < 0)
			return err->class;
	}
	return 0;
}

static int compute_key(
	struct testing *testing, const struct digest *input_key, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	char digest[DIGEST_TEXT_MAX];
	if (buffer_printf(&text, err, TEST_FORMAT "\n%s %s\n", testing->package->name,
		    digest_format(input_key, digest)) < 0 ||
		(testing->root.toolchain &&
			buffer_printf(&text, err, "toolchain %s\n",
				digest_format(&testing->root.layers.digest, digest)) <
				0) ||
		add_text(&text, testing->package->test_run_as, err) < 0 ||
		add_texts(&text, testing->environment, err) < 0 ||
		add_steps(testing, &text, err) < 0 ||
		add_sources(testing, &text, err) < 0)
		return err->class;
	for (size_t i = 0; i < testing->packages.count; i++)
		if (buffer_printf(&text, err, "%s %s\n", testing->packages.items[i]->name,
			    digest_format(&testing->packages.items[i]->control_sha256,
				    digest)) < 0)
			return err->class;
	return digest_of(DIGEST_SHA256, buffer_slice(&text), &testing->key, err);
}

static int find_result(struct testing *testing, bool *ret_found, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	char hex[DIGEST_TEXT_MAX];
	return store_get_record(testing->options->make->store, "tests",
		digest_format_hex(&testing->key, hex), 4096, &text, ret_found, err);
}

/* Of several processes one runs the test, and the others wait for what it finds. */
static int find_result_or_lock(
	struct testing *testing, bool *ret_found, int *ret_lock, struct error *err)
{
	char hex[DIGEST_TEXT_MAX];
	if (find_result(testing, ret_found, err) < 0 || *ret_found)
		return err->class;
	if (store_lock(testing->options->make->store, "tests",
		    digest_format_hex(&testing->key, hex), ret_lock, err) < 0)
		return err->class;
	return find_result(testing, ret_found, err);
}

static int save_result(struct testing *testing, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	char hex[DIGEST_TEXT_MAX];
	if (buffer_printf(&text, err, "passed %s %.3f\n", testing->package->name,
		    testing->run.result.seconds) < 0)
		return err->class;
	return store_put_record(testing->options->make->store, "tests",
		digest_format_hex(&testing->key, hex), buffer_slice(&text), err);
}

/* ---- running ---- */

/*
 * What apk would know of the root. Each package has all the files that it brings: a test
 * looks at what is in one, whichever of two shows its file.
 */
static int give_database(struct testing *testing, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	struct store *store = testing->options->make->store;
	struct fetched *fetched = &testing->fetched;
	struct digest digest;
	uint64_t size;
	for (size_t i = 0; i < testing->packages.count; i++) {
		const struct package *package = testing->packages.items[i];
		if (installed_db_write(&package, 1, package->tree, &text, err) < 0)
			return error_wrap(err, "package database of the test");
	}
	int *fd = &fetched->fds[fetched->count];
	if (store_put_blob(store, buffer_slice(&text), &digest, err) < 0 ||
		store_open_blob(store, &digest, fd, &size, err) < 0)
		return err->class;
	fetched->binds[fetched->count++] =
		(struct sandbox_bind){.fd = *fd, .target = INSTALLED_DATABASE};
	return 0;
}

static int prepare_root(struct testing *testing, struct error *err)
{
	const struct make_options *make = testing->options->make;
	struct build_root *layers = &testing->layers;
	const struct recipe *recipe = testing->recipe;
	struct fetching fetching = {.recipe = testing->recipe,
		.folder = testing->folder,
		.test_of = testing->package->name,
		.options = make,
		.arena = testing->arena,
		.task = testing->task};
	if (fetch_sources(&fetching, &testing->fetched, err) < 0 ||
		(!recipe->native && give_database(testing, err) < 0))
		return err->class;
	log_task_step(testing->task, "root");
	if (recipe->native)
		return build_root_add_native(layers, &testing->packages,
			recipe->architecture, make->store, err);
	if (build_root_add_packages(
		    layers, &testing->packages, ROOT_TOP, make->store, err) < 0)
		return err->class;
	if (!testing->root.toolchain)
		return 0;
	if (build_root_add_packages(
		    layers, &testing->packages, ROOT_SYSROOT, make->store, err) < 0)
		return err->class;
	return build_root_add_toolchain(layers, &testing->root.layers, make, err);
}

static int run_test(struct testing *testing, struct error *err)
{
	const struct recipe_package *package = testing->package;
	struct step_run *run = &testing->run;
	char hex[DIGEST_TEXT_MAX];
	testing->task = log_task_begin(
		"test %s-%s", package->name, testing->recipe->full_version);
	if (prepare_root(testing, err) < 0)
		return err->class;
	run->root = &testing->layers;
	run->fetched = &testing->fetched;
	run->environment = testing->environment;
	run->steps = testing->steps;
	run->step_count = package->test_steps.count;
	run->run_as = package->test_run_as;
	run->task = testing->task;
	run->log_name = arena_printf(testing->arena, "test-%s-%s-%.8s.log", package->name,
		testing->recipe->full_version, digest_format_hex(&testing->key, hex));
	if (!run->log_name)
		return error_set_memory(err);
	if (steps_run(run, err) < 0 || save_result(testing, err) < 0)
		return err->class;
	log_task_done(testing->task, "passed");
	return 0;
}

static int test_package(const struct made *made, const struct recipe_package *package,
	struct made *const *all, size_t all_count, const struct test_options *options,
	struct test_counts *counts, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	cleanup_fd int lock = -1;
	bool found = false;
	if (arena_new(&arena, err) < 0)
		return err->class;
	CLEANUP(testing_done)
	struct testing testing = {.recipe = made->item->recipe,
		.package = package,
		.folder = &made->item->folder,
		.options = options,
		.arena = arena,
		.run = {.options = options->make, STEP_RUN_CLOSED}};
	if (resolve_root(&testing, made, all, all_count, err) < 0 ||
		collect_steps(&testing, err) < 0 ||
		compute_key(&testing, &made->item->input_key, err) < 0 ||
		find_result_or_lock(&testing, &found, &lock, err) < 0)
		return err->class;
	if (!found && run_test(&testing, err) < 0)
		return err->class;
	counts->passed++;
	counts->cached += found;
	return 0;
}

int test_packages(const struct made *made, struct made *const *all, size_t all_count,
	const struct test_options *options, struct test_counts *counts, struct error *err)
{
	const struct recipe *recipe = made->item->recipe;
	for (size_t i = 0; i < recipe->package_count; i++) {
		const struct recipe_package *package = &recipe->packages[i];
		if (package->test_steps.count &&
			test_package(
				made, package, all, all_count, options, counts, err) < 0)
			return error_wrap(err, "test of %s", package->name);
	}
	return 0;
}
