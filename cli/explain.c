/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/find.h"
#include "base/json.h"
#include "base/log.h"
#include "builder/image/reach.h"
#include "cli/common.h"

struct explain_flags {
	struct registry_options registry;
	const char *key;
	bool json;
};

static const struct cli_option options[] = {
	CLI_OPTION(struct explain_flags, key, "key", CLI_TEXT, "FILE",
		"public key that must have signed the report (default: not checked)"),
	CLI_OPTION(struct explain_flags, json, "json", CLI_FLAG, NULL,
		"the whole report as JSON"),
	REGISTRY_OPTIONS(struct explain_flags),
};

static int read_report(const struct explain_flags *flags, const char *image_text,
	struct statement **ret_statement, struct error *err)
{
	cleanup_opened struct opened opened = {0};
	cleanup_key struct key *key = NULL;
	struct descriptor image;
	if ((flags->key && key_load(flags->key, &key, err) < 0) ||
		open_reference(image_text, &flags->registry, false, false, &opened, err) <
			0 ||
		resolve_reference(&opened, &image, err) < 0)
		return err->class;
	const struct key *keys[] = {key};
	if (find_statement(opened.repository, &image.digest, PREDICATE_REACHABILITY, keys,
		    key ? 1 : 0, ret_statement, err) < 0)
		return err->class;
	if (!*ret_statement || !(*ret_statement)->predicate) {
		error_set(err, ERR_INPUT, "%s has no reachability report%s", image_text,
			key ? " signed by that key" : "");
		return error_remedy(
			err, "alnage build --key adds one to every image it makes");
	}
	if (!key)
		log_info("the report's signature was not checked (--key FILE checks it)");
	return 0;
}

static int run(const void *given, const struct cli_list *arguments, struct error *err)
{
	const struct explain_flags *flags = given;
	cleanup_statement struct statement *statement = NULL;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	const char *path = arguments->count > 1 ? arguments->items[1] : "";
	if (read_report(flags, arguments->items[0], &statement, err) < 0)
		return err->class;
	int status = flags->json ? json_dump(statement->predicate, JSON_STYLE_PRETTY,
					   &out, err)
				 : reach_explain(statement->predicate, path, &out, err);
	return status < 0 ? status : cli_print(buffer_slice(&out), err);
}

const struct cli_command explain_command = {
	.name = "explain",
	.arguments = "IMAGE [PATH]",
	.summary = "why a file is in an image, or why it was removed",
	.description = "Follows the reasons from the file to the entrypoint. Without "
		       "PATH: every file. " IMAGE_IS,
	.options = options,
	.option_count = ARRAY_LEN(options),
	.options_size = sizeof(struct explain_flags),
	.min_arguments = 1,
	.max_arguments = 2,
	.run = run,
};
