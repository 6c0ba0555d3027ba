/* SPDX-License-Identifier: Apache-2.0 */
/* What the verifying commands do about confinement (base/confine.h). */
#ifndef CLI_VERIFY_CONFINE_H
#define CLI_VERIFY_CONFINE_H

#include "base/limits.h"
#include "oci/repository.h"

#define CONFINEMENT_OPTION(type, field)                                                  \
	CLI_OPTION(type, field, "confinement", CLI_TEXT, "MODE",                         \
		"auto: as far as the kernel can, with a warning if it cannot "           \
		"(default); "                                                            \
		"require: not without; off")

/* Reads what is hostile. What it appends to reply reaches the caller. */
typedef int confined_work(const void *context, struct buffer *reply, struct error *err);

enum confinement_mode { CONFINEMENT_AUTO = 0, CONFINEMENT_REQUIRE, CONFINEMENT_OFF };
/* NULL: auto. ERR_USAGE. */
MUST_USE int confinement_parse(
	const char *text, enum confinement_mode *ret_mode, struct error *err);

struct confined {
	enum confinement_mode mode;
	const struct repository *repository; /* where the work reads; NULL: nowhere */
	/* There is something to be done afterwards that the confined may not, such as
	 * writing: so the work is done by a child process. */
	bool in_child;
	void (*forget)(void); /* what the child need not know; NULL: nothing */
	confined_work *work;
	const void *context;
};

#define LIMIT_REPLY_BYTES (4 * MIB)
/*
 * The work's own result; ERR_SYSTEM if the confinement that is required is not to be had,
 * or if the child was killed for what it tried.
 */
MUST_USE int confined_run(
	const struct confined *confined, struct buffer *reply, struct error *err);

#endif
