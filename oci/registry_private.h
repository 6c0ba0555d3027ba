/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry client (distribution-spec v1.1), shared by its files:
 *	registry.c		opening, manifests and blobs out
 *	registry_lists.c	tags, referrers
 *	registry_call.c		one request: address, redirects, retries
 *	registry_error.c	what an error says
 *	registry_auth.c		challenges, tokens, credentials
 *	registry_put.c		manifests in
 *	registry_upload.c	blobs in
 *
 * Credentials and tokens go to the registry's own origin (scheme, host, port) and, the
 * credentials only, to the realm that this origin names; never along a redirect or to a
 * Location elsewhere.
 */
#ifndef OCI_REGISTRY_PRIVATE_H
#define OCI_REGISTRY_PRIVATE_H

#include <pthread.h>

#include "base/http.h"
#include "oci/challenge.h"
#include "oci/credentials.h"
#include "oci/repository_private.h"
#include "oci/url.h"

struct token {
	const char *scope;
	char *text; /* owned, wiped */
	double expires;
};

struct registry {
	struct http_client
		*client; /* for the registry; with its own CA and client certificate */
	struct http_client *foreign; /* for all other hosts */
	struct arena *arena;         /* its own */
	const char *name;            /* as in the reference */
	const char *repository;
	const char *origin; /* "https://host:port" */
	struct url url;     /* of origin */
	const struct repository_options *options;
	double deadline;   /* of the repository */
	const char *scope; /* "repository:NAME:pull,push" */
	/* Blobs are moved by several threads: this guards what follows, and the arena
	   once the registry is open. */
	pthread_mutex_t mutex;
	struct credential credential;
	bool credential_known, credential_found;
	struct error no_credential;   /* why there is none, found out when opening */
	enum challenge_scheme scheme; /* CHALLENGE_OTHER: nobody asked yet */
	const char *realm, *service;
	struct token *tokens;
	size_t token_count, token_capacity;
	bool rate_warned;
};

/* ---- registry_call.c ---- */

struct registry_call {
	const char *method;
	const char *url;            /* absolute */
	const char *scope;          /* of the token; NULL: the repository's own */
	const char *const *headers; /* NULL-terminated; may be NULL */
	struct slice body;
	const struct blob_source *source; /* instead of body: */
	uint64_t from, len;
	struct writer
		*output; /* a 2xx body goes there, and is resumed if it breaks off */
	uint64_t max_body;
	bool once; /* no second attempt, except after a 401 */
};
/* Any final status is success. ERR_NETWORK, and what the output said. */
MUST_USE int registry_call(struct registry *registry, const struct registry_call *call,
	struct http_response *ret_response, struct error *err);
/* Appends ORIGIN/v2/REPOSITORY and the formatted rest. */
MUST_USE int registry_url(const struct registry *registry, struct buffer *out,
	struct error *err, const char *format, ...) PRINTF_LIKE(4, 5);
/* May we send something to this address because a server named it? ERR_INPUT if not. */
MUST_USE int registry_check_address(const struct registry *registry,
	const struct url *url, bool refuse_local, struct error *err);
/* The header's value as a digest; false if it is absent or none. */
bool registry_header_digest(const struct http_response *response, const char *name,
	struct digest *ret_digest);

/* ---- registry_error.c ---- */

/* Warns, once, when nearly all of the requests that are allowed have been made. */
void registry_note_rate(struct registry *registry, const struct http_response *response);
/* Sets ERR_NETWORK with status and what the body says of it. */
int registry_status_error(
	const struct http_response *response, const char *doing, struct error *err);
/*
 * {"errors":[{"code":"DENIED","message":"…"}]} (distribution-spec v1.1, "Error Codes"):
 * appends the first one's, as they are; false if there is none.
 */
bool registry_first_error(
	struct slice body, struct buffer *ret_code, struct buffer *ret_message);
/* Is the registry only busy? By status, or by what it says. */
bool registry_is_busy(const struct http_response *response);
/* May the same request succeed later? By status, or by what the registry says. */
bool registry_is_transient(const struct http_response *response);
static inline bool registry_is_success(const struct http_response *response)
{
	return response->status >= 200 && response->status <= 299;
}

/* ---- registry_conceal.c ---- */

/*
 * Leaves of an error's body what registry_first_error reads, with stars over the
 * credentials. authorization: what was sent, or NULL. The mutex is held.
 */
void registry_conceal(const struct registry *registry, const char *authorization,
	struct http_response *response);

/* ---- registry_auth.c ---- */

void registry_auth_done(struct registry *registry);
/* From the options, else the files and helpers of docker and podman. What is wrong with
 * them is told when the registry asks for credentials. */
void registry_look_for_credential(struct registry *registry);
/* Heap, or NULL before the first challenge and for anonymous access. */
MUST_USE int registry_authorization(struct registry *registry, const char *scope,
	char **ret_authorization, struct error *err);
/*
 * After a 401: learns what is asked for and forgets what did not help. was_sent: the
 * value that was refused, or NULL. ERR_NETWORK if there is nothing better to send.
 */
MUST_USE int registry_answer_challenge(struct registry *registry,
	const struct http_response *response, const char *was_sent, struct error *err);

/* ---- registry_upload.c ---- */

MUST_USE int registry_put_blob(struct repository *repository,
	const struct blob_source *source, const struct descriptor *descriptor,
	struct error *err);
MUST_USE int registry_mount_blob(struct repository *repository, struct repository *from,
	const struct descriptor *descriptor, bool *ret_done, struct error *err);

/* ---- registry_lists.c ---- */

MUST_USE int registry_tags(struct repository *repository, struct arena *arena,
	const char ***ret_tags, size_t *ret_count, struct error *err);
/* <URL>; rel="next" (RFC 8288), among other links perhaps; false if there is none. */
bool registry_next_link(const struct http_response *response, struct slice *ret_url);
MUST_USE int registry_referrers(struct repository *repository,
	const struct digest *subject, struct arena *arena, struct descriptor_list *list,
	struct error *err);

/* ---- registry_needs.c ---- */

void registry_needs(const struct repository *repository, struct repository_needs *needs);

/* ---- registry.c ---- */

MUST_USE int registry_look_for_blob(struct registry *registry,
	const struct descriptor *descriptor, bool *ret_found, struct error *err);
static inline struct registry *registry_of(const struct repository *repository)
{
	return repository->context;
}

#endif
