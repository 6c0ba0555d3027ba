/* SPDX-License-Identifier: Apache-2.0 */
/* Against a small server on the loopback, which can misbehave in several ways. */
#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/limits.h"
#include "builder/source/source.h"

#define CONTENT_SIZE 100000

struct seen {
	unsigned requests, faults; /* faults: of those answered with one */
	char paths[32][256];
	uint64_t from[32];
};

static struct seen *seen; /* shared with the server */
static char content[CONTENT_SIZE], wrong[CONTENT_SIZE];
static struct digest expected, expected_512;
static char home[64], base_url[64];
static pid_t server;

/* ---- server ---- */

static void answer(int fd, const char *head, const char *body, size_t len)
{
	char text[256];
	int got = snprintf(text, sizeof(text),
		"HTTP/1.1 %s\r\nContent-Length: %zu\r\n"
		"Connection: close\r\n\r\n",
		head, len);
	(void)!write(fd, text, (size_t)got);
	(void)!write(fd, body, len);
}

static void answer_part(int fd, const char *body, uint64_t from)
{
	char text[256];
	int got = snprintf(text, sizeof(text),
		"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes %llu-%d/%d\r\n"
		"Content-Length: %llu\r\nConnection: close\r\n\r\n",
		(unsigned long long)from, CONTENT_SIZE - 1, CONTENT_SIZE,
		(unsigned long long)(CONTENT_SIZE - from));
	(void)!write(fd, text, (size_t)got);
	(void)!write(fd, body + from, CONTENT_SIZE - from);
}

/* Promises all and sends a third of what is asked for. */
static void answer_cut(int fd, uint64_t from)
{
	char text[256];
	uint64_t len = CONTENT_SIZE - from;
	int got = from ? snprintf(text, sizeof(text),
				 "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes "
				 "%llu-%d/%d\r\n"
				 "Content-Length: %llu\r\n\r\n",
				 (unsigned long long)from, CONTENT_SIZE - 1, CONTENT_SIZE,
				 (unsigned long long)len)
		       : snprintf(text, sizeof(text),
				 "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n",
				 CONTENT_SIZE);
	(void)!write(fd, text, (size_t)got);
	(void)!write(fd, content + from, from ? len : len / 3);
}

#define BEFORE_STALL 100

/* All of it, but not before who is in a hurry has gone. */
static void answer_slowly(int fd, uint64_t from)
{
	char text[64];
	int got = snprintf(text, sizeof(text),
		"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", CONTENT_SIZE);
	if (from) {
		answer_part(fd, content, from);
		return;
	}
	(void)!write(fd, text, (size_t)got);
	(void)!write(fd, content, BEFORE_STALL);
	struct pollfd gone = {.fd = fd, .events = POLLRDHUP};
	(void)poll(&gone, 1, 60000);
	(void)!write(fd, content + BEFORE_STALL, CONTENT_SIZE - BEFORE_STALL);
}

