/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/tree/unpack.h"

#include "base/fs.h"
#include "base/limits.h"

/* Opens the directory that the node goes into; *ret_name is its last component. */
static int open_parent(
	int root, const char *path, int *ret_fd, const char **ret_name, struct error *err)
{
	const char *slash = strrchr(path, '/');
	if (!slash) {
		*ret_name = path;
		return fs_open(
			root, ".", FS_BENEATH, O_RDONLY | O_DIRECTORY, 0, ret_fd, err);
	}
	cleanup_mem char *parent = NULL;
	if (slice_to_str((struct slice){path, (size_t)(slash - path)}, &parent, err) < 0)
		return err->class;
	*ret_name = slash + 1;
	return fs_open(root, parent, FS_BENEATH, O_RDONLY | O_DIRECTORY, 0, ret_fd, err);
}

static int copy_blob(
	struct store *store, const struct tree_node *node, int out, struct error *err)
{
	cleanup_fd int in = -1;
	uint64_t size;
	if (store_open_blob(store, &node->content, &in, &size, err) < 0)
		return err->class;
	if (size != node->size)
		return error_set(err, ERR_INPUT, "content in the store has a wrong size");
	for (uint64_t done = 0; done < size;) {
		uint64_t left = size - done;
		ssize_t n = copy_file_range(in, NULL, out, NULL,
			left > GIB ? GIB : (size_t)left, 0); /* fits: at most 1 GiB */
		if (n < 0)
			return error_set_errno(err, errno, "writing");
		if (n == 0)
			return error_set(
				err, ERR_INPUT, "content in the store is truncated");
		done += (uint64_t)n; /* positive, tested above */
	}
	return 0;
}

static int unpack_file(struct store *store, const struct tree_node *node, int parent,
	const char *name, struct error *err)
{
	cleanup_fd int out = -1;
	mode_t mode = (node->mode & 0755) | 0600; /* we must be able to write it */
	if (fs_open(parent, name, FS_BENEATH, O_WRONLY | O_CREAT | O_EXCL, mode, &out,
		    err) < 0 ||
		copy_blob(store, node, out, err) < 0)
		return err->class;
	if (fchmod(out, mode) < 0)
		return error_set_errno(err, errno, "setting the mode");
	return 0;
}

static int unpack_directory(
	const struct tree_node *node, int parent, const char *name, struct error *err)
{
	mode_t mode = (node->mode & 0755) | 0700;
	struct stat st;
	if (mkdirat(parent, name, mode) == 0)
		return fchmodat(parent, name, mode, 0) == 0
			       ? 0
			       : error_set_errno(err, errno, "setting the mode");
	if (errno == EEXIST && fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		S_ISDIR(st.st_mode))
		return 0;
	return error_set_errno(err, errno, "making the directory");
}

static int unpack_hardlink(const struct tree_node *node, int root, int parent,
	const char *name, struct error *err)
{
	cleanup_fd int from = -1;
	const char *from_name;
	if (open_parent(root, node->target, &from, &from_name, err) < 0)
		return err->class;
	return linkat(from, from_name, parent, name, 0) == 0
		       ? 0
		       : error_set_errno(err, errno, "linking to %s", node->target);
}

static int unpack_node(
	struct store *store, const struct tree_node *node, int root, struct error *err)
{
	cleanup_fd int parent = -1;
	const char *name;
	if (open_parent(root, node->path, &parent, &name, err) < 0)
		return err->class;
	switch (node->type) {
	case TREE_DIRECTORY:
		return unpack_directory(node, parent, name, err);
	case TREE_FILE:
		return unpack_file(store, node, parent, name, err);
	case TREE_SYMLINK:
		return symlinkat(node->target, parent, name) == 0
			       ? 0
			       : error_set_errno(err, errno, "making the symbolic link");
	case TREE_HARDLINK:
		return unpack_hardlink(node, root, parent, name, err);
	}
	return 0;
}

int tree_unpack(const struct tree *tree, struct store *store, int dirfd,
	const char *prefix, struct error *err)
{
	cleanup_fd int root = -1;
	cleanup_mem const struct tree_node **nodes = NULL;
	size_t count;
	int status = *prefix ? fs_make_dirs(dirfd, prefix, 0755, &root, err)
			     : fs_open_dir(dirfd, ".", &root, err);
	if (status < 0 || tree_nodes(tree, &nodes, &count, err) < 0)
		return err->class;
	for (size_t i = 0; i < count; i++)
		if (unpack_node(store, nodes[i], root, err) < 0)
			return error_wrap(err, "unpacking /%s", nodes[i]->path);
	return 0;
}
