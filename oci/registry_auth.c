/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Token authentication as in distribution's "Token Authentication Specification" and
 * OAuth2 variant; Basic (RFC 7617).
 */
#include <jansson.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/retry.h"
#include "oci/registry_private.h"

#define TOKEN_SECONDS       60 /* if the server says nothing */
#define TOKEN_SECONDS_MAX   (24 * 3600)
#define TOKEN_SLACK_SECONDS 5
#define TOKEN_TEXT_MAX      (64 * KIB)
#define CLIENT_ID           "alnage"

static void wipe_buffer(struct buffer *buf)
{
	if (buf->data)
		explicit_bzero(buf->data, buf->capacity);
	buffer_done(buf);
}
#define cleanup_secret CLEANUP(wipe_buffer)

static void forget_token(struct token *token)
{
	if (token->text)
		explicit_bzero(token->text, strlen(token->text));
	free(token->text);
	token->text = NULL;
}

void registry_auth_done(struct registry *registry)
{
	for (size_t i = 0; i < registry->token_count; i++)
		forget_token(&registry->tokens[i]);
	free(registry->tokens);
	credential_done(&registry->credential);
}

static int copy_text(const char *from, char **ret_text, struct error *err)
{
	return slice_to_str(slice_str(from), ret_text, err);
}

static int load_credential(struct registry *registry, struct error *err)
{
	const struct repository_options *options = registry->options;

	if (registry->credential_known)
		return 0;
	if (error_is_set(&registry->no_credential)) {
		*err = registry->no_credential;
		return err->class;
	}
	if (options->user && options->password) {
		if (copy_text(options->user, &registry->credential.user, err) < 0 ||
			copy_text(options->password, &registry->credential.password,
				err) < 0)
			return err->class;
		registry->credential_found = true;
	} else if (!options->anonymous) {
		if (credentials_find(registry->name, registry->repository,
			    &registry->credential, &registry->credential_found, err) < 0)
			return error_wrap(err, "credentials for %s", registry->name);
	}
	if (registry->credential.user && strchr(registry->credential.user, ':'))
		return error_set(err, ERR_INPUT,
			"credentials for %s: a user name cannot contain \":\"",
			registry->name);
	registry->credential_known = true;
	return 0;
}

void registry_look_for_credential(struct registry *registry)
{
	struct error problem = ERROR_INIT;

	if (load_credential(registry, &problem) < 0)
		registry->no_credential = problem;
}

static int basic(const struct credential *credential, char **ret_value, struct error *err)
{
	cleanup_secret struct buffer plain = BUFFER_INIT, value = BUFFER_INIT;

	if (buffer_printf(&plain, err, "%s:%s", credential->user, credential->password) <
			0 ||
		buffer_add_str(&value, "Basic ", err) < 0 ||
		base64_encode(buffer_slice(&plain), &value, err) < 0)
		return err->class;
	return buffer_take_str(&value, ret_value, err);
}

/* ---- tokens ---- */

static bool has_word(struct slice words, struct slice wanted)
{
	struct slice word;

	while (slice_cut(&words, ' ', &word))
		if (slice_equal(word, wanted))
			return true;
	return false;
}

/* A token for pushing here and pulling there serves who only wants to push here. */
static bool covers(const char *scopes, const char *wanted)
{
	struct slice rest = slice_str(wanted), word;

	while (slice_cut(&rest, ' ', &word))
		if (!has_word(slice_str(scopes), word))
			return false;
	return true;
}

/* One that is still good for the scopes; NULL if there is none. */
static struct token *find_token(const struct registry *registry, const char *scope)
{
	double now = clock_monotonic();

	for (size_t i = 0; i < registry->token_count; i++)
		if (registry->tokens[i].text && registry->tokens[i].expires >= now &&
			covers(registry->tokens[i].scope, scope))
			return &registry->tokens[i];
	return NULL;
}

/* Where a token for exactly these scopes is kept. */
static struct token *find_place(const struct registry *registry, const char *scope)
{
	for (size_t i = 0; i < registry->token_count; i++)
		if (strcmp(registry->tokens[i].scope, scope) == 0)
			return &registry->tokens[i];
	return NULL;
}

