/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the files that make a lock: toolchain_pin.c (groups, the document),
 * toolchain_apt.c (which packages they need), toolchain_uris.c (what apt says),
 * toolchain_changes.c (what is other than before).
 */
#ifndef BUILDER_SOURCE_TOOLCHAIN_PIN_PRIVATE_H
#define BUILDER_SOURCE_TOOLCHAIN_PIN_PRIVATE_H

#include "builder/source/toolchain_private.h"

/* ---- toolchain_uris.c ---- */

/*
 * A Debian name of a package, suite, component or architecture: small letters, digits,
 * "+", "-" and "."; nothing that apt takes for an option, a pattern or a second line.
 */
bool toolchain_is_debian_name(const char *name);
/*
 * Lines as "apt-get --print-uris" prints them with Acquire::ForceHash:
 *	'MIRROR/pool/main/g/gawk/gawk_5.2.1-2%2bb1_amd64.deb'
 *gawk_1%3a5.2.1-2+b1_amd64.deb 673000 SHA256:HEX URI and version percent-encoded. Any
 *other line, or one package twice, is ERR_INPUT. From the arena, in the order of the
 *lines; at most LIMIT_TOOLCHAIN_NAMES.
 */
MUST_USE int toolchain_parse_uris(struct slice text, const char *mirror,
	struct arena *arena, struct toolchain_deb **ret_debs, size_t *ret_count,
	struct error *err);

/* ---- toolchain_apt.c ---- */

struct apt {
	const char *mirror;
	struct store *store;
	struct arena *arena; /* borrowed, as the two above */
	char folder[128];    /* relative to the store; removed by apt_done */
	const char *root;    /* the same, absolute */
	int fd, rules;
	const char *environment[16];
	size_t environment_count;
};
#define APT_INIT    ((struct apt){.fd = -1, .rules = -1})
#define cleanup_apt CLEANUP(apt_done)
void apt_done(struct apt *apt);
/*
 * Fetches the index of the toolchain's suite; mirror, store and arena are set before.
 * ERR_REFUSED if no key of the keyring signed it, if a file is not what was signed, or if
 * it is another suite; ERR_NETWORK if it cannot be had.
 */
MUST_USE int apt_begin(struct apt *apt, const struct toolchain *toolchain,
	struct slice keyring, struct error *err);
/* The packages of these names and all that they depend on. */
MUST_USE int apt_resolve(struct apt *apt, const struct recipe_list *names,
	struct toolchain_deb **ret_debs, size_t *ret_count, struct error *err);

#endif
