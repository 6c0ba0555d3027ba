/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small registry for tests (distribution-spec v1.1), in memory, in a thread of the
 * test, with the referrers API, authentication, and faults on demand. One request at a
 * time, one per connection.
 *
 * A unit test links only its layer's archives, so it includes registry.c itself.
 */
#ifndef TESTS_REGISTRY_REGISTRY_H
#define TESTS_REGISTRY_REGISTRY_H

#include "base/buffer.h"

enum test_auth { TEST_AUTH_NONE = 0, TEST_AUTH_BASIC, TEST_AUTH_BEARER };

struct test_registry_options {
	const char *address; /* NULL: 127.0.0.1 */
	uint16_t port;       /* 0: any free one */
	bool referrers_api;
	bool show_log; /* each request on standard error */
	bool etags;    /* and conditional writes; blobs have them, too */
	bool no_patch; /* PATCH is answered by 405 */
	enum test_auth auth;
	const char *user, *password; /* NULL: anonymous tokens, for pulling and pushing */
	const char *realm;           /* NULL: its own /token */
	const char
		*identity_token; /* if set, the token server takes only this (OAuth2) */
	bool post_only;   /* the token server takes user and password by POST only */
	size_t page_size; /* of tags and referrers; 0: all at once */
	const char *blob_redirect; /* origin that blob GETs are redirected to */
	const char *upload_origin; /* origin that Location of uploads names */
	unsigned min_chunk;        /* OCI-Chunk-Min-Length */
};

enum test_fault_kind {
	TEST_STATUS = 1,   /* answer with this status (and header), do nothing */
	TEST_CLOSE,        /* close without an answer */
	TEST_TRUNCATE,     /* send half of the body, then close */
	TEST_WRONG_BODY,   /* flip a byte */
	TEST_LONGER_BODY,  /* one byte more */
	TEST_LYING_DIGEST, /* Docker-Content-Digest of something else */
	TEST_LYING_TYPE,   /* Content-Type: header */
	TEST_LOSE_ANSWER,  /* do it, then close without an answer */
	TEST_HALF_BODY,    /* take half of the request's body, then close */
	TEST_ENDLESS,      /* a body without length and end */
};

struct test_fault {
	const char *method; /* NULL: any */
	const char *path;   /* part of the path */
	enum test_fault_kind kind;
	int times; /* how often; -1: always */
	int skip;  /* pass over so many matching requests first */
	int status;
	const char *header; /* whole line without CRLF, or NULL */
	const char *body;   /* or NULL */
};

struct test_registry;
/* Fails the process on errors: it is a test. */
struct test_registry *test_registry_start(const struct test_registry_options *options);
void test_registry_stop(struct test_registry **registry);
/* "127.0.0.1:PORT" */
const char *test_registry_host(const struct test_registry *registry);
void test_registry_fault(struct test_registry *registry, const struct test_fault *fault);
void test_registry_no_faults(struct test_registry *registry);
/* The log: one line "METHOD path authorization" per request, since the last clear; behind
 * it "If-Range: …" if there was one.
 * Copied. */
void test_registry_log(struct test_registry *registry, struct buffer *out);
void test_registry_clear_log(struct test_registry *registry);
size_t test_registry_count(
	struct test_registry *registry, const char *method, const char *path);
/* Called (once) just before a manifest is stored under a tag that contains the text. */
void test_registry_before_put(struct test_registry *registry, const char *tag,
	void (*hook)(void *context), void *context);
/* Puts a manifest under a tag or digest without HTTP. */
void test_registry_store_manifest(struct test_registry *registry, const char *repository,
	const char *tag, const char *type, struct slice bytes);
/* Waits for ever. */
void test_registry_wait(struct test_registry *registry);

#endif
