/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/trust_private.h"
#include "base/fs.h"
#include "base/limits.h"

static int open_folder(const char *path, int *ret_fd, struct error *err)
{
	const char *slash = strrchr(path, '/');
	cleanup_mem char *folder = NULL;

	if (!slash)
		return fs_open_dir(AT_FDCWD, ".", ret_fd, err);
	if (slash == path)
		return fs_open_dir(AT_FDCWD, "/", ret_fd, err);
	if (slice_to_str(slice_from(path, (size_t)(slash - path)), &folder, err) < 0)
		return err->class;
	return fs_open_dir(AT_FDCWD, folder, ret_fd, err);
}

static int load_key(int folder, struct trust_entry *entry, struct error *err)
{
	cleanup_buffer struct buffer pem = BUFFER_INIT;

	if (fs_read_file(folder, entry->file, LIMIT_KEY_BYTES, &pem, err) < 0 ||
		key_from_pem(buffer_slice(&pem), &entry->key, err) < 0)
		return error_wrap(err, "key '%s': %s", entry->name, entry->file);
	return 0;
}

static int load_root(int folder, struct trust *trust, const char *file,
	const struct trusted_root **ret_root, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	struct trust_root *item;

	for (size_t i = 0; i < trust->root_count; i++)
		if (strcmp(trust->roots[i].file, file) == 0) {
			*ret_root = trust->roots[i].root;
			return 0;
		}
	item = arena_append(trust->arena, &trust->roots, &trust->root_count,
		&trust->root_capacity, sizeof(*item));
	if (!item)
		return error_set_memory(err);
	item->file = file;
	if (fs_read_file(folder, file, TRUSTED_ROOT_BYTES_MAX, &text, err) < 0 ||
		trusted_root_parse(buffer_slice(&text), &item->root, err) < 0)
		return error_wrap(err, "%s", file);
	*ret_root = item->root;
	return 0;
}

/* The file is wrong, not the command line. */
static int check_signer(const struct trust_entry *entry, struct error *err)
{
	if (signer_check(&entry->signer, err) == 0)
		return 0;
	err->class = ERR_INPUT;
	return err->class;
}

static int load_entry(
	int folder, struct trust *trust, struct trust_entry *entry, struct error *err)
{
	if (entry->file && load_key(folder, entry, err) < 0)
		return err->class;
	if (entry->root_file &&
		load_root(folder, trust, entry->root_file, &entry->signer.root, err) < 0)
		return error_wrap(err, "'%s'", entry->name);
	entry->signer.key = entry->key;
	if (entry->logs_by_root)
		entry->minimum->logs = signer_evidence(&entry->signer).logs;
	entry->signer.evidence = entry->minimum;
	return check_signer(entry, err) < 0 ? error_wrap(err, "'%s'", entry->name) : 0;
}

int trust_load(const char *path, struct trust **ret_trust, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	cleanup_trust struct trust *trust = NULL;
	cleanup_fd int folder = -1;

	if (fs_read_file(AT_FDCWD, path, LIMIT_YAML_BYTES, &text, err) < 0 ||
		trust_parse(buffer_slice(&text), path, &trust, err) < 0 ||
		open_folder(path, &folder, err) < 0)
		return err->class;
	for (size_t i = 0; i < trust->count; i++)
		if (load_entry(folder, trust, &trust->entries[i], err) < 0)
			return error_wrap(err, "%s", path);
	if (trust_check_distinct(trust, path, err) < 0)
		return err->class;
	*ret_trust = take_ptr(trust);
	return 0;
}
