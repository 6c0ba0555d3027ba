/* SPDX-License-Identifier: Apache-2.0 */
/* Which packages a resolution chooses, in which order, and what it says when it cannot.
 */
#include <string.h>

#include "builder/image/resolve.h"
#include "builder/package/index_private.h"
#include "tests/unit/builder_package_support.h"

#define PACKAGES_MAX 12

/* "name version [D:… …] [p:… …] [i:… …] [k:…] [o:…] [@tag]", as lines of an index */
struct row {
	const char *packages[PACKAGES_MAX];
	const char *wanted; /* words */
	const char *chosen; /* words; NULL: an error */
	const char *said;   /* pieces of it, by "|" */
};

static const struct row rows[] = {
	/* dependencies first; fewest candidates first, then by text */
	{{"a 1 D:c b", "b 1", "c 1"}, "a", "b-1 c-1 a-1", NULL},
	{{"a 1 D:b c", "b 1", "b 2", "c 1"}, "a", "c-1 b-2 a-1", NULL},
	{{"a 1 D:b", "b 1 D:a"}, "a", "b-1 a-1", NULL},
	/* what the image says about versions counts for all */
	{{"a 1 D:b", "b 1", "b 2"}, "a b<2", "b-1 a-1", NULL},
	{{"a 1 D:b", "b 1", "b 2"}, "a !b>1", "b-1 a-1", NULL},
	{{"a 1 D:b", "b 1", "b 2"}, "a b~1", "b-1 a-1", NULL},
	/* what a package says counts for what it needs */
	{{"a 1 D:b c", "b 1 D:d<2", "c 1 D:d>0", "d 1", "d 2"}, "a", "d-1 b-1 c-1 a-1",
		NULL},
	{{"a 1 D:b !c>1", "b 1 D:c", "c 1", "c 2"}, "a", "c-1 b-1 a-1", NULL},
	/* who has the name itself, in whatever version; else the highest version, the
	 * priority, the package's version, its name */
	{{"a 1", "z 1 p:a=9"}, "a", "a-1", NULL},
	{{"x 1 p:v=1", "y 1 p:v=2"}, "v", "y-1", NULL},
	{{"x 1 p:v=1 k:9", "y 1 p:v=2"}, "v", "y-1", NULL},
	{{"x 1 p:v=1 k:9", "y 2 p:v=1"}, "v", "x-1", NULL},
	{{"x 1 p:v k:1", "y 2 p:v k:2"}, "v", "y-2", NULL},
	{{"x 1 p:v", "y 2 p:v"}, "v", "y-2", NULL},
	{{"x 1 p:v", "y 1 p:v"}, "v", "x-1", NULL},
	/* what the image names itself, whatever comes first */
	{{"x 1 p:v", "y 1 p:v"}, "v y", "y-1", NULL},
	{{"a 1 D:v", "x 1 p:v", "y 1 p:v"}, "a y", "y-1 a-1", NULL},
	/* an origin that is there, in the version that is there */
	{{"a 1 D:b v", "b 1 o:s", "x 2 p:v", "y 1 p:v o:s"}, "a", "b-1 y-1 a-1", NULL},
	{{"a 1 D:b v", "b 1 o:s", "x 3 p:v", "y 2 p:v o:s"}, "a", "b-1 x-3 a-1", NULL},
	/* sonames: versions without a revision are those of old */
	{{"x 1 p:so:l.so.1=9", "y 1 p:so:l.so.1=1.2-r0"}, "so:l.so.1", "y-1", NULL},
	{{"x 1 p:so:l.so.1=9", "y 1 p:so:l.so.1=1.2-r0"}, "so:l.so.1=9", "x-1", NULL},
	{{"x 1 p:cmd:v=1", "y 1 p:cmd:v=2"}, "cmd:v<2", "x-1", NULL},
	/* an unversioned provide satisfies no version, and none rules it out */
	{{"x 1 p:v", "y 1 p:v=1"}, "v<1", NULL,
		"nothing fits 'v<1'|x-1 provides it without a version|y-1 provides it as "
		"1"},
	{{"a 1 D:v", "x 1 p:v"}, "a x", "x-1 a-1", NULL},
	{{"a 1 p:v", "b 1 p:v"}, "a b", "a-1 b-1", NULL},
	/* install_if */
	{{"a 1", "b 1", "c 1 i:a b=1"}, "a b", "a-1 b-1 c-1", NULL},
	{{"a 1", "b 2", "c 1 i:a b=1"}, "a b", "a-1 b-2", NULL},
	{{"a 1", "b 1", "c 1 i:a !b"}, "a", "a-1 c-1", NULL},
	{{"a 1", "b 1", "c 1 i:a !b"}, "a b", "a-1 b-1", NULL},
	{{"a 1", "c 1 i:a", "d 1 i:c D:e", "e 1"}, "a", "a-1 c-1 e-1 d-1", NULL},
	{{"a 1", "c 1 i:a"}, "a !c", "a-1", NULL},
	/* repositories with a tag: for the image's atoms that name it, and what these
	 * need; what these need comes from others first */
	{{"a 1", "a 2 @edge"}, "a", "a-1", NULL},
	{{"a 1", "a 2 @edge"}, "a@edge", "a-2", NULL},
	{{"a 2", "a 1 @edge"}, "a@edge", "a-1", NULL},
	{{"a 1", "a 2 @other"}, "a@edge", "a-1", NULL},
	{{"a 1", "a 1 @edge"}, "a@edge", "a-1", NULL},
	{{"a 1", "a 2 @edge"}, "a@edge=1", "a-1", NULL},
	{{"a 1", "a 2 @edge"}, "a>1@edge", "a-2", NULL},
	{{"a 1 D:b", "b 1", "b 2 @edge"}, "a", "b-1 a-1", NULL},
	{{"a 1 D:b", "b 1", "b 2 @edge"}, "a b@edge", "b-2 a-1", NULL},
	{{"a 2 D:b @edge", "b 1", "b 2 @edge"}, "a@edge", "b-1 a-2", NULL},
	{{"a 2 D:b>1 @edge", "b 1", "b 2 @edge"}, "a@edge", "b-2 a-2", NULL},
	{{"a 2 D:b @edge", "b 1 D:c", "c 1 @edge"}, "a@edge", "c-1 b-1 a-2", NULL},
	{{"a 2 D:b @edge o:s", "b 1 o:s", "b 2 @edge o:s"}, "a@edge", "b-1 a-2", NULL},
	{{"a 1 D:b", "b 1 D:c @edge", "c 1 @edge"}, "a b@edge", "c-1 b-1 a-1", NULL},
	{{"a 1", "a 2 @edge", "b 1 i:a @edge"}, "a", "a-1", NULL},
	{{"a 1", "a 2 @edge", "b 1 i:a @edge"}, "a@edge", "a-2 b-1", NULL},
	{{"a 1 D:b>1", "b 1", "b 2 @edge"}, "a", NULL,
		"a-1 needs 'b>1': nothing fits 'b>1': b-2 is in the repository '@edge' "
		"only: to take it, the image names it as 'b@edge'; b-1 is another "
		"version"},
	{{"a 1 D:b", "b 1 D:c @edge", "c 1 @edge", "d 1 D:c"}, "d b@edge a", NULL,
		"d-1 needs 'c': nothing fits 'c': c-1 is in the repository '@edge' "
		"only"},
	{{"a 1 @edge"}, "a", NULL, "to take it, the image names it as 'a@edge'"},
	/* what it says */
	{{"a 1 D:b", "b 1 D:c"}, "a", NULL,
		"the image wants 'a': a-1 needs 'b': b-1 needs 'c': nothing provides "
		"'c'"},
	{{"a 1 D:b<2", "b 1", "b 2", "c 1 D:b>=2"}, "a c", NULL,
		"the image wants 'c': c-1 needs 'b>=2': chosen for 'b<2' is b-1, wanted "
		"by a-1, wanted by the image"},
	{{"m 1 D:a", "a 1 D:b<2", "b 2"}, "m", NULL,
		"m-1 needs 'a': a-1 needs 'b<2': nothing fits 'b<2': b-2 is another "
		"version"},
	{{"b 1", "b 2"}, "b>=2 b<2", NULL,
		"the image wants 'b>=2': nothing fits 'b>=2': b-2 is ruled out by 'b<2' "
		"of the image; b-1 is another version"},
	{{"a 1 D:!b", "b 1", "c 1 D:b"}, "a c", NULL,
		"the image wants 'c': c-1 needs 'b': nothing fits 'b': b-1 is ruled out "
		"by '!b' of a-1, wanted by the image"},
	{{"a 1 D:!b", "b 1", "c 1 D:b"}, "c a", NULL,
		"the image wants 'a': a-1 needs '!b': but there is b-1, wanted by c-1, "
		"wanted by the image"},
	{{"a 1 p:s=1", "b 1 p:s=1"}, "a b", NULL,
		"the image wants 'b': nothing fits 'b': b-1 cannot be beside another "
		"that has 's': a-1, wanted by the image"},
	{{"a 1 D:b", "b 1"}, "a !b", NULL, "b-1 is ruled out by '!b' of the image"},
	{{"a 1 D:a>1"}, "a", NULL, "a-1 needs 'a>1'|chosen for 'a' is a-1"},
};

