/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors: a value on the caller's stack, passed down as the last parameter.
 *
 * A function that can fail returns 0 or a negative enum err and has filled
 * *err. The first error wins: setting a set error changes nothing, so cleaning
 * up after a failure cannot hide its cause. On the way up callers add context
 * with error_wrap ("recipe nginx: step 3: …"). Texts say what was being done,
 * to what, and why it failed; no full stop, no "error:". Library code never
 * prints and never exits.
 *
 * Control bytes in texts become '?' and line breaks spaces (texts quote hostile
 * names and end on terminals); a text that is too long is cut between characters.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "base/defs.h"

/* Error classes; also the negative return values of all fallible functions. */
enum err {
	ERR_NONE = 0,
	ERR_USAGE = -1,   /* the command line is wrong: exit status 2 */
	ERR_INPUT = -2,   /* a file, recipe, archive, answer is not acceptable */
	ERR_REFUSED = -3, /* a check worked and said no: exit status 3 */
	ERR_SYSTEM = -4,  /* the operating system said no; see sys */
	ERR_NETWORK = -5, /* could not be fetched or sent */
	ERR_MEMORY = -6,
	ERR_BUG = -7, /* our own mistake */
};

#define ERROR_TEXT_MAX  1536
#define ERROR_WHERE_MAX 256

struct error {
	enum err class;
	int sys;                     /* errno where the system failed, else 0 */
	unsigned line, column;       /* 1-based; 0: unknown */
	char where[ERROR_WHERE_MAX]; /* file or URL the position is in; may be "" */
	char text[ERROR_TEXT_MAX];
	char remedy[512]; /* what the person can do; may be "" */
};

#define ERROR_INIT ((struct error){.class = ERR_NONE})

/* Set the error, if none is set yet; return its class. */
int error_set(struct error *err, enum err class, const char *format, ...)
	PRINTF_LIKE(3, 4);
/* The same for a failed system call: class ERR_SYSTEM, ": " + strerror appended. */
int error_set_errno(struct error *err, int sys, const char *format, ...)
	PRINTF_LIKE(3, 4);
/* The same with a position in a file or URL. line and column are 1-based, 0: unknown. */
int error_set_at(struct error *err, enum err class, const char *where, unsigned line,
	unsigned column, const char *format, ...) PRINTF_LIKE(6, 7);
int error_set_memory(struct error *err);

/* Add what the person can do about it; the first remedy wins. Returns the class. */
int error_remedy(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* Put "context: " before the text of a set error. Returns its class. */
int error_wrap(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* Forget the error (after having handled it). */
void error_clear(struct error *err);
static inline bool error_is_set(const struct error *err)
{
	return err->class != ERR_NONE;
}

/*
 * The whole message, "where:line:column: text", without the remedy, always
 * NUL-terminated; truncated to size. size >= 1.
 */
void error_format(const struct error *err, char *out, size_t size);

/* 0 for none, 2 usage, 3 refused, 1 otherwise. */
int error_exit_status(const struct error *err);

/* "input", "refused", … for machines. */
const char *error_class_name(enum err class);

#endif
