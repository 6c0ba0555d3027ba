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

/* --recipes, else ./recipes, else the installed ones. */
const char *recipes_directory(const char *option);

#endif
