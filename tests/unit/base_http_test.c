/* SPDX-License-Identifier: Apache-2.0 */
/* Against servers on the loopback that the test itself forks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/http.h"
#include "base/limits.h"

#define SECRET "Bearer s3cr3t-t0ken"

/* ---- the servers ---- */

enum { FIRST, OTHER, TLS, SERVERS };

static struct {
	int listen_fd[SERVERS];
	unsigned port[SERVERS];
	pid_t pid[SERVERS];
	char ca_path[64];
	EVP_PKEY *key;
	X509 *certificate;
} servers;

struct connection {
	int fd;
	SSL *ssl;
	char request[4096];
	size_t len, head_len;
};

static ssize_t connection_read(struct connection *c, char *data, size_t len)
{
	return c->ssl ? SSL_read(c->ssl, data, (int)len) : read(c->fd, data, len);
}

/* False when the client has had enough. */
static bool send_bytes(struct connection *c, const void *data, size_t len)
{
	if (c->ssl)
		return SSL_write(c->ssl, data, (int)len) > 0;
	return write(c->fd, data, len) == (ssize_t)len;
}

static void PRINTF_LIKE(2, 3) say(struct connection *c, const char *format, ...)
{
	char text[2048];
	va_list args;
	va_start(args, format);
	int len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len > 0)
		(void)send_bytes(c, text, (size_t)len);
}

/* The head, and as much body as Content-Length says. */
static bool read_request(struct connection *c)
{
	size_t body = 0;
	while (c->len < sizeof(c->request) - 1) {
		const char *end = strstr(c->request, "\r\n\r\n");
		if (end) {
			const char *length = strstr(c->request, "Content-Length: ");
			if (length && length < end)
				body = (size_t)strtoul(length + 16, NULL, 10);
			c->head_len = (size_t)(end - c->request) + 4;
			if (c->len >= c->head_len + body)
				return true;
		}
		ssize_t got = connection_read(
			c, c->request + c->len, sizeof(c->request) - 1 - c->len);
		if (got <= 0)
			return false;
		c->len += (size_t)got;
	}
	return true;
}

static void redirect(
	struct connection *c, int status, const char *scheme, int to, const char *path)
{
	say(c,
		"HTTP/1.1 %d Moved\r\nLocation: %s://127.0.0.1:%u%s\r\n"
		"Content-Length: 5\r\nConnection: close\r\n\r\nmoved",
		status, scheme, servers.port[to], path);
}

static void send_large(struct connection *c, const char *head, size_t size)
{
	char block[1024];
	memset(block, 'x', sizeof(block));
	say(c, "%s", head);
	for (size_t sent = 0; sent < size; sent += sizeof(block)) {
		if (!send_bytes(c, block, sizeof(block)))
			return;
	}
}

static void answer_range(struct connection *c, const char *path)
{
	const char *range = strstr(c->request, "Range: bytes=4-\r\n");
	if (strcmp(path, "/range") == 0 && range)
		say(c, "HTTP/1.1 206 Part\r\nContent-Range: bytes 4-9/10\r\n"
		       "Content-Length: 6\r\nConnection: close\r\n\r\n456789");
	else if (strcmp(path, "/range-wrong") == 0)
		say(c, "HTTP/1.1 206 Part\r\nContent-Range: bytes 0-9/10\r\n"
		       "Content-Length: 10\r\nConnection: close\r\n\r\n0123456789");
	else if (strcmp(path, "/range-short") == 0)
		say(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: "
		       "close\r\n\r\n01");
	else
		say(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: "
		       "close\r\n\r\n"
		       "0123456789");
}

