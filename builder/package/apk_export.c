/* SPDX-License-Identifier: Apache-2.0 */
#include "base/compress.h"
#include "base/limits.h"
#include "builder/package/apk_private.h"

/* The signature is over the first member of an unsigned file: its control data. */
static int control_member(struct slice file, struct slice *ret_member, struct error *err)
{
	cleanup_buffer struct buffer plain = BUFFER_INIT;
	size_t consumed;
	if (gzip_decompress_member(file, LIMIT_PACKAGE_CONTROL, &plain, &consumed, err) <
		0)
		return err->class;
	*ret_member = slice_sub(file, 0, consumed);
	return 0;
}

int apk_write_signed(const struct package *package, struct store *store,
	const struct apk_signer *signer, int64_t mtime, struct writer *out,
	struct error *err)
{
	cleanup_fd int fd = -1;
	cleanup_mapping struct fs_mapping mapping = {0};
	cleanup_buffer struct buffer signature = BUFFER_INIT;
	struct slice control;
	uint64_t size;
	if (store_open_blob(store, &package->file, &fd, &size, err) < 0 ||
		fs_map(fd, &mapping, err) < 0 ||
		control_member(mapping.bytes, &control, err) < 0 ||
		apk_add_signature(&signature, signer, mtime, control, err) < 0 ||
		writer_write_slice(out, buffer_slice(&signature), err) < 0)
		return error_wrap(err, "package %s", package->name);
	return writer_write_slice(out, mapping.bytes, err);
}
