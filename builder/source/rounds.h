/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several places for the same thing, asked in turn. Who was only busy or broke off is
 * asked again, after all others: nobody waits as long as there is a place to try. Before
 * another round there is a pause, which grows; a server that asks for a longer one
 * (Retry-After) gets it, up to RETRY_WAIT_MAX_MS. The last round begins at most
 * LIMIT_FETCH_IDLE_SECONDS after something came.
 */
#ifndef BUILDER_SOURCE_ROUNDS_H
#define BUILDER_SOURCE_ROUNDS_H

#include "base/arena.h"
#include "base/buffer.h"

struct rounds_place {
	const char *name, *reason; /* why it did not do; NULL: not asked yet */
	unsigned asked;
	bool is_out;
	double not_before; /* of clock_monotonic() */
};

struct rounds {
	struct arena *arena;
	struct rounds_place *places;
	size_t count, next;
	unsigned round, tries; /* 0: RETRY_ATTEMPTS */
	uint64_t wait_ms, wait_max_ms;
	double last_gain; /* when something came; set it */
};

/* wait_ms is the first pause, at most wait_max_ms the later ones. The names are borrowed.
 */
MUST_USE int rounds_begin(struct rounds *rounds, struct arena *arena,
	const char *const *names, size_t count, struct error *err);
/* The next place to ask, maybe after a pause; false: it was all in vain. */
bool rounds_next(struct rounds *rounds, size_t *ret_place);
/* It did not do. May it later, and how long does it want to be left alone? */
MUST_USE int rounds_note(struct rounds *rounds, size_t place, const struct error *why,
	bool may_later, uint64_t asked_ms, struct error *err);
/* "PLACE: why; PLACE: why (3 times)"; appends. */
MUST_USE int rounds_tell(
	const struct rounds *rounds, struct buffer *out, struct error *err);

#endif
