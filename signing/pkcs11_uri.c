/* SPDX-License-Identifier: Apache-2.0 */
#include "signing/pkcs11_uri.h"

#include "base/encode.h"

/* ---- percent-encoding (RFC 3986, 2.1) ---- */

static bool hex_value(char c, unsigned *ret_value)
{
	uint64_t value;
	struct error ignored = ERROR_INIT;

	if (slice_parse_u64(slice_from(&c, 1), 16, 15, &value, &ignored) < 0)
		return false;
	*ret_value = (unsigned)value; /* at most 15 */
	return true;
}

/* RFC 7512, 2.3: pk11-res-avail, which stand for themselves beside the unreserved. */
static bool stands_for_itself(char c, bool in_query)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return true;
	return c != '\0' &&
	       strchr(in_query ? "-._~:[]@!$'()*+,=/?|" : "-._~:[]@!$'()*+,=&", c) !=
		       NULL;
}

static int decode(struct slice text, bool in_query, const char *name, struct buffer *out,
	struct error *err)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned high, low;
		char c = text.data[i];

		if (c == '%' && text.len - i > 2 && hex_value(text.data[i + 1], &high) &&
			hex_value(text.data[i + 2], &low)) {
			c = (char)(high * 16 + low);
			i += 2;
		} else if (!stands_for_itself(c, in_query)) {
			return error_set(err, ERR_USAGE,
				"the value of %s has a byte that must be percent-encoded",
				name);
		}
		if (buffer_add_byte(out, c, err) < 0)
			return err->class;
	}
	return 0;
}

/* ---- attributes ---- */

struct parse {
	struct arena *arena;
	struct pkcs11_uri *uri;
	unsigned seen; /* bits: which of the table were there */
};

static int set_text(struct parse *parse, const char **text, struct slice value,
	const char *name, struct error *err)
{
	if (value.len == 0 || !slice_is_utf8(value))
		return error_set(err, ERR_USAGE, "the value of %s is %s", name,
			value.len == 0 ? "empty" : "not a text");
	*text = arena_strndup(parse->arena, value);
	return *text ? 0 : error_set_memory(err);
}

/* A path from the root, so that it means the same wherever the program runs. */
static int set_path(struct parse *parse, const char **text, struct slice value,
	const char *name, struct error *err)
{
	if (set_text(parse, text, value, name, err) < 0)
		return err->class;
	if ((*text)[0] != '/')
		return error_set(err, ERR_USAGE, "%s is not an absolute path", name);
	return 0;
}

static int set_id(struct parse *parse, struct slice value, struct error *err)
{
	char *copy = arena_strndup(parse->arena, value);

	if (!copy)
		return error_set_memory(err);
	if (value.len == 0)
		return error_set(err, ERR_USAGE, "the value of id is empty");
	parse->uri->id = slice_from(copy, value.len);
	return 0;
}

static int set_type(struct slice value, struct error *err)
{
	if (slice_equal_str(value, "private"))
		return 0;
	return error_set(err, ERR_USAGE, "only type=private can sign");
}

static int set_slot(struct parse *parse, struct slice value, struct error *err)
{
	if (slice_parse_u64(value, 10, UINT32_MAX, &parse->uri->slot, err) < 0) {
		err->class = ERR_USAGE;
		return error_wrap(err, "slot-id");
	}
	parse->uri->has_slot = true;
	return 0;
}

static int set_pin_source(struct parse *parse, struct slice value, struct error *err)
{
	struct slice scheme = SLICE("file:");

	if (!slice_starts_with(value, scheme))
		return error_set(err, ERR_USAGE, "pin-source is not file:/PATH");
	value = slice_sub(value, scheme.len, value.len);
	if (slice_starts_with(value, SLICE("///"))) /* no host: RFC 8089 */
		value = slice_sub(value, 2, value.len);
	return set_path(parse, &parse->uri->pin_file, value, "pin-source", err);
}

static int refuse_pin(struct error *err)
{
	(void)error_set(err, ERR_USAGE, /* returned below */
		"a PIN on a command line is seen by everybody: pin-value is refused");
	return error_remedy(err,
		"use ?pin-source=file:/PATH, --pin-file FILE, $ALNAGE_PIN or "
		"the prompt, and change this PIN");
}

enum attribute {
	TOKEN,
	MANUFACTURER,
	SERIAL,
	MODEL,
	OBJECT,
	ID,
	TYPE,
	SLOT,
	PIN_SOURCE,
	PIN_VALUE,
	MODULE_PATH,
};
static const struct {
	const char *name;
	bool in_query;
} attributes[] = {
	[TOKEN] = {"token", false},
	[MANUFACTURER] = {"manufacturer", false},
	[SERIAL] = {"serial", false},
	[MODEL] = {"model", false},
	[OBJECT] = {"object", false},
	[ID] = {"id", false},
	[TYPE] = {"type", false},
	[SLOT] = {"slot-id", false},
	[PIN_SOURCE] = {"pin-source", true},
	[PIN_VALUE] = {"pin-value", true},
	[MODULE_PATH] = {"module-path", true},
};

