/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A place that holds manifests and blobs: an OCI layout on disk, or one repository of a
 * registry. Signing, attaching, pushing, pulling and verifying work on this,
 * so they are the same for both. Whatever is read is checked against the digest and size
 * that asked for it.
 *
 * "Not there" and "could not look" are different: *ret_found false is the first;
 * the second is an error (ERR_NETWORK, ERR_SYSTEM).
 */
#ifndef OCI_REPOSITORY_H
#define OCI_REPOSITORY_H

#include "base/stream.h"
#include "oci/manifest.h"
#include "oci/reference.h"

struct repository;
#define cleanup_repository CLEANUP(repository_close)

struct repository_options {
	bool create;     /* layout: make it if absent; writable, then */
	bool writable;   /* what changes it may be called; registry: ask for push scope */
	bool plain_http; /* allow http to a host that is not loopback */
	const char *user, *password; /* NULL: credential files (oci/credentials.h) */
	bool anonymous;              /* do not look for credentials */
	bool bounded; /* reads LIMIT_VERIFY_READS documents and LIMIT_VERIFY_BYTES of
			 them at most: whoever can write there does not decide how much */
	unsigned seconds_max;   /* all requests together; 0: no limit */
	bool early_credentials; /* look for them when opening: later nothing can be run */
	uint64_t chunk_bytes; /* registry: blobs above this go up in pieces; 0: 64 MiB */
	unsigned retry_delay_ms; /* first pause before another attempt; 0: 1000 */
};

MUST_USE int repository_open(const struct reference *reference,
	const struct repository_options *options, struct repository **ret_repository,
	struct error *err);
/*
 * The same for reading only: ERR_BUG if the options ask for more. A program that opens
 * with nothing else has no code that writes: the linker finds no way to it.
 */
MUST_USE int repository_open_to_read(const struct reference *reference,
	const struct repository_options *options, struct repository **ret_repository,
	struct error *err);
/*
 * Makes what was put last: an oci-archive is written (canonical tar, replaced as a
 * whole; closing without it leaves the old one), and at a registry repository_settle; in
 * a directory everything is in place already.
 */
MUST_USE int repository_commit(struct repository *repository, struct error *err);
void repository_close(struct repository **repository);
/* "oci:DIR" or "HOST/NAME": for messages and docker-reference. Borrowed. */
const char *repository_name(const struct repository *repository);
bool repository_is_registry(const struct repository *repository);
/*
 * What reading takes from now on, so that the process can be confined to it: a layout's
 * directory (borrowed; -1: none), a registry's ports. A token server or storage
 * elsewhere is expected at port 443.
 */
struct repository_needs {
	int directory;
	bool network;
	uint16_t ports[16];
	size_t port_count;
};
void repository_get_needs(
	const struct repository *repository, struct repository_needs *ret_needs);

/*
 * tag or "sha256:…"; NULL: the only image of a layout (ERR_INPUT if there are several),
 * "latest" of a registry. The descriptor's texts live in the repository.
 */
MUST_USE int repository_resolve(struct repository *repository, const char *tag_or_digest,
	struct descriptor *ret_descriptor, bool *ret_found, struct error *err);
/* What a reference names: its digest if it has one, else its tag, else as NULL above.
 * ERR_INPUT if absent. */
MUST_USE int repository_resolve_reference(struct repository *repository,
	const struct reference *reference, struct descriptor *ret_descriptor,
	struct error *err);
/* Manifest or index bytes, at most LIMIT_MANIFEST_BYTES, verified. Appends. ERR_INPUT if
 * absent. */
MUST_USE int repository_read_manifest(struct repository *repository,
	const struct descriptor *descriptor, struct buffer *out, struct error *err);
/* A blob of at most max bytes, verified. Appends. */
MUST_USE int repository_read_blob(struct repository *repository,
	const struct descriptor *descriptor, size_t max, struct buffer *out,
	struct error *err);
/* Passes the blob to a writer, verified (an error after the fact if it does not match).
 */
MUST_USE int repository_copy_blob_to(struct repository *repository,
	const struct descriptor *descriptor, struct writer *out, struct error *err);
MUST_USE int repository_has_blob(struct repository *repository,
	const struct descriptor *descriptor, bool *ret_found, struct error *err);

MUST_USE int repository_put_blob(struct repository *repository, struct slice bytes,
	struct descriptor *descriptor /* in: media_type; out: digest, size */,
	struct error *err);
