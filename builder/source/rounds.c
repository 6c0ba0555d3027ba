/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/source/rounds.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/retry.h"

int rounds_begin(struct rounds *rounds, struct arena *arena, const char *const *names,
	size_t count, struct error *err)
{
	rounds->arena = arena;
	rounds->places = arena_array(arena, count ? count : 1, sizeof(*rounds->places));
	if (!rounds->places)
		return error_set_memory(err);
	for (size_t i = 0; i < count; i++)
		rounds->places[i] = (struct rounds_place){.name = names[i]};
	rounds->count = count;
	rounds->last_gain = clock_monotonic();
	if (rounds->tries == 0)
		rounds->tries = RETRY_ATTEMPTS;
	if (rounds->wait_max_ms == 0)
		rounds->wait_max_ms = RETRY_STEP_MAX_MS;
	return 0;
}

/* When the first of those that are left may be asked; NULL: none is left. */
static const struct rounds_place *first_left(const struct rounds *rounds)
{
	const struct rounds_place *first = NULL;
	for (size_t i = 0; i < rounds->count; i++) {
		const struct rounds_place *place = &rounds->places[i];
		if (!place->is_out && (!first || place->not_before < first->not_before))
			first = place;
	}
	return first;
}

static bool begin_round(struct rounds *rounds)
{
	const struct rounds_place *first = first_left(rounds);
	double now = clock_monotonic();
	uint64_t wait;
	if (!first || ++rounds->round >= rounds->tries)
		return false;
	wait = retry_backoff(rounds->wait_ms, rounds->wait_max_ms, rounds->round);
	if (first->not_before > now) { /* by at most RETRY_WAIT_MAX_MS */
		uint64_t asked = (uint64_t)((first->not_before - now) * 1000) + 1;
		wait = wait > asked ? wait : asked;
	}
	if (now + (double)wait / 1000 - rounds->last_gain > LIMIT_FETCH_IDLE_SECONDS)
		return false;
	log_verbose("%s: %s; asking again in %llu ms", first->name, first->reason,
		(unsigned long long)wait);
	retry_sleep(wait);
	rounds->next = 0;
	return true;
}

bool rounds_next(struct rounds *rounds, size_t *ret_place)
{
	do {
		while (rounds->next < rounds->count) {
			size_t at = rounds->next++;
			struct rounds_place *place = &rounds->places[at];
			if (place->is_out || place->not_before > clock_monotonic())
				continue;
			place->asked++;
			*ret_place = at;
			return true;
		}
	} while (begin_round(rounds));
	return false;
}

int rounds_note(struct rounds *rounds, size_t at, const struct error *why, bool may_later,
	uint64_t asked_ms, struct error *err)
{
	struct rounds_place *place = &rounds->places[at];
	bool too_long = may_later && asked_ms > RETRY_WAIT_MAX_MS;
	place->is_out = !may_later || too_long;
	place->not_before = clock_monotonic() + (double)asked_ms / 1000;
	place->reason = too_long ? arena_printf(rounds->arena,
					   "%s, and is not to be asked for %llu seconds",
					   why->text, (unsigned long long)asked_ms / 1000)
				 : arena_strdup(rounds->arena, why->text);
	return place->reason ? 0 : error_set_memory(err);
}

int rounds_tell(const struct rounds *rounds, struct buffer *out, struct error *err)
{
	for (size_t i = 0; i < rounds->count; i++) {
		const struct rounds_place *place = &rounds->places[i];
		if (buffer_printf(out, err, "%s%s: %s", i ? "; " : "", place->name,
			    place->reason) < 0 ||
			(place->asked > 1 &&
				buffer_printf(out, err, " (%u times)", place->asked) < 0))
			return err->class;
	}
	return 0;
}
