/* SPDX-License-Identifier: Apache-2.0 */
/* Property: .PKGINFO written again is a fixed point. */
#include "builder/package/apk_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int round_trip(struct slice text, struct buffer *out, struct error *err)
{
	cleanup_package struct package *package = NULL;
	if (package_new(&package, err) < 0 ||
		pkginfo_read(text, package, &package->data, err) < 0)
		return err->class;
	if (!digest_is_set(&package->data)) /* the writer always has it */
		package->data = (struct digest){.algorithm = DIGEST_SHA256, .len = 32};
	if (pkginfo_write(package, out, err) < 0)
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer text = BUFFER_INIT, again = BUFFER_INIT;
	if (round_trip(slice_from(data, size), &text, &err) < 0)
		return 0;
	if (round_trip(buffer_slice(&text), &again, &err) < 0 ||
		!slice_equal(buffer_slice(&text), buffer_slice(&again)))
		abort();
	return 0;
}
