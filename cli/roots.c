/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/trust.h"
#include "base/log.h"
#include "base/nearest.h"
#include "builder/build.h"
#include "cli/common.h"

static int choose_kind(const char *name, enum catalog_roots *ret_kind, struct error *err)
{
	static const char *const names[] = {"toolchain", "repositories", NULL};
	char hint[NEAREST_HINT_MAX];
	*ret_kind = CATALOG_ROOTS_AUTO;
	if (!name)
		return 0;
	if (strcmp(name, names[0]) == 0)
		*ret_kind = CATALOG_ROOTS_TOOLCHAIN;
	else if (strcmp(name, names[1]) == 0)
		*ret_kind = CATALOG_ROOTS_NATIVE;
	else
		return error_set(err, ERR_USAGE,
			"--build-root %s%s: repositories or toolchain", name,
			nearest_hint(name, names, hint));
	return 0;
}

int take_root_options(const struct root_options *from, struct build_options *options,
	struct trust **ret_trust, struct error *err)
{
	if (choose_kind(from->build_root, &options->roots, err) < 0)
		return err->class;
	if (from->trust && trust_load(from->trust, ret_trust, err) < 0)
		return err->class;
	options->repositories =
		(struct external_lists){.repositories = from->repositories.items,
			.repository_count = from->repositories.count,
			.keyring = from->keyring.items,
			.key_count = from->keyring.count};
	options->builtin_directory = recipes_directory(NULL);
	options->accept_sha1 = from->accept_sha1;
	options->trust = *ret_trust;
	if (from->accept_sha1)
		log_warning("--accept-sha1: SHA-1 is broken; an index that is signed "
			    "with it alone may not be its signer's");
	return 0;
}
