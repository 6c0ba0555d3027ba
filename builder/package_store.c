/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/package_store.h"

#include "base/encode.h"
#include "base/limits.h"
#include "base/log.h"
#include "builder/make/record.h"
#include "builder/package/apk.h"
#include "oci/repository.h"
#include "signing/secret.h"

#define ARTIFACT  "application/vnd.alnage.packages.v1"
#define RECORD    "application/vnd.alnage.record.v1+json"
#define LISTING   "application/vnd.alnage.listing.v1"
#define APK       "application/vnd.alpine.apk"
#define SIGNATURE "dev.alnage.packages.signature"

struct package_store {
	struct repository *repository;
	const struct secret *secret;
};

void package_store_close(struct package_store **packages)
{
	if (*packages) {
		repository_close(&(*packages)->repository);
		free(*packages);
	}
	*packages = NULL;
}

int package_store_open(const char *text, const struct secret *secret,
	struct package_store **ret_packages, struct error *err)
{
	cleanup_reference struct reference *reference = NULL;
	cleanup_package_store struct package_store *packages =
		calloc(1, sizeof(*packages));
	struct repository_options options = {.create = true, .writable = true};
	if (!packages)
		return error_set_memory(err);
	packages->secret = secret;
	if (reference_parse(slice_str(text), &reference, err) < 0)
		return error_wrap(err, "package store");
	if (reference->tag || reference->has_digest)
		return error_set(err, ERR_USAGE,
			"package store %s: a repository, without tag and digest", text);
	if (repository_open(reference, &options, &packages->repository, err) < 0)
		return error_wrap(err, "package store");
	*ret_packages = take_ptr(packages);
	return 0;
}

/* ---- signatures ---- */

static int signed_text(const struct plan_item *item, const struct digest *record,
	struct buffer *out, struct error *err)
{
	char key[DIGEST_TEXT_MAX], digest[DIGEST_TEXT_MAX];
	return buffer_printf(out, err, ARTIFACT "\n%s\n%s\n",
		digest_format(&item->input_key, key), digest_format(record, digest));
}

static int sign(const struct package_store *packages, const struct plan_item *item,
	struct manifest *manifest, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT, signature = BUFFER_INIT,
				     encoded = BUFFER_INIT;
	struct annotation *annotation =
		arena_array(manifest->arena, 1, sizeof(*annotation));
	if (!annotation)
		return error_set_memory(err);
	if (signed_text(item, &manifest->config.digest, &text, err) < 0 ||
		secret_sign(packages->secret, buffer_slice(&text), &signature, err) < 0 ||
		base64_encode(buffer_slice(&signature), &encoded, err) < 0)
		return err->class;
	annotation->key = SIGNATURE;
	annotation->value = arena_strdup(manifest->arena, buffer_str(&encoded));
	if (!annotation->value)
		return error_set_memory(err);
	manifest->annotations = annotation;
	manifest->annotation_count = 1;
	return 0;
}

static int verify(const struct package_store *packages, const struct plan_item *item,
	const struct manifest *manifest, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT, signature = BUFFER_INIT;
	cleanup_key struct key *key = NULL;
	const char *encoded = NULL;
	for (size_t i = 0; i < manifest->annotation_count; i++)
		if (strcmp(manifest->annotations[i].key, SIGNATURE) == 0)
			encoded = manifest->annotations[i].value;
	if (!encoded)
		return error_set(err, ERR_REFUSED, "not signed");
	if (secret_public(packages->secret, &key, err) < 0 ||
		signed_text(item, &manifest->config.digest, &text, err) < 0 ||
		base64_decode(slice_str(encoded), &signature, err) < 0)
		return err->class;
	return key_verify(key, buffer_slice(&text), buffer_slice(&signature), err);
}

/* ---- taking ---- */

static int write_blob(void *context, const void *data, size_t len, struct error *err)
{
	return store_writer_write(context, data, len, err);
}

static void leave(void *context)
{
	(void)context; /* borrowed */
}

static int pull_blob(struct package_store *packages, const struct descriptor *blob,
	struct store *store, struct error *err)
{
	static const struct writer_ops ops = {.write = write_blob, .free = leave};
	cleanup_store_writer struct store_writer *into = NULL;
	cleanup_writer struct writer *writer = NULL;
	struct digest digest;
	if (blob->digest.algorithm != DIGEST_SHA256 || blob->size > LIMIT_SOURCE_BYTES)
		return error_set(err, ERR_INPUT, "a layer has %llu bytes or no SHA-256",
			(unsigned long long)blob->size);
	if (store_has_blob(store, &blob->digest))
		return 0;
	if (store_writer_new(store, &into, err) < 0 ||
		writer_new(&ops, into, &writer, err) < 0 ||
		repository_copy_blob_to(packages->repository, blob, writer, err) < 0)
		return err->class;
	return store_writer_commit(into, &digest, NULL, err);
}

/* The files of a package are blobs of the store, too: reading the .apk makes them. */
static int pull_layer(struct package_store *packages, const struct descriptor *layer,
	struct store *store, struct error *err)
{
	cleanup_package struct package *package = NULL;
	struct apk_read_options options = {0};
	if (pull_blob(packages, layer, store, err) < 0)
		return err->class;
	if (strcmp(layer->media_type, APK) != 0)
		return 0;
	return apk_read(store, &layer->digest, &options, &package, err);
}