static void add_item(
	struct package_index *index, struct package_list *list, const char *item)
{
	const char **items = arena_array(index->arena, list->count + 1, sizeof(*items));
	assert_non_null(items);
	for (size_t i = 0; i < list->count; i++)
		items[i] = list->items[i];
	items[list->count++] = item;
	list->items = items;
}

static void add_entry(struct package_index *index, const char *text)
{
	struct error err = ERROR_INIT;
	struct index_entry *entry;
	struct slice rest = slice_str(text), word;
	struct package_list *list = NULL;
	assert_ok(package_index_append(index, &entry, &err));
	assert_ok(digest_of(DIGEST_SHA1, rest, &entry->control_sha1, &err));
	for (size_t n = 0; slice_cut(&rest, ' ', &word); n++) {
		const char *value = arena_strndup(index->arena, word);
		assert_non_null(value);
		if (n == 0)
			entry->name = value;
		else if (n == 1)
			entry->version = value;
		else if (strncmp(value, "k:", 2) == 0)
			entry->provider_priority = (uint64_t)(value[2] - '0');
		else if (strncmp(value, "o:", 2) == 0)
			entry->origin = value + 2;
		else if (value[0] == '@')
			entry->tag = value + 1;
		else {
			size_t skip = 2;
			if (strncmp(value, "D:", 2) == 0)
				list = &entry->depends;
			else if (strncmp(value, "p:", 2) == 0)
				list = &entry->provides;
			else if (strncmp(value, "i:", 2) == 0)
				list = &entry->install_if;
			else
				skip = 0;
			assert_non_null(list);
			add_item(index, list, value + skip);
		}
	}
}

