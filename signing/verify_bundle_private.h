/* SPDX-License-Identifier: Apache-2.0 */
/* Between verify_signed.c (who signed?) and verify_bundle.c (about this artifact?). */
#ifndef SIGNING_VERIFY_BUNDLE_PRIVATE_H
#define SIGNING_VERIFY_BUNDLE_PRIVATE_H

#include "signing/verify_bundle.h"

/* Says what was looked at, or (not done) why not. */
void bundle_report_note(struct bundle_report *report, enum bundle_check check, bool done,
	const char *format, ...) PRINTF_LIKE(4, 5);

#endif
