/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/tar.h"

/* POSIX.1-2017, pax, "ustar Interchange Format": the header block. */
struct ustar {
	char name[100];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char checksum[8];
	char type;
	char link[100];
	char magic[6];
	char version[2];
	char uname[32];
	char gname[32];
	char device_major[8];
	char device_minor[8];
	char prefix[155];
	char rest[12];
};
_Static_assert(sizeof(struct ustar) == TAR_BLOCK, "a header is one block");

#define TAR_PAX  'x'                  /* the entry that has the records of the next one */
#define OCTAL_7  ((uint64_t)07777777) /* uid and gid: 7 digits and NUL */
#define OCTAL_11 ((uint64_t)077777777777) /* size and mtime: 11 digits and NUL */

static bool is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.data[i] >= 0x80)
			return false;
	return true;
}

static void put_octal(char *field, size_t size, uint64_t value)
{
	field[size - 1] = '\0';
	for (size_t i = size - 1; i-- > 0; value >>= 3)
		field[i] = (char)('0' + (value & 7));
}

/* As much as fits, ASCII only: readers that know pax do not look at it. */
static void put_text(char *field, size_t size, struct slice s)
{
	size_t to = 0;

	for (size_t i = 0; i < s.len && to < size; i++)
		if ((unsigned char)s.data[i] < 0x80)
			field[to++] = s.data[i];
}

/*
 * Where a path is cut into prefix and name (position of the slash between
 * them), SIZE_MAX if it cannot be: the last slash that leaves a prefix that fits.
 */
static size_t split_at(struct slice path)
{
	size_t at =
		path.len - 2; /* a trailing slash belongs to the name; path.len > 100 */

	if (at > sizeof(((struct ustar *)0)->prefix))
		at = sizeof(((struct ustar *)0)->prefix);
	while (at > 0 && path.data[at] != '/')
		at--;
	if (at == 0 || path.len - at - 1 > sizeof(((struct ustar *)0)->name))
		return SIZE_MAX;
	return at;
}

static bool is_name(struct slice path)
{
	return is_ascii(path) && path.len <= sizeof(((struct ustar *)0)->name);
}

static bool path_fits(struct slice path)
{
	return is_name(path) || (is_ascii(path) && split_at(path) != SIZE_MAX);
}

static void put_path(struct ustar *header, struct slice path)
{
	size_t at = split_at(path);

	put_text(header->prefix, sizeof(header->prefix), slice_sub(path, 0, at));
	put_text(header->name, sizeof(header->name), slice_sub(path, at + 1, path.len));
}

/* Cut: a pax record has the whole. A slash at the end would make it a directory's. */
static void put_name(struct ustar *header, struct slice path)
{
	size_t last = sizeof(header->name) - 1;

	put_text(header->name, sizeof(header->name), path);
	if (path.len > sizeof(header->name))
		while (last > 0 && header->name[last] == '/')
			header->name[last--] = '\0';
}

