/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of package repositories: from a folder or over https, remembered in the store's
 * folder repositories/ under the SHA-256 of what they are called.
 */
#ifndef BUILDER_PLAN_EXTERNAL_FETCH_H
#define BUILDER_PLAN_EXTERNAL_FETCH_H

#include "base/http.h"
#include "base/store.h"

struct external_places {
	struct store *store;
	struct http_client *client; /* NULL: made when it is needed */
	bool offline;               /* only what is remembered, and folders */
};

bool external_is_remote(const char *location);
/* The whole file, at most max bytes, into the store. It is not remembered yet. */
MUST_USE int external_fetch(struct external_places *places, const char *location,
	uint64_t max, struct digest *ret_blob, struct error *err);

/* What is known of a name: blob and a number (a date). *ret_found false if nothing. */
struct external_note {
	struct digest blob;
	int64_t date;
};
MUST_USE int external_recall(struct store *store, const char *name,
	struct external_note *ret_note, bool *ret_found, struct error *err);
/* A later date that another process noted meanwhile stays. */
MUST_USE int external_remember(struct store *store, const char *name,
	const struct external_note *note, struct error *err);
/* The file in the store that holds the note, for remedies; heap. */
MUST_USE int external_note_path(
	const struct store *store, const char *name, char **ret_path, struct error *err);

#endif
