/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/common.h"

#include "base/fs.h"
#include "base/limits.h"
#include "signing/wipe.h"

void opened_done(struct opened *opened)
{
	repository_close(&opened->repository);
	reference_free(&opened->reference);
	wipe_str(&opened->password);
}

/* The first line of the file; never shown anywhere. */
static int read_password(const char *path, struct buffer *out, struct error *err)
{
	if (strcmp(path, "-") == 0) {
		cleanup_reader struct reader *reader = NULL;
		int fd = dup(STDIN_FILENO);
		if (fd < 0)
			return error_set_errno(err, errno, "standard input");
		if (reader_from_fd(&fd, &reader, err) < 0 ||
			reader_read_all(reader, LIMIT_KEY_BYTES, out, err) < 0)
			return err->class;
	} else if (fs_read_file(AT_FDCWD, path, LIMIT_KEY_BYTES, out, err) < 0) {
		return err->class;
	}
	if (out->data)
		out->data[strcspn(out->data, "\r\n")] = '\0';
	return 0;
}

typedef int open_repository(const struct reference *reference,
	const struct repository_options *options, struct repository **ret_repository,
	struct error *err);

static int open_with(open_repository *open, const char *text,
	const struct registry_options *registry, struct repository_options options,
	struct opened *ret_opened, struct error *err)
{
	cleanup_opened struct opened opened = {0};
	cleanup_secret_buffer struct buffer password = BUFFER_INIT;

	options.plain_http = registry && registry->plain_http;
	options.user = registry ? registry->user : NULL;
	if (reference_parse(slice_str(text), &opened.reference, err) < 0) {
		err->class = ERR_USAGE;
		return err->class;
	}
	if (options.user && !registry->password_file)
		return error_set(err, ERR_USAGE, "--user needs --password-file");
	if (options.user) {
		if (read_password(registry->password_file, &password, err) < 0 ||
			slice_to_str(slice_str(buffer_str(&password)), &opened.password,
				err) < 0)
			return err->class;
		options.password = opened.password;
	}
	if (open(opened.reference, &options, &opened.repository, err) < 0)
		return err->class;
	*ret_opened = opened;
	opened = (struct opened){0};
	return 0;
}

int open_reference(const char *text, const struct registry_options *registry, bool create,
	bool writable, struct opened *ret_opened, struct error *err)
{
	struct repository_options options = {.create = create, .writable = writable};

	return open_with(repository_open, text, registry, options, ret_opened, err);
}

int open_reference_to_read(const char *text, const struct registry_options *registry,
	struct opened *ret_opened, struct error *err)
{
	struct repository_options options = {0};

	return open_with(
		repository_open_to_read, text, registry, options, ret_opened, err);
}

int open_reference_to_verify(const char *text, const struct registry_options *registry,
	bool check_blobs, struct opened *ret_opened, struct error *err)
{
	struct repository_options options = {.early_credentials = true,
		.bounded = true,
		.seconds_max = check_blobs ? 0 : LIMIT_VERIFY_SECONDS};

	return open_with(
		repository_open_to_read, text, registry, options, ret_opened, err);
}

const char *reference_wanted(const struct reference *reference)
{
	static _Thread_local char digest[DIGEST_TEXT_MAX]; /* read before the next call */
	if (reference->has_digest)
		return digest_format(&reference->digest, digest);
	return reference->tag;
}

int resolve_reference(
	struct opened *opened, struct descriptor *ret_image, struct error *err)
{
	return repository_resolve_reference(
		opened->repository, opened->reference, ret_image, err);
}

const char *recipes_directory(const char *option)
{
	if (option)
		return option;
	return fs_exists(AT_FDCWD, "recipes/toolchain.yaml") ? "recipes"
							     : ALNAGE_DATADIR "/recipes";
}
