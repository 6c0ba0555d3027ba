/* SPDX-License-Identifier: Apache-2.0 */
#include "EXTERN.h"
#include "perl.h"
#include "XSUB.h"
#include <string.h>

MODULE = Greeting  PACKAGE = Greeting

int
length_of(text)
	const char *text
    CODE:
	RETVAL = (int)strlen(text);
    OUTPUT:
	RETVAL
