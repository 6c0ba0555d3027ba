/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/xattr.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/map.h"
#include "builder/package/package.h"

struct collect {
	struct package *package;
	struct store *store;
	const struct package_collect_options *options;
	struct arena *scratch; /* paths */
	struct map *inodes;    /* of files with several names: (device, inode) → path */
};

static const struct package_declared *declared_for(
	const struct collect *collect, const char *path, const char *xattr)
{
	const struct package_collect_options *options = collect->options;
	for (size_t i = 0; options && i < options->declared_count; i++) {
		const struct package_declared *declared = &options->declared[i];
		if (strcmp(declared->path, path) != 0)
			continue;
		if (xattr ? declared->xattr && strcmp(declared->xattr, xattr) == 0
			  : declared->set_mode)
			return declared;
	}
	return NULL;
}

static int check_mode(const struct collect *collect, const char *path,
	const struct stat *st, struct error *err)
{
	mode_t special = st->st_mode & (S_ISUID | S_ISGID);
	if (!S_ISDIR(st->st_mode))
		special |= st->st_mode & S_ISVTX;
	if (!special || declared_for(collect, path, NULL))
		return 0;
	error_set(err, ERR_INPUT, "%s: mode %04o has a set-id or sticky bit", path,
		(unsigned)(st->st_mode & 07777));
	return error_remedy(err, "take the bit off, or declare the mode in the recipe");
}

/*
 * No property of the package: SELinux and IMA label what is there, and the sandbox's
 * overlay notes which directory got something from a layer below (overlayfs.rst).
 */
static bool is_of_this_machine(const char *name)
{
	static const char overlay[] = "user.overlay.";
	return strcmp(name, "security.selinux") == 0 ||
	       strcmp(name, "security.ima") == 0 || strcmp(name, "security.evm") == 0 ||
	       strncmp(name, overlay, strlen(overlay)) == 0;
}

static int check_xattrs(
	const struct collect *collect, const char *path, int fd, struct error *err)
{
	cleanup_mem char *names = NULL;
	ssize_t len = flistxattr(fd, NULL, 0);
	if (len == 0 || (len < 0 && errno == ENOTSUP))
		return 0;
	if (len < 0)
		return error_set_errno(err, errno, "%s: listing xattrs", path);
	size_t room = (size_t)len; /* not negative */
	names = calloc(1, room + 1);
	if (!names)
		return error_set_memory(err);
	len = flistxattr(fd, names, room);
	if (len < 0)
		return error_set_errno(err, errno, "%s: listing xattrs", path);
	for (const char *name = names; name < names + len; name += strlen(name) + 1)
		if (!is_of_this_machine(name) && !declared_for(collect, path, name))
			return error_set(err, ERR_INPUT,
				"%s: has the xattr %s, which the recipe "
				"does not declare",
				path, name);
	return 0;
}

/* ---- opening ---- */

/*
 * The output belongs to us and its processes are dead, so nobody exchanges anything; a
 * symlink in the place of what was looked at would all the same be refused by the open.
 */
static int make_readable(int dirfd, const char *name, const char *path,
	const struct stat *st, struct error *err)
{
	mode_t wanted = S_ISDIR(st->st_mode) ? 0500 : 0400;
	if ((st->st_mode & wanted) == wanted)
		return 0;
	if (fchmodat(dirfd, name, (st->st_mode & 07777) | wanted, 0) < 0)
		return error_set_errno(err, errno, "%s: making it readable", path);
	return 0;
}

static int open_same(int dirfd, const char *name, const char *path,
	const struct stat *seen, int *ret_fd, struct error *err)
{
	cleanup_fd int fd = -1;
	struct stat st;
	int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	if (S_ISDIR(seen->st_mode))
		flags |= O_DIRECTORY;
	if (make_readable(dirfd, name, path, seen, err) < 0 ||
		fs_open(dirfd, name, FS_BENEATH, flags, 0, &fd, err) < 0)
		return error_wrap(err, "collecting %s", path);
	if (fstat(fd, &st) < 0)
		return error_set_errno(err, errno, "%s: fstat", path);
	if (st.st_dev != seen->st_dev || st.st_ino != seen->st_ino ||
		(st.st_mode & S_IFMT) != (seen->st_mode & S_IFMT))
		return error_set(err, ERR_INPUT, "%s: changed while it was read", path);
	*ret_fd = take_fd(&fd);
	return 0;
}

/* ---- one entry of each type ---- */

static int store_content(
	struct collect *collect, int *fd, struct tree_node *node, struct error *err)
{
	cleanup_hasher struct hasher *sha1 = NULL;
	cleanup_reader struct reader *file = NULL, *hashed = NULL;
	if (hasher_new(DIGEST_SHA1, &sha1, err) < 0 ||
		reader_from_fd(fd, &file, err) < 0 ||
		reader_hash(&file, sha1, &hashed, err) < 0 ||
		store_put_stream(collect->store, hashed, LIMIT_ARCHIVE_BYTES,
			&node->content, &node->size, err) < 0)
		return err->class;
	return hasher_finish(sha1, &node->sha1, err);
}

struct inode {
	dev_t device;
	ino_t number;
};