static void answer_fault(int fd, const char *path, uint64_t from)
{
	struct linger reset = {.l_onoff = 1};
	seen->faults++;
	if (strncmp(path, "/reset/", 7) == 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	else if (strncmp(path, "/soon/", 6) == 0)
		answer(fd, "429 Too Many Requests\r\nRetry-After: 1", "", 0);
	else if (strncmp(path, "/tomorrow/", 10) == 0)
		answer(fd, "503 Service Unavailable\r\nRetry-After: 86400", "", 0);
	else if (strncmp(path, "/stall/", 7) == 0) {
		answer_slowly(fd, from);
	} else {
		answer(fd, "503 Service Unavailable", "", 0);
	}
}

static bool is_faulty(const char *path)
{
	static const char *const faulty[] = {
		"/reset/", "/soon/", "/tomorrow/", "/stall/", "/busy/"};
	for (size_t i = 0; i < ARRAY_LEN(faulty); i++)
		if (strncmp(path, faulty[i], strlen(faulty[i])) == 0)
			return true;
	return false;
}

static void serve(int fd)
{
	char request[4096];
	ssize_t got = read(fd, request, sizeof(request) - 1);
	if (got <= 0)
		return;
	request[got] = '\0';
	if (!strchr(request, ' ') || !strstr(request, " HTTP/1.1")) { /* TLS */
		seen->requests++;
		answer(fd, "400 Bad Request", "", 0);
		return;
	}
	char *path = strchr(request, ' ') + 1, *end = strchr(path, ' ');
	uint64_t from = 0;
	const char *range = strstr(end + 1, "ange: bytes=");
	if (range)
		from = strtoull(range + 12, NULL, 10);
	*end = '\0';
	(void)snprintf(seen->paths[seen->requests % 32], 256, "%s", path);
	seen->from[seen->requests % 32] = from;
	seen->requests++;
	if (strncmp(path, "/always/", 8) == 0 || (is_faulty(path) && seen->faults < 2)) {
		answer_fault(fd, path, from);
		return;
	}
	if (is_faulty(path)) /* it passes by itself */
		path = memcpy(path, "/ok/", 4);
	if (strncmp(path, "/ok/", 4) == 0 && from >= CONTENT_SIZE)
		answer(fd, "416 Range Not Satisfiable", "", 0);
	else if (strncmp(path, "/ok/", 4) == 0 && from)
		answer_part(fd, content, from);
	else if (strncmp(path, "/ok/", 4) == 0 || strncmp(path, "/whole/", 7) == 0)
		answer(fd, "200 OK", content, CONTENT_SIZE);
	else if (strncmp(path, "/wrong/", 7) == 0)
		answer(fd, "200 OK", wrong, CONTENT_SIZE);
	else if (strncmp(path, "/cut/", 5) == 0)
		answer_cut(fd, from);
	else
		answer(fd, "404 Not Found", "no", 2);
}

static int start_server(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	for (size_t i = 0; i < CONTENT_SIZE; i++) {
		content[i] = (char)(i * 7 + i / 251);
		wrong[i] = (char)(i * 11);
	}
	if (digest_of(DIGEST_SHA256, slice_from(content, CONTENT_SIZE), &expected, &err) <
			0 ||
		digest_of(DIGEST_SHA512, slice_from(content, CONTENT_SIZE), &expected_512,
			&err) < 0)
		return -1;
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(fd, (struct sockaddr *)&address, len) < 0 || listen(fd, 16) < 0 ||
		getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		return -1;
	(void)snprintf(base_url, sizeof(base_url), "http://127.0.0.1:%u",
		(unsigned)ntohs(address.sin_port));
	server = fork();
	if (server == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		(void)signal(SIGPIPE, SIG_IGN);
		for (;;) {
			int client = accept(fd, NULL, NULL);
			serve(client);
			(void)shutdown(client, SHUT_WR);
			(void)close(client);
		}
	}
	(void)close(fd);
	return server < 0 ? -1 : 0;
}

static int stop_server(void **state)
{
	(void)state;
	(void)kill(server, SIGKILL);
	(void)waitpid(server, NULL, 0);
	return 0;
}

/* ---- fixture ---- */

static struct store *store;
static struct error err;

static int set_up(void **state)
{
	(void)state;
	err = ERROR_INIT;
	(void)snprintf(home, sizeof(home), "/tmp/alnage-fetch-XXXXXX");
	if (!mkdtemp(home) || store_open(home, &store, &err) < 0)
		return -1;
	memset(seen, 0, sizeof(*seen));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	struct error late = ERROR_INIT;
	store_close(&store);
	return fs_remove_tree(AT_FDCWD, home, &late);
}

static char *url_of(const char *path)
{
	static char urls[8][256];
	static size_t next;
	char *url = urls[next++ % 8];
	(void)snprintf(url, 256, "%s%s", base_url, path);
	return url;
}

static struct recipe_source source_at(const char *path)
{
	return (struct recipe_source){.kind = RECIPE_SOURCE_FETCH,
		.uri = url_of(path),
		.expected = expected,
		.commit = "",
		.tag = "",
		.branch = "",
		.file_name = "x.tar.gz",
		.line = 7};
}

static struct source_result fetch(
	const struct recipe_source *source, const struct source_options *options)
{
	struct source_result result = {0};
	if (source_fetch(source, options, store, &result, &err) < 0)
		fail_msg("%s (%s)", err.text, err.remedy);
	assert_true(digest_equal(&result.blob, &expected));
	assert_true(store_has_blob(store, &expected));
	assert_int_equal(result.size, CONTENT_SIZE);
	return result;
}

static void plant_partial(const char *bytes, size_t len)
{
	char hex[DIGEST_TEXT_MAX], path[256];
	cleanup_fd int folder = -1;
	assert_int_equal(
		fs_make_dirs(store_dirfd(store), "partial", 0755, &folder, &err), 0);
	(void)snprintf(
		path, sizeof(path), "sha256-%s", digest_format_hex(&expected, hex));
	assert_int_equal(
		fs_write_file(folder, path, slice_from(bytes, len), 0644, &err), 0);
}

static size_t count_partials(void)
{
	cleanup_names struct fs_names names = {0};
	cleanup_fd int folder = -1;
	assert_int_equal(fs_open_dir(store_dirfd(store), "partial", &folder, &err), 0);
	assert_int_equal(fs_list(folder, &names, &err), 0);
	return names.count;
}

static const struct source_options nothing_else = {.retry_delay_ms = 1};

static void refuse(const struct recipe_source *source,
	const struct source_options *options, unsigned requests, const char *text)
{
	struct source_result result = {0};
	assert_int_equal(
		source_fetch(source, options, store, &result, &err), ERR_NETWORK);
	if (!strstr(err.text, text))
		fail_msg("'%s' lacks '%s'", err.text, text);
	assert_int_equal(seen->requests, requests);
}

/* ---- tests ---- */

static void fetched_once_then_from_the_store(void **state)
{
	(void)state;
	struct recipe_source source = source_at("/ok/x.tar.gz");
	struct source_result result = fetch(&source, &nothing_else);
	assert_string_equal(result.url, source.uri);
	free(result.url);
	result = fetch(&source, &nothing_else);
	assert_null(result.url);
	assert_int_equal(seen->requests, 1);
	assert_int_equal(count_partials(), 0);
}

static void goes_on_where_it_stopped(void **state)
{
	(void)state;
	struct recipe_source source = source_at("/ok/x.tar.gz");
	plant_partial(content, 40000);
	struct source_result result = fetch(&source, &nothing_else);
	free(result.url);
	assert_int_equal(seen->requests, 1);
	assert_int_equal(seen->from[0], 40000);
}

static void broken_connection_is_resumed(void **state)
{
	(void)state;
	struct recipe_source source = source_at("/cut/x.tar.gz");
	struct source_result result = fetch(&source, &nothing_else);
	free(result.url);
	assert_int_equal(seen->requests, 2);
	assert_int_equal(seen->from[1], CONTENT_SIZE / 3);
}

static void server_without_ranges_is_fine(void **state)
{
	(void)state;
	struct recipe_source source = source_at("/whole/x.tar.gz");
	plant_partial(content, 40000);
	struct source_result result = fetch(&source, &nothing_else);
	free(result.url);
	assert_int_equal(seen->requests, 1);
}

static void wrong_partial_starts_over(void **state)
{
	(void)state;
	struct recipe_source source = source_at("/ok/x.tar.gz");
	plant_partial(wrong, 40000);
	struct source_result result = fetch(&source, &nothing_else);
	free(result.url);
	assert_int_equal(seen->requests, 2);
	assert_int_equal(seen->from[1], 0);
}

/* As long as the whole file, so the server has nothing more: 416. */
static void too_long_partial_starts_over(void **state)
{
	(void)state;
	struct recipe_source source = source_at("/ok/x.tar.gz");
	plant_partial(wrong, CONTENT_SIZE);
	struct source_result result = fetch(&source, &nothing_else);
	free(result.url);
	assert_int_equal(seen->requests, 2);
}

static void complete_partial_is_taken(void **state)
{
	(void)state;
	struct recipe_source source = source_at("/ok/x.tar.gz");
	plant_partial(content, CONTENT_SIZE);
	struct source_result result = fetch(&source, &nothing_else);
	free(result.url);
	assert_int_equal(seen->requests, 1);
}

/* A server that does not know about ranges, and less than an earlier one sent. */
static void longer_partial_starts_over_without_ranges(void **state)
{
	(void)state;
	struct recipe_source source = source_at("/whole/x.tar.gz");
	char *more = calloc(1, CONTENT_SIZE + 10);
	assert_non_null(more);
	plant_partial(more, CONTENT_SIZE + 10);
	free(more);
	struct source_result result = fetch(&source, &nothing_else);
	free(result.url);
	assert_int_equal(seen->requests, 2);
}

/* ---- asking again ---- */

static void what_passes_is_asked_again(void **state)
{
	(void)state;
	static const char *const paths[] = {"/busy/x.tar.gz", "/reset/x.tar.gz"};
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct recipe_source source = source_at(paths[i]);
		struct source_result result = fetch(&source, &nothing_else);
		free(result.url);
		assert_int_equal(seen->requests, 3);
		assert_int_equal(tear_down(state), 0);
		assert_int_equal(set_up(state), 0);
	}
}