static void answer_redirect(struct connection *c, const char *path)
{
	if (strcmp(path, "/redirect/same") == 0)
		say(c, "HTTP/1.1 302 Found\r\nLocation: /echo\r\nContent-Length: 0\r\n"
		       "Connection: close\r\n\r\n");
	else if (strcmp(path, "/redirect/other") == 0)
		redirect(c, 302, "http", OTHER, "/echo");
	else if (strcmp(path, "/redirect/there-and-back") == 0)
		redirect(c, 302, "http", OTHER, "/redirect/first");
	else if (strcmp(path, "/redirect/first") == 0)
		redirect(c, 302, "http", FIRST, "/echo");
	else if (strcmp(path, "/redirect/loop") == 0)
		redirect(c, 302, "http", FIRST, path);
	else if (strcmp(path, "/redirect/tls") == 0)
		redirect(c, 302, "https", TLS, "/echo");
	else if (strcmp(path, "/redirect/303") == 0)
		redirect(c, 303, "http", FIRST, "/echo");
	else if (strcmp(path, "/redirect/307") == 0)
		redirect(c, 307, "http", FIRST, "/echo");
	else if (strcmp(path, "/redirect/302-put") == 0)
		redirect(c, 302, "http", FIRST, "/echo");
	else if (strcmp(path, "/redirect/outside") == 0)
		say(c, "HTTP/1.1 302 x\r\nLocation: http://192.0.2.1/?sig=%s\r\n\r\n",
			"hidden");
	else if (strcmp(path, "/redirect/user") == 0)
		say(c, "HTTP/1.1 302 x\r\nLocation: http://a:pass@127.0.0.1/\r\n\r\n");
	else if (strcmp(path, "/redirect/file") == 0)
		say(c, "HTTP/1.1 302 x\r\nLocation: file:///etc/passwd\r\n\r\n");
	else
		say(c, "HTTP/1.1 302 x\r\nContent-Length: 0\r\nConnection: "
		       "close\r\n\r\n");
}

