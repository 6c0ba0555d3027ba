/* SPDX-License-Identifier: Apache-2.0 */
/* Two versions, one per line. Property: the order is one: antisymmetric, and equal to
 * itself. */
#include "builder/package/index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	struct slice b = slice_from(data, size), a;
	int order, back, self;
	if (!slice_cut(&b, '\n', &a))
		return 0;
	bool good = version_check(a, &err) == 0 && version_check(b, &err) == 0;
	error_clear(&err);
	if ((version_compare(a, b, false, &order, &err) == 0) != good)
		abort();
	if (!good)
		return 0;
	if (version_compare(b, a, false, &back, &err) < 0 || back != -order ||
		version_compare(a, a, false, &self, &err) < 0 || self != 0)
		abort();
	/* what is equal is equal in the fuzzy sense, too */
	if (version_compare(a, b, true, &self, &err) < 0 || (order == 0 && self != 0))
		abort();
	return 0;
}
