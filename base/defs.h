/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every file needs: attributes, the cleanup idiom, small macros.
 *
 * A resource is declared with its cleaner at the point of acquisition and
 * handed on with take_fd / take_ptr:
 *
 *	cleanup_fd int fd = -1;
 *	if (fs_open(…, &fd, err) < 0)
 *		return err->class;
 *	*ret_fd = take_fd(&fd);
 */
#ifndef BASE_DEFS_H
#define BASE_DEFS_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_at, first_at)                                                 \
	__attribute__((format(printf, format_at, first_at)))
#define UNUSED            __attribute__((unused))
#define CLEANUP(function) __attribute__((cleanup(function)))
#define ARRAY_LEN(array)  (sizeof(array) / sizeof((array)[0]))

/* Closes *fd unless it is negative; keeps errno. */
static inline void close_fd(int *fd)
{
	int saved = errno;
	if (*fd >= 0)
		(void)close(*fd); /* read side or already synced: nothing to report */
	*fd = -1;
	errno = saved;
}

static inline int take_fd(int *fd)
{
	int taken = *fd;
	*fd = -1;
	return taken;
}

static inline void free_ptr(void *pointer_to_pointer)
{
	void **p = pointer_to_pointer;
	free(*p);
	*p = NULL;
}

#define take_ptr(p)                                                                      \
	({                                                                               \
		__auto_type taken_ = (p);                                                \
		(p) = NULL;                                                              \
		taken_;                                                                  \
	})

#define cleanup_fd  CLEANUP(close_fd)
#define cleanup_mem CLEANUP(free_ptr)

#include "base/banned.h"

#endif
