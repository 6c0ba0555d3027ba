/* SPDX-License-Identifier: Apache-2.0 */
/* When to ask a registry again, and how long to wait before. */
#ifndef OCI_RETRY_H
#define OCI_RETRY_H

#include "base/slice.h"

#define RETRY_ATTEMPTS    5
#define RETRY_WAIT_MAX_MS 60000 /* a server that asks for more is not asked again */

/* 408, 425, 429, 500, 502, 503, 504. */
bool retry_status_is_transient(int status);
/* Retry-After: seconds or an HTTP date (RFC 9110, 10.2.3); false if neither. What is
 * beyond UINT32_MAX seconds is as much. */
bool retry_after_parse(struct slice value, int64_t now, uint64_t *ret_ms);
/*
 * Waits base_ms (0: 1000) * 2^(attempt - 1), capped, with up to a quarter more at random,
 * but not less than at_least_ms. attempt counts from 1.
 */
void retry_pause(unsigned base_ms, unsigned attempt, uint64_t at_least_ms);

#endif