static void a_server_says_how_long(void **state)
{
	(void)state;
	struct recipe_source source = source_at("/soon/x.tar.gz");
	double before = clock_monotonic();
	struct source_result result = fetch(&source, &nothing_else);
	free(result.url);
	assert_int_equal(seen->requests, 3);
	assert_true(clock_monotonic() - before >= 2);
}

static void nobody_waits_for_tomorrow(void **state)
{
	(void)state;
	struct recipe_source source = source_at("/tomorrow/x.tar.gz");
	refuse(&source, &nothing_else, 1, "HTTP 503, and is not to be asked for 86400");
}

static void another_place_comes_before_a_pause(void **state)
{
	(void)state;
	const char *source_mirrors[] = {url_of("/missing"), url_of("/ok")};
	struct source_options options = {.source_mirrors = source_mirrors,
		.source_mirror_count = 2,
		.retry_delay_ms = 60000};
	struct recipe_source source = source_at("/always/x.tar.gz");
	struct source_result result = fetch(&source, &options);
	assert_string_equal(result.url, url_of("/ok/x.tar.gz"));
	free(result.url);
	assert_int_equal(seen->requests, 4);
}

static void only_who_may_have_it_later_is_asked_again(void **state)
{
	(void)state;
	const char *source_mirrors[] = {url_of("/missing"), url_of("/wrong")};
	struct source_options options = {.source_mirrors = source_mirrors,
		.source_mirror_count = 2,
		.retry_delay_ms = 1};
	struct recipe_source source = source_at("/always/x.tar.gz");
	source.tries = 3;
	refuse(&source, &options, 7, "/always/x.tar.gz: HTTP 503 (3 times); ");
	assert_non_null(strstr(err.text, "/missing/x.tar.gz: HTTP 404; "));
}

