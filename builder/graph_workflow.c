/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/encode.h"
#include "builder/graph_private.h"

#define KEY_DIGITS 16 /* of the input key in a stamp's name */
#define ARGO_NAME  50 /* of a recipe's name in a task's; 63 in all */

/* ---- pieces ---- */

/* Each byte that is in `special` gets `escape` put before it. No line breaks. */
static int add_escaped(struct buffer *out, struct slice text, const char *special,
	char escape, struct error *err)
{
	if (slice_has_byte(text, '\n') || slice_has_byte(text, '\r'))
		return error_set(err, ERR_INPUT,
			"'%.*s' has a line break, which the format cannot say",
			SLICE_ARG(text));
	for (size_t i = 0; i < text.len; i++)
		if ((strchr(special, text.data[i]) &&
			    buffer_add_byte(out, escape, err) < 0) ||
			buffer_add_byte(out, text.data[i], err) < 0)
			return err->class;
	return 0;
}

static int add_word(struct buffer *line, const char *word, struct error *err)
{
	if (line->len && buffer_add_byte(line, ' ', err) < 0)
		return err->class;
	return shell_quote(slice_str(word), line, err);
}

/* The call as a line for the shell, its "$" doubled: so both make and ninja want it. */
static int add_call(const struct graph_options *options, const struct plan_item *item,
	struct buffer *out, struct error *err)
{
	cleanup_buffer struct buffer line = BUFFER_INIT;
	if (buffer_printf(&line, err, "env SOURCE_DATE_EPOCH=%lld",
		    (long long)options->date) < 0 ||
		add_word(&line, options->program, err) < 0 ||
		add_word(&line, "package", err) < 0)
		return err->class;
	for (size_t i = 0; i < options->argument_count; i++)
		if (add_word(&line, options->arguments[i], err) < 0)
			return err->class;
	if (add_word(&line, "--", err) < 0 ||
		add_word(&line, item->recipe->path, err) < 0)
		return err->class;
	return add_escaped(out, buffer_slice(&line), "$", '$', err);
}

static int add_stamp_path(const struct graph_options *options,
	const struct plan_item *item, struct buffer *out, struct error *err)
{
	char hex[DIGEST_TEXT_MAX];
	return buffer_printf(out, err, "%s/%s-%.*s", options->stamps, item->recipe->name,
		KEY_DIGITS, digest_format_hex(&item->input_key, hex));
}

/* ---- ninja (manual, "Lexical syntax") ---- */

static int add_ninja_stamp(const struct graph_options *options,
	const struct plan_item *item, struct buffer *out, struct error *err)
{
	cleanup_buffer struct buffer path = BUFFER_INIT;
	if (buffer_add_byte(out, ' ', err) < 0 ||
		add_stamp_path(options, item, &path, err) < 0)
		return err->class;
	return add_escaped(out, buffer_slice(&path), "$ :|", '$', err);
}

static int add_ninja_item(const struct graph_options *options,
	const struct plan_item *item, struct buffer *out, struct error *err)
{
	if (buffer_add_str(out, "\nbuild", err) < 0 ||
		add_ninja_stamp(options, item, out, err) < 0 ||
		buffer_add_str(out, ": package", err) < 0)
		return err->class;
	for (size_t i = 0; i < item->need_count; i++)
		if (add_ninja_stamp(options, item->needs[i], out, err) < 0)
			return err->class;
	if (buffer_add_str(out, "\n  call = ", err) < 0 ||
		add_call(options, item, out, err) < 0 ||
		buffer_add_str(out, "\n  name = ", err) < 0 ||
		add_escaped(out, slice_str(item->recipe->name), "$", '$', err) < 0)
		return err->class;
	return buffer_add_byte(out, '\n', err);
}

int graph_write_ninja(const struct plan *plan, const struct graph_options *options,
	struct buffer *out, struct error *err)
{
	if (buffer_add_str(out,
		    "ninja_required_version = 1.3\n\n"
		    "rule package\n  command = $call && touch -- $out\n"
		    "  description = package $name\n",
		    err) < 0)
		return err->class;
	for (size_t i = 0; i < plan->count; i++)
		if (add_ninja_item(options, plan->items[i], out, err) < 0)
			return err->class;
	return 0;
}

/* ---- make (GNU make manual; POSIX make reads it, too) ---- */

/* What make's targets cannot hold in every version; blanks in none. */
static int check_make_path(const char *path, struct error *err)
{
	if (!strpbrk(path, " \t\n\r$#%:;=|&*?[]()<>'\"\\`~!"))
		return 0;
	return error_set(err, ERR_INPUT,
		"make cannot have '%s' in a target: choose a plainer folder or --format "
		"ninja",
		path);
}

static int add_make_item(const struct graph_options *options,
	const struct plan_item *item, struct buffer *out, struct error *err)
{
	cleanup_buffer struct buffer stamp = BUFFER_INIT;
	if (add_stamp_path(options, item, &stamp, err) < 0 ||
		check_make_path(buffer_str(&stamp), err) < 0 ||
		buffer_printf(out, err, "\n%s:", buffer_str(&stamp)) < 0)
		return err->class;
	for (size_t i = 0; i < item->need_count; i++)
		if (buffer_add_byte(out, ' ', err) < 0 ||
			add_stamp_path(options, item->needs[i], out, err) < 0)
			return err->class;
	if (buffer_add_str(out, "\n\t", err) < 0 ||
		add_call(options, item, out, err) < 0 ||
		buffer_add_str(out, "\n\t@mkdir -p -- ", err) < 0 ||
		shell_quote(slice_str(options->stamps), out, err) < 0 ||
		buffer_add_str(out, " && touch -- ", err) < 0 ||
		shell_quote(buffer_slice(&stamp), out, err) < 0)
		return err->class;
	return buffer_add_byte(out, '\n', err);
}

