/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"
#include "base/http_library.h"
#include "base/http_private.h"
#include "base/limits.h"

#define CA_BYTES_MAX (16 * MIB)

static void global_init(void)
{
	/* A failure shows when the first handle cannot be made. */
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

int http_client_new(
	const char *user_agent, struct http_client **ret_client, struct error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	cleanup_http struct http_client *client = NULL;
	if (http_library_need(err) < 0)
		return err->class;
	(void)pthread_once(&once, global_init);
	client = calloc(1, sizeof(*client));
	if (!client)
		return error_set_memory(err);
	if (pthread_mutex_init(&client->mutex, NULL) != 0) {
		free_ptr(&client);
		return error_set_memory(err);
	}
	client->user_agent = strdup(user_agent);
	if (!client->user_agent)
		return error_set_memory(err);
	*ret_client = take_ptr(client);
	return 0;
}

static void drop_connections(struct http_client *client)
{
	while (client->idle_count > 0)
		curl_easy_cleanup(client->idle[--client->idle_count]);
}

static void forget_pair(struct http_client *client)
{
	if (client->key.data)
		explicit_bzero(client->key.data, client->key.len);
	buffer_done(&client->certificate);
	buffer_done(&client->key);
}

void http_client_free(struct http_client **client)
{
	if (!*client)
		return;
	drop_connections(*client);
	(void)pthread_mutex_destroy(&(*client)->mutex);
	free((*client)->user_agent);
	forget_pair(*client);
	buffer_done(&(*client)->ca);
	free(*client);
	*client = NULL;
}

int http_client_take(struct http_client *client, CURL **ret_easy, struct error *err)
{
	CURL *easy = NULL;
	(void)pthread_mutex_lock(&client->mutex);
	if (client->idle_count > 0)
		easy = client->idle[--client->idle_count];
	(void)pthread_mutex_unlock(&client->mutex);
	if (!easy)
		easy = curl_easy_init();
	if (!easy)
		return error_set_memory(err);
	*ret_easy = easy;
	return 0;
}

void http_client_give_back(struct http_client *client, CURL *easy)
{
	curl_easy_reset(easy); /* it points to things of the request; keeps connections */
	(void)pthread_mutex_lock(&client->mutex);
	if (client->idle_count < HTTP_IDLE_MAX) {
		client->idle[client->idle_count++] = easy;
		easy = NULL;
	}
	(void)pthread_mutex_unlock(&client->mutex);
	curl_easy_cleanup(easy); /* NULL is fine */
}

/* ---- certificates ---- */

/* What curl was built to use; SSL_CERT_FILE goes before, as everywhere else. */
static int system_ca(struct http_client *client, const char **ret_path, struct error *err)
{
	const char *named = getenv("SSL_CERT_FILE");
	char *path = NULL; /* a constant of curl's */
	CURL *easy = NULL;
	if (named && *named) {
		*ret_path = named;
		return 0;
	}
	if (http_client_take(client, &easy, err) < 0)
		return err->class;
	if (curl_easy_getinfo(easy, CURLINFO_CAINFO, &path) != CURLE_OK)
		path = NULL;
	http_client_give_back(client, easy);
	*ret_path = path;
	return 0;
}

/* Followed if it is a symbolic link, which it is on many systems. */
static int read_pem(const char *path, struct buffer *out, struct error *err)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	cleanup_reader struct reader *reader = NULL;
	if (fd < 0)
		return error_set_errno(
			err, errno, "opening the certificates or key %s", path);
	if (reader_from_fd(&fd, &reader, err) < 0 ||
		reader_read_all(reader, CA_BYTES_MAX, out, err) < 0 ||
		buffer_add_byte(out, '\n', err) < 0)
		return error_wrap(err, "certificates or key %s", path);
	return 0;
}

static int read_extra_ca(const char *path, struct buffer *out, struct error *err)
{
	size_t before = out->len;
	if (read_pem(path, out, err) < 0)
		return err->class;
	struct slice added = slice_sub(buffer_slice(out), before, SIZE_MAX);
	if (slice_find(added, SLICE("-----BEGIN CERTIFICATE-----")) == SIZE_MAX)
		return error_set(err, ERR_INPUT, "%s contains no certificate", path);
	return 0;
}

static int read_all_ca(struct http_client *client, const char *const *extra,
	struct buffer *out, struct error *err)
{
	const char *standard = NULL;
	if (!extra || !*extra)
		return 0;
	if (system_ca(client, &standard, err) < 0)
		return err->class;
	/* A system without a bundle is fine: then only the extra ones count. */
	if (standard && access(standard, R_OK) == 0 && read_pem(standard, out, err) < 0)
		return err->class;
	for (; *extra; extra++)
		if (read_extra_ca(*extra, out, err) < 0)
			return err->class;
	return 0;
}

static int read_pair(struct http_client *client, const char *certificate_path,
	const char *key_path, struct error *err)
{
	if (certificate_path && read_pem(certificate_path, &client->certificate, err) < 0)
		return err->class;
	return key_path ? read_pem(key_path, &client->key, err) : 0;
}

int http_client_set_tls(struct http_client *client, const char *const *ca_pem_paths,
	const char *certificate_path, const char *key_path, struct error *err)
{
	cleanup_buffer struct buffer ca = BUFFER_INIT;
	if (read_all_ca(client, ca_pem_paths, &ca, err) < 0)
		return err->class;
	forget_pair(client);
	if (read_pair(client, certificate_path, key_path, err) < 0)
		return err->class;
	buffer_done(&client->ca);
	client->ca = ca;
	ca = BUFFER_INIT;
	/* Connections made with the other settings must not be used again. */
	drop_connections(client);
	return 0;
}
