/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verify.h"

static const struct cli_program verify_program;

static int print_completion(
	const void *options, const struct cli_list *arguments, struct error *err)
{
	(void)options; /* it has none */
	return cli_completion(&verify_program, arguments->items[0], err);
}

static const struct cli_command completion_command =
	CLI_COMPLETION_COMMAND(print_completion);

/* Only verifying: what this table does not name is not linked in. */
static const struct cli_command *const commands[] = {
	&verify_only_command, &verify_bundle_command, &completion_command};

static const struct cli_program verify_program = {
	.name = "alnage-verify",
	.summary = "verify signatures and attestations of container images",
	.commands = commands,
	.command_count = ARRAY_LEN(commands),
};

int main(int argc, char **argv)
{
	return cli_main(&verify_program, argc, argv);
}
