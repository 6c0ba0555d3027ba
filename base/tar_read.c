/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/archive_private.h"
#include "base/arena.h"
#include "base/encode.h"
#include "base/limits.h"
#include "base/tar.h"

/* Room for names, and for the xattrs in both spellings (raw and base64). */
#define PAX_BYTES_MAX   (4 * LIMIT_XATTR_BYTES)
#define PAX_RECORDS_MAX 256
#define INPUT_BYTES     ((size_t)64 * 1024)

/* What extended headers have said about the entry that follows. */
enum known {
	KNOWN_PATH = 1,
	KNOWN_LINK = 2,
	KNOWN_SIZE = 4,
	KNOWN_UID = 8,
	KNOWN_GID = 16,
	KNOWN_UNAME = 32,
	KNOWN_GNAME = 64,
	KNOWN_MTIME = 128,
};

struct tar_reader {
	struct reader *inner;
	bool open_ended, ended;
	uint64_t left;        /* content of the current item not yet handed out */
	size_t padding;       /* after it */
	unsigned known;       /* enum known, or-ed */
	bool pax, gnu;        /* extended headers of that kind came before the entry */
	struct arena *memory; /* of the current item */
	struct archive_xattr *xattrs;
	size_t xattr_count, xattr_room, xattr_bytes;
	struct archive_xattr *records;
	size_t record_count, record_room;
	struct tar_item item;
	char *input; /* INPUT_BYTES, read ahead */
	size_t input_at, input_len;
	char block[TAR_BLOCK];
};

int tar_reader_new(struct reader **inner, bool open_ended, struct tar_reader **ret_tar,
	struct error *err)
{
	cleanup_mem struct tar_reader *tar = calloc(1, sizeof(*tar));
	cleanup_mem char *input = malloc(INPUT_BYTES);

	if (!tar || !input)
		return error_set_memory(err);
	tar->open_ended = open_ended;
	tar->input = take_ptr(input);
	tar->inner = take_ptr(*inner);
	*ret_tar = take_ptr(tar);
	return 0;
}

void tar_reader_free(struct tar_reader **tar)
{
	if (*tar) {
		reader_free(&(*tar)->inner);
		arena_free(&(*tar)->memory);
		free((*tar)->input);
		free_ptr(tar);
	}
}

/* ---- bytes ---- */

static int input_read(struct tar_reader *tar, void *data, size_t len, size_t *ret_len,
	struct error *err)
{
	if (tar->input_len == 0) {
		tar->input_at = 0;
		if (len >= INPUT_BYTES)
			return reader_read(tar->inner, data, len, ret_len, err);
		if (reader_read(tar->inner, tar->input, INPUT_BYTES, &tar->input_len,
			    err) < 0)
			return err->class;
	}
	if (len > tar->input_len)
		len = tar->input_len;
	if (len != 0)
		memcpy(data, tar->input + tar->input_at, len);
	tar->input_at += len;
	tar->input_len -= len;
	*ret_len = len;
	return 0;
}

/* *ret_len is less than len only at the end. */
static int input_fill(struct tar_reader *tar, char *data, size_t len, size_t *ret_len,
	struct error *err)
{
	size_t total = 0;
	size_t got = 1;

	while (total < len && got != 0) {
		if (input_read(tar, data + total, len - total, &got, err) < 0)
			return err->class;
		total += got;
	}
	*ret_len = total;
	return 0;
}

static int truncated(struct error *err)
{
	return error_set(err, ERR_INPUT, "the archive is truncated");
}

static int input_exactly(
	struct tar_reader *tar, char *data, size_t len, struct error *err)
{
	size_t got = 0;

	if (input_fill(tar, data, len, &got, err) < 0)
		return err->class;
	return got == len ? 0 : truncated(err);
}

static int skip_content(struct tar_reader *tar, struct error *err)
{
	char waste[4096];

	while (tar->left != 0) {
		size_t got;

		if (tar_reader_read(tar, waste, sizeof(waste), &got, err) < 0)
			return err->class;
	}
	if (input_exactly(tar, waste, tar->padding, err) < 0)
		return err->class;
	tar->padding = 0;
	return 0;
}

