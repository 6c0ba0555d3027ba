/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>

#include "base/log.h"
#include "builder/recipe/recipe.h"
#include "cli/common.h"

struct compile_flags {
	struct cli_list pipeline_dirs, build_options;
	const char *arch, *recipes;
	uint64_t jobs;
	bool check_only, check_shell;
};

static const struct cli_option options[] = {
	CLI_OPTION(struct compile_flags, arch, "arch", CLI_TEXT, "ARCH",
		"x86_64 (default) or aarch64"),
	CLI_OPTION(struct compile_flags, pipeline_dirs, "pipeline-dir", CLI_LIST, "DIR",
		"more pipelines, searched first"),
	CLI_OPTION(struct compile_flags, build_options, "build-option", CLI_LIST, "NAME",
		"switch an option of the recipe on"),
	CLI_OPTION(struct compile_flags, recipes, "recipes", CLI_TEXT, "DIR",
		"whose pipelines/ are the built-in ones (default: ./recipes)"),
	CLI_NUMBER_OPTION(struct compile_flags, jobs, "jobs", 1, CLI_PROCESSORS_MAX,
		"threads (default: 1)"),
	CLI_OPTION(struct compile_flags, check_only, "check", CLI_FLAG, NULL,
		"print no plans, only what is wrong"),
	CLI_OPTION(struct compile_flags, check_shell, "check-shell", CLI_FLAG, NULL,
		"ask bash whether it could read each script"),
};

#define JOBS_MAX 64

/* What all threads share; `mutex` guards what follows it. */
struct work {
	const struct cli_list *files;
	const struct compile_flags *flags;
	const char *const *pipeline_dirs;
	size_t pipeline_dir_count;
	struct result *results; /* one per file */
	pthread_mutex_t mutex;
	size_t next, printed, failed;
	struct error unprinted; /* why nothing more is printed */
};

struct result {
	struct buffer text;
	struct error err;
	bool done;
};

static void compile_one(struct work *work, size_t at, struct recipe_cache *cache)
{
	cleanup_recipe struct recipe *recipe = NULL;
	struct result *result = &work->results[at];
	struct error *err = &result->err;
	struct recipe_options recipe_options = {.architecture = work->flags->arch,
		.pipeline_dirs = work->pipeline_dirs,
		.pipeline_dir_count = work->pipeline_dir_count,
		.build_options = {work->flags->build_options.items,
			work->flags->build_options.count},
		.cache = cache};
	if (recipe_load(work->files->items[at], &recipe_options, &recipe, err) < 0 ||
		(work->flags->check_shell && recipe_check_shell(recipe, err) < 0) ||
		work->flags->check_only)
		return;
	if (recipe_to_json(recipe, &result->text, err) < 0)
		return;
	(void)!buffer_add_byte(&result->text, '\n', err); /* the error is kept */
}

/* With the mutex. What is wrong with the call is so for all recipes: told once. */
static void print_result(struct work *work, const struct result *result)
{
	if (result->err.class == ERR_USAGE) {
		work->unprinted = result->err;
	} else if (error_is_set(&result->err)) {
		log_error(&result->err);
		work->failed++;
	} else if (cli_print(buffer_slice(&result->text), &work->unprinted) == 0) {
		return;
	}
	if (error_is_set(&work->unprinted))
		work->next = work->files->count; /* enough */
}

/* With the mutex: what is done and next in the order of the files. */
static void print_done(struct work *work)
{
	for (; work->printed < work->files->count && work->results[work->printed].done;
		work->printed++) {
		struct result *result = &work->results[work->printed];
		if (!error_is_set(&work->unprinted))
			print_result(work, result);
		buffer_done(&result->text);
	}
}

