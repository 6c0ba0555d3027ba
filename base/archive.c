/* SPDX-License-Identifier: Apache-2.0 */
#include <archive.h>
#include <string.h>

#include "base/archive_private.h"
#include "base/arena.h"
#include "base/compress.h"
#include "base/limits.h"
#include "base/map.h"

#define INPUT_BYTES ((size_t)64 * 1024)

/* ---- xz and bzip2: libarchive's filters under its raw format ---- */

struct raw {
	struct archive *archive;
	struct reader *inner;
	char *input; /* INPUT_BYTES */
	uint64_t fed;
	struct error error; /* of inner, carried past libarchive */
	bool opened, ended;
};

static void raw_free(void *context)
{
	struct raw *raw = context;

	if (raw->archive)
		(void)archive_read_free(raw->archive); /* nothing is lost by a failure */
	reader_free(&raw->inner);
	free(raw->input);
	free(raw);
}

static la_ssize_t raw_feed(struct archive *archive, void *context, const void **ret_data)
{
	struct raw *raw = context;
	size_t got = 0;

	if (reader_read(raw->inner, raw->input, INPUT_BYTES, &got, &raw->error) < 0) {
		archive_set_error(archive, EIO, "%s", raw->error.text);
		return -1;
	}
	raw->fed += got;
	*ret_data = raw->input;
	return (la_ssize_t)got; /* <= INPUT_BYTES */
}

static int raw_failed(struct raw *raw, struct error *err)
{
	const char *text = archive_error_string(raw->archive);

	if (error_is_set(&raw->error) && !error_is_set(err)) {
		*err = raw->error;
		return err->class;
	}
	if (archive_errno(raw->archive) == ENOMEM)
		return error_set_memory(err);
	return error_set(
		err, ERR_INPUT, "bad compressed data: %s", text ? text : "malformed");
}

static int raw_open(struct raw *raw, struct error *err)
{
	struct archive_entry *entry;
	int result;

	if (archive_read_open2(raw->archive, raw, NULL, raw_feed, NULL, NULL) !=
		ARCHIVE_OK)
		return raw_failed(raw, err);
	/* libarchive unwraps as long as it can; we asked for one layer. */
	if (archive_filter_count(raw->archive) != 2)
		return error_set(err, ERR_INPUT, "compressed twice, or not as it seems");
	result = archive_read_next_header(raw->archive, &entry);
	raw->ended = result == ARCHIVE_EOF;
	if (result != ARCHIVE_OK && result != ARCHIVE_EOF)
		return raw_failed(raw, err);
	raw->opened = true;
	return 0;
}

/* All that came in must have been used. */
static int raw_check_end(struct raw *raw, struct error *err)
{
	size_t more = 0;
	la_int64_t used = archive_filter_bytes(raw->archive, -1);

	if (reader_read(raw->inner, raw->input, INPUT_BYTES, &more, err) < 0)
		return err->class;
	if (more != 0 || used < 0 || (uint64_t)used != raw->fed)
		return error_set(err, ERR_INPUT, "garbage after the compressed data");
	return 0;
}

static int raw_read(
	void *context, void *data, size_t len, size_t *ret_len, struct error *err)
{
	struct raw *raw = context;
	la_ssize_t got = 0;

	if (!raw->opened && raw_open(raw, err) < 0)
		return err->class;
	if (!raw->ended)
		got = archive_read_data(raw->archive, data, len);
	if (got < 0)
		return raw_failed(raw, err);
	if (got == 0)
		raw->ended = true;
	*ret_len = (size_t)got; /* >= 0 */
	return got == 0 ? raw_check_end(raw, err) : 0;
}

/* ARCHIVE_WARN would mean that libarchive runs a program instead of a library. */
static int raw_start(struct raw *raw, unsigned filter, struct error *err)
{
	int supported;

	raw->archive = archive_read_new();
	raw->input = malloc(INPUT_BYTES);
	if (!raw->archive) {
		(void)error_set(err, ERR_SYSTEM, "libarchive cannot be loaded");
		return error_remedy(err, "install it (Debian: libarchive13)");
	}
	if (!raw->input)
		return error_set_memory(err);
	supported = filter == ARCHIVE_XZ
			    ? archive_read_support_filter_xz(raw->archive)
			    : archive_read_support_filter_bzip2(raw->archive);
	if (supported != ARCHIVE_OK ||
		archive_read_support_format_raw(raw->archive) != ARCHIVE_OK)
		return error_set(err, ERR_SYSTEM, "libarchive was built without %s",
			filter == ARCHIVE_XZ ? "xz" : "bzip2");
	return 0;
}

