/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>

#include <pthread.h>

#include "oci/layout_index.h"
#include "tests/unit/oci_cases.h"
#include "tests/unit/oci_fixture.h"

static int parse_index(struct slice bytes, struct error *err)
{
	cleanup_layout_index struct layout_index index = {0};

	return layout_index_parse(bytes, &index, err);
}

static void cases(void **state)
{
	(void)state;
	cases_run("layout_index", parse_index, parse_index);
}

static void read_path(const struct fixture *fixture, const char *name, struct buffer *out)
{
	char path[300];

	(void)snprintf(path, sizeof(path), "%s/%s", fixture->path, name);
	MUST(fs_read_file(AT_FDCWD, path, 64 * MIB, out, err));
}

static void write_path(const struct fixture *fixture, const char *name, const char *text)
{
	char path[300];

	(void)snprintf(path, sizeof(path), "%s/%s", fixture->path, name);
	MUST(fs_write_file(AT_FDCWD, path, slice_str(text), 0644, err));
}

static void image_comes_back(void **state)
{
	(void)state;
	cleanup_fixture struct fixture fixture;
	cleanup_repository struct repository *repository = NULL;
	cleanup_buffer struct buffer text = BUFFER_INIT;
	struct descriptor image, found;

	fixture_begin(&fixture);
	repository = open_layout(&fixture, "a");
	image = put_image(repository, "amd64", "v1");
	assert_true(resolves(repository, "v1", &found));
	assert_true(digest_equal(&image.digest, &found.digest));
	assert_true(resolves(repository, NULL, &found));
	assert_true(digest_equal(&image.digest, &found.digest));
	assert_false(resolves(repository, "v2", &found));
	assert_false(resolves(repository,
		"sha256:0000000000000000000000000000000000000000000000000000000000000000",
		&found));
	MUST(repository_check(repository, NULL, err));
	read_path(&fixture, "a/oci-layout", &text);
	assert_string_equal(buffer_str(&text), "{\"imageLayoutVersion\":\"1.0.0\"}");
}

static void order_of_writing_does_not_show(void **state)
{
	(void)state;
	cleanup_fixture struct fixture fixture;
	cleanup_buffer struct buffer first = BUFFER_INIT, second = BUFFER_INIT;
	struct repository *repository;
	struct descriptor image;

	fixture_begin(&fixture);
	repository = open_layout(&fixture, "a");
	image = put_image(repository, "amd64", "zz");
	(void)put_image(repository, "arm64", "aa");
	(void)put_referrer(repository, &image, "one");
	(void)put_referrer(repository, &image, "two");
	(void)put_signature(repository, &image, "s", ".sig");
	repository_close(&repository);
	repository = open_layout(&fixture, "b");
	(void)put_signature(repository, &image, "s", ".sig");
	(void)put_referrer(repository, &image, "two");
	(void)put_image(repository, "arm64", "aa");
	(void)put_referrer(repository, &image, "one");
	(void)put_image(repository, "amd64", "zz");
	repository_close(&repository);
	read_path(&fixture, "a/index.json", &first);
	read_path(&fixture, "b/index.json", &second);
	assert_string_equal(buffer_str(&first), buffer_str(&second));
	/* an image first, whatever its name */
	assert_non_null(strstr(buffer_str(&first), "ref.name\":\"aa\""));
	assert_true(strstr(buffer_str(&first), "ref.name\":\"zz\"") <
		    strstr(buffer_str(&first), "ref.name\":\"sha256-"));
}

