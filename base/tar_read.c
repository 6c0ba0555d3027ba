/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/tar_read_private.h"

#define INPUT_BYTES ((size_t)64 * 1024)

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

int tar_input_exactly(struct tar_reader *tar, char *data, size_t len, struct error *err)
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
	if (tar_input_exactly(tar, waste, tar->padding, err) < 0)
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
int tar_number_field(const struct tar_reader *tar, size_t at, size_t len,
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

	if (tar_number_field(tar, at, len, false, &value, err) < 0)
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
	if (tar_number_field(tar, 148, 8, false, &said, err) < 0)
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
		tar_number_field(tar, 136, 12, true, &time, err) < 0)
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
	return tar_copy_text(tar, text_field(tar, at, len), text, err);
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

	if (tar_number_field(tar, 124, 12, false, &size, err) < 0)
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
		tar_number_field(tar, 136, 12, true, &item->mtime, err) < 0)
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
	return *ret_more ? tar_read_extension(tar, type, err)
			 : read_entry(tar, dialect, err);
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
