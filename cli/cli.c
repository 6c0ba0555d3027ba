/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <locale.h>
#include <signal.h>

#include "base/fs.h"
#include "base/log.h"

int cli_print(struct slice text, struct error *err)
{
	if (fwrite(text.data ? text.data : "", 1, text.len, stdout) != text.len ||
		fflush(stdout) != 0)
		return error_set_errno(err, errno, "writing to standard output");
	return 0;
}

/* ---- help ---- */

static void print_options(FILE *to, const struct cli_command *command)
{
	for (size_t i = 0; i < command->option_count; i++) {
		const struct cli_option *option = &command->options[i];
		char left[64], letter[] = {',', ' ', '-', option->letter, '\0'};
		(void)snprintf(left, sizeof(left), "--%s%s%s%s", option->name,
			option->argument ? " " : "",
			option->argument ? option->argument : "",
			option->letter ? letter : "");
		fprintf(to, "  %-28s %s\n", left, option->help);
	}
	fprintf(to, "  %-28s %s\n", "--quiet, --verbose", "say less, say more");
	fprintf(to, "  %-28s %s\n", "--help", "this text");
}

static void print_command_help(
	FILE *to, const struct cli_program *program, const struct cli_command *command)
{
	fprintf(to, "%s %s%s%s\n\n%s.\n", program->name, command->name,
		*command->arguments ? " [options] " : " [options]", command->arguments,
		command->summary);
	if (command->description)
		fprintf(to, "\n%s\n", command->description);
	fputs("\noptions:\n", to);
	print_options(to, command);
	/* both programs' commands have the same pages */
	fprintf(to, "\nmore: man alnage-%s\n", command->name);
}

static void print_program_help(FILE *to, const struct cli_program *program)
{
	fprintf(to, "%s: %s\n\n", program->name, program->summary);
	for (size_t i = 0; i < program->command_count; i++)
		fprintf(to, "  %-12s %s\n", program->commands[i]->name,
			program->commands[i]->summary);
	fprintf(to,
		"\n'%s COMMAND --help' tells its options, 'man %s' the whole.\n"
		"Exit status: 0 done, 1 failed, 2 wrong usage, 3 refused (checked, and "
		"the answer is no).\n",
		program->name, program->name);
}

/* ---- parsing ---- */

struct parse {
	const struct cli_command *command;
	char *values; /* the command's option struct */
	struct cli_list arguments;
	enum log_level level;
	bool help;
};

static int list_add(struct cli_list *list, const char *item, struct error *err)
{
	const char **grown = realloc(list->items, (list->count + 2) * sizeof(*grown));
	if (!grown)
		return error_set_memory(err);
	list->items = grown;
	grown[list->count++] = item;
	grown[list->count] = NULL;
	return 0;
}

static void parse_done(struct parse *parse)
{
	for (size_t i = 0; parse->values && i < parse->command->option_count; i++) {
		const struct cli_option *option = &parse->command->options[i];
		void *at = parse->values + option->offset;
		if (option->kind == CLI_LIST)
			free(((struct cli_list *)at)->items);
	}
	free(parse->values);
	free(parse->arguments.items);
}

static const struct cli_option *find_option(
	const struct cli_command *command, struct slice name)
{
	for (size_t i = 0; i < command->option_count; i++)
		if (slice_equal_str(name, command->options[i].name))
			return &command->options[i];
	return NULL;
}

static int store_value(struct parse *parse, const struct cli_option *option,
	const char *value, struct error *err)
{
	void *at = parse->values + option->offset;
	switch (option->kind) {
	case CLI_FLAG:
		*(bool *)at = true;
		return 0;
	case CLI_TEXT:
		if (*(const char **)at)
			return error_set(
				err, ERR_USAGE, "--%s was given twice", option->name);
		*(const char **)at = value;
		return 0;
	case CLI_LIST:
		return list_add(at, value, err);
	case CLI_NUMBER:
		if (slice_parse_u64(slice_str(value), 10, INT32_MAX, at, err) == 0)
			return 0;
		err->class = ERR_USAGE;
		return error_wrap(err, "--%s", option->name);
	}
	return 0;
}