static void referrers_are_listed_and_indexed(void **state)
{
	(void)state;
	cleanup_fixture struct fixture fixture;
	cleanup_repository struct repository *repository = NULL;
	cleanup_buffer struct buffer text = BUFFER_INIT;
	cleanup_manifest struct manifest *manifest = NULL;
	struct descriptor index, fallback;
	char tag[200], hex[DIGEST_TEXT_MAX];
	size_t untagged = 0;

	fixture_begin(&fixture);
	repository = open_layout(&fixture, "a");
	index = put_signed_index(repository, "v1");
	assert_signed_index(repository, "v1", &index);
	/* no tag: the only image, in spite of signatures and referrers */
	assert_true(resolves(repository, NULL, &fallback));
	assert_true(digest_equal(&fallback.digest, &index.digest));
	read_path(&fixture, "a/index.json", &text);
	MUST(manifest_parse(buffer_slice(&text), OCI_INDEX, &manifest, err));
	for (size_t i = 0; i < manifest->count; i++)
		untagged += !descriptor_annotation(&manifest->items[i], OCI_REF_NAME);
	assert_int_equal(untagged, 3); /* the referrers, not the children */
	(void)snprintf(
		tag, sizeof(tag), "sha256-%s", digest_format_hex(&index.digest, hex));
	assert_true(resolves(repository, tag, &fallback));
	buffer_clear(&text);
	manifest_free(&manifest);
	MUST(repository_read_manifest(repository, &fallback, &text, err));
	MUST(manifest_parse(buffer_slice(&text), OCI_INDEX, &manifest, err));
	assert_int_equal(manifest->count, 2);
	assert_string_equal(manifest->items[0].artifact_type, BUNDLE);
	assert_int_equal(manifest->items[0].annotation_count, 1);
}

static void tag_moves(void **state)
{
	(void)state;
	cleanup_fixture struct fixture fixture;
	cleanup_repository struct repository *repository = NULL;
	struct descriptor old, next, found;
	char digest[DIGEST_TEXT_MAX];

	fixture_begin(&fixture);
	repository = open_layout(&fixture, "a");
	old = put_image(repository, "amd64", "v1");
	next = put_image(repository, "arm64", "v1");
	assert_true(resolves(repository, "v1", &found));
	assert_true(digest_equal(&found.digest, &next.digest));
	assert_true(resolves(repository, digest_format(&old.digest, digest), &found));
	assert_true(resolves(repository, NULL, &found)); /* only one is listed */
}

static void several_images_need_a_name(void **state)
{
	(void)state;
	cleanup_fixture struct fixture fixture;
	cleanup_repository struct repository *repository = NULL;
	struct error err = ERROR_INIT;
	struct descriptor found;
	bool is_found;

	fixture_begin(&fixture);
	repository = open_layout(&fixture, "a");
	(void)put_image(repository, "amd64", "v1");
	(void)put_image(repository, "arm64", "v2");
	assert_int_equal(
		repository_resolve(repository, NULL, &found, &is_found, &err), ERR_INPUT);
	assert_non_null(strstr(err.text, "several images"));
	assert_string_equal(err.remedy, "tags: v1 v2");
}

static void damage_is_found(void **state)
{
	(void)state;
	cleanup_fixture struct fixture fixture;
	struct repository *repository;
	struct descriptor image;
	char path[300], hex[DIGEST_TEXT_MAX];
	struct error problem = ERROR_INIT;
	cleanup_buffer struct buffer bytes = BUFFER_INIT;

	fixture_begin(&fixture);
	repository = open_layout(&fixture, "a");
	image = put_image(repository, "amd64", "v1");
	repository_close(&repository);
	/* the manifest itself, same length */
	(void)snprintf(path, sizeof(path), "a/blobs/sha256/%s",
		digest_format_hex(&image.digest, hex));
	read_path(&fixture, path, &bytes);
	bytes.data[bytes.len - 2] ^= 1;
	write_path(&fixture, path, buffer_str(&bytes));
	repository = open_layout(&fixture, "a");
	assert_int_equal(repository_check(repository, NULL, &problem), ERR_REFUSED);
	assert_non_null(strstr(problem.text, "was asked for, but the bytes are"));
	error_clear(&problem);
	assert_int_equal(repository_check(repository, &image, &problem), ERR_REFUSED);
	MUST_FAIL(repository_read_manifest(repository, &image, &bytes, err), ERR_INPUT,
		"was asked for");
	repository_close(&repository);
}

