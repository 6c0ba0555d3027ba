/* SPDX-License-Identifier: Apache-2.0 */
/* A tree as block style YAML, written so that YAML 1.1 and 1.2 readers agree. */
#include "base/buffer.h"
#include "base/limits.h"
#include "base/yaml.h"

#define INDENT 2
/* YAML 1.2.2, 7.4: an implicit key has at most 1024 characters. */
#define IMPLICIT_KEY_BYTES_MAX 1000

static int dump_node(const struct yaml_node *node, unsigned depth, bool after_dash,
	struct buffer *out, struct error *err);

static int add_indent(unsigned depth, struct buffer *out, struct error *err)
{
	for (unsigned i = 0; i < depth * INDENT; i++) {
		if (buffer_add_byte(out, ' ', err) < 0)
			return err->class;
	}
	return 0;
}

/* The code point at the front of valid UTF-8, and its length. */
static uint32_t decode(const char *text, size_t *ret_len)
{
	const unsigned char *s = (const unsigned char *)text;
	uint32_t value = s[0];
	*ret_len = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (*ret_len > 1)
		value &= 0x7fU >> *ret_len;
	for (size_t i = 1; i < *ret_len; i++)
		value = value << 6 | (s[i] & 0x3f);
	return value;
}

/* Beyond ASCII, and yet a control, a line break or a byte order mark. */
static bool needs_escape(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 ||
	       code == 0x2029 || code == 0xfeff || code == 0xfffe || code == 0xffff;
}

static bool text_needs_escape(const char *text)
{
	size_t len;
	for (; *text; text += len) {
		uint32_t code = decode(text, &len);
		if (needs_escape(code) && code != '\n' && code != '\t')
			return true;
	}
	return false;
}

static int add_quoted_character(const char *text, size_t len, uint32_t code,
	struct buffer *out, struct error *err)
{
	if (code == '"' || code == '\\')
		return buffer_printf(out, err, "\\%c", (char)code);
	if (code == '\n')
		return buffer_add_str(out, "\\n", err);
	if (code == '\t')
		return buffer_add_str(out, "\\t", err);
	if (!needs_escape(code))
		return buffer_add(out, text, len, err);
	return buffer_printf(out, err, code < 0x100 ? "\\x%02x" : "\\u%04x", code);
}

static int add_quoted(const char *text, struct buffer *out, struct error *err)
{
	size_t len;
	if (buffer_add_byte(out, '"', err) < 0)
		return err->class;
	for (; *text; text += len) {
		uint32_t code = decode(text, &len);
		if (add_quoted_character(text, len, code, out, err) < 0)
			return err->class;
	}
	return buffer_add_byte(out, '"', err);
}

static bool starts_like_syntax(const char *text)
{
	if (strncmp(text, "---", 3) == 0 || strncmp(text, "...", 3) == 0)
		return true;
	if (strchr("-?:", text[0]))
		return text[1] == '\0' || strchr(" \t,[]{}", text[1]);
	return strchr(" \t,[]{}#&*!|>'\"%@`", text[0]) != NULL;
}

static bool plain_is_safe(const char *text)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL", "<<", "="};
	for (size_t i = 0; i < ARRAY_LEN(nulls); i++) {
		if (strcmp(text, nulls[i]) == 0)
			return false;
	}
	if (starts_like_syntax(text) || text_needs_escape(text))
		return false;
	for (const char *s = text; *s; s++) {
		bool at_end = s[1] == '\0';
		bool blank_next = at_end || s[1] == ' ' || s[1] == '\t';
		if (*s == '\n' || (*s == ':' && blank_next))
			return false;
		if ((*s == ' ' || *s == '\t') && (at_end || s[1] == '#'))
			return false;
	}
	return true;
}

/* Several lines that can stand as they are below "|" or "|-". */
static bool literal_is_safe(const char *text)
{
	const char *line_end;
	if (!strchr(text, '\n') || strchr(" \t\n", text[0]) || text_needs_escape(text))
		return false;
	for (const char *line = text; *line; line = line_end + 1) {
		line_end = strchr(line, '\n');
		size_t len = line_end ? (size_t)(line_end - line) : strlen(line);
		if (len > 0 && strspn(line, " \t") >= len)
			return false;
		if (len == 0 && line[1] == '\0')
			return false; /* more than one line break at the end */
		if (!line_end)
			break;
	}
	return true;
}

