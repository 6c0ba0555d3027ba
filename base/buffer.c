/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"

#define FIRST_CAPACITY 64

void buffer_done(struct buffer *buf)
{
	free_ptr(&buf->data);
	buf->len = 0;
	buf->capacity = 0;
}

void buffer_clear(struct buffer *buf)
{
	buf->len = 0;
	if (buf->data)
		buf->data[0] = '\0';
}

static size_t buffer_max(const struct buffer *buf)
{
	return buf->max != 0 && buf->max < SIZE_MAX / 2 ? buf->max : SIZE_MAX / 2;
}

/* capacity counts the terminating NUL, so len < capacity always. */
int buffer_reserve(struct buffer *buf, size_t extra, struct error *err)
{
	size_t max = buffer_max(buf);
	size_t wanted;
	char *data;

	if (extra > max || buf->len > max - extra)
		return error_set(err, ERR_INPUT, "more than the allowed %zu bytes", max);
	wanted = buf->len + extra + 1;
	if (buf->data && wanted <= buf->capacity)
		return 0;
	if (wanted < FIRST_CAPACITY)
		wanted = FIRST_CAPACITY;
	/* By half again: realloc can reuse what it freed. */
	if (wanted < buf->capacity + buf->capacity / 2)
		wanted = buf->capacity + buf->capacity / 2;
	data = realloc(buf->data, wanted);
	if (!data)
		return error_set_memory(err);
	data[buf->len] = '\0';
	buf->data = data;
	buf->capacity = wanted;
	return 0;
}

int buffer_add(struct buffer *buf, const void *data, size_t len, struct error *err)
{
	if (buffer_reserve(buf, len, err) < 0)
		return err->class;
	if (len != 0)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
	return 0;
}

int buffer_add_slice(struct buffer *buf, struct slice s, struct error *err)
{
	return buffer_add(buf, s.data, s.len, err);
}

int buffer_add_str(struct buffer *buf, const char *text, struct error *err)
{
	return buffer_add(buf, text, strlen(text), err);
}

int buffer_add_byte(struct buffer *buf, char byte, struct error *err)
{
	return buffer_add(buf, &byte, 1, err);
}

int buffer_add_zeros(struct buffer *buf, size_t len, struct error *err)
{
	if (buffer_reserve(buf, len, err) < 0)
		return err->class;
	memset(buf->data + buf->len, 0, len + 1);
	buf->len += len;
	return 0;
}

int buffer_printf(struct buffer *buf, struct error *err, const char *format, ...)
{
	va_list args;
	int result;

	va_start(args, format);
	result = buffer_vprintf(buf, err, format, args);
	va_end(args);
	return result;
}

int buffer_vprintf(
	struct buffer *buf, struct error *err, const char *format, va_list args)
{
	va_list again;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (len < 0)
		return error_set(err, ERR_BUG, "formatting a text failed");
	if (buffer_reserve(buf, (size_t)len, err) < 0)
		return err->class;
	va_copy(again, args);
	len = vsnprintf(buf->data + buf->len, (size_t)len + 1, format, again);
	va_end(again);
	if (len < 0) {
		buf->data[buf->len] = '\0';
		return error_set(err, ERR_BUG, "formatting a text failed");
	}
	buf->len += (size_t)len;
	return 0;
}

struct slice buffer_slice(const struct buffer *buf)
{
	return slice_from(buf->data, buf->len);
}

const char *buffer_str(const struct buffer *buf)
{
	return buf->data ? buf->data : "";
}

int buffer_take_str(struct buffer *buf, char **ret_text, struct error *err)
{
	if (buffer_reserve(buf, 0, err) < 0)
		return err->class;
	*ret_text = take_ptr(buf->data);
	buf->len = 0;
	buf->capacity = 0;
	return 0;
}
