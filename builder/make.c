/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/make.h"

#include "base/array.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/limits.h"
#include "base/log.h"
#include "builder/make_record.h"
#include "builder/make_root.h"
#include "builder/package/apk.h"
#include "builder/package/fragment.h"
#include "builder/sandbox/sandbox.h"

#define OUTPUT_DIRECTORY "/home/build/melange-out"
#define CACHE_DIRECTORY  "/var/cache/melange"
#define LOG_TAIL_LINES   12
#define LOG_TAIL_BYTES   900

/* All that one build holds while it is under way. */
struct making {
	const struct plan_item *item;
	const struct recipe *recipe;
	const struct make_options *options;
	struct made *made;
	struct arena *arena;
	struct build_root root;
	struct sandbox_bind *binds;
	int *bind_fds;
	size_t bind_count;
	struct sandbox_step *steps;
	size_t step_count;
	const char **environment;
	char *log_path; /* relative to the store */
	int log_fd;
	char scratch[128];
	int scratch_fd;
	struct log_task *task;
};

static void making_done(struct making *making)
{
	build_root_done(&making->root);
	for (size_t i = 0; i < making->bind_count; i++)
		close_fd(&making->bind_fds[i]);
	close_fd(&making->log_fd);
	close_fd(&making->scratch_fd);
	if (*making->scratch) {
		struct error ignored = ERROR_INIT;
		/* what stays behind is swept from tmp/ later */
		(void)!sandbox_remove_scratch(
			making->options->store, making->scratch, &ignored);
	}
	log_task_end(&making->task);
}

/* ---- 1. sources ---- */

static int fetch_source(
	struct making *making, const struct recipe_source *source, struct error *err)
{
	struct made *made = making->made;
	struct source_result result = {0};
	char hex[DIGEST_TEXT_MAX];
	uint64_t size;
	if (source->kind != RECIPE_SOURCE_FETCH)
		return error_set_at(err, ERR_INPUT, making->recipe->path, source->line, 0,
			"git-checkout cannot be fetched yet; name a source archive by "
			"its digest");
	log_task_step(making->task, "fetch %s", source->file_name);
	if (source_fetch(source, making->options->sources, making->options->store,
		    &result, err) < 0)
		return err->class;
	struct made_source *noted = &made->sources[made->source_count++];
	noted->uri = arena_strdup(made->arena, source->uri);
	/* a mirror's name is this machine's business, not the record's */
	noted->url = arena_strdup(made->arena,
		result.url && strcmp(result.url, source->uri) == 0 ? result.url : "");
	noted->pool_path = arena_strdup(
		made->arena, source->debian.count ? source->debian.items[0] : "");
	noted->digest = result.blob;
	noted->size = result.size;
	free(result.url);
	if (!noted->uri || !noted->url || !noted->pool_path)
		return error_set_memory(err);
	const char *algorithm = digest_algorithm_name(source->expected.algorithm);
	const char *target =
		digest_is_set(&source->expected)
			? arena_printf(made->arena, CACHE_DIRECTORY "/%s:%s", algorithm,
				  digest_format_hex(&source->expected, hex))
			: arena_printf(
				  made->arena, CACHE_DIRECTORY "/%s", source->file_name);
	if (!target)
		return error_set_memory(err);
	int *fd = &making->bind_fds[making->bind_count];
	if (store_open_blob(making->options->store, &result.blob, fd, &size, err) < 0)
		return err->class;
	making->binds[making->bind_count++] =
		(struct sandbox_bind){.fd = *fd, .target = target};
	return 0;
}

static int fetch_sources(struct making *making, struct error *err)
{
	const struct recipe *recipe = making->recipe;
	size_t count = recipe->source_count;
	making->made->sources =
		arena_array(making->made->arena, count, sizeof(struct made_source));
	making->binds = arena_array(making->arena, count, sizeof(*making->binds));
	making->bind_fds = arena_array(making->arena, count, sizeof(int));
	if (!making->made->sources || !making->binds || !making->bind_fds)
		return error_set_memory(err);
	for (size_t i = 0; i < count; i++)
		if (!recipe->sources[i].for_test &&
			fetch_source(making, &recipe->sources[i], err) < 0)
			return err->class;
	return 0;
}

/* ---- 2. steps and environment ---- */

