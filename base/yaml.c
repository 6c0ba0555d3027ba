/* SPDX-License-Identifier: Apache-2.0 */
/* The door of libyaml: its events become our tree. */
#include "base/yaml.h"

#include <stdarg.h>
#include <yaml.h>

#include "base/limits.h"
#include "base/nearest.h"

struct loader {
	yaml_parser_t parser;
	struct slice text;
	const char *name;
	struct arena *arena;
	struct error *err;
	size_t nodes;
	unsigned depth;
};

#define cleanup_event CLEANUP(yaml_event_delete)

static int fail_at(struct loader *loader, yaml_mark_t mark, const char *text)
{
	return error_set_at(loader->err, ERR_INPUT, loader->name, (unsigned)mark.line + 1,
		(unsigned)mark.column + 1, "%s", text);
}

static int fail_at_alias(struct loader *loader, yaml_mark_t mark, const char *text)
{
	(void)fail_at(loader, mark, text);
	return error_remedy(loader->err, "write the value out wherever it is wanted");
}

/* The reader part of libyaml tells a byte offset only. */
static yaml_mark_t mark_of_offset(struct slice text, size_t offset)
{
	yaml_mark_t mark = {0};
	for (size_t i = 0; i < offset && i < text.len; i++) {
		mark.column++;
		if (text.data[i] == '\n') {
			mark.line++;
			mark.column = 0;
		}
	}
	return mark;
}

/* libyaml's index counts characters, so look at the line instead. */
static bool line_indented_by_tab(struct slice text, size_t line)
{
	struct slice rest = text, now = SLICE_EMPTY;
	for (size_t i = 0; i <= line; i++) {
		if (!slice_cut(&rest, '\n', &now))
			return false;
	}
	size_t at = 0;
	while (at < now.len && now.data[at] == ' ')
		at++;
	return at < now.len && now.data[at] == '\t';
}

static int fail_parser(struct loader *loader)
{
	const yaml_parser_t *parser = &loader->parser;
	const char *problem = parser->problem ? parser->problem : "not YAML";
	yaml_mark_t mark = parser->problem_mark;
	if (parser->error == YAML_MEMORY_ERROR)
		return error_set_memory(loader->err);
	if (parser->error == YAML_READER_ERROR)
		mark = mark_of_offset(loader->text, parser->problem_offset);
	(void)error_set_at(loader->err, ERR_INPUT, loader->name, (unsigned)mark.line + 1,
		(unsigned)mark.column + 1, "%s%s%s", problem, parser->context ? " " : "",
		parser->context ? parser->context : "");
	if (line_indented_by_tab(loader->text, mark.line))
		(void)error_remedy(loader->err, "indent with spaces, not with tabs");
	else if (strcmp(problem, "mapping values are not allowed in this context") == 0)
		(void)error_remedy(loader->err,
			"quote a text that has ': ' in it, and indent the keys of one "
			"mapping alike");
	return loader->err->class;
}

static int next_event(struct loader *loader, yaml_event_t *ret_event)
{
	yaml_event_t event;
	if (!yaml_parser_parse(&loader->parser, &event))
		return fail_parser(loader);
	*ret_event = event;
	return 0;
}

static bool text_is_null(struct slice text)
{
	return text.len == 0 || slice_equal_str(text, "~") ||
	       slice_equal_str(text, "null") || slice_equal_str(text, "Null") ||
	       slice_equal_str(text, "NULL");
}

static int check_properties(struct loader *loader, const yaml_char_t *anchor,
	const yaml_char_t *tag, const char *allowed_tag, yaml_mark_t mark)
{
	if (anchor)
		return fail_at_alias(loader, mark, "anchors are not supported");
	if (tag && strcmp((const char *)tag, allowed_tag) != 0)
		return fail_at(loader, mark, "explicit tags are not supported");
	return 0;
}

static int new_node(struct loader *loader, enum yaml_kind kind, yaml_mark_t mark,
	struct yaml_node **ret_node)
{
	if (++loader->nodes > LIMIT_YAML_NODES)
		return fail_at(loader, mark, "too many nodes in one document");
	struct yaml_node *node = arena_alloc(loader->arena, sizeof(*node));
	if (!node)
		return error_set_memory(loader->err);
	node->kind = kind;
	node->line = (unsigned)mark.line + 1;
	node->column = (unsigned)mark.column + 1;
	node->text = "";
	*ret_node = node;
	return 0;
}

/* Checks a scalar event and copies its text to the arena. */
static int scalar_text(
	struct loader *loader, const yaml_event_t *event, const char **ret_text)
{
	yaml_mark_t mark = event->start_mark;
	struct slice text =
		slice_from(event->data.scalar.value, event->data.scalar.length);
	if (check_properties(loader, event->data.scalar.anchor, event->data.scalar.tag,
		    YAML_STR_TAG, mark) < 0)
		return loader->err->class;
	if (text.len > LIMIT_YAML_SCALAR_BYTES)
		return fail_at(loader, mark, "scalar is too long");
	if (slice_has_byte(text, '\0'))
		return fail_at(loader, mark, "scalar contains a NUL");
	const char *copy = arena_strndup(loader->arena, text);
	if (!copy)
		return error_set_memory(loader->err);
	*ret_text = copy;
	return 0;
}