static void put_checksum(struct ustar *header)
{
	unsigned char bytes[TAR_BLOCK];
	unsigned sum = 0;

	memset(header->checksum, ' ', sizeof(header->checksum));
	memcpy(bytes, header, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		sum += bytes[i];
	put_octal(header->checksum, 7, sum); /* digits, NUL, and the last space stays */
}

/* Values that do not fit are 0 here; their pax record says the truth. */
static int add_ustar(struct buffer *out, const struct tar_entry *entry, struct slice path,
	bool has_pax, struct error *err)
{
	struct ustar header = {
		.type = (char)entry->type, .magic = "ustar", .version = {'0', '0'}};

	if (has_pax || path.len <= sizeof(header.name))
		put_name(&header, path);
	else
		put_path(&header, path);
	put_octal(header.mode, sizeof(header.mode), entry->mode & 07777);
	put_octal(header.uid, sizeof(header.uid), entry->uid <= OCTAL_7 ? entry->uid : 0);
	put_octal(header.gid, sizeof(header.gid), entry->gid <= OCTAL_7 ? entry->gid : 0);
	put_octal(header.size, sizeof(header.size),
		entry->size <= OCTAL_11 ? entry->size : 0);
	put_octal(header.mtime, sizeof(header.mtime),
		(uint64_t)entry->mtime <= OCTAL_11 ? (uint64_t)entry->mtime : 0);
	put_text(header.link, sizeof(header.link), slice_str(entry->link));
	/* Names are C strings in the header: one byte is for the NUL. */
	put_text(header.uname, sizeof(header.uname) - 1, slice_str(entry->uname));
	put_text(header.gname, sizeof(header.gname) - 1, slice_str(entry->gname));
	if (header.type != TAR_PAX) { /* as archive/tar of Go does it */
		put_octal(header.device_major, sizeof(header.device_major), 0);
		put_octal(header.device_minor, sizeof(header.device_minor), 0);
	}
	put_checksum(&header);
	return buffer_add(out, &header, sizeof(header), err);
}

/* "27 path=…\n": the length counts its own digits. */
static int add_record(
	struct buffer *out, const char *key, struct slice value, struct error *err)
{
	size_t rest = strlen(key) + value.len + 3; /* space, "=", line feed */
	size_t len = rest + 1;
	char digits[24];

	for (;;) {
		int count = snprintf(digits, sizeof(digits), "%zu", len);

		if (count < 0)
			return error_set(err, ERR_BUG, "formatting a number failed");
		if (rest + (size_t)count == len)
			break;
		len = rest + (size_t)count;
	}
	if (buffer_printf(out, err, "%s %s=", digits, key) < 0 ||
		buffer_add_slice(out, value, err) < 0)
		return err->class;
	return buffer_add_byte(out, '\n', err);
}

static int add_number_record(struct buffer *out, const char *key, uint64_t value,
	uint64_t max, struct error *err)
{
	char digits[24];

	if (value <= max)
		return 0;
	if (snprintf(digits, sizeof(digits), "%llu", (unsigned long long)value) < 0)
		return error_set(err, ERR_BUG, "formatting a number failed");
	return add_record(out, key, slice_str(digits), err);
}

static int add_name_record(struct buffer *out, const char *key, const char *name,
	size_t max, struct error *err)
{
	struct slice s = slice_str(name);

	return is_ascii(s) && s.len <= max ? 0 : add_record(out, key, s, err);
}

/* What was given, and what ustar cannot hold: sorted, as vendors are in capitals. */
static int add_records(struct buffer *records, const struct tar_entry *entry,
	bool has_path, struct error *err)
{
	const struct ustar *u = NULL;

	for (size_t i = 0; i < entry->record_count; i++)
		if (add_record(records, entry->records[i].key, entry->records[i].value,
			    err) < 0)
			return err->class;
	if (add_number_record(records, "gid", entry->gid, OCTAL_7, err) < 0 ||
		add_name_record(
			records, "gname", entry->gname, sizeof(u->gname) - 1, err) < 0 ||
		add_name_record(records, "linkpath", entry->link, sizeof(u->link), err) <
			0 ||
		add_number_record(
			records, "mtime", (uint64_t)entry->mtime, OCTAL_11, err) < 0 ||
		(has_path &&
			add_record(records, "path", slice_str(entry->path), err) < 0) ||
		add_number_record(records, "size", entry->size, OCTAL_11, err) < 0 ||
		add_number_record(records, "uid", entry->uid, OCTAL_7, err) < 0)
		return err->class;
	return add_name_record(records, "uname", entry->uname, sizeof(u->uname) - 1, err);
}

static int add_pax(struct buffer *out, const struct tar_entry *entry,
	struct slice records, struct error *err)
{
	cleanup_buffer struct buffer name = BUFFER_INIT;
	const char *slash = strrchr(entry->path, '/');
	struct slice directory =
		slice_from(entry->path, slash ? (size_t)(slash + 1 - entry->path) : 0);
	struct tar_entry pax = {.type = (enum tar_type)TAR_PAX, .size = records.len};

	if (records.len > OCTAL_11)
		return error_set(err, ERR_INPUT, "the pax records of \"%s\" are too long",
			entry->path);
	if (buffer_printf(&name, err, "%.*sPaxHeaders.0/%s", SLICE_ARG(directory),
		    entry->path + directory.len) < 0 ||
		add_ustar(out, &pax, buffer_slice(&name), true, err) < 0 ||
		buffer_add_slice(out, records, err) < 0)
		return err->class;
	return buffer_add_zeros(out, tar_padding(records.len), err);
}

static int check_entry(const struct tar_entry *entry, struct error *err)
{
	size_t len = entry->path ? strlen(entry->path) : 0;
	bool links = entry->type == TAR_SYMLINK || entry->type == TAR_HARDLINK;

	if (len == 0 || entry->path[0] == '/' || entry->path[len - 1] == '/')
		return error_set(err, ERR_BUG, "\"%s\" is no path for an archive",
			entry->path ? entry->path : "");
	if (links != (entry->link && entry->link[0] != '\0'))
		return error_set(err, ERR_BUG, "%s: a link target is missing or too many",
			entry->path);
	if (entry->mtime < 0 || (entry->type != TAR_FILE && entry->size != 0))
		return error_set(err, ERR_BUG,
			"%s: a negative time, or a size without content", entry->path);
	return 0;
}

static int add_checked(
	struct buffer *out, const struct tar_entry *entry, struct error *err)
{
	cleanup_buffer struct buffer path = BUFFER_INIT;
	cleanup_buffer struct buffer records = BUFFER_INIT;
	bool slash = entry->type == TAR_DIRECTORY && entry->directory_slash;

	if (buffer_add_str(&path, entry->path, err) < 0 ||
		(slash && buffer_add_byte(&path, '/', err) < 0))
		return err->class;
	if (add_records(&records, entry, !path_fits(buffer_slice(&path)), err) < 0)
		return err->class;
	if (records.len != 0) {
		/* readers of pax have no use for a prefix: what is cut is in a record */
		buffer_clear(&records);
		if (add_records(&records, entry, !is_name(buffer_slice(&path)), err) <
				0 ||
			add_pax(out, entry, buffer_slice(&records), err) < 0)
			return err->class;
	}
	return add_ustar(out, entry, buffer_slice(&path), records.len != 0, err);
}

int tar_add_header(struct buffer *out, const struct tar_entry *entry, struct error *err)
{
	size_t before = out->len;

	if (check_entry(entry, err) < 0)
		return err->class;
	if (add_checked(out, entry, err) < 0) {
		out->len = before;
		if (out->data)
			out->data[before] = '\0';
		return err->class;
	}
	return 0;
}

size_t tar_padding(uint64_t size)
{
	return (size_t)(TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK;
}

int tar_add_file(struct buffer *out, const struct tar_entry *entry, struct slice content,
	struct error *err)
{
	struct tar_entry sized = *entry;

	sized.size = content.len;
	if (tar_add_header(out, &sized, err) < 0 ||
		buffer_add_slice(out, content, err) < 0)
		return err->class;
	return buffer_add_zeros(out, tar_padding(content.len), err);
}

int tar_add_end(struct buffer *out, struct error *err)
{
	return buffer_add_zeros(out, 2 * (size_t)TAR_BLOCK, err);
}
