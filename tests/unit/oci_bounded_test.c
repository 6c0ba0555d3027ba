/* SPDX-License-Identifier: Apache-2.0 */
/* What a verification reads is bounded in number, size and time, wherever it leads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "tests/unit/oci_fixture.h"

static struct repository *open_bounded(const struct fixture *fixture, bool bounded)
{
	struct repository_options options = {.bounded = bounded};
	struct repository *repository = NULL;
	char text[200];

	repository = open_layout(fixture, "x"); /* makes it */
	repository_close(&repository);
	(void)snprintf(text, sizeof(text), "oci:%s/x", fixture->path);
	MUST(open_text(text, &options, &repository, err));
	return repository;
}

/* Each asking counts, also for what is not there. */
static void test_number(void **state)
{
	cleanup_fixture struct fixture fixture;

	(void)state;
	fixture_begin(&fixture);
	for (int bounded = 0; bounded <= 1; bounded++) {
		cleanup_repository struct repository *repository =
			open_bounded(&fixture, bounded);
		struct descriptor descriptor;
		bool found;

		for (int i = 0; i < LIMIT_VERIFY_READS; i++)
			MUST(repository_resolve(
				repository, "tag", &descriptor, &found, err));
		if (bounded)
			MUST_FAIL(repository_resolve(
					  repository, "tag", &descriptor, &found, err),
				ERR_INPUT, "more than 2000 documents");
		else
			MUST(repository_resolve(
				repository, "tag", &descriptor, &found, err));
	}
}

/* What is announced counts before anything is allocated or asked for. */
static void test_size(void **state)
{
	cleanup_fixture struct fixture fixture;

	(void)state;
	fixture_begin(&fixture);
	cleanup_repository struct repository *repository = open_bounded(&fixture, true);
	cleanup_buffer struct buffer out = BUFFER_INIT;
	struct descriptor large = {.media_type = OCI_LAYER, .size = 600 * MIB};

	MUST(digest_of(DIGEST_SHA256, SLICE("x"), &large.digest, err));
	MUST_FAIL(repository_read_blob(repository, &large, GIB, &out, err), ERR_INPUT,
		"not there");
	MUST_FAIL(repository_read_blob(repository, &large, GIB, &out, err), ERR_INPUT,
		"more than 1024 MiB of documents");
}

#define MANIFEST_BYTES (2 * MIB)

/* Manifests are kept, so their sum is bounded more tightly. */
static void test_manifests(void **state)
{
	cleanup_fixture struct fixture fixture;
	cleanup_repository struct repository *repository = NULL;
	cleanup_mem char *bytes = calloc(1, MANIFEST_BYTES);
	struct descriptor manifests[17];

	(void)state;
	assert_non_null(bytes);
	fixture_begin(&fixture);
	cleanup_repository struct repository *layout = open_layout(&fixture, "x");
	for (size_t i = 0; i < ARRAY_LEN(manifests); i++) {
		bytes[0] = (char)i; /* below 17 */
		manifests[i] = (struct descriptor){.media_type = OCI_MANIFEST};
		MUST(repository_put_blob(
			layout, slice_from(bytes, MANIFEST_BYTES), &manifests[i], err));
	}
	repository = open_bounded(&fixture, true);
	for (size_t i = 0; i < ARRAY_LEN(manifests); i++) {
		cleanup_buffer struct buffer out = BUFFER_INIT;

		if (i < 16)
			MUST(repository_read_manifest(
				repository, &manifests[i], &out, err));
		else
			MUST_FAIL(repository_read_manifest(
					  repository, &manifests[i], &out, err),
				ERR_INPUT, "more than 32 MiB of manifests");
	}
}

/* ---- time: a server that sends a byte now and then, for ever ---- */

struct dripping {
	int listening;
	uint16_t port;
	bool stop;
	pthread_t thread;
};

static void drip(struct dripping *server, int fd)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n"
				   "Content-Type: " OCI_MANIFEST "\r\n\r\n";
	char request[4096];

	if (recv(fd, request, sizeof(request), 0) <= 0 ||
		send(fd, head, sizeof(head) - 1, MSG_NOSIGNAL) < 0)
		return;
	while (!__atomic_load_n(&server->stop, __ATOMIC_RELAXED) &&
		send(fd, " ", 1, MSG_NOSIGNAL) == 1)
		(void)poll(NULL, 0, 50);
}

static void *serve(void *context)
{
	struct dripping *server = context;

	while (!__atomic_load_n(&server->stop, __ATOMIC_RELAXED)) {
		cleanup_fd int fd = accept4(server->listening, NULL, NULL, SOCK_CLOEXEC);

		if (fd >= 0)
			drip(server, fd);
	}
	return NULL;
}

static void dripping_begin(struct dripping *server)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(at);

	*server = (struct dripping){.listening = socket(AF_INET, SOCK_STREAM, 0)};
	assert_int_equal(bind(server->listening, (struct sockaddr *)&at, size), 0);
	assert_int_equal(listen(server->listening, 8), 0);
	assert_int_equal(
		getsockname(server->listening, (struct sockaddr *)&at, &size), 0);
	server->port = ntohs(at.sin_port);
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void dripping_end(struct dripping *server)
{
	__atomic_store_n(&server->stop, true, __ATOMIC_RELAXED);
	(void)shutdown(server->listening, SHUT_RDWR);
	assert_int_equal(pthread_join(server->thread, NULL), 0);
	close_fd(&server->listening);
}

static void test_time(void **state)
{
	struct repository_options options = {.seconds_max = 2, .retry_delay_ms = 1};
	cleanup_repository struct repository *repository = NULL;
	struct dripping server;
	struct descriptor descriptor;
	char text[64];
	double begun;
	bool found;

	(void)state;
	dripping_begin(&server);
	(void)snprintf(text, sizeof(text), "127.0.0.1:%u/slow:1", server.port);
	MUST(open_text(text, &options, &repository, err));
	begun = clock_monotonic();
	MUST_FAIL(repository_resolve(repository, "1", &descriptor, &found, err),
		ERR_NETWORK, "");
	/* two seconds, and at most one more for an attempt that had begun; it would be
	 * hours */
	assert_true(clock_monotonic() - begun < 60);
	begun = clock_monotonic();
	MUST_FAIL(repository_resolve(repository, "1", &descriptor, &found, err),
		ERR_NETWORK, "");
	assert_true(clock_monotonic() - begun < 60);
	dripping_end(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_number),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_manifests),
		cmocka_unit_test(test_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
