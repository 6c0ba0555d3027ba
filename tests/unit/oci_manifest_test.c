/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "oci/manifest.h"
#include "tests/unit/oci_cases.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* What was accepted and is written again parses to the same bytes a second time. */
static int parse_and_write(struct slice bytes, struct error *err)
{
	cleanup_buffer struct buffer once = BUFFER_INIT, twice = BUFFER_INIT;
	cleanup_manifest struct manifest *first = NULL, *second = NULL;

	if (manifest_parse(bytes, NULL, &first, err) < 0)
		return err->class;
	assert_int_equal(manifest_write(first, &once, err), 0);
	if (manifest_parse(buffer_slice(&once), first->media_type, &second, err) < 0)
		fail_msg("written again it is refused: %s", err->text);
	assert_int_equal(manifest_write(second, &twice, err), 0);
	assert_string_equal(buffer_str(&once), buffer_str(&twice));
	return 0;
}

static int config_and_write(struct slice bytes, struct error *err)
{
	cleanup_buffer struct buffer once = BUFFER_INIT, twice = BUFFER_INIT;
	cleanup_image_config struct image_config *first = NULL, *second = NULL;

	if (image_config_parse(bytes, &first, err) < 0)
		return err->class;
	assert_int_equal(image_config_write(first, &once, err), 0);
	if (image_config_parse(buffer_slice(&once), &second, err) < 0)
		fail_msg("written again it is refused: %s", err->text);
	assert_int_equal(image_config_write(second, &twice, err), 0);
	assert_string_equal(buffer_str(&once), buffer_str(&twice));
	return 0;
}

static void cases(void **state)
{
	(void)state;
	cases_run("manifest", parse_and_write, parse_and_write);
	cases_run("config", config_and_write, config_and_write);
}

static const char image[] = "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"" OCI_CONFIG
			    "\",\"digest\":\"sha256:" HEX "\",\"size\":2},\"layers\":[]}";

/* CVE-2021-41190: the type that was announced and the document must agree. */
static void announced_type_must_agree(void **state)
{
	(void)state;
	static const struct {
		const char *type;
		int result;
	} table[] = {
		{NULL, 0},
		{"", 0},
		{OCI_MANIFEST, 0},
		{OCI_MANIFEST "; charset=utf-8", 0},
		{DOCKER_MANIFEST, 0},
		{OCI_INDEX, ERR_INPUT},
		{DOCKER_LIST, ERR_INPUT},
		{"text/html", ERR_INPUT},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		cleanup_manifest struct manifest *manifest = NULL;
		struct error err = ERROR_INIT;

		assert_int_equal(
			manifest_parse(slice_str(image), table[i].type, &manifest, &err),
			table[i].result);
	}
}

static void body_type_must_agree(void **state)
{
	(void)state;
	static const char body[] =
		"{\"schemaVersion\":2,\"mediaType\":\"" OCI_INDEX "\",\"manifests\":[]}";
	cleanup_manifest struct manifest *manifest = NULL;
	struct error err = ERROR_INIT;

	assert_int_equal(manifest_parse(slice_str(body), OCI_MANIFEST, &manifest, &err),
		ERR_INPUT);
	assert_non_null(strstr(err.text, "was announced as"));
	error_clear(&err);
	assert_int_equal(
		manifest_parse(slice_str(body), DOCKER_LIST, &manifest, &err), ERR_INPUT);
	error_clear(&err);
	assert_int_equal(manifest_parse(slice_str(body), OCI_INDEX, &manifest, &err), 0);
	assert_true(manifest->is_index);
}

