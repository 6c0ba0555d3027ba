/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources are not fetched by steps: there is no network in the sandbox. What
 * `uses: fetch` and `uses: git-checkout` ask for is recorded here and provided before;
 * their pipeline files only unpack it.
 */
#include "base/limits.h"
#include "builder/recipe/recipe_private.h"

#define LEAST_SECONDS 30

/* Only of the pipeline itself: an input of a caller is not meant. */
static const char *input_value(const struct scope *inputs, const char *name)
{
	for (size_t i = 0; i < inputs->count; i++) {
		if (strcmp(inputs->variables[i].name, name) == 0)
			return inputs->variables[i].value;
	}
	return "";
}

/* "https://host/a/b.tar.gz?x#y" → "b.tar.gz" */
static int name_of_uri(
	struct expansion *x, struct recipe_source *source, struct error *err)
{
	size_t len = strcspn(source->uri, "?#"), from;
	while (source->kind == RECIPE_SOURCE_GIT && len && source->uri[len - 1] == '/')
		len--; /* the folder's name then */
	from = len;
	while (from && source->uri[from - 1] != '/')
		from--;
	source->file_name =
		arena_strndup(x->arena, slice_from(source->uri + from, len - from));
	return source->file_name ? 0 : error_set_memory(err);
}

static const char *check_file_name(const char *value)
{
	if (!*value || strcmp(value, ".") == 0 || strcmp(value, "..") == 0)
		return "names no file";
	return strlen(value) > LIMIT_NAME_BYTES ? "has too long a file name" : NULL;
}

static int split_debian(struct expansion *x, const char *text,
	const struct text_rules *rules, const struct yaml_node *step,
	struct recipe_source *source, struct error *err)
{
	struct slice rest = slice_str(text), word;
	struct text_list list = {0};
	while (slice_word(&rest, &word)) {
		char *path = arena_strndup(x->arena, word);
		const char *reason;
		if (!path)
			return error_set_memory(err);
		reason = strncmp(path, "pool/", 5) == 0 ? check_path_relative(path)
							: "must begin with pool/";
		if (reason)
			return place_error(rules, step, err, "fetch: debian '%.128s' %s",
				path, reason);
		if (text_list_add(&list, x->arena, path, err) < 0)
			return err->class;
	}
	source->debian = text_list_take(&list);
	return 0;
}

static int read_expected(
	const struct scope *inputs, struct recipe_source *source, struct error *err)
{
	const char *sha256 = input_value(inputs, "inputs.expected-sha256");
	const char *sha512 = input_value(inputs, "inputs.expected-sha512");
	if (*sha256)
		return digest_parse_hex(
			DIGEST_SHA256, slice_str(sha256), &source->expected, err);
	if (*sha512)
		return digest_parse_hex(
			DIGEST_SHA512, slice_str(sha512), &source->expected, err);
	return 0;
}

/* A number of a recipe that is about patience: between least and most, whatever it says.
 * Empty: ret_value stays. */
static int read_patience(const struct scope *inputs, const char *name, unsigned least,
	unsigned most, unsigned *ret_value, const struct text_rules *rules,
	const struct yaml_node *step, struct error *err)
{
	struct error reason = ERROR_INIT;
	const char *text = input_value(inputs, name);
	uint64_t value = 0;
	if (!*text)
		return 0;
	if (slice_parse_u64(slice_str(text), 10, UINT32_MAX, &value, &reason) < 0)
		return place_error(rules, step, err, "%s: %s", name + strlen("inputs."),
			reason.text);
	*ret_value = value < least ? least : value > most ? most : (unsigned)value;
	return 0;
}

/* More patience than ours, if a recipe asks for it, never less: how slow a mirror is,
 * nobody knew who wrote it. */
static int read_fetch_patience(const struct scope *inputs, struct recipe_source *source,
	const struct text_rules *rules, const struct yaml_node *step, struct error *err)
{
	unsigned name = 0;
	if (read_patience(inputs, "inputs.retry-limit", 0, LIMIT_FETCH_TRIES,
		    &source->tries, rules, step, err) < 0 ||
		read_patience(inputs, "inputs.timeout", LEAST_SECONDS, LIMIT_FETCH_STALL,
			&source->stall_seconds, rules, step, err) < 0 ||
		read_patience(inputs, "inputs.dns-timeout", 0, LIMIT_FETCH_STALL, &name,
			rules, step, err) < 0)
		return err->class;
	if (source->tries == 0 && *input_value(inputs, "inputs.retry-limit"))
		source->tries = LIMIT_FETCH_TRIES; /* wget's 0: without end */
	source->connect_seconds =
		name > source->stall_seconds ? name : source->stall_seconds;
	return 0;
}

