/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "Did you mean …?": the known word that is closest to a misspelt one.
 */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include "base/defs.h"

/*
 * The word of the NULL-terminated list with the smallest edit distance
 * (insertions, deletions, substitutions and swaps of neighbours count 1 each),
 * or NULL if none is near enough to be meant: at most a third of the longer of
 * the two, rounded up. Words longer than 64 bytes are never near. Borrowed.
 */
const char *nearest_word(const char *word, const char *const *known);

/* " (did you mean 'x'?)" into out, or "" if nothing is near. Returns out. */
#define NEAREST_HINT_MAX 96
char *nearest_hint(const char *word, const char *const *known, char *out);

#endif
