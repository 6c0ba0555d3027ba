/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates for one registry, as docker and podman keep them: in the first of
 *	$XDG_CONFIG_HOME/containers/certs.d (else ~/.config/containers/certs.d)
 *	/etc/containers/certs.d
 *	/etc/docker/certs.d
 * that has a folder HOST:PORT: each *.crt is a CA that is trusted besides the system's,
 * NAME.cert with NAME.key is the client's own.
 */
#ifndef OCI_CERTIFICATES_H
#define OCI_CERTIFICATES_H

#include "base/arena.h"

#define CERTIFICATES_CA_MAX 32

/* Paths, in the arena. */
struct certificates {
	bool found;                              /* there is such a folder */
	const char *ca[CERTIFICATES_CA_MAX + 1]; /* NULL-terminated */
	size_t ca_count;
	const char *certificate, *key; /* NULL: none */
};

/*
 * The grammar of host was checked (oci/reference.h). A folder without permission is
 * passed over; ERR_SYSTEM for one that cannot be read otherwise, ERR_INPUT for a
 * certificate without key, or two of them.
 */
MUST_USE int certificates_find(const char *host, struct arena *arena,
	struct certificates *ret_certificates, struct error *err);

#endif
