/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>

#include "builder/recipe/recipe_private.h"

int place_error(const struct text_rules *rules, const struct yaml_node *node,
	struct error *err, const char *format, ...)
{
	char text[ERROR_TEXT_MAX];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args); /* a long text is cut */
	va_end(args);
	return yaml_error(node, rules->file, err, "%s", text);
}

/* What stayed as it is in a file that may go away is copied. */
static int text_keep(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *node, const char **text, struct error *err)
{
	if (*text != node->text || !rules->copied)
		return 0;
	*text = arena_strdup(x->arena, node->text);
	return *text ? 0 : error_set_memory(err);
}

static int text_early(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *node, enum expand_mode mode, const char **ret_text,
	struct error *err)
{
	const struct text_place place = {node, rules->file};
	const char *text;
	if (expand_text(&x->expander, rules->early, mode, node->text, &place, &text,
		    err) < 0 ||
		text_keep(x, rules, node, &text, err) < 0)
		return err->class;
	*ret_text = text;
	return 0;
}

int text_free(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *node, const char **ret_text, struct error *err)
{
	return text_early(x, rules, node, EXPAND_TOLERANT, ret_text, err);
}

int text_exact(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *node, const char **ret_text, struct error *err)
{
	return text_early(x, rules, node, EXPAND_STRICT, ret_text, err);
}

int text_step(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *node, const char **ret_text, struct error *err)
{
	const struct text_place place = {node, rules->file};
	const char *early = node->text, *text;
	if (rules->early && expand_text(&x->expander, rules->early, EXPAND_TOLERANT,
				    early, &place, &early, err) < 0)
		return err->class;
	if (expand_text(&x->expander, rules->late, EXPAND_STRICT, early, &place, &text,
		    err) < 0 ||
		text_keep(x, rules, node, &text, err) < 0)
		return err->class;
	*ret_text = text;
	return 0;
}

static int text_checked(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *node, const char *key, text_reader *reader,
	check_function *check, const char **ret_text, struct error *err)
{
	const char *text, *reason;
	if (reader(x, rules, node, &text, err) < 0)
		return err->class;
	reason = check && *text ? check(text) : NULL;
	if (reason)
		return place_error(rules, node, err, "%s '%.128s' %s", key, text, reason);
	*ret_text = text;
	return 0;
}

int text_get(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *mapping, const char *key, text_reader *reader,
	check_function *check, const char **ret_text, struct error *err)
{
	const struct yaml_node *node = schema_get(mapping, key);
	if (node)
		return text_checked(x, rules, node, key, reader, check, ret_text, err);
	*ret_text = "";
	return 0;
}

int texts_get(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *mapping, const char *key, text_reader *reader,
	check_function *check, struct text_list *list, struct error *err)
{
	const struct yaml_node *node = schema_get(mapping, key);
	for (size_t i = 0; node && i < node->count; i++) {
		const char *text;
		if (text_checked(
			    x, rules, node->items[i], key, reader, check, &text, err) < 0)
			return err->class;
		if (*text && text_list_add(list, x->arena, text, err) < 0)
			return err->class;
	}
	return 0;
}

static int name_check(const struct text_rules *rules, const struct yaml_pair *pair,
	const char *key, check_function *check, struct error *err)
{
	const char *reason = check(pair->key);
	if (!reason)
		return 0;
	return error_set_at(err, ERR_INPUT, rules->file, pair->line, pair->column,
		"%s: name '%.128s' %s", key, pair->key, reason);
}

int text_map_get(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *mapping, const char *key, text_reader *reader,
	check_function *check, struct recipe_variable **ret_items, size_t *ret_count,
	struct error *err)
{
	const struct yaml_node *node = schema_get(mapping, key);
	size_t count = node ? node->count : 0;
	struct recipe_variable *items = arena_array(x->arena, count, sizeof(*items));
	if (!items)
		return error_set_memory(err);
	for (size_t i = 0; i < count; i++) {
		const struct yaml_pair *pair = &node->pairs[i];
		if (name_check(rules, pair, key, check, err) < 0 ||
			reader(x, rules, pair->value, &items[i].value, err) < 0)
			return err->class;
		items[i].name =
			rules->copied ? arena_strdup(x->arena, pair->key) : pair->key;
		if (!items[i].name)
			return error_set_memory(err);
	}
	variables_sort(items, count);
	*ret_items = items;
	*ret_count = count;
	return 0;
}

int text_list_add(
	struct text_list *list, struct arena *arena, const char *text, struct error *err)
{
	const char **item = arena_append(
		arena, &list->items, &list->count, &list->capacity, sizeof(*item));
	if (!item)
		return error_set_memory(err);
	*item = text;
	return 0;
}

struct recipe_list text_list_take(const struct text_list *list)
{
	return (struct recipe_list){list->items, list->count};
}

static int compare_texts(const void *a, const void *b)
{
	const char *const *left = a, *const *right = b;
	return strcmp(*left, *right);
}

struct recipe_list text_list_take_sorted(struct text_list *list)
{
	size_t kept = 0;
	if (list->count)
		qsort(list->items, list->count, sizeof(*list->items), compare_texts);
	for (size_t i = 0; i < list->count; i++) {
		if (!kept || strcmp(list->items[kept - 1], list->items[i]) != 0)
			list->items[kept++] = list->items[i];
	}
	list->count = kept;
	return text_list_take(list);
}

int text_list_unique(struct text_list *list, struct error *err)
{
	static char seen[] = "seen";
	cleanup_map struct map *known = NULL;
	size_t kept = 0;
	if (list->count < 2)
		return 0;
	if (map_new(&known, err) < 0)
		return err->class;
	for (size_t i = 0; i < list->count; i++) {
		const char *item = list->items[i];
		if (map_get_str(known, item))
			continue;
		if (map_put(known, slice_str(item), seen, err) < 0)
			return err->class;
		list->items[kept++] = item;
	}
	list->count = kept;
	return 0;
}

static int compare_variables(const void *a, const void *b)
{
	const struct recipe_variable *left = a, *right = b;
	return strcmp(left->name, right->name);
}

void variables_sort(struct recipe_variable *items, size_t count)
{
	if (count)
		qsort(items, count, sizeof(*items), compare_variables);
}

int values_put(struct map *values, const char *name, const char *value, struct error *err)
{
	/* The map is made for pointers of all kinds; scope_find gives it out as const
	 * again. */
	return map_put(values, slice_str(name), (void *)(uintptr_t)value, err);
}
