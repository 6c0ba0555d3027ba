/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom to believe, in the form that Sigstore gives out (trusted_root.json;
 * protobuf-specs, sigstore_trustroot.proto): transparency logs, certificate authorities,
 * certificate transparency logs, time stamp authorities. A file that the person names;
 * nothing is fetched. Reading is strict: known fields only.
 *
 * Limits: 1 MiB, 64 of each, 16 certificates in a chain.
 */
#ifndef SIGNING_TRUSTED_ROOT_H
#define SIGNING_TRUSTED_ROOT_H

#include "base/arena.h"
#include "base/limits.h"
#include "signing/key.h"

#define TRUSTED_ROOT_BYTES_MAX (1 * MIB)
#define TRUSTED_ITEMS_MAX      64
#define TRUSTED_CHAIN_MAX      16

/* Seconds since 1970, both ends belong to it. */
struct time_window {
	int64_t start, end; /* end is INT64_MAX if there is none */
};
bool time_window_holds(const struct time_window *window, int64_t time);

struct trusted_log {
	const char *base_url;
	struct slice id;            /* what entries name it by */
	struct slice checkpoint_id; /* starts with the key hint of checkpoints */
	struct key *key; /* NULL: of a kind that we cannot check; nothing is accepted */
	struct time_window window;
};

struct trusted_authority {
	const char *uri;
	struct slice *certificates; /* DER; from the leaf's side to the anchor */
	size_t certificate_count;   /* at least one */
	struct time_window window;
};

struct trusted_root {
	struct arena *arena;
	struct trusted_log *logs, *ct_logs;
	size_t log_count, ct_log_count;
	struct trusted_authority *authorities, *timestamp_authorities;
	size_t authority_count, timestamp_authority_count;
};
#define cleanup_trusted_root CLEANUP(trusted_root_free)
void trusted_root_free(struct trusted_root **root);
MUST_USE int trusted_root_parse(
	struct slice json, struct trusted_root **ret_root, struct error *err);
MUST_USE int trusted_root_load(
	const char *path, struct trusted_root **ret_root, struct error *err);

/* The log with this id; NULL if there is none. */
const struct trusted_log *trusted_log_find(
	const struct trusted_log *logs, size_t count, struct slice id);

#endif
