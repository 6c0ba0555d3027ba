/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a build root takes from repositories. It is decided when the build is planned, so
 * that it is part of the input key: name, version and checksum of each package. When the
 * root is made, it is made of these, of what those took that the recipe needs, and of
 * what our recipes made, whose libraries and commands are known only then.
 */
#ifndef BUILDER_PLAN_PREBUILT_H
#define BUILDER_PLAN_PREBUILT_H

#include "builder/plan/external.h"
#include "builder/source/toolchain.h"

struct prebuilt {
	struct external *external;        /* borrowed; NULL: there are no repositories */
	const struct index_entry **items; /* dependencies first; of external */
	size_t count;
};

/* A package of ours in a root, before it is made. */
struct own_package {
	const struct recipe_package *package;
	const struct recipe *maker;
	const char *wanted_by; /* name of a package; NULL: the root itself */
};
struct own_packages {
	struct own_package *items;
	size_t count, capacity;
};

/*
 * wanted: all that the root has to hold, ours and others'. A package of ours is expected
 * to provide what its recipe says, and the libraries and commands that the repositories'
 * package of that name does; nothing else provides its name. Arrays come from the arena.
 * below: what is there anyway; NULL: nothing. ERR_INPUT with the chain of reasons.
 */
struct prebuilt_wish {
	struct external *external;
	const struct recipe_list *wanted;
	const struct own_packages *own;
	const struct toolchain *below;
};
MUST_USE int prebuilt_choose(const struct prebuilt_wish *wish, struct arena *arena,
	struct prebuilt *ret_prebuilt, struct error *err);

/* For input keys: appends a line for each. */
MUST_USE int prebuilt_write(
	const struct prebuilt *prebuilt, struct buffer *out, struct error *err);

#endif
