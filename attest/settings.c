/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/settings_private.h"

#include "base/clock.h"

#define DAY              (24 * 60 * 60)
#define DURATION_MAX     (3653 * (int64_t)DAY)
#define DATE_LENGTH      10
#define FIRST_OF_THE_DAY "T00:00:00Z"
#define WANTED_TIME      "a time as in RFC 3339 or a date like 2026-12-31"

bool setting_texts_has(const struct setting_texts *texts, const char *text)
{
	for (size_t i = 0; i < texts->count; i++)
		if (strcmp(texts->items[i], text) == 0)
			return true;
	return false;
}

static int check_text(const struct settings *settings, const struct yaml_node *node,
	const char *what, struct error *err)
{
	if (yaml_expect(node, YAML_SCALAR, what, settings->file, err) < 0)
		return err->class;
	if (node->is_null || node->text[0] == '\0')
		return yaml_error(node, settings->file, err, "%s is empty", what);
	if (!slice_is_printable(slice_str(node->text)))
		return yaml_error(
			node, settings->file, err, "%s has a control character", what);
	return 0;
}

int setting_text(const struct settings *settings, const struct yaml_node *mapping,
	const char *key, const char **ret, struct error *err)
{
	const struct yaml_node *node = yaml_get(mapping, key);
	const char *text;

	if (!node)
		return 0;
	if (check_text(settings, node, key, err) < 0)
		return err->class;
	text = arena_strdup(settings->arena, node->text);
	if (!text)
		return error_set_memory(err);
	*ret = text;
	return 0;
}

static int add_text(const struct settings *settings, const struct yaml_node *node,
	const char *what, struct setting_texts *texts, struct error *err)
{
	if (check_text(settings, node, what, err) < 0)
		return err->class;
	if (setting_texts_has(texts, node->text))
		return yaml_error(node, settings->file, err, "%s: '%s' is there twice",
			what, node->text);
	texts->items[texts->count] = arena_strdup(settings->arena, node->text);
	if (!texts->items[texts->count])
		return error_set_memory(err);
	texts->count++;
	return 0;
}

int setting_texts(const struct settings *settings, const struct yaml_node *mapping,
	const char *key, struct setting_texts *ret, struct error *err)
{
	const struct yaml_node *node = yaml_get(mapping, key), *list = node;
	struct setting_texts texts = {0};

	if (!node)
		return 0;
	if (node->kind != YAML_SCALAR &&
		setting_list(settings, mapping, key, &list, err) < 0)
		return err->class;
	texts.items = arena_array(settings->arena,
		node->kind == YAML_SCALAR ? 1 : list->count, sizeof(*texts.items));
	if (!texts.items)
		return error_set_memory(err);
	if (node->kind == YAML_SCALAR && add_text(settings, node, key, &texts, err) < 0)
		return err->class;
	for (size_t i = 0; node->kind != YAML_SCALAR && i < list->count; i++)
		if (add_text(settings, list->items[i], key, &texts, err) < 0)
			return err->class;
	*ret = texts;
	return 0;
}

static int bad_value(const struct settings *settings, const struct yaml_node *node,
	const char *key, const char *wanted, struct error *err)
{
	return yaml_error(node, settings->file, err, "%s: '%.64s' is not %s", key,
		node->text, wanted);
}

static int whole_number(const struct settings *settings, const struct yaml_node *mapping,
	const char *key, uint64_t min, uint64_t max, uint64_t *ret, struct error *err)
{
	const struct yaml_node *node = yaml_get(mapping, key);
	struct error ignored = ERROR_INIT;
	uint64_t value;
	char wanted[80];

	if (!node)
		return 0;
	if (check_text(settings, node, key, err) < 0)
		return err->class;
	(void)snprintf(wanted, sizeof(wanted), "a whole number from %llu to %llu",
		(unsigned long long)min, (unsigned long long)max); /* fits */
	if (slice_parse_u64(slice_str(node->text), 10, max, &value, &ignored) < 0 ||
		value < min)
		return bad_value(settings, node, key, wanted, err);
	*ret = value;
	return 0;
}

int setting_count(const struct settings *settings, const struct yaml_node *mapping,
	const char *key, uint64_t max, uint64_t *ret, struct error *err)
{
	return whole_number(settings, mapping, key, 1, max, ret, err);
}

int setting_number(const struct settings *settings, const struct yaml_node *mapping,
	const char *key, uint64_t max, uint64_t *ret, struct error *err)
{
	return whole_number(settings, mapping, key, 0, max, ret, err);
}

