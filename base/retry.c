/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/random.h>
#include <time.h>

#include "base/clock.h"
#include "base/retry.h"

#define BASE_MS 1000

bool retry_status_is_transient(int status)
{
	static const int transient[] = {408, 425, 429, 500, 502, 503, 504};

	for (size_t i = 0; i < ARRAY_LEN(transient); i++)
		if (status == transient[i])
			return true;
	return false;
}

/* "Wed, 21 Oct 2015 07:28:00 GMT" (RFC 9110, 5.6.7: IMF-fixdate only) as RFC 3339. */
static bool parse_date(struct slice value, int64_t *ret_time)
{
	static const struct slice months = SLICE("JanFebMarAprMayJunJulAugSepOctNovDec");
	struct error ignored = ERROR_INIT;
	char text[CLOCK_TEXT_MAX];
	size_t month;

	if (value.len != 29 || !slice_ends_with(value, SLICE(" GMT")))
		return false;
	month = slice_find(months, slice_sub(value, 8, 3));
	if (month == SIZE_MAX || month % 3 != 0)
		return false;
	(void)snprintf(text, sizeof(text), "%.4s-%02u-%.2sT%.8sZ", value.data + 12,
		(unsigned)(month / 3 + 1), value.data + 5, value.data + 17); /* 20 */
	return clock_parse(slice_str(text), ret_time, &ignored) == 0;
}

static bool is_number(struct slice value)
{
	size_t digits = 0;

	while (digits < value.len && value.data[digits] >= '0' &&
		value.data[digits] <= '9')
		digits++;
	return digits != 0 && digits == value.len;
}

bool retry_after_parse(struct slice value, int64_t now, uint64_t *ret_ms)
{
	struct error ignored = ERROR_INIT;
	uint64_t seconds = 0;
	int64_t time;

	value = slice_trim(value);
	if (is_number(value)) {
		if (slice_parse_u64(value, 10, UINT32_MAX, &seconds, &ignored) < 0)
			seconds = UINT32_MAX; /* a longer time is no shorter wait */
	} else {
		if (!parse_date(value, &time))
			return false;
		seconds = time > now ? (uint64_t)(time - now) : 0; /* positive */
	}
	*ret_ms = (seconds < UINT32_MAX ? seconds : UINT32_MAX) * 1000;
	return true;
}

bool retry_error_is_transient(const struct error *err)
{
	/* what has a remedy (certificates) or is refused will be so again */
	return err->class == ERR_NETWORK && err->sys == 0 && !err->remedy[0];
}

uint64_t retry_asked_wait(const struct http_response *response)
{
	struct slice value;
	uint64_t ms = 0;

	if (!http_response_header(response, "retry-after", &value) ||
		!retry_after_parse(value, clock_now(), &ms))
		ms = 0;
	return ms;
}

uint64_t retry_backoff(uint64_t base_ms, uint64_t most_ms, unsigned attempt)
{
	uint64_t wait = base_ms ? base_ms : BASE_MS;
	uint16_t random = 0;

	for (unsigned i = 1; i < attempt && wait < most_ms; i++)
		wait *= 2;
	if (wait > most_ms)
		wait = most_ms;
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = 0; /* then without jitter */
	return wait + wait * random / (4 * (uint64_t)UINT16_MAX);
}

void retry_sleep(uint64_t ms)
{
	struct timespec time = {
		.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};

	while (nanosleep(&time, &time) < 0 && errno == EINTR)
		continue;
}

void retry_pause(unsigned base_ms, unsigned attempt, uint64_t at_least_ms)
{
	uint64_t wait = retry_backoff(base_ms, RETRY_STEP_MAX_MS, attempt);

	retry_sleep(wait < at_least_ms ? at_least_ms : wait);
}