static int read_git_patience(const struct scope *inputs, struct recipe_source *source,
	const struct text_rules *rules, const struct yaml_node *step, struct error *err)
{
	if (read_patience(inputs, "inputs.max-retries", 0, LIMIT_FETCH_TRIES - 1,
		    &source->tries, rules, step, err) < 0 ||
		read_patience(inputs, "inputs.initial-backoff", 1,
			LIMIT_FETCH_WAIT_SECONDS, &source->wait_seconds, rules, step,
			err) < 0 ||
		read_patience(inputs, "inputs.max-backoff", 1, LIMIT_FETCH_WAIT_SECONDS,
			&source->wait_max_seconds, rules, step, err) < 0)
		return err->class;
	if (*input_value(inputs, "inputs.max-retries"))
		source->tries++; /* the first one is no retry */
	return 0;
}

static int check_uri(const struct recipe_source *source, const char *what,
	const struct text_rules *rules, const struct yaml_node *step, struct error *err)
{
	const char *reason = check_word(source->uri);
	if (!reason)
		reason = check_file_name(source->file_name);
	return reason ? place_error(rules, step, err, "%s '%.256s' %s", what, source->uri,
				reason)
		      : 0;
}

static int read_fetch(struct expansion *x, const struct scope *inputs,
	const struct text_rules *rules, const struct yaml_node *step,
	struct recipe_source *source, struct error *err)
{
	source->kind = RECIPE_SOURCE_FETCH;
	source->uri = input_value(inputs, "inputs.uri");
	source->commit = source->tag = source->branch = source->destination = "";
	source->depth = source->cherry_picks = source->sparse_paths = "";
	source->purl_name = input_value(inputs, "inputs.purl-name");
	source->purl_version = input_value(inputs, "inputs.purl-version");
	if (name_of_uri(x, source, err) < 0 ||
		check_uri(source, "fetch: uri", rules, step, err) < 0 ||
		read_expected(inputs, source, err) < 0 ||
		read_fetch_patience(inputs, source, rules, step, err) < 0)
		return err->class;
	return split_debian(
		x, input_value(inputs, "inputs.debian"), rules, step, source, err);
}

/* Empty is false: a pipeline of a --pipeline-dir need not have the input. */
static int read_bool(const struct scope *inputs, const char *name, bool *ret_value,
	const struct text_rules *rules, const struct yaml_node *step, struct error *err)
{
	const char *value = input_value(inputs, name);
	*ret_value = strcmp(value, "true") == 0;
	if (*ret_value || !*value || strcmp(value, "false") == 0)
		return 0;
	return place_error(rules, step, err,
		"git-checkout: %s is true or false, not '%.128s'",
		name + strlen("inputs."), value);
}

static int read_git(struct expansion *x, const struct scope *inputs,
	const struct text_rules *rules, const struct yaml_node *step,
	struct recipe_source *source, struct error *err)
{
	source->kind = RECIPE_SOURCE_GIT;
	source->uri = input_value(inputs, "inputs.repository");
	source->commit = input_value(inputs, "inputs.expected-commit");
	source->tag = input_value(inputs, "inputs.tag");
	source->branch = input_value(inputs, "inputs.branch");
	source->destination = input_value(inputs, "inputs.destination");
	source->depth = input_value(inputs, "inputs.depth");
	source->cherry_picks = input_value(inputs, "inputs.cherry-picks");
	source->sparse_paths = input_value(inputs, "inputs.sparse-paths");
	source->purl_name = source->purl_version = "";
	if (read_bool(inputs, "inputs.recurse-submodules", &source->recurse_submodules,
		    rules, step, err) < 0 ||
		read_bool(inputs, "inputs.expected-commit-is-branch-tip",
			&source->branch_tip, rules, step, err) < 0 ||
		read_git_patience(inputs, source, rules, step, err) < 0)
		return err->class;
	if (source->branch_tip && (!*source->branch || !*source->commit))
		return place_error(rules, step, err,
			"git-checkout: expected-commit-is-branch-tip needs branch and "
			"expected-commit");
	if (*source->tag && *source->branch) {
		(void)place_error(
			rules, step, err, "git-checkout: either tag or branch, not both");
		return error_remedy(err,
			"keep 'tag' for a release, 'branch' for what is between two");
	}
	if (check_line(source->tag) || check_line(source->branch))
		return place_error(
			rules, step, err, "git-checkout: tag or branch is not one line");
	if (name_of_uri(x, source, err) < 0)
		return err->class;
	return check_uri(source, "git-checkout: repository", rules, step, err);
}

int source_record(struct expansion *x, const struct step_sink *sink, const char *uses,
	const struct scope *inputs, const struct text_rules *rules,
	const struct yaml_node *step, struct error *err)
{
	bool git = strcmp(uses, "git-checkout") == 0;
	struct recipe_source *source;
	if (!git && strcmp(uses, "fetch") != 0)
		return 0;
	source = arena_append(x->arena, &x->recipe->sources, &x->recipe->source_count,
		&x->source_capacity, sizeof(*source));
	if (!source)
		return error_set_memory(err);
	source->line = step->line;
	source->for_test = sink->for_test;
	source->package = sink->package->name;
	if (git)
		return read_git(x, inputs, rules, step, source, err);
	return read_fetch(x, inputs, rules, step, source, err);
}
