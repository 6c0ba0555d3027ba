/* SPDX-License-Identifier: Apache-2.0 */
/* With other people's programs: docker-registry, skopeo, umoci. What is not installed is
 * skipped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/process.h"
#include "tests/unit/oci_fixture.h"

/* bcrypt of "secret", cost 4 */
#define PASSWORD_LINE "me:$2b$04$jiuOogpUNmljee/gPYCOZ.dCWiIS7mkEaJA3g7m.Rk1Fg60KbNKfq\n"

struct server {
	struct fixture fixture;
	pid_t pid;
	char host[64];
};

static bool is_installed(const char *path)
{
	if (access(path, X_OK) == 0)
		return true;
	print_message("skipped: %s is not installed\n", path);
	return false;
}

/* The port that the system chose for it, from the log; a busy machine takes its time. */
static unsigned wait_for_port(const char *log)
{
	static const char said[] = "msg=\"listening on 127.0.0.1:";

	for (int i = 0; i < 3000; i++) {
		cleanup_buffer struct buffer text = BUFFER_INIT;
		struct error none = ERROR_INIT;
		const char *at = NULL;

		if (fs_read_file(AT_FDCWD, log, 1 * MIB, &text, &none) == 0)
			at = strstr(buffer_str(&text), said);
		if (at && strchr(at, '\n'))
			return (unsigned)strtoul(at + strlen(said), NULL, 10);
		(void)usleep(20000);
	}
	fail_msg("docker-registry does not listen");
	return 0;
}

static void write_config(struct server *server, bool with_password)
{
	char path[200], text[1000];
	int used;

	(void)snprintf(path, sizeof(path), "%s/htpasswd", server->fixture.path);
	MUST(fs_write_file(AT_FDCWD, path, SLICE(PASSWORD_LINE), 0644, err));
	used = snprintf(text, sizeof(text),
		"version: 0.1\nlog: {level: info}\n"
		"storage: {filesystem: {rootdirectory: %s/data}}\n"
		"http: {addr: \"127.0.0.1:0\"}\n",
		server->fixture.path);
	if (with_password)
		(void)snprintf(text + used, sizeof(text) - (size_t)used,
			"auth: {htpasswd: {realm: test, path: %s}}\n", path);
	(void)snprintf(path, sizeof(path), "%s/config.yml", server->fixture.path);
	MUST(fs_write_file(AT_FDCWD, path, slice_str(text), 0644, err));
}

static void begin(struct server *server, bool with_password)
{
	char config[200], log[200];

	fixture_begin(&server->fixture);
	write_config(server, with_password);
	(void)snprintf(config, sizeof(config), "%s/config.yml", server->fixture.path);
	(void)snprintf(log, sizeof(log), "%s/log", server->fixture.path);
	server->pid = fork();
	assert_true(server->pid >= 0);
	if (server->pid == 0) {
		int fd = open(log, O_WRONLY | O_CREAT, 0644);

		if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0 ||
			prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
			_exit(126);
		(void)execl("/usr/bin/docker-registry", "docker-registry", "serve",
			config, (char *)NULL);
		_exit(127);
	}
	(void)snprintf(
		server->host, sizeof(server->host), "127.0.0.1:%u", wait_for_port(log));
}

static void end(struct server *server)
{
	if (server->pid > 0) {
		assert_int_equal(kill(server->pid, SIGKILL), 0);
		assert_int_equal(waitpid(server->pid, NULL, 0), server->pid);
		fixture_end(&server->fixture);
	}
}
#define cleanup_server CLEANUP(end)

static struct repository *open_at(const struct server *server, const char *name,
	const struct repository_options *options)
{
	struct repository *repository = NULL;
	char text[200];

	(void)snprintf(text, sizeof(text), "%s/%s", server->host, name);
	MUST(open_text(text, options, &repository, err));
	return repository;
}

static const struct repository_options anonymous = {
	.writable = true, .anonymous = true, .retry_delay_ms = 1};
static const struct repository_options with_password = {
	.writable = true, .user = "me", .password = "secret", .retry_delay_ms = 1};

static void run(const char *const *argv)
{
	cleanup_buffer struct buffer out = BUFFER_INIT, messages = BUFFER_INIT;
	struct process_options options = {.argv = argv,
		.cwd_fd = -1,
		.output = &out,
		.messages = &messages,
		.timeout_seconds = 60};
	int status = -1;

	MUST(process_run(&options, &status, err));
	if (status != 0)
		fail_msg("%s %s: status %d: %s", argv[0], argv[1], status,
			buffer_str(&messages));
}
#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})

/* ---- docker-registry 2.8: no referrers API, so the fallback index ---- */

