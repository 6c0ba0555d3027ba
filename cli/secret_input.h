/* SPDX-License-Identifier: Apache-2.0 */
/* Private keys for commands that sign. */
#ifndef CLI_SECRET_INPUT_H
#define CLI_SECRET_INPUT_H

#include "cli/cli.h"
#include "signing/secret.h"

/* passphrase_source: $ALNAGE_PASSWORD, $COSIGN_PASSWORD, else asked for on the terminal.
 */
char *ask_passphrase(void *context, enum passphrase_kind kind, const char *prompt);
MUST_USE int load_secret(const char *path, struct secret **ret_secret, struct error *err);

#endif
