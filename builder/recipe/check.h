/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What names, versions, paths and other single values of recipes may look like. Each
 * check says in its error what is wrong with the value, not where it stands. Nothing that
 * passes holds a control character.
 */
#ifndef BUILDER_RECIPE_CHECK_H
#define BUILDER_RECIPE_CHECK_H

#include "base/slice.h"

/* Leaves the reason, for "…: <reason>"; NULL if the value is fine. */
typedef const char *check_function(const char *value);

/* ^[a-zA-Z0-9][a-zA-Z0-9+_.-]*$, at most LIMIT_NAME_BYTES */
check_function check_package_name;
/* The apk version grammar without -rN: num{.num}[letter]{_suffix[num]}[~hex] */
check_function check_version;
/* [!]name[@tag][op version]; so:, cmd:, pc: names too */
check_function check_dependency;
check_function check_repository; /* of an image: "URL" or "@TAG URL" */
/* One line of text, valid UTF-8. */
check_function check_line;
/* The same with line breaks and tabs allowed. */
check_function check_text;
/* [A-Za-z0-9._-]+: names of variables, data, inputs */
check_function check_variable_name;
/* Name of an environment variable: no '=', no blank. */
check_function check_environment_name;
/* One word: a line without blanks. */
check_function check_word;
/* a/b/c for `uses`: relative, [A-Za-z0-9+_.-] in components, none of them "." or "..". */
check_function check_uses;
/* A path below some root: leading slashes are fine, ".." is not. */
check_function check_path_beneath;
/* A path beneath that does not begin with "/". */
check_function check_path_relative;
check_function check_path_absolute;
/* ^[a-z\d][a-z\d+_.-]*$ */
check_function check_cpe_field;
check_function check_user_name;
/* 40, 64 or 128 lower-case hexadecimal digits */
check_function check_commit;
check_function check_sha256;
check_function check_sha512;

/* "1h30m" as Go spells durations, into seconds (rounded up). */
bool duration_parse(const char *text, uint64_t *ret_seconds);

#endif
