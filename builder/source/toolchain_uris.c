/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "builder/source/toolchain_pin_private.h"

bool toolchain_is_debian_name(const char *name)
{
	struct slice text = slice_str(name);
	if (text.len == 0 || text.len > LIMIT_NAME_BYTES)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];
		bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		if (!alphanumeric && (i == 0 || !strchr("+-.", c)))
			return false;
	}
	return true;
}

/* "%2b" to "+"; NULL and an error if it is not so encoded, or hides a control byte. */
static const char *decode(struct slice text, struct arena *arena, struct error *err)
{
	size_t len = 0;
	char *plain = arena_array(arena, text.len + 1, 1);
	if (!plain) {
		(void)error_set_memory(err);
		return NULL;
	}
	for (size_t i = 0; i < text.len; i++) {
		uint64_t byte = (uint8_t)text.data[i];
		if (byte == '%') {
			if (text.len - i < 3 || slice_parse_u64(slice_sub(text, i + 1, 2),
							16, 0x7e, &byte, err) < 0)
				byte = 0;
			i += 2;
		}
		if (byte <= ' ' || byte >= 0x7f) {
			error_clear(err);
			(void)error_set(err, ERR_INPUT, "'%.*s' is not percent-encoded",
				SLICE_ARG(text));
			return NULL;
		}
		plain[len++] = (char)byte; /* at most 0x7e */
	}
	return plain;
}

/* NAME_VERSION_ARCHITECTURE.deb */
static int read_file_name(struct slice file, struct arena *arena,
	struct toolchain_deb *deb, struct error *err)
{
	struct slice name, version, architecture;
	if (!slice_cut(&file, '_', &name) || !slice_cut(&file, '_', &version) ||
		!slice_cut(&file, '_', &architecture) || file.len != 0 ||
		version.len == 0 || !slice_ends_with(architecture, SLICE(".deb")))
		return error_set(err, ERR_INPUT, "no file name of a package");
	if (!(deb->name = arena_strndup(arena, name)))
		return error_set_memory(err);
	if (!toolchain_is_debian_name(deb->name))
		return error_set(err, ERR_INPUT, "'%s' is no package's name", deb->name);
	deb->version = decode(version, arena, err);
	return deb->version ? 0 : err->class;
}

static int read_uri(struct slice uri, const char *mirror, struct arena *arena,
	struct toolchain_deb *deb, struct error *err)
{
	struct slice prefix = slice_str(mirror), quote;
	bool quoted = slice_take(&uri, 1, &quote) && slice_equal_str(quote, "'") &&
		      slice_ends_with(uri, SLICE("'"));
	if (!quoted || !slice_starts_with(uri, prefix))
		return error_set(err, ERR_INPUT, "not below %s", mirror);
	/* without the mirror's slash and the quotation mark at the end */
	uri = slice_sub(uri, prefix.len, uri.len - prefix.len - 1);
	if (!slice_starts_with(uri, SLICE("/")))
		return error_set(err, ERR_INPUT, "not below %s", mirror);
	if (!(deb->path = decode(slice_sub(uri, 1, SIZE_MAX), arena, err)))
		return err->class;
	if (!toolchain_is_pool_path(slice_str(deb->path)))
		return error_set(err, ERR_INPUT, "'%s' is no pool path", deb->path);
	return 0;
}

static int read_line(struct slice line, const char *mirror, struct arena *arena,
	struct toolchain_deb *deb, struct error *err)
{
	struct slice uri, file, size, digest, more;
	if (!slice_word(&line, &uri) || !slice_word(&line, &file) ||
		!slice_word(&line, &size) || !slice_word(&line, &digest) ||
		slice_word(&line, &more))
		return error_set(err, ERR_INPUT, "not four words");
	if (read_uri(uri, mirror, arena, deb, err) < 0 ||
		read_file_name(file, arena, deb, err) < 0 ||
		slice_parse_u64(size, 10, LIMIT_SOURCE_BYTES, &deb->size, err) < 0)
		return err->class;
	if (deb->size == 0 || !slice_starts_with(digest, SLICE("SHA256:")))
		return error_set(err, ERR_INPUT, "no size or no SHA-256");
	return digest_parse_hex(DIGEST_SHA256,
		slice_sub(digest, strlen("SHA256:"), SIZE_MAX), &deb->digest, err);
}

int toolchain_parse_uris(struct slice text, const char *mirror, struct arena *arena,
	struct toolchain_deb **ret_debs, size_t *ret_count, struct error *err)
{
	struct toolchain_deb *debs = NULL;
	size_t count = 0, capacity = 0;
	struct slice line;
	for (unsigned number = 1; slice_cut(&text, '\n', &line); number++) {
		if (count == LIMIT_TOOLCHAIN_NAMES)
			return error_set(err, ERR_INPUT, "more than %d packages",
				LIMIT_TOOLCHAIN_NAMES);
		struct toolchain_deb *deb =
			arena_append(arena, &debs, &count, &capacity, sizeof(*deb));
		if (!deb)
			return error_set_memory(err);
		if (read_line(line, mirror, arena, deb, err) < 0)
			return error_wrap(err, "what apt-get says, line %u", number);
		for (size_t i = 0; i + 1 < count; i++)
			if (strcmp(debs[i].name, deb->name) == 0)
				return error_set(err, ERR_INPUT, "apt-get names %s twice",
					deb->name);
	}
	*ret_debs = debs;
	*ret_count = count;
	return 0;
}
