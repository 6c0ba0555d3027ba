/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "oci/rate.h"

static bool read_number(struct slice text, uint64_t *ret_number)
{
	struct error ignored = ERROR_INIT;

	return slice_parse_u64(slice_trim(text), 10, UINT32_MAX, ret_number, &ignored) ==
	       0;
}

/* The number before the first ";" or ",", and w if it is there. */
static bool read_header(const struct http_response *response, const char *name,
	uint64_t *ret_number, uint64_t *window)
{
	struct slice value, part, key;

	if (!http_response_header(response, name, &value) ||
		!slice_cut(&value, ',', &part))
		return false;
	value = part;
	if (!slice_cut(&value, ';', &part) || !read_number(part, ret_number))
		return false;
	while (slice_cut(&value, ';', &part))
		if (slice_cut(&part, '=', &key) &&
			slice_equal_str(slice_trim(key), "w") &&
			!read_number(part, window))
			*window = 0;
	return true;
}

bool rate_read(const struct http_response *response, struct rate *ret_rate)
{
	struct rate rate = {0};

	if (!read_header(
		    response, "ratelimit-limit", &rate.limit, &rate.window_seconds) ||
		!read_header(response, "ratelimit-remaining", &rate.remaining,
			&rate.window_seconds) ||
		rate.limit == 0)
		return false;
	*ret_rate = rate;
	return true;
}

bool rate_is_low(const struct rate *rate)
{
	return rate->remaining <= rate->limit / 10;
}

void rate_format(const struct rate *rate, char out[RATE_TEXT_MAX])
{
	char window[32] = "";

	if (rate->window_seconds != 0)
		(void)snprintf(window, sizeof(window), " per %llu s",
			(unsigned long long)rate->window_seconds); /* 5 + 10 + 2 */
	(void)snprintf(out, RATE_TEXT_MAX, "%llu of %llu requests%s are left",
		(unsigned long long)rate->remaining, (unsigned long long)rate->limit,
		window); /* 3 numbers of 10 digits */
}