static int pull_all(struct package_store *packages, const struct plan_item *item,
	const struct descriptor *descriptor, struct store *store, struct error *err)
{
	cleanup_buffer struct buffer bytes = BUFFER_INIT, record = BUFFER_INIT;
	cleanup_manifest struct manifest *manifest = NULL;
	char hex[DIGEST_TEXT_MAX];
	if (repository_read_manifest(packages->repository, descriptor, &bytes, err) < 0 ||
		manifest_parse(
			buffer_slice(&bytes), descriptor->media_type, &manifest, err) < 0)
		return err->class;
	if (manifest->is_index || !manifest->artifact_type ||
		strcmp(manifest->artifact_type, ARTIFACT) != 0)
		return error_set(err, ERR_INPUT, "is no %s", ARTIFACT);
	if (packages->secret && verify(packages, item, manifest, err) < 0)
		return err->class;
	if (repository_read_blob(packages->repository, &manifest->config, RECORD_MAX,
		    &record, err) < 0)
		return err->class;
	for (size_t i = 0; i < manifest->count; i++)
		if (pull_layer(packages, &manifest->items[i], store, err) < 0)
			return err->class;
	return store_put_record(store, RECORD_FOLDER,
		digest_format_hex(&item->input_key, hex), buffer_slice(&record), err);
}

int package_store_pull(struct package_store *packages, const struct plan_item *item,
	struct store *store, bool *ret_found, struct error *err)
{
	struct descriptor descriptor;
	char tag[DIGEST_TEXT_MAX];
	bool found = false;
	digest_format_hex(&item->input_key, tag);
	if (repository_resolve(packages->repository, tag, &descriptor, &found, err) < 0)
		return error_wrap(err, "package store");
	if (found) {
		cleanup_task struct log_task *task = log_task_begin(
			"take %s-%s", item->recipe->name, item->recipe->full_version);
		if (pull_all(packages, item, &descriptor, store, err) < 0)
			return error_wrap(err, "package store: %s:%s",
				repository_name(packages->repository), tag);
		log_task_done(task, "built elsewhere");
	}
	*ret_found = found;
	return 0;
}

/* ---- giving ---- */

static int push_blob(struct package_store *packages, const struct digest *digest,
	const char *media_type, struct store *store, struct descriptor *ret_descriptor,
	struct error *err)
{
	cleanup_fd int fd = -1;
	struct descriptor descriptor = {.media_type = media_type, .digest = *digest};
	bool found = false;
	if (store_open_blob(store, digest, &fd, &descriptor.size, err) < 0 ||
		repository_has_blob(packages->repository, &descriptor, &found, err) < 0)
		return err->class;
	if (!found &&
		repository_put_blob_fd(packages->repository, fd, &descriptor, err) < 0)
		return err->class;
	*ret_descriptor = descriptor;
	return 0;
}

static int push_layers(struct package_store *packages, const struct made *made,
	const struct digest *listings, struct manifest *manifest, struct store *store,
	struct error *err)
{
	size_t count = made->package_count;
	manifest->items =
		arena_array(manifest->arena, 2 * count, sizeof(*manifest->items));
	if (!manifest->items)
		return error_set_memory(err);
	for (size_t i = 0; i < count; i++, manifest->count += 2)
		if (push_blob(packages, &listings[i], LISTING, store,
			    &manifest->items[2 * i], err) < 0 ||
			push_blob(packages, &made->packages[i]->file, APK, store,
				&manifest->items[2 * i + 1], err) < 0)
			return err->class;
	return 0;
}

static int push_all(struct package_store *packages, const struct made *made,
	const char *tag, struct store *store, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	cleanup_buffer struct buffer record = BUFFER_INIT, bytes = BUFFER_INIT;
	struct digest *listings = NULL;
	struct descriptor descriptor;
	if (arena_new(&arena, err) < 0 ||
		make_record_read(made, store, arena, &record, &listings, err) < 0)
		return err->class;
	struct manifest manifest = {.arena = arena,
		.media_type = OCI_MANIFEST,
		.artifact_type = ARTIFACT,
		.config.media_type = RECORD};
	if (push_layers(packages, made, listings, &manifest, store, err) < 0 ||
		repository_put_blob(packages->repository, buffer_slice(&record),
			&manifest.config, err) < 0 ||
		(packages->secret && sign(packages, made->item, &manifest, err) < 0) ||
		manifest_write(&manifest, &bytes, err) < 0 ||
		repository_put_manifest(packages->repository, buffer_slice(&bytes),
			OCI_MANIFEST, tag, &descriptor, err) < 0)
		return err->class;
	return repository_commit(packages->repository, err);
}

int package_store_push(struct package_store *packages, const struct made *made,
	struct store *store, struct error *err)
{
	struct descriptor descriptor;
	char tag[DIGEST_TEXT_MAX];
	bool found = false;
	digest_format_hex(&made->item->input_key, tag);
	if (repository_resolve(packages->repository, tag, &descriptor, &found, err) < 0)
		return error_wrap(err, "package store");
	if (!found && push_all(packages, made, tag, store, err) < 0)
		return error_wrap(err, "package store: %s:%s",
			repository_name(packages->repository), tag);
	return 0;
}
