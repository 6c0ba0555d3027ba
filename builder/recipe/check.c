/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/check.h"

#include "base/checked.h"
#include "base/limits.h"

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z');
}

static bool is_one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

static bool is_hex(const char *text, size_t len)
{
	if (strlen(text) != len)
		return false;
	return strspn(text, "0123456789abcdef") == len;
}

/* ---- texts ---- */

const char *check_text(const char *value)
{
	if (!slice_is_utf8(slice_str(value)))
		return "is not valid UTF-8";
	for (const char *p = value; *p; p++) {
		if (((unsigned char)*p < 0x20 && !is_one_of(*p, "\n\t")) || *p == 0x7f)
			return "holds a control character";
	}
	return NULL;
}

const char *check_line(const char *value)
{
	if (strlen(value) > LIMIT_YAML_SCALAR_BYTES)
		return "is too long";
	if (!slice_is_utf8(slice_str(value)))
		return "is not valid UTF-8";
	return slice_is_printable(slice_str(value)) ? NULL : "holds a control character";
}

const char *check_word(const char *value)
{
	if (!*value)
		return "is empty";
	if (strchr(value, ' '))
		return "holds a blank";
	return check_line(value);
}

const char *check_commit(const char *value)
{
	return is_hex(value, 40) ? NULL : "must be 40 lower-case hexadecimal digits";
}

const char *check_sha256(const char *value)
{
	return is_hex(value, 64) ? NULL : "must be 64 lower-case hexadecimal digits";
}

const char *check_sha512(const char *value)
{
	return is_hex(value, 128) ? NULL : "must be 128 lower-case hexadecimal digits";
}

/* ---- names ---- */

static const char *check_name_bytes(const char *value, const char *others)
{
	if (!*value)
		return "is empty";
	if (strlen(value) > LIMIT_NAME_BYTES)
		return "is too long";
	for (const char *p = value; *p; p++) {
		if (!is_alnum(*p) && !is_one_of(*p, others))
			return "holds a character that is not allowed in a name";
	}
	return NULL;
}

const char *check_package_name(const char *value)
{
	if (*value && !is_alnum(*value))
		return "must begin with a letter or a digit";
	return check_name_bytes(value, "+_.-");
}

const char *check_variable_name(const char *value)
{
	return check_name_bytes(value, "_.-");
}

const char *check_environment_name(const char *value)
{
	if (strchr(value, '='))
		return "holds '='";
	return check_word(value);
}

const char *check_user_name(const char *value)
{
	if (*value && !is_alnum(*value) && *value != '_')
		return "must begin with a letter, a digit or '_'";
	if (strlen(value) > 32)
		return "is longer than 32 bytes";
	return check_name_bytes(value, "_.-");
}

const char *check_cpe_field(const char *value)
{
	if (!is_lower(*value) && !is_digit(*value))
		return "must begin with a lower-case letter or a digit";
	for (const char *p = value; *p; p++) {
		if (!is_lower(*p) && !is_digit(*p) && !is_one_of(*p, "+_.-"))
			return "may hold lower-case letters, digits, '+', '_', '.' and "
			       "'-' only";
	}
	return NULL;
}

/* ---- paths ---- */

static const char *check_components(const char *value, bool dots_too)
{
	struct slice rest = slice_str(value), part;
	if (rest.len > LIMIT_PATH_BYTES)
		return "is too long";
	while (slice_cut(&rest, '/', &part)) {
		if (slice_equal_str(part, ".."))
			return "must not hold '..'";
		if (dots_too && (!part.len || slice_equal_str(part, ".")))
			return "must not hold '.' or empty components";
		if (part.len > LIMIT_NAME_BYTES)
			return "has a component that is too long";
	}
	return check_line(value);
}

const char *check_path_beneath(const char *value)
{
	return *value ? check_components(value, false) : "is empty";
}

const char *check_path_relative(const char *value)
{
	return *value == '/' ? "must not be absolute" : check_path_beneath(value);
}

const char *check_path_absolute(const char *value)
{
	return *value == '/' ? check_path_beneath(value) : "must be absolute";
}

const char *check_uses(const char *value)
{
	if (!*value)
		return "is empty";
	if (*value == '/')
		return "must not be absolute";
	for (const char *p = value; *p; p++) {
		if (!is_alnum(*p) && !is_one_of(*p, "+_.-/"))
			return "holds a character that is not allowed in the name of a "
			       "pipeline";
	}
	if (value[strlen(value) - 1] == '/')
		return "must not end with '/'";
	return check_components(value, true);
}