static int dump_literal(
	const char *text, unsigned depth, struct buffer *out, struct error *err)
{
	struct slice rest = slice_str(text), line;
	bool ends_line = text[rest.len - 1] == '\n';
	if (buffer_add_str(out, ends_line ? "|" : "|-", err) < 0)
		return err->class;
	while (slice_cut(&rest, '\n', &line)) {
		if (buffer_add_byte(out, '\n', err) < 0)
			return err->class;
		if (line.len > 0 && (add_indent(depth, out, err) < 0 ||
					    buffer_add_slice(out, line, err) < 0))
			return err->class;
	}
	return buffer_add_byte(out, '\n', err);
}

static int check_utf8(const char *text, struct error *err)
{
	if (slice_is_utf8(slice_str(text)))
		return 0;
	return error_set(err, ERR_INPUT, "writing YAML: a text is not UTF-8");
}

/* With the line's end. */
static int dump_scalar(const struct yaml_node *node, unsigned depth, struct buffer *out,
	struct error *err)
{
	int result;
	if (node->is_null)
		return buffer_add_str(out, "null\n", err);
	if (check_utf8(node->text, err) < 0)
		return err->class;
	if (literal_is_safe(node->text))
		return dump_literal(node->text, depth > 0 ? depth : 1, out, err);
	if (!node->quoted && plain_is_safe(node->text))
		result = buffer_add_str(out, node->text, err);
	else
		result = add_quoted(node->text, out, err);
	return result < 0 ? result : buffer_add_byte(out, '\n', err);
}

static bool is_block(const struct yaml_node *node)
{
	return node->kind != YAML_SCALAR && node->count > 0;
}

/* What stands behind "key:" on the same line, or below it. */
static int dump_value(const struct yaml_node *node, unsigned depth, struct buffer *out,
	struct error *err)
{
	if (buffer_add_byte(out, is_block(node) ? '\n' : ' ', err) < 0)
		return err->class;
	return dump_node(node, depth + 1, false, out, err);
}

static int dump_key(
	const char *key, unsigned depth, struct buffer *out, struct error *err)
{
	if (check_utf8(key, err) < 0)
		return err->class;
	if (plain_is_safe(key) && strlen(key) <= IMPLICIT_KEY_BYTES_MAX)
		return buffer_printf(out, err, "%s:", key);
	cleanup_buffer struct buffer quoted = BUFFER_INIT;
	if (add_quoted(key, &quoted, err) < 0)
		return err->class;
	if (quoted.len <= IMPLICIT_KEY_BYTES_MAX)
		return buffer_printf(out, err, "%s:", buffer_str(&quoted));
	if (buffer_printf(out, err, "? %s\n", buffer_str(&quoted)) < 0 ||
		add_indent(depth, out, err) < 0)
		return err->class;
	return buffer_add_byte(out, ':', err);
}

static int dump_mapping(const struct yaml_node *node, unsigned depth, bool after_dash,
	struct buffer *out, struct error *err)
{
	for (size_t i = 0; i < node->count; i++) {
		if (!(after_dash && i == 0) && add_indent(depth, out, err) < 0)
			return err->class;
		if (dump_key(node->pairs[i].key, depth, out, err) < 0 ||
			dump_value(node->pairs[i].value, depth, out, err) < 0)
			return err->class;
	}
	return 0;
}

static int dump_sequence(const struct yaml_node *node, unsigned depth, bool after_dash,
	struct buffer *out, struct error *err)
{
	for (size_t i = 0; i < node->count; i++) {
		if (!(after_dash && i == 0) && add_indent(depth, out, err) < 0)
			return err->class;
		if (buffer_add_str(out, "- ", err) < 0 ||
			dump_node(node->items[i], depth + 1, true, out, err) < 0)
			return err->class;
	}
	return 0;
}

static int dump_node(const struct yaml_node *node, unsigned depth, bool after_dash,
	struct buffer *out, struct error *err)
{
	/* A loaded tree's deepest scalar is one below the deepest collection. */
	if (depth > LIMIT_YAML_DEPTH)
		return error_set(err, ERR_INPUT, "writing YAML: nested too deeply");
	if (node->kind == YAML_SCALAR)
		return dump_scalar(node, depth, out, err);
	if (node->count == 0)
		return buffer_add_str(
			out, node->kind == YAML_MAPPING ? "{}\n" : "[]\n", err);
	if (node->kind == YAML_MAPPING)
		return dump_mapping(node, depth, after_dash, out, err);
	return dump_sequence(node, depth, after_dash, out, err);
}

int yaml_dump(const struct yaml_node *root, struct buffer *out, struct error *err)
{
	return dump_node(root, 0, false, out, err);
}
