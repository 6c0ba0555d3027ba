/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

static int print_completion(
	const void *options, const struct cli_list *arguments, struct error *err)
{
	(void)options; /* it has none */
	return cli_completion(&alnage_program, arguments->items[0], err);
}

static const struct cli_command completion_command =
	CLI_COMPLETION_COMMAND(print_completion);

static const struct cli_command *const commands[] = {
	&build_command,
	&package_command,
	&compile_command,
	&graph_command,
	&explain_command,
	&inspect_command,
	&list_command,
	&keygen_command,
	&sign_command,
	&attest_command,
	&push_command,
	&pull_command,
	&copy_command,
	&verify_command,
	&verify_bundle_command,
	&toolchain_command,
	&sandbox_command,
	&completion_command,
};

const struct cli_program alnage_program = {
	.name = "alnage",
	.summary = "hardened minimal container base images, from recipes to verified "
		   "evidence",
	.commands = commands,
	.command_count = ARRAY_LEN(commands),
};
