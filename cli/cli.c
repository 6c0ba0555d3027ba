/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <signal.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/nearest.h"
#include "cli/parse.h"

int cli_print(struct slice text, struct error *err)
{
	if (fwrite(text.data ? text.data : "", 1, text.len, stdout) != text.len ||
		fflush(stdout) != 0)
		return error_set_errno(err, errno, "writing to standard output");
	return 0;
}

/* ---- help ---- */

#define HELP_COLUMNS  80
#define OPTION_WIDTH  28
#define COMMAND_WIDTH 13 /* the longest is verify-bundle */

/* From this column on, further lines below it. One line end is a blank, two are kept. */
static void print_wrapped(FILE *to, size_t indent, size_t column, const char *text)
{
	bool begins = true;
	while (*text) {
		size_t len = strcspn(text, " \n");
		if (!begins && column + 1 + len > HELP_COLUMNS) {
			fprintf(to, "\n%*s", (int)indent, ""); /* few */
			column = indent;
			begins = true;
		}
		fprintf(to, "%s%.*s", begins ? "" : " ", (int)len, text); /* a word */
		column += len + !begins;
		begins = false;
		text += len;
		if (strncmp(text, "\n\n", 2) == 0) {
			fprintf(to, "\n\n%*s", (int)indent, "");
			column = indent;
			begins = true;
		}
		text += strspn(text, " \n");
	}
	fputc('\n', to);
}

/* "  left   text", the text on a line of its own if left is too long. */
static void print_entry(FILE *to, size_t width, const char *left, const char *text)
{
	size_t indent = width + 3;
	fprintf(to, "  %-*s", (int)width, left); /* few */
	if (strlen(left) > width)
		fprintf(to, "\n%*s", (int)indent, "");
	else
		fputc(' ', to);
	print_wrapped(to, indent, indent, text);
}

static void print_options(FILE *to, const struct cli_command *command)
{
	for (size_t i = 0; i < command->option_count; i++) {
		const struct cli_option *option = &command->options[i];
		char left[64], letter = parse_letter(option->name);
		(void)snprintf(left, sizeof(left), letter ? "--%s%s%s, -%c" : "--%s%s%s",
			option->name, option->argument ? " " : "",
			option->argument ? option->argument : "", letter);
		print_entry(to, OPTION_WIDTH, left, option->help);
	}
	print_entry(to, OPTION_WIDTH, "--quiet, --verbose", "say less, say more; -q, -v");
	print_entry(to, OPTION_WIDTH, "--help, -h", "this text");
}

static void print_command_help(
	FILE *to, const struct cli_program *program, const struct cli_command *command)
{
	fprintf(to, "%s %s%s%s\n\n%s.\n", program->name, command->name,
		*command->arguments ? " [options] " : " [options]", command->arguments,
		command->summary);
	if (command->description) {
		fputc('\n', to);
		print_wrapped(to, 0, 0, command->description);
	}
	fputs("\noptions:\n", to);
	print_options(to, command);
	/* both programs' commands have the same pages */
	fprintf(to, "\nmore: man alnage-%s\n", command->name);
}

static void print_program_help(FILE *to, const struct cli_program *program)
{
	fprintf(to, "%s: ", program->name);
	print_wrapped(to, 0, strlen(program->name) + 2, program->summary);
	fputc('\n', to);
	for (size_t i = 0; i < program->command_count; i++)
		print_entry(to, COMMAND_WIDTH, program->commands[i]->name,
			program->commands[i]->summary);
	fprintf(to,
		"\n'%s COMMAND --help' tells its options, 'man %s' the whole.\n"
		"Exit status: 0 done, 1 failed, 2 wrong usage, 3 refused: checked, and "
		"the\n"
		"answer is no.\n",
		program->name, program->name);
}

/* ---- main ---- */

static const struct cli_command *find_command(
	const struct cli_program *program, const char *name)
{
	for (size_t i = 0; i < program->command_count; i++)
		if (strcmp(program->commands[i]->name, name) == 0)
			return program->commands[i];
	return NULL;
}

static int unknown_command(
	const struct cli_program *program, const char *name, struct error *err)
{
	cleanup_mem const char **known =
		calloc(program->command_count + 1, sizeof(*known));
	char hint[NEAREST_HINT_MAX];
	if (!known)
		return error_set_memory(err);
	if (name[0] == '-') {
		(void)error_set(
			err, ERR_USAGE, "'%s' stands where the command should", name);
		return error_remedy(
			err, "options follow it: %s COMMAND %s", program->name, name);
	}
	for (size_t i = 0; i < program->command_count; i++)
		known[i] = program->commands[i]->name;
	(void)error_set(err, ERR_USAGE, "unknown command '%s'%s", name,
		nearest_hint(name, known, hint));
	return error_remedy(err, "%s --help lists them", program->name);
}

static int run_command(const struct cli_program *program,
	const struct cli_command *command, int argc, char **argv, struct error *err)
{
	CLEANUP(parse_done)
	struct parse parse = {.command = command, .level = LOG_NORMAL};
	int status = parse_arguments(&parse, argv, argc, err);
	log_init(program->name, parse.level);
	if (status < 0)
		return error_remedy(err, "%s %s --help", program->name, command->name);
	if (parse.help) {
		print_command_help(stdout, program, command);
		return 0;
	}
	return command->run(parse.values, &parse.arguments, err);
}

/* Descriptors 0, 1 and 2 must be ours, or a file we open could become standard output. */
static int hold_standard_descriptors(void)
{
	int fd;
	do {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	} while (fd >= 0 && fd <= 2);
	if (fd < 0)
		return -1;
	close_fd(&fd);
	return 0;
}

static int report(const struct error *err)
{
	if (error_is_set(err))
		log_error(err);
	return error_exit_status(err);
}

int cli_main(const struct cli_program *program, int argc, char **argv)
{
	struct error err = ERROR_INIT;
	if (hold_standard_descriptors() < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return 1;
	log_init(program->name, LOG_NORMAL);
	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
		(strcmp(argv[1], "help") == 0 && argc == 2)) {
		print_program_help(argc < 2 ? stderr : stdout, program);
		return argc < 2 ? 2 : 0;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0) {
		printf("%s %s\n", program->name, ALNAGE_VERSION);
		return 0;
	}
	bool help = strcmp(argv[1], "help") == 0;
	const struct cli_command *command = find_command(program, argv[help ? 2 : 1]);
	if (!command) {
		(void)unknown_command(program, argv[help ? 2 : 1], &err); /* err tells */
		return report(&err);
	}
	if (help) {
		print_command_help(stdout, program, command);
		return 0;
	}
	(void)run_command(program, command, argc - 2, argv + 2, &err); /* err tells */
	return report(&err);
}
