/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Properties of what is accepted: every path and hard link target is relative and
 * clean, judged anew; hard links point to files that came before; and libarchive, an
 * independent reader, sees the same entries with the same content: no archive
 * may mean two things.
 */
#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/archive.h"
#include "base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CONTENT_MAX (1 * MIB)

static void require_at(bool truth, int line)
{
	if (truth)
		return;
	fprintf(stderr, "line %d does not hold\n", line);
	abort();
}
#define require(truth) require_at((truth), __LINE__)

static bool is_clean(const char *path)
{
	size_t len = strlen(path);

	if (len == 0 || len > LIMIT_PATH_BYTES || path[0] == '/' || path[len - 1] == '/')
		return false;
	for (const char *p = path; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return false;
	if (strstr(path, "//") || strstr(path, "/./") || strstr(path, "/../"))
		return false;
	return strcmp(path, ".") != 0 && strcmp(path, "..") != 0 &&
	       strncmp(path, "./", 2) != 0 && strncmp(path, "../", 3) != 0 &&
	       !(len >= 2 && strcmp(path + len - 2, "/.") == 0) &&
	       !(len >= 3 && strcmp(path + len - 3, "/..") == 0);
}

static void check_entry(const struct archive_entry_info *info)
{
	require(is_clean(info->path));
	require(info->type != ARCHIVE_HARDLINK || is_clean(info->link));
	require((info->type == ARCHIVE_SYMLINK || info->type == ARCHIVE_HARDLINK) ==
		(info->link[0] != '\0'));
	require(info->type == ARCHIVE_FILE || info->size == 0);
	require(info->mode <= 07777);
}

/* One line per entry: what both readers must agree on. Then the content. */
static int list_ours(
	struct archive_reader *archive, struct buffer *list, struct error *err)
{
	const struct archive_entry_info *info = NULL;

	for (;;) {
		if (archive_next(archive, &info, err) < 0)
			return err->class;
		if (!info)
			return 0;
		check_entry(info);
		if (buffer_printf(list, err, "%d %s > %s %o %llu %lld\n", (int)info->type,
			    info->path, info->link, info->mode,
			    (unsigned long long)info->size, (long long)info->mtime) < 0)
			return err->class;
		if (info->size <= CONTENT_MAX &&
			archive_read_all(archive, CONTENT_MAX, list, err) < 0)
			return err->class;
	}
}

static const char *clean(const char *path)
{
	return path && strncmp(path, "./", 2) == 0 ? path + 2 : path;
}

static enum archive_type their_type(struct archive_entry *entry)
{
	if (archive_entry_hardlink(entry))
		return ARCHIVE_HARDLINK;
	if (archive_entry_filetype(entry) == AE_IFLNK)
		return ARCHIVE_SYMLINK;
	if (archive_entry_filetype(entry) == AE_IFDIR)
		return ARCHIVE_DIRECTORY;
	require(archive_entry_filetype(entry) == AE_IFREG);
	return ARCHIVE_FILE;
}

static void list_entry(
	struct archive *theirs, struct archive_entry *entry, struct buffer *list)
{
	struct error err = ERROR_INIT;
	enum archive_type type = their_type(entry);
	cleanup_mem char *path = strdup(clean(archive_entry_pathname(entry)));
	const char *link = type == ARCHIVE_HARDLINK ? clean(archive_entry_hardlink(entry))
			   : type == ARCHIVE_SYMLINK ? archive_entry_symlink(entry)
						     : "";
	uint64_t size = type == ARCHIVE_FILE ? (uint64_t)archive_entry_size(entry) : 0;

	require(path && link);
	if (type == ARCHIVE_DIRECTORY && path[0] != '\0' && path[strlen(path) - 1] == '/')
		path[strlen(path) - 1] = '\0';
	if (path[0] == '\0' || strcmp(path, ".") == 0)
		return; /* the root */
	require(buffer_printf(list, &err, "%d %s > %s %o %llu %lld\n", (int)type, path,
			link, (unsigned)archive_entry_perm(entry) & 07777,
			(unsigned long long)size,
			(long long)archive_entry_mtime(entry)) == 0);
	if (size > CONTENT_MAX)
		return;
	require(buffer_reserve(list, CONTENT_MAX, &err) == 0);
	require(archive_read_data(theirs, list->data + list->len, (size_t)size) ==
		(la_ssize_t)size);
	list->len += (size_t)size;
}

/* Called only for plain tar that we have accepted to its end. */
static void list_theirs(struct slice bytes, struct buffer *list)
{
	struct archive *theirs = archive_read_new();
	struct archive_entry *entry;
	int result;

	require(theirs && archive_read_support_format_tar(theirs) == ARCHIVE_OK);
	result = archive_read_open_memory(theirs, bytes.data, bytes.len);
	while (result == ARCHIVE_OK || result == ARCHIVE_WARN) {
		result = archive_read_next_header(theirs, &entry);
		if (result == ARCHIVE_OK || result == ARCHIVE_WARN)
			list_entry(theirs, entry, list);
	}
	if (result != ARCHIVE_EOF)
		fprintf(stderr, "libarchive says: %s\n", archive_error_string(theirs));
	require(result == ARCHIVE_EOF);
	require(archive_read_free(theirs) == ARCHIVE_OK);
}

static int read_with(struct slice bytes, unsigned flags, struct buffer *list)
{
	struct error err = ERROR_INIT;
	cleanup_reader struct reader *reader = NULL;
	cleanup_archive struct archive_reader *archive = NULL;

	require(reader_from_slice(bytes, &reader, &err) == 0);
	if (archive_open(&reader, flags, "fuzz", &archive, &err) == 0 &&
		list_ours(archive, list, &err) == 0)
		return 0;
	require(err.class == ERR_INPUT && err.text[0] != '\0');
	return err.class;
}

static void read_deb(struct slice bytes)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer list = {.max = 4 * CONTENT_MAX};
	cleanup_reader struct reader *reader = NULL;
	cleanup_archive struct archive_reader *archive = NULL;

	require(reader_from_slice(bytes, &reader, &err) == 0);
	if (archive_open_deb(&reader, "fuzz", &archive, &err) == 0 &&
		list_ours(archive, &list, &err) == 0)
		return;
	require(err.class == ERR_INPUT);
}