int setting_flag(const struct settings *settings, const struct yaml_node *mapping,
	const char *key, bool *ret, struct error *err)
{
	const struct yaml_node *node = yaml_get(mapping, key);

	if (!node)
		return 0;
	if (check_text(settings, node, key, err) < 0)
		return err->class;
	if (strcmp(node->text, "true") != 0 && strcmp(node->text, "false") != 0)
		return bad_value(settings, node, key, "true or false", err);
	*ret = node->text[0] == 't';
	return 0;
}

int setting_time(const struct settings *settings, const struct yaml_node *mapping,
	const char *key, int64_t *ret, struct error *err)
{
	const struct yaml_node *node = yaml_get(mapping, key);
	char text[CLOCK_TEXT_MAX + 16];
	struct error ignored = ERROR_INIT;
	int64_t time;
	bool is_date;

	if (!node)
		return 0;
	if (check_text(settings, node, key, err) < 0)
		return err->class;
	is_date = strlen(node->text) == DATE_LENGTH;
	if (strlen(node->text) > CLOCK_TEXT_MAX)
		return bad_value(settings, node, key, WANTED_TIME, err);
	(void)snprintf(text, sizeof(text), "%s%s", node->text,
		is_date ? FIRST_OF_THE_DAY : ""); /* fits, tested above */
	if (clock_parse(slice_str(text), &time, &ignored) < 0)
		return bad_value(settings, node, key, WANTED_TIME, err);
	*ret = time;
	return 0;
}

static int64_t unit_seconds(char unit)
{
	switch (unit) {
	case 'd':
		return DAY;
	case 'h':
		return 60 * 60;
	case 'm':
		return 60;
	default:
		return 0;
	}
}

int setting_duration(const struct settings *settings, const struct yaml_node *mapping,
	const char *key, int64_t *ret, struct error *err)
{
	const struct yaml_node *node = yaml_get(mapping, key);
	struct error ignored = ERROR_INIT;
	struct slice text;
	uint64_t number;
	int64_t unit;

	if (!node)
		return 0;
	if (check_text(settings, node, key, err) < 0)
		return err->class;
	text = slice_str(node->text);
	unit = unit_seconds(text.data[text.len - 1]); /* not empty: check_text */
	if (unit == 0 ||
		slice_parse_u64(slice_sub(text, 0, text.len - 1), 10,
			(uint64_t)(DURATION_MAX / unit), &number, &ignored) < 0 ||
		number == 0)
		return bad_value(settings, node, key,
			"a duration such as 90d, 36h or 15m, at most ten years", err);
	*ret = (int64_t)number * unit; /* at most DURATION_MAX */
	return 0;
}

int setting_section(const struct settings *settings, const struct yaml_node *mapping,
	const char *key, const char *const *known, const struct yaml_node **ret,
	struct error *err)
{
	const struct yaml_node *node = yaml_get(mapping, key);

	*ret = NULL;
	if (!node)
		return 0;
	if (yaml_expect(node, YAML_MAPPING, key, settings->file, err) < 0 ||
		yaml_only_keys(node, known, key, settings->file, err) < 0)
		return err->class;
	*ret = node;
	return 0;
}

int setting_list(const struct settings *settings, const struct yaml_node *mapping,
	const char *key, const struct yaml_node **ret, struct error *err)
{
	const struct yaml_node *node = yaml_get(mapping, key);

	*ret = NULL;
	if (!node)
		return 0;
	if (yaml_expect(node, YAML_SEQUENCE, key, settings->file, err) < 0)
		return err->class;
	if (node->count == 0)
		return yaml_error(node, settings->file, err, "%s is empty", key);
	if (node->count > SETTING_ITEMS_MAX)
		return yaml_error(node, settings->file, err, "%s has more than %d items",
			key, SETTING_ITEMS_MAX);
	*ret = node;
	return 0;
}

int setting_root(const struct settings *settings, struct slice text,
	const char *const *known, const struct yaml_node **ret, struct error *err)
{
	struct yaml_node *root;
	uint64_t version = 0;

	if (yaml_load_slice(text, settings->file, settings->arena, &root, err) < 0 ||
		yaml_expect(root, YAML_MAPPING, "the document", settings->file, err) <
			0 ||
		yaml_only_keys(root, known, "the document", settings->file, err) < 0 ||
		setting_count(settings, root, "version", 1, &version, err) < 0)
		return err->class;
	if (version == 0)
		return yaml_error(root, settings->file, err, "version: 1 is missing");
	*ret = root;
	return 0;
}