static void round_trip(bool password)
{
	cleanup_server struct server server = {0};
	cleanup_fixture struct fixture fixture;
	cleanup_repository struct repository *layout = NULL, *registry = NULL,
					     *back = NULL;
	struct descriptor index, found;
	bool is_found;

	fixture_begin(&fixture);
	begin(&server, password);
	layout = open_layout(&fixture, "a");
	index = put_signed_index(layout, "v1");
	if (password) {
		cleanup_repository struct repository *nobody =
			open_at(&server, "team/base", &anonymous);

		MUST_FAIL(repository_resolve(nobody, "v1", &found, &is_found, err),
			ERR_NETWORK, "credentials are needed");
	}
	registry = open_at(&server, "team/base", password ? &with_password : &anonymous);
	assert_false(resolves(registry, "v1", &found));
	copy_all(layout, registry, &index, "v1");
	repository_close(&registry);
	registry = open_at(&server, "team/base", password ? &with_password : &anonymous);
	assert_signed_index(registry, "v1", &index);
	back = open_layout(&fixture, "b");
	copy_all(registry, back, &index, "v1");
	assert_signed_index(back, "v1", &index);
	MUST(repository_check(back, NULL, err));
}

static void docker_registry(void **state)
{
	(void)state;
	if (!is_installed("/usr/bin/docker-registry"))
		skip();
	round_trip(false);
}

static void docker_registry_with_password(void **state)
{
	(void)state;
	if (!is_installed("/usr/bin/docker-registry"))
		skip();
	round_trip(true);
}

static void docker_registry_large_blobs(void **state)
{
	(void)state;
	static const uint64_t chunks[] = {0, 1000000, 4000000};
	cleanup_server struct server server = {0};
	cleanup_buffer struct buffer bytes = BUFFER_INIT, got = BUFFER_INIT;
	cleanup_repository struct repository *other = NULL;
	struct descriptor blob = {.media_type = OCI_LAYER};

	if (!is_installed("/usr/bin/docker-registry"))
		skip();
	begin(&server, false);
	MUST(buffer_add_zeros(&bytes, 10000003, err));
	for (size_t i = 0; i < ARRAY_LEN(chunks); i++) {
		struct repository_options options = anonymous;
		cleanup_repository struct repository *repository = NULL;

		bytes.data[i] = 'x'; /* another blob each time */
		options.chunk_bytes = chunks[i];
		repository = open_at(&server, "team/base", &options);
		MUST(repository_put_blob(repository, buffer_slice(&bytes), &blob, err));
		buffer_clear(&got);
		MUST(repository_read_blob(repository, &blob, 20000000, &got, err));
		assert_true(slice_equal(buffer_slice(&bytes), buffer_slice(&got)));
	}
	/* and mounted elsewhere with an image around it */
	cleanup_repository struct repository *from =
		open_at(&server, "team/base", &anonymous);
	struct descriptor image = put_image(from, "amd64", "v1");
	other = open_at(&server, "team/other", &anonymous);
	copy_all(from, other, &image, "v1");
	MUST(repository_check(other, &image, err));
}

/* ---- skopeo and umoci read what we write, and the other way round ---- */

static void skopeo_reads_our_layout(void **state)
{
	(void)state;
	cleanup_fixture struct fixture fixture;
	cleanup_repository struct repository *layout = NULL, *copy = NULL,
					     *archive = NULL;
	struct repository_options create = {.create = true, .writable = true};
	struct descriptor index, found;
	char ours[200], theirs[200], tar[200];

	if (!is_installed("/usr/bin/skopeo"))
		skip();
	fixture_begin(&fixture);
	layout = open_layout(&fixture, "a");
	index = put_signed_index(layout, "v1");
	(void)snprintf(ours, sizeof(ours), "oci:%s/a:v1", fixture.path);
	(void)snprintf(theirs, sizeof(theirs), "oci:%s/b:v1", fixture.path);
	RUN("skopeo", "inspect", "--override-arch", "amd64", ours);
	RUN("skopeo", "inspect", "--raw", ours);
	RUN("skopeo", "copy", "--insecure-policy", "--all", "--preserve-digests", ours,
		theirs);
	copy = open_layout(&fixture, "b");
	assert_true(resolves(copy, "v1", &found));
	assert_true(digest_equal(&found.digest, &index.digest));
	MUST(repository_check(copy, &found, err));
	/* an archive of ours, and one of theirs */
	(void)snprintf(tar, sizeof(tar), "oci-archive:%s/ours.tar:v1", fixture.path);
	MUST(open_text(tar, &create, &archive, err));
	copy_all(layout, archive, &index, "v1");
	MUST(repository_commit(archive, err));
	repository_close(&archive);
	RUN("skopeo", "inspect", "--override-arch", "arm64", tar);
	(void)snprintf(tar, sizeof(tar), "oci-archive:%s/theirs.tar:v2", fixture.path);
	RUN("skopeo", "copy", "--insecure-policy", "--all", "--preserve-digests", ours,
		tar);
	create.create = false;
	MUST(open_text(tar, &create, &archive, err));
	assert_true(resolves(archive, "v2", &found));
	assert_true(digest_equal(&found.digest, &index.digest));
	MUST(repository_check(archive, NULL, err));
}