static int store(struct parse *parse, enum attribute attribute, struct slice value,
	struct error *err)
{
	struct pkcs11_uri *uri = parse->uri;

	switch (attribute) {
	case TOKEN:
		return set_text(parse, &uri->token, value, "token", err);
	case MANUFACTURER:
		return set_text(parse, &uri->manufacturer, value, "manufacturer", err);
	case SERIAL:
		return set_text(parse, &uri->serial, value, "serial", err);
	case MODEL:
		return set_text(parse, &uri->model, value, "model", err);
	case OBJECT:
		return set_text(parse, &uri->object, value, "object", err);
	case ID:
		return set_id(parse, value, err);
	case TYPE:
		return set_type(value, err);
	case SLOT:
		return set_slot(parse, value, err);
	case PIN_SOURCE:
		return set_pin_source(parse, value, err);
	case PIN_VALUE:
		return refuse_pin(err);
	case MODULE_PATH:
		return set_path(parse, &uri->module_path, value, "module-path", err);
	}
	return error_set(err, ERR_BUG, "attribute %d", (int)attribute);
}

static int parse_attribute(
	struct parse *parse, struct slice text, bool in_query, struct error *err)
{
	cleanup_buffer struct buffer value = BUFFER_INIT;
	struct slice name = SLICE_EMPTY;

	if (!slice_has_byte(text, '='))
		return error_set(err, ERR_USAGE, "an attribute without '='");
	(void)slice_cut(&text, '=', &name); /* it is there */
	for (size_t i = 0; i < ARRAY_LEN(attributes); i++) {
		if (attributes[i].in_query != in_query ||
			!slice_equal_str(name, attributes[i].name))
			continue;
		if (parse->seen & (1U << i))
			return error_set(
				err, ERR_USAGE, "%s is there twice", attributes[i].name);
		parse->seen |= 1U << i;
		if (i == PIN_VALUE)
			return refuse_pin(err);
		if (decode(text, in_query, attributes[i].name, &value, err) < 0)
			return err->class;
		return store(parse, (enum attribute)i, buffer_slice(&value), err);
	}
	return error_set(err, ERR_USAGE, "%.*s is not an attribute that is known %s",
		name.len > 32 ? 32 : (int)name.len, name.data ? name.data : "",
		in_query ? "after '?'" : "before '?'");
}

static int parse_list(struct parse *parse, struct slice list, char separator,
	bool in_query, struct error *err)
{
	struct slice one;

	while (slice_cut(&list, separator, &one))
		if (parse_attribute(parse, one, in_query, err) < 0)
			return err->class;
	return 0;
}

int pkcs11_uri_parse(struct slice text, struct arena *arena, struct pkcs11_uri *ret_uri,
	struct error *err)
{
	struct pkcs11_uri uri = {0};
	struct parse parse = {.arena = arena, .uri = &uri};
	struct slice rest = text, path = SLICE_EMPTY;

	if (text.len > PKCS11_URI_MAX ||
		!slice_starts_with(text, SLICE(PKCS11_URI_SCHEME)))
		return error_set(err, ERR_USAGE, "not a PKCS#11 URI of at most %d bytes",
			PKCS11_URI_MAX);
	rest = slice_sub(text, strlen(PKCS11_URI_SCHEME), text.len);
	(void)slice_cut(&rest, '?', &path); /* false: both are empty */
	if (parse_list(&parse, path, ';', false, err) < 0 ||
		parse_list(&parse, rest, '&', true, err) < 0)
		return error_wrap(err, "PKCS#11 URI");
	*ret_uri = uri;
	return 0;
}

/* ---- writing ---- */

static int add(
	struct buffer *out, const char *name, struct slice value, struct error *err)
{
	bool first = out->len > 0 && out->data[out->len - 1] == ':';

	if (value.len == 0)
		return 0;
	if (buffer_printf(out, err, "%s%s=", first ? "" : ";", name) < 0)
		return err->class;
	return url_quote(value, out, err);
}

int pkcs11_uri_format(const struct pkcs11_uri *uri, struct buffer *out, struct error *err)
{
	char slot[24] = "";

	if (uri->has_slot)
		(void)snprintf(slot, sizeof(slot), "%llu",
			(unsigned long long)uri->slot); /* fits */
	if (buffer_add_str(out, PKCS11_URI_SCHEME, err) < 0 ||
		add(out, "token", slice_str(uri->token), err) < 0 ||
		add(out, "manufacturer", slice_str(uri->manufacturer), err) < 0 ||
		add(out, "serial", slice_str(uri->serial), err) < 0 ||
		add(out, "model", slice_str(uri->model), err) < 0 ||
		add(out, "slot-id", slice_str(slot), err) < 0 ||
		add(out, "object", slice_str(uri->object), err) < 0)
		return err->class;
	return add(out, "id", uri->id, err);
}
