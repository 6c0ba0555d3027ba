/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where this machine gets Debian packages from: /etc/apt/sources.list and
 * sources.list.d. What apt would reject is an error here, too; what it would take but is
 * of no use for pool files (cdrom:, mirror lists, other projects' repositories) is passed
 * over.
 */
#include <strings.h>

#include "base/array.h"
#include "base/limits.h"
#include "builder/source/source_private.h"

#define APT_FILE_MAX (1 * MIB)
#define MIRRORS_MAX  64

void mirror_urls_done(struct mirror_urls *urls)
{
	mirror_list_free(&urls->items, urls->count);
	*urls = (struct mirror_urls){0};
}

void mirror_list_free(char ***urls, size_t count)
{
	for (size_t i = 0; *urls && i < count; i++)
		free((*urls)[i]);
	free(*urls);
	*urls = NULL;
}

static bool same_word(struct slice word, const char *text)
{
	return word.len == strlen(text) && strncasecmp(word.data, text, word.len) == 0;
}

/* Of Debian itself: other repositories do not have Debian's pool. */
static bool is_debian_suite(struct slice suite)
{
	static const char *const names[] = {"oldoldstable", "oldstable", "stable",
		"testing", "unstable", "experimental", "buster", "bullseye", "bookworm",
		"trixie", "forky", "duke", "sid"};
	size_t end = 0;
	/* "bookworm-updates", "buster/updates" */
	while (end < suite.len && suite.data[end] != '-' && suite.data[end] != '/')
		end++;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_equal_str(slice_sub(suite, 0, end), names[i]))
			return true;
	return false;
}

bool mirror_is_url(struct slice url)
{
	struct slice rest = url;
	size_t scheme = slice_starts_with(url, SLICE("http://"))    ? strlen("http://")
			: slice_starts_with(url, SLICE("https://")) ? strlen("https://")
								    : 0;
	rest = slice_sub(rest, scheme, SIZE_MAX);
	if (scheme == 0 || rest.len == 0 || rest.data[0] == '/')
		return false;
	for (size_t i = 0; i < rest.len; i++)
		if (rest.data[i] <= ' ' || rest.data[i] >= 0x7f)
			return false;
	return true;
}

static int add_url(struct mirror_urls *urls, struct slice url, struct error *err)
{
	if (!mirror_is_url(url))
		return 0;
	while (url.data[url.len - 1] == '/')
		url.len--;
	for (size_t i = 0; i < urls->count; i++)
		if (slice_equal_str(url, urls->items[i]))
			return 0;
	if (urls->count == MIRRORS_MAX)
		return 0;
	cleanup_mem char *text = NULL;
	if (slice_to_str(url, &text, err) < 0 ||
		array_add(&urls->items, &urls->count, &urls->capacity, sizeof(char *),
			err) < 0)
		return err->class;
	urls->items[urls->count - 1] = take_ptr(text);
	return 0;
}

/* ---- deb [options] uri suite component… ---- */

struct position {
	const char *name;
	unsigned line;
};

static int malformed(struct position at, struct error *err, const char *what)
{
	return error_set_at(err, ERR_INPUT, at.name, at.line, 0, "%s", what);
}

/* "[ arch=amd64 signed-by=/x ]" may have spaces anywhere; *enabled by "enabled=no" does
 * not exist. */
static int skip_options(struct slice *line, struct position at, struct error *err)
{
	*line = slice_trim(*line);
	if (line->len == 0 || line->data[0] != '[')
		return 0;
	size_t end = slice_find(*line, SLICE("]"));
	if (end == SIZE_MAX)
		return malformed(at, err, "the options are not closed by ]");
	*line = slice_sub(*line, end + 1, SIZE_MAX);
	return 0;
}