int graph_write_make(const struct plan *plan, const struct graph_options *options,
	struct buffer *out, struct error *err)
{
	if (buffer_add_str(out, "all:", err) < 0)
		return err->class;
	for (size_t i = 0; i < plan->count; i++)
		if (buffer_add_byte(out, ' ', err) < 0 ||
			add_stamp_path(options, plan->items[i], out, err) < 0)
			return err->class;
	if (buffer_add_str(out, "\n.PHONY: all\n", err) < 0)
		return err->class;
	for (size_t i = 0; i < plan->count; i++)
		if (add_make_item(options, plan->items[i], out, err) < 0)
			return err->class;
	return 0;
}

/* ---- Argo Workflows: YAML whose texts are JSON strings ---- */

/* Argo replaces {{…}} wherever it stands; there is no way to write it. */
static int add_argo_text(struct buffer *out, const char *text, struct error *err)
{
	if (strstr(text, "{{"))
		return error_set(
			err, ERR_INPUT, "'%s' has '{{', which Argo would replace", text);
	return json_quote(slice_str(text), out, err);
}

/* Task names are letters, digits and "-": the number in the plan makes them unique. */
static int add_argo_name(const struct plan *plan, const struct plan_item *item,
	struct buffer *out, struct error *err)
{
	size_t at = 0;
	while (plan->items[at] != item)
		at++; /* a plan holds what its items need */
	if (buffer_printf(out, err, "r%zu-", at) < 0)
		return err->class;
	for (size_t i = 0; item->recipe->name[i] && i < ARGO_NAME; i++) {
		char c = item->recipe->name[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9');
		if (buffer_add_byte(out, plain ? c : '-', err) < 0)
			return err->class;
	}
	return 0;
}

static int add_argo_item(const struct plan *plan, const struct plan_item *item,
	struct buffer *out, struct error *err)
{
	if (buffer_add_str(out, "          - name: ", err) < 0 ||
		add_argo_name(plan, item, out, err) < 0 ||
		buffer_add_str(out,
			"\n            template: package\n"
			"            arguments:\n              parameters:\n"
			"                - name: recipe\n                  value: ",
			err) < 0 ||
		add_argo_text(out, item->recipe->path, err) < 0 ||
		buffer_add_byte(out, '\n', err) < 0)
		return err->class;
	if (item->need_count &&
		buffer_add_str(out, "            dependencies:\n", err) < 0)
		return err->class;
	for (size_t i = 0; i < item->need_count; i++)
		if (buffer_add_str(out, "              - ", err) < 0 ||
			add_argo_name(plan, item->needs[i], out, err) < 0 ||
			buffer_add_byte(out, '\n', err) < 0)
			return err->class;
	return 0;
}

static int add_argo_container(
	const struct graph_options *options, struct buffer *out, struct error *err)
{
	if (buffer_add_str(out,
		    "    - name: package\n      inputs:\n        parameters:\n"
		    "          - name: recipe\n      container:\n"
		    "        image: \"{{workflow.parameters.image}}\"\n"
		    "        workingDir: /work\n        command:\n          - ",
		    err) < 0 ||
		add_argo_text(out, options->program, err) < 0 ||
		buffer_add_str(out, "\n        args:\n          - package\n", err) < 0)
		return err->class;
	for (size_t i = 0; i < options->argument_count; i++)
		if (buffer_add_str(out, "          - ", err) < 0 ||
			add_argo_text(out, options->arguments[i], err) < 0 ||
			buffer_add_byte(out, '\n', err) < 0)
			return err->class;
	return buffer_printf(out, err,
		"          - \"--\"\n          - \"{{inputs.parameters.recipe}}\"\n"
		"        env:\n          - name: SOURCE_DATE_EPOCH\n"
		"            value: \"%lld\"\n"
		"        volumeMounts:\n          - name: work\n"
		"            mountPath: /work\n",
		(long long)options->date);
}

int graph_write_argo(const struct plan *plan, const struct graph_options *options,
	struct buffer *out, struct error *err)
{
	if (buffer_add_str(out,
		    "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata:\n"
		    "  generateName: alnage-\nspec:\n  entrypoint: packages\n"
		    "  arguments:\n    parameters:\n"
		    "      - name: image\n        value: alnage\n"
		    "      - name: claim\n        value: alnage\n"
		    "  volumes:\n    - name: work\n      persistentVolumeClaim:\n"
		    "        claimName: \"{{workflow.parameters.claim}}\"\n"
		    "  templates:\n    - name: packages\n      dag:\n        tasks:",
		    err) < 0 ||
		buffer_add_str(out, plan->count ? "\n" : " []\n", err) < 0)
		return err->class;
	for (size_t i = 0; i < plan->count; i++)
		if (add_argo_item(plan, plan->items[i], out, err) < 0)
			return err->class;
	return add_argo_container(options, out, err);
}
