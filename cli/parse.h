/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command line to the values of a command's options, by its table (cli/cli.h):
 * --name VALUE, --name=VALUE, and for some options -n VALUE and -nVALUE. Options may
 * stand before, behind and between arguments; after -- everything is an argument.
 */
#ifndef CLI_PARSE_H
#define CLI_PARSE_H

#include "base/log.h"
#include "cli/cli.h"

struct parse {
	const struct cli_command *command;
	char *values; /* the command's option struct, options_size bytes; owned */
	struct cli_list arguments;
	enum log_level level;
	bool help; /* asked for; arguments were not counted then */
};
void parse_done(struct parse *parse);

/*
 * argv without the names of program and command; its strings are borrowed. Fills *parse,
 * all zero but for command and level, which to free is the caller's also after an error
 * (always ERR_USAGE, or ERR_MEMORY).
 */
MUST_USE int parse_arguments(
	struct parse *parse, char **argv, int argc, struct error *err);

/* The value of an option that has to be a number of this range; ERR_USAGE. */
MUST_USE int parse_number(const char *option, const char *text, uint64_t least,
	uint64_t most, uint64_t *ret_number, struct error *err);

/* The letter of the option that is called so, 0 if it has none; the same everywhere. */
char parse_letter(const char *name);

#endif