static const char **variable_texts(
	struct arena *arena, const struct recipe_variable *variables, size_t count)
{
	const char **texts = arena_array(arena, count + 1, sizeof(*texts));
	for (size_t i = 0; texts && i < count; i++) {
		texts[i] = arena_printf(
			arena, "%s=%s", variables[i].name, variables[i].value);
		if (!texts[i])
			return NULL;
	}
	return texts;
}

/* Later ones win: what is the same everywhere, the toolchain's, the recipe's. */
static int collect_environment(struct making *making, struct error *err)
{
	char epoch[32];
	(void)snprintf(epoch, sizeof(epoch), "%lld",
		(long long)making->options->mtime); /* fits */
	const struct recipe_variable fixed[] = {
		{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/bin:/usr/sbin:/sbin:/bin"},
		{"HOME", "/home/build"},
		{"SOURCE_DATE_EPOCH", epoch},
		{"TZ", "UTC"},
		{"LC_ALL", "C.UTF-8"},
		{"TERM", "dumb"},
		{"PYTHONHASHSEED", "0"},
		{"PERL_HASH_SEED", "0"},
	};
	size_t toolchain_count, count = 0;
	const struct recipe_variable *toolchain =
		toolchain_environment(making->options->toolchain, &toolchain_count);
	const struct recipe *recipe = making->recipe;
	struct recipe_variable *all = arena_array(making->arena,
		ARRAY_LEN(fixed) + toolchain_count + recipe->environment_count,
		sizeof(*all));
	if (!all)
		return error_set_memory(err);
	const struct {
		const struct recipe_variable *items;
		size_t count;
	} sources[] = {{fixed, ARRAY_LEN(fixed)}, {toolchain, toolchain_count},
		{recipe->environment, recipe->environment_count}};
	for (size_t s = 0; s < ARRAY_LEN(sources); s++)
		for (size_t i = 0; i < sources[s].count; i++) {
			size_t at = 0;
			while (at < count &&
				strcmp(all[at].name, sources[s].items[i].name) != 0)
				at++;
			all[at] = sources[s].items[i];
			count += at == count;
		}
	making->environment = variable_texts(making->arena, all, count);
	return making->environment ? 0 : error_set_memory(err);
}

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
	for (size_t i = 0; i < package->steps.count; i++) {
		const struct recipe_step *from = &package->steps.items[i];
		step = &making->steps[making->step_count++];
		step->label = from->label;
		step->script = from->script;
		step->working_directory = from->working_directory;
		step->environment = variable_texts(
			making->arena, from->environment, from->environment_count);
		if (!step->environment)
			return error_set_memory(err);
	}
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
	return collect_environment(making, err);
}

/* ---- 3. the sandbox ---- */

static int open_log(struct making *making, struct error *err)
{
	cleanup_fd int logs = -1;
	char hex[DIGEST_TEXT_MAX];
	digest_format_hex(&making->item->input_key, hex);
	const char *name = arena_printf(making->arena, "%s-%s-%.8s.log",
		making->recipe->name, making->recipe->full_version, hex);
	making->log_path = name ? arena_printf(making->arena, "%s/logs/%s",
					  store_path(making->options->store), name)
				: NULL;
	if (!making->log_path)
		return error_set_memory(err);
	if (fs_make_dirs(store_dirfd(making->options->store), "logs", 0755, &logs, err) <
		0)
		return err->class;
	return fs_open(logs, name, FS_OWN, O_RDWR | O_CREAT | O_TRUNC, 0644,
		&making->log_fd, err);
}

static void on_step(void *context, size_t step)
{
	struct making *making = context;
	log_task_step(making->task, "step %zu/%zu %s", step + 1, making->step_count,
		making->steps[step].label);
	if (making->log_fd >= 0)
		(void)dprintf(making->log_fd, "--- step %zu/%zu: %s\n", step + 1,
			making->step_count,
			making->steps[step].label); /* the log is a convenience */
}

