/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OCI content descriptors and media types (image-spec v1.1, descriptor.md,
 * media-types.md).
 */
#ifndef OCI_DESCRIPTOR_H
#define OCI_DESCRIPTOR_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/digest.h"

struct json_t;

#define OCI_MANIFEST    "application/vnd.oci.image.manifest.v1+json"
#define OCI_INDEX       "application/vnd.oci.image.index.v1+json"
#define OCI_CONFIG      "application/vnd.oci.image.config.v1+json"
#define OCI_LAYER       "application/vnd.oci.image.layer.v1.tar"
#define OCI_LAYER_GZIP  "application/vnd.oci.image.layer.v1.tar+gzip"
#define OCI_LAYER_ZSTD  "application/vnd.oci.image.layer.v1.tar+zstd"
#define OCI_EMPTY       "application/vnd.oci.empty.v1+json"
#define DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define DOCKER_LIST     "application/vnd.docker.distribution.manifest.list.v2+json"
#define OCI_REF_NAME    "org.opencontainers.image.ref.name"

struct annotation {
	const char *key, *value;
};

struct platform {
	const char *os, *architecture, *variant; /* NULL os: no platform given */
};

/* A value; its texts belong to the arena or document that it came from. */
struct descriptor {
	const char *media_type;
	struct digest digest;
	uint64_t size;
	const char *artifact_type; /* NULL if absent */
	struct platform platform;
	const struct annotation *annotations;
	size_t annotation_count;
};

/* Grows in an arena. */
struct descriptor_list {
	struct descriptor *items;
	size_t count, capacity;
};

bool descriptor_is_manifest(
	const struct descriptor *descriptor); /* image manifest, OCI or Docker */
bool descriptor_is_index(const struct descriptor *descriptor);
/* NULL if absent. */
const char *descriptor_annotation(const struct descriptor *descriptor, const char *key);

/* json object → descriptor, texts copied to the arena; strict about digest, size, media
 * type. */
MUST_USE int descriptor_from_json(const struct json_t *json, const char *where,
	struct arena *arena, struct descriptor *ret_descriptor, struct error *err);
/* Adds a deep copy, unless the list has its digest already. */
MUST_USE int descriptor_list_add(struct arena *arena, struct descriptor_list *list,
	const struct descriptor *descriptor, struct error *err);
/* NULL if absent. */
struct descriptor *descriptor_list_find(
	const struct descriptor_list *list, const struct digest *digest);
/* By digest. */
void descriptor_list_sort(struct descriptor_list *list);
/* A deep copy whose texts live in the arena. */
MUST_USE int descriptor_copy(struct arena *arena, const struct descriptor *from,
	struct descriptor *ret_descriptor, struct error *err);
/* A new reference. */
MUST_USE int descriptor_to_json(
	const struct descriptor *descriptor, struct json_t **ret_json, struct error *err);

#endif
