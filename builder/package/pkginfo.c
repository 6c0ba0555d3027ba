/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/encode.h"
#include "base/limits.h"
#include "builder/package/apk_private.h"
#include "builder/package/index.h"

#define CHECKSUM_BASE64_LEN 28

/* ---- checksums and checks ---- */

int apk_add_checksum(struct buffer *out, const struct digest *sha1, struct error *err)
{
	if (sha1->algorithm != DIGEST_SHA1 ||
		sha1->len != digest_algorithm_len(DIGEST_SHA1))
		return error_set(
			err, ERR_BUG, "the SHA-1 of the control data is not known");
	if (buffer_add_str(out, "Q1", err) < 0)
		return err->class;
	return base64_encode(slice_from(sha1->bytes, sha1->len), out, err);
}

int apk_parse_checksum(struct slice text, struct digest *ret_sha1, struct error *err)
{
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	struct digest sha1 = {
		.algorithm = DIGEST_SHA1, .len = digest_algorithm_len(DIGEST_SHA1)};
	if (!slice_starts_with(text, SLICE("Q1")) || text.len != 2 + CHECKSUM_BASE64_LEN)
		return error_set(err, ERR_INPUT, "checksum is not \"Q1\" and a SHA-1");
	if (base64_decode(slice_sub(text, 2, text.len), &bytes, err) < 0)
		return error_wrap(err, "checksum");
	if (bytes.len != sha1.len)
		return error_set(err, ERR_INPUT, "checksum is not \"Q1\" and a SHA-1");
	memcpy(sha1.bytes, bytes.data, sha1.len);
	*ret_sha1 = sha1;
	return 0;
}

int apk_check_value(struct slice value, const char *what, struct error *err)
{
	if (!slice_is_utf8(value) || !slice_is_printable(value))
		return error_set(err, ERR_INPUT,
			"%s: a value has control characters or is not UTF-8", what);
	return 0;
}

static int check_list(
	const struct package_list *list, const char *what, struct error *err)
{
	struct atom atom;
	for (size_t i = 0; i < list->count; i++) {
		if (atom_parse(slice_str(list->items[i]), &atom, err) < 0)
			return error_wrap(err, "%s", what);
		if (atom.tag.len) /* apk-tools 3 refuses such packages */
			return error_set(err, ERR_INPUT,
				"%s: '%s' has a tag: only images may name repositories",
				what, list->items[i]);
	}
	return 0;
}

int apk_check_package(const struct package *package, struct error *err)
{
	if (package_check_name(slice_str(package->name), err) < 0 ||
		version_check(slice_str(package->version), err) < 0 ||
		package_check_name(slice_str(package->architecture), err) < 0 ||
		check_list(&package->depends, "depends", err) < 0 ||
		check_list(&package->provides, "provides", err) < 0 ||
		check_list(&package->replaces, "replaces", err) < 0)
		return err->class;
	return check_list(&package->install_if, "install_if", err);
}

/* ---- writing ---- */

static int add_text(
	struct buffer *out, const char *key, const char *value, struct error *err)
{
	if (apk_check_value(slice_str(value), key, err) < 0)
		return err->class;
	return buffer_printf(out, err, "%s = %s\n", key, value);
}

static int add_optional(
	struct buffer *out, const char *key, const char *value, struct error *err)
{
	return *value ? add_text(out, key, value, err) : 0;
}

static int add_number(
	struct buffer *out, const char *key, uint64_t value, struct error *err)
{
	return value ? buffer_printf(out, err, "%s = %" PRIu64 "\n", key, value) : 0;
}

static int add_list(struct buffer *out, const char *key, const struct package_list *list,
	struct error *err)
{
	for (size_t i = 0; i < list->count; i++)
		if (add_text(out, key, list->items[i], err) < 0)
			return err->class;
	return 0;
}

static int add_joined(struct buffer *out, const char *key,
	const struct package_list *list, struct error *err)
{
	if (list->count == 0)
		return 0;
	if (buffer_printf(out, err, "%s =", key) < 0)
		return err->class;
	for (size_t i = 0; i < list->count; i++)
		if (buffer_printf(out, err, " %s", list->items[i]) < 0)
			return err->class;
	return buffer_add_byte(out, '\n', err);
}

/* Paths with one blank behind each: what melange writes. */
static int add_triggers(struct buffer *out, const char *triggers, struct error *err)
{
	struct slice rest = slice_str(triggers), path;
	if (slice_trim(rest).len == 0)
		return 0;
	if (apk_check_value(rest, "triggers", err) < 0 ||
		buffer_add_str(out, "triggers = ", err) < 0)
		return err->class;
	while (slice_word(&rest, &path))
		if (buffer_printf(out, err, "%.*s ", SLICE_ARG(path)) < 0)
			return err->class;
	return buffer_add_byte(out, '\n', err);
}

static int add_lists(struct buffer *out, const struct package *package, struct error *err)
{
	if (add_optional(out, "license", package->license, err) < 0 ||
		add_list(out, "depend", &package->depends, err) < 0 ||
		add_list(out, "provides", &package->provides, err) < 0 ||
		add_list(out, "replaces", &package->replaces, err) < 0 ||
		add_list(out, "# vendored", &package->vendored, err) < 0 ||
		add_joined(out, "install_if", &package->install_if, err) < 0 ||
		add_number(out, "provider_priority", package->provider_priority, err) <
			0 ||
		add_number(out, "replaces_priority", package->replaces_priority, err) < 0)
		return err->class;
	return add_triggers(out, package->triggers, err);
}

int pkginfo_write(const struct package *package, struct buffer *out, struct error *err)
{
	char data[DIGEST_TEXT_MAX];
	uint64_t date = package->build_date > 0 ? (uint64_t)package->build_date : 0;
	if (!digest_is_set(&package->data))
		return error_set(err, ERR_BUG, "control data before the data member");
	if (apk_check_package(package, err) < 0 ||
		buffer_add_str(out, "# Generated by alnage\n", err) < 0 ||
		add_text(out, "pkgname", package->name, err) < 0 ||
		add_text(out, "pkgver", package->version, err) < 0 ||
		add_text(out, "arch", package->architecture, err) < 0 ||
		buffer_printf(out, err, "size = %" PRIu64 "\n", package->installed_size) <
			0 ||
		add_text(out, "origin", package->origin, err) < 0 ||
		add_text(out, "pkgdesc", package->description, err) < 0 ||
		add_text(out, "url", package->url, err) < 0 ||
		add_text(out, "commit", package->commit, err) < 0 ||
		add_optional(out, "maintainer", package->maintainer, err) < 0 ||
		add_number(out, "builddate", date, err) < 0 ||
		add_lists(out, package, err) < 0)
		return err->class;
	return add_text(out, "datahash", digest_format_hex(&package->data, data), err);
}