int tar_reader_read(struct tar_reader *tar, void *data, size_t len, size_t *ret_len,
	struct error *err)
{
	size_t got = 0;

	if (len > tar->left)
		len = (size_t)tar->left; /* < len */
	if (len != 0) {
		if (input_read(tar, data, len, &got, err) < 0)
			return err->class;
		if (got == 0)
			return truncated(err);
	}
	tar->left -= got;
	*ret_len = got;
	return 0;
}

/* ---- header fields ---- */

static bool all_zero(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

/* A field of the header block by its place (POSIX.1-2017, pax, "Header Block"). */
static struct slice field(const struct tar_reader *tar, size_t at, size_t len)
{
	return slice_from(tar->block + at, len);
}

/* Text ends at its first NUL. */
static struct slice text_field(const struct tar_reader *tar, size_t at, size_t len)
{
	struct slice rest = field(tar, at, len);
	struct slice text = SLICE_EMPTY;

	return slice_cut(&rest, '\0', &text) ? text : SLICE_EMPTY;
}

/* GNU's base-256: bit 7 of the first byte set, then a two's complement number. */
static int binary_field(
	struct slice bytes, bool negative_too, int64_t *ret_value, struct error *err)
{
	bool negative = (unsigned char)bytes.data[0] == 0xff;
	uint64_t value = 0;
	unsigned char fill = negative ? 0xff : 0;

	if (!negative && (unsigned char)bytes.data[0] != 0x80)
		return error_set(err, ERR_INPUT, "a number in a tar header overflows");
	for (size_t i = 1; i < bytes.len; i++) {
		unsigned char byte = (unsigned char)bytes.data[i];

		if (bytes.len - i > 8 && byte != fill)
			return error_set(
				err, ERR_INPUT, "a number in a tar header overflows");
		value = value << 8 | byte;
	}
	if (bytes.len - 1 < 8 && negative)
		value |= UINT64_MAX << (8 * (bytes.len - 1));
	if ((value >> 63 != 0) != negative)
		return error_set(err, ERR_INPUT, "a number in a tar header overflows");
	if (negative && !negative_too)
		return error_set(err, ERR_INPUT, "a number in a tar header is negative");
	*ret_value = (int64_t)value; /* two's complement by definition of the field */
	return 0;
}

/* Octal digits with spaces before, and space or NUL behind. An empty field is 0. */
static int number_field(const struct tar_reader *tar, size_t at, size_t len,
	bool negative_too, int64_t *ret_value, struct error *err)
{
	struct slice bytes = field(tar, at, len);
	struct slice digits;
	uint64_t value = 0;

	if ((unsigned char)bytes.data[0] >= 0x80)
		return binary_field(bytes, negative_too, ret_value, err);
	while (bytes.len != 0 &&
		(bytes.data[bytes.len - 1] == '\0' || bytes.data[bytes.len - 1] == ' '))
		bytes.len--;
	digits = bytes;
	while (digits.len != 0 && digits.data[0] == ' ')
		digits = slice_sub(digits, 1, digits.len);
	if (digits.len != 0 && slice_parse_u64(digits, 8, INT64_MAX, &value, err) < 0)
		return error_wrap(err, "a tar header");
	*ret_value = (int64_t)value; /* at most INT64_MAX */
	return 0;
}

static int u32_field(const struct tar_reader *tar, size_t at, size_t len,
	uint32_t *ret_value, struct error *err)
{
	int64_t value = 0;

	if (number_field(tar, at, len, false, &value, err) < 0)
		return err->class;
	if (value > UINT32_MAX)
		return error_set(err, ERR_INPUT, "a number in a tar header overflows");
	*ret_value = (uint32_t)value; /* tested */
	return 0;
}

static int check_sum(const struct tar_reader *tar, struct error *err)
{
	uint64_t sum = 8 * (uint64_t)' ';
	int64_t said = 0;

	for (size_t i = 0; i < TAR_BLOCK; i++)
		if (i < 148 || i >= 156)
			sum += (unsigned char)tar->block[i];
	if (number_field(tar, 148, 8, false, &said, err) < 0)
		return err->class;
	if ((uint64_t)said != sum)
		return error_set(
			err, ERR_INPUT, "not a tar header: its checksum is wrong");
	return 0;
}

/*
 * GNU keeps offset and sparse map where ustar has its prefix, and some readers look at
 * them whatever the type is.
 */
static int check_gnu_rest(const struct tar_reader *tar, struct error *err)
{
	if (!all_zero(tar->block + 369, 495 - 369))
		return error_set(err, ERR_INPUT, "a sparse file, or part of one");
	return 0;
}

/* Also of extended headers, where nothing uses them: a header is one or it is not. */
static int check_numbers(const struct tar_reader *tar, bool devices, struct error *err)
{
	uint32_t value = 0;
	int64_t time = 0;

	if (u32_field(tar, 100, 8, &value, err) < 0 ||
		u32_field(tar, 108, 8, &value, err) < 0 ||
		u32_field(tar, 116, 8, &value, err) < 0 ||
		number_field(tar, 136, 12, true, &time, err) < 0)
		return err->class;
	if (devices && (u32_field(tar, 329, 8, &value, err) < 0 ||
			       u32_field(tar, 337, 8, &value, err) < 0))
		return err->class;
	return 0;
}

enum dialect { DIALECT_V7, DIALECT_USTAR, DIALECT_GNU };

static int find_dialect(
	const struct tar_reader *tar, enum dialect *ret_dialect, struct error *err)
{
	struct slice magic = field(tar, 257, 8);

	if (slice_equal(magic, slice_from("ustar\00000", 8)))
		*ret_dialect = DIALECT_USTAR;
	else if (slice_equal(magic, slice_from("ustar  \0", 8)))
		*ret_dialect = DIALECT_GNU;
	else if (all_zero(magic.data, magic.len))
		*ret_dialect = DIALECT_V7;
	else
		return error_set(err, ERR_INPUT, "not a tar header of a kind we know");
	return 0;
}

/* ---- extended headers ---- */

static int copy_text(
	struct tar_reader *tar, struct slice s, struct slice *ret_text, struct error *err)
{
	char *copy;

	if (slice_has_byte(s, '\0'))
		return error_set(
			err, ERR_INPUT, "a name in the archive has a NUL byte in it");
	copy = arena_strndup(tar->memory, s);
	if (!copy)
		return error_set_memory(err);
	*ret_text = slice_from(copy, s.len);
	return 0;
}

static int said_twice(struct slice key, struct error *err)
{
	return error_set(
		err, ERR_INPUT, "extended headers say \"%.*s\" twice", SLICE_ARG(key));
}

/* The record that sets a text; an empty value would mean "forget what was said". */
static int set_text(struct tar_reader *tar, enum known which, struct slice key,
	struct slice value, struct slice *ret_text, struct error *err)
{
	if (tar->known & which)
		return said_twice(key, err);
	if (value.len == 0 && (which == KNOWN_PATH || which == KNOWN_LINK))
		return error_set(err, ERR_INPUT, "the pax record \"%.*s\" is empty",
			SLICE_ARG(key));
	tar->known |= which;
	return copy_text(tar, value, ret_text, err);
}

static int set_number(struct tar_reader *tar, enum known which, struct slice key,
	struct slice value, uint64_t max, struct error *err)
{
	uint64_t number;

	if (tar->known & which)
		return said_twice(key, err);
	if (slice_parse_u64(value, 10, max, &number, err) < 0)
		return error_wrap(err, "pax record \"%.*s\"", SLICE_ARG(key));
	tar->known |= which;
	if (which == KNOWN_SIZE)
		tar->item.size = number;
	else if (which == KNOWN_UID)
		tar->item.uid = (uint32_t)number; /* max is UINT32_MAX */
	else
		tar->item.gid = (uint32_t)number; /* max is UINT32_MAX */
	return 0;
}

/* "-12.5": seconds since 1970, the fraction is cut towards the past. */
static int set_mtime(
	struct tar_reader *tar, struct slice key, struct slice value, struct error *err)
{
	bool negative = slice_starts_with(value, SLICE("-"));
	struct slice rest = slice_sub(value, negative ? 1 : 0, value.len);
	struct slice whole = SLICE_EMPTY;
	uint64_t seconds;
	uint64_t fraction = 0;

	if (tar->known & KNOWN_MTIME)
		return said_twice(key, err);
	(void)slice_cut(&rest, '.',
		&whole); /* nothing to cut: whole stays empty, refused below */
	if (slice_parse_u64(whole, 10, INT64_MAX, &seconds, err) < 0 ||
		(rest.len != 0 && slice_parse_u64(slice_sub(rest, 0, 18), 10, UINT64_MAX,
					  &fraction, err) < 0))
		return error_wrap(err, "pax record \"mtime\"");
	if (negative && fraction != 0 && seconds < INT64_MAX)
		seconds++;
	tar->item.mtime =
		negative ? -(int64_t)seconds : (int64_t)seconds; /* <= INT64_MAX */
	tar->known |= KNOWN_MTIME;
	return 0;
}

static int add_xattr(
	struct tar_reader *tar, struct slice name, struct slice value, struct error *err)
{
	struct slice kept = SLICE_EMPTY;
	struct archive_xattr *xattr;
	char *copy;

	if (name.len == 0 || name.len > LIMIT_NAME_BYTES || !slice_is_utf8(name) ||
		!slice_is_printable(name))
		return error_set(err, ERR_INPUT, "an extended attribute has a bad name");
	for (size_t i = 0; i < tar->xattr_count; i++)
		if (slice_equal_str(name, tar->xattrs[i].name)) {
			/* libarchive writes each in both spellings. */
			if (slice_equal(tar->xattrs[i].value, value))
				return 0;
			return said_twice(name, err);
		}
	if (value.len > LIMIT_XATTR_BYTES - tar->xattr_bytes)
		return error_set(err, ERR_INPUT,
			"extended attributes of more than %zu bytes", LIMIT_XATTR_BYTES);
	tar->xattr_bytes += value.len;
	copy = arena_strndup(tar->memory, value);
	xattr = arena_append(tar->memory, &tar->xattrs, &tar->xattr_count,
		&tar->xattr_room, sizeof(*xattr));
	if (!copy || !xattr || copy_text(tar, name, &kept, err) < 0)
		return error_set_memory(err);
	*xattr = (struct archive_xattr){kept.data, slice_from(copy, value.len)};
	return 0;
}

/* "a%3db" */
static int url_unquote(struct slice s, struct buffer *out, struct error *err)
{
	for (size_t i = 0; i < s.len; i++) {
		uint64_t byte = (unsigned char)s.data[i];

		if (s.data[i] == '%') {
			struct slice digits = slice_sub(s, i + 1, 2);

			if (digits.len != 2 ||
				slice_parse_u64(digits, 16, 255, &byte, err) < 0)
				return error_set(err, ERR_INPUT, "a bad %%-sequence");
			i += 2;
		}
		if (buffer_add_byte(out, (char)(unsigned char)byte, err) < 0)
			return err->class;
	}
	return 0;
}

/* LIBARCHIVE.xattr.<name, %-quoted>=<value in base64 without padding> */
static int add_libarchive_xattr(
	struct tar_reader *tar, struct slice name, struct slice value, struct error *err)
{
	cleanup_buffer struct buffer plain_name = BUFFER_INIT;
	cleanup_buffer struct buffer plain = BUFFER_INIT;

	if (url_unquote(name, &plain_name, err) < 0 ||
		base64_decode_lenient(value, &plain, err) < 0)
		return error_wrap(err, "an extended attribute");
	return add_xattr(tar, buffer_slice(&plain_name), buffer_slice(&plain), err);
}

/* At most PAX_RECORDS_MAX in PAX_BYTES_MAX: the header they come from is bounded. */
static int add_record(
	struct tar_reader *tar, struct slice key, struct slice value, struct error *err)
{
	char *name = arena_strndup(tar->memory, key);
	char *copy = arena_strndup(tar->memory, value);
	struct archive_xattr *record = arena_append(tar->memory, &tar->records,
		&tar->record_count, &tar->record_room, sizeof(*record));

	if (!name || !copy || !record)
		return error_set_memory(err);
	*record = (struct archive_xattr){name, slice_from(copy, value.len)};
	return 0;
}

/* Vendors' keys have a dot ("SCHILY.fflags", "RHT.security.selinux"). */
static int other_record(
	struct tar_reader *tar, struct slice key, struct slice value, struct error *err)
{
	const struct slice schily = SLICE("SCHILY.xattr.");
	const struct slice libarchive = SLICE("LIBARCHIVE.xattr.");

	if (slice_starts_with(key, schily))
		return add_xattr(tar, slice_sub(key, schily.len, key.len), value, err);
	if (slice_starts_with(key, libarchive))
		return add_libarchive_xattr(
			tar, slice_sub(key, libarchive.len, key.len), value, err);
	if (slice_starts_with(key, SLICE("GNU.sparse.")) ||
		slice_equal(key, SLICE("SCHILY.realsize")))
		return error_set(err, ERR_INPUT, "a sparse file");
	if (slice_equal(key, SLICE("hdrcharset")) &&
		slice_equal(value, SLICE("ISO-IR 10646 2000 UTF-8")))
		return 0;
	if (slice_equal(key, SLICE("comment")) || slice_equal(key, SLICE("atime")) ||
		slice_equal(key, SLICE("ctime")))
		return 0;
	if (slice_has_byte(key, '.'))
		return add_record(tar, key, value, err);
	return error_set(
		err, ERR_INPUT, "the pax record \"%.*s\" is not known", SLICE_ARG(key));
}

static int apply_record(
	struct tar_reader *tar, struct slice key, struct slice value, struct error *err)
{
	struct tar_item *item = &tar->item;

	if (slice_equal(key, SLICE("path")))
		return set_text(tar, KNOWN_PATH, key, value, &item->path, err);
	if (slice_equal(key, SLICE("linkpath")))
		return set_text(tar, KNOWN_LINK, key, value, &item->link, err);
	if (slice_equal(key, SLICE("uname")))
		return set_text(tar, KNOWN_UNAME, key, value, &item->uname, err);
	if (slice_equal(key, SLICE("gname")))
		return set_text(tar, KNOWN_GNAME, key, value, &item->gname, err);
	if (slice_equal(key, SLICE("size")))
		return set_number(tar, KNOWN_SIZE, key, value, INT64_MAX, err);
	if (slice_equal(key, SLICE("uid")))
		return set_number(tar, KNOWN_UID, key, value, UINT32_MAX, err);
	if (slice_equal(key, SLICE("gid")))
		return set_number(tar, KNOWN_GID, key, value, UINT32_MAX, err);
	if (slice_equal(key, SLICE("mtime")))
		return set_mtime(tar, key, value, err);
	return other_record(tar, key, value, err);
}

/* "<length> <key>=<value>\n", the length counts all of it. */
static int take_record(struct slice *body, struct slice *ret_key, struct slice *ret_value,
	struct error *err)
{
	struct slice start = *body;
	struct slice digits = SLICE_EMPTY;
	struct slice record = SLICE_EMPTY;
	struct slice key = SLICE_EMPTY;
	uint64_t len = 0;
	size_t equals;

	if (!slice_cut(&start, ' ', &digits) || digits.len > 7 || digits.len == 0 ||
		digits.data[0] == '0' ||
		slice_parse_u64(digits, 10, PAX_BYTES_MAX, &len, err) < 0 ||
		len < digits.len + 4 || !slice_take(body, (size_t)len, &record) ||
		record.data[record.len - 1] != '\n')
		goto malformed;
	record = slice_sub(record, digits.len + 1, record.len - digits.len - 2);
	equals = slice_find(record, SLICE("="));
	key = slice_sub(record, 0, equals);
	if (equals == SIZE_MAX || key.len == 0 || !slice_is_printable(key) ||
		!slice_is_utf8(key))
		goto malformed;
	*ret_key = key;
	*ret_value = slice_sub(record, equals + 1, record.len);
	return 0;
malformed:
	error_clear(err);
	return error_set(err, ERR_INPUT, "a malformed pax record");
}

/* A key twice is one reader's first and another reader's last. */
static int check_new_key(
	struct slice *keys, size_t count, struct slice key, struct error *err)
{
	if (count == PAX_RECORDS_MAX)
		return error_set(
			err, ERR_INPUT, "more than %d pax records", PAX_RECORDS_MAX);
	for (size_t i = 0; i < count; i++)
		if (slice_equal(keys[i], key))
			return said_twice(key, err);
	keys[count] = key;
	return 0;
}

static int apply_pax(
	struct tar_reader *tar, struct slice body, bool global, struct error *err)
{
	struct slice keys[PAX_RECORDS_MAX];
	size_t count = 0;

	while (body.len != 0) {
		struct slice key = SLICE_EMPTY;
		struct slice value = SLICE_EMPTY;

		if (take_record(&body, &key, &value, err) < 0 ||
			check_new_key(keys, count++, key, err) < 0)
			return err->class;
		/* git archive writes one: its commit as a comment. */
		if (global && !slice_equal(key, SLICE("comment")))
			return error_set(err, ERR_INPUT,
				"a global pax header that sets \"%.*s\"", SLICE_ARG(key));
		if (!global && apply_record(tar, key, value, err) < 0)
			return err->class;
	}
	return 0;
}

/* GNU 'L' and 'K': a name, ended by one NUL. */
static int apply_long_name(
	struct tar_reader *tar, char type, struct slice body, struct error *err)
{
	struct slice text = body;

	if (text.len == 0 || text.data[text.len - 1] != '\0')
		return error_set(err, ERR_INPUT, "a malformed GNU long name");
	text.len--;
	if (type == 'L')
		return set_text(
			tar, KNOWN_PATH, SLICE("long name"), text, &tar->item.path, err);
	return set_text(tar, KNOWN_LINK, SLICE("long link"), text, &tar->item.link, err);
}

static int read_extension(struct tar_reader *tar, char type, struct error *err)
{
	cleanup_mem char *body = NULL;
	bool pax = type == 'x' || type == 'g';
	size_t max = pax ? PAX_BYTES_MAX : LIMIT_PATH_BYTES + 1;
	int64_t size = 0;
	size_t len;

	if (number_field(tar, 124, 12, false, &size, err) < 0)
		return err->class;
	if ((uint64_t)size > max)
		return error_set(
			err, ERR_INPUT, "an extended header of more than %zu bytes", max);
	if (type != 'g' && ((pax && tar->pax) || (pax ? tar->gnu : tar->pax)))
		return error_set(err, ERR_INPUT,
			"extended headers are repeated, or pax and GNU ones mixed");
	if (type == 'g' && (tar->pax || tar->gnu))
		return error_set(
			err, ERR_INPUT, "a global header in the middle of an entry");
	tar->pax |= type == 'x';
	tar->gnu |= !pax;
	len = (size_t)size; /* <= max */
	body = malloc(len + TAR_BLOCK);
	if (!body)
		return error_set_memory(err);
	if (input_exactly(tar, body, len + tar_padding(len), err) < 0)
		return err->class;
	if (pax)
		return apply_pax(tar, slice_from(body, len), type == 'g', err);
	return apply_long_name(tar, type, slice_from(body, len), err);
}

/* ---- the entry itself ---- */

static int header_path(struct tar_reader *tar, enum dialect dialect, struct error *err)
{
	struct slice name = text_field(tar, 0, 100);
	struct slice prefix = SLICE_EMPTY;
	char *joined;

	if (tar->known & KNOWN_PATH)
		return 0;
	/* GNU keeps times where ustar has its prefix. */
	if (dialect == DIALECT_USTAR)
		prefix = text_field(tar, 345, 155);
	joined = arena_printf(tar->memory, "%.*s%s%.*s", SLICE_ARG(prefix),
		prefix.len != 0 ? "/" : "", SLICE_ARG(name));
	if (!joined)
		return error_set_memory(err);
	tar->item.path = slice_str(joined);
	return 0;
}

static int header_text(struct tar_reader *tar, enum known which, size_t at, size_t len,
	struct slice *text, struct error *err)
{
	if (tar->known & which)
		return 0;
	return copy_text(tar, text_field(tar, at, len), text, err);
}

static int header_texts(struct tar_reader *tar, enum dialect dialect, struct error *err)
{
	struct tar_item *item = &tar->item;

	if (header_path(tar, dialect, err) < 0 ||
		header_text(tar, KNOWN_LINK, 157, 100, &item->link, err) < 0)
		return err->class;
	if (dialect == DIALECT_V7)
		return 0;
	if (header_text(tar, KNOWN_UNAME, 265, 32, &item->uname, err) < 0)
		return err->class;
	return header_text(tar, KNOWN_GNAME, 297, 32, &item->gname, err);
}

/*
 * The size decides where the next header is. Writers put it into both headers, or 0 into
 * the ustar header when it does not fit there; anything else is an archive that two
 * readers see differently.
 */
static int header_size(struct tar_reader *tar, struct error *err)
{
	int64_t size = 0;

	if (number_field(tar, 124, 12, false, &size, err) < 0)
		return err->class;
	if (!(tar->known & KNOWN_SIZE))
		tar->item.size = (uint64_t)size; /* not negative */
	else if ((uint64_t)size != tar->item.size &&
		 !(size == 0 && tar->item.size > 077777777777))
		return error_set(err, ERR_INPUT,
			"the pax header says %llu bytes, the ustar header %lld",
			(unsigned long long)tar->item.size, (long long)size);
	return 0;
}

static int header_numbers(struct tar_reader *tar, struct error *err)
{
	struct tar_item *item = &tar->item;
	uint32_t mode = 0;

	if (header_size(tar, err) < 0 || u32_field(tar, 100, 8, &mode, err) < 0)
		return err->class;
	item->mode = mode & 07777;
	if (!(tar->known & KNOWN_UID) && u32_field(tar, 108, 8, &item->uid, err) < 0)
		return err->class;
	if (!(tar->known & KNOWN_GID) && u32_field(tar, 116, 8, &item->gid, err) < 0)
		return err->class;
	if (!(tar->known & KNOWN_MTIME) &&
		number_field(tar, 136, 12, true, &item->mtime, err) < 0)
		return err->class;
	return 0;
}

static int check_type(struct tar_reader *tar, enum dialect dialect, struct error *err)
{
	struct tar_item *item = &tar->item;
	bool links = item->type == '1' || item->type == '2';

	/* Before ustar a directory was a file whose name ends in a slash. */
	if (dialect == DIALECT_V7 && item->type == '0' &&
		slice_ends_with(item->path, SLICE("/")))
		item->type = '5';
	if (item->type == '3' || item->type == '4')
		return error_set(err, ERR_INPUT, "a device node");
	if (item->type == '6')
		return error_set(err, ERR_INPUT, "a fifo");
	if (item->type == 'S')
		return error_set(err, ERR_INPUT, "a sparse file");
	if (item->type < '0' || item->type > '5')
		return error_set(err, ERR_INPUT, "an entry of the unknown type 0x%02x",
			(unsigned)(unsigned char)item->type);
	if (item->type != '0' && item->size != 0)
		return error_set(err, ERR_INPUT, "a link or directory with content");
	if (links != (item->link.len != 0))
		return error_set(err, ERR_INPUT, "%s",
			links ? "a link without a target"
			      : "a link target without a link");
	return 0;
}

static int read_entry(struct tar_reader *tar, enum dialect dialect, struct error *err)
{
	struct tar_item *item = &tar->item;

	item->type = tar->block[156] == '\0' ? '0' : tar->block[156];
	if (header_texts(tar, dialect, err) < 0)
		return err->class;
	if (header_numbers(tar, err) < 0 || check_type(tar, dialect, err) < 0)
		return error_wrap(
			err, "\"%.*s\"", SLICE_ARG(slice_sub(item->path, 0, 1024)));
	tar->left = item->size;
	tar->padding = tar_padding(item->size);
	item->xattrs = tar->xattrs;
	item->xattr_count = tar->xattr_count;
	item->records = tar->records;
	item->record_count = tar->record_count;
	return 0;
}

/* After the first zero block: a second one, then zeros only, to the very end. */
static int read_end(struct tar_reader *tar, struct error *err)
{
	char bytes[4096];
	size_t got = 0;

	if (input_fill(tar, bytes, TAR_BLOCK, &got, err) < 0)
		return err->class;
	if (got != TAR_BLOCK && !(got == 0 && tar->open_ended))
		return error_set(err, ERR_INPUT,
			"the archive is truncated: its end-of-archive is half a one");
	while (got != 0) {
		if (!all_zero(bytes, got))
			return error_set(
				err, ERR_INPUT, "data after the end of the archive");
		if (input_fill(tar, bytes, sizeof(bytes), &got, err) < 0)
			return err->class;
	}
	tar->ended = true;
	return 0;
}

/* Sets tar->ended, or reads one header: an entry's, or an extension's (*ret_more). */
static int read_header(struct tar_reader *tar, bool *ret_more, struct error *err)
{
	bool extended = tar->pax || tar->gnu;
	enum dialect dialect = DIALECT_V7;
	size_t got = 0;
	char type;

	*ret_more = false;
	if (input_fill(tar, tar->block, TAR_BLOCK, &got, err) < 0)
		return err->class;
	if (got != TAR_BLOCK && (got != 0 || extended || !tar->open_ended))
		return truncated(err);
	tar->ended = got == 0;
	if (got == 0)
		return 0;
	if (all_zero(tar->block, TAR_BLOCK))
		return extended ? truncated(err) : read_end(tar, err);
	if (check_sum(tar, err) < 0 || find_dialect(tar, &dialect, err) < 0 ||
		check_numbers(tar, dialect != DIALECT_V7, err) < 0 ||
		(dialect == DIALECT_GNU && check_gnu_rest(tar, err) < 0))
		return err->class;
	type = tar->block[156];
	*ret_more = type == 'x' || type == 'g' || type == 'L' || type == 'K';
	return *ret_more ? read_extension(tar, type, err) : read_entry(tar, dialect, err);
}

static int start_item(struct tar_reader *tar, struct error *err)
{
	arena_free(&tar->memory);
	tar->item = (struct tar_item){0};
	tar->known = 0;
	tar->pax = tar->gnu = false;
	tar->xattrs = NULL;
	tar->xattr_count = tar->xattr_room = tar->xattr_bytes = 0;
	tar->records = NULL;
	tar->record_count = tar->record_room = 0;
	return arena_new(&tar->memory, err);
}

int tar_reader_next(
	struct tar_reader *tar, const struct tar_item **ret_item, struct error *err)
{
	bool more = true;

	if (!tar->ended && (skip_content(tar, err) < 0 || start_item(tar, err) < 0))
		return err->class;
	while (more && !tar->ended)
		if (read_header(tar, &more, err) < 0)
			return err->class;
	*ret_item = tar->ended ? NULL : &tar->item;
	return 0;
}