static void answer(struct connection *c, const char *path)
{
	if (strncmp(path, "/range", 6) == 0) {
		answer_range(c, path);
	} else if (strncmp(path, "/redirect/", 10) == 0) {
		answer_redirect(c, path);
	} else if (strcmp(path, "/echo") == 0) {
		say(c,
			"HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: "
			"close\r\n\r\n",
			c->len);
		(void)send_bytes(c, c->request, c->len);
	} else if (strcmp(path, "/large") == 0) {
		send_large(
			c, "HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n", 1048576);
	} else if (strcmp(path, "/endless") == 0) {
		send_large(c, "HTTP/1.1 200 OK\r\n\r\n", 64 * MIB);
	} else if (strcmp(path, "/error") == 0) {
		send_large(c, "HTTP/1.1 404 No\r\n\r\n", 64 * MIB);
	} else if (strcmp(path, "/truncated") == 0) {
		say(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789");
	} else if (strcmp(path, "/truncated-chunk") == 0) {
		say(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
		       "chunked\r\n\r\n5\r\nhello\r\n");
	} else if (strcmp(path, "/stall") == 0) {
		say(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789");
		(void)sleep(60);
	} else if (strcmp(path, "/headers") == 0) {
		say(c, "HTTP/1.1 103 Early\r\nLink: early\r\n\r\nHTTP/1.1 200 OK\r\n"
		       "WWW-Authenticate:  Basic \r\nX-Empty:\r\nwww-authenticate: "
		       "Bearer a:b\r\n"
		       "Content-Length: 0\r\nConnection: close\r\n\r\n");
	} else if (strcmp(path, "/many-headers") == 0) {
		say(c, "HTTP/1.1 200 OK\r\n");
		for (int i = 0; i < 2000; i++)
			say(c,
				"X-Header-%d: "
				"01234567890123456789012345678901234567890\r\n",
				i);
		say(c, "Content-Length: 0\r\n\r\n");
	} else {
		say(c, "HTTP/1.1 404 No\r\nContent-Length: 4\r\nConnection: "
		       "close\r\n\r\ngone");
	}
}

static void serve_one(struct connection *c)
{
	char path[256] = "";
	if (!read_request(c))
		return;
	const char *from = strchr(c->request, ' ');
	if (!from)
		return;
	size_t len = strcspn(from + 1, " ?");
	(void)snprintf(path, sizeof(path), "%.*s", (int)len, from + 1);
	/* As a proxy is asked: the whole URL. */
	const char *host = strstr(path, "://");
	const char *slash = host ? strchr(host + 3, '/') : NULL;
	answer(c, slash ? slash : path);
}

/* A process per connection, so that a stalling one stalls nobody else. */
static void serve_connection(int server, int fd)
{
	struct connection c = {.fd = fd};
	(void)alarm(60);
	if (server == TLS) {
		SSL_CTX *context = SSL_CTX_new(TLS_server_method());
		if (!context ||
			SSL_CTX_use_certificate(context, servers.certificate) != 1 ||
			SSL_CTX_use_PrivateKey(context, servers.key) != 1)
			_exit(1);
		c.ssl = SSL_new(context);
		if (!c.ssl || SSL_set_fd(c.ssl, fd) != 1 || SSL_accept(c.ssl) != 1)
			_exit(1);
	}
	serve_one(&c);
	if (c.ssl)
		(void)SSL_shutdown(c.ssl);
	(void)shutdown(fd, SHUT_WR);
	/* Until the client is done: a reset would lose what is on its way. */
	while (read(fd, c.request, sizeof(c.request)) > 0)
		continue;
	_exit(0);
}

static void serve(int server)
{
	(void)signal(SIGCHLD, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	for (;;) {
		int fd = accept(servers.listen_fd[server], NULL, NULL);
		if (fd < 0)
			_exit(1);
		if (fork() == 0)
			serve_connection(server, fd);
		(void)close(fd);
	}
}

static bool start_listening(int server)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, len) < 0 ||
		listen(fd, 16) < 0 ||
		getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		return false;
	servers.listen_fd[server] = fd;
	servers.port[server] = ntohs(address.sin_port);
	return true;
}

/* A self-signed certificate for 127.0.0.1. */
static bool make_certificate(void)
{
	servers.key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	servers.certificate = x;
	if (!servers.key || !x || X509_set_version(x, 2) != 1 ||
		ASN1_INTEGER_set(X509_get_serialNumber(x), 1) != 1 ||
		!X509_gmtime_adj(X509_getm_notBefore(x), -3600) ||
		!X509_gmtime_adj(X509_getm_notAfter(x), 3600) ||
		X509_set_pubkey(x, servers.key) != 1)
		return false;
	X509_NAME *name = X509_get_subject_name(x);
	if (X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
		    (const unsigned char *)"alnage test", -1, -1, 0) != 1 ||
		X509_set_issuer_name(x, name) != 1)
		return false;
	X509_EXTENSION *extension =
		X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");
	if (!extension || X509_add_ext(x, extension, -1) != 1 ||
		X509_sign(x, servers.key, EVP_sha256()) == 0)
		return false;
	X509_EXTENSION_free(extension);
	(void)snprintf(
		servers.ca_path, sizeof(servers.ca_path), "/tmp/alnage-http-XXXXXX");
	int fd = mkstemp(servers.ca_path);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	return file && PEM_write_X509(file, x) == 1 && fclose(file) == 0;
}

static int start_servers(void **state)
{
	(void)state;
	static const char *const variables[] = {"http_proxy", "HTTP_PROXY", "https_proxy",
		"HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"};
	for (size_t i = 0; i < ARRAY_LEN(variables); i++)
		(void)unsetenv(variables[i]);
	if (!make_certificate())
		return -1;
	for (int i = 0; i < SERVERS; i++) {
		if (!start_listening(i))
			return -1;
	}
	for (int i = 0; i < SERVERS; i++) {
		servers.pid[i] = fork();
		if (servers.pid[i] == 0)
			serve(i);
	}
	return 0;
}

static int stop_servers(void **state)
{
	(void)state;
	for (int i = 0; i < SERVERS; i++) {
		(void)kill(servers.pid[i], SIGKILL);
		(void)waitpid(servers.pid[i], NULL, 0);
		(void)close(servers.listen_fd[i]);
	}
	X509_free(servers.certificate);
	EVP_PKEY_free(servers.key);
	return unlink(servers.ca_path);
}

/* ---- the client's side ---- */

