/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registry credentials as docker and podman keep them. The first file that says something
 * about the registry counts:
 *	$REGISTRY_AUTH_FILE
 *	$DOCKER_CONFIG/config.json
 *	$XDG_RUNTIME_DIR/containers/auth.json
 *	$XDG_CONFIG_HOME/containers/auth.json (else ~/.config/containers/auth.json)
 *	~/.docker/config.json
 * Within a file: credHelpers for the host, then auths (most specific key first: host/a/b,
 *host/a, host), then credsStore. Hosts match as a whole, never by a part. Docker Hub's
 *old key https://index.docker.io/v1/ stands for docker.io.
 *
 * Helpers (docker-credential-NAME get) run without a shell and with a time limit.
 */
#ifndef OCI_CREDENTIALS_H
#define OCI_CREDENTIALS_H

#include "base/slice.h"

#define CREDENTIALS_FILE_BYTES     (1024 * 1024)
#define CREDENTIALS_HELPER_SECONDS 30

/* Owned texts; NULL: not given. */
struct credential {
	char *user, *password;
	char *identity_token; /* for the token server only (OAuth2) */
	char *registry_token; /* sent as it is */
};
#define cleanup_credential CLEANUP(credential_done)
void credential_done(struct credential *credential); /* wipes */

/*
 * *ret_found false: none, be anonymous. ERR_INPUT for a malformed file, ERR_SYSTEM for a
 * helper that fails: that is not "none".
 */
MUST_USE int credentials_find(const char *registry, const char *repository,
	struct credential *ret_credential, bool *ret_found, struct error *err);
/* The same in the bytes of one file, whose name is for messages. */
MUST_USE int credentials_in_file(struct slice bytes, const char *name,
	const char *registry, const char *repository, struct credential *ret_credential,
	bool *ret_found, struct error *err);

#endif
