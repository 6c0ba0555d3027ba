/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packages that several machines share: a repository of a registry (or an OCI layout in
 * a shared folder) beside each machine's own store. What one has built under an input key
 * the others take instead of building it.
 *
 * One tag per input key (its 64 hexadecimal digits) names a manifest of the artifact type
 * application/vnd.alnage.packages.v1: its config is the record, its layers each package's
 * listing and .apk file. Nothing is ever changed or removed.
 *
 * With a key, what is put there is signed, over the input key and the record's digest
 * (which leads to all the rest by digests), and only what that key has signed is taken.
 * Without one, whoever may write there decides what is built with.
 */
#ifndef BUILDER_PACKAGE_STORE_H
#define BUILDER_PACKAGE_STORE_H

#include "builder/make/make.h"

struct secret; /* signing/secret.h */
struct package_store;
#define cleanup_package_store CLEANUP(package_store_close)

/* "HOST/NAME" or "oci:DIR", ERR_USAGE with a tag or digest. The secret is borrowed; NULL:
 * none. */
MUST_USE int package_store_open(const char *reference, const struct secret *secret,
	struct package_store **ret_packages, struct error *err);
void package_store_close(struct package_store **packages);

/*
 * What was built under the item's key comes into the store (make_record_load finds it
 * then); *ret_found false if nobody has built it. ERR_REFUSED if it is not signed by the
 * key.
 */
MUST_USE int package_store_pull(struct package_store *packages,
	const struct plan_item *item, struct store *store, bool *ret_found,
	struct error *err);
/* Unless it is there. */
MUST_USE int package_store_push(struct package_store *packages, const struct made *made,
	struct store *store, struct error *err);

#endif
