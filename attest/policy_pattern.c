/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/policy_private.h"

/* All positions in the pattern that can have been reached: no backtracking, so a hostile
 * name costs its length times the pattern's. */
struct positions {
	bool at[POLICY_PATTERN_MAX + 1];
};

static size_t star_length(const char *pattern)
{
	return pattern[0] != '*' ? 0 : pattern[1] == '*' ? 2 : 1;
}

/* A star also matches nothing. */
static void skip_stars(const char *pattern, size_t length, struct positions *positions)
{
	for (size_t i = 0; i < length; i++)
		if (positions->at[i] && star_length(pattern + i) > 0)
			positions->at[i + star_length(pattern + i)] = true;
}

static void step(const char *pattern, size_t length, const struct positions *from,
	char byte, struct positions *to)
{
	*to = (struct positions){0};
	for (size_t i = 0; i < length; i++) {
		size_t star = star_length(pattern + i);

		if (!from->at[i])
			continue;
		if (star == 0 && pattern[i] == byte)
			to->at[i + 1] = true;
		else if (star == 2 || (star == 1 && byte != '/'))
			to->at[i] = true;
	}
	skip_stars(pattern, length, to);
}

bool policy_pattern_matches(const char *pattern, const char *text)
{
	struct positions now = {.at = {true}}, next;
	size_t length = strlen(pattern);

	if (length > POLICY_PATTERN_MAX)
		return false;
	skip_stars(pattern, length, &now);
	for (; *text; text++) {
		step(pattern, length, &now, *text, &next);
		now = next;
	}
	return now.at[length];
}

#define TLS_PORT ":443"

/* "r.example:443/a" is "r.example/a", and must not fall into another scope. */
static const char *leave_port_out(const char *name, char *space, size_t size)
{
	const char *slash = strchr(name, '/');
	size_t host = slash ? (size_t)(slash - name) : 0, port = strlen(TLS_PORT);
	int length;

	if (slice_starts_with(slice_str(name), SLICE("oci:")) || host <= port ||
		memcmp(slash - port, TLS_PORT, port) != 0)
		return name;
	length = snprintf(space, size, "%.*s%s", (int)(host - port), name, slash);
	return length < 0 || (size_t)length >= size ? NULL : space;
}

const struct policy_scope *policy_find_scope(
	const struct policy *policy, const char *name)
{
	char space[1024]; /* a host and a repository's name are at most 255 each */
	const char *plain = leave_port_out(name, space, sizeof(space));

	for (size_t i = 0; plain && i < policy->scope_count; i++) {
		const struct policy_scope *scope = &policy->scopes[i];

		for (size_t j = 0; j < scope->images.count; j++)
			if (policy_pattern_matches(scope->images.items[j], plain))
				return scope;
	}
	return NULL;
}

/* "https://a/b/../../c" begins with "https://a/b/" and is something else. */
static bool has_dot_segment(const char *uri)
{
	struct slice rest = slice_str(uri), segment;

	if (strstr(uri, "%2e") || strstr(uri, "%2E") || strchr(uri, '\\'))
		return true;
	while (slice_cut(&rest, '/', &segment))
		if (slice_equal_str(segment, "..") || slice_equal_str(segment, "."))
			return true;
	return false;
}

bool policy_prefix_matches(const char *prefix, const char *uri)
{
	size_t length = strlen(prefix);
	char last = prefix[length - 1], next;

	if (strncmp(prefix, uri, length) != 0 || has_dot_segment(uri))
		return false;
	next = uri[length];
	if (last == '/' || last == ':' || next == '\0')
		return true;
	/* "https://a" is not for "https://a.example", nor for "https://a@example" */
	return next == '/' || next == '?' || next == '#' ||
	       (next == '@' && strncmp(prefix, "pkg:", 4) == 0);
}