static int add_file(struct collect *collect, int *fd, const struct stat *st,
	struct tree_node *node, struct error *err)
{
	struct inode inode;
	memset(&inode, 0, sizeof(inode)); /* it is a key: padding, too */
	inode.device = st->st_dev;
	inode.number = st->st_ino;
	struct slice key = slice_from(&inode, sizeof(inode));
	const char *first = st->st_nlink > 1 ? map_get(collect->inodes, key) : NULL;
	if (first) {
		node->type = TREE_HARDLINK;
		node->target = first;
		return tree_add(collect->package->tree, node, err);
	}
	if (st->st_nlink > 1) {
		char *path = arena_strdup(collect->scratch, node->path);
		if (!path)
			return error_set_memory(err);
		if (map_put(collect->inodes, key, path, err) < 0)
			return err->class;
	}
	node->type = TREE_FILE;
	if (store_content(collect, fd, node, err) < 0)
		return error_wrap(err, "collecting %s", node->path);
	collect->package->installed_size += node->size; /* LIMIT_ARCHIVE_*: no overflow */
	return tree_add(collect->package->tree, node, err);
}

static int add_symlink(struct collect *collect, int dirfd, const char *name,
	struct tree_node *node, struct error *err)
{
	char target[LIMIT_PATH_BYTES + 1];
	ssize_t len = readlinkat(dirfd, name, target, sizeof(target));
	if (len < 0)
		return error_set_errno(err, errno, "%s: reading the symlink", node->path);
	if (len == (ssize_t)sizeof(target))
		return error_set(err, ERR_INPUT, "%s: target is too long", node->path);
	target[len] = '\0';
	node->type = TREE_SYMLINK;
	node->mode = 0777;
	node->target = target;
	return tree_add(collect->package->tree, node, err);
}

static int collect_directory(struct collect *collect, int dirfd, const char *path,
	size_t depth, struct error *err);

static int add_opened(struct collect *collect, int *fd, const struct stat *st,
	struct tree_node *node, size_t depth, struct error *err)
{
	if (check_mode(collect, node->path, st, err) < 0 ||
		check_xattrs(collect, node->path, *fd, err) < 0)
		return err->class;
	if (!S_ISDIR(st->st_mode))
		return add_file(collect, fd, st, node, err);
	node->type = TREE_DIRECTORY;
	if (tree_add(collect->package->tree, node, err) < 0)
		return err->class;
	return collect_directory(collect, *fd, node->path, depth + 1, err);
}

static int collect_entry(struct collect *collect, int dirfd, const char *name,
	const char *path, size_t depth, struct error *err)
{
	cleanup_fd int fd = -1;
	struct stat st;
	struct tree_node node = {.path = path, .package = collect->package->name};
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set_errno(err, errno, "%s: stat", path);
	node.mode = st.st_mode & 07777;
	if (S_ISLNK(st.st_mode))
		return add_symlink(collect, dirfd, name, &node, err);
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return error_set(err, ERR_INPUT,
			"%s: is a device, fifo or socket; packages hold files", path);
	if (open_same(dirfd, name, path, &st, &fd, err) < 0)
		return err->class;
	return add_opened(collect, &fd, &st, &node, depth, err);
}

static int collect_directory(struct collect *collect, int dirfd, const char *path,
	size_t depth, struct error *err)
{
	cleanup_names struct fs_names names = {0};
	if (depth > LIMIT_PATH_DEPTH)
		return error_set(
			err, ERR_INPUT, "%s: deeper than %d", path, LIMIT_PATH_DEPTH);
	if (fs_list(dirfd, &names, err) < 0)
		return error_wrap(err, "collecting %s", path);
	for (size_t i = 0; i < names.count; i++) {
		const char *name = names.items[i];
		const char *below =
			*path ? arena_printf(collect->scratch, "%s/%s", path, name)
			      : arena_strdup(collect->scratch, name);
		if (!below)
			return error_set_memory(err);
		if (collect_entry(collect, dirfd, name, below, depth, err) < 0)
			return err->class;
	}
	return 0;
}

/* ---- what is declared ---- */

static int set_xattr(struct collect *collect, const struct package_declared *declared,
	struct tree_node *node, struct error *err)
{
	struct tree_xattr *xattrs =
		arena_array(collect->scratch, node->xattr_count + 1, sizeof(*xattrs));
	size_t count = 0;
	if (!xattrs)
		return error_set_memory(err);
	for (size_t i = 0; i < node->xattr_count; i++)
		if (strcmp(node->xattrs[i].name, declared->xattr) != 0)
			xattrs[count++] = node->xattrs[i];
	xattrs[count++] = (struct tree_xattr){declared->xattr, declared->value};
	node->xattrs = xattrs;
	node->xattr_count = count;
	return 0;
}

static int apply(struct collect *collect, const struct package_declared *declared,
	struct error *err)
{
	const struct tree_node *there = tree_find(collect->package->tree, declared->path);
	if (!there)
		return error_set(err, ERR_INPUT,
			"%s: the recipe declares its attributes, but it was not made",
			declared->path);
	struct tree_node node = *there;
	if (declared->set_mode)
		node.mode = declared->mode;
	if (declared->set_owner) {
		node.uid = declared->uid;
		node.gid = declared->gid;
	}
	if (declared->xattr && set_xattr(collect, declared, &node, err) < 0)
		return err->class;
	return tree_set(collect->package->tree, &node, err);
}

int package_collect(struct package *package, int dirfd, struct store *store,
	const struct package_collect_options *options, struct error *err)
{
	cleanup_arena struct arena *scratch = NULL;
	cleanup_map struct map *inodes = NULL;
	if (arena_new(&scratch, err) < 0 || map_new(&inodes, err) < 0)
		return err->class;
	struct collect collect = {.package = package,
		.store = store,
		.options = options,
		.scratch = scratch,
		.inodes = inodes};
	package->installed_size = 0;
	if (collect_directory(&collect, dirfd, "", 0, err) < 0)
		return err->class;
	for (size_t i = 0; options && i < options->declared_count; i++)
		if (apply(&collect, &options->declared[i], err) < 0)
			return err->class;
	return 0;
}
