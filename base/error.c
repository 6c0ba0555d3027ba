/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

/*
 * Texts quote names out of hostile files and end up on terminals: control
 * bytes (C0, DEL, and C1 as UTF-8 spells it) become '?', line breaks a space.
 */
static void text_clean(char *text)
{
	for (unsigned char *p = (unsigned char *)text; *p; p++) {
		if (*p == '\n')
			*p = ' ';
		else if (*p < 0x20 || *p == 0x7f)
			*p = '?';
		else if (*p == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
			p[0] = p[1] = '?';
	}
}

/* A text that was cut must not end within a UTF-8 character. */
static void text_trim_cut(char *text, size_t size, int wanted)
{
	size_t len = strlen(text);
	size_t tail = 0;

	if (wanted < 0 || (size_t)wanted < size)
		return;
	while (tail < 3 && tail < len &&
		((unsigned char)text[len - 1 - tail] & 0xc0) == 0x80)
		tail++;
	if (tail < len && (unsigned char)text[len - 1 - tail] >= 0xc0)
		text[len - 1 - tail] = '\0';
}

static void text_format(char *out, size_t size, const char *format, va_list args)
	PRINTF_LIKE(3, 0);
static void text_format(char *out, size_t size, const char *format, va_list args)
{
	int wanted = vsnprintf(out, size, format, args);

	if (wanted < 0)
		out[0] = '\0';
	text_trim_cut(out, size, wanted);
	text_clean(out);
}

int error_set(struct error *err, enum err class, const char *format, ...)
{
	va_list args;

	if (error_is_set(err))
		return err->class;
	*err = (struct error){.class = class};
	va_start(args, format);
	text_format(err->text, sizeof(err->text), format, args);
	va_end(args);
	return class;
}

/* strerror_r comes in two kinds: XSI returns int, GNU returns the text. */
UNUSED static const char *reason_xsi(int result, const char *space)
{
	return result == 0 ? space : "unknown reason";
}
UNUSED static const char *reason_gnu(const char *result, const char *space)
{
	(void)space;
	return result;
}
#define reason(result, space)                                                            \
	_Generic((result), int : reason_xsi, char * : reason_gnu)((result), (space))

static void append_reason(struct error *err, int sys)
{
	char space[128] = "";
	size_t len = strlen(err->text);
	size_t room = sizeof(err->text) - len;
	int wanted = snprintf(err->text + len, room, ": %s",
		reason(strerror_r(sys, space, sizeof(space)), space));

	text_trim_cut(
		err->text, sizeof(err->text), wanted < 0 ? wanted : (int)len + wanted);
}

int error_set_errno(struct error *err, int sys, const char *format, ...)
{
	va_list args;

	if (error_is_set(err))
		return err->class;
	*err = (struct error){
		.class = sys == ENOMEM ? ERR_MEMORY : ERR_SYSTEM, .sys = sys};
	va_start(args, format);
	text_format(err->text, sizeof(err->text), format, args);
	va_end(args);
	append_reason(err, sys);
	return err->class;
}

int error_set_at(struct error *err, enum err class, const char *where, unsigned line,
	unsigned column, const char *format, ...)
{
	va_list args;
	int wanted;

	if (error_is_set(err))
		return err->class;
	*err = (struct error){.class = class, .line = line, .column = column};
	wanted = snprintf(err->where, sizeof(err->where), "%s", where ? where : "");
	text_trim_cut(err->where, sizeof(err->where), wanted);
	text_clean(err->where);
	va_start(args, format);
	text_format(err->text, sizeof(err->text), format, args);
	va_end(args);
	return class;
}

int error_set_memory(struct error *err)
{
	return error_set(err, ERR_MEMORY, "out of memory");
}

int error_remedy(struct error *err, const char *format, ...)
{
	va_list args;

	if (!error_is_set(err) || err->remedy[0] != '\0')
		return err->class;
	va_start(args, format);
	text_format(err->remedy, sizeof(err->remedy), format, args);
	va_end(args);
	return err->class;
}

int error_wrap(struct error *err, const char *format, ...)
{
	char old[ERROR_TEXT_MAX];
	va_list args;
	size_t len;
	int wanted;

	if (!error_is_set(err))
		return err->class;
	memcpy(old, err->text, sizeof(old));
	va_start(args, format);
	/* Context may take half of the room: the cause is worth more. */
	text_format(err->text, sizeof(err->text) / 2, format, args);
	va_end(args);
	len = strlen(err->text);
	wanted = snprintf(err->text + len, sizeof(err->text) - len, ": %s", old);
	text_trim_cut(
		err->text, sizeof(err->text), wanted < 0 ? wanted : (int)len + wanted);
	return err->class;
}

void error_clear(struct error *err)
{
	*err = ERROR_INIT;
}

void error_format(const struct error *err, char *out, size_t size)
{
	int wanted;

	if (err->where[0] == '\0' && err->line == 0)
		wanted = snprintf(out, size, "%s", err->text);
	else if (err->line == 0)
		wanted = snprintf(out, size, "%s: %s", err->where, err->text);
	else if (err->column == 0)
		wanted = snprintf(
			out, size, "%s:%u: %s", err->where, err->line, err->text);
	else
		wanted = snprintf(out, size, "%s:%u:%u: %s", err->where, err->line,
			err->column, err->text);
	if (wanted < 0)
		out[0] = '\0';
	text_trim_cut(out, size, wanted);
}

int error_exit_status(const struct error *err)
{
	switch (err->class) {
	case ERR_NONE:
		return 0;
	case ERR_USAGE:
		return 2;
	case ERR_REFUSED:
		return 3;
	case ERR_INPUT:
	case ERR_SYSTEM:
	case ERR_NETWORK:
	case ERR_MEMORY:
	case ERR_BUG:
		break;
	}
	return 1;
}

const char *error_class_name(enum err class)
{
	switch (class) {
	case ERR_NONE:
		return "none";
	case ERR_USAGE:
		return "usage";
	case ERR_INPUT:
		return "input";
	case ERR_REFUSED:
		return "refused";
	case ERR_SYSTEM:
		return "system";
	case ERR_NETWORK:
		return "network";
	case ERR_MEMORY:
		return "memory";
	case ERR_BUG:
		break;
	}
	return "bug";
}
