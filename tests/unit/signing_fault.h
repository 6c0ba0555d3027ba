/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests in which the n-th allocation of a library (jansson, OpenSSL) fails, for every
 * n: what is made is then either right or an error, and nothing leaks (run with SAN=1).
 * Both libraries do without some of their allocations.
 */
#ifndef TESTS_UNIT_SIGNING_FAULT_H
#define TESTS_UNIT_SIGNING_FAULT_H

#include "tests/unit/signing_support.h"

#include <jansson.h>
#include <openssl/crypto.h>

/* What is behind the hooks; another where a test has put its own before malloc. */
#ifndef FAULT_MALLOC
#define FAULT_MALLOC  malloc
#define FAULT_REALLOC realloc
#endif

static long countdown = -1; /* until an allocation fails; negative: none does */
static bool fired, in_openssl;

static bool fails(void)
{
	if (countdown < 0 || countdown-- > 0)
		return false;
	fired = true;
	return true;
}

static void *json_allocate(size_t size)
{
	return fails() ? NULL : FAULT_MALLOC(size);
}

static void *crypto_allocate(size_t size, const char *file, int line)
{
	(void)file, (void)line;
	return in_openssl && fails() ? NULL : FAULT_MALLOC(size);
}

static void *crypto_reallocate(void *old, size_t size, const char *file, int line)
{
	(void)file, (void)line;
	if (size == 0) {
		free(old);
		return NULL;
	}
	return in_openssl && fails() ? NULL : FAULT_REALLOC(old, size);
}

static void crypto_release(void *old, const char *file, int line)
{
	(void)file, (void)line;
	free(old);
}

/* ---- with failures ---- */

typedef int job(struct buffer *out, struct error *err);

/* Returns false when there are no more allocations. */
static bool run_once(job *work, long at, struct slice expected)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	int status;

	fired = false;
	countdown = at;
	status = work(&out, &err);
	countdown = -1;
	if (!fired)
		return false;
	if (status < 0) {
		assert_true(error_is_set(&err));
		return true;
	}
	assert_true(slice_equal(buffer_slice(&out), expected));
	return true;
}

static void run(job *work)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer expected = BUFFER_INIT;
	long at = 0;

	assert_ok(work(&expected, &err), &err);
	/* thousands in OpenSSL's decoders: not every one of those, or it takes minutes */
	while (run_once(work, at, buffer_slice(&expected)))
		at += at > 200 ? 17 : 1;
	assert_true(at > 0);
}

/* Before either library allocates anything. */
static bool fault_hook(void)
{
	json_set_alloc_funcs(json_allocate, free);
	return CRYPTO_set_mem_functions(
		       crypto_allocate, crypto_reallocate, crypto_release) == 1;
}

#endif
