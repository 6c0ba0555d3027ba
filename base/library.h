/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shared library that is loaded when it is first called. Most runs need no HTTP and no
 * xz, but libcurl and libarchive bring forty other libraries, and loading those takes
 * several times as long as verifying an image. The doors of such libraries
 * (http_library.c, archive_library.c) define the library's own functions and pass each
 * call on, so nobody else has to know.
 *
 * A library is loaded from where the system's loader finds it, and never unloaded.
 */
#ifndef BASE_LIBRARY_H
#define BASE_LIBRARY_H

#include "base/defs.h"

/*
 * Looks up `count` names and stores their addresses at ret_functions, which has as many
 * function pointers. False: the library, or one of the names, is not there.
 */
MUST_USE bool library_load(const char *soname, const char *const *names, size_t count,
	void (**ret_functions)(void));

#endif