static void damaged_layer_is_found(void **state)
{
	(void)state;
	cleanup_fixture struct fixture fixture;
	cleanup_repository struct repository *repository = NULL;
	struct descriptor image, blob;
	char path[300], hex[DIGEST_TEXT_MAX];
	cleanup_buffer struct buffer out = BUFFER_INIT;

	fixture_begin(&fixture);
	repository = open_layout(&fixture, "a");
	image = put_image(repository, "amd64", "v1");
	blob = put_text(repository, OCI_LAYER, "content");
	(void)snprintf(path, sizeof(path), "a/blobs/sha256/%s",
		digest_format_hex(&blob.digest, hex));
	write_path(&fixture, path, "contenT");
	MUST_FAIL(repository_read_blob(repository, &blob, 100, &out, err), ERR_INPUT,
		"the bytes are sha256:");
	assert_int_equal(out.len, 0); /* nothing unverified gets out */
	write_path(&fixture, path, "content and more");
	MUST_FAIL(repository_read_blob(repository, &blob, 100, &out, err), ERR_INPUT,
		"more than 7 bytes");
	write_path(&fixture, path, "con");
	MUST_FAIL(repository_read_blob(repository, &blob, 100, &out, err), ERR_INPUT,
		"3 bytes came instead of 7");
	MUST_FAIL(repository_read_blob(repository, &blob, 6, &out, err), ERR_INPUT,
		"at most 6 are allowed");
	/* a missing layer of an image */
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	cleanup_manifest struct manifest *manifest = NULL;
	MUST(repository_read_manifest(repository, &image, &bytes, err));
	MUST(manifest_parse(buffer_slice(&bytes), NULL, &manifest, err));
	(void)snprintf(path, sizeof(path), "%s/a/blobs/sha256/%s", fixture.path,
		digest_format_hex(&manifest->items[0].digest, hex));
	assert_int_equal(unlink(path), 0);
	MUST_FAIL(repository_check(repository, &image, err), ERR_REFUSED, "is not there");
}

/* CVE-2024-3727 and its kin: nothing in a layout leads out of it. */
static void links_do_not_lead_out(void **state)
{
	(void)state;
	cleanup_fixture struct fixture fixture;
	cleanup_repository struct repository *repository = NULL;
	struct descriptor blob;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	char path[300], hex[DIGEST_TEXT_MAX], outside[300];

	fixture_begin(&fixture);
	repository = open_layout(&fixture, "a");
	blob = put_text(repository, OCI_LAYER, "content");
	(void)snprintf(path, sizeof(path), "%s/a/blobs/sha256/%s", fixture.path,
		digest_format_hex(&blob.digest, hex));
	assert_int_equal(unlink(path), 0);
	write_path(&fixture, "outside", "content");
	(void)snprintf(outside, sizeof(outside), "%s/outside", fixture.path);
	assert_int_equal(symlink(outside, path), 0);
	MUST_FAIL(repository_read_blob(repository, &blob, 100, &out, err), ERR_INPUT,
		"leaves its directory or passes a symbolic link");
	/* writing through a linked folder */
	(void)snprintf(path, sizeof(path), "%s/a/blobs/sha512", fixture.path);
	assert_int_equal(symlink("/tmp", path), 0);
	MUST(digest_of(DIGEST_SHA512, SLICE("content"), &blob.digest, err));
	(void)snprintf(path, sizeof(path), "%s/outside", fixture.path);
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	MUST_FAIL(repository_put_blob_fd(repository, fd, &blob, err), ERR_INPUT,
		"symbolic link");
}

/* Who was killed an hour ago does not go on; who writes now may be another process. */
static void abandoned_files_are_swept(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		bool is_old, stays;
	} table[] = {
		{".alnage-0123456789abcdef01234567.tmp", true, false},
		{".alnage-0123456789abcdef01234568.tmp", false, true},
		{".alnage-notes", true, true},
		{"somebody.tmp", true, true},
	};
	static const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	cleanup_fixture struct fixture fixture;
	cleanup_repository struct repository *repository = NULL;
	char path[300];

	fixture_begin(&fixture);
	repository = open_layout(&fixture, "a");
	(void)put_text(repository, OCI_LAYER, "content");
	repository_close(&repository);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		(void)snprintf(path, sizeof(path), "a/blobs/sha256/%s", table[i].name);
		write_path(&fixture, path, "part");
		(void)snprintf(path, sizeof(path), "%s/a/blobs/sha256/%s", fixture.path,
			table[i].name);
		if (table[i].is_old)
			assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
	}
	repository = open_layout(&fixture, "a");
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		(void)snprintf(path, sizeof(path), "%s/a/blobs/sha256/%s", fixture.path,
			table[i].name);
		if ((access(path, F_OK) == 0) != table[i].stays)
			fail_msg("%s", table[i].name);
	}
}

