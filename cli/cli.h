/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands of the programs: one table each, from which parsing, --help and shell
 * completion come. Data goes to standard output, everything else to standard error. A
 * command returns 0 or an error; the exit status is the error's (1 failed, 2 wrong usage,
 * 3 refused).
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/buffer.h"

enum cli_kind {
	CLI_FLAG,   /* bool */
	CLI_TEXT,   /* const char *; NULL unless given */
	CLI_LIST,   /* struct cli_list; may be given several times */
	CLI_NUMBER, /* uint64_t; 0 unless given */
};

struct cli_list {
	const char **items; /* NULL-terminated */
	size_t count;
};

struct cli_option {
	const char *name; /* long, without dashes */
	enum cli_kind kind;
	size_t offset;        /* in the command's option struct */
	const char *argument; /* "FILE"; NULL for flags */
	const char *help;
	uint64_t least, most; /* of a number; least is not 0 */
};
#define CLI_OPTION(type, field, option_name, option_kind, argument_name, text)           \
	{                                                                                \
		.name = (option_name), .kind = (option_kind),                            \
		.offset = offsetof(type, field), .argument = (argument_name),            \
		.help = (text)                                                           \
	}
#define CLI_NUMBER_OPTION(type, field, option_name, from, to, text)                      \
	{                                                                                \
		.name = (option_name), .kind = CLI_NUMBER,                               \
		.offset = offsetof(type, field), .argument = "N", .help = (text),        \
		.least = (from), .most = (to)                                            \
	}
#define CLI_PROCESSORS_MAX 1024 /* CPU_SETSIZE: no machine has more */

struct cli_command {
	const char *name;
	const char *arguments;   /* "IMAGE [PATH]" */
	const char *summary;     /* one line */
	const char *description; /* paragraphs for --help, may be NULL */
	const struct cli_option *options;
	size_t option_count, options_size;
	size_t min_arguments, max_arguments; /* SIZE_MAX: any */
	int (*run)(
		const void *options, const struct cli_list *arguments, struct error *err);
};

struct cli_program {
	const char *name, *summary;
	const struct cli_command *const *commands;
	size_t command_count;
};

/* The whole of main: parses, runs, reports. Returns the exit status. */
int cli_main(const struct cli_program *program, int argc, char **argv);
/*
 * Prints the completion of a program's table for bash, zsh or fish; ERR_USAGE for others.
 * Each program's command of that name calls it from a function of its own.
 */
MUST_USE int cli_completion(
	const struct cli_program *program, const char *shell, struct error *err);
#define CLI_COMPLETION_COMMAND(function)                                                 \
	{                                                                                \
		.name = "completion", .arguments = "bash|zsh|fish",                      \
		.summary = "print a shell completion script", .min_arguments = 1,        \
		.max_arguments = 1, .run = (function)                                    \
	}

/* Writes to standard output, all of it; ERR_SYSTEM if that fails. */
MUST_USE int cli_print(struct slice text, struct error *err);

extern const struct cli_command build_command, package_command, compile_command,
	graph_command, keygen_command, sign_command, attest_command, push_command,
	pull_command, copy_command, verify_command, verify_bundle_command,
	explain_command, inspect_command, list_command, toolchain_command,
	sandbox_command;
extern const struct cli_program alnage_program;

#endif
