/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "builder/package/index.h"

#define OPERATOR_MAX 3 /* ">=~" */

/* Where a name or version ends. */
static size_t length_before(struct slice text, const char *ends)
{
	size_t len = 0;
	while (len < text.len && !(text.data[len] && strchr(ends, text.data[len])))
		len++;
	return len;
}

/* As for apk-tools the order of the characters does not matter. */
static int take_operator(struct slice *rest, enum atom_op *ret_op, struct error *err)
{
	static const char characters[] = "=<>~";
	static const enum atom_op bits[] = {ATOM_EQ, ATOM_LT, ATOM_GT, ATOM_FUZZY};
	size_t len = 0;
	unsigned op = 0;
	struct slice found = SLICE_EMPTY;
	const char *at;
	while (len < rest->len && rest->data[len] &&
		(at = strchr(characters, rest->data[len]))) {
		op |= bits[at - characters];
		len++;
	}
	(void)slice_take(rest, len, &found); /* len <= rest->len */
	if (!op || len > OPERATOR_MAX || (op & ATOM_LT && op & ATOM_GT))
		return error_set(
			err, ERR_INPUT, "no such operator \"%.*s\"", SLICE_ARG(found));
	*ret_op = op;
	return 0;
}

/* "@tag" at the front of *rest, if there is one. */
static int take_tag(struct slice *rest, struct slice *tag, struct error *err)
{
	struct slice mark;
	if (!slice_starts_with(*rest, SLICE("@")))
		return 0;
	if (tag->len > 0)
		return error_set(err, ERR_INPUT, "two tags");
	(void)slice_take(rest, 1, &mark); /* the @ */
	(void)slice_take(
		rest, length_before(*rest, "@=<>~"), tag); /* not more than rest */
	if (tag->len == 0)
		return error_set(err, ERR_INPUT, "empty tag");
	return 0;
}

static int parse_version(struct slice *rest, struct atom *atom, struct error *err)
{
	if (rest->len == 0)
		return 0;
	if (take_operator(rest, &atom->op, err) < 0)
		return err->class;
	(void)slice_take(rest, length_before(*rest, "@"), &atom->version); /* not more */
	return version_check(atom->version, err);
}

static int parse(struct slice rest, struct atom *atom, struct error *err)
{
	struct slice mark;
	if (slice_starts_with(rest, SLICE("!"))) {
		(void)slice_take(&rest, 1, &mark); /* the ! */
		atom->conflict = true;
	}
	(void)slice_take(
		&rest, length_before(rest, "@=<>~!"), &atom->name); /* not more */
	if (atom->name.len == 0 || atom->name.len > LIMIT_PATH_BYTES)
		return error_set(err, ERR_INPUT, "name of %zu bytes", atom->name.len);
	if (take_tag(&rest, &atom->tag, err) < 0 || parse_version(&rest, atom, err) < 0 ||
		take_tag(&rest, &atom->tag, err) < 0)
		return err->class;
	if (rest.len > 0)
		return error_set(err, ERR_INPUT, "\"%.*s\" behind it", SLICE_ARG(rest));
	return 0;
}

int atom_parse(struct slice text, struct atom *ret_atom, struct error *err)
{
	struct atom atom = {0};
	if (text.len == 0 || !slice_is_printable(text) || !slice_is_utf8(text) ||
		slice_has_byte(text, ' '))
		return error_set(err, ERR_INPUT, "dependency is empty or not one word");
	if (parse(text, &atom, err) < 0)
		return error_wrap(err, "dependency \"%.*s\"", SLICE_ARG(text));
	*ret_atom = atom;
	return 0;
}

bool atom_matches(const struct atom *atom, struct slice version)
{
	struct error ignored = ERROR_INIT; /* malformed: does not match */
	bool fuzzy = (atom->op & ATOM_FUZZY) == ATOM_FUZZY;
	int order;
	if (atom->op == ATOM_ANY)
		return true;
	if (version.len == 0 ||
		version_compare(version, atom->version, fuzzy, &order, &ignored) < 0)
		return false;
	return atom->op & (order < 0 ? ATOM_LT : order > 0 ? ATOM_GT : ATOM_EQ);
}
