/* SPDX-License-Identifier: Apache-2.0 */
/* Between the halves of confine.h: Landlock is in confine.c, the filter behind its own
 * door. */
#ifndef BASE_CONFINE_PRIVATE_H
#define BASE_CONFINE_PRIVATE_H

#include "base/error.h"

/* *ret_loaded false: this kernel has no filters. Needs no_new_privs. */
MUST_USE int confine_filter(bool network, bool *ret_loaded, struct error *err);

#endif