static int raw_reader(unsigned filter, struct reader **inner, struct reader **ret_reader,
	struct error *err)
{
	static const struct reader_ops ops = {raw_read, raw_free};
	struct raw *raw = calloc(1, sizeof(*raw));

	if (!raw)
		return error_set_memory(err);
	if (raw_start(raw, filter, err) < 0 ||
		reader_new(&ops, raw, ret_reader, err) < 0) {
		raw_free(raw);
		return err->class;
	}
	raw->inner = take_ptr(*inner);
	return 0;
}

/* ---- which compression ---- */

static const struct {
	unsigned filter;
	const char *name;
	struct slice magic;
} filters[] = {
	{ARCHIVE_GZIP, "gzip", {"\x1f\x8b", 2}},
	{ARCHIVE_BZIP2, "bzip2",
		{"BZh", 3}}, /* and a block's magic behind it, see below */
	{ARCHIVE_XZ, "xz",
		{"\xfd"
		 "7zXZ\0",
			6}},
	{ARCHIVE_ZSTD, "zstd", {"\x28\xb5\x2f\xfd", 4}},
};

static bool is_filter(size_t which, struct slice start)
{
	struct slice block = slice_sub(start, 4, 6);

	if (!slice_starts_with(start, filters[which].magic))
		return false;
	/* A tar may begin with a file whose name begins with BZh. */
	return filters[which].filter != ARCHIVE_BZIP2 ||
	       slice_equal(block, slice_from("\x31\x41\x59\x26\x53\x59", 6)) ||
	       slice_equal(block, slice_from("\x17\x72\x45\x38\x50\x90", 6));
}

static int open_filter(unsigned filter, struct reader **inner, struct reader **ret_reader,
	struct error *err)
{
	if (filter == ARCHIVE_GZIP)
		return reader_decompress(COMPRESSION_GZIP, inner, ret_reader, err);
	if (filter == ARCHIVE_ZSTD)
		return reader_decompress(COMPRESSION_ZSTD, inner, ret_reader, err);
	if (filter == 0)
		return reader_decompress(COMPRESSION_NONE, inner, ret_reader, err);
	return raw_reader(filter, inner, ret_reader, err);
}

static int find_filter(
	struct reader *inner, unsigned allowed, unsigned *ret_filter, struct error *err)
{
	struct slice start = SLICE_EMPTY;

	if (reader_peek(inner, 10, &start, err) < 0)
		return err->class;
	*ret_filter = 0;
	for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
		if (!is_filter(i, start))
			continue;
		if (!(allowed & filters[i].filter))
			return error_set(err, ERR_INPUT,
				"the archive is compressed with %s, which is not "
				"expected here",
				filters[i].name);
		*ret_filter = filters[i].filter;
	}
	return 0;
}

/* ---- the archive ---- */

struct archive_reader {
	struct tar_reader *tar;
	char *name; /* for messages */
	unsigned flags;
	struct map *seen; /* path to one of the marks below */
	size_t entries;
	uint64_t bytes;
	struct error error; /* the first one; sticks */
	bool ended, replaces;
	struct buffer path, link, uname, gname;
	struct archive_entry_info info;
};

/* What a path was; the map holds their addresses. */
static char mark_directory, mark_file, mark_other;

static void reader_parts_free(struct archive_reader *archive)
{
	tar_reader_free(&archive->tar);
	map_free(&archive->seen);
	buffer_done(&archive->path);
	buffer_done(&archive->link);
	buffer_done(&archive->uname);
	buffer_done(&archive->gname);
	free(archive->name);
}

void archive_reader_free(struct archive_reader **archive)
{
	if (*archive) {
		reader_parts_free(*archive);
		free_ptr(archive);
	}
}