static int keep_token(struct registry *registry, const char *scope, const char *text,
	uint64_t seconds, struct error *err)
{
	struct token *token = find_place(registry, scope);

	if (!token) {
		if (array_add(&registry->tokens, &registry->token_count,
			    &registry->token_capacity, sizeof(*token), err) < 0)
			return err->class;
		token = &registry->tokens[registry->token_count - 1];
		token->scope = arena_strdup(registry->arena, scope);
		if (!token->scope) {
			registry->token_count--;
			return error_set_memory(err);
		}
	}
	forget_token(token);
	token->expires =
		clock_monotonic() + (double)seconds - (double)TOKEN_SLACK_SECONDS;
	return copy_text(text, &token->text, err);
}

/* It becomes part of a header line. */
static bool token_is_valid(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len > TOKEN_TEXT_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (text[i] <= 0x20 || text[i] == 0x7f)
			return false;
	return true;
}

static int read_token(struct registry *registry, const char *scope, struct slice body,
	struct error *err)
{
	cleanup_json struct json_t *json = NULL;
	uint64_t seconds = TOKEN_SECONDS;
	const char *text = NULL;
	struct error reason = ERROR_INIT;

	/* not the parser's own text: it quotes what it stumbled over, perhaps the token
	 */
	if (json_load_slice(body, "token", &json, &reason) < 0 || !json_is_object(json))
		return error_set(
			err, ERR_INPUT, "token: the answer is not a JSON object");
	if (json_opt_string(json, "token", "token", &text, err) < 0 ||
		(!text &&
			json_opt_string(json, "access_token", "token", &text, err) < 0) ||
		json_opt_u64(json, "expires_in", "token", &seconds, err) < 0)
		return err->class;
	if (!text || !token_is_valid(text))
		return error_set(err, ERR_INPUT, "token: missing or with odd characters");
	/* "for compatibility with older clients … at least 60 seconds" */
	if (seconds < TOKEN_SECONDS)
		seconds = TOKEN_SECONDS;
	if (seconds > TOKEN_SECONDS_MAX)
		seconds = TOKEN_SECONDS_MAX;
	return keep_token(registry, scope, text, seconds, err);
}

struct token_request {
	struct buffer url, form;
	char *authorization;
	bool is_post;
};

static void token_request_done(struct token_request *request)
{
	wipe_buffer(&request->url);
	wipe_buffer(&request->form);
	if (request->authorization)
		explicit_bzero(request->authorization, strlen(request->authorization));
	free(request->authorization);
}

static int add_form(
	struct buffer *form, const char *name, const char *value, struct error *err)
{
	if (form->len != 0 && buffer_add_byte(form, '&', err) < 0)
		return err->class;
	if (buffer_add_str(form, name, err) < 0 || buffer_add_byte(form, '=', err) < 0)
		return err->class;
	return url_quote(slice_str(value), form, err);
}

/* Scopes are separated by a space: one parameter each in a query, one for all in a form.
 */
static int fill_query(const struct registry *registry, const char *scope,
	struct token_request *request, struct error *err)
{
	struct slice rest = slice_str(scope), one;

	if (registry->service && url_add_query(&request->url, "service",
					 slice_str(registry->service), err) < 0)
		return err->class;
	while (slice_cut(&rest, ' ', &one))
		if (url_add_query(&request->url, "scope", one, err) < 0)
			return err->class;
	if (registry->credential.user &&
		basic(&registry->credential, &request->authorization, err) < 0)
		return err->class;
	return 0;
}

/* RFC 6749: an identity token (6) or a password (4.3). */
static int add_grant(
	const struct credential *credential, struct buffer *form, struct error *err)
{
	if (credential->identity_token) {
		if (add_form(form, "grant_type", "refresh_token", err) < 0)
			return err->class;
		return add_form(form, "refresh_token", credential->identity_token, err);
	}
	if (add_form(form, "grant_type", "password", err) < 0 ||
		add_form(form, "username", credential->user, err) < 0)
		return err->class;
	return add_form(form, "password", credential->password, err);
}

static int fill_form(const struct registry *registry, const char *scope,
	struct token_request *request, struct error *err)
{
	struct buffer *form = &request->form;

