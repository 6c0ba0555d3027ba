/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/archive_private.h"

/*
 * The ar container of a .deb, deb(5) and ar(5): a magic, then members, each a header of
 * 60 bytes, content, and a line feed if the size is odd.
 */
#define AR_MAGIC       "!<arch>\n"
#define AR_HEADER      60
#define AR_MEMBER_MAX  ((uint64_t)9999999999) /* what ten digits can say */
#define DEB_FORMAT     "2.0\n"
#define AR_HEADER_TAIL "`\n"

struct member {
	char name_space[16];
	struct slice name;
	uint64_t size;
};

static int read_member(
	struct reader *reader, struct member *ret_member, struct error *err)
{
	char header[AR_HEADER];
	struct slice name, digits;

	if (reader_read_exactly(reader, header, sizeof(header), err) < 0)
		return error_wrap(err, "the header of a member");
	if (memcmp(header + 58, AR_HEADER_TAIL, 2) != 0)
		return error_set(err, ERR_INPUT, "a malformed member header");
	memcpy(ret_member->name_space, header, sizeof(ret_member->name_space));
	name = slice_from(ret_member->name_space, sizeof(ret_member->name_space));
	while (name.len != 0 && name.data[name.len - 1] == ' ')
		name.len--;
	if (slice_ends_with(name, SLICE("/"))) /* System V's end of a name */
		name.len--;
	digits = slice_from(header + 48, 10);
	while (digits.len != 0 && digits.data[digits.len - 1] == ' ')
		digits.len--;
	ret_member->name = name;
	if (slice_parse_u64(digits, 10, AR_MEMBER_MAX, &ret_member->size, err) < 0)
		return error_wrap(err, "the size of a member");
	return 0;
}

static int skip_bytes(struct reader *reader, uint64_t len, struct error *err)
{
	char waste[4096];

	while (len != 0) {
		size_t step =
			len < sizeof(waste) ? (size_t)len : sizeof(waste); /* smaller */

		if (reader_read_exactly(reader, waste, step, err) < 0)
			return err->class;
		len -= step;
	}
	return 0;
}

static int skip_padding(struct reader *reader, uint64_t size, struct error *err)
{
	char byte = '\n';

	if (size % 2 != 0 && reader_read_exactly(reader, &byte, 1, err) < 0)
		return err->class;
	if (byte != '\n')
		return error_set(err, ERR_INPUT, "bad padding of a member");
	return 0;
}

static int check_format(struct reader *reader, struct error *err)
{
	char magic[sizeof(AR_MAGIC) - 1];
	char format[sizeof(DEB_FORMAT) - 1];
	struct member member;

	if (reader_read_exactly(reader, magic, sizeof(magic), err) < 0)
		return err->class;
	if (memcmp(magic, AR_MAGIC, sizeof(magic)) != 0)
		return error_set(err, ERR_INPUT, "not an ar archive");
	if (read_member(reader, &member, err) < 0)
		return err->class;
	if (!slice_equal(member.name, SLICE("debian-binary")) ||
		member.size != sizeof(format))
		return error_set(err, ERR_INPUT, "its first member is not debian-binary");
	if (reader_read_exactly(reader, format, sizeof(format), err) < 0)
		return err->class;
	if (memcmp(format, DEB_FORMAT, sizeof(format)) != 0)
		return error_set(err, ERR_INPUT, "not of the format 2.0");
	return 0;
}

/* "data.tar.xz" says which compression is to come, and only that is taken then. */
static int find_filter(
	struct slice name, const char *stem, unsigned *ret_flags, struct error *err)
{
	static const struct {
		const char *suffix;
		unsigned flags;
	} suffixes[] = {{"", 0}, {".gz", ARCHIVE_GZIP}, {".bz2", ARCHIVE_BZIP2},
		{".xz", ARCHIVE_XZ}, {".zst", ARCHIVE_ZSTD}};
	struct slice suffix = slice_sub(name, strlen(stem), name.len);

	if (slice_starts_with(name, slice_str(stem)))
		for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
			if (slice_equal_str(suffix, suffixes[i].suffix)) {
				*ret_flags = suffixes[i].flags;
				return 0;
			}
	return error_set(err, ERR_INPUT, "a member \"%.*s\" where %s is expected",
		SLICE_ARG(name), stem);
}

/* ---- the content of data.tar: what comes after it must be the end ---- */

struct data {
	struct reader *inner;
	uint64_t left, size;
	bool checked;
};

static void data_free(void *context)
{
	struct data *data = context;

	reader_free(&data->inner);
	free(data);
}

static int check_end(struct data *data, struct error *err)
{
	char byte;
	size_t got = 0;

	if (data->checked)
		return 0;
	data->checked = true;
	if (skip_padding(data->inner, data->size, err) < 0 ||
		reader_read(data->inner, &byte, 1, &got, err) < 0)
		return err->class;
	if (got != 0)
		return error_set(err, ERR_INPUT, "something comes after data.tar");
	return 0;
}

static int data_read(
	void *context, void *bytes, size_t len, size_t *ret_len, struct error *err)
{
	struct data *data = context;

	if (data->left == 0) {
		*ret_len = 0;
		return check_end(data, err);
	}
	if (len > data->left)
		len = (size_t)data->left; /* < len */
	if (reader_read(data->inner, bytes, len, ret_len, err) < 0)
		return err->class;
	if (*ret_len == 0)
		return error_set(err, ERR_INPUT, "truncated: %llu bytes are missing",
			(unsigned long long)data->left);
	data->left -= *ret_len;
	return 0;
}

static int data_reader(struct reader **inner, uint64_t size, struct reader **ret_reader,
	struct error *err)
{
	static const struct reader_ops ops = {data_read, data_free};
	cleanup_mem struct data *data = calloc(1, sizeof(*data));

	if (!data)
		return error_set_memory(err);
	data->left = data->size = size;
	if (reader_new(&ops, data, ret_reader, err) < 0)
		return err->class;
	take_ptr(data)->inner = take_ptr(*inner);
	return 0;
}

static int find_data(
	struct reader *reader, uint64_t *ret_size, unsigned *ret_flags, struct error *err)
{
	struct member member = {.size = 0};

	if (check_format(reader, err) < 0 || read_member(reader, &member, err) < 0)
		return err->class;
	if (find_filter(member.name, "control.tar", ret_flags, err) < 0 ||
		skip_bytes(reader, member.size, err) < 0 ||
		skip_padding(reader, member.size, err) < 0 ||
		read_member(reader, &member, err) < 0)
		return err->class;
	*ret_size = member.size;
	return find_filter(member.name, "data.tar", ret_flags, err);
}

int archive_open_deb(struct reader **inner, const char *name,
	struct archive_reader **ret_archive, struct error *err)
{
	cleanup_reader struct reader *taken = take_ptr(*inner);
	cleanup_reader struct reader *content = NULL;
	uint64_t size = 0;
	unsigned flags = 0;

	if (find_data(taken, &size, &flags, err) < 0)
		return error_wrap(err, "%s", name);
	if (data_reader(&taken, size, &content, err) < 0)
		return err->class;
	return archive_open(&content, flags, name, ret_archive, err);
}