bool archive_entry_replaces(const struct archive_reader *archive)
{
	return archive->replaces;
}

/* Takes *inner at once: there is nobody to read on after a failure. */
static int open_tar(struct archive_reader *archive, struct reader **inner, unsigned flags,
	struct error *err)
{
	cleanup_reader struct reader *plain = NULL;
	cleanup_reader struct reader *limited = NULL;
	unsigned filter = 0;

	if (find_filter(*inner, flags, &filter, err) < 0 ||
		open_filter(filter, inner, &plain, err) < 0)
		return err->class;
	/* Headers and padding, too: nothing is read without an end. */
	if (reader_limit(&plain, 2 * (uint64_t)LIMIT_ARCHIVE_BYTES, &limited, err) < 0)
		return err->class;
	return tar_reader_new(
		&limited, (flags & ARCHIVE_OPEN_ENDED) != 0, &archive->tar, err);
}

int archive_open(struct reader **inner, unsigned flags, const char *name,
	struct archive_reader **ret_archive, struct error *err)
{
	cleanup_archive struct archive_reader *archive = calloc(1, sizeof(*archive));
	cleanup_reader struct reader *taken = take_ptr(*inner);

	if (!archive)
		return error_set_memory(err);
	archive->flags = flags;
	if (slice_to_str(slice_str(name), &archive->name, err) < 0 ||
		map_new(&archive->seen, err) < 0)
		return err->class;
	if (open_tar(archive, &taken, flags, err) < 0)
		return error_wrap(err, "%s", name);
	*ret_archive = take_ptr(archive);
	return 0;
}

/* ---- names ---- */

static int check_component(struct slice component, struct error *err)
{
	if (component.len == 0)
		return error_set(err, ERR_INPUT, "an empty component in a path");
	if (slice_equal(component, SLICE(".")) || slice_equal(component, SLICE("..")))
		return error_set(err, ERR_INPUT, "a component \"%.*s\" in a path",
			SLICE_ARG(component));
	if (component.len > LIMIT_NAME_BYTES)
		return error_set(
			err, ERR_INPUT, "a name of more than %d bytes", LIMIT_NAME_BYTES);
	return 0;
}

static int check_text(struct slice text, struct error *err)
{
	if (text.len > LIMIT_PATH_BYTES)
		return error_set(
			err, ERR_INPUT, "a path of more than %d bytes", LIMIT_PATH_BYTES);
	if (!slice_is_utf8(text))
		return error_set(err, ERR_INPUT, "a name that is not UTF-8");
	if (!slice_is_printable(text))
		return error_set(err, ERR_INPUT, "control characters in a name");
	return 0;
}

/*
 * The clean form of a path, a part of it; "" is the root. One leading "./" and, where
 * slash says so, one trailing slash are taken off.
 */
static int clean_path(struct slice path, unsigned flags, bool slash,
	struct slice *ret_path, struct error *err)
{
	struct slice rest;
	struct slice component = SLICE_EMPTY;
	size_t depth = 0;

	if (check_text(path, err) < 0)
		return err->class;
	if (path.len == 0)
		return error_set(err, ERR_INPUT, "an empty path");
	if (slice_starts_with(path, SLICE("./")))
		path = slice_sub(path, 2, path.len);
	else if (slice_equal(path, SLICE(".")))
		path = SLICE_EMPTY;
	else if (path.data[0] == '/' && !(flags & ARCHIVE_STRIP_ROOT))
		return error_set(err, ERR_INPUT, "an absolute path");
	else if (path.data[0] == '/')
		path = slice_sub(path, 1, path.len);
	if (slash && slice_ends_with(path, SLICE("/")) && path.len > 1)
		path.len--;
	for (rest = path; slice_cut(&rest, '/', &component); depth++)
		if (check_component(component, err) < 0)
			return err->class;
	if (slice_ends_with(path, SLICE("/")))
		return error_set(err, ERR_INPUT, "a path that ends in a slash");
	if (depth > LIMIT_PATH_DEPTH)
		return error_set(err, ERR_INPUT, "a path of more than %d components",
			LIMIT_PATH_DEPTH);
	*ret_path = path;
	return 0;
}