static int parse_option(
	struct parse *parse, char **argv, int argc, int *at, struct error *err)
{
	struct slice rest = slice_str(argv[*at] + 2), name;
	bool has_value = slice_has_byte(rest, '=');
	if (!slice_cut(&rest, '=', &name))
		name = SLICE_EMPTY;
	if (slice_equal_str(name, "help")) {
		parse->help = true;
		return 0;
	}
	if (slice_equal_str(name, "quiet") || slice_equal_str(name, "verbose")) {
		parse->level = slice_equal_str(name, "quiet") ? LOG_QUIET : LOG_VERBOSE;
		return 0;
	}
	const struct cli_option *option = find_option(parse->command, name);
	if (!option)
		return error_set(
			err, ERR_USAGE, "unknown option --%.*s", SLICE_ARG(name));
	if (option->kind == CLI_FLAG) {
		if (has_value)
			return error_set(
				err, ERR_USAGE, "--%s takes no value", option->name);
		return store_value(parse, option, NULL, err);
	}
	if (has_value)
		return store_value(parse, option, strchr(argv[*at], '=') + 1, err);
	if (*at + 1 >= argc)
		return error_set(
			err, ERR_USAGE, "--%s needs %s", option->name, option->argument);
	return store_value(parse, option, argv[++*at], err);
}

/* "-jN" or "-j N". */
static int parse_letter(
	struct parse *parse, char **argv, int argc, int *at, struct error *err)
{
	const struct cli_command *command = parse->command;
	const char *given = argv[*at];
	for (size_t i = 0; i < command->option_count; i++) {
		const struct cli_option *option = &command->options[i];
		if (option->letter != given[1])
			continue;
		if (given[2])
			return store_value(parse, option, given + 2, err);
		if (*at + 1 >= argc)
			return error_set(err, ERR_USAGE, "-%c needs %s", option->letter,
				option->argument);
		return store_value(parse, option, argv[++*at], err);
	}
	return error_set(
		err, ERR_USAGE, "unknown option %s (options are long: --name)", given);
}

static int parse_arguments(struct parse *parse, char **argv, int argc, struct error *err)
{
	bool options_end = false;
	for (int i = 0; i < argc; i++) {
		if (!options_end && strcmp(argv[i], "--") == 0)
			options_end = true;
		else if (!options_end && strcmp(argv[i], "-h") == 0)
			parse->help = true;
		else if (!options_end && argv[i][0] == '-' && argv[i][1] == '-') {
			if (parse_option(parse, argv, argc, &i, err) < 0)
				return err->class;
		} else if (!options_end && argv[i][0] == '-' && argv[i][1]) {
			if (parse_letter(parse, argv, argc, &i, err) < 0)
				return err->class;
		} else if (list_add(&parse->arguments, argv[i], err) < 0) {
			return err->class;
		}
	}
	if (parse->help)
		return 0;
	if (parse->arguments.count < parse->command->min_arguments)
		return error_set(err, ERR_USAGE, "an argument is missing: %s",
			parse->command->arguments);
	if (parse->arguments.count > parse->command->max_arguments)
		return error_set(err, ERR_USAGE, "too many arguments: '%s'",
			parse->arguments.items[parse->command->max_arguments]);
	return 0;
}

static const struct cli_command *find_command(
	const struct cli_program *program, const char *name)
{
	for (size_t i = 0; i < program->command_count; i++)
		if (strcmp(program->commands[i]->name, name) == 0)
			return program->commands[i];
	return NULL;
}

static int run_command(const struct cli_program *program,
	const struct cli_command *command, int argc, char **argv, struct error *err)
{
	CLEANUP(parse_done)
	struct parse parse = {.command = command, .level = LOG_NORMAL};
	parse.values = calloc(1, command->options_size + 1);
	if (!parse.values)
		return error_set_memory(err);
	int status = parse_arguments(&parse, argv, argc, err);
	log_init(parse.level);
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
	log_init(LOG_NORMAL);
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
		error_set(&err, ERR_USAGE, "unknown command '%s'", argv[help ? 2 : 1]);
		error_remedy(&err, "%s --help lists them", program->name);
		return report(&err);
	}
	if (help) {
		print_command_help(stdout, program, command);
		return 0;
	}
	(void)run_command(program, command, argc - 2, argv + 2, &err); /* err tells */
	return report(&err);
}
