/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/parse.h"

#include <inttypes.h>

#include "base/nearest.h"

#define OPTIONS_MAX 64 /* of a command; more have no hint */
#define WORD_ROOM   80

/* Letters that people know from make and others. The same for every command. */
static const struct {
	char letter;
	const char *name;
} letters[] = {
	{'h', "help"},
	{'j', "jobs"},
	{'k', "keep-going"},
	{'o', "output"},
	{'q', "quiet"},
	{'v', "verbose"},
};

char parse_letter(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(letters); i++)
		if (strcmp(letters[i].name, name) == 0)
			return letters[i].letter;
	return 0;
}

static const char *letter_name(char letter)
{
	for (size_t i = 0; i < ARRAY_LEN(letters); i++)
		if (letters[i].letter == letter)
			return letters[i].name;
	return NULL;
}

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

void parse_done(struct parse *parse)
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

int parse_number(const char *option, const char *text, uint64_t least, uint64_t most,
	uint64_t *ret_number, struct error *err)
{
	struct error ignored = ERROR_INIT; /* ours tells the range as well */
	uint64_t number = 0;
	if (slice_parse_u64(slice_str(text), 10, most, &number, &ignored) < 0 ||
		number < least)
		return error_set(err, ERR_USAGE,
			"--%s: '%s' is not a number from %" PRIu64 " to %" PRIu64, option,
			text, least, most);
	*ret_number = number;
	return 0;
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
		return parse_number(
			option->name, value, option->least, option->most, at, err);
	}
	return 0;
}

/* What every command has. */
static const char *const common[] = {"help", "quiet", "verbose", NULL};

static bool is_option(const struct cli_command *command, const char *name)
{
	for (size_t i = 0; common[i]; i++)
		if (strcmp(common[i], name) == 0)
			return true;
	return find_option(command, slice_str(name)) != NULL;
}

static int unknown_option(
	const struct cli_command *command, struct slice name, struct error *err)
{
	const char *known[OPTIONS_MAX + ARRAY_LEN(common)] = {NULL};
	char word[WORD_ROOM], hint[NEAREST_HINT_MAX];
	size_t count = 0;
	for (size_t i = 0; i < command->option_count && i < OPTIONS_MAX; i++)
		known[count++] = command->options[i].name;
	for (size_t i = 0; common[i]; i++)
		known[count++] = common[i];
	(void)snprintf(word, sizeof(word), "%.*s", SLICE_ARG(name));
	return error_set(err, ERR_USAGE, "unknown option --%s%s", word,
		nearest_hint(word, known, hint));
}

static bool take_common(struct parse *parse, struct slice name)
{
	if (slice_equal_str(name, "help"))
		parse->help = true;
	else if (slice_equal_str(name, "quiet"))
		parse->level = LOG_QUIET;
	else if (slice_equal_str(name, "verbose"))
		parse->level = LOG_VERBOSE;
	else
		return false;
	return true;
}

/* value: NULL unless it came in the same word; else it is the next word, if any. */
static int take_option(struct parse *parse, struct slice name, const char *value,
	const char *next, bool *ret_used_next, struct error *err)
{
	*ret_used_next = false;
	const struct cli_option *option = find_option(parse->command, name);
	if (!option && take_common(parse, name))
		return value ? error_set(err, ERR_USAGE, "--%.*s takes no value",
				       SLICE_ARG(name))
			     : 0;
	if (!option)
		return unknown_option(parse->command, name, err);
	if (option->kind == CLI_FLAG && value)
		return error_set(err, ERR_USAGE, "--%s takes no value", option->name);
	if (option->kind != CLI_FLAG && !value) {
		if (!next)
			return error_set(err, ERR_USAGE, "--%s needs %s", option->name,
				option->argument);
		value = next;
		*ret_used_next = true;
	}
	return store_value(parse, option, value, err);
}

static int take_long(struct parse *parse, const char *word, const char *next,
	bool *ret_used_next, struct error *err)
{
	struct slice rest = slice_str(word + 2), name;
	const char *value = strchr(word, '=');
	if (!slice_cut(&rest, '=', &name))
		name = SLICE_EMPTY;
	return take_option(
		parse, name, value ? value + 1 : NULL, next, ret_used_next, err);
}

/* -j4, -j 4, -k; letters are not run together: what follows one is its value. */
static int take_short(struct parse *parse, const char *word, const char *next,
	bool *ret_used_next, struct error *err)
{
	const char *name = letter_name(word[1]);
	if (!name || !is_option(parse->command, name))
		return error_set(err, ERR_USAGE, "unknown option %s", word);
	return take_option(parse, slice_str(name), word[2] ? word + 2 : NULL, next,
		ret_used_next, err);
}

static int count_arguments(const struct parse *parse, struct error *err)
{
	const struct cli_command *command = parse->command;
	if (parse->arguments.count < command->min_arguments)
		return error_set(
			err, ERR_USAGE, "an argument is missing: %s", command->arguments);
	if (parse->arguments.count > command->max_arguments)
		return error_set(err, ERR_USAGE, "too many arguments: '%s'",
			parse->arguments.items[command->max_arguments]);
	return 0;
}

int parse_arguments(struct parse *parse, char **argv, int argc, struct error *err)
{
	bool options_end = false;
	parse->values = calloc(1, parse->command->options_size + 1);
	if (!parse->values)
		return error_set_memory(err);
	for (int i = 0; i < argc; i++) {
		const char *word = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL;
		bool used_next = false;
		int status;
		if (!options_end && strcmp(word, "--") == 0) {
			options_end = true;
			continue;
		}
		if (options_end || word[0] != '-' || !word[1])
			status = list_add(&parse->arguments, word, err);
		else if (word[1] == '-')
			status = take_long(parse, word, next, &used_next, err);
		else
			status = take_short(parse, word, next, &used_next, err);
		if (status < 0)
			return status;
		i += used_next;
	}
	return parse->help ? 0 : count_arguments(parse, err);
}
