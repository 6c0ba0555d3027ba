/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that know the APK formats share. */
#ifndef BUILDER_PACKAGE_APK_PRIVATE_H
#define BUILDER_PACKAGE_APK_PRIVATE_H

#include "builder/package/apk.h"

/* "Q1" and the base64 of a SHA-1: how the formats name packages and contents. Appends. */
MUST_USE int apk_add_checksum(
	struct buffer *out, const struct digest *sha1, struct error *err);
/* The inverse. "X1" + hexadecimal, which old readers know, is refused. */
MUST_USE int apk_parse_checksum(
	struct slice text, struct digest *ret_sha1, struct error *err);

/* ---- lines ---- */

/* ERR_INPUT for a value that would end its line, or is not UTF-8. */
MUST_USE int apk_check_value(struct slice value, const char *what, struct error *err);
/* Name, version and architecture are there and well-formed, and so are the lists. */
MUST_USE int apk_check_package(const struct package *package, struct error *err);

/* ---- signatures ---- */

/*
 * Appends a gzip member with the signature over bytes, ".SIGN.RSA256.<key_name>" (before
 * it ".SIGN.RSA.<key_name>" if the signer wants it), in a tar that does not end. Nothing
 * is appended without a signer.
 */
MUST_USE int apk_add_signature(struct buffer *out, const struct apk_signer *signer,
	int64_t mtime, struct slice bytes, struct error *err);

/* The signatures found in a signature member. */
struct apk_signatures {
	struct arena *arena;
	struct apk_signature {
		const char *key_name;
		struct slice bytes;
		bool sha1;
	} * items;
	size_t count, capacity;
};
/*
 * Is the plain text of a member one of signatures (does its first entry begin with
 * ".SIGN.")? If so they are read; those of other kinds than RSA256 and RSA (SHA-1)
 * are not counted, but allowed.
 */
MUST_USE int apk_read_signatures(struct slice tar, struct apk_signatures *signatures,
	bool *ret_is_signatures, struct error *err);
/*
 * ERR_REFUSED unless one of the signatures is by one of the keys and holds; those with
 * SHA-1 count only where the key says so, and where there is no better one.
 */
MUST_USE int apk_verify_signatures(const struct apk_signatures *signatures,
	const struct apk_trusted_key *keys, size_t key_count, struct slice bytes,
	struct error *err);

/* ---- control ---- */

/* ".pre-install", ".post-install", … ".trigger" */
bool apk_is_script(const char *name);

/* The text of .PKGINFO. Appends. */
MUST_USE int pkginfo_write(
	const struct package *package, struct buffer *out, struct error *err);
/* Fills the package from it. *ret_data is the datahash, unset if the text has none. */
MUST_USE int pkginfo_read(struct slice text, struct package *package,
	struct digest *ret_data, struct error *err);

/* Appends the compressed control member of a package whose `data` is set. */
MUST_USE int apk_write_control(const struct package *package, struct slice build_config,
	int64_t mtime, struct buffer *out, struct error *err);
/* Appends the compressed data member. The plain tar passes through a file in the store.
 */
MUST_USE int apk_write_data(const struct package *package, struct store *store,
	int64_t mtime, struct buffer *out, struct error *err);

/* Files of the plain data tar into the package's tree and the store. */
MUST_USE int apk_read_data(struct package *package, struct store *store,
	struct slice packed, struct error *err);

#endif