static bool has_blob(struct repository *repository, const struct descriptor *blob)
{
	bool found = false;

	MUST(repository_has_blob(repository, blob, &found, err));
	return found;
}

/* What nothing lists goes, but not while somebody else may be about to list or read it.
 */
static void sweep_waits_for_the_others(void **state)
{
	(void)state;
	static const struct repository_options read_only = {0};
	cleanup_fixture struct fixture fixture;
	cleanup_repository struct repository *ours = NULL;
	struct repository *writer = NULL, *reader = NULL;
	struct descriptor image, blob;
	char text[200];

	fixture_begin(&fixture);
	ours = open_layout(&fixture, "a");
	image = put_image(ours, "amd64", "v1");
	writer = open_layout(&fixture, "a");
	blob = put_text(writer, OCI_LAYER, "not listed yet");
	MUST(repository_sweep(ours, err));
	assert_true(has_blob(ours, &blob));
	repository_close(&writer);
	(void)snprintf(text, sizeof(text), "oci:%s/a", fixture.path);
	MUST(open_text(text, &read_only, &reader, err));
	MUST(repository_sweep(ours, err));
	assert_true(has_blob(ours, &blob));
	repository_close(&reader);
	MUST(repository_sweep(ours, err));
	assert_false(has_blob(ours, &blob));
	MUST(repository_check(ours, &image, err));
	/* and the next may write */
	writer = open_layout(&fixture, "a");
	blob = put_text(writer, OCI_LAYER, "not listed yet");
	MUST(repository_sweep(ours, err));
	assert_true(has_blob(ours, &blob));
	repository_close(&writer);
}

static void not_a_layout(void **state)
{
	(void)state;
	static const struct repository_options read_only = {0}, create = {.create = true};
	static const struct {
		const char *layout, *index, *message;
	} table[] = {
		{"{\"imageLayoutVersion\":\"2.0.0\"}", "{}", "only 1.0.0 is known"},
		{"{}", "{}", "imageLayoutVersion"},
		{"[]", "{}", "not an object"},
		{"{\"imageLayoutVersion\":\"1.0.0\"}", "[]", "index.json"},
		{"{\"imageLayoutVersion\":\"1.0.0\"}", "", "index.json: empty"},
		{"{\"imageLayoutVersion\":\"1.0.0\"}",
			"{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}",
			"must not have"},
	};
	cleanup_fixture struct fixture fixture;
	struct repository *repository = NULL;
	char text[200];

	fixture_begin(&fixture);
	(void)snprintf(text, sizeof(text), "oci:%s", fixture.path);
	MUST_FAIL(
		open_text(text, &read_only, &repository, err), ERR_SYSTEM, "oci-layout");
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct error err = ERROR_INIT;
		struct descriptor found;
		bool is_found;

		write_path(&fixture, "oci-layout", table[i].layout);
		write_path(&fixture, "index.json", table[i].index);
		if (open_text(text, &read_only, &repository, &err) == 0)
			assert_int_equal(repository_resolve(repository, "v1", &found,
						 &is_found, &err),
				ERR_INPUT);
		repository_close(&repository);
		if (!strstr(err.text, table[i].message))
			fail_msg("%zu: %s", i, err.text);
	}
	write_path(&fixture, "letter.txt", "dear reader");
	(void)snprintf(text, sizeof(text), "%s/oci-layout", fixture.path);
	assert_int_equal(unlink(text), 0);
	(void)snprintf(text, sizeof(text), "oci:%s", fixture.path);
	MUST_FAIL(open_text(text, &create, &repository, err), ERR_INPUT,
		"contains \"letter.txt\"");
}