static int setup(void **state)
{
	struct http_client *client = NULL;
	struct error err = ERROR_INIT;
	int result = http_client_new("alnage/test", &client, &err);
	*state = client;
	return result;
}

static int teardown(void **state)
{
	struct http_client *client = *state;
	http_client_free(&client);
	return 0;
}

static char *url_of(int server, const char *path, char *out, size_t size)
{
	(void)snprintf(out, size, "%s://127.0.0.1:%u%s", server == TLS ? "https" : "http",
		servers.port[server], path);
	return out;
}

/* GET with the secret; at most 10000 bytes. */
static int get(struct http_client *client, int server, const char *path,
	struct http_response *response, struct error *err)
{
	char url[256];
	const struct http_request request = {.method = "GET",
		.url = url_of(server, path, url, sizeof(url)),
		.authorization = SECRET,
		.max_body = 10000,
		.timeout_seconds = 10};
	error_clear(err);
	return http_perform(client, &request, response, err);
}

static void expect_refusal(struct http_client *client, int server, const char *path,
	int class, const char *text)
{
	struct error err = ERROR_INIT;
	cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
	int result = get(client, server, path, &response, &err);
	if (result != class || !strstr(err.text, text))
		fail_msg("%s: %d '%s' instead of '%s'", path, result, err.text, text);
	assert_int_equal(response.status, 0);
	assert_null(strstr(err.text, "s3cr3t"));
	assert_null(strstr(err.text, "hidden"));
	assert_null(strstr(err.text, "pass@"));
}

static void gets_a_body(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
	assert_int_equal(get(*state, FIRST, "/echo", &response, &err), 0);
	assert_int_equal(response.status, 200);
	assert_non_null(strstr(buffer_str(&response.body), "GET /echo HTTP/1.1\r\n"));
	assert_non_null(
		strstr(buffer_str(&response.body), "Authorization: " SECRET "\r\n"));
	assert_non_null(
		strstr(buffer_str(&response.body), "User-Agent: alnage/test\r\n"));
	assert_null(strstr(buffer_str(&response.body), "Accept-Encoding"));
	assert_int_equal(get(*state, FIRST, "/none", &response, &err), 0);
	assert_int_equal(response.status, 404);
	assert_string_equal(buffer_str(&response.body), "gone");
}

static void sends_bodies(void **state)
{
	char url[256];
	struct error err = ERROR_INIT;
	static const char *const headers[] = {"Content-Type: text/x", NULL};
	cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
	cleanup_reader struct reader *reader = NULL, *brief = NULL;
	struct http_request request = {.method = "POST",
		.url = url_of(FIRST, "/echo", url, sizeof(url)),
		.headers = headers,
		.body = SLICE("from a slice"),
		.max_body = 10000};
	assert_int_equal(http_perform(*state, &request, &response, &err), 0);
	assert_non_null(strstr(buffer_str(&response.body), "POST /echo HTTP/1.1\r\n"));
	assert_non_null(strstr(buffer_str(&response.body), "Content-Type: text/x\r\n"));
	assert_non_null(strstr(buffer_str(&response.body), "\r\n\r\nfrom a slice"));
	assert_int_equal(reader_from_slice(SLICE("from a reader"), &reader, &err), 0);
	request.method = "PUT";
	request.body_reader = reader;
	request.body_size = 13;
	assert_int_equal(http_perform(*state, &request, &response, &err), 0);
	assert_non_null(strstr(buffer_str(&response.body), "PUT /echo HTTP/1.1\r\n"));
	assert_non_null(strstr(buffer_str(&response.body), "Content-Length: 13\r\n"));
	assert_non_null(strstr(buffer_str(&response.body), "\r\n\r\nfrom a reader"));
	assert_int_equal(reader_from_slice(SLICE("short"), &brief, &err), 0);
	request.body_reader = brief;
	assert_int_equal(http_perform(*state, &request, &response, &err), ERR_INPUT);
	assert_non_null(strstr(err.text, "ended after 5 of 13 bytes"));
	request.body_reader = NULL;
	request.body = SLICE_EMPTY;
	request.method = "PATCH";
	request.max_body = 0; /* an answer that is not wanted is dropped */
	error_clear(&err);
	assert_int_equal(http_perform(*state, &request, &response, &err), 0);
	assert_int_equal(response.status, 200);
	assert_int_equal(response.body.len, 0);
	request.method = "DELETE";
	request.max_body = 10000;
	assert_int_equal(http_perform(*state, &request, &response, &err), 0);
	assert_non_null(strstr(buffer_str(&response.body), "DELETE /echo HTTP/1.1\r\n"));
	request.method = "HEAD";
	request.url = url_of(FIRST, "/large", url, sizeof(url));
	assert_int_equal(http_perform(*state, &request, &response, &err), 0);
	assert_int_equal(response.status, 200);
	struct slice length;
	assert_true(http_response_header(&response, "content-length", &length));
	assert_true(slice_equal_str(length, "1048576"));
}

