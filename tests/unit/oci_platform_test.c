/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/platform.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/oci_fixture.h"

static void texts_are_read(void **state)
{
	(void)state;
	static const struct {
		const char *text, *os, *architecture, *variant; /* NULL os: refused */
	} table[] = {
		{"linux/amd64", "linux", "amd64", NULL},
		{"linux/arm/v7", "linux", "arm", "v7"},
		{"linux/ppc64le", "linux", "ppc64le", NULL},
		{.text = ""},
		{.text = "linux"},
		{.text = "linux/"},
		{.text = "/amd64"},
		{.text = "linux//v7"},
		{.text = "linux/arm/"},
		{.text = "linux/arm/v7/x"},
		{.text = "linux/arm/v7/"},
		{.text = "Linux/amd64"},
		{.text = "linux/amd64,linux/arm64"},
		{.text = "linux/a\n"},
		{.text = "linux/"
			 "0123456789012345678901234567890123456789012345678901234567890"},
	};
	cleanup_arena struct arena *arena = NULL;

	MUST(arena_new(&arena, err));
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct slice text = slice_str(table[i].text);
		struct platform platform;

		if (!table[i].os) {
			MUST_FAIL(platform_parse(text, arena, &platform, err), ERR_INPUT,
				"is not OS/ARCHITECTURE[/VARIANT]");
			continue;
		}
		MUST(platform_parse(text, arena, &platform, err));
		assert_string_equal(platform.os, table[i].os);
		assert_string_equal(platform.architecture, table[i].architecture);
		if (!table[i].variant)
			assert_null(platform.variant);
		else
			assert_string_equal(platform.variant, table[i].variant);
	}
}

/* The manifest that an index or image has for a platform: its number, or -1. */
static int choose(struct repository *repository, const struct descriptor *image,
	const struct descriptor *items, size_t count, const char *wanted,
	struct error *why)
{
	cleanup_arena struct arena *arena = NULL;
	struct platform platform;
	struct descriptor chosen;

	MUST(arena_new(&arena, err));
	MUST(platform_parse(slice_str(wanted), arena, &platform, err));
	if (platform_choose(repository, image, &platform, arena, &chosen, why) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (digest_equal(&items[i].digest, &chosen.digest))
			return (int)i;
	fail_msg("%s: something else was chosen", wanted);
	return -1;
}

#define ITEMS 6

static void one_of_an_index(void **state)
{
	(void)state;
	static const struct platform platforms[ITEMS] = {{"linux", "amd64", NULL},
		{"linux", "arm64", "v8"}, {"linux", "arm", "v6"}, {"linux", "arm", "v7"},
		{"unknown", "unknown", NULL}, {NULL, NULL, NULL}};
	static const struct {
		const char *wanted;
		int item; /* -1: refused, with this text */
		const char *text;
	} table[] = {
		{"linux/amd64", 0, NULL},
		{"linux/arm64", 1, NULL},
		{"linux/arm64/v8", 1, NULL},
		{"linux/arm/v6", 2, NULL},
		{"linux/arm/v7", 3, NULL},
		{"linux/arm", -1,
			"more than one image for linux/arm: there are linux/arm/v6, "
			"linux/arm/v7"},
		{"linux/arm/v5", -1,
			"no image for linux/arm/v5: there are linux/amd64, "},
		{"linux/arm64/v9", -1, "no image for linux/arm64/v9"},
		{"linux/amd64/v2", -1, "no image for linux/amd64/v2"},
		{"windows/amd64", -1, "no image for windows/amd64"},
	};
	cleanup_fixture struct fixture fixture;
	cleanup_repository struct repository *repository = NULL;
	struct descriptor items[ITEMS], image;
	struct manifest index = {.is_index = true, .items = items, .count = ITEMS};
	char name[16];

	fixture_begin(&fixture);
	repository = open_layout(&fixture, "a");
	for (size_t i = 0; i < ITEMS; i++) {
		(void)snprintf(name, sizeof(name), "cpu%zu", i);
		items[i] = put_image(repository, name, NULL);
		items[i].platform = platforms[i];
	}
	image = put_document(repository, &index, "v1");
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct error err = ERROR_INIT;

		assert_int_equal(
			choose(repository, &image, items, ITEMS, table[i].wanted, &err),
			table[i].item);
		if (table[i].text && !strstr(err.text, table[i].text))
			fail_msg("%s: '%s'", table[i].wanted, err.text);
	}
}

static void an_image_alone(void **state)
{
	(void)state;
	cleanup_fixture struct fixture fixture;
	cleanup_repository struct repository *repository = NULL;
	struct error err = ERROR_INIT;
	struct descriptor image;

	fixture_begin(&fixture);
	repository = open_layout(&fixture, "a");
	image = put_image(repository, "arm64", "v1");
	assert_int_equal(choose(repository, &image, &image, 1, "linux/arm64", &err), 0);
	assert_int_equal(
		choose(repository, &image, &image, 1, "linux/arm64/v8", &err), 0);
	assert_int_equal(choose(repository, &image, &image, 1, "linux/amd64", &err), -1);
	assert_non_null(strstr(err.text, "for linux/arm64, not for linux/amd64"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_read),
		cmocka_unit_test(one_of_an_index),
		cmocka_unit_test(an_image_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
