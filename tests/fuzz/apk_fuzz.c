/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plain tar of a package's data. Property: what was accepted and packed again has the
 * same tree.
 */
#include <stdlib.h>

#include "base/compress.h"
#include "builder/package/apk_private.h"
#include "builder/package/fragment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct store *store;
static char place[64];

static void remove_store(void)
{
	struct error err = ERROR_INIT;
	store_close(&store);
	if (fs_remove_tree(AT_FDCWD, place, &err) < 0)
		fprintf(stderr, "%s stays: %s\n", place, err.text);
}

static void open_store(void)
{
	struct error err = ERROR_INIT;
	(void)snprintf(place, sizeof(place), "%s/alnage-fuzz-XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(place) || store_open(place, &store, &err) < 0 ||
		atexit(remove_store))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	cleanup_package struct package *package = NULL, *again = NULL;
	cleanup_buffer struct buffer packed = BUFFER_INIT, second = BUFFER_INIT;
	struct digest a, b;
	if (!store)
		open_store();
	if (package_new(&package, &err) < 0 || package_new(&again, &err) < 0 ||
		compress_member(COMPRESSION_GZIP, slice_from(data, size), &packed, &err) <
			0 ||
		apk_read_data(package, store, buffer_slice(&packed), &err) < 0)
		return 0;
	if (apk_write_data(package, store, 0, &second, &err) < 0 ||
		apk_read_data(again, store, buffer_slice(&second), &err) < 0 ||
		tree_digest(package->tree, &a, &err) < 0 ||
		tree_digest(again->tree, &b, &err) < 0 || !digest_equal(&a, &b))
		abort();
	return 0;
}