static void redirects_keep_to_their_origin(void **state)
{
	static const struct {
		const char *path;
		bool secret;
		int ends_at;
	} cases[] = {{"/redirect/same", true, FIRST}, {"/redirect/first", true, FIRST},
		{"/redirect/other", false, OTHER},
		{"/redirect/there-and-back", false, FIRST}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char url[256];
		struct error err = ERROR_INIT;
		cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
		assert_int_equal(get(*state, FIRST, cases[i].path, &response, &err), 0);
		assert_int_equal(response.status, 200);
		assert_non_null(strstr(buffer_str(&response.body), "GET /echo"));
		const char *found = strstr(buffer_str(&response.body), "s3cr3t");
		if ((found != NULL) != cases[i].secret)
			fail_msg("%s", cases[i].path);
		assert_string_equal(response.final_url,
			url_of(cases[i].ends_at, "/echo", url, sizeof(url)));
	}
}

static void redirects_are_refused(void **state)
{
	struct error err = ERROR_INIT;
	assert_int_equal(
		http_client_set_tls(*state, (const char *[]){servers.ca_path, NULL}, NULL,
			NULL, &err),
		0);
	expect_refusal(*state, FIRST, "/redirect/loop", ERR_NETWORK, "more than 5 times");
	expect_refusal(*state, FIRST, "/redirect/outside", ERR_REFUSED, "plain http");
	expect_refusal(
		*state, FIRST, "/redirect/user", ERR_INPUT, "user name or password");
	expect_refusal(*state, FIRST, "/redirect/file", ERR_INPUT, "redirected");
	expect_refusal(*state, FIRST, "/redirect/nowhere", ERR_NETWORK, "nowhere");
	expect_refusal(*state, TLS, "/redirect/other", ERR_REFUSED, "from https to http");
}

static void redirects_can_be_handed_out(void **state)
{
	char url[256];
	struct error err = ERROR_INIT;
	struct slice location;
	cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
	const struct http_request request = {.method = "GET",
		.url = url_of(FIRST, "/redirect/same", url, sizeof(url)),
		.flags = HTTP_NO_REDIRECTS};
	assert_int_equal(http_perform(*state, &request, &response, &err), 0);
	assert_int_equal(response.status, 302);
	assert_true(http_response_header(&response, "location", &location));
	assert_true(slice_equal_str(location, "/echo"));
}

static void redirects_and_bodies(void **state)
{
	char url[256];
	struct error err = ERROR_INIT;
	cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
	cleanup_reader struct reader *reader = NULL;
	struct http_request request = {.method = "POST",
		.url = url_of(FIRST, "/redirect/303", url, sizeof(url)),
		.body = SLICE("payload"),
		.max_body = 10000};
	assert_int_equal(http_perform(*state, &request, &response, &err), 0);
	assert_non_null(strstr(buffer_str(&response.body), "GET /echo"));
	assert_null(strstr(buffer_str(&response.body), "payload"));
	request.url = url_of(FIRST, "/redirect/307", url, sizeof(url));
	assert_int_equal(http_perform(*state, &request, &response, &err), 0);
	assert_non_null(strstr(buffer_str(&response.body), "POST /echo"));
	assert_non_null(strstr(buffer_str(&response.body), "payload"));
	assert_int_equal(reader_from_slice(SLICE("payload"), &reader, &err), 0);
	request.body_reader = reader;
	request.body_size = 7;
	assert_int_equal(http_perform(*state, &request, &response, &err), ERR_NETWORK);
	error_clear(&err);
	request.body_reader = NULL;
	request.method = "PUT";
	request.url = url_of(FIRST, "/redirect/302-put", url, sizeof(url));
	assert_int_equal(http_perform(*state, &request, &response, &err), ERR_NETWORK);
}