static void what_is_certain_is_asked_once(void **state)
{
	(void)state;
	struct recipe_source source = source_at("/404/x.tar.gz");
	refuse(&source, &nothing_else, 1, "HTTP 404");
	error_clear(&err);
	char *url = url_of(""); /* http:… is a server that does not speak TLS */
	char tls[300];
	(void)snprintf(tls, sizeof(tls), "https%s/x.tar.gz", url + strlen("http"));
	source.uri = tls;
	refuse(&source, &nothing_else, 2, "SSL");
	error_clear(&err);
	source.uri = "http://127.0.0.1:1/x.tar.gz"; /* nobody */
	struct source_options patient = {.retry_delay_ms = 60000};
	refuse(&source, &patient, 2, "127.0.0.1:1");
}

static void a_stalled_server_is_left(void **state)
{
	(void)state;
	struct recipe_source source = source_at("/stall/x.tar.gz");
	source.stall_seconds = 1;
	struct source_result result = fetch(&source, &nothing_else);
	free(result.url);
	assert_int_equal(seen->from[1], BEFORE_STALL);
}

static void wrong_digest_everywhere_is_refused(void **state)
{
	(void)state;
	char text[DIGEST_TEXT_MAX];
	struct source_result result = {0};
	struct recipe_source source = source_at("/wrong/x.tar.gz");
	assert_int_equal(
		source_fetch(&source, &nothing_else, store, &result, &err), ERR_INPUT);
	assert_non_null(strstr(err.text, digest_format(&expected, text)));
	assert_non_null(strstr(err.text, "/wrong/x.tar.gz"));
	assert_false(store_has_blob(store, &expected));
	assert_int_equal(count_partials(), 0);
}

static void places_are_tried_in_order(void **state)
{
	(void)state;
	const char *items[] = {"pool/main/x/x/x_1+b~2.orig.tar.gz"};
	const char *mirrors[] = {url_of("/missing"), url_of("/wrong/debian/")};
	const char *source_mirrors[] = {url_of("/ok/")};
	struct source_options options = {.mirrors = mirrors,
		.mirror_count = 2,
		.source_mirrors = source_mirrors,
		.source_mirror_count = 1};
	struct recipe_source source = source_at("/404/x.tar.gz");
	source.debian = (struct recipe_list){items, 1};
	struct source_result result = fetch(&source, &options);
	free(result.url);
	assert_int_equal(seen->requests, 4);
	assert_string_equal(seen->paths[0], "/404/x.tar.gz");
	assert_string_equal(
		seen->paths[1], "/missing/pool/main/x/x/x_1%2Bb~2.orig.tar.gz");
	assert_string_equal(
		seen->paths[2], "/wrong/debian/pool/main/x/x/x_1%2Bb~2.orig.tar.gz");
	assert_string_equal(seen->paths[3], "/ok/x.tar.gz");
}

