/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The APK v2 file (apk-tools 2.x; reference: recipes-packages-images.md section 4): gzip
 * members signature, control, data. Reproducible: same package, same key, same bytes
 * (RSA PKCS#1 v1.5 has no random part).
 */
#ifndef BUILDER_PACKAGE_APK_H
#define BUILDER_PACKAGE_APK_H

#include "builder/package/package.h"

struct secret; /* signing/secret.h */
struct key;    /* signing/key.h */

/* Who signs packages and indexes. */
struct apk_signer {
	const struct secret *secret; /* RSA */
	const char *key_name;        /* in .SIGN.RSA256.<key_name>: "alnage.rsa.pub" */
	/*
	 * A second signature with SHA-1, .SIGN.RSA.<key_name>, for tools that know no
	 * other (apk-tools before 2.12). SHA-1 is broken: whoever relies on it can be
	 * given other bytes.
	 */
	bool sha1;
};

/*
 * Writes the file as a blob of the store and fills package->file … data. signer NULL
 * writes an unsigned package. build_config: text of the control member ".melange.yaml",
 * may be empty.
 */
MUST_USE int apk_write(struct package *package, struct store *store,
	struct slice build_config, const struct apk_signer *signer, int64_t mtime,
	struct error *err);

/*
 * The file of an unsigned package (apk_write without a signer) with the signature put
 * before it: a package is built once, and signed when it leaves the store. signer NULL:
 * as it is.
 */
MUST_USE int apk_write_signed(const struct package *package, struct store *store,
	const struct apk_signer *signer, int64_t mtime, struct writer *out,
	struct error *err);

/* A key that may sign packages, by the file name that signatures use. */
struct apk_trusted_key {
	const char *name; /* "alnage.rsa.pub" */
	const struct key *key;
	bool sha1; /* its signatures with SHA-1 count, too */
};

struct apk_read_options {
	const struct apk_trusted_key *keys; /* none: only the digests are checked */
	size_t key_count;
	bool require_signature;
	const struct digest *control_sha1; /* expected (from an index); may be NULL */
};

/*
 * Reads and verifies a blob: signature, control checksum, datahash, every file's SHA-1.
 * ERR_REFUSED if a signature or checksum does not hold, ERR_INPUT if malformed.
 */
MUST_USE int apk_read(struct store *store, const struct digest *file,
	const struct apk_read_options *options, struct package **ret_package,
	struct error *err);

#endif