static void bodies_are_bounded(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
	expect_refusal(
		*state, FIRST, "/large", ERR_INPUT, "larger than the allowed 10000");
	expect_refusal(
		*state, FIRST, "/endless", ERR_INPUT, "larger than the allowed 10000");
	expect_refusal(*state, FIRST, "/many-headers", ERR_INPUT, "headers");
	assert_int_equal(get(*state, FIRST, "/error", &response, &err), 0);
	assert_int_equal(response.status, 404);
	assert_int_equal(response.body.len, LIMIT_HTTP_ERROR_BYTES);
}

static void broken_bodies(void **state)
{
	expect_refusal(*state, FIRST, "/truncated", ERR_NETWORK,
		"before the answer was complete");
	expect_refusal(
		*state, FIRST, "/truncated-chunk", ERR_NETWORK, "/truncated-chunk");
}

static void stalling_ends(void **state)
{
	char url[256];
	struct error err = ERROR_INIT;
	cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
	struct http_request request = {.method = "GET",
		.url = url_of(FIRST, "/stall", url, sizeof(url)),
		.max_body = 1000,
		.timeout_seconds = 1};
	double before = clock_monotonic();
	assert_int_equal(http_perform(*state, &request, &response, &err), ERR_NETWORK);
	assert_non_null(strstr(err.text, "timed out"));
	assert_true(clock_monotonic() - before < 30);
	error_clear(&err);
	request.timeout_seconds = 0;
	request.stall_seconds = 1;
	before = clock_monotonic();
	assert_int_equal(http_perform(*state, &request, &response, &err), ERR_NETWORK);
	assert_non_null(strstr(err.text, "too slow"));
	assert_true(clock_monotonic() - before < 30);
}

static void ranges(void **state)
{
	static const char *const good[] = {"/range", "/range-ignored"};
	char url[256];
	struct error err = ERROR_INIT;
	cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
	struct http_request request = {
		.method = "GET", .url = url, .max_body = 6, .range_from = 4};
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		cleanup_buffer struct buffer out = BUFFER_INIT;
		cleanup_writer struct writer *writer = NULL;
		assert_int_equal(writer_to_buffer(&out, &writer, &err), 0);
		request.output = writer;
		(void)url_of(FIRST, good[i], url, sizeof(url));
		int result = http_perform(*state, &request, &response, &err);
		if (result < 0)
			fail_msg("%s", err.text);
		assert_int_equal(response.status, i == 0 ? 206 : 200);
		assert_string_equal(buffer_str(&out), "456789");
	}
	request.output = NULL;
	(void)url_of(FIRST, "/range-wrong", url, sizeof(url));
	assert_int_equal(http_perform(*state, &request, &response, &err), ERR_NETWORK);
	assert_non_null(strstr(err.text, "another part"));
	error_clear(&err);
	(void)url_of(FIRST, "/range-short", url, sizeof(url));
	assert_int_equal(http_perform(*state, &request, &response, &err), ERR_NETWORK);
	assert_non_null(strstr(err.text, "fewer bytes"));
}

static void headers_are_kept(void **state)
{
	struct error err = ERROR_INIT;
	struct slice value;
	cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
	assert_int_equal(get(*state, FIRST, "/headers", &response, &err), 0);
	assert_false(http_response_header(&response, "link", &value));
	assert_true(http_response_header(&response, "www-authenticate", &value));
	assert_true(slice_equal_str(value, "Basic"));
	assert_true(http_response_header_at(&response, "www-authenticate", 1, &value));
	assert_true(slice_equal_str(value, "Bearer a:b"));
	assert_false(http_response_header_at(&response, "www-authenticate", 2, &value));
	assert_true(http_response_header(&response, "x-empty", &value));
	assert_int_equal(value.len, 0);
}