static bool scalar_is_quoted(const yaml_event_t *event)
{
	return event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE ||
	       event->data.scalar.tag;
}

static int load_scalar(
	struct loader *loader, const yaml_event_t *event, struct yaml_node **ret_node)
{
	struct yaml_node *node = NULL;
	const char *text = NULL;
	if (scalar_text(loader, event, &text) < 0 ||
		new_node(loader, YAML_SCALAR, event->start_mark, &node) < 0)
		return loader->err->class;
	node->quoted = scalar_is_quoted(event);
	node->is_null = !node->quoted && text_is_null(slice_str(text));
	node->text = node->is_null ? "" : text;
	*ret_node = node;
	return 0;
}

static int load_node(
	struct loader *loader, const yaml_event_t *event, struct yaml_node **ret_node);

static int load_sequence(
	struct loader *loader, const yaml_event_t *start, struct yaml_node **ret_node)
{
	struct yaml_node *node = NULL;
	size_t capacity = 0;
	if (check_properties(loader, start->data.sequence_start.anchor,
		    start->data.sequence_start.tag, YAML_SEQ_TAG,
		    start->start_mark) < 0 ||
		new_node(loader, YAML_SEQUENCE, start->start_mark, &node) < 0)
		return loader->err->class;
	for (;;) {
		cleanup_event yaml_event_t event = {0};
		struct yaml_node *item = NULL;
		if (next_event(loader, &event) < 0)
			return loader->err->class;
		if (event.type == YAML_SEQUENCE_END_EVENT)
			break;
		if (load_node(loader, &event, &item) < 0)
			return loader->err->class;
		struct yaml_node **slot = arena_append(loader->arena, &node->items,
			&node->count, &capacity, sizeof(*slot));
		if (!slot)
			return error_set_memory(loader->err);
		*slot = item;
	}
	*ret_node = node;
	return 0;
}

static int load_key(
	struct loader *loader, const yaml_event_t *event, struct yaml_pair *pair)
{
	if (event->type == YAML_ALIAS_EVENT)
		return fail_at_alias(
			loader, event->start_mark, "aliases are not supported");
	if (event->type != YAML_SCALAR_EVENT)
		return fail_at(loader, event->start_mark, "a key must be a scalar");
	if (scalar_text(loader, event, &pair->key) < 0)
		return loader->err->class;
	if (!scalar_is_quoted(event) && pair->key[0] == '\0')
		return fail_at(loader, event->start_mark, "key is missing");
	if (!scalar_is_quoted(event) && strcmp(pair->key, "<<") == 0)
		return fail_at_alias(
			loader, event->start_mark, "merge keys are not supported");
	pair->line = (unsigned)event->start_mark.line + 1;
	pair->column = (unsigned)event->start_mark.column + 1;
	return 0;
}

static int fail_duplicate(
	struct loader *loader, const struct yaml_pair *a, const struct yaml_pair *b)
{
	const struct yaml_pair *first = a < b ? a : b, *second = a < b ? b : a;
	return error_set_at(loader->err, ERR_INPUT, loader->name, second->line,
		second->column, "key '%.64s' is there twice (first on line %u)",
		second->key, first->line);
}

static int compare_keys(const void *a, const void *b)
{
	const struct yaml_pair *const *left = a, *const *right = b;
	return strcmp((*left)->key, (*right)->key);
}

/* Many keys: sorting keeps a hostile mapping from costing the square. */
static int check_unique_sorted(struct loader *loader, const struct yaml_node *node)
{
	cleanup_mem const struct yaml_pair **sorted =
		calloc(node->count, sizeof(*sorted));
	if (!sorted)
		return error_set_memory(loader->err);
	for (size_t i = 0; i < node->count; i++)
		sorted[i] = &node->pairs[i];
	qsort(sorted, node->count, sizeof(*sorted), compare_keys);
	for (size_t i = 1; i < node->count; i++) {
		if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0)
			return fail_duplicate(loader, sorted[i - 1], sorted[i]);
	}
	return 0;
}

static int check_unique(struct loader *loader, const struct yaml_node *node)
{
	if (node->count > 24)
		return check_unique_sorted(loader, node);
	for (size_t i = 1; i < node->count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (strcmp(node->pairs[j].key, node->pairs[i].key) == 0)
				return fail_duplicate(
					loader, &node->pairs[j], &node->pairs[i]);
		}
	}
	return 0;
}

/* The value of a key that has just been read. */
static int load_pair(
	struct loader *loader, const yaml_event_t *key_event, struct yaml_pair *ret_pair)
{
	cleanup_event yaml_event_t event = {0};
	struct yaml_pair pair = {0};
	if (load_key(loader, key_event, &pair) < 0 || next_event(loader, &event) < 0 ||
		load_node(loader, &event, &pair.value) < 0)
		return loader->err->class;
	*ret_pair = pair;
	return 0;
}

