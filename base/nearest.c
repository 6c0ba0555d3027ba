/* SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"

#define WORD_MAX 64

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* One row of the optimal string alignment table. */
struct rows {
	size_t two_up[WORD_MAX + 1], up[WORD_MAX + 1], now[WORD_MAX + 1];
};

static void next_row(
	struct rows *rows, const char *a, size_t i, const char *b, size_t b_len)
{
	rows->now[0] = i;
	for (size_t j = 1; j <= b_len; j++) {
		size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
		size_t best = min_size(rows->up[j], rows->now[j - 1]) + 1;
		best = min_size(best, rows->up[j - 1] + cost);
		if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
			best = min_size(best, rows->two_up[j - 2] + 1);
		rows->now[j] = best;
	}
}

static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	struct rows rows = {0};
	for (size_t j = 0; j <= b_len; j++)
		rows.now[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		memcpy(rows.two_up, rows.up, sizeof(rows.up));
		memcpy(rows.up, rows.now, sizeof(rows.now));
		next_row(&rows, a, i, b, b_len);
	}
	return rows.now[b_len];
}

const char *nearest_word(const char *word, const char *const *known)
{
	const char *best = NULL;
	size_t best_distance = SIZE_MAX;
	size_t len = strnlen(word, WORD_MAX + 1);
	if (len > WORD_MAX)
		return NULL;
	for (; *known; known++) {
		size_t known_len = strnlen(*known, WORD_MAX + 1);
		if (known_len > WORD_MAX)
			continue;
		size_t longer = len > known_len ? len : known_len;
		size_t found = distance(word, len, *known, known_len);
		if (found <= (longer + 2) / 3 && found < longer &&
			found < best_distance) {
			best = *known;
			best_distance = found;
		}
	}
	return best;
}

char *nearest_hint(const char *word, const char *const *known, char *out)
{
	const char *near = nearest_word(word, known);
	out[0] = '\0';
	if (near)
		(void)snprintf(out, NEAREST_HINT_MAX, " (did you mean '%s'?)", near);
	return out;
}
