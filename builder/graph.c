/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/graph.h"

#include <jansson.h>
#include <string.h>

#include "base/json.h"
#include "base/nearest.h"
#include "builder/graph_private.h"

int graph_format_parse(const char *name, enum graph_format *ret_format, struct error *err)
{
	static const char *const names[] = {[GRAPH_DOT] = "dot",
		[GRAPH_JSON] = "json",
		[GRAPH_NINJA] = "ninja",
		[GRAPH_MAKE] = "make",
		[GRAPH_ARGO] = "argo",
		NULL};
	char hint[NEAREST_HINT_MAX];
	for (size_t i = 0; names[i]; i++)
		if (!name || strcmp(names[i], name) == 0) {
			*ret_format = (enum graph_format)i; /* an index of names */
			return 0;
		}
	return error_set(err, ERR_USAGE, "no format '%s'%s: dot, json, ninja, make, argo",
		name, nearest_hint(name, names, hint));
}

/* ---- dot: a quoted ID (Graphviz, "The DOT Language") ---- */

static int add_dot_text(struct buffer *out, const char *text, struct error *err)
{
	for (const char *c = text; *c; c++)
		if (((*c == '"' || *c == '\\') && buffer_add_byte(out, '\\', err) < 0) ||
			buffer_add_byte(out, *c, err) < 0)
			return err->class;
	return 0;
}

static int add_dot_id(struct buffer *out, const char *text, struct error *err)
{
	if (buffer_add_byte(out, '"', err) < 0 || add_dot_text(out, text, err) < 0)
		return err->class;
	return buffer_add_byte(out, '"', err);
}

static int add_dot_item(
	const struct plan_item *item, struct buffer *out, struct error *err)
{
	char hex[DIGEST_TEXT_MAX];
	digest_format_hex(&item->input_key, hex);
	if (buffer_add_str(out, "\t", err) < 0 ||
		add_dot_id(out, item->recipe->name, err) < 0 ||
		buffer_add_str(out, " [label=\"", err) < 0 ||
		add_dot_text(out, item->recipe->name, err) < 0 ||
		buffer_add_byte(out, ' ', err) < 0 ||
		add_dot_text(out, item->recipe->full_version, err) < 0 ||
		buffer_printf(
			out, err, "\\n%.12s\" tooltip=\"sha256:%s\"];\n", hex, hex) < 0)
		return err->class;
	for (size_t i = 0; i < item->need_count; i++)
		if (buffer_add_str(out, "\t", err) < 0 ||
			add_dot_id(out, item->recipe->name, err) < 0 ||
			buffer_add_str(out, " -> ", err) < 0 ||
			add_dot_id(out, item->needs[i]->recipe->name, err) < 0 ||
			buffer_add_str(out, ";\n", err) < 0)
			return err->class;
	return 0;
}

static int write_dot(const struct plan *plan, struct buffer *out, struct error *err)
{
	if (buffer_add_str(out, "digraph recipes {\n\trankdir=LR;\n\tnode [shape=box];\n",
		    err) < 0)
		return err->class;
	for (size_t i = 0; i < plan->count; i++)
		if (add_dot_item(plan->items[i], out, err) < 0)
			return err->class;
	return buffer_add_str(out, "}\n", err);
}

/* ---- json ---- */

/* "name-version" of what its root takes from repositories. */
static int set_prebuilt(
	const struct prebuilt *prebuilt, json_t *object, struct error *err)
{
	cleanup_json json_t *list = json_array();
	for (size_t i = 0; i < prebuilt->count; i++)
		if (json_push(list,
			    json_sprintf("%s-%s", prebuilt->items[i]->name,
				    prebuilt->items[i]->version),
			    err) < 0)
			return err->class;
	return prebuilt->count ? json_set(object, "prebuilt", take_ptr(list), err) : 0;
}

static int push_item(const struct plan_item *item, json_t *list, struct error *err)
{
	cleanup_json json_t *object = json_object(), *needs = json_array(),
			    *packages = json_array();
	const struct recipe *recipe = item->recipe;
	char text[DIGEST_TEXT_MAX];
	for (size_t i = 0; i < item->need_count; i++)
		if (json_push(needs, json_string(item->needs[i]->recipe->name), err) < 0)
			return err->class;
	for (size_t i = 0; i < recipe->package_count; i++)
		if (json_push(packages, json_string(recipe->packages[i].name), err) < 0)
			return err->class;
	if (json_set(object, "name", json_string(recipe->name), err) < 0 ||
		json_set(object, "version", json_string(recipe->full_version), err) < 0 ||
		json_set(object, "file", json_string(recipe->path), err) < 0 ||
		json_set(object, "inputKey",
			json_string(digest_format(&item->input_key, text)), err) < 0 ||
		json_set(object, "needs", take_ptr(needs), err) < 0 ||
		json_set(object, "packages", take_ptr(packages), err) < 0 ||
		set_prebuilt(&item->prebuilt, object, err) < 0)
		return err->class;
	return json_push(list, take_ptr(object), err);
}

static int write_json(const struct plan *plan, struct buffer *out, struct error *err)
{
	cleanup_json json_t *object = json_object(), *list = json_array();
	for (size_t i = 0; i < plan->count; i++)
		if (push_item(plan->items[i], list, err) < 0)
			return err->class;
	if (json_set(object, "recipes", take_ptr(list), err) < 0)
		return err->class;
	return json_dump(object, JSON_STYLE_PRETTY, out, err);
}

int graph_write(const struct plan *plan, const struct graph_options *options,
	struct buffer *out, struct error *err)
{
	switch (options->format) {
	case GRAPH_DOT:
		return write_dot(plan, out, err);
	case GRAPH_JSON:
		return write_json(plan, out, err);
	case GRAPH_NINJA:
		return graph_write_ninja(plan, options, out, err);
	case GRAPH_MAKE:
		return graph_write_make(plan, options, out, err);
	case GRAPH_ARGO:
		return graph_write_argo(plan, options, out, err);
	}
	return error_set(err, ERR_BUG, "graph format %d", (int)options->format);
}