/* The rows' packages from `first` on, around the end; backwards if told so. */
static void fill(
	const struct row *row, size_t first, bool backwards, struct package_index **ret)
{
	struct error err = ERROR_INIT;
	size_t count = 0;
	assert_ok(package_index_new(ret, &err));
	while (count < PACKAGES_MAX && row->packages[count])
		count++;
	for (size_t i = 0; i < count; i++) {
		size_t at = (first + (backwards ? count - 1 - i : i)) % count;
		add_entry(*ret, row->packages[at]);
	}
}

static void resolve(const struct row *row, size_t first, bool backwards,
	struct buffer *out, struct error *ret_err)
{
	cleanup_index struct package_index *index = NULL;
	CLEANUP(resolution_done) struct resolution resolution = {0};
	cleanup_arena struct arena *arena = NULL;
	const char *wanted[8];
	size_t count = 0;
	struct slice rest = slice_str(row->wanted), word;
	struct error err = ERROR_INIT;
	assert_ok(arena_new(&arena, &err));
	while (slice_cut(&rest, ' ', &word))
		wanted[count++] = arena_strndup(arena, word);
	fill(row, first, backwards, &index);
	if (resolve_packages(index, wanted, count, "the image", &resolution, ret_err) < 0)
		return;
	for (size_t i = 0; i < resolution.count; i++)
		assert_ok(buffer_printf(out, &err, "%s%s-%s", i ? " " : "",
			resolution.entries[i]->name, resolution.entries[i]->version));
}

static void check_said(const struct row *row, const struct error *err)
{
	struct slice rest = slice_str(row->said), piece;
	while (slice_cut(&rest, '|', &piece))
		if (slice_find(slice_str(err->text), piece) == SIZE_MAX)
			fail_msg("'%s' says nothing like '%.*s' (%s)", err->text,
				SLICE_ARG(piece), row->wanted);
	assert_true(err->remedy[0]);
}

/* In every order of the index the same. */
static void chooses(void **state)
{
	(void)state;
	for (size_t r = 0; r < ARRAY_LEN(rows); r++)
		for (size_t turn = 0; turn < (size_t)2 * PACKAGES_MAX; turn++) {
			const struct row *row = &rows[r];
			cleanup_buffer struct buffer out = BUFFER_INIT;
			struct error err = ERROR_INIT;
			resolve(row, turn / 2, turn % 2 != 0, &out, &err);
			if (row->chosen && error_is_set(&err))
				fail_msg("row %zu: %s", r, err.text);
			if (row->chosen)
				assert_string_equal(buffer_str(&out), row->chosen);
			else if (!error_is_set(&err))
				fail_msg("row %zu gives %s", r, buffer_str(&out));
			else
				check_said(row, &err);
		}
}

/* A long row of packages is no crash. */
static void depth_is_limited(void **state)
{
	cleanup_index struct package_index *index = NULL;
	CLEANUP(resolution_done) struct resolution resolution = {0};
	struct error err = ERROR_INIT;
	(void)state;
	assert_ok(package_index_new(&index, &err));
	for (int i = 0; i < 5000; i++) {
		char text[64];
		assert_true(snprintf(text, sizeof(text), "p%d 1 D:p%d", i, i + 1) > 0);
		add_entry(index, text);
	}
	assert_int_equal(resolve_packages(index, &(const char *){"p0"}, 1, "the image",
				 &resolution, &err),
		ERR_INPUT);
	assert_non_null(strstr(err.text, "nest deeper than"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chooses),
		cmocka_unit_test(depth_is_limited),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
