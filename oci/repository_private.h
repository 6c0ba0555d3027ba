/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a kind of repository (layout, registry) provides. The operations move bytes;
 * digests, sizes, documents, referrers and copying are common code above them
 * (repository.c, referrers.c, copy.c), so that no kind can forget a check.
 */
#ifndef OCI_REPOSITORY_PRIVATE_H
#define OCI_REPOSITORY_PRIVATE_H

#include "base/http.h"
#include "base/map.h"
#include "oci/repository.h"

/*
 * Somebody who wants to know how far a blob is, 0 again when it begins anew. What moved
 * returns other than 0 ends the transfer. Called by the thread that moves the blob.
 */
struct blob_watch {
	int (*moved)(void *context, uint64_t position, struct error *err);
	void *context;
};

/* Where the bytes of a blob come from; read again from any offset. */
struct blob_source {
	int fd;                         /* borrowed; -1: bytes */
	struct slice bytes;             /* borrowed */
	const struct blob_watch *watch; /* borrowed; may be NULL */
	bool is_wanted; /* the place was asked: it does not have the blob */
};
MUST_USE int blob_source_reader(const struct blob_source *source, uint64_t from,
	uint64_t len, struct reader **ret_reader, struct error *err);

struct tag_answer {
	bool found;
	char media_type[256];     /* as announced; "": not */
	char etag[HTTP_ETAG_MAX]; /* "": none */
};

struct manifest_put {
	struct slice bytes;
	const struct descriptor *descriptor;
	const struct manifest *manifest; /* the parsed bytes */
	const char *tag;                 /* NULL: by digest */
	bool list;            /* layout: name it in index.json even without tag */
	const char *if_match; /* NULL: unconditionally; "": only if there is none */
	/* part of read, change, write: no second attempt, which would be late */
	bool is_update;
	bool conflict;     /* out: not written, or not surely; read again, */
	uint64_t wait_ms;  /* out: after at least so long */
	bool subject_done; /* out: the place keeps referrers itself */
};

/*
 * Reading. What moves blobs (here read_blob, has_blob, open_blob, below put_blob,
 * receive_blob, mount_blob) may be called by several threads at once, for different
 * blobs; the rest only by one.
 */
struct repository_ops {
	/* digest NULL: the tag (NULL: default). Appends at most LIMIT_MANIFEST_BYTES. */
	int (*read_manifest)(struct repository *repository, const char *tag,
		const struct digest *digest, struct buffer *out,
		struct tag_answer *ret_answer, struct error *err);
	/* Into a writer that checks; *ret_found false: nothing was written. */
	int (*read_blob)(struct repository *repository,
		const struct descriptor *descriptor, struct writer *out, bool *ret_found,
		struct error *err);
	int (*has_blob)(struct repository *repository,
		const struct descriptor *descriptor, bool *ret_found, struct error *err);
	/* Those that the place itself knows, without the fallback index. */
	int (*referrers)(struct repository *repository, const struct digest *subject,
		struct arena *arena, struct descriptor_list *list, struct error *err);
	/* Unsorted, may repeat; in the arena. */
	int (*tags)(struct repository *repository, struct arena *arena,
		const char ***ret_tags, size_t *ret_count, struct error *err);
	/* The blob as a file, unverified; ERR_INPUT if absent. May be NULL. */
	int (*open_blob)(struct repository *repository,
		const struct descriptor *descriptor, int *ret_fd, struct error *err);
	/* All that index.json lists; may be NULL. */
	int (*entries)(struct repository *repository, struct arena *arena,
		struct descriptor_list *list, struct error *err);
	void (*needs)(
		const struct repository *repository, struct repository_needs *needs);
	void (*close)(void *context);
};

/* Changing: a table of its own, named only by what opens a repository for it. */
struct repository_write_ops {
	int (*put_blob)(struct repository *repository, const struct blob_source *source,
		const struct descriptor *descriptor, struct error *err);
	int (*put_manifest)(struct repository *repository, struct manifest_put *put,
		struct error *err);
	/* Around a read-modify-write; may be NULL. */
	int (*lock)(struct repository *repository, struct error *err);
	void (*unlock)(struct repository *repository);
	/* Takes a blob of another place without a file in between; may be NULL. */
	int (*receive_blob)(struct repository *repository, struct repository *from,
		const struct descriptor *descriptor, const struct blob_watch *watch,
		struct error *err);
	/* Takes a blob over from another repository of the same registry; may be NULL. */
	int (*mount_blob)(struct repository *repository, struct repository *from,
		const struct descriptor *descriptor, bool *ret_done, struct error *err);
	/* Sweeping; all three NULL: never. False: not now, somebody else uses it. */
	bool (*begin_sweep)(struct repository *repository);
	void (*end_sweep)(struct repository *repository);
	/* In between: removes all blobs but these. */
	int (*keep_only)(struct repository *repository,
		const struct descriptor_list *blobs, struct error *err);
	/* May be NULL. */
	int (*commit)(struct repository *repository, struct error *err);
};

