/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owned, growing bytes. Invariant: data is NULL (empty) or NUL-terminated at
 * data[len], so buffer_str can be given to the system. A buffer refuses to
 * grow past max (0: no limit other than SIZE_MAX / 2).
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdarg.h>

#include "base/slice.h"

struct buffer {
	char *data;
	size_t len, capacity;
	size_t max;
};

#define BUFFER_INIT    ((struct buffer){0})
#define cleanup_buffer CLEANUP(buffer_done)

void buffer_done(struct buffer *buf); /* frees, leaves an empty buffer with its max */
/* Makes it empty; keeps the memory. */
void buffer_clear(struct buffer *buf);

/* ERR_INPUT past max, ERR_MEMORY; the buffer is unchanged on failure. */
MUST_USE int buffer_reserve(struct buffer *buf, size_t extra, struct error *err);
MUST_USE int buffer_add(
	struct buffer *buf, const void *data, size_t len, struct error *err);
MUST_USE int buffer_add_slice(struct buffer *buf, struct slice s, struct error *err);
MUST_USE int buffer_add_str(struct buffer *buf, const char *text, struct error *err);
MUST_USE int buffer_add_byte(struct buffer *buf, char byte, struct error *err);
MUST_USE int buffer_add_zeros(struct buffer *buf, size_t len, struct error *err);
MUST_USE int buffer_printf(struct buffer *buf, struct error *err, const char *format, ...)
	PRINTF_LIKE(3, 4);
MUST_USE int buffer_vprintf(struct buffer *buf, struct error *err, const char *format,
	va_list args) PRINTF_LIKE(3, 0);

struct slice buffer_slice(const struct buffer *buf);
/* NUL-terminated; "" for an empty buffer; borrowed. */
const char *buffer_str(const struct buffer *buf);
/* The bytes as a heap string that the caller frees; the buffer becomes empty. */
MUST_USE int buffer_take_str(struct buffer *buf, char **ret_text, struct error *err);

#endif
