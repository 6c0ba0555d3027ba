/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Buffers that held a secret: emptied with zeros before their memory is given back.
 * Growing a buffer leaves copies behind, so reserve what is needed before anything secret
 * goes in.
 */
#ifndef SIGNING_WIPE_H
#define SIGNING_WIPE_H

#include <string.h>

#include "base/buffer.h"

#define cleanup_secret_buffer CLEANUP(wipe_buffer)

static inline void wipe_buffer(struct buffer *buf)
{
	if (buf->data)
		explicit_bzero(buf->data, buf->capacity);
	buffer_done(buf);
}

/* For strings from a passphrase source; NULL is fine. */
static inline void wipe_str(char **text)
{
	if (*text)
		explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}
#define cleanup_secret_str CLEANUP(wipe_str)

#endif