/* Checksums are made right: a mutation would rarely get past them. */
static void repair(char *bytes, size_t size)
{
	for (size_t at = 0; at + 512 <= size; at += 512) {
		unsigned sum = 8 * ' ';

		if (memcmp(bytes + at + 257, "ustar", 5) != 0)
			continue;
		for (size_t i = 0; i < 512; i++)
			sum += i < 148 || i >= 156 ? (unsigned char)bytes[at + i] : 0;
		for (size_t i = 6; i-- > 0; sum >>= 3)
			bytes[at + 148 + i] = (char)('0' + (sum & 7));
		memcpy(bytes + at + 154, "\0 ", 2);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_mem char *copy = malloc(size + 1);
	struct slice bytes = {copy, size};
	cleanup_buffer struct buffer ours = {.max = 4 * CONTENT_MAX};
	cleanup_buffer struct buffer theirs = BUFFER_INIT;
	cleanup_buffer struct buffer loose = {.max = 4 * CONTENT_MAX};

	require(copy != NULL);
	memcpy(copy, size != 0 ? (const void *)data : "", size);
	repair(copy, size);
	require(setlocale(LC_ALL, "C.UTF-8") != NULL); /* libarchive converts names */
	if (slice_starts_with(bytes, SLICE("!<arch>\n"))) {
		read_deb(bytes);
		return 0;
	}
	if (read_with(bytes, ARCHIVE_PLAIN, &ours) == 0) {
		list_theirs(bytes, &theirs);
		if (!slice_equal(buffer_slice(&ours), buffer_slice(&theirs)))
			fprintf(stderr, "ours:\n%s\nlibarchive's:\n%s\n",
				buffer_str(&ours), buffer_str(&theirs));
		require(slice_equal(buffer_slice(&ours), buffer_slice(&theirs)));
	}
	(void)read_with(bytes, /* refusing is fine, crashing is not */
		ARCHIVE_STRIP_ROOT | ARCHIVE_OPEN_ENDED | ARCHIVE_DUPLICATES |
			ARCHIVE_GZIP | ARCHIVE_BZIP2 | ARCHIVE_XZ | ARCHIVE_ZSTD,
		&loose);
	return 0;
}
