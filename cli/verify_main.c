/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verify.h"

/* Only verifying: what this table does not name is not linked in. */
static const struct cli_command *const commands[] = {
	&verify_only_command, &verify_bundle_command};

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
