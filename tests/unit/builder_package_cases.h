/* SPDX-License-Identifier: Apache-2.0 */
/* The parsers as the case folders and the fuzz targets see them: bytes in, 0 or an error
 * out. */
#ifndef TESTS_UNIT_BUILDER_PACKAGE_CASES_H
#define TESTS_UNIT_BUILDER_PACKAGE_CASES_H

#include "base/compress.h"
#include "base/tar.h"
#include "builder/package/apk.h"
#include "builder/package/apk_private.h"
#include "builder/package/elf.h"
#include "builder/package/index_private.h"

UNUSED static int parse_version(
	struct slice input, struct store *store, struct error *err)
{
	struct slice a = SLICE_EMPTY;
	int order;
	(void)store;
	(void)slice_cut(&input, '\n', &a); /* empty: both are */
	return version_compare(a, input, false, &order, err);
}

UNUSED static int parse_atom(struct slice input, struct store *store, struct error *err)
{
	struct atom atom;
	(void)store;
	return atom_parse(input, &atom, err);
}

UNUSED static int parse_elf(struct slice input, struct store *store, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	struct elf_info info;
	(void)store;
	if (arena_new(&arena, err) < 0)
		return err->class;
	return elf_read(input, arena, &info, err);
}

UNUSED static int parse_index(struct slice input, struct store *store, struct error *err)
{
	cleanup_index struct package_index *index = NULL;
	(void)store;
	if (package_index_new(&index, err) < 0)
		return err->class;
	return index_text_read(input, index, err);
}

UNUSED static int parse_pkginfo(
	struct slice input, struct store *store, struct error *err)
{
	cleanup_package struct package *package = NULL;
	struct digest data;
	(void)store;
	if (package_new(&package, err) < 0)
		return err->class;
	return pkginfo_read(input, package, &data, err);
}

/* The input is the plain tar of the data member; good control data is put before it. */
UNUSED static int wrap_apk(struct slice input, struct store *store,
	struct digest *ret_file, struct error *err)
{
	cleanup_buffer struct buffer data = BUFFER_INIT, info = BUFFER_INIT,
				     control = BUFFER_INIT, file = BUFFER_INIT;
	struct tar_entry entry = {.type = TAR_FILE, .path = ".PKGINFO", .mode = 0644};
	char hex[DIGEST_TEXT_MAX];
	struct digest digest;
	if (compress_member(COMPRESSION_GZIP, input, &data, err) < 0 ||
		digest_of(DIGEST_SHA256, buffer_slice(&data), &digest, err) < 0 ||
		buffer_printf(&info, err,
			"pkgname = x\npkgver = 1\narch = noarch\ndatahash = %s\n",
			digest_format_hex(&digest, hex)) < 0 ||
		tar_add_file(&control, &entry, buffer_slice(&info), err) < 0 ||
		compress_member(COMPRESSION_GZIP, buffer_slice(&control), &file, err) <
			0 ||
		buffer_add_slice(&file, buffer_slice(&data), err) < 0)
		return err->class;
	return store_put_blob(store, buffer_slice(&file), ret_file, err);
}

UNUSED static int parse_apk(struct slice input, struct store *store, struct error *err)
{
	cleanup_package struct package *package = NULL;
	struct apk_read_options options = {0};
	struct digest file;
	if (wrap_apk(input, store, &file, err) < 0)
		return err->class;
	return apk_read(store, &file, &options, &package, err);
}

/* The input is a program, or a .pc file, of a package. */
UNUSED static int parse_scan(struct slice input, struct store *store, struct error *err)
{
	static const char *const paths[] = {"usr/bin/x", "usr/lib/pkgconfig/x.pc"};
	cleanup_package struct package *package = NULL;
	struct package_scan_options options = {0};
	if (package_new(&package, err) < 0)
		return err->class;
	package->version = "1-r0";
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		if (package_add_file(package, store, paths[i], input, err) < 0)
			return err->class;
		struct tree_node node = *tree_find(package->tree, paths[i]);
		node.mode = 0755;
		if (tree_set(package->tree, &node, err) < 0)
			return err->class;
	}
	return package_scan(package, store, &options, err);
}

#endif