static void certificates_are_verified(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
	expect_refusal(*state, TLS, "/echo", ERR_NETWORK, "certificate");
	assert_int_equal(
		http_client_set_tls(*state, (const char *[]){servers.ca_path, NULL}, NULL,
			NULL, &err),
		0);
	int result = get(*state, TLS, "/echo", &response, &err);
	if (result < 0)
		fail_msg("%s", err.text);
	assert_int_equal(response.status, 200);
	/* from http to https: another origin */
	assert_int_equal(get(*state, FIRST, "/redirect/tls", &response, &err), 0);
	assert_int_equal(response.status, 200);
	assert_null(strstr(buffer_str(&response.body), "s3cr3t"));
	/* neither a kept connection nor a kept certificate is used */
	assert_int_equal(http_client_set_tls(*state, NULL, NULL, NULL, &err), 0);
	expect_refusal(*state, TLS, "/echo", ERR_NETWORK, "certificate");
	assert_int_equal(http_client_set_tls(*state, (const char *[]){"/none", NULL},
				 NULL, NULL, &err),
		ERR_SYSTEM);
	error_clear(&err);
	assert_int_equal(http_client_set_tls(*state,
				 (const char *[]){"/etc/passwd", NULL}, NULL, NULL, &err),
		ERR_INPUT);
}

static void urls_are_checked(void **state)
{
	static const struct {
		const char *url;
		int class;
		const char *text;
	} cases[] = {{"http://192.0.2.1/x?sig=hidden", ERR_REFUSED, "plain http"},
		{"http://127.0.0.1.example.org/", ERR_REFUSED, "plain http"},
		{"ftp://127.0.0.1/", ERR_INPUT, "only https and http"},
		{"file:///etc/passwd", ERR_INPUT, "not acceptable"},
		{"https://u:pass@127.0.0.1/", ERR_INPUT, "user name or password"},
		{"https://127.0.0.1/a b", ERR_INPUT, "space"},
		{"https://127.0.0.1/\r\nX: y", ERR_INPUT, "control"},
		{"nonsense", ERR_INPUT, "not acceptable"},
		{"", ERR_INPUT, "not acceptable"}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct error err = ERROR_INIT;
		cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
		const struct http_request request = {
			.method = "GET", .url = cases[i].url};
		int result = http_perform(*state, &request, &response, &err);
		if (result != cases[i].class || !strstr(err.text, cases[i].text))
			fail_msg("%s: %d %s", cases[i].url, result, err.text);
		assert_null(strstr(err.text, "hidden"));
		assert_null(strstr(err.text, "pass@"));
	}
}

static void headers_are_checked(void **state)
{
	static const char *const injected[] = {"X: y\r\nHost: z", NULL};
	static const char *const smuggled[] = {"authorization: " SECRET, NULL};
	char url[256];
	struct error err = ERROR_INIT;
	cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
	struct http_request request = {.method = "GET",
		.url = url_of(FIRST, "/echo", url, sizeof(url)),
		.headers = injected};
	assert_int_equal(http_perform(*state, &request, &response, &err), ERR_INPUT);
	error_clear(&err);
	request.headers = smuggled;
	assert_int_equal(http_perform(*state, &request, &response, &err), ERR_BUG);
	assert_null(strstr(err.text, "s3cr3t"));
	error_clear(&err);
	request.headers = NULL;
	request.authorization = "Bearer s3cr3t\r\nX: y";
	assert_int_equal(http_perform(*state, &request, &response, &err), ERR_INPUT);
	assert_null(strstr(err.text, "s3cr3t"));
	error_clear(&err);
	request.method = "BREW";
	assert_int_equal(http_perform(*state, &request, &response, &err), ERR_BUG);
}

