/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding dependencies: the bytes as a .pc file, as a program (script or ELF) and as
 * directories of libraries. Property: what is found can be written to .PKGINFO and read
 * again, is the same a second time, and nothing that the package offers is missing to it.
 */
#include <stdlib.h>

#include "base/fs.h"
#include "builder/package/apk_private.h"
#include "builder/package/index.h"

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

static int scan(struct slice bytes, struct package **ret_package, struct error *err)
{
	static const char *const paths[] = {"usr/lib/pkgconfig/x.pc", "usr/bin/x",
		"usr/lib/private/y.pc", "etc/ld.so.conf.d/x.conf"};
	cleanup_package struct package *package = NULL;
	struct package_scan_options options = {0};
	if (package_new(&package, err) < 0)
		return err->class;
	package->name = package->origin = "x";
	package->version = "1-r0";
	package->architecture = "x86_64";
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		if (package_add_file(package, store, paths[i], bytes, err) < 0)
			return err->class;
		struct tree_node node = *tree_find(package->tree, paths[i]);
		node.mode = 0755;
		if (tree_set(package->tree, &node, err) < 0)
			return err->class;
	}
	if (package_scan(package, store, &options, err) < 0)
		return err->class;
	*ret_package = take_ptr(package);
	return 0;
}

static void check_offers(const struct package *package)
{
	struct error err = ERROR_INIT;
	for (size_t d = 0; d < package->depends.count; d++)
		for (size_t p = 0; p < package->provides.count; p++) {
			struct atom wanted, own;
			if (atom_parse(slice_str(package->depends.items[d]), &wanted,
				    &err) < 0 ||
				atom_parse(slice_str(package->provides.items[p]), &own,
					&err) < 0 ||
				slice_equal(wanted.name, own.name))
				abort();
		}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	cleanup_package struct package *one = NULL, *two = NULL, *read = NULL;
	cleanup_buffer struct buffer first = BUFFER_INIT, second = BUFFER_INIT;
	struct digest none;
	if (!store)
		open_store();
	if (scan(slice_from(data, size), &one, &err) < 0)
		return 0;
	check_offers(one);
	one->data = (struct digest){.algorithm = DIGEST_SHA256, .len = 32};
	if (scan(slice_from(data, size), &two, &err) < 0 || package_new(&read, &err) < 0)
		abort();
	two->data = one->data;
	if (pkginfo_write(one, &first, &err) < 0 ||
		pkginfo_write(two, &second, &err) < 0 ||
		!slice_equal(buffer_slice(&first), buffer_slice(&second)) ||
		pkginfo_read(buffer_slice(&first), read, &none, &err) < 0 ||
		read->depends.count != one->depends.count)
		abort();
	return 0;
}
