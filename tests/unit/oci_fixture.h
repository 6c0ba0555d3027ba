/* SPDX-License-Identifier: Apache-2.0 */
/* Repositories, images and signatures for tests; include after cmocka.h. */
#ifndef TESTS_UNIT_OCI_FIXTURE_H
#define TESTS_UNIT_OCI_FIXTURE_H

#include "base/fs.h"
#include "base/limits.h"
#include "oci/repository.h"

#define BUNDLE "application/vnd.dev.sigstore.bundle.v0.3+json"

#define MUST(call)                                                                       \
	do {                                                                             \
		struct error must_err_ = ERROR_INIT, *err = &must_err_;                  \
		if ((call) < 0)                                                          \
			fail_msg("%s: %s", #call, must_err_.text);                       \
	} while (0)

/* The call must fail with this class and text. */
#define MUST_FAIL(call, wanted_class, wanted_text)                                       \
	do {                                                                             \
		struct error must_err_ = ERROR_INIT, *err = &must_err_;                  \
		int must_result_ = (call);                                               \
		if (must_result_ != (wanted_class))                                      \
			fail_msg("%s: %d instead of %d: %s", #call, must_result_,        \
				(int)(wanted_class), must_err_.text);                    \
		if (!strstr(must_err_.text, (wanted_text)))                              \
			fail_msg("\"%s\" does not contain \"%s\"", must_err_.text,       \
				(wanted_text));                                          \
	} while (0)

struct fixture {
	char path[64]; /* a new directory */
};

static inline void fixture_begin(struct fixture *fixture)
{
	(void)snprintf(fixture->path, sizeof(fixture->path), "/tmp/alnage-oci-XXXXXX");
	assert_non_null(mkdtemp(fixture->path));
}

static inline void fixture_end(struct fixture *fixture)
{
	MUST(fs_remove_tree(AT_FDCWD, fixture->path, err));
}
#define cleanup_fixture CLEANUP(fixture_end)

static inline int open_text(const char *text, const struct repository_options *options,
	struct repository **ret_repository, struct error *err)
{
	cleanup_reference struct reference *reference = NULL;

	if (reference_parse(slice_str(text), &reference, err) < 0)
		return err->class;
	return repository_open(reference, options, ret_repository, err);
}

static inline struct repository *open_layout(
	const struct fixture *fixture, const char *name)
{
	struct repository_options options = {.create = true, .writable = true};
	struct repository *repository = NULL;
	char text[200];

	(void)snprintf(text, sizeof(text), "oci:%s/%s", fixture->path, name);
	MUST(open_text(text, &options, &repository, err));
	return repository;
}

static inline struct descriptor put_text(
	struct repository *repository, const char *media_type, const char *text)
{
	struct descriptor descriptor = {.media_type = media_type};

	MUST(repository_put_blob(repository, slice_str(text), &descriptor, err));
	return descriptor;
}

static inline struct descriptor put_document(
	struct repository *repository, const struct manifest *manifest, const char *tag)
{
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	struct descriptor descriptor;

	MUST(manifest_write(manifest, &bytes, err));
	MUST(repository_put_manifest(
		repository, buffer_slice(&bytes), NULL, tag, &descriptor, err));
	/* usable longer than the repository */
	descriptor.media_type = manifest->is_index ? OCI_INDEX : OCI_MANIFEST;
	descriptor.artifact_type = NULL;
	descriptor.annotation_count = 0;
	return descriptor;
}

/* A configuration that tools accept, and a layer that is a tar archive (of nothing). */
static inline struct descriptor put_image(
	struct repository *repository, const char *architecture, const char *tag)
{
	static char zeros[1024];
	struct descriptor layer = {.media_type = OCI_LAYER};
	struct image_config config = {.os = "linux", .architecture = architecture};
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	struct manifest manifest = {.items = &layer, .count = 1};

	MUST(repository_put_blob(
		repository, slice_from(zeros, sizeof(zeros)), &layer, err));
	config.diff_ids = &layer.digest;
	config.diff_id_count = 1;
	MUST(image_config_write(&config, &bytes, err));
	manifest.config = put_text(repository, OCI_CONFIG, buffer_str(&bytes));
	return put_document(repository, &manifest, tag);
}

static inline struct descriptor put_signature(struct repository *repository,
	const struct descriptor *image, const char *payload, const char *suffix)
{
	char tag[200], hex[DIGEST_TEXT_MAX];
	const struct annotation note = {"dev.cosignproject.cosign/signature", payload};
	struct descriptor layer = put_text(
		repository, "application/vnd.dev.cosign.simplesigning.v1+json", payload);
	struct manifest manifest = {.items = &layer, .count = 1};

	layer.annotations = &note;
	layer.annotation_count = 1;
	manifest.config = put_text(repository, OCI_CONFIG, "{\"config\":{}}");
	(void)snprintf(tag, sizeof(tag), "sha256-%s%s",
		digest_format_hex(&image->digest, hex), suffix);
	return put_document(repository, &manifest, tag);
}

static inline struct descriptor put_referrer(struct repository *repository,
	const struct descriptor *subject, const char *content)
{
	const struct annotation note = {"dev.sigstore.bundle.content", "dsse-envelope"};
	struct descriptor layer = put_text(repository, BUNDLE, content);
	struct manifest manifest = {.items = &layer,
		.count = 1,
		.artifact_type = BUNDLE,
		.has_subject = true,
		.subject = *subject,
		.annotations = &note,
		.annotation_count = 1};

	manifest.subject.artifact_type = NULL;
	manifest.subject.annotation_count = 0;
	manifest.subject.platform.os = NULL;
	manifest.config = put_text(repository, OCI_EMPTY, "{}");
	return put_document(repository, &manifest, NULL);
}

/* An index of two images under the tag, with signatures and referrers of the index and of
 * a child. */
static inline struct descriptor put_signed_index(
	struct repository *repository, const char *tag)
{
	struct descriptor children[2] = {put_image(repository, "amd64", NULL),
		put_image(repository, "arm64", NULL)};
	struct manifest manifest = {.is_index = true, .items = children, .count = 2};
	struct descriptor index;

	children[0].platform = (struct platform){.os = "linux", .architecture = "amd64"};
	children[1].platform = (struct platform){.os = "linux", .architecture = "arm64"};
	index = put_document(repository, &manifest, tag);
	(void)put_signature(repository, &index, "sig of index", ".sig");
	(void)put_signature(repository, &index, "att of index", ".att");
	(void)put_signature(repository, &children[1], "sig of arm64", ".sig");
	(void)put_referrer(repository, &index, "bundle one");
	(void)put_referrer(repository, &index, "bundle two");
	(void)put_referrer(repository, &children[0], "bundle of amd64");
	return index;
}

static inline size_t count_referrers(
	struct repository *repository, const struct digest *subject)
{
	cleanup_arena struct arena *arena = NULL;
	struct descriptor *list;
	size_t count = 0;

	MUST(arena_new(&arena, err));
	MUST(repository_referrers(repository, subject, arena, &list, &count, err));
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(list[i].artifact_type, BUNDLE);
		assert_string_equal(
			descriptor_annotation(&list[i], "dev.sigstore.bundle.content"),
			"dsse-envelope");
	}
	return count;
}

