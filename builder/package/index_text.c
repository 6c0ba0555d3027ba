/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/limits.h"
#include "builder/package/apk_private.h"
#include "builder/package/index_private.h"

#define LINE_MAX_BYTES (1 * MIB)
#define LIST_MAX       65536

/* ---- writing ---- */

static int entry_order(const void *a, const void *b)
{
	const struct index_entry *const *left = a, *const *right = b;
	struct error ignored = ERROR_INIT; /* both were checked when they were added */
	int order = strcmp((*left)->name, (*right)->name);
	if (order == 0 &&
		version_compare(slice_str((*left)->version), slice_str((*right)->version),
			false, &order, &ignored) < 0)
		order = 0;
	if (order == 0)
		order = strcmp((*left)->version, (*right)->version);
	if (order == 0)
		order = digest_compare(&(*left)->control_sha1, &(*right)->control_sha1);
	return order;
}

static int add_text(struct buffer *out, char key, const char *text, struct error *err)
{
	if (!*text)
		return 0;
	if (apk_check_value(slice_str(text), "index", err) < 0)
		return err->class;
	return buffer_printf(out, err, "%c:%s\n", key, text);
}

static int add_number(struct buffer *out, char key, uint64_t number, struct error *err)
{
	return number ? buffer_printf(out, err, "%c:%" PRIu64 "\n", key, number) : 0;
}

static int add_list(
	struct buffer *out, char key, const struct package_list *list, struct error *err)
{
	if (list->count > 0 && buffer_printf(out, err, "%c:", key) < 0)
		return err->class;
	for (size_t i = 0; i < list->count; i++)
		if (buffer_printf(out, err, "%s%s", i > 0 ? " " : "", list->items[i]) < 0)
			return err->class;
	return list->count > 0 ? buffer_add_byte(out, '\n', err) : 0;
}

static int add_entry(
	struct buffer *out, const struct index_entry *entry, struct error *err)
{
	if (buffer_add_str(out, "C:", err) < 0 ||
		apk_add_checksum(out, &entry->control_sha1, err) < 0 ||
		buffer_add_byte(out, '\n', err) < 0 ||
		add_text(out, 'P', entry->name, err) < 0 ||
		add_text(out, 'V', entry->version, err) < 0 ||
		add_text(out, 'A', entry->architecture, err) < 0 ||
		add_number(out, 'S', entry->size, err) < 0 ||
		add_number(out, 'I', entry->installed_size, err) < 0 ||
		buffer_add_str(out, "T:", err) < 0 || /* always there */
		apk_check_value(slice_str(entry->description), "index", err) < 0 ||
		buffer_add_str(out, entry->description, err) < 0 ||
		buffer_add_byte(out, '\n', err) < 0 ||
		add_text(out, 'U', entry->url, err) < 0 ||
		add_text(out, 'L', entry->license, err) < 0 ||
		add_text(out, 'o', entry->origin, err) < 0 ||
		add_text(out, 'm', entry->maintainer, err) < 0)
		return err->class;
	uint64_t date = entry->build_date > 0 ? (uint64_t)entry->build_date : 0;
	if (add_number(out, 't', date, err) < 0 ||
		add_text(out, 'c', entry->commit, err) < 0 ||
		add_list(out, 'D', &entry->depends, err) < 0 ||
		add_list(out, 'i', &entry->install_if, err) < 0 ||
		add_list(out, 'p', &entry->provides, err) < 0 ||
		add_number(out, 'k', entry->provider_priority, err) < 0)
		return err->class;
	return buffer_add_byte(out, '\n', err);
}

int index_text_write(
	const struct package_index *index, struct buffer *out, struct error *err)
{
	cleanup_mem const struct index_entry **sorted =
		calloc(index->count + 1, sizeof(*sorted));
	if (!sorted)
		return error_set_memory(err);
	for (size_t i = 0; i < index->count; i++)
		sorted[i] = &index->entries[i];
	qsort(sorted, index->count, sizeof(*sorted), entry_order);
	for (size_t i = 0; i < index->count; i++)
		if (add_entry(out, sorted[i], err) < 0)
			return error_wrap(err, "index: %s", sorted[i]->name);
	return 0;
}

/* ---- reading ---- */

struct record {
	struct package_index *index;
	struct index_entry *entry; /* NULL between records */
	bool unusable;
	uint64_t seen; /* a bit for each letter; 'A' is 0, 'z' is 57 */
};

static int set_text(
	struct record *record, const char **field, struct slice value, struct error *err)
{
	*field = arena_strndup(record->index->arena, value);
	return *field ? 0 : error_set_memory(err);
}

