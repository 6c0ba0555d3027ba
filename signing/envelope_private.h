/* SPDX-License-Identifier: Apache-2.0 */
/* For bundles, which hold an envelope as an object. */
#ifndef SIGNING_ENVELOPE_PRIVATE_H
#define SIGNING_ENVELOPE_PRIVATE_H

#include "signing/envelope.h"

struct json_t;

MUST_USE int envelope_from_json(
	const struct json_t *json, struct envelope **ret_envelope, struct error *err);

#endif
