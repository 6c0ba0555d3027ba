/* SPDX-License-Identifier: Apache-2.0 */
#include "signing/pem.h"

#include "base/encode.h"
#include "base/fs.h"
#include "base/limits.h"
#include "signing/wipe.h"

#define LINE_MAX_READ  76
#define LINE_LEN_WRITE 64
#define LABEL_MAX      64

static struct slice without_cr(struct slice line)
{
	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* "-----BEGIN label-----" → label (RFC 7468, section 3: preeb and posteb). */
static bool boundary_label(struct slice line, struct slice word, struct slice *ret_label)
{
	struct slice label;

	if (!slice_starts_with(line, word) || !slice_ends_with(line, SLICE("-----")) ||
		line.len < word.len + sizeof("-----") - 1)
		return false;
	label = slice_sub(line, word.len, line.len - word.len - (sizeof("-----") - 1));
	if (label.len == 0 || label.len > LABEL_MAX)
		return false;
	for (size_t i = 0; i < label.len; i++) {
		char c = label.data[i];
		if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != ' ')
			return false;
	}
	*ret_label = label;
	return true;
}

static int collect_body(
	struct slice *rest, struct slice label, struct buffer *base64, struct error *err)
{
	struct slice line, end_label;

	while (slice_cut(rest, '\n', &line)) {
		line = without_cr(line);
		if (slice_starts_with(line, SLICE("-----"))) {
			if (!boundary_label(line, SLICE("-----END "), &end_label) ||
				!slice_equal(label, end_label))
				return error_set(err, ERR_INPUT,
					"PEM: the END line does not match BEGIN %.*s",
					SLICE_ARG(label));
			return 0;
		}
		if (line.len == 0 || line.len > LINE_MAX_READ)
			return error_set(err, ERR_INPUT, "PEM: a line of the block is %s",
				line.len == 0 ? "empty" : "too long");
		if (slice_has_byte(line, ':'))
			return error_set(err, ERR_INPUT,
				"PEM: header lines inside the block are not accepted");
		if (buffer_add_slice(base64, line, err) < 0)
			return err->class;
	}
	return error_set(
		err, ERR_INPUT, "PEM: no END line for BEGIN %.*s", SLICE_ARG(label));
}

int pem_next(struct slice *text, struct slice *ret_label, struct buffer *der,
	struct error *err)
{
	cleanup_secret_buffer struct buffer base64 = BUFFER_INIT;
	struct slice rest = slice_trim(*text), line, label;

	if (text->len > LIMIT_KEY_BYTES)
		return error_set(
			err, ERR_INPUT, "PEM: more than %zu bytes", LIMIT_KEY_BYTES);
	if (!slice_cut(&rest, '\n', &line) ||
		!boundary_label(without_cr(line), SLICE("-----BEGIN "), &label))
		return error_set(err, ERR_INPUT, "PEM: does not start with a BEGIN line");
	if (buffer_reserve(&base64, rest.len + 1, err) < 0 ||
		collect_body(&rest, label, &base64, err) < 0)
		return err->class;
	if (base64.len == 0)
		return error_set(err, ERR_INPUT, "PEM: the block is empty");
	if (buffer_reserve(der, base64.len + 1, err) < 0)
		return err->class;
	if (base64_decode(buffer_slice(&base64), der, err) < 0)
		return error_wrap(err, "PEM");
	*ret_label = label;
	*text = slice_trim(rest);
	return 0;
}

int pem_decode(
	struct slice text, struct slice *ret_label, struct buffer *der, struct error *err)
{
	if (pem_next(&text, ret_label, der, err) < 0)
		return err->class;
	if (text.len != 0)
		return error_set(
			err, ERR_INPUT, "PEM: more than one block or text behind it");
	return 0;
}

static int add_certificate(
	struct slice *text, struct arena *arena, struct slice *ret_one, struct error *err)
{
	cleanup_buffer struct buffer der = BUFFER_INIT;
	struct slice label;
	char *copy;

	if (pem_next(text, &label, &der, err) < 0)
		return err->class;
	if (!slice_equal_str(label, "CERTIFICATE"))
		return error_set(err, ERR_INPUT,
			"PEM: \"CERTIFICATE\" was expected, this is \"%.*s\"",
			SLICE_ARG(label));
	copy = arena_strndup(arena, buffer_slice(&der));
	if (!copy)
		return error_set_memory(err);
	*ret_one = slice_from(copy, der.len);
	return 0;
}

static int add_certificates(struct slice text, struct arena *arena, struct slice *list,
	size_t *ret_count, struct error *err)
{
	size_t count = 0;

	do {
		if (count == PEM_CHAIN_MAX)
			return error_set(err, ERR_INPUT, "PEM: more than %d certificates",
				PEM_CHAIN_MAX);
		if (add_certificate(&text, arena, &list[count], err) < 0)
			return err->class;
		count++;
	} while (text.len != 0);
	*ret_count = count;
	return 0;
}

int pem_load_certificates(const char *path, struct arena *arena, struct slice **ret_list,
	size_t *ret_count, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	struct slice *list = arena_array(arena, PEM_CHAIN_MAX, sizeof(*list));

	if (!list)
		return error_set_memory(err);
	if (fs_read_file(AT_FDCWD, path, LIMIT_KEY_BYTES, &text, err) < 0)
		return error_wrap(err, "reading certificates");
	if (add_certificates(buffer_slice(&text), arena, list, ret_count, err) < 0)
		return error_wrap(err, "%s", path);
	*ret_list = list;
	return 0;
}

int pem_encode(const char *label, struct slice der, struct buffer *out, struct error *err)
{
	cleanup_secret_buffer struct buffer base64 = BUFFER_INIT;
	struct slice rest, line;
	size_t room = der.len / 3 * 4 + 8;

	if (buffer_reserve(&base64, room, err) < 0 ||
		base64_encode(der, &base64, err) < 0 ||
		buffer_reserve(out, room + room / LINE_LEN_WRITE + 4 * LABEL_MAX, err) <
			0 ||
		buffer_printf(out, err, "-----BEGIN %s-----\n", label) < 0)
		return err->class;
	rest = buffer_slice(&base64);
	while (rest.len > 0) {
		line = slice_sub(rest, 0, LINE_LEN_WRITE);
		rest = slice_sub(rest, line.len, rest.len);
		if (buffer_add_slice(out, line, err) < 0 ||
			buffer_add_byte(out, '\n', err) < 0)
			return err->class;
	}
	return buffer_printf(out, err, "-----END %s-----\n", label);
}