static void loopback_needs_no_proxy(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
	(void)setenv("http_proxy", "http://192.0.2.1:9", 1);
	assert_int_equal(get(*state, FIRST, "/echo", &response, &err), 0);
	(void)unsetenv("http_proxy");
}

/* One of our servers plays the proxy, and so any host. */
static int get_by_proxy(struct http_client *client, const char *url,
	struct http_response *response, struct error *err)
{
	char proxy[64];
	const struct http_request request = {.method = "GET",
		.url = url,
		.flags = HTTP_ALLOW_PLAIN,
		.max_body = 10000};
	(void)setenv("HTTP_PROXY", url_of(FIRST, "", proxy, sizeof(proxy)), 1);
	int result = http_perform(client, &request, response, err);
	(void)unsetenv("HTTP_PROXY");
	return result;
}

static void upper_case_proxy_is_used(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
	assert_int_equal(
		get_by_proxy(*state, "http://mirror.example/echo", &response, &err), 0);
	assert_int_equal(response.status, 200);
	assert_non_null(strstr(buffer_str(&response.body), "Host: mirror.example\r\n"));
}

static void others_cannot_redirect_to_the_loopback(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
	assert_int_equal(get_by_proxy(*state, "http://mirror.example/redirect/other",
				 &response, &err),
		ERR_REFUSED);
	assert_non_null(strstr(err.text, "redirected to this machine itself"));
}

static void seen_progress(void *context, uint64_t done, uint64_t total)
{
	uint64_t *most = context;
	if (total == 1048576 && done > *most)
		*most = done;
}

static void progress_is_told(void **state)
{
	char url[256];
	uint64_t most = 0;
	struct error err = ERROR_INIT;
	cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
	const struct http_request request = {.method = "GET",
		.url = url_of(FIRST, "/large", url, sizeof(url)),
		.max_body = 1048576,
		.progress = seen_progress,
		.progress_context = &most};
	assert_int_equal(http_perform(*state, &request, &response, &err), 0);
	assert_int_equal(response.body.len, 1048576);
	assert_true(most > 0);
}

static void nobody_listens(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
	const struct http_request request = {
		.method = "GET", .url = "http://127.0.0.1:1/x?token=hidden"};
	assert_int_equal(http_perform(*state, &request, &response, &err), ERR_NETWORK);
	assert_non_null(strstr(err.text, "GET http://127.0.0.1:1/x?…: "));
	assert_null(strstr(err.text, "hidden"));
}

static void loopback_hosts(void **state)
{
	(void)state;
	static const char *const yes[] = {"localhost", "LocalHost:5000", "127.0.0.1",
		"127.1.2.3:80", "[::1]", "[::1]:443"};
	static const char *const no[] = {"", "localhost.example.org",
		"127.0.0.1.example.org", "127.0.0.1.", "128.0.0.1", "127.0.1",
		"127.0.0.256", "127.0.0.1:x", "127.0.0.1:", "[::1]x", "[::2]", "::1",
		"localhost:99999", "127.0.0.1@x", "10.127.0.1"};
	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (!http_host_is_loopback(slice_str(yes[i])))
			fail_msg("%s", yes[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(no); i++) {
		if (http_host_is_loopback(slice_str(no[i])))
			fail_msg("%s", no[i]);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(gets_a_body),
		TEST(sends_bodies),
		TEST(redirects_keep_to_their_origin),
		TEST(redirects_are_refused),
		TEST(redirects_can_be_handed_out),
		TEST(redirects_and_bodies),
		TEST(bodies_are_bounded),
		TEST(broken_bodies),
		TEST(stalling_ends),
		TEST(ranges),
		TEST(headers_are_kept),
		TEST(certificates_are_verified),
		TEST(urls_are_checked),
		TEST(headers_are_checked),
		TEST(loopback_needs_no_proxy),
		TEST(upper_case_proxy_is_used),
		TEST(others_cannot_redirect_to_the_loopback),
		TEST(progress_is_told),
		TEST(nobody_listens),
		TEST(loopback_hosts),
	};
	return cmocka_run_group_tests(tests, start_servers, stop_servers);
}
