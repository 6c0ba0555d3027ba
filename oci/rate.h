/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many requests a registry still allows: "ratelimit-limit: 100;w=21600" and
 * "ratelimit-remaining: 76;w=21600", w the window in seconds, as Docker Hub writes them.
 */
#ifndef OCI_RATE_H
#define OCI_RATE_H

#include "base/http.h"

struct rate {
	uint64_t limit, remaining;
	uint64_t window_seconds; /* 0: not said */
};

/* False if the answer does not say, or nothing sensible. */
bool rate_read(const struct http_response *response, struct rate *ret_rate);
/* A tenth is left, or less. */
bool rate_is_low(const struct rate *rate);

#define RATE_TEXT_MAX 128
/* "9 of 100 requests per 21600 s are left" */
void rate_format(const struct rate *rate, char out[RATE_TEXT_MAX]);

#endif