static void written_as_expected(void **state)
{
	(void)state;
	const struct annotation note = {"b", "c"};
	struct descriptor layer = {.media_type = OCI_LAYER_GZIP,
		.size = 7,
		.annotations = &note,
		.annotation_count = 1};
	struct manifest manifest = {.items = &layer,
		.count = 1,
		.artifact_type = "a/b",
		.has_subject = true,
		.config = {.media_type = OCI_CONFIG, .size = 2},
		.subject = {.media_type = OCI_INDEX, .size = 3}};
	cleanup_buffer struct buffer out = BUFFER_INIT;
	struct error err = ERROR_INIT;

	assert_int_equal(digest_parse(SLICE("sha256:" HEX), &layer.digest, &err), 0);
	manifest.config.digest = manifest.subject.digest = layer.digest;
	assert_int_equal(manifest_write(&manifest, &out, &err), 0);
	assert_string_equal(buffer_str(&out),
		"{\"artifactType\":\"a/b\",\"config\":{\"digest\":\"sha256:" HEX
		"\",\"mediaType\":\"" OCI_CONFIG "\",\"size\":2},\"layers\":["
		"{\"annotations\":{\"b\":\"c\"},\"digest\":\"sha256:" HEX
		"\",\"mediaType\":\"" OCI_LAYER_GZIP "\",\"size\":7}],"
		"\"mediaType\":\"" OCI_MANIFEST "\",\"schemaVersion\":2,"
		"\"subject\":{\"digest\":\"sha256:" HEX "\",\"mediaType\":\"" OCI_INDEX
		"\",\"size\":3}}");
}

static void too_large_is_refused(void **state)
{
	(void)state;
	cleanup_mem char *bytes = calloc(1, LIMIT_MANIFEST_BYTES + 1);
	cleanup_manifest struct manifest *manifest = NULL;
	struct error err = ERROR_INIT;

	assert_non_null(bytes);
	memset(bytes, ' ', LIMIT_MANIFEST_BYTES + 1);
	assert_int_equal(manifest_parse(slice_from(bytes, LIMIT_MANIFEST_BYTES + 1), NULL,
				 &manifest, &err),
		ERR_INPUT);
	assert_non_null(strstr(err.text, "more than"));
}

static void config_is_read(void **state)
{
	(void)state;
	cleanup_image_config struct image_config *config = NULL;
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	struct error err = ERROR_INIT;

	cases_read(AT_FDCWD, "tests/cases/config/good/full.json", &bytes);
	assert_int_equal(image_config_parse(buffer_slice(&bytes), &config, &err), 0);
	assert_string_equal(config->user, "65532");
	assert_string_equal(config->entrypoint[0], "/bin/x");
	assert_int_equal(config->cmd_count, 1);
	assert_string_equal(config->volumes[0], "/data");
	assert_string_equal(config->labels[0].value, "b");
	assert_int_equal(config->diff_id_count, 1);
	/* the entry of an empty layer is not one of a layer */
	assert_int_equal(config->history_count, 1);
	assert_int_equal(config->created, 1795472675);
}

/* Every manifest that the real tools of the vectors left in their registries. */
static void real_tools(void **state)
{
	(void)state;
	const char *shared = getenv("ALNAGE_SHARED");
	cleanup_names struct fs_names folders = {0};
	char path[4096];
	size_t seen = 0;
	cleanup_fd int root = -1;
	struct error err = ERROR_INIT;

	(void)snprintf(path, sizeof(path), "%s/vectors/real-tools",
		shared ? shared : "../shared");
	if (fs_open_dir(AT_FDCWD, path, &root, &err) < 0) {
		print_message("skipped: no vectors in %s\n", path);
		skip();
	}
	assert_int_equal(fs_list(root, &folders, &err), 0);
	for (size_t i = 0; i < folders.count; i++) {
		cleanup_names struct fs_names names = {0};
		cleanup_fd int dirfd = -1;

		if (fs_open_dir(root, folders.items[i], &dirfd, &err) < 0) {
			error_clear(&err); /* a plain file */
			continue;
		}
		assert_int_equal(fs_list(dirfd, &names, &err), 0);
		for (size_t j = 0; j < names.count; j++) {
			if (!slice_ends_with(
				    slice_str(names.items[j]), SLICE(".manifest.json")))
				continue;
			cases_run_one(dirfd, names.items[j], true, parse_and_write);
			seen++;
		}
	}
	assert_true(seen > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cases),
		cmocka_unit_test(announced_type_must_agree),
		cmocka_unit_test(body_type_must_agree),
		cmocka_unit_test(written_as_expected),
		cmocka_unit_test(too_large_is_refused),
		cmocka_unit_test(config_is_read),
		cmocka_unit_test(real_tools),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
