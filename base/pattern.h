/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regular expressions as melange recipes and cosign's options mean them (RE2's syntax),
 * leftmost-first, matched in time linear in pattern times text, whatever the pattern.
 * POSIX regcomp is not used: \d, lazy repetition and the choice between alternatives
 * differ there, and glibc's is not bounded.
 *
 * Understood: literals, escapes of punctuation, \n \t \r \f \v, \d \D \w \W \s \S, \b \B,
 * \A \z, ^ $ (text begin and end), ., [...] with ranges, negation and [:class:], ( ),
 * (?: ), (?P<name> ), |, * + ? {n} {n,} {n,m}, each also lazy with a ?. Flags (?i),
 * Unicode classes and back-references are refused. ASCII only.
 */
#ifndef BASE_PATTERN_H
#define BASE_PATTERN_H

#include "base/arena.h"
#include "base/buffer.h"

struct pattern;

/* ERR_INPUT for a syntax error, LIMIT_PATTERN_BYTES or LIMIT_PATTERN_STATES. */
MUST_USE int pattern_compile(const char *text, struct arena *arena,
	struct pattern **ret_pattern, struct error *err);

/* The same, for all of a text: "a|b" is neither in "ab" nor in "xb". */
MUST_USE int pattern_compile_whole(const char *text, struct arena *arena,
	struct pattern **ret_pattern, struct error *err);
/* Is there a match in the text? ERR_INPUT as for pattern_replace. */
MUST_USE int pattern_matches(const struct pattern *pattern, struct slice text,
	bool *ret_matches, struct error *err);

/* How much matching all patterns of one recipe may cost, in steps of single threads. */
#define PATTERN_WORK_MAX ((size_t)50 * 1000 * 1000)

/*
 * Appends text with every match replaced. In replacement $1 ${1} $name ${name} stand for
 * groups (an unknown one is empty; $1x means the group called "1x"), $$ is a dollar; any
 * other $ is itself. What it cost is taken off *work_left. ERR_INPUT for text that is not
 * ASCII, too long, or takes more work than is left.
 */
MUST_USE int pattern_replace(const struct pattern *pattern, struct slice text,
	struct slice replacement, size_t *work_left, struct buffer *out,
	struct error *err);

#endif