static int load_mapping(
	struct loader *loader, const yaml_event_t *start, struct yaml_node **ret_node)
{
	struct yaml_node *node = NULL;
	size_t capacity = 0;
	if (check_properties(loader, start->data.mapping_start.anchor,
		    start->data.mapping_start.tag, YAML_MAP_TAG, start->start_mark) < 0 ||
		new_node(loader, YAML_MAPPING, start->start_mark, &node) < 0)
		return loader->err->class;
	for (;;) {
		cleanup_event yaml_event_t event = {0};
		struct yaml_pair pair = {0};
		if (next_event(loader, &event) < 0)
			return loader->err->class;
		if (event.type == YAML_MAPPING_END_EVENT)
			break;
		if (load_pair(loader, &event, &pair) < 0)
			return loader->err->class;
		struct yaml_pair *slot = arena_append(loader->arena, &node->pairs,
			&node->count, &capacity, sizeof(*slot));
		if (!slot)
			return error_set_memory(loader->err);
		*slot = pair;
	}
	*ret_node = node;
	return check_unique(loader, node);
}

/* event is a node's first one; the recursion is bounded by LIMIT_YAML_DEPTH. */
static int load_node(
	struct loader *loader, const yaml_event_t *event, struct yaml_node **ret_node)
{
	int result;
	if (event->type == YAML_SCALAR_EVENT)
		return load_scalar(loader, event, ret_node);
	if (event->type == YAML_ALIAS_EVENT)
		return fail_at_alias(
			loader, event->start_mark, "aliases are not supported");
	if (event->type != YAML_SEQUENCE_START_EVENT &&
		event->type != YAML_MAPPING_START_EVENT)
		return error_set(loader->err, ERR_BUG, "unexpected YAML event %d",
			(int)event->type);
	if (loader->depth >= LIMIT_YAML_DEPTH)
		return fail_at(loader, event->start_mark, "nested too deeply");
	loader->depth++;
	if (event->type == YAML_SEQUENCE_START_EVENT)
		result = load_sequence(loader, event, ret_node);
	else
		result = load_mapping(loader, event, ret_node);
	loader->depth--;
	return result;
}

/* Reads one event that must be of this type. */
static int skip_event(
	struct loader *loader, yaml_event_type_t type, const char *otherwise)
{
	cleanup_event yaml_event_t event = {0};
	if (next_event(loader, &event) < 0)
		return loader->err->class;
	return event.type == type ? 0 : fail_at(loader, event.start_mark, otherwise);
}

static int load_root(struct loader *loader, struct yaml_node **ret_root)
{
	cleanup_event yaml_event_t event = {0};
	if (next_event(loader, &event) < 0 || load_node(loader, &event, ret_root) < 0)
		return loader->err->class;
	return 0;
}

static int load_stream(struct loader *loader, struct yaml_node **ret_root)
{
	cleanup_event yaml_event_t event = {0};
	struct yaml_node *root = NULL;
	if (skip_event(loader, YAML_STREAM_START_EVENT, "no stream") < 0 ||
		next_event(loader, &event) < 0)
		return loader->err->class;
	if (event.type == YAML_STREAM_END_EVENT) {
		if (new_node(loader, YAML_SCALAR, (yaml_mark_t){0}, &root) < 0)
			return loader->err->class;
		root->is_null = true;
	} else if (load_root(loader, &root) < 0 ||
		   skip_event(loader, YAML_DOCUMENT_END_EVENT, "no end of document") <
			   0 ||
		   skip_event(loader, YAML_STREAM_END_EVENT,
			   "several documents in one file are not supported") < 0) {
		return loader->err->class;
	}
	*ret_root = root;
	return 0;
}

int yaml_load_slice(struct slice text, const char *name, struct arena *arena,
	struct yaml_node **ret_root, struct error *err)
{
	struct loader loader = {.text = text, .name = name, .arena = arena, .err = err};
	struct yaml_node *root = NULL;
	if (text.len > LIMIT_YAML_BYTES)
		return error_set_at(err, ERR_INPUT, name, 0, 0,
			"file has %zu bytes, at most %zu are allowed", text.len,
			LIMIT_YAML_BYTES);
	if (!yaml_parser_initialize(&loader.parser))
		return error_set_memory(err);
	/* Fixed, so that a byte order mark cannot switch to UTF-16. */
	yaml_parser_set_encoding(&loader.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&loader.parser,
		(const unsigned char *)(text.data ? text.data : ""), text.len);
	int result = load_stream(&loader, &root);
	yaml_parser_delete(&loader.parser);
	if (result == 0)
		*ret_root = root;
	return result;
}

struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key)
{
	if (mapping->kind != YAML_MAPPING)
		return NULL;
	for (size_t i = 0; i < mapping->count; i++) {
		if (strcmp(mapping->pairs[i].key, key) == 0)
			return mapping->pairs[i].value;
	}
	return NULL;
}
