/* SPDX-License-Identifier: Apache-2.0 */
/* What several commands share: opening image references, the recipe folder, keys. */
#ifndef CLI_COMMON_H
#define CLI_COMMON_H

#include "cli/cli.h"
#include "oci/repository.h"

/* Options of commands that talk to a registry; put first in the command's option struct.
 */
struct registry_options {
	bool plain_http;
	const char *user, *password_file;
};
#define REGISTRY_OPTIONS(type)                                                           \
	CLI_OPTION(type, registry.plain_http, "plain-http", CLI_FLAG, NULL,              \
		"allow http to a registry that is not on this machine"),                 \
		CLI_OPTION(type, registry.user, "user", CLI_TEXT, "NAME",                \
			"user name at the registry (else docker's and podman's files)"), \
		CLI_OPTION(type, registry.password_file, "password-file", CLI_TEXT,      \
			"FILE", "file with the password ('-': standard input)")

/* For descriptions. */
#define IMAGE_IS                                                                         \
	"IMAGE is oci:DIR[:TAG], oci-archive:FILE[:TAG] or HOST/NAME[:TAG|@DIGEST]."

struct opened {
	char *password; /* the repository borrows it; wiped at the end */
	struct reference *reference;
	struct repository *repository;
};
#define cleanup_opened CLEANUP(opened_done)
void opened_done(struct opened *opened);
MUST_USE int open_reference(const char *text, const struct registry_options *registry,
	bool create, bool writable, struct opened *ret_opened, struct error *err);
/* For reading: links no code that writes (oci/repository.h). */
MUST_USE int open_reference_to_read(const char *text,
	const struct registry_options *registry, struct opened *ret_opened,
	struct error *err);
/* The same, ready for confinement and within the limits of one verification; with
 * check_blobs it may take as long as the layers take. */
MUST_USE int open_reference_to_verify(const char *text,
	const struct registry_options *registry, bool check_blobs,
	struct opened *ret_opened, struct error *err);
/* The digest, else the tag, else NULL: what repository_resolve makes of that. */
const char *reference_wanted(const struct reference *reference);
/* Resolves what the reference names; ERR_INPUT if it is not there. */
MUST_USE int resolve_reference(
	struct opened *opened, struct descriptor *ret_image, struct error *err);

/* What build roots are made of, for commands that plan builds. */
struct root_options {
	struct cli_list repositories, keyring;
	const char *build_root, *trust;
	bool accept_sha1;
};
#define ROOT_OPTIONS(type)                                                               \
	CLI_OPTION(type, roots.repositories, "repository", CLI_LIST, "URL|DIR",          \
		"apk repository that build roots are made of"),                          \
		CLI_OPTION(type, roots.keyring, "keyring", CLI_LIST, "URL|FILE",         \
			"public key that signs its index"),                              \
		CLI_OPTION(type, roots.build_root, "build-root", CLI_TEXT, "KIND",       \
			"repositories or toolchain, whatever the recipes say"),          \
		CLI_OPTION(type, roots.accept_sha1, "accept-sha1", CLI_FLAG, NULL,       \
			"accept repositories signed with SHA-1 only"),                   \
		CLI_OPTION(type, roots.trust, "trust", CLI_TEXT, "FILE",                 \
			"keys of repositories need the role 'package' in this "          \
			"trust.yaml")

/* Sets what build_options have of them. *ret_trust is the caller's to free. */
struct build_options;
struct trust;
MUST_USE int take_root_options(const struct root_options *from,
	struct build_options *options, struct trust **ret_trust, struct error *err);

/* --recipes, else ./recipes, else the installed ones. */
const char *recipes_directory(const char *option);

#endif
