/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include "base/limits.h"
#include "builder/package/capability.h"
#include "tests/unit/builder_package_support.h"

struct output {
	struct place *place;
	struct package *package;
	int fd; /* of the output directory */
	char path[96];
};

static int setup(void **state)
{
	struct output *output = calloc(1, sizeof(*output));
	struct error err = ERROR_INIT;
	void *place;
	if (!output || place_setup(&place) < 0)
		return -1;
	output->place = place;
	(void)snprintf(
		output->path, sizeof(output->path), "%s/output", output->place->path);
	umask(022);
	*state = output;
	if (mkdir(output->path, 0755) < 0 || package_new(&output->package, &err) < 0)
		return -1;
	output->package->name = "sample";
	output->package->version = "1-r0";
	return fs_open_dir(AT_FDCWD, output->path, &output->fd, &err);
}

static int teardown(void **state)
{
	struct output *output = *state;
	void *place = output->place;
	package_free(&output->package);
	close_fd(&output->fd);
	free(output);
	return place_teardown(&place);
}

static void put(struct output *output, const char *path, const char *text, mode_t mode)
{
	int fd = openat(output->fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static int collect(struct output *output, const struct package_declared *declared,
	size_t count, struct error *err)
{
	struct package_collect_options options = {declared, count};
	return package_collect(
		output->package, output->fd, output->place->store, &options, err);
}

static void test_files(void **state)
{
	struct output *output = *state;
	struct error err = ERROR_INIT;
	assert_int_equal(mkdirat(output->fd, "d", 0700), 0);
	put(output, "d/secret", "hidden", 0000);
	put(output, "run", "x", 0755);
	assert_int_equal(linkat(output->fd, "run", output->fd, "d/again", 0), 0);
	assert_int_equal(symlinkat("/etc/passwd", output->fd, "outside"), 0);
	assert_int_equal(mkdirat(output->fd, "tmp", 0), 0);
	assert_int_equal(fchmodat(output->fd, "tmp", 01777, 0), 0);
	assert_ok(package_collect(
		output->package, output->fd, output->place->store, NULL, &err));
	const struct tree *tree = output->package->tree;
	assert_int_equal(tree_count(tree), 6);
	assert_int_equal(tree_find(tree, "d")->mode, 0700);
	assert_int_equal(tree_find(tree, "tmp")->mode, 01777);
	const struct tree_node *secret = tree_find(tree, "d/secret");
	assert_int_equal(secret->mode, 0000);
	assert_int_equal(secret->size, 6);
	assert_int_equal(secret->uid, 0);
	assert_string_equal(secret->package, "sample");
	struct digest sha1, sha256;
	assert_ok(digest_of(DIGEST_SHA1, SLICE("hidden"), &sha1, &err));
	assert_ok(digest_of(DIGEST_SHA256, SLICE("hidden"), &sha256, &err));
	assert_true(digest_equal(&sha1, &secret->sha1));
	assert_true(digest_equal(&sha256, &secret->content));
	assert_true(store_has_blob(output->place->store, &sha256));
	/* the names of one inode are one file, the first of them */
	assert_int_equal(tree_find(tree, "d/again")->type, TREE_FILE);
	assert_string_equal(tree_find(tree, "run")->target, "d/again");
	/* a symlink is its text, wherever it points */
	assert_int_equal(tree_find(tree, "outside")->type, TREE_SYMLINK);
	assert_string_equal(tree_find(tree, "outside")->target, "/etc/passwd");
	assert_int_equal(output->package->installed_size, 7);
}

static void test_set_id(void **state)
{
	struct output *output = *state;
	struct error err = ERROR_INIT;
	static const mode_t modes[] = {04755, 02755, 01755};
	const struct package_declared declared = {
		.path = "su", .set_mode = true, .mode = 04755};
	put(output, "su", "x", 0755);
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		assert_int_equal(fchmodat(output->fd, "su", modes[i], 0), 0);
		assert_refused(
			collect(output, NULL, 0, &err), ERR_INPUT, "set-id or sticky");
	}
	assert_int_equal(fchmodat(output->fd, "su", 04755, 0), 0);
	assert_ok(collect(output, &declared, 1, &err));
	assert_int_equal(tree_find(output->package->tree, "su")->mode, 04755);
}

static void test_set_gid_directory(void **state)
{
	struct output *output = *state;
	struct error err = ERROR_INIT;
	assert_int_equal(mkdirat(output->fd, "d", 0755), 0);
	assert_int_equal(fchmodat(output->fd, "d", 02755, 0), 0);
	assert_refused(collect(output, NULL, 0, &err), ERR_INPUT, "d: mode 2755");
}

static void test_declared(void **state)
{
	struct output *output = *state;
	struct error err = ERROR_INIT;
	const struct package_declared declared[] = {
		{.path = "ping",
			.xattr = "security.capability",
			.value = SLICE("\1\0\0\2")},
		{.path = "ping", .set_owner = true, .uid = 0, .gid = 65532},
		{.path = "state", .set_mode = true, .mode = 0770}};
	const struct package_declared absent = {.path = "nothing", .set_mode = true};
	put(output, "ping", "x", 0755);
	assert_int_equal(mkdirat(output->fd, "state", 0755), 0);
	assert_ok(collect(output, declared, ARRAY_LEN(declared), &err));
	const struct tree_node *ping = tree_find(output->package->tree, "ping");
	assert_int_equal(ping->gid, 65532);
	assert_int_equal(ping->xattr_count, 1);
	assert_string_equal(ping->xattrs[0].name, "security.capability");
	assert_int_equal(tree_find(output->package->tree, "state")->mode, 0770);
	cleanup_package struct package *other = NULL;
	assert_ok(package_new(&other, &err));
	struct package_collect_options options = {&absent, 1};
	assert_refused(
		package_collect(other, output->fd, output->place->store, &options, &err),
		ERR_INPUT, "nothing: the recipe declares");
}

static void test_capabilities(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	struct capability capability = CAPABILITY_NONE;
	uint8_t value[CAPABILITY_BYTES];
	/* what setcap cap_net_raw,cap_net_bind_service,cap_bpf+ep writes */
	static const uint8_t expected[] = {
		1, 0, 0, 2, 0, 0x24, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0};
	assert_ok(capability_add(&capability, SLICE("cap_net_raw"), SLICE("+ep"), &err));
	assert_ok(capability_add(
		&capability, SLICE("cap_net_bind_service,CAP_bpf"), SLICE("=pe"), &err));
	capability_encode(&capability, value);
	assert_memory_equal(value, expected, sizeof(expected));
	assert_refused(capability_add(&capability, SLICE("cap_kill"), SLICE("+p"), &err),
		ERR_INPUT, "all together");
	assert_refused(capability_add(&capability, SLICE("cap_root"), SLICE("+ep"), &err),
		ERR_INPUT, "no such capability: \"cap_root\"");
	assert_refused(capability_add(&capability, SLICE("cap_kill"), SLICE("+x"), &err),
		ERR_INPUT, "no such flags");
	assert_refused(capability_add(&capability, SLICE("cap_kill"), SLICE("+e"), &err),
		ERR_INPUT, "grant nothing");
	assert_refused(capability_add(&capability, SLICE(""), SLICE("+ep"), &err),
		ERR_INPUT, "no capability");
}

static void test_xattr(void **state)
{
	struct output *output = *state;
	struct error err = ERROR_INIT;
	char path[128];
	put(output, "x", "x", 0644);
	(void)snprintf(path, sizeof(path), "%s/x", output->path);
	if (setxattr(path, "user.note", "1", 1, 0) < 0)
		skip(); /* this file system has none */
	assert_refused(
		collect(output, NULL, 0, &err), ERR_INPUT, "x: has the xattr user.note");
}

static void test_fifo(void **state)
{
	struct output *output = *state;
	struct error err = ERROR_INIT;
	assert_int_equal(mkfifoat(output->fd, "f", 0644), 0);
	assert_refused(collect(output, NULL, 0, &err), ERR_INPUT,
		"f: is a device, fifo or socket");
}

static void test_socket(void **state)
{
	struct output *output = *state;
	struct error err = ERROR_INIT;
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", output->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_refused(collect(output, NULL, 0, &err), ERR_INPUT,
		"s: is a device, fifo or socket");
}

static void test_names(void **state)
{
	struct output *output = *state;
	struct error err = ERROR_INIT;
	put(output, "new\nline", "x", 0644);
	assert_refused(collect(output, NULL, 0, &err), ERR_INPUT, "printable");
}

static void test_depth(void **state)
{
	struct output *output = *state;
	struct error err = ERROR_INIT;
	int at = dup(output->fd);
	for (int i = 0; i < LIMIT_PATH_DEPTH + 1; i++) {
		assert_int_equal(mkdirat(at, "d", 0755), 0);
		int below = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(below >= 0);
		close(at);
		at = below;
	}
	close(at);
	assert_refused(collect(output, NULL, 0, &err), ERR_INPUT, "deeper than");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_files),
		TEST(test_set_id),
		TEST(test_set_gid_directory),
		TEST(test_declared),
		cmocka_unit_test(test_capabilities),
		TEST(test_xattr),
		TEST(test_fifo),
		TEST(test_socket),
		TEST(test_names),
		TEST(test_depth),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