/* A large blob from a file descriptor's start, whose digest and size are known (and
 * checked by a layout). */
MUST_USE int repository_put_blob_fd(struct repository *repository, int fd,
	const struct descriptor *descriptor, struct error *err);
/*
 * Stores manifest bytes, by digest, and under the tag unless it is NULL. If the document
 * has a subject and the place has no referrers API, the fallback index (tag sha256-<hex>)
 * is updated as distribution-spec v1.1 asks. A tag that moves: the old manifest stays.
 */
MUST_USE int repository_put_manifest(struct repository *repository, struct slice bytes,
	const char *media_type, const char *tag, struct descriptor *ret_descriptor,
	struct error *err);

/*
 * Read, change, write of the manifest under a tag, so that nobody's change is lost: a
 * layout is locked meanwhile; at a registry the write is conditional where it offers
 * ETags, and repository_settle looks at it again. change may therefore be called several
 * times; it gets the present bytes (empty: no such tag) and appends the new ones to
 * `changed` (nothing: leave all as it is). For fallback indexes, .sig and .att.
 * ret_descriptor is what the tag names in the end.
 */
typedef int repository_change(
	void *context, struct slice present, struct buffer *changed, struct error *err);
MUST_USE int repository_update_manifest(struct repository *repository, const char *tag,
	const char *media_type, repository_change *change, void *context,
	struct descriptor *ret_descriptor, struct error *err);

/*
 * Looks again at all that repository_update_manifest has changed at a registry, and adds
 * what another writer has overwritten meanwhile. ERR_NETWORK if that does not end.
 */
MUST_USE int repository_settle(struct repository *repository, struct error *err);

/*
 * Who refers to this digest: the API and the fallback index merged, at most
 * LIMIT_REFERRERS. The array and texts live in the given arena.
 */
MUST_USE int repository_referrers(struct repository *repository,
	const struct digest *subject, struct arena *arena, struct descriptor **ret_list,
	size_t *ret_count, struct error *err);
/*
 * The same in two steps, for who may be content with the first: what the place itself
 * lists (the API, index.json), then the fallback index.
 */
enum referrers_source { REFERRERS_LISTED = 1, REFERRERS_FALLBACK = 2 };
MUST_USE int repository_referrers_of(struct repository *repository,
	enum referrers_source source, const struct digest *subject, struct arena *arena,
	struct descriptor_list *ret_list, struct error *err);
/* Is it a tag that belongs to signatures and referrers (sha256-<hex>…) rather than to an
 * image? */
bool referrers_tag_is(struct slice tag);
/* All tags, sorted, with those of signatures; in the arena. ERR_INPUT if there is no such
 * repository. */
MUST_USE int repository_tags(struct repository *repository, struct arena *arena,
	const char ***ret_tags, size_t *ret_count, struct error *err);

/*
 * Copies an image (manifest or index with all it holds) and, if asked, its
 * signatures and attestations (.sig, .att tags and referrers, of the index and every
 * child), in the order that a reader never sees an image without them: blobs, children,
 * index, signatures, tag last. tag NULL: none.
 */
#define COPY_PARALLEL_MAX 16 /* registries limit connections, too */
struct repository_copy {
	const struct descriptor *image;
	const char *tag;
	bool with_signatures;
	unsigned parallel; /* blobs at once, at most COPY_PARALLEL_MAX; 0: 4 */
	bool show;         /* a line for each large blob under way (base/log.h) */
	/* bytes so far and in all; by one thread at a time, not always the same; may be
	   NULL */
	void (*progress)(void *context, uint64_t done, uint64_t total);
	void *progress_context;
	uint64_t *ret_sent; /* bytes of blobs that were not there; may be NULL */
};
MUST_USE int repository_copy(struct repository *from, struct repository *to,
	const struct repository_copy *copy, struct error *err);

/*
 * Integrity: everything that the image reaches (NULL: all that a layout's index.json
 * lists) is there with the right size and digest. ERR_REFUSED says which is not.
 */
MUST_USE int repository_check(
	struct repository *repository, const struct descriptor *image, struct error *err);
/*
 * Removes the blobs that nothing listed reaches: what updates of signatures and tags have
 * left behind. Layouts only; a registry is left as it is, and so is a layout that
 * somebody else of us has open: what they are about to list or to read stays until the
 * next time.
 */
MUST_USE int repository_sweep(struct repository *repository, struct error *err);

#endif