static inline bool resolves(
	struct repository *repository, const char *tag, struct descriptor *ret_descriptor)
{
	bool found = false;

	MUST(repository_resolve(repository, tag, ret_descriptor, &found, err));
	return found;
}

static inline bool signature_found(
	struct repository *repository, const struct descriptor *image, const char *suffix)
{
	struct descriptor ignored;
	char tag[200], hex[DIGEST_TEXT_MAX];

	(void)snprintf(tag, sizeof(tag), "sha256-%s%s",
		digest_format_hex(&image->digest, hex), suffix);
	return resolves(repository, tag, &ignored);
}

/* What put_signed_index made is there, by the same digests. */
static inline void assert_signed_index(
	struct repository *repository, const char *tag, const struct descriptor *index)
{
	cleanup_manifest struct manifest *manifest = NULL;
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	struct descriptor found = {0};

	assert_true(resolves(repository, tag, &found));
	assert_true(digest_equal(&found.digest, &index->digest));
	assert_string_equal(found.media_type, OCI_INDEX);
	MUST(repository_read_manifest(repository, &found, &bytes, err));
	MUST(manifest_parse(buffer_slice(&bytes), found.media_type, &manifest, err));
	assert_true(signature_found(repository, index, ".sig"));
	assert_true(signature_found(repository, index, ".att"));
	assert_false(signature_found(repository, &manifest->items[0], ".sig"));
	assert_true(signature_found(repository, &manifest->items[1], ".sig"));
	assert_int_equal(count_referrers(repository, &index->digest), 2);
	assert_int_equal(count_referrers(repository, &manifest->items[0].digest), 1);
	assert_int_equal(count_referrers(repository, &manifest->items[1].digest), 0);
	MUST(repository_check(repository, &found, err));
}

static inline void copy_all(struct repository *from, struct repository *to,
	const struct descriptor *image, const char *tag)
{
	struct repository_copy copy = {
		.image = image, .tag = tag, .with_signatures = true};

	MUST(repository_copy(from, to, &copy, err));
}

#endif