static int parse_line(struct slice line, struct position at, struct mirror_urls *urls,
	struct error *err)
{
	struct slice type, url, suite;
	struct slice comment = line;
	(void)slice_cut(
		&comment, '#', &line); /* an empty line gives false and stays empty */
	line = slice_trim(line);
	if (!slice_word(&line, &type))
		return 0;
	if (!slice_equal_str(type, "deb") && !slice_equal_str(type, "deb-src"))
		return malformed(at, err, "an entry begins with deb or deb-src");
	if (skip_options(&line, at, err) < 0)
		return err->class;
	if (!slice_word(&line, &url))
		return malformed(at, err, "the entry has no URI");
	if (!slice_word(&line, &suite))
		return malformed(at, err, "the entry has no suite");
	if (slice_equal_str(type, "deb-src") || !is_debian_suite(suite))
		return 0;
	return add_url(urls, url, err);
}

static int check_text(struct slice text, const char *name, struct error *err)
{
	if (text.len > APT_FILE_MAX)
		return error_set(
			err, ERR_INPUT, "%s: larger than %zu bytes", name, APT_FILE_MAX);
	if (slice_has_byte(text, '\0'))
		return error_set(err, ERR_INPUT, "%s: has a NUL byte", name);
	return 0;
}

int mirror_parse_lines(
	struct slice text, const char *name, struct mirror_urls *urls, struct error *err)
{
	struct slice line;
	if (check_text(text, name, err) < 0)
		return err->class;
	for (struct position at = {name, 1}; slice_cut(&text, '\n', &line); at.line++)
		if (parse_line(line, at, urls, err) < 0)
			return err->class;
	return 0;
}

/* ---- deb822 ---- */

struct stanza {
	struct slice types, urls, suites, enabled; /* with their continuation lines */
	struct slice *current; /* which of them goes on; NULL: another field */
	bool any;
	unsigned line;
};

static struct slice *find_field(struct stanza *stanza, struct slice name)
{
	if (same_word(name, "types"))
		return &stanza->types;
	if (same_word(name, "uris"))
		return &stanza->urls;
	if (same_word(name, "suites"))
		return &stanza->suites;
	if (same_word(name, "enabled"))
		return &stanza->enabled;
	return NULL;
}

/* The next word of a field, without the comment lines among its continuation lines. */
static bool field_word(struct slice *list, struct slice *ret)
{
	const char *start = list->data;
	while (slice_word(list, ret)) {
		struct slice comment;
		if (ret->data[0] != '#' || ret->data == start || ret->data[-1] != '\n')
			return true;
		(void)slice_cut(list, '\n', &comment); /* at the end: nothing is left */
	}
	return false;
}

static bool has_word(struct slice list, const char *word)
{
	struct slice item;
	while (field_word(&list, &item))
		if (same_word(item, word))
			return true;
	return false;
}

/* apt's StringToBool: these mean no, anything else yes. */
static bool is_enabled(const struct stanza *stanza)
{
	return !has_word(stanza->enabled, "no") && !has_word(stanza->enabled, "false") &&
	       !has_word(stanza->enabled, "without") &&
	       !has_word(stanza->enabled, "off") &&
	       !has_word(stanza->enabled, "disable") && !has_word(stanza->enabled, "0");
}

static int finish_stanza(struct stanza *stanza, const char *name,
	struct mirror_urls *urls, struct error *err)
{
	struct slice item;
	struct position at = {name, stanza->line};
	bool debian = false;
	if (!stanza->any)
		return 0;
	if (slice_trim(stanza->types).len == 0)
		return malformed(at, err, "the entry has no Types");
	if (slice_trim(stanza->urls).len == 0)
		return malformed(at, err, "the entry has no URIs");
	if (slice_trim(stanza->suites).len == 0)
		return malformed(at, err, "the entry has no Suites");
	for (struct slice types = stanza->types; field_word(&types, &item);)
		if (!slice_equal_str(item, "deb") && !slice_equal_str(item, "deb-src"))
			return malformed(at, err, "Types are deb and deb-src");
	for (struct slice suites = stanza->suites; field_word(&suites, &item);)
		debian |= is_debian_suite(item);
	if (!debian || !is_enabled(stanza) || !has_word(stanza->types, "deb"))
		return 0;
	for (struct slice list = stanza->urls; field_word(&list, &item);)
		if (add_url(urls, item, err) < 0)
			return err->class;
	return 0;
}