static void *compile_some(void *context)
{
	struct work *work = context;
	CLEANUP(recipe_cache_free) struct recipe_cache *cache = NULL;
	struct error err = ERROR_INIT;
	if (recipe_cache_new(&cache, &err) < 0)
		cache = NULL; /* slower, not wrong */
	for (;;) {
		(void)pthread_mutex_lock(
			&work->mutex); /* a plain mutex of ours: cannot fail */
		size_t at = work->next++;
		(void)pthread_mutex_unlock(&work->mutex);
		if (at >= work->files->count)
			return NULL;
		compile_one(work, at, cache);
		(void)pthread_mutex_lock(&work->mutex);
		work->results[at].done = true;
		print_done(work);
		(void)pthread_mutex_unlock(&work->mutex);
	}
}

static int compile_all(struct work *work, struct error *err)
{
	pthread_t threads[JOBS_MAX];
	size_t count = work->flags->jobs ? work->flags->jobs : 1, started = 0;
	if (count > JOBS_MAX)
		count = JOBS_MAX;
	for (; started + 1 < count; started++)
		if (pthread_create(&threads[started], NULL, compile_some, work) != 0)
			break; /* fewer threads do the same work */
	(void)compile_some(work);
	for (size_t i = 0; i < started; i++)
		(void)pthread_join(threads[i], NULL);
	if (error_is_set(&work->unprinted)) {
		*err = work->unprinted;
		return err->class;
	}
	log_info("%zu of %zu recipes compile", work->files->count - work->failed,
		work->files->count);
	if (work->failed)
		return error_set(err, ERR_INPUT, "%zu recipe%s did not compile",
			work->failed, work->failed == 1 ? "" : "s");
	return 0;
}

static void work_done(struct work *work)
{
	for (size_t i = 0; work->results && i < work->files->count; i++)
		buffer_done(&work->results[i].text);
	free(work->results);
}

/* Without arguments: what melange looks for, the first that is there. */
static int default_recipe(struct cli_list *ret_files, struct error *err)
{
	static const char *names[][2] = {
		{".melange.yaml"}, {".melange.yml"}, {"melange.yaml"}, {"melange.yml"}};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (access(names[i][0], F_OK) < 0)
			continue;
		*ret_files = (struct cli_list){.items = names[i], .count = 1};
		return 0;
	}
	(void)error_set(err, ERR_USAGE,
		"no recipe is given, and there is no melange.yaml or .melange.yaml here");
	return error_remedy(err, "alnage compile RECIPE.yaml...");
}

static int run(const void *given, const struct cli_list *arguments, struct error *err)
{
	const struct compile_flags *flags = given;
	struct cli_list files = *arguments;
	CLEANUP(work_done)
	struct work work = {
		.files = &files, .flags = flags, .mutex = PTHREAD_MUTEX_INITIALIZER};
	cleanup_buffer struct buffer built_in = BUFFER_INIT;
	cleanup_mem const char **dirs =
		calloc(flags->pipeline_dirs.count + 1, sizeof(const char *));
	if (!files.count && default_recipe(&files, err) < 0)
		return err->class;
	work.results = calloc(files.count, sizeof(*work.results));
	if (!dirs || !work.results)
		return error_set_memory(err);
	if (buffer_printf(&built_in, err, "%s/pipelines",
		    recipes_directory(flags->recipes)) < 0)
		return err->class;
	for (size_t i = 0; i < flags->pipeline_dirs.count; i++)
		dirs[i] = flags->pipeline_dirs.items[i];
	dirs[flags->pipeline_dirs.count] = buffer_str(&built_in);
	work.pipeline_dirs = dirs;
	work.pipeline_dir_count = flags->pipeline_dirs.count + 1;
	return compile_all(&work, err);
}

const struct cli_command compile_command = {
	.name = "compile",
	.arguments = "[RECIPE.yaml...]",
	.summary = "print the expanded plan of package recipes as JSON, one line each",
	.description =
		"Nothing is fetched or run. Every recipe that does not compile is "
		"reported with\n"
		"file:line:column. Without RECIPE.yaml: ./.melange.yaml, .melange.yml, "
		"melange.yaml\n"
		"or melange.yml, the first that is there.",
	.options = options,
	.option_count = ARRAY_LEN(options),
	.options_size = sizeof(struct compile_flags),
	.max_arguments = SIZE_MAX,
	.run = run,
};