struct repository {
	const struct repository_ops *ops;
	const struct repository_write_ops *write; /* NULL: opened for reading */
	void *context;
	struct arena *arena;
	const char *name;
	bool is_registry;
	struct repository_options options;
	struct map *manifests; /* digest text → struct slice in the arena: read once, used
				  often */
	size_t cached_bytes;
	unsigned reads; /* into memory, for options.bounded */
	uint64_t read_bytes;
	double deadline;         /* on the monotonic clock; 0: none */
	struct written *written; /* what to look at again (settle.c) */
	double slowest_update;   /* seconds from reading to having written */
};

/* Before so many bytes are read into memory; ERR_INPUT where options.bounded ends. */
MUST_USE int repository_count_read(
	struct repository *repository, uint64_t bytes, struct error *err);

MUST_USE int layout_open(const struct reference *reference, struct repository *repository,
	struct error *err);
/* The same, made if the options say so. */
MUST_USE int layout_open_to_write(const struct reference *reference,
	struct repository *repository, struct error *err);
MUST_USE int registry_open(const struct reference *reference,
	struct repository *repository, struct error *err);
MUST_USE int registry_open_to_write(const struct reference *reference,
	struct repository *repository, struct error *err);
/* Without a place yet; for the two ways of opening. */
MUST_USE int repository_new(const struct repository_options *options,
	struct repository **ret_repository, struct error *err);

/* Verified bytes by digest, from memory if they were read before. Borrowed from the
 * repository. */
MUST_USE int repository_manifest_bytes(struct repository *repository,
	const struct descriptor *descriptor, struct slice *ret_bytes, bool *ret_found,
	struct error *err);
/* The same, parsed. */
MUST_USE int repository_load_manifest(struct repository *repository,
	const struct descriptor *descriptor, struct manifest **ret_manifest,
	bool *ret_found, struct error *err);
/* ERR_BUG if it was opened for reading. */
MUST_USE int repository_need_writable(
	const struct repository *repository, struct error *err);
/* What the place has under the tag, now. */
MUST_USE int repository_read_tag(struct repository *repository, const char *tag,
	struct buffer *bytes, struct tag_answer *ret_answer, struct error *err);
/* The descriptor of bytes that are about to be used, its texts in the repository.
 * answer: what was announced of them; NULL: nothing. */
MUST_USE int repository_describe(struct repository *repository, struct slice bytes,
	const struct tag_answer *answer, struct descriptor *ret_descriptor,
	struct error *err);
/* Keeps the bytes for the next time. */
MUST_USE int repository_remember(struct repository *repository,
	const struct digest *digest, struct slice bytes, struct slice *ret_kept,
	struct error *err);
/* All that the place lists and what that reaches, without reading blobs. */
MUST_USE int repository_reach(struct repository *repository, struct arena *arena,
	struct descriptor_list *ret_reached, struct error *err);
/* repository_copy_blob_to with somebody who watches. */
MUST_USE int repository_watch_blob_to(struct repository *repository,
	const struct descriptor *descriptor, const struct blob_watch *watch,
	struct writer *out, struct error *err);
/* What an index says of a manifest with these bytes: type, artifact type, annotations. */
MUST_USE int descriptor_of_manifest(struct slice bytes, const struct manifest *manifest,
	struct descriptor *ret_descriptor, struct error *err);
/* Of a source whose digest and size are known. */
MUST_USE int repository_put_source(struct repository *repository,
	const struct blob_source *source, const struct descriptor *descriptor,
	struct error *err);
/* as: media type (NULL: what the document says) and the algorithm of the digest. */
MUST_USE int repository_put(struct repository *repository, struct slice bytes,
	const struct descriptor *as, const char *tag, bool list,
	struct descriptor *ret_descriptor, struct error *err);

/* "sha256-<hex>" + suffix, as the fallback tag schema cuts it (distribution-spec v1.1).
 */
#define REFERRERS_TAG_MAX 128
void referrers_tag(
	const struct digest *subject, const char *suffix, char tag[REFERRERS_TAG_MAX]);
/*
 * What a list of referrers says of a manifest: its artifact type, else that of its
 * configuration (distribution-spec v1.1, "Listing Referrers"). Borrows from both.
 */
struct descriptor referrers_entry(
	const struct descriptor *descriptor, const struct manifest *manifest);
/* An index, or ERR_INPUT. */
MUST_USE int referrers_parse_fallback(
	struct slice bytes, struct manifest **ret_index, struct error *err);
/* The index `present` (empty: none) with these entries, which replace older ones of the
 * same digest. Appends. */
MUST_USE int referrers_unite(struct slice present, const struct descriptor *entries,
	size_t count, struct buffer *changed, struct error *err);
/* Puts the manifest's entry into the fallback index of its subject. */
MUST_USE int referrers_add_fallback(struct repository *repository,
	const struct digest *subject, const struct descriptor *entry, struct error *err);

/* repository_update_manifest; *ret_wrote: there was something to change. */
MUST_USE int repository_update(struct repository *repository, const char *tag,
	const char *media_type, repository_change *change, void *context,
	struct descriptor *ret_descriptor, bool *ret_wrote, struct error *err);
/* Notes what was written under a tag by read, change, write. */
MUST_USE int settle_remember(struct repository *repository, const char *tag,
	const char *media_type, struct slice bytes, struct error *err);

#endif