static void upstream_can_come_last(void **state)
{
	(void)state;
	const char *source_mirrors[] = {url_of("/none")};
	struct source_options options = {.source_mirrors = source_mirrors,
		.source_mirror_count = 1,
		.upstream_last = true};
	struct recipe_source source = source_at("/ok/x.tar.gz");
	struct source_result result = fetch(&source, &options);
	free(result.url);
	assert_int_equal(seen->requests, 3);
	assert_string_equal(seen->paths[0], "/none/x.tar.gz");
	assert_int_equal(strncmp(seen->paths[1], "/none/sha256:", 13), 0);
	assert_string_equal(seen->paths[2], "/ok/x.tar.gz");
}

static void pool_can_be_the_upstream(void **state)
{
	(void)state;
	const char *mirrors[] = {url_of("/ok/debian/")};
	const char *items[] = {"pool/main/x/x/x_1.orig.tar.gz"};
	struct source_options options = {.mirrors = mirrors, .mirror_count = 1};
	struct recipe_source source = source_at("/404/x.tar.gz");
	source.uri = "debian:pool/main/x/x/x_1.orig.tar.gz";
	source.debian = (struct recipe_list){items, 1};
	struct source_result result = fetch(&source, &options);
	free(result.url);
	assert_int_equal(seen->requests, 1);
	assert_string_equal(seen->paths[0], "/ok/debian/pool/main/x/x/x_1.orig.tar.gz");
}

/* A recipe names no files of this machine, and nothing that has only a mirror's word. */
static void only_mirrors_have_what_is_not_http(void **state)
{
	(void)state;
	struct source_options options = {.allow_unpinned = true};
	struct source_result result = {0};
	char path[128], file[160];
	const char *uris[] = {path, file, "ftp://example.org/x.tar.gz"};
	const char *folders[] = {home};
	(void)snprintf(path, sizeof(path), "%s/x.tar.gz", home);
	(void)snprintf(file, sizeof(file), "file://%s", path);
	assert_int_equal(fs_write_file(AT_FDCWD, path, slice_from(content, CONTENT_SIZE),
				 0644, &err),
		0);
	struct recipe_source source = source_at("");
	for (size_t i = 0; i < ARRAY_LEN(uris); i++) {
		source.uri = uris[i];
		assert_int_equal(
			source_fetch(&source, &options, store, &result, &err), ERR_INPUT);
		assert_non_null(strstr(err.text, "by https and http"));
		assert_non_null(strstr(err.remedy, "--source-mirror"));
		error_clear(&err);
	}
	options.source_mirrors = folders;
	options.source_mirror_count = 1;
	source.file_name = "other";
	assert_int_equal(
		source_fetch(&source, &options, store, &result, &err), ERR_NETWORK);
	assert_non_null(strstr(err.text, "no such file"));
	assert_non_null(strstr(err.remedy, "as 'other' or 'sha256:"));
	error_clear(&err);
	source.file_name = "x.tar.gz";
	result = fetch(&source, &options);
	free(result.url);
	assert_int_equal(seen->requests, 0);
}

static void every_failure_is_told(void **state)
{
	(void)state;
	const char *source_mirrors[] = {url_of("/wrong"), "http://127.0.0.1:1"};
	struct source_options options = {
		.source_mirrors = source_mirrors, .source_mirror_count = 2};
	struct source_result result = {0};
	struct recipe_source source = source_at("/404/x.tar.gz");
	assert_int_equal(
		source_fetch(&source, &options, store, &result, &err), ERR_NETWORK);
	assert_non_null(strstr(err.text, "/404/x.tar.gz: HTTP 404"));
	assert_non_null(strstr(err.text, "/wrong/x.tar.gz: "));
	assert_non_null(strstr(err.text, "http://127.0.0.1:1/x.tar.gz: "));
	assert_null(result.url);
}

