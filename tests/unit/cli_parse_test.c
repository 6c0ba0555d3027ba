/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

struct values {
	bool keep_going;
	uint64_t jobs;
	const char *output;
	struct cli_list keys;
};

static const struct cli_option options[] = {
	CLI_OPTION(struct values, keep_going, "keep-going", CLI_FLAG, NULL, ""),
	CLI_NUMBER_OPTION(struct values, jobs, "jobs", 1, 64, ""),
	CLI_OPTION(struct values, output, "output", CLI_TEXT, "DIR", ""),
	CLI_OPTION(struct values, keys, "key", CLI_LIST, "FILE", ""),
};
static const struct cli_command command = {
	.name = "test",
	.arguments = "FILE...",
	.options = options,
	.option_count = ARRAY_LEN(options),
	.options_size = sizeof(struct values),
	.min_arguments = 1,
	.max_arguments = 2,
};

#define WORDS_MAX 8

static int parse_words(struct parse *parse, const char *const *words, struct error *err)
{
	char *argv[WORDS_MAX];
	int argc = 0;
	for (; words[argc]; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc]; /* as main's argv */
	return parse_arguments(parse, argv, argc, err);
}

static void options_are_read(void **state)
{
	(void)state;
	static const struct {
		const char *words[WORDS_MAX];
		uint64_t jobs;
		const char *output, *key;
		bool keep_going, help;
		enum log_level level;
		const char *argument;
	} cases[] = {
		{.words = {"a"}, .argument = "a", .level = LOG_NORMAL},
		{.words = {"--jobs", "3", "a"},
			.jobs = 3,
			.argument = "a",
			.level = LOG_NORMAL},
		{.words = {"--jobs=3", "a"},
			.jobs = 3,
			.argument = "a",
			.level = LOG_NORMAL},
		{.words = {"-j", "3", "a"},
			.jobs = 3,
			.argument = "a",
			.level = LOG_NORMAL},
		{.words = {"-j3", "a"}, .jobs = 3, .argument = "a", .level = LOG_NORMAL},
		{.words = {"a", "-kq"}, .argument = NULL},
		{.words = {"a", "-k", "-q"},
			.keep_going = true,
			.argument = "a",
			.level = LOG_QUIET},
		{.words = {"-v", "a"}, .argument = "a", .level = LOG_VERBOSE},
		{.words = {"a", "-oout"},
			.output = "out",
			.argument = "a",
			.level = LOG_NORMAL},
		{.words = {"--output", "-", "-"},
			.output = "-",
			.argument = "-",
			.level = LOG_NORMAL},
		{.words = {"--output=a=b", "a"},
			.output = "a=b",
			.argument = "a",
			.level = LOG_NORMAL},
		{.words = {"--output=", "a"},
			.output = "",
			.argument = "a",
			.level = LOG_NORMAL},
		{.words = {"--key", "x", "--", "-j"},
			.key = "x",
			.argument = "-j",
			.level = LOG_NORMAL},
		{.words = {"-h"}, .help = true, .level = LOG_NORMAL},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(parse_done)
		struct parse parse = {.command = &command, .level = LOG_NORMAL};
		struct error err = ERROR_INIT;
		int status = parse_words(&parse, cases[i].words, &err);
		if (!cases[i].argument && !cases[i].help) {
			assert_int_equal(status, ERR_USAGE);
			continue;
		}
		assert_int_equal(status, 0);
		const struct values *values = (const void *)parse.values;
		assert_int_equal(values->jobs, cases[i].jobs);
		assert_int_equal(values->keep_going, cases[i].keep_going);
		assert_int_equal(parse.help, cases[i].help);
		assert_int_equal(parse.level, cases[i].level);
		if (cases[i].output)
			assert_string_equal(values->output, cases[i].output);
		else
			assert_null(values->output);
		assert_int_equal(values->keys.count, cases[i].key ? 1 : 0);
		if (cases[i].argument)
			assert_string_equal(parse.arguments.items[0], cases[i].argument);
	}
}

static void mistakes_are_told(void **state)
{
	(void)state;
	static const struct {
		const char *words[WORDS_MAX];
		const char *text;
	} cases[] = {
		{{"--job", "3", "a"}, "unknown option --job (did you mean 'jobs'?)"},
		{{"--verbos", "a"}, "unknown option --verbos (did you mean 'verbose'?)"},
		{{"--entirely-other=x", "a"}, "unknown option --entirely-other"},
		{{"-x", "a"}, "unknown option -x"},
		{{"-kk", "a"}, "--keep-going takes no value"},
		{{"--quiet=1", "a"}, "--quiet takes no value"},
		{{"a", "-j"}, "--jobs needs N"},
		{{"-jx", "a"}, "--jobs: 'x' is not a number from 1 to 64"},
		{{"-j", "1", "--jobs", "-2", "a"}, "--jobs: '-2' is not a number"},
		{{"--jobs", "0", "a"}, "--jobs: '0' is not a number from 1 to 64"},
		{{"--jobs=65", "a"}, "--jobs: '65' is not a number from 1 to 64"},
		{{"--jobs=18446744073709551617", "a"}, "--jobs: '184467440737095516"},
		{{"--jobs=", "a"}, "--jobs: '' is not a number from 1 to 64"},
		{{"-o", "x", "--output", "y", "a"}, "--output was given twice"},
		{{"-k"}, "an argument is missing: FILE..."},
		{{"a", "b", "c"}, "too many arguments: 'c'"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(parse_done)
		struct parse parse = {.command = &command, .level = LOG_NORMAL};
		struct error err = ERROR_INIT;
		assert_int_equal(parse_words(&parse, cases[i].words, &err), ERR_USAGE);
		if (strncmp(err.text, cases[i].text, strlen(cases[i].text)) != 0)
			fail_msg("'%s', not '%s'", err.text, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_are_read),
		cmocka_unit_test(mistakes_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