/* The last lines of the log, for the message. */
static void read_log_tail(int fd, char *tail, size_t size)
{
	struct stat st;
	tail[0] = '\0';
	if (fstat(fd, &st) < 0 || st.st_size <= 0)
		return;
	off_t from = st.st_size > LOG_TAIL_BYTES ? st.st_size - LOG_TAIL_BYTES : 0;
	ssize_t n = pread(fd, tail, size - 1, from);
	if (n <= 0)
		return;
	tail[n] = '\0';
	char *start = tail + n;
	for (int lines = 0; start > tail; start--)
		if (start[-1] == '\n' && ++lines > LOG_TAIL_LINES)
			break;
	memmove(tail, start, strlen(start) + 1);
	for (char *c = tail; *c; c++)
		if ((unsigned char)*c < 0x20 && *c != '\n' && *c != '\t')
			*c = '?'; /* a log must not steer the terminal */
}

static int report_failure(const struct making *making,
	const struct sandbox_result *result, struct error *err)
{
	char tail[LOG_TAIL_BYTES + 1];
	read_log_tail(making->log_fd, tail, sizeof(tail));
	const char *label = making->steps[result->failed_step].label;
	if (result->timed_out)
		error_set(err, ERR_INPUT, "step '%s' took too long and was ended\n%s",
			label, tail);
	else if (result->status > 128)
		error_set(err, ERR_INPUT, "step '%s' was ended by signal %d\n%s", label,
			result->status - 128, tail);
	else
		error_set(err, ERR_INPUT, "step '%s' failed with status %d\n%s", label,
			result->status, tail);
	return error_remedy(err, "the whole log is %s", making->log_path);
}

static int run_steps(struct making *making, struct error *err)
{
	const struct make_options *options = making->options;
	struct sandbox_result result = {0};
	if (open_log(making, err) < 0 ||
		sandbox_make_scratch(options->store, making->scratch,
			sizeof(making->scratch), &making->scratch_fd, err) < 0)
		return err->class;
	struct sandbox sandbox = {.base_dirfd = store_dirfd(options->store),
		.layers = (const char *const *)making->root.layers,
		.layer_count = making->root.count,
		.scratch_dirfd = making->scratch_fd,
		.binds = making->binds,
		.bind_count = making->bind_count,
		.environment = making->environment,
		.steps = making->steps,
		.step_count = making->step_count,
		.log_fd = making->log_fd,
		.timeout_seconds = options->timeout_seconds,
		.cpus = options->cpus,
		.on_step = on_step,
		.context = making};
	if (sandbox_run(&sandbox, &result, err) < 0)
		return err->class;
	if (result.status != 0 || result.timed_out)
		return report_failure(making, &result, err);
	making->made->seconds = result.seconds;
	making->made->sandbox_tier =
		arena_strdup(making->made->arena, sandbox_tier_name(result.tier));
	return making->made->sandbox_tier ? 0 : error_set_memory(err);
}

/* ---- 4. packages from what came out ---- */

static int copy_list(struct arena *arena, const struct recipe_list *from,
	struct package_list *to, struct error *err)
{
	to->items = arena_array(arena, from->count, sizeof(*to->items));
	if (!to->items)
		return error_set_memory(err);
	for (size_t i = 0; i < from->count; i++, to->count++)
		if (!(to->items[i] = arena_strdup(arena, from->items[i])))
			return error_set_memory(err);
	return 0;
}

static int copy_scripts(
	const struct recipe_package *from, struct package *to, struct error *err)
{
	to->scripts = arena_array(to->arena, from->scriptlet_count, sizeof(*to->scripts));
	if (!to->scripts)
		return error_set_memory(err);
	for (size_t i = 0; i < from->scriptlet_count; i++, to->script_count++) {
		to->scripts[i].name = arena_strdup(to->arena, from->scriptlets[i].name);
		to->scripts[i].text = arena_strdup(to->arena, from->scriptlets[i].value);
		if (!to->scripts[i].name || !to->scripts[i].text)
			return error_set_memory(err);
	}
	return 0;
}

static const char *first_of(const char *a, const char *b)
{
	return *a ? a : b;
}

/* The apk format has no negative ones: they mean "none". */
static uint64_t priority(int64_t value)
{
	return value > 0 ? (uint64_t)value : 0; /* tested */
}

