/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system call filter of the sandbox: a deny-list in which every entry has
 * its reason, over an allow-list of the numbers that were looked at. Numbers beyond them,
 * and other calling conventions (i386, x32), do not get through: ENOSYS or death.
 */
#ifndef BUILDER_SANDBOX_FILTER_H
#define BUILDER_SANDBOX_FILTER_H

#include "base/buffer.h"

/* For this process and its children, for good. Sets no_new_privs if it is not set. */
MUST_USE int filter_load(struct error *err);

/* What is refused and why, one line each: "keyctl: EPERM: keys outlive the sandbox".
 * Appends. */
MUST_USE int filter_describe(struct buffer *out, struct error *err);

#endif