	request->is_post = true;
	if (add_grant(&registry->credential, form, err) < 0 ||
		add_form(form, "client_id", CLIENT_ID, err) < 0 ||
		add_form(form, "scope", scope, err) < 0)
		return err->class;
	if (!registry->service)
		return 0;
	return add_form(form, "service", registry->service, err);
}

static int send_token_request(struct registry *registry,
	const struct token_request *request, struct http_response *ret_response,
	struct error *err)
{
	static const char *const headers[] = {
		"Content-Type: application/x-www-form-urlencoded", NULL};
	struct http_request http = {
		.method = request->is_post ? "POST" : "GET",
		.url = buffer_str(&request->url),
		/* a realm that redirects would take the credentials along: not followed
		 */
		.flags = HTTP_NO_REDIRECTS |
			 (registry->options->plain_http ? HTTP_ALLOW_PLAIN : 0),
		.headers = request->is_post ? headers : NULL,
		.authorization = request->authorization,
		.body = buffer_slice(&request->form),
		.body_size = request->form.len,
		.max_body = LIMIT_TOKEN_BYTES,
	};
	bool at_origin;
	struct url url;

	if (url_parse(buffer_slice(&request->url), &url, err) < 0)
		return err->class;
	at_origin = url_same_origin(&url, &registry->url);
	for (unsigned i = 1;; i++) {
		uint64_t wait;

		http_response_done(ret_response);
		if (http_perform(at_origin ? registry->client : registry->foreign, &http,
			    ret_response, err) < 0)
			return err->class;
		registry_conceal(registry, http.authorization, ret_response);
		if (!retry_status_is_transient(ret_response->status) ||
			i >= RETRY_ATTEMPTS)
			return 0;
		wait = retry_asked_wait(ret_response);
		if (wait > RETRY_WAIT_MAX_MS)
			return 0;
		retry_pause(registry->options->retry_delay_ms, i, wait);
	}
}

static int ask_for_token(struct registry *registry, const char *scope, bool by_post,
	struct http_response *ret_response, struct error *err)
{
	CLEANUP(token_request_done) struct token_request request = {0};

	if (buffer_add_str(&request.url, registry->realm, err) < 0 ||
		(by_post ? fill_form(registry, scope, &request, err)
			 : fill_query(registry, scope, &request, err)) < 0)
		return err->class;
	return send_token_request(registry, &request, ret_response, err);
}

/* A server that knows OAuth2 only says so to GET with 404 or 405. */
static bool wants_post(
	const struct registry *registry, const struct http_response *response)
{
	return registry->credential.user && registry->credential.password &&
	       (response->status == 404 || response->status == 405);
}

static int fetch_token(struct registry *registry, const char *scope, struct error *err)
{
	cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
	int result;

	if (load_credential(registry, err) < 0)
		return err->class;
	if (registry->credential.registry_token)
		return keep_token(registry, scope, registry->credential.registry_token,
			TOKEN_SECONDS_MAX, err);
	result = ask_for_token(registry, scope,
		registry->credential.identity_token != NULL, &response, err);
	if (result == 0 && !registry->credential.identity_token &&
		wants_post(registry, &response))
		result = ask_for_token(registry, scope, true, &response, err);
	if (result < 0)
		return error_wrap(err, "token for %s", registry->name);
	if (!registry_is_success(&response)) {
		(void)registry_status_error(&response,
			registry->credential_found ? "token for these credentials"
						   : "token without credentials",
			err);
		return error_remedy(err, "try again later"); /* and not at once */
	}
	result = read_token(registry, scope, buffer_slice(&response.body), err);
	wipe_buffer(&response.body);
	return result < 0 ? error_wrap(err, "token for %s", registry->name) : 0;
}

static int authorize(struct registry *registry, const char *scope,
	char **ret_authorization, struct error *err)
{
	cleanup_secret struct buffer value = BUFFER_INIT;
	const struct token *token;

	if (registry->scheme == CHALLENGE_BASIC && registry->credential.user)
		return basic(&registry->credential, ret_authorization, err);
	if (registry->scheme != CHALLENGE_BEARER)
		return 0;
	token = find_token(registry, scope);
	if (!token) {
		if (fetch_token(registry, scope, err) < 0)
			return err->class;
		token = find_token(registry, scope);
	}
	if (!token || buffer_printf(&value, err, "Bearer %s", token->text) < 0)
		return error_set_memory(err);
	return buffer_take_str(&value, ret_authorization, err);
}

