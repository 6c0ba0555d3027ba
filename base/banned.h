/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that this project does not use, and what it uses instead. */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

/* System headers first: poisoned names must not appear after this point. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* glibc makes them macros where the compiler is clang, which warns of poisoning a macro.
 */
#undef sprintf
#undef vsprintf

/* struct buffer, slice functions */
#pragma GCC poison strcpy strcat sprintf vsprintf strncpy strncat strtok gets
/* slice_parse_u64 */
#pragma GCC poison atoi atol atoll sscanf
/* clock.h */
#pragma GCC poison gmtime localtime ctime asctime
/* fs.h: fs_replace_begin, O_TMPFILE */
#pragma GCC poison mktemp tmpnam tempnam
/* process.h: no shell between us and a program */
#pragma GCC poison system popen

#endif
