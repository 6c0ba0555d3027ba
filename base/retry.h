/* SPDX-License-Identifier: Apache-2.0 */
/* When to ask a server again, and how long to wait before. */
#ifndef BASE_RETRY_H
#define BASE_RETRY_H

#include "base/http.h"

#define RETRY_ATTEMPTS    5
#define RETRY_STEP_MAX_MS 16000 /* of the pauses of our own, before jitter */
#define RETRY_WAIT_MAX_MS 60000 /* a server that asks for more is not asked again */

/* 408, 425, 429, 500, 502, 503, 504. */
bool retry_status_is_transient(int status);
/* May pass by itself: a network error without sys (nobody there, no TLS) or remedy. */
bool retry_error_is_transient(const struct error *err);
/* Retry-After: seconds or an HTTP date (RFC 9110, 10.2.3); false if neither. What is
 * beyond UINT32_MAX seconds is as much. */
bool retry_after_parse(struct slice value, int64_t now, uint64_t *ret_ms);
/* What an answer's Retry-After says in milliseconds, 0 without. */
uint64_t retry_asked_wait(const struct http_response *response);
/* base_ms (0: 1000) * 2^(attempt - 1), at most most_ms, and up to a quarter more at
 * random. attempt counts from 1. */
uint64_t retry_backoff(uint64_t base_ms, uint64_t most_ms, unsigned attempt);
void retry_sleep(uint64_t ms);
/*
 * Sleeps for retry_backoff() with a cap of our own, but not less than at_least_ms.
 */
void retry_pause(unsigned base_ms, unsigned attempt, uint64_t at_least_ms);

#endif