static void sha512_is_found_again(void **state)
{
	(void)state;
	char hex[DIGEST_TEXT_MAX], key[256], text[DIGEST_TEXT_MAX];
	struct digest other;
	struct recipe_source source = source_at("/ok/x.tar.gz");
	source.expected = expected_512;
	struct source_result result = fetch(&source, &nothing_else);
	free(result.url);
	result = fetch(&source, &nothing_else);
	assert_null(result.url);
	assert_int_equal(seen->requests, 1);
	/* The record is a hint only: one that leads to other bytes is not believed. */
	assert_int_equal(store_put_blob(store, SLICE("other"), &other, &err), 0);
	(void)snprintf(
		key, sizeof(key), "sha512-%s", digest_format_hex(&expected_512, hex));
	assert_int_equal(store_put_record(store, "sources", key,
				 slice_str(digest_format(&other, text)), &err),
		0);
	result = fetch(&source, &nothing_else);
	assert_non_null(result.url);
	free(result.url);
	assert_int_equal(seen->requests, 2);
}

static void offline_asks_nobody(void **state)
{
	(void)state;
	struct source_options options = {.offline = true};
	struct source_result result = {0};
	struct recipe_source source = source_at("/ok/x.tar.gz");
	assert_int_equal(
		source_fetch(&source, &options, store, &result, &err), ERR_NETWORK);
	assert_non_null(strstr(err.remedy, "--offline"));
	assert_int_equal(seen->requests, 0);
	error_clear(&err);
	result = fetch(&source, &nothing_else);
	free(result.url);
	(void)fetch(&source, &options);
}

static void unpinned_needs_permission(void **state)
{
	(void)state;
	struct source_options options = {.allow_unpinned = true};
	struct source_result result = {0};
	struct recipe_source source = source_at("/ok/x.tar.gz");
	source.expected = (struct digest){0};
	assert_int_equal(
		source_fetch(&source, &nothing_else, store, &result, &err), ERR_REFUSED);
	assert_non_null(strstr(err.text, "line 7"));
	assert_int_equal(seen->requests, 0);
	error_clear(&err);
	result = fetch(&source, &options);
	free(result.url);
}

static void pool_files_have_size_and_digest(void **state)
{
	(void)state;
	const char *mirrors[] = {url_of("/ok")};
	struct source_options options = {.mirrors = mirrors, .mirror_count = 1};
	assert_int_equal(source_fetch_pool("pool/main/x.deb", CONTENT_SIZE - 1, &expected,
				 &options, store, &err),
		ERR_INPUT);
	error_clear(&err);
	if (source_fetch_pool("pool/main/x.deb", CONTENT_SIZE, &expected, &options, store,
		    &err) < 0)
		fail_msg("%s", err.text);
	assert_true(store_has_blob(store, &expected));
	assert_string_equal(seen->paths[seen->requests - 1], "/ok/pool/main/x.deb");
}

static void pool_paths_stay_in_the_pool(void **state)
{
	(void)state;
	const char *mirrors[] = {url_of("/ok")};
	struct source_options options = {.mirrors = mirrors, .mirror_count = 1};
	assert_int_equal(source_fetch_pool("pool/../../x.deb", CONTENT_SIZE, &expected,
				 &options, store, &err),
		ERR_INPUT);
	assert_int_equal(seen->requests, 0);
}

static void without_mirrors_there_is_a_remedy(void **state)
{
	(void)state;
	assert_int_equal(source_fetch_pool("pool/main/x.deb", CONTENT_SIZE, &expected,
				 &nothing_else, store, &err),
		ERR_NETWORK);
	assert_non_null(strstr(err.remedy, "--mirror"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fetched_once_then_from_the_store),
		TEST(goes_on_where_it_stopped),
		TEST(broken_connection_is_resumed),
		TEST(server_without_ranges_is_fine),
		TEST(wrong_partial_starts_over),
		TEST(too_long_partial_starts_over),
		TEST(complete_partial_is_taken),
		TEST(longer_partial_starts_over_without_ranges),
		TEST(what_passes_is_asked_again),
		TEST(a_server_says_how_long),
		TEST(nobody_waits_for_tomorrow),
		TEST(another_place_comes_before_a_pause),
		TEST(only_who_may_have_it_later_is_asked_again),
		TEST(what_is_certain_is_asked_once),
		TEST(a_stalled_server_is_left),
		TEST(wrong_digest_everywhere_is_refused),
		TEST(places_are_tried_in_order),
		TEST(upstream_can_come_last),
		TEST(pool_can_be_the_upstream),
		TEST(only_mirrors_have_what_is_not_http),
		TEST(every_failure_is_told),
		TEST(sha512_is_found_again),
		TEST(offline_asks_nobody),
		TEST(unpinned_needs_permission),
		TEST(pool_files_have_size_and_digest),
		TEST(pool_paths_stay_in_the_pool),
		TEST(without_mirrors_there_is_a_remedy),
	};
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
