/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/json.h"
#include "builder/sandbox/attack.h"
#include "builder/sandbox/filter.h"
#include "tests/unit/builder_as_user.h"

static const char *home;

static void fail_with(const struct error *err)
{
	fail_msg("%s (%s)", err->text, err->remedy);
}

static struct store *open_store(void)
{
	char path[300];
	struct error err = ERROR_INIT;
	struct store *store = NULL;
	(void)snprintf(path, sizeof(path), "%s/store", home);
	if (store_open(path, &store, &err) < 0)
		fail_with(&err);
	return store;
}

/* Every wall holds. */
static void attacks_fail_inside(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	struct sandbox_report report;
	cleanup_buffer struct buffer text = BUFFER_INIT;
	cleanup_store struct store *store = open_store();
	if (sandbox_check(store, &report, &err) < 0)
		fail_with(&err);
	assert_int_equal(sandbox_report_text(&report, &text, &err), 0);
	if (!sandbox_report_good(&report))
		fail_msg("%s", buffer_str(&text));
	assert_int_equal(report.count, attack_count() + 3);
	assert_int_not_equal(report.uid, 0);
	for (size_t i = 0; i < report.count; i++)
		if (report.findings[i].outcome != SANDBOX_HELD)
			fail_msg("%s", buffer_str(&text));
	assert_int_not_equal(
		slice_find(buffer_slice(&text), SLICE("no set-id files")), SIZE_MAX);
}

static void report_is_json(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_json json_t *json = NULL;
	struct sandbox_report report;
	memset(&report, 0, sizeof(report));
	report.count = 1;
	report.findings[0] = (struct sandbox_finding){
		.claim = "c", .attack = "a", .outcome = SANDBOX_BROKEN, .detail = "d"};
	assert_int_equal(sandbox_report_json(&report, &json, &err), 0);
	assert_true(json_is_false(json_object_get(json, "good")));
	json_t *first = json_array_get(json_object_get(json, "findings"), 0);
	assert_string_equal(
		json_string_value(json_object_get(first, "outcome")), "broken");
	json_done(&json);
	report.findings[0].outcome = SANDBOX_HELD;
	report.tier = SANDBOX_NONE;
	(void)error_set(&report.unavailable, ERR_SYSTEM, "no way");
	(void)error_remedy(&report.unavailable, "turn it on");
	assert_int_equal(sandbox_report_json(&report, &json, &err), 0);
	assert_true(json_is_false(json_object_get(json, "good")));
	assert_string_equal(
		json_string_value(json_object_get(json, "remedy")), "turn it on");
}

static int bind_outside(struct attack_target *target)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	target->tcp_port = ntohs(address.sin_port);
	struct sockaddr_un local = {.sun_family = AF_UNIX};
	size_t name_len = strlen(target->socket_name);
	memcpy(local.sun_path + 1, target->socket_name, name_len);
	int local_fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(local_fd, (struct sockaddr *)&local,
				 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
					     name_len)),
		0);
	assert_int_equal(listen(local_fd, 4), 0);
	return fd; /* both stay open: also what "find open descriptors" has to find */
}

/* Those that would change the machine if they worked, or need a network or another user.
 */
static bool unsafe_outside(const char *text)
{
	static const char *const names[] = {"find a route to 192.0.2.1", "mount, chroot",
		"write below /proc/sys, change the host name",
		"trace and read the sandbox's first process"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(text, names[i]) == 0)
			return true;
	return false;
}

/* Without the walls each attack gets through, so it can tell. As an ordinary user only.
 */
static void attacks_work_outside(void **state)
{
	(void)state;
	size_t tried = 0;
	char name[64];
	(void)snprintf(name, sizeof(name), "alnage-test-%d", (int)getpid());
	struct attack_target target = {.socket_name = name,
		.outside_path = "/usr/bin",
		.directory = home,
		.process_limit = 16,
		.file_limit = 4096};
	if (geteuid() == 0)
		skip();
	int fd = bind_outside(&target);
	struct attack_result *result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (size_t i = 0; i < attack_count(); i++) {
		if (unsafe_outside(attack_at(i)->text))
			continue;
		result->outcome = SANDBOX_UNTESTED;
		pid_t child = fork();
		if (child == 0) {
			attack_at(i)->run(&target, result);
			_exit(0);
		}
		(void)waitpid(child, NULL, 0);
		if (result->outcome != SANDBOX_BROKEN)
			fail_msg("%s: %s: %s", attack_at(i)->text,
				sandbox_outcome_name(result->outcome), result->detail);
		tried++;
	}
	assert_int_equal(tried, attack_count() - 4);
	(void)munmap(result, sizeof(*result));
	(void)close(fd);
}

static void filter_tells_reasons(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer text = BUFFER_INIT;
	assert_int_equal(filter_describe(&text, &err), 0);
	assert_int_not_equal(
		slice_find(buffer_slice(&text), SLICE("\nkeyctl: EPERM: keys outlive")),
		SIZE_MAX);
	assert_int_not_equal(
		slice_find(buffer_slice(&text), SLICE("\nchown: pretended: ")), SIZE_MAX);
}

static int tests(const char *directory)
{
	const struct CMUnitTest group[] = {
		cmocka_unit_test(attacks_fail_inside),
		cmocka_unit_test(attacks_work_outside),
		cmocka_unit_test(report_is_json),
		cmocka_unit_test(filter_tells_reasons),
	};
	home = directory;
	return cmocka_run_group_tests_name("sandbox check", group, NULL, NULL);
}

int main(void)
{
	return test_run_as_everybody(tests);
}