/* Continuation lines follow in the same text, so a field's value is one slice of it. */
static void extend(struct slice *field, struct slice line)
{
	if (field && field->data)
		field->len = (size_t)(line.data + line.len - field->data);
}

static int parse_field(
	struct stanza *stanza, struct slice line, struct position at, struct error *err)
{
	struct slice name;
	if (line.data[0] == ' ' || line.data[0] == '\t') {
		if (!stanza->any)
			return malformed(at, err, "a continuation line without a field");
		extend(stanza->current, line);
		return 0;
	}
	struct slice value = line;
	/* The line is not empty, so there is a name. */
	if (!slice_has_byte(line, ':') || !slice_cut(&value, ':', &name) ||
		slice_has_byte(name, ' ') || slice_has_byte(name, '\t'))
		return malformed(
			at, err, "a line is neither \"Field: value\" nor indented");
	if (!stanza->any)
		stanza->line = at.line;
	stanza->any = true;
	stanza->current = find_field(stanza, name);
	if (!stanza->current)
		return 0;
	if (stanza->current->data)
		return malformed(at, err, "the field is there twice");
	/* An empty value still marks the place where continuation lines go on. */
	*stanza->current = slice_from(line.data + line.len - value.len, value.len);
	return 0;
}

int mirror_parse_deb822(
	struct slice text, const char *name, struct mirror_urls *urls, struct error *err)
{
	struct slice line;
	struct stanza stanza = {0};
	if (check_text(text, name, err) < 0)
		return err->class;
	for (struct position at = {name, 1}; slice_cut(&text, '\n', &line); at.line++) {
		if (line.len && line.data[0] == '#')
			continue;
		if (slice_trim(line).len == 0) {
			if (finish_stanza(&stanza, name, urls, err) < 0)
				return err->class;
			stanza = (struct stanza){0};
		} else if (parse_field(&stanza, line, at, err) < 0) {
			return err->class;
		}
	}
	return finish_stanza(&stanza, name, urls, err);
}

/* ---- files ---- */

static int read_part(
	int dirfd, const char *file, struct mirror_urls *urls, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	struct slice name = slice_str(file);
	bool lines = slice_ends_with(name, SLICE(".list"));
	if (!lines && !slice_ends_with(name, SLICE(".sources")))
		return 0;
	if (fs_read_file(dirfd, file, APT_FILE_MAX, &text, err) < 0)
		return error_wrap(err, "reading apt's sources");
	return lines ? mirror_parse_lines(buffer_slice(&text), file, urls, err)
		     : mirror_parse_deb822(buffer_slice(&text), file, urls, err);
}

static int read_parts(int apt_fd, struct mirror_urls *urls, struct error *err)
{
	cleanup_names struct fs_names names = {0};
	cleanup_fd int dirfd = -1;
	if (!fs_exists(apt_fd, "sources.list.d"))
		return 0;
	if (fs_open_dir(apt_fd, "sources.list.d", &dirfd, err) < 0 ||
		fs_list(dirfd, &names, err) < 0)
		return err->class;
	for (size_t i = 0; i < names.count; i++)
		if (read_part(dirfd, names.items[i], urls, err) < 0)
			return err->class;
	return 0;
}

int mirror_list(const char *root, char ***ret_urls, size_t *ret_count, struct error *err)
{
	cleanup_buffer struct buffer path = BUFFER_INIT;
	cleanup_fd int apt_fd = -1;
	struct mirror_urls urls = {0};
	if (buffer_printf(&path, err, "%s/etc/apt", root) < 0)
		return err->class;
	if (fs_exists(AT_FDCWD, buffer_str(&path))) {
		if (fs_open_dir(AT_FDCWD, buffer_str(&path), &apt_fd, err) < 0)
			return err->class;
		if ((fs_exists(apt_fd, "sources.list") &&
			    read_part(apt_fd, "sources.list", &urls, err) < 0) ||
			read_parts(apt_fd, &urls, err) < 0) {
			mirror_urls_done(&urls);
			return error_wrap(err, "%s", buffer_str(&path));
		}
	}
	*ret_urls = urls.items;
	*ret_count = urls.count;
	return 0;
}