static void repeated_tag_is_refused(void **state)
{
	(void)state;
	cleanup_fixture struct fixture fixture;
	cleanup_repository struct repository *repository = NULL;
	struct descriptor found;
	bool is_found;

	fixture_begin(&fixture);
	repository = open_layout(&fixture, "a");
#define ENTRY(digit)                                                                     \
	"{\"mediaType\":\"" OCI_MANIFEST "\",\"size\":1,\"digest\":\"sha256:" digit      \
	"000000000000000000000000000000000000000000000000000000000000000\","             \
	"\"annotations\":{\"" OCI_REF_NAME "\":\"v1\"}}"
	write_path(&fixture, "a/index.json",
		"{\"schemaVersion\":2,\"manifests\":[" ENTRY("0") "," ENTRY("1") "]}");
	MUST_FAIL(repository_resolve(repository, "v1", &found, &is_found, err), ERR_INPUT,
		"the tag v1 is there twice");
}

struct writer_job {
	const struct fixture *fixture;
	int number;
};

static void *write_many(void *context)
{
	const struct writer_job *job = context;
	cleanup_repository struct repository *repository = open_layout(job->fixture, "a");
	struct descriptor subject = {.media_type = OCI_MANIFEST, .size = 1};
	char text[64];

	MUST(digest_of(DIGEST_SHA256, SLICE("subject"), &subject.digest, err));
	for (int i = 0; i < 10; i++) {
		(void)snprintf(text, sizeof(text), "%d-%d", job->number, i);
		(void)put_image(repository, text, text);
		(void)put_referrer(repository, &subject, text);
	}
	return NULL;
}

static void writers_do_not_lose_each_others_tags(void **state)
{
	(void)state;
	cleanup_fixture struct fixture fixture;
	cleanup_repository struct repository *repository = NULL;
	cleanup_arena struct arena *arena = NULL;
	struct writer_job jobs[3];
	pthread_t threads[3];
	struct digest subject;
	const char **tags;
	size_t count;

	fixture_begin(&fixture);
	repository = open_layout(&fixture, "a");
	for (int i = 0; i < 3; i++) {
		jobs[i] = (struct writer_job){&fixture, i};
		assert_int_equal(
			pthread_create(&threads[i], NULL, write_many, &jobs[i]), 0);
	}
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	MUST(arena_new(&arena, err));
	MUST(repository_tags(repository, arena, &tags, &count, err));
	assert_int_equal(count, 31); /* and the fallback index */
	assert_string_equal(tags[0], "0-0");
	MUST(digest_of(DIGEST_SHA256, SLICE("subject"), &subject, err));
	assert_int_equal(count_referrers(repository, &subject), 30);
}

static void copy_between_layouts(void **state)
{
	(void)state;
	cleanup_fixture struct fixture fixture;
	cleanup_repository struct repository *from = NULL, *to = NULL;
	struct descriptor index, found;
	struct repository_copy bare = {0};

	fixture_begin(&fixture);
	from = open_layout(&fixture, "a");
	to = open_layout(&fixture, "b");
	index = put_signed_index(from, "v1");
	copy_all(from, to, &index, "other");
	assert_signed_index(to, "other", &index);
	MUST(repository_check(to, NULL, err));
	/* without tag and signatures: listed nevertheless */
	repository_close(&to);
	to = open_layout(&fixture, "c");
	bare.image = &index;
	MUST(repository_copy(from, to, &bare, err));
	assert_true(resolves(to, NULL, &found));
	assert_true(digest_equal(&found.digest, &index.digest));
	assert_false(signature_found(to, &index, ".sig"));
}

static void signatures_are_joined(void **state)
{
	(void)state;
	cleanup_fixture struct fixture fixture;
	cleanup_repository struct repository *from = NULL, *to = NULL;
	cleanup_manifest struct manifest *manifest = NULL;
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	struct descriptor image, found;
	char tag[200], hex[DIGEST_TEXT_MAX];

	fixture_begin(&fixture);
	from = open_layout(&fixture, "a");
	to = open_layout(&fixture, "b");
	image = put_image(from, "amd64", "v1");
	(void)put_image(to, "amd64", "v1");
	(void)put_signature(from, &image, "by alice", ".sig");
	(void)put_signature(to, &image, "by bob", ".sig");
	copy_all(from, to, &image, "v1");
	copy_all(from, to, &image, "v1"); /* again changes nothing */
	(void)snprintf(
		tag, sizeof(tag), "sha256-%s.sig", digest_format_hex(&image.digest, hex));
	assert_true(resolves(to, tag, &found));
	MUST(repository_read_manifest(to, &found, &bytes, err));
	MUST(manifest_parse(buffer_slice(&bytes), NULL, &manifest, err));
	assert_int_equal(manifest->count, 2);
	MUST(repository_check(to, &found, err));
}

