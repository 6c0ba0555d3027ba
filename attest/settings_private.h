/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading settings files (trust.yaml, policy.yaml), where nothing may be ignored: a key
 * that is there must have a value of the right kind; empty texts, empty lists and words
 * said twice are errors. Errors are ERR_INPUT as file:line:column.
 *
 * Each setting_…: *ret stays as it was if the key is absent.
 */
#ifndef ATTEST_SETTINGS_PRIVATE_H
#define ATTEST_SETTINGS_PRIVATE_H

#include "base/yaml.h"

#define SETTING_ITEMS_MAX 1024 /* in one list */

struct settings {
	const char *file;    /* for messages */
	struct arena *arena; /* of the result */
};

struct setting_texts {
	const char **items;
	size_t count;
};
bool setting_texts_has(const struct setting_texts *texts, const char *text);

MUST_USE int setting_text(const struct settings *settings,
	const struct yaml_node *mapping, const char *key, const char **ret,
	struct error *err);
/* One text, or a list of them. */
MUST_USE int setting_texts(const struct settings *settings,
	const struct yaml_node *mapping, const char *key, struct setting_texts *ret,
	struct error *err);
/* A whole number from 1 to max. */
MUST_USE int setting_count(const struct settings *settings,
	const struct yaml_node *mapping, const char *key, uint64_t max, uint64_t *ret,
	struct error *err);
/* A whole number from 0 to max. */
MUST_USE int setting_number(const struct settings *settings,
	const struct yaml_node *mapping, const char *key, uint64_t max, uint64_t *ret,
	struct error *err);
/* "true" or "false". */
MUST_USE int setting_flag(const struct settings *settings,
	const struct yaml_node *mapping, const char *key, bool *ret, struct error *err);
/* RFC 3339, or a date: then its first second in UTC. */
MUST_USE int setting_time(const struct settings *settings,
	const struct yaml_node *mapping, const char *key, int64_t *ret,
	struct error *err);
/* "90d", "36h", "15m": seconds, at most ten years. */
MUST_USE int setting_duration(const struct settings *settings,
	const struct yaml_node *mapping, const char *key, int64_t *ret,
	struct error *err);
/* A mapping of these keys; *ret NULL if absent. */
MUST_USE int setting_section(const struct settings *settings,
	const struct yaml_node *mapping, const char *key, const char *const *known,
	const struct yaml_node **ret, struct error *err);
/* A list with at least one item; *ret NULL if absent. */
MUST_USE int setting_list(const struct settings *settings,
	const struct yaml_node *mapping, const char *key, const struct yaml_node **ret,
	struct error *err);
/* The root: a mapping of these keys, not empty; key "version" is 1. */
MUST_USE int setting_root(const struct settings *settings, struct slice text,
	const char *const *known, const struct yaml_node **ret, struct error *err);

#endif
