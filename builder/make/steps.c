/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/make/steps.h"

#include "base/limits.h"
#include "base/log.h"

#define LOG_TAIL_LINES 12
#define LOG_TAIL_BYTES 4096
#define TIMEOUT_MAX    (24 * 60 * 60)
#define USER_MAX       (UINT32_MAX - 1) /* the last one means "no user" */

/* ---- steps and environment ---- */

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

int step_from_recipe(struct arena *arena, const struct recipe_step *from,
	struct sandbox_step *ret_step, struct error *err)
{
	struct sandbox_step step = {.label = from->label,
		.script = from->script,
		.working_directory = from->working_directory};
	step.environment =
		variable_texts(arena, from->environment, from->environment_count);
	if (!step.environment)
		return error_set_memory(err);
	*ret_step = step;
	return 0;
}

int step_environment(struct arena *arena, const struct step_environment *from,
	const char *const **ret_environment, struct error *err)
{
	char epoch[32];
	(void)snprintf(
		epoch, sizeof(epoch), "%lld", (long long)from->options->mtime); /* fits */
	const struct recipe_variable fixed[] = {
		{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/bin:/usr/sbin:/sbin:/bin"},
		{"HOME", "/home/build"},
		{"GOPATH", "/home/build/.cache/go"},
		{"GOMODCACHE", CACHE_DIRECTORY "/gomodcache"},
		{"UV_CACHE_DIR", CACHE_DIRECTORY "/uv"},
		{"PIP_CACHE_DIR", CACHE_DIRECTORY "/pip"},
		{"COMPOSER_CACHE_DIR", CACHE_DIRECTORY "/composer"},
		{"npm_config_cache", CACHE_DIRECTORY "/npm"},
		{"SOURCE_DATE_EPOCH", epoch},
		{"TZ", "UTC"},
		{"LC_ALL", "C.UTF-8"},
		{"TERM", "dumb"},
		{"PYTHONHASHSEED", "0"},
		{"PERL_HASH_SEED", "0"},
	};
	size_t toolchain_count = 0, count = 0;
	const struct recipe_variable *toolchain =
		from->toolchain ? toolchain_environment(
					  from->options->toolchain, &toolchain_count)
				: NULL;
	const struct recipe *recipe = from->recipe;
	struct recipe_variable *all = arena_array(arena,
		ARRAY_LEN(fixed) + toolchain_count + recipe->environment_count +
			from->own_count,
		sizeof(*all));
	if (!all)
		return error_set_memory(err);
	const struct {
		const struct recipe_variable *items;
		size_t count;
	} sources[] = {{fixed, ARRAY_LEN(fixed)}, {toolchain, toolchain_count},
		{recipe->environment, recipe->environment_count},
		{from->own, from->own_count}};
	for (size_t s = 0; s < ARRAY_LEN(sources); s++)
		for (size_t i = 0; i < sources[s].count; i++) {
			size_t at = 0;
			while (at < count &&
				strcmp(all[at].name, sources[s].items[i].name) != 0)
				at++;
			all[at] = sources[s].items[i];
			count += at == count;
		}
	*ret_environment = variable_texts(arena, all, count);
	return *ret_environment ? 0 : error_set_memory(err);
}

/* ---- the log ---- */

static int open_log(struct step_run *run, struct error *err)
{
	cleanup_fd int logs = -1;
	cleanup_buffer struct buffer path = BUFFER_INIT;
	struct store *store = run->options->store;
	if (buffer_printf(&path, err, "%s/logs/%s", store_path(store), run->log_name) <
			0 ||
		buffer_take_str(&path, &run->log_path, err) < 0 ||
		fs_make_dirs(store_dirfd(store), "logs", 0755, &logs, err) < 0)
		return err->class;
	return fs_open(logs, run->log_name, FS_OWN, O_RDWR | O_CREAT | O_TRUNC, 0644,
		&run->log_fd, err);
}

static void on_step(void *context, size_t step)
{
	struct step_run *run = context;
	log_task_step(run->task, "step %zu/%zu %s", step + 1, run->step_count,
		run->steps[step].label);
	if (run->log_fd >= 0)
		(void)dprintf(run->log_fd, "--- step %zu/%zu: %s\n", step + 1,
			run->step_count,
			run->steps[step].label); /* the log is a convenience */
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
}

static int report_failure(const struct step_run *run, struct error *err)
{
	const struct sandbox_result *result = &run->result;
	char tail[LOG_TAIL_BYTES + 1];
	read_log_tail(run->log_fd, tail, sizeof(tail));
	if (tail[0])
		log_excerpt(run->log_path, tail);
	const char *label = run->steps[result->failed_step].label;
	if (result->timed_out)
		error_set(err, ERR_INPUT, "step '%s' took too long and was ended", label);
	else if (result->status > 128)
		error_set(err, ERR_INPUT, "step '%s' was ended by signal %d", label,
			result->status - 128);
	else
		error_set(err, ERR_INPUT, "step '%s' failed with status %d", label,
			result->status);
	return error_remedy(err, "the whole log is %s", run->log_path);
}

/* ---- who runs ---- */

#define PASSWD_BYTES (1 * MIB)

/* "name:x:uid:gid:…" (passwd(5)); *ret_uid 0 if the name is not there. */
static int find_user(
	struct slice text, struct slice name, unsigned *ret_uid, struct error *err)
{
	struct slice line, field;
	uint64_t uid = 0;
	while (slice_cut(&text, '\n', &line)) {
		if (!slice_cut(&line, ':', &field) || !slice_equal(field, name))
			continue;
		if (!slice_cut(&line, ':', &field) || !slice_cut(&line, ':', &field) ||
			slice_parse_u64(field, 10, USER_MAX, &uid, err) < 0)
			return error_wrap(err, "/etc/passwd: user %.*s", SLICE_ARG(name));
		break;
	}
	*ret_uid = (unsigned)uid; /* at most USER_MAX */
	return 0;
}

/* In the topmost /etc/passwd of the root. */
static int find_user_in_root(
	const struct step_run *run, unsigned *ret_uid, struct error *err)
{
	int base = store_dirfd(run->options->store);
	for (size_t i = 0; i < run->root->count; i++) {
		cleanup_fd int layer = -1, fd = -1;
		cleanup_reader struct reader *reader = NULL;
		cleanup_buffer struct buffer text = BUFFER_INIT;
		struct error absent = ERROR_INIT;
		if (fs_open_dir(base, run->root->layers[i], &layer, err) < 0)
			return err->class;
		if (fs_open(layer, "etc/passwd", FS_BENEATH,
			    O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &fd, &absent) < 0) {
			if (absent.class == ERR_INPUT || absent.sys == ENOENT)
				continue;
			return error_set(err, absent.class, "%s", absent.text);
		}
		if (reader_from_fd(&fd, &reader, err) < 0 ||
			reader_read_all(reader, PASSWD_BYTES, &text, err) < 0)
			return error_wrap(err, "/etc/passwd");
		return find_user(
			buffer_slice(&text), slice_str(run->run_as), ret_uid, err);
	}
	*ret_uid = 0;
	return 0;
}

static int find_uid(const struct step_run *run, unsigned *ret_uid, struct error *err)
{
	struct error not_a_number = ERROR_INIT;
	uint64_t uid = 0;
	*ret_uid = 0;
	if (!run->run_as || !*run->run_as || strcmp(run->run_as, "build") == 0)
		return 0;
	if (slice_parse_u64(slice_str(run->run_as), 10, USER_MAX, &uid, &not_a_number) ==
		0)
		*ret_uid = (unsigned)uid; /* at most USER_MAX */
	else if (find_user_in_root(run, ret_uid, err) < 0)
		return error_wrap(err, "run-as %s", run->run_as);
	if (*ret_uid)
		return 0;
	if (uid == 0 &&
		(strcmp(run->run_as, "root") == 0 || !error_is_set(&not_a_number))) {
		error_set(err, ERR_INPUT, "run-as %s: no step runs as root", run->run_as);
		return error_remedy(err, "leave run-as out; owners and modes of files "
					 "are declared in the recipe");
	}
	return error_set(
		err, ERR_INPUT, "run-as %s: the root has no such user", run->run_as);
}

/* ---- running ---- */

void step_run_done(struct step_run *run)
{
	close_fd(&run->log_fd);
	close_fd(&run->scratch_fd);
	free_ptr(&run->log_path);
	if (*run->scratch) {
		struct error ignored = ERROR_INIT;
		/* what stays behind is swept from tmp/ later */
		(void)!sandbox_remove_scratch(
			run->options->store, run->scratch, &ignored);
	}
	run->scratch[0] = '\0';
}

int steps_run(struct step_run *run, struct error *err)
{
	const struct make_options *options = run->options;
	unsigned uid, timeout = options->timeout_seconds;
	if (!timeout) /* fits: see TIMEOUT_MAX */
		timeout = (unsigned)(run->timeout_seconds < TIMEOUT_MAX
					     ? run->timeout_seconds
					     : TIMEOUT_MAX);
	if (find_uid(run, &uid, err) < 0 || open_log(run, err) < 0 ||
		sandbox_make_scratch(options->store, run->scratch, sizeof(run->scratch),
			&run->scratch_fd, err) < 0)
		return err->class;
	struct sandbox sandbox = {.base_dirfd = store_dirfd(options->store),
		.layers = (const char *const *)run->root->layers,
		.layer_count = run->root->count,
		.scratch_dirfd = run->scratch_fd,
		.binds = run->fetched->binds,
		.bind_count = run->fetched->count,
		.environment = run->environment,
		.steps = run->steps,
		.step_count = run->step_count,
		.log_fd = run->log_fd,
		.timeout_seconds = timeout,
		.cpus = options->cpus,
		.uid = uid,
		.on_step = on_step,
		.context = run};
	if (sandbox_run(&sandbox, &run->result, err) < 0)
		return err->class;
	if (run->result.status != 0 || run->result.timed_out)
		return report_failure(run, err);
	return 0;
}
