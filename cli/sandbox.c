/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sandbox/check.h"

#include <jansson.h>

#include "base/json.h"
#include "cli/cli.h"

struct sandbox_flags {
	const char *store;
	bool json;
};

static const struct cli_option options[] = {
	CLI_OPTION(struct sandbox_flags, store, "store", CLI_TEXT, "DIR",
		"the store (default: $ALNAGE_STORE, ~/.cache/alnage)"),
	CLI_OPTION(
		struct sandbox_flags, json, "json", CLI_FLAG, NULL, "the report as JSON"),
};

static int print(const struct sandbox_report *report, bool json, struct error *err)
{
	cleanup_buffer struct buffer out = BUFFER_INIT;
	cleanup_json json_t *object = NULL;
	if (!json) {
		if (sandbox_report_text(report, &out, err) < 0)
			return err->class;
	} else if (sandbox_report_json(report, &object, err) < 0 ||
		   json_dump(object, JSON_STYLE_PRETTY, &out, err) < 0) {
		return err->class;
	}
	return cli_print(buffer_slice(&out), err);
}

static int run(const void *given, const struct cli_list *arguments, struct error *err)
{
	const struct sandbox_flags *flags = given;
	cleanup_store struct store *store = NULL;
	cleanup_mem struct sandbox_report *report = calloc(1, sizeof(*report));
	if (strcmp(arguments->items[0], "check") != 0)
		return error_set(err, ERR_USAGE, "sandbox knows 'check', not '%s'",
			arguments->items[0]);
	if (!report)
		return error_set_memory(err);
	if (store_open(flags->store, &store, err) < 0 ||
		sandbox_check(store, report, err) < 0 ||
		print(report, flags->json, err) < 0)
		return err->class;
	if (!sandbox_report_good(report))
		return error_set(err, ERR_REFUSED,
			"the sandbox is not what it claims on this machine");
	return 0;
}

const struct cli_command sandbox_command = {
	.name = "sandbox",
	.arguments = "check",
	.summary = "what isolation this machine gives, proven by trying to break it",
	.options = options,
	.option_count = ARRAY_LEN(options),
	.options_size = sizeof(struct sandbox_flags),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