/* What we add to a layout of skopeo's does not disturb skopeo. */
static void skopeo_layout_is_extended(void **state)
{
	(void)state;
	cleanup_fixture struct fixture fixture;
	cleanup_repository struct repository *layout = NULL, *theirs = NULL;
	struct descriptor image, found;
	char from[200], to[200];

	if (!is_installed("/usr/bin/skopeo"))
		skip();
	fixture_begin(&fixture);
	layout = open_layout(&fixture, "a");
	image = put_image(layout, "amd64", "v1");
	(void)snprintf(from, sizeof(from), "oci:%s/a:v1", fixture.path);
	(void)snprintf(to, sizeof(to), "oci:%s/b:v1", fixture.path);
	RUN("skopeo", "copy", "--insecure-policy", "--preserve-digests", from, to);
	theirs = open_layout(&fixture, "b");
	assert_true(resolves(theirs, "v1", &found));
	assert_true(digest_equal(&found.digest, &image.digest));
	(void)put_signature(theirs, &image, "sig", ".sig");
	(void)put_referrer(theirs, &image, "bundle");
	RUN("skopeo", "inspect", to);
	(void)snprintf(to, sizeof(to), "oci:%s/b:v2", fixture.path);
	RUN("skopeo", "copy", "--insecure-policy", "--preserve-digests", from, to);
	assert_true(resolves(theirs, "v2", &found));
	assert_int_equal(count_referrers(theirs, &image.digest), 1);
	assert_true(signature_found(theirs, &image, ".sig"));
}

static void umoci_reads_our_layout(void **state)
{
	(void)state;
	cleanup_fixture struct fixture fixture;
	cleanup_repository struct repository *layout = NULL;
	struct descriptor image;
	char ours[200], folder[200], bundle[200];

	if (!is_installed("/usr/bin/umoci"))
		skip();
	fixture_begin(&fixture);
	layout = open_layout(&fixture, "a");
	image = put_image(layout, "amd64", "v1");
	(void)put_signature(layout, &image, "sig", ".sig");
	(void)put_referrer(layout, &image, "bundle");
	(void)snprintf(folder, sizeof(folder), "%s/a", fixture.path);
	(void)snprintf(ours, sizeof(ours), "%s/a:v1", fixture.path);
	(void)snprintf(bundle, sizeof(bundle), "%s/bundle", fixture.path);
	RUN("umoci", "list", "--layout", folder);
	RUN("umoci", "stat", "--image", ours);
	RUN("umoci", "unpack", "--rootless", "--image", ours, bundle);
	/* and what umoci writes we read */
	RUN("umoci", "tag", "--image", ours, "v2");
	struct descriptor found;
	assert_true(resolves(layout, "v2", &found));
	assert_true(digest_equal(&found.digest, &image.digest));
	assert_int_equal(count_referrers(layout, &image.digest), 1);
}

static void skopeo_and_a_registry(void **state)
{
	(void)state;
	cleanup_server struct server server = {0};
	cleanup_fixture struct fixture fixture;
	cleanup_repository struct repository *layout = NULL, *registry = NULL;
	struct descriptor index, found;
	char ours[200], there[200], back[200];

	if (!is_installed("/usr/bin/docker-registry") || !is_installed("/usr/bin/skopeo"))
		skip();
	fixture_begin(&fixture);
	begin(&server, true);
	layout = open_layout(&fixture, "a");
	index = put_signed_index(layout, "v1");
	/* skopeo pushes, we read */
	(void)snprintf(ours, sizeof(ours), "oci:%s/a:v1", fixture.path);
	(void)snprintf(there, sizeof(there), "docker://%s/team/base:theirs", server.host);
	RUN("skopeo", "copy", "--insecure-policy", "--all", "--preserve-digests",
		"--dest-tls-verify=false", "--dest-creds=me:secret", ours, there);
	registry = open_at(&server, "team/base", &with_password);
	assert_true(resolves(registry, "theirs", &found));
	assert_true(digest_equal(&found.digest, &index.digest));
	MUST(repository_check(registry, &found, err));
	/* we push, skopeo reads */
	copy_all(layout, registry, &index, "ours");
	(void)snprintf(there, sizeof(there), "docker://%s/team/base:ours", server.host);
	(void)snprintf(back, sizeof(back), "oci:%s/b:v1", fixture.path);
	RUN("skopeo", "copy", "--insecure-policy", "--all", "--preserve-digests",
		"--src-tls-verify=false", "--src-creds=me:secret", there, back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(docker_registry),
		cmocka_unit_test(docker_registry_with_password),
		cmocka_unit_test(docker_registry_large_blobs),
		cmocka_unit_test(skopeo_reads_our_layout),
		cmocka_unit_test(skopeo_layout_is_extended),
		cmocka_unit_test(umoci_reads_our_layout),
		cmocka_unit_test(skopeo_and_a_registry),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