int registry_authorization(struct registry *registry, const char *scope,
	char **ret_authorization, struct error *err)
{
	int result;

	/* held while a token is fetched: the other threads want the same one */
	(void)pthread_mutex_lock(&registry->mutex);
	result = authorize(registry, scope, ret_authorization, err);
	(void)pthread_mutex_unlock(&registry->mutex);
	return result;
}

/* ---- challenges ---- */

static int read_challenges(struct registry *registry,
	const struct http_response *response, struct challenge_list *list,
	struct error *err)
{
	struct slice value;

	for (size_t i = 0;
		http_response_header_at(response, "www-authenticate", i, &value); i++)
		if (challenge_parse(value, registry->arena, list, err) < 0)
			return error_wrap(err, "%s", registry->name);
	return 0;
}

static bool same_text(const char *a, const char *b)
{
	return (!a && !b) || (a && b && strcmp(a, b) == 0);
}

/*
 * The realm gets the credentials of this registry: https, unless the registry itself is
 * without, and no address in a local network unless the registry is in one
 * (CVE-2026-48978).
 */
static int use_bearer(
	struct registry *registry, const struct challenge *challenge, struct error *err)
{
	struct url realm;

	if (!challenge->realm)
		return error_set(err, ERR_INPUT, "%s: a Bearer challenge without realm",
			registry->name);
	if (url_parse(slice_str(challenge->realm), &realm, err) < 0 ||
		registry_check_address(registry, &realm, true, err) < 0)
		return error_wrap(err, "%s: realm", registry->name);
	if (registry->realm && (!same_text(registry->realm, challenge->realm) ||
				       !same_text(registry->service, challenge->service)))
		for (size_t i = 0; i < registry->token_count; i++)
			forget_token(&registry->tokens[i]);
	registry->scheme = CHALLENGE_BEARER;
	registry->realm = challenge->realm;
	registry->service = challenge->service;
	return 0;
}

static int refused(const struct registry *registry, const struct http_response *response,
	struct error *err)
{
	return registry_status_error(response,
		registry->credential_found ? "the credentials are not accepted"
					   : "credentials are needed",
		err);
}

/* What was refused is not sent again; another thread may have a new one by now. */
static void forget_sent(struct registry *registry, const char *was_sent)
{
	static const struct slice scheme = SLICE("Bearer ");

	if (!was_sent || !slice_starts_with(slice_str(was_sent), scheme))
		return;
	for (size_t i = 0; i < registry->token_count; i++)
		if (same_text(registry->tokens[i].text, was_sent + scheme.len))
			forget_token(&registry->tokens[i]);
}

static int answer_challenge(struct registry *registry,
	const struct http_response *response, const char *was_sent, struct error *err)
{
	const struct challenge *bearer, *plain;
	struct challenge_list list = {0};

	if (read_challenges(registry, response, &list, err) < 0)
		return err->class;
	bearer = challenge_find(&list, CHALLENGE_BEARER);
	plain = challenge_find(&list, CHALLENGE_BASIC);
	if (bearer) {
		forget_sent(registry, was_sent);
		return use_bearer(registry, bearer, err);
	}
	if (!plain)
		return registry_status_error(
			response, "no known way to authenticate", err);
	if (load_credential(registry, err) < 0)
		return err->class;
	if (!registry->credential.user ||
		(was_sent && slice_starts_with(slice_str(was_sent), SLICE("Basic "))))
		return refused(registry, response, err);
	registry->scheme = CHALLENGE_BASIC;
	return 0;
}

int registry_answer_challenge(struct registry *registry,
	const struct http_response *response, const char *was_sent, struct error *err)
{
	int result;

	(void)pthread_mutex_lock(&registry->mutex);
	result = answer_challenge(registry, response, was_sent, err);
	(void)pthread_mutex_unlock(&registry->mutex);
	return result;
}
