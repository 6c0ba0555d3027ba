/* SPDX-License-Identifier: Apache-2.0 */
/* The half of confinement that is libseccomp's: confine_filter.c is a door to it. */
#ifndef BASE_CONFINE_PRIVATE_H
#define BASE_CONFINE_PRIVATE_H

#include "base/error.h"

/* *ret_loaded false: this kernel has no filters. Needs no_new_privs. */
MUST_USE int confine_filter(bool network, bool *ret_loaded, struct error *err);

#endif
