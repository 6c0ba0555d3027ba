/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private keys for commands that sign. Passphrases and PINs come from the environment or
 * the terminal (a PIN also from a file), never from the command line. Once a key was
 * asked for, the program leaves no core file.
 */
#ifndef CLI_SECRET_INPUT_H
#define CLI_SECRET_INPUT_H

#include "cli/cli.h"
#include "signing/secret.h"

/* passphrase_source: $ALNAGE_PASSWORD, $COSIGN_PASSWORD, or $ALNAGE_PIN, else asked for
 * on the terminal. */
char *ask_passphrase(void *context, enum passphrase_kind kind, const char *prompt);
/* Whether one is in the environment. */
bool passphrase_is_given(void);
/* For a new key: asked for twice on a terminal, and not empty (ERR_USAGE). Heap; for
 * wipe_str. */
MUST_USE int ask_new_passphrase(
	const char *prompt, char **ret_passphrase, struct error *err);
/* From now on; loading a key does it, too. */
MUST_USE int forbid_core(struct error *err);
/* key: a file, or a pkcs11: URI. */
MUST_USE int load_secret(const char *key, struct secret **ret_secret, struct error *err);
/* pin_file NULL: as above. */
MUST_USE int load_secret_with_pin(const char *key, const char *pin_file,
	struct secret **ret_secret, struct error *err);
/* Wipes those variables: no child and no later reader of /proc sees them. */
void forget_passphrases(void);

#endif