static int keep_text(struct buffer *kept, struct slice text, struct error *err)
{
	buffer_clear(kept);
	return buffer_add_slice(kept, text, err);
}

/* ---- order: what may come after what ---- */

static struct slice parent_of(struct slice path)
{
	while (path.len != 0 && path.data[path.len - 1] != '/')
		path.len--;
	if (path.len != 0)
		path.len--;
	return path;
}

/* Whatever has something below it is a directory, also where nothing says so. */
static int enter_parents(
	struct archive_reader *archive, struct slice path, struct error *err)
{
	struct slice parent = parent_of(path);

	for (; parent.len != 0; parent = parent_of(parent)) {
		const char *mark = map_get(archive->seen, parent);

		if (mark == &mark_directory)
			return 0; /* and so are those above it */
		if (mark)
			return error_set(err, ERR_INPUT,
				"it is below \"%.*s\", which is no directory",
				SLICE_ARG(parent));
		if (map_put(archive->seen, parent, &mark_directory, err) < 0)
			return err->class;
	}
	return 0;
}

static int enter_path(
	struct archive_reader *archive, struct slice path, char *mark, struct error *err)
{
	const char *earlier = map_get(archive->seen, path);
	bool both_directories = earlier == &mark_directory && mark == &mark_directory;
	bool one_directory = earlier == &mark_directory || mark == &mark_directory;

	archive->replaces = earlier != NULL && !both_directories;
	if (archive->replaces &&
		(one_directory || !(archive->flags & ARCHIVE_DUPLICATES)))
		return error_set(err, ERR_INPUT, "a second entry with this name");
	if (!earlier && enter_parents(archive, path, err) < 0)
		return err->class;
	return earlier == mark ? 0 : map_put(archive->seen, path, mark, err);
}

static int enter_hardlink(struct archive_reader *archive, struct slice path,
	struct slice target, struct error *err)
{
	struct slice clean = SLICE_EMPTY;

	if (clean_path(target, archive->flags, false, &clean, err) < 0)
		return error_wrap(err, "hard link to \"%.*s\"", SLICE_ARG(target));
	if (map_get(archive->seen, clean) != &mark_file || slice_equal(clean, path))
		return error_set(err, ERR_INPUT,
			"hard link to \"%.*s\", which is no regular file before it",
			SLICE_ARG(target));
	if (keep_text(&archive->link, clean, err) < 0)
		return err->class;
	return enter_path(archive, path, &mark_file, err);
}

static int enter_symlink(struct archive_reader *archive, struct slice path,
	struct slice target, struct error *err)
{
	if (check_text(target, err) < 0)
		return error_wrap(err, "symbolic link");
	if (keep_text(&archive->link, target, err) < 0)
		return err->class;
	return enter_path(archive, path, &mark_other, err);
}

static int enter_item(struct archive_reader *archive, const struct tar_item *item,
	struct slice path, struct error *err)
{
	struct archive_entry_info *info = &archive->info;

	buffer_clear(&archive->link);
	switch (item->type) {
	case '0':
		info->type = ARCHIVE_FILE;
		return enter_path(archive, path, &mark_file, err);
	case '1':
		info->type = ARCHIVE_HARDLINK;
		return enter_hardlink(archive, path, item->link, err);
	case '2':
		info->type = ARCHIVE_SYMLINK;
		return enter_symlink(archive, path, item->link, err);
	default:
		info->type = ARCHIVE_DIRECTORY;
		return enter_path(archive, path, &mark_directory, err);
	}
}

/* ---- entries ---- */

static int count_item(
	struct archive_reader *archive, const struct tar_item *item, struct error *err)
{
	if (++archive->entries > LIMIT_ARCHIVE_ENTRIES)
		return error_set(
			err, ERR_INPUT, "more than %d entries", LIMIT_ARCHIVE_ENTRIES);
	if (item->size > LIMIT_ARCHIVE_BYTES - archive->bytes)
		return error_set(err, ERR_INPUT, "more than %zu bytes of content",
			LIMIT_ARCHIVE_BYTES);
	archive->bytes += item->size;
	return 0;
}

static int fill_info(
	struct archive_reader *archive, const struct tar_item *item, struct error *err)
{
	struct archive_entry_info *info = &archive->info;

