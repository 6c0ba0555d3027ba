/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libarchive, loaded when it is first called (base/library.h): its functions as archive.c
 * uses them. One that is missing here is an undefined symbol when linking.
 */
#include <archive.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/library.h"

#define ARCHIVE_SONAME "libarchive.so.13"

/* F(name, type, parameters, arguments). Only after archive_read_new has succeeded. */
#define FUNCTIONS(F)                                                                     \
	F(archive_errno, int, (struct archive * archive), (archive))                     \
	F(archive_error_string, const char *, (struct archive * archive), (archive))     \
	F(archive_filter_bytes, la_int64_t, (struct archive * archive, int filter),      \
		(archive, filter))                                                       \
	F(archive_filter_count, int, (struct archive * archive), (archive))              \
	F(archive_read_data, la_ssize_t,                                                 \
		(struct archive * archive, void *data, size_t len),                      \
		(archive, data, len))                                                    \
	F(archive_read_free, int, (struct archive * archive), (archive))                 \
	F(archive_read_next_header, int,                                                 \
		(struct archive * archive, struct archive_entry * *entry),               \
		(archive, entry))                                                        \
	F(archive_read_open2, int,                                                       \
		(struct archive * archive, void *context, archive_open_callback *open,   \
			archive_read_callback *read, archive_skip_callback *skip,        \
			archive_close_callback *close),                                  \
		(archive, context, open, read, skip, close))                             \
	F(archive_read_support_filter_bzip2, int, (struct archive * archive), (archive)) \
	F(archive_read_support_filter_xz, int, (struct archive * archive), (archive))    \
	F(archive_read_support_format_raw, int, (struct archive * archive), (archive))

struct library {
#define MEMBER(name, ...) __typeof__(&name) name;
	FUNCTIONS(MEMBER)
	MEMBER(archive_read_new)
	MEMBER(archive_set_error)
};

static const char *const names[] = {
#define NAME(name, ...) #name,
	FUNCTIONS(NAME) "archive_read_new", "archive_set_error"};

/* Written once, under the lock of pthread_once. */
static struct {
	union {
		struct library archive;
		void (*functions[ARRAY_LEN(names)])(void);
	};
	bool is_loaded;
} loaded;

static void load(void)
{
	_Static_assert(sizeof(loaded.archive) == sizeof(loaded.functions), "one each");

	loaded.is_loaded =
		library_load(ARCHIVE_SONAME, names, ARRAY_LEN(names), loaded.functions);
}

/* NULL without libarchive: whoever has an archive has got it. */
struct archive *archive_read_new(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, load); /* cannot fail with these arguments */
	return loaded.is_loaded ? loaded.archive.archive_read_new() : NULL;
}

#define DEFINE_FUNCTION(name, type, parameters, arguments)                               \
	type name parameters                                                             \
	{                                                                                \
		return loaded.archive.name arguments;                                    \
	}
FUNCTIONS(DEFINE_FUNCTION)

void archive_set_error(struct archive *archive, int number, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments); /* a message, cut */
	va_end(arguments);
	loaded.archive.archive_set_error(archive, number, "%s", text);
}