static int describe(const struct recipe *recipe, const struct recipe_package *from,
	int64_t mtime, struct package *to, struct error *err)
{
	const struct recipe_package *main_package = &recipe->packages[0];
	struct arena *arena = to->arena;
	to->name = arena_strdup(arena, from->name);
	to->version = arena_strdup(arena, recipe->full_version);
	to->architecture = arena_strdup(arena, recipe->architecture);
	to->description = package_one_line(
		arena, first_of(from->description, main_package->description));
	to->url = arena_strdup(arena, first_of(from->url, main_package->url));
	to->license = arena_strdup(arena, recipe->license);
	to->origin = arena_strdup(arena, recipe->name);
	to->commit = to->maintainer = "";
	to->triggers = arena_strdup(arena, from->trigger_paths);
	to->build_date = mtime;
	to->provider_priority = priority(from->dependencies.provider_priority);
	to->replaces_priority = priority(from->dependencies.replaces_priority);
	if (!to->name || !to->version || !to->architecture || !to->description ||
		!to->url || !to->license || !to->origin || !to->triggers)
		return error_set_memory(err);
	if (copy_list(arena, &from->dependencies.runtime, &to->depends, err) < 0 ||
		copy_list(arena, &from->dependencies.provides, &to->provides, err) < 0 ||
		copy_list(arena, &from->dependencies.replaces, &to->replaces, err) < 0)
		return err->class;
	return copy_scripts(from, to, err);
}

static int collect(struct making *making, const struct recipe_package *from,
	struct package **ret_package, struct error *err)
{
	cleanup_package struct package *package = NULL;
	cleanup_buffer struct buffer path = BUFFER_INIT;
	cleanup_fd int output = -1;
	if (from->setcap_count)
		return error_set(err, ERR_INPUT, "setcap is not supported yet");
	if (package_new(&package, err) < 0 ||
		describe(making->recipe, from, making->options->mtime, package, err) <
			0 ||
		buffer_printf(&path, err, "upper" OUTPUT_DIRECTORY "/%s", from->name) <
			0 ||
		fs_open(making->scratch_fd, buffer_str(&path), FS_BENEATH,
			O_RDONLY | O_DIRECTORY, 0, &output, err) < 0 ||
		package_collect(package, output, making->options->store, NULL, err) < 0)
		return err->class;
	*ret_package = take_ptr(package);
	return 0;
}

/* The .apk in the store is unsigned: a signature is put before it when it is exported. */
static int pack(struct making *making, const struct recipe_package *from,
	struct package *package, struct error *err)
{
	struct store *store = making->options->store;
	struct made *made = making->made;
	cleanup_fragment_index struct fragment_index *fragments = NULL;
	int64_t mtime = making->options->mtime;
	struct package_scan_options scan = {.no_provides = from->no_provides,
		.no_depends = from->no_depends,
		.no_commands = from->no_commands,
		.siblings = (const struct package *const *)made->packages,
		.sibling_count = made->package_count};
	if (package_scan(package, store, &scan, err) < 0 ||
		apk_write(package, store, SLICE_EMPTY, NULL, NULL, mtime, err) < 0)
		return err->class;
	return fragment_index_get(
		store, package->tree, COMPRESSION_GZIP, mtime, &fragments, err);
}

static int pack_all(struct making *making, struct error *err)
{
	const struct recipe *recipe = making->recipe;
	struct made *made = making->made;
	made->packages =
		arena_array(made->arena, recipe->package_count, sizeof(struct package *));
	if (!made->packages)
		return error_set_memory(err);
	for (size_t i = 0; i < recipe->package_count; i++) {
		log_task_step(making->task, "collect %s", recipe->packages[i].name);
		if (collect(making, &recipe->packages[i], &made->packages[i], err) < 0)
			return error_wrap(err, "package %s", recipe->packages[i].name);
		made->package_count++;
	}
	for (size_t i = 0; i < recipe->package_count; i++) {
		log_task_step(making->task, "pack %s", recipe->packages[i].name);
		if (pack(making, &recipe->packages[i], made->packages[i], err) < 0)
			return error_wrap(err, "package %s", recipe->packages[i].name);
	}
	return 0;
}

/* ---- the whole ---- */

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
		.log_fd = -1,
		.scratch_fd = -1};
	making.task =
		log_task_begin("%s-%s", item->recipe->name, item->recipe->full_version);
	if (fetch_sources(&making, err) < 0)
		return err->class;
	log_task_step(making.task, "build root");
	if (build_root_prepare(item, before, before_count, options, &making.root, err) <
			0 ||
		collect_steps(&making, err) < 0 || run_steps(&making, err) < 0 ||
		pack_all(&making, err) < 0 ||
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
	*ret_made = take_ptr(made);
	return 0;
}