static void archive_is_canonical(void **state)
{
	(void)state;
	cleanup_fixture struct fixture fixture;
	cleanup_buffer struct buffer first = BUFFER_INIT, second = BUFFER_INIT;
	struct repository_options create = {.create = true, .writable = true};
	static const struct repository_options read_only = {0};
	struct repository *archive = NULL, *layout;
	struct descriptor index;
	char text[200];

	fixture_begin(&fixture);
	for (int i = 0; i < 2; i++) {
		(void)snprintf(
			text, sizeof(text), "oci-archive:%s/%d.tar", fixture.path, i);
		MUST(open_text(text, &create, &archive, err));
		index = put_signed_index(archive, "v1");
		MUST(repository_commit(archive, err));
		repository_close(&archive);
	}
	read_path(&fixture, "0.tar", &first);
	read_path(&fixture, "1.tar", &second);
	assert_true(slice_equal(buffer_slice(&first), buffer_slice(&second)));
	MUST(open_text(text, &read_only, &archive, err));
	assert_signed_index(archive, "v1", &index);
	layout = open_layout(&fixture, "a");
	copy_all(archive, layout, &index, "v1");
	assert_signed_index(layout, "v1", &index);
	repository_close(&layout);
	repository_close(&archive);
	/* without commit nothing is written */
	(void)snprintf(text, sizeof(text), "oci-archive:%s/2.tar", fixture.path);
	MUST(open_text(text, &create, &archive, err));
	repository_close(&archive);
	MUST_FAIL(open_text(text, &read_only, &archive, err), ERR_SYSTEM, "2.tar");
}

/* The form that `cosign save` writes: signatures by kind, referrers only among the blobs.
 */
static void cosign_save(void **state)
{
	(void)state;
	static const struct repository_options read_only = {0};
	const char *shared = getenv("ALNAGE_SHARED");
	cleanup_repository struct repository *repository = NULL;
	cleanup_arena struct arena *arena = NULL;
	struct error problem = ERROR_INIT;
	struct descriptor image, *list;
	size_t count;
	char text[4096];

	(void)snprintf(text, sizeof(text),
		"oci:%s/vectors/real-tools/cosign-3.1.1-save-layout",
		shared ? shared : "../shared");
	if (open_text(text, &read_only, &repository, &problem) < 0) {
		print_message("skipped: %s\n", problem.text);
		skip();
	}
	assert_true(resolves(repository, NULL, &image));
	assert_true(signature_found(repository, &image, ".sig"));
	assert_true(signature_found(repository, &image, ".att"));
	MUST(arena_new(&arena, err));
	MUST(repository_referrers(repository, &image.digest, arena, &list, &count, err));
	assert_true(count > 0);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(list[i].artifact_type, BUNDLE);
	MUST(repository_check(repository, &image, err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abandoned_files_are_swept),
		cmocka_unit_test(cases),
		cmocka_unit_test(image_comes_back),
		cmocka_unit_test(order_of_writing_does_not_show),
		cmocka_unit_test(referrers_are_listed_and_indexed),
		cmocka_unit_test(tag_moves),
		cmocka_unit_test(several_images_need_a_name),
		cmocka_unit_test(damage_is_found),
		cmocka_unit_test(damaged_layer_is_found),
		cmocka_unit_test(links_do_not_lead_out),
		cmocka_unit_test(sweep_waits_for_the_others),
		cmocka_unit_test(not_a_layout),
		cmocka_unit_test(repeated_tag_is_refused),
		cmocka_unit_test(writers_do_not_lose_each_others_tags),
		cmocka_unit_test(copy_between_layouts),
		cmocka_unit_test(signatures_are_joined),
		cmocka_unit_test(archive_is_canonical),
		cmocka_unit_test(cosign_save),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
