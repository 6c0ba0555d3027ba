/* SPDX-License-Identifier: Apache-2.0 */
/* Why this machine refuses sandboxes, and what to do about it. */
#ifndef BUILDER_SANDBOX_PROBE_H
#define BUILDER_SANDBOX_PROBE_H

#include "base/error.h"

/* Adds the remedy to an error about namespaces with that errno; returns its class. */
int sandbox_explain_namespaces(int sys, struct error *err);

#endif
