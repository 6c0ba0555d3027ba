/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image manifests, indexes and configurations (image-spec v1.1, manifest.md,
 * image-index.md, config.md). Parsers keep nothing of what they do not know, and never
 * re-serialise: what was hashed is the bytes as received, which the caller holds.
 */
#ifndef OCI_MANIFEST_H
#define OCI_MANIFEST_H

#include "oci/descriptor.h"

/* Image manifest or index; which one says is_index. */
struct manifest {
	struct arena *arena;
	const char *media_type;
	const char *artifact_type; /* NULL if absent */
	bool is_index;
	bool is_docker;
	struct descriptor config; /* of an image manifest */
	struct descriptor *items; /* layers, or the manifests of an index */
	size_t count;
	bool has_subject;
	struct descriptor subject;
	const struct annotation *annotations;
	size_t annotation_count;
};
#define cleanup_manifest CLEANUP(manifest_free)
void manifest_free(struct manifest **manifest);
/*
 * media_type: as the descriptor or Content-Type said; NULL: only the body's own. They
 * must agree; a document with both `manifests` and `layers`/`config` is refused
 * (CVE-2021-41190).
 */
MUST_USE int manifest_parse(struct slice bytes, const char *media_type,
	struct manifest **ret_manifest, struct error *err);
/* Writes an OCI document from the same struct (config/items/subject/annotations).
 * Appends, deterministic. */
MUST_USE int manifest_write(
	const struct manifest *manifest, struct buffer *out, struct error *err);

struct image_config {
	struct arena *arena;
	const char *os, *architecture, *variant,
		*author;                              /* variant, author may be NULL */
	int64_t created;                              /* seconds; written as RFC 3339 */
	const char *user, *working_dir, *stop_signal; /* NULL: absent */
	const char **env, **entrypoint, **cmd, **volumes;
	size_t env_count, entrypoint_count, cmd_count, volume_count;
	const struct annotation *labels;
	size_t label_count;
	struct digest *diff_ids;
	size_t diff_id_count;
	const char **history; /* created_by, one per layer */
	size_t history_count;
};
#define cleanup_image_config CLEANUP(image_config_free)
void image_config_free(struct image_config **config);
MUST_USE int image_config_parse(
	struct slice bytes, struct image_config **ret_config, struct error *err);
MUST_USE int image_config_write(
	const struct image_config *config, struct buffer *out, struct error *err);

#endif
