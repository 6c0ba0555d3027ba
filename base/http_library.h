/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl, which is loaded when it is first called. */
#ifndef BASE_HTTP_LIBRARY_H
#define BASE_HTTP_LIBRARY_H

#include "base/error.h"

/* Loads it; ERR_SYSTEM, with a remedy, if it is not there. */
MUST_USE int http_library_need(struct error *err);

#endif