	if (check_text(item->uname, err) < 0 || check_text(item->gname, err) < 0)
		return error_wrap(err, "owner");
	if (keep_text(&archive->uname, item->uname, err) < 0 ||
		keep_text(&archive->gname, item->gname, err) < 0)
		return err->class;
	info->path = buffer_str(&archive->path);
	info->link = buffer_str(&archive->link);
	info->uname = buffer_str(&archive->uname);
	info->gname = buffer_str(&archive->gname);
	info->mode = item->mode;
	info->uid = item->uid;
	info->gid = item->gid;
	info->mtime = item->mtime;
	info->size = item->size;
	info->xattrs = item->xattrs;
	info->xattr_count = item->xattr_count;
	info->records = item->records;
	info->record_count = item->record_count;
	return 0;
}

/* *ret_skip: it is the root itself. */
static int take_item(struct archive_reader *archive, const struct tar_item *item,
	bool *ret_skip, struct error *err)
{
	struct slice path = SLICE_EMPTY;

	if (count_item(archive, item, err) < 0 ||
		clean_path(item->path, archive->flags, item->type == '5', &path, err) < 0)
		return err->class;
	*ret_skip = path.len == 0;
	if (path.len == 0)
		return item->type == '5'
			       ? 0
			       : error_set(err, ERR_INPUT, "the root is no directory");
	if (keep_text(&archive->path, path, err) < 0 ||
		enter_item(archive, item, path, err) < 0)
		return err->class;
	return fill_info(archive, item, err);
}

static int next_item(struct archive_reader *archive, struct error *err)
{
	const struct tar_item *item = NULL;
	bool skip = true;

	while (skip) {
		if (tar_reader_next(archive->tar, &item, err) < 0)
			return err->class;
		if (!item) {
			archive->ended = true;
			return 0;
		}
		if (take_item(archive, item, &skip, err) < 0)
			return error_wrap(err, "\"%.*s\"",
				SLICE_ARG(slice_sub(item->path, 0, 512)));
	}
	return 0;
}

/* The first error is kept, and given to everyone who goes on. */
static int archive_failed(const struct archive_reader *archive, struct error *err)
{
	if (!error_is_set(err))
		*err = archive->error;
	return err->class;
}

int archive_next(struct archive_reader *archive,
	const struct archive_entry_info **ret_entry, struct error *err)
{
	if (error_is_set(&archive->error))
		return archive_failed(archive, err);
	if (!archive->ended && next_item(archive, &archive->error) < 0) {
		(void)error_wrap(
			&archive->error, "%s", archive->name); /* the same class */
		return archive_failed(archive, err);
	}
	*ret_entry = archive->ended ? NULL : &archive->info;
	return 0;
}

int archive_read(struct archive_reader *archive, void *data, size_t len, size_t *ret_len,
	struct error *err)
{
	if (error_is_set(&archive->error))
		return archive_failed(archive, err);
	if (tar_reader_read(archive->tar, data, len, ret_len, &archive->error) < 0) {
		(void)error_wrap(&archive->error, "%s: \"%s\"", archive->name,
			buffer_str(&archive->path)); /* the same class */
		return archive_failed(archive, err);
	}
	return 0;
}

int archive_read_all(
	struct archive_reader *archive, size_t max, struct buffer *out, struct error *err)
{
	uint64_t size = archive->info.size;

	if (archive->ended)
		return error_set(err, ERR_BUG, "reading after the end of an archive");
	if (size > max)
		return error_set(err, ERR_INPUT,
			"%s: \"%s\" has %llu bytes, more than the allowed %zu",
			archive->name, buffer_str(&archive->path),
			(unsigned long long)size, max);
	while (size != 0) {
		/* What the header says is not believed before it comes. */
		size_t step =
			size < INPUT_BYTES ? (size_t)size : INPUT_BYTES; /* smaller */
		size_t got;

		if (buffer_reserve(out, step, err) < 0)
			return err->class;
		if (archive_read(archive, out->data + out->len, step, &got, err) < 0)
			return err->class;
		if (got == 0)
			break; /* the first bytes were read before */
		out->len += got;
		out->data[out->len] = '\0';
		size -= got;
	}
	return 0;
}
