/* SPDX-License-Identifier: Apache-2.0 */
/* What the signed cases are checked with, in unit tests and fuzz targets. */
#ifndef TESTS_UNIT_SIGNING_KNOWN_H
#define TESTS_UNIT_SIGNING_KNOWN_H

#include "base/encode.h"
#include "base/fs.h"
#include "signing/trusted_root.h"

#define KNOWN_TIME    1700000000 /* MOCK_TIME of signing_mock.h */
#define KNOWN_STAMPED "what is signed\n"

/* The log with the key of RFC 8032, 7.1, test 1; NULL if something is wrong. Its key is
 * the caller's. */
UNUSED static bool known_log(struct trusted_log *log)
{
	static const char spki[] = "302a300506032b6570032100"
				   "d75a980182b10ab7d54bfed3c964073a"
				   "0ee172f3daa62325af021a68f707511a";
	struct error err = ERROR_INIT;
	uint8_t der[(sizeof(spki) - 1) / 2];

	*log = (struct trusted_log){.base_url = "https://log.example.org",
		.id = SLICE("hint"),
		.checkpoint_id = SLICE("hint"),
		.window = {.start = 0, .end = INT64_MAX}};
	return hex_decode(slice_str(spki), der, sizeof(der), &err) == 0 &&
	       key_from_der(slice_from(der, sizeof(der)), &log->key, &err) == 0;
}

/* The trusted root that the certificates and time stamps among the cases are under. */
UNUSED static struct trusted_root *known_root(void)
{
	struct error err = ERROR_INIT;
	struct trusted_root *root = NULL;

	if (trusted_root_load("tests/cases/trusted_root/good/mock.json", &root, &err) < 0)
		return NULL;
	return root;
}

#endif
