/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"
#include "oci/certificates.h"

#define HOST "registry.example:5000"

static char home[] = "/tmp/alnage-certificates-XXXXXX";
static const char folder[] = ".config/containers/certs.d/" HOST;

static void put(const char *name)
{
	struct error err = ERROR_INIT;
	char path[256];
	(void)snprintf(path, sizeof(path), "%s/%s/%s", home, folder, name); /* fits */
	assert_int_equal(fs_write_file(AT_FDCWD, path, SLICE("x"), 0644, &err), 0);
}

static int set_up(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_fd int fd = -1;
	char path[256];
	(void)state;
	memcpy(home + sizeof(home) - 7, "XXXXXX", 6);
	if (!mkdtemp(home) || setenv("HOME", home, 1) < 0 ||
		setenv("XDG_CONFIG_HOME", "", 1) < 0)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/%s", home, folder); /* fits */
	return fs_make_dirs(AT_FDCWD, path, 0755, &fd, &err);
}

static int tear_down(void **state)
{
	struct error err = ERROR_INIT;
	(void)state;
	return fs_remove_tree(AT_FDCWD, home, &err);
}

static int find(struct certificates *found, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	return arena_new(&arena, err) < 0 ? err->class
					  : certificates_find(HOST, arena, found, err);
}

static void home_is_searched_without_config_home(void **state)
{
	struct error err = ERROR_INIT;
	struct certificates found = {0};
	(void)state;
	put("a.crt");
	put("b.crt");
	put("client.cert");
	put("client.key");
	put("notes.txt");
	assert_int_equal(find(&found, &err), 0);
	assert_int_equal(found.ca_count, 2);
	assert_non_null(found.certificate);
	assert_non_null(found.key);
}

static void a_key_without_certificate_is_refused(void **state)
{
	struct error err = ERROR_INIT;
	struct certificates found = {0};
	(void)state;
	put("client.key");
	assert_int_equal(find(&found, &err), ERR_INPUT);
	assert_non_null(strstr(err.text, "the .cert for it is missing"));
}

/* Such as root's, where a program runs as somebody else but with root's HOME. */
static void a_home_of_others_has_nothing(void **state)
{
	int status = 0;
	(void)state;
	put("a.crt");
	assert_int_equal(chmod(home, 0), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct error err = ERROR_INIT;
		struct certificates found = {0};
		if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
			_exit(2);
		_exit(find(&found, &err) == 0 && found.ca_count == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(chmod(home, 0755), 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			home_is_searched_without_config_home, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_key_without_certificate_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_home_of_others_has_nothing, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
