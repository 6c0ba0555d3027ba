/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the tests of the registry client: the test registry, compiled in because unit tests
 * link only their layer, and opening it.
 */
#ifndef TESTS_UNIT_OCI_REGISTRY_H
#define TESTS_UNIT_OCI_REGISTRY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "oci/registry_private.h"
#include "tests/registry/registry.c"
#include "tests/unit/oci_fixture.h"

static inline void end_registry(struct test_registry **registry)
{
	test_registry_stop(registry);
}
#define cleanup_registry CLEANUP(end_registry)

static inline int try_open(const struct test_registry *registry, const char *name,
	const struct repository_options *options, struct repository **ret_repository,
	struct error *err)
{
	struct repository_options quick = *options;
	char text[200];

	quick.retry_delay_ms = 1;
	(void)snprintf(text, sizeof(text), "%s/%s", test_registry_host(registry), name);
	return open_text(text, &quick, ret_repository, err);
}

static const struct repository_options anonymous = {.writable = true, .anonymous = true};

static inline struct repository *open_registry(const struct test_registry *registry)
{
	struct repository *repository = NULL;

	MUST(try_open(registry, "team/base", &anonymous, &repository, err));
	return repository;
}

/* Bytes that differ everywhere, so that a wrong offset shows. */
static inline struct descriptor make_blob(struct buffer *out, size_t size)
{
	struct descriptor blob = {.media_type = OCI_LAYER, .size = size};

	for (size_t i = 0; i < size; i++)
		MUST(buffer_add_byte(out, (char)(i * i / 251 + i), err));
	MUST(digest_of(DIGEST_SHA256, buffer_slice(out), &blob.digest, err));
	return blob;
}

static const struct repository_options with_secret = {
	.writable = true, .user = "me", .password = "secret"};
#define SECRET_BASIC "Basic bWU6c2VjcmV0"

#endif
