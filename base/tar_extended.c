/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/encode.h"
#include "base/tar_read_private.h"

/* Room for names, and for the xattrs in both spellings (raw and base64). */
#define PAX_BYTES_MAX   (4 * LIMIT_XATTR_BYTES)
#define PAX_RECORDS_MAX 256

int tar_copy_text(
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
	return tar_copy_text(tar, value, ret_text, err);
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
	if (!copy || !xattr || tar_copy_text(tar, name, &kept, err) < 0)
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

int tar_read_extension(struct tar_reader *tar, char type, struct error *err)
{
	cleanup_mem char *body = NULL;
	bool pax = type == 'x' || type == 'g';
	size_t max = pax ? PAX_BYTES_MAX : LIMIT_PATH_BYTES + 1;
	int64_t size = 0;
	size_t len;

	if (tar_number_field(tar, 124, 12, false, &size, err) < 0)
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
	if (tar_input_exactly(tar, body, len + tar_padding(len), err) < 0)
		return err->class;
	if (pax)
		return apply_pax(tar, slice_from(body, len), type == 'g', err);
	return apply_long_name(tar, type, slice_from(body, len), err);
}