/* ---- versions and dependencies ---- */

static size_t skip_digits(const char *p)
{
	return strspn(p, "0123456789");
}

/* "_suffix[num]" at *p. */
static bool skip_suffix(const char **p)
{
	static const char *const suffixes[] = {
		"alpha", "beta", "pre", "rc", "cvs", "svn", "git", "hg", "p"};
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		size_t len = strlen(suffixes[i]);
		if (strncmp(*p + 1, suffixes[i], len) != 0 || is_lower((*p)[1 + len]))
			continue;
		*p += 1 + len;
		*p += skip_digits(*p);
		return true;
	}
	return false;
}

/* *p behind the version without -rN; NULL if there is none. */
static const char *skip_version(const char *p)
{
	if (!is_digit(*p))
		return NULL;
	p += skip_digits(p);
	while (p[0] == '.' && is_digit(p[1]))
		p += 1 + skip_digits(p + 1);
	if (is_lower(*p))
		p++;
	while (*p == '_') {
		if (!skip_suffix(&p))
			return NULL;
	}
	if (*p == '~') {
		size_t len = strspn(p + 1, "0123456789abcdef");
		if (!len)
			return NULL;
		p += 1 + len;
	}
	return p;
}

const char *check_version(const char *value)
{
	const char *end = skip_version(value);
	if (strlen(value) > LIMIT_NAME_BYTES)
		return "is too long";
	return end && !*end
		       ? NULL
		       : "is no apk version: digits{.digits}[letter]{_suffix[digits]}";
}

const char *check_dependency(const char *value)
{
	const char *name = *value == '!' ? value + 1 : value, *op;
	size_t len = strcspn(name, "=<>~@");
	if (strlen(value) > LIMIT_PATH_BYTES)
		return "is too long";
	if (!len)
		return "names no package";
	op = name + len;
	if (*op == '@')
		op += strcspn(op, "=<>~");
	if (*op && !op[strspn(op, "=<>~")])
		return "has a comparison, but no version";
	return check_word(value);
}

const char *check_repository(const char *value)
{
	const char *url = value;
	if (*url == '@') {
		do
			url++;
		while (is_alnum(*url));
		if (url == value + 1 || *url != ' ')
			return "has a tag that is not letters and digits: '@TAG URL'";
		url += strspn(url, " ");
	}
	return *url ? check_line(value) : "names no repository: 'URL' or '@TAG URL'";
}

/* ---- durations ---- */

static bool unit_nanoseconds(const char **p, uint64_t *ret_nanoseconds)
{
	static const struct {
		const char *name;
		uint64_t nanoseconds;
	} units[] = {{"ns", 1}, {"us", 1000}, {"µs", 1000}, {"ms", 1000000},
		{"s", 1000000000}, {"m", 60000000000}, {"h", 3600000000000}};
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		size_t len = strlen(units[i].name);
		if (strncmp(*p, units[i].name, len) != 0 || is_lower((*p)[len]))
			continue;
		*p += len;
		*ret_nanoseconds = units[i].nanoseconds;
		return true;
	}
	return false;
}

/* One "number unit"; fractions are cut to a thousandth of the unit. */
static bool duration_part(const char **p, uint64_t *total)
{
	struct error ignored = ERROR_INIT;
	size_t len = skip_digits(*p), fraction_len = 0;
	const char *fraction = NULL;
	uint64_t number, unit, thousandths = 0;
	if (slice_parse_u64(slice_from(*p, len), 10, 1000000000, &number, &ignored) < 0)
		return false;
	*p += len;
	if (**p == '.') {
		fraction = *p + 1;
		fraction_len = skip_digits(fraction);
		*p = fraction + fraction_len;
	}
	for (size_t i = 0; i < 3; i++)
		thousandths = thousandths * 10 +
			      (i < fraction_len ? (uint64_t)(fraction[i] - '0') : 0);
	if (!unit_nanoseconds(p, &unit) || !checked_mul_u64(number, unit, &number))
		return false;
	return checked_add_u64(*total, number, total) &&
	       checked_add_u64(*total, thousandths * unit / 1000, total);
}

bool duration_parse(const char *text, uint64_t *ret_seconds)
{
	uint64_t total = 0;
	const char *p = text;
	if (strcmp(text, "0") == 0) {
		*ret_seconds = 0;
		return true;
	}
	do {
		if (!duration_part(&p, &total))
			return false;
	} while (*p);
	*ret_seconds = total / 1000000000 + (total % 1000000000 != 0);
	return true;
}