static int set_list(struct record *record, struct package_list *list, struct slice value,
	struct error *err)
{
	struct slice word;
	size_t room = 0;
	while (slice_word(&value, &word)) {
		struct atom atom;
		if (list->count >= LIST_MAX)
			return error_set(err, ERR_INPUT, "more than %d items", LIST_MAX);
		struct error reason = ERROR_INIT;
		if (atom_parse(word, &atom, &reason) < 0 || atom.tag.len)
			record->unusable = true;
		char *text = arena_strndup(record->index->arena, word);
		const char **item =
			text ? arena_append(record->index->arena, &list->items,
				       &list->count, &room, sizeof(*item))
			     : NULL;
		if (!item)
			return error_set_memory(err);
		*item = text;
	}
	return 0;
}

static int set_time(struct record *record, struct slice value, struct error *err)
{
	uint64_t time;
	if (slice_parse_u64(value, 10, INT64_MAX, &time, err) < 0)
		return err->class;
	record->entry->build_date = (int64_t)time; /* at most INT64_MAX */
	return 0;
}

static int apply(struct record *record, char key, struct slice value, struct error *err)
{
	struct index_entry *entry = record->entry;
	switch (key) {
	case 'C':
		return apk_parse_checksum(value, &entry->control_sha1, err);
	case 'P':
		return set_text(record, &entry->name, value, err);
	case 'V':
		return set_text(record, &entry->version, value, err);
	case 'A':
		return set_text(record, &entry->architecture, value, err);
	case 'S':
		return slice_parse_u64(value, 10, INT64_MAX, &entry->size, err);
	case 'I':
		return slice_parse_u64(value, 10, INT64_MAX, &entry->installed_size, err);
	case 'T':
		return set_text(record, &entry->description, value, err);
	case 'U':
		return set_text(record, &entry->url, value, err);
	case 'L':
		return set_text(record, &entry->license, value, err);
	case 'o':
		return set_text(record, &entry->origin, value, err);
	case 'm':
		return set_text(record, &entry->maintainer, value, err);
	case 't':
		return set_time(record, value, err);
	case 'c':
		return set_text(record, &entry->commit, value, err);
	case 'D':
		return set_list(record, &entry->depends, value, err);
	case 'i':
		return set_list(record, &entry->install_if, value, err);
	case 'p':
		return set_list(record, &entry->provides, value, err);
	case 'k':
		return slice_parse_u64(
			value, 10, UINT32_MAX, &entry->provider_priority, err);
	default:
		return 0; /* letters of other versions of the tools */
	}
}

static int end_record(struct record *record, struct error *err)
{
	const struct index_entry *entry = record->entry;
	struct error reason = ERROR_INIT;
	if (!entry)
		return 0;
	if (package_check_name(slice_str(entry->name), err) < 0)
		return err->class;
	if (!*entry->version)
		return error_set(err, ERR_INPUT, "%s has no version", entry->name);
	if (!digest_is_set(&entry->control_sha1))
		return error_set(err, ERR_INPUT, "%s has no checksum", entry->name);
	if (record->unusable || version_check(slice_str(entry->version), &reason) < 0) {
		record->index->count--;
		record->index->left_out++;
	}
	*record = (struct record){.index = record->index};
	return 0;
}

static int read_line(struct record *record, struct slice line, struct error *err)
{
	if (line.len == 0)
		return end_record(record, err);
	if (line.len > LINE_MAX_BYTES)
		return error_set(err, ERR_INPUT, "longer than %zu bytes", LINE_MAX_BYTES);
	char key = line.data[0];
	bool letter = (key >= 'A' && key <= 'Z') || (key >= 'a' && key <= 'z');
	if (line.len < 2 || !letter || line.data[1] != ':')
		return error_set(err, ERR_INPUT, "is not \"letter:value\"");
	if (apk_check_value(line, "index", err) < 0)
		return err->class;
	if (!record->entry &&
		package_index_append(record->index, &record->entry, err) < 0)
		return err->class;
	uint64_t bit = (uint64_t)1 << (key - 'A');
	if (record->seen & bit)
		return error_set(err, ERR_INPUT, "\"%c:\" is there twice", key);
	record->seen |= bit;
	if (apply(record, key, slice_sub(line, 2, line.len), err) < 0)
		return error_wrap(err, "\"%c:\"", key);
	return 0;
}

int index_text_read(struct slice text, struct package_index *index, struct error *err)
{
	struct record record = {.index = index};
	struct slice line;
	for (unsigned number = 1; slice_cut(&text, '\n', &line); number++) {
		if (index->count > LIMIT_ARCHIVE_ENTRIES)
			return error_set(err, ERR_INPUT, "more than %d packages",
				LIMIT_ARCHIVE_ENTRIES);
		if (read_line(&record, line, err) < 0)
			return error_wrap(err, "line %u", number);
	}
	if (end_record(&record, err) < 0)
		return error_wrap(err, "last record");
	return 0;
}
