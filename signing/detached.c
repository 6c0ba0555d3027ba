/* SPDX-License-Identifier: Apache-2.0 */
#include "signing/detached.h"

#include "base/encode.h"
#include "base/fs.h"
#include "base/limits.h"
#include "signing/secret_private.h"

#define SUMS     "SHA256SUMS"
#define SUMS_MAX (1 * MIB)

static int payload_name(struct slice payload, char *out, struct error *err)
{
	struct digest digest;
	char hex[DIGEST_TEXT_MAX];

	if (digest_of(DIGEST_SHA256, payload, &digest, err) < 0)
		return err->class;
	(void)snprintf(out, DETACHED_NAME_MAX, "%s.payload",
		digest_format_hex(&digest, hex)); /* fits: 64 + 8 */
	return 0;
}

/* ---- out ---- */

/* As `sha256sum -c` reads it; each line once, whoever else is writing. */
static int add_sum(int folder, const char *name, struct error *err)
{
	cleanup_buffer struct buffer sums = BUFFER_INIT, line = BUFFER_INIT;
	cleanup_fd int lock = -1;

	if (buffer_printf(&line, err, "%.64s  %s\n", name, name) < 0 ||
		fs_open(folder, "." SUMS ".lock", FS_OWN, O_CREAT | O_WRONLY, 0644, &lock,
			err) < 0 ||
		fs_lock(lock, err) < 0)
		return err->class;
	if (fs_exists(folder, SUMS) &&
		fs_read_file(folder, SUMS, SUMS_MAX, &sums, err) < 0)
		return err->class;
	if (slice_find(buffer_slice(&sums), buffer_slice(&line)) != SIZE_MAX)
		return 0;
	if (buffer_add_slice(&sums, buffer_slice(&line), err) < 0)
		return err->class;
	return fs_write_file(folder, SUMS, buffer_slice(&sums), 0644, err);
}

int detached_write(
	const char *folder, struct slice payload, char *ret_name, struct error *err)
{
	cleanup_fd int fd = -1;

	if (payload_name(payload, ret_name, err) < 0 ||
		fs_make_dirs(AT_FDCWD, folder, 0755, &fd, err) < 0 ||
		fs_write_file(fd, ret_name, payload, 0644, err) < 0 ||
		add_sum(fd, ret_name, err) < 0)
		return error_wrap(err, "writing what is to be signed to %s", folder);
	return 0;
}

/* ---- in ---- */

struct detached {
	int folder;
	char *path;
};

static void detached_free(void *context)
{
	struct detached *detached = context;

	close_fd(&detached->folder);
	free(detached->path);
	free(detached);
}

/* A text that is base64 from end to end is taken for that: no DER signature is. */
static int decode(struct slice bytes, struct buffer *out, struct error *err)
{
	struct error not_base64 = ERROR_INIT;

	if (base64_decode(slice_trim(bytes), out, &not_base64) == 0)
		return 0;
	if (not_base64.class != ERR_INPUT) {
		*err = not_base64;
		return err->class;
	}
	buffer_clear(out);
	return buffer_add_slice(out, bytes, err);
}

static int find_signature(void *context, enum key_type type, struct slice message,
	struct buffer *ret_signature, struct error *err)
{
	const struct detached *detached = context;
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	char payload[DETACHED_NAME_MAX], name[DETACHED_NAME_MAX + 4];

	(void)type; /* key_verify looks at it */
	if (payload_name(message, payload, err) < 0)
		return err->class;
	(void)snprintf(name, sizeof(name), "%s.sig", payload); /* fits */
	if (!fs_exists(detached->folder, name)) {
		(void)error_set(err, ERR_INPUT, /* returned below */
			"%s has no signature %s", detached->path, name);
		return error_remedy(err,
			fs_exists(detached->folder, payload)
				? "sign the .payload file beside it first"
				: "other payloads were written: give the same image and "
				  "options as with --payload-only");
	}
	if (fs_read_file(detached->folder, name, LIMIT_KEY_BYTES, &bytes, err) < 0)
		return err->class;
	return decode(buffer_slice(&bytes), ret_signature, err);
}

static int detached_new(
	const char *folder, struct detached **ret_detached, struct error *err)
{
	struct detached *detached = calloc(1, sizeof(*detached));

	if (!detached)
		return error_set_memory(err);
	detached->folder = -1;
	detached->path = strdup(folder);
	if (!detached->path) {
		detached_free(detached);
		return error_set_memory(err);
	}
	if (fs_open_dir(AT_FDCWD, folder, &detached->folder, err) < 0) {
		detached_free(detached);
		return err->class;
	}
	*ret_detached = detached;
	return 0;
}

int detached_secret(const char *folder, struct key **key, struct secret **ret_secret,
	struct error *err)
{
	static const struct secret_remote remote = {
		.sign = find_signature, .free = detached_free};
	struct detached *detached;

	if (detached_new(folder, &detached, err) < 0)
		return err->class;
	if (secret_from_remote(&remote, detached, key, ret_secret, err) < 0) {
		detached_free(detached);
		return err->class;
	}
	return 0;
}
