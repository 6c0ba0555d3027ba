/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "base/encode.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/process.h"
#include "oci/credentials.h"

#define HUB          "docker.io"
#define HUB_KEY      "https://index.docker.io/v1/"
#define HELPER_BYTES (64 * 1024)
#define KEYS_MAX     10000

static void wipe(char **text)
{
	if (*text) {
		explicit_bzero(*text, strlen(*text));
		free_ptr(text);
	}
}

static void wipe_buffer(struct buffer *buf)
{
	if (buf->data)
		explicit_bzero(buf->data, buf->capacity);
	buffer_done(buf);
}
#define cleanup_secret CLEANUP(wipe_buffer)

void credential_done(struct credential *credential)
{
	int saved = errno;

	wipe(&credential->user);
	wipe(&credential->password);
	wipe(&credential->identity_token);
	wipe(&credential->registry_token);
	errno = saved;
}

/* ---- keys ---- */

/* "https://host/v1/" and "host/v2" → "host"; namespaces stay. */
static struct slice bare_key(struct slice key)
{
	static const struct slice heads[] = {SLICE("https://"), SLICE("http://")};
	static const struct slice tails[] = {
		SLICE("/v1/"), SLICE("/v2/"), SLICE("/v1"), SLICE("/v2"), SLICE("/")};

	for (size_t i = 0; i < ARRAY_LEN(heads); i++)
		if (slice_starts_with(key, heads[i]))
			key = slice_sub(key, heads[i].len, key.len);
	for (size_t i = 0; i < ARRAY_LEN(tails); i++)
		if (slice_ends_with(key, tails[i])) {
			key = slice_sub(key, 0, key.len - tails[i].len);
			break;
		}
	return key;
}

static bool is_hub(struct slice host)
{
	return slice_equal_str(host, HUB) || slice_equal_str(host, "index." HUB) ||
	       slice_equal_str(host, "registry-1." HUB);
}

/*
 * How well a key fits "host/repository": the number of bytes that it names, 0: not at
 * all. Whole components only.
 */
static size_t key_fit(struct slice key, const char *registry, const char *repository)
{
	struct slice host, path, rest = slice_str(repository);

	key = bare_key(key);
	path = key;
	if (!slice_cut(&path, '/', &host))
		return 0;
	if (!slice_equal_str(host, registry) &&
		!(is_hub(host) && is_hub(slice_str(registry))))
		return 0;
	if (path.len == 0)
		return 1;
	if (!slice_starts_with(rest, path) ||
		(rest.len != path.len && rest.data[path.len] != '/'))
		return 0;
	return 1 + path.len;
}

/* The value of the best key of an object; NULL if none fits. */
static const json_t *best_entry(const struct json_t *object, const char *registry,
	const char *repository, const char **ret_key)
{
	const json_t *best = NULL;
	size_t best_fit = 0;
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)object, key, value) {
		size_t fit = key_fit(slice_str(key), registry, repository);

		if (fit > best_fit) {
			best_fit = fit;
			best = value;
			*ret_key = key;
		}
	}
	return best;
}

/* ---- entries of "auths" ---- */

static int copy_text(const char *text, char **ret_text, struct error *err)
{
	if (!text || !*text)
		return 0;
	return slice_to_str(slice_str(text), ret_text, err);
}

/* base64("user:password"); only the user must be without colon. */
static int split_auth(const char *auth, struct credential *credential, struct error *err)
{
	cleanup_secret struct buffer plain = {.max = CREDENTIALS_FILE_BYTES};
	struct slice password, user;

	if (base64_decode_lenient(slice_str(auth), &plain, err) < 0)
		return error_wrap(err, "auth");
	password = buffer_slice(&plain);
	while (password.len != 0 && password.data[password.len - 1] == '\0')
		password.len--; /* docker pads with NUL */
	if (!slice_has_byte(password, ':') || !slice_cut(&password, ':', &user))
		return error_set(err, ERR_INPUT, "auth: not USER:PASSWORD in base64");
	/* said here: slice_to_str would show the password */
	if (slice_has_byte(password, '\0') || slice_has_byte(user, '\0'))
		return error_set(err, ERR_INPUT, "auth: a NUL in it");
	if (slice_to_str(user, &credential->user, err) < 0 ||
		slice_to_str(password, &credential->password, err) < 0)
		return error_wrap(err, "auth");
	return 0;
}

static int read_entry(const json_t *entry, const char *key, struct credential *credential,
	bool *ret_found, struct error *err)
{
	const char *auth = NULL, *identity = NULL, *token = NULL;

	if (!json_is_object(entry))
		return error_set(err, ERR_INPUT, "auths: \"%s\" is not an object", key);
	if (json_opt_string(entry, "auth", key, &auth, err) < 0 ||
		json_opt_string(entry, "identitytoken", key, &identity, err) < 0 ||
		json_opt_string(entry, "registrytoken", key, &token, err) < 0)
		return err->class;
	if (auth && *auth && split_auth(auth, credential, err) < 0)
		return error_wrap(err, "%s", key);
	if (copy_text(identity, &credential->identity_token, err) < 0 ||
		copy_text(token, &credential->registry_token, err) < 0)
		return err->class;
	/* docker leaves an empty entry where a helper keeps the secret */
	*ret_found = credential->user || credential->identity_token ||
		     credential->registry_token;
	return 0;
}

/* ---- helpers ---- */

static bool helper_name_is_valid(const char *name)
{
	size_t len = strlen(name);

	return len != 0 && len <= 64 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len;
}

static int read_helper_answer(struct slice answer, struct credential *credential,
	bool *ret_found, struct error *err)
{
	cleanup_json struct json_t *json = NULL;
	const char *user, *secret;

	struct error reason = ERROR_INIT;

	if (json_load_slice(answer, "answer", &json, &reason) < 0 ||
		!json_is_object(json))
		return error_set(err, ERR_INPUT, "the answer is not a JSON object");
	if (json_get_string(json, "Username", "answer", &user, err) < 0 ||
		json_get_string(json, "Secret", "answer", &secret, err) < 0)
		return err->class;
	if (strcmp(user, "<token>") == 0) {
		if (copy_text(secret, &credential->identity_token, err) < 0)
			return err->class;
	} else if (slice_to_str(slice_str(user), &credential->user, err) < 0 ||
		   slice_to_str(slice_str(secret), &credential->password, err) < 0) {
		return err->class;
	}
	*ret_found = true;
	return 0;
}

/* What it says of its failure; docker's write that where the secret is expected. */
static const char *helper_words(
	const struct buffer *messages, const struct buffer *output)
{
	if (messages->len != 0)
		return buffer_str(messages);
	return slice_has_byte(buffer_slice(output), '{') ? "" : buffer_str(output);
}

static int run_helper(const char *name, const char *registry,
	struct credential *credential, bool *ret_found, struct error *err)
{
	cleanup_secret struct buffer output = {.max = HELPER_BYTES};
	cleanup_buffer struct buffer messages = {.max = HELPER_BYTES};
	char program[128];
	const char *const argv[] = {program, "get", NULL};
	const char *server = is_hub(slice_str(registry)) ? HUB_KEY : registry;
	struct process_options options = {.argv = argv,
		.cwd_fd = -1,
		.input = slice_str(server),
		.output = &output,
		.messages = &messages,
		.timeout_seconds = CREDENTIALS_HELPER_SECONDS};
	int status;

	if (!helper_name_is_valid(name))
		return error_set(err, ERR_INPUT,
			"\"%.80s\" is not the name of a credential helper", name);
	(void)snprintf(
		program, sizeof(program), "docker-credential-%s", name); /* 18 + 64 + 1 */
	if (process_run(&options, &status, err) < 0)
		return error_wrap(err, "%s", program);
	if (status == 0) {
		if (read_helper_answer(
			    buffer_slice(&output), credential, ret_found, err) < 0)
			return error_wrap(err, "%s", program);
		return 0;
	}
	/* the protocol has no other way to say "none" */
	if (slice_find(buffer_slice(&output), SLICE("credentials not found")) !=
		SIZE_MAX) {
		*ret_found = false;
		return 0;
	}
	return error_set(err, ERR_SYSTEM, "%s failed with status %d: %.200s", program,
		status, helper_words(&messages, &output));
}

/* ---- files ---- */

static int search(const struct json_t *json, const char *registry, const char *repository,
	struct credential *credential, bool *ret_found, struct error *err)
{
	struct json_t *helpers = NULL, *auths = NULL;
	const char *key = NULL, *store = NULL;
	const json_t *entry;

	if (json_opt_object(json, "credHelpers", "it", &helpers, err) < 0 ||
		json_opt_object(json, "auths", "it", &auths, err) < 0 ||
		json_opt_string(json, "credsStore", "it", &store, err) < 0)
		return err->class;
	entry = helpers ? best_entry(helpers, registry, repository, &key) : NULL;
	if (entry) {
		if (!json_is_string(entry))
			return error_set(err, ERR_INPUT, "credHelpers: not a text");
		return run_helper(
			json_string_value(entry), registry, credential, ret_found, err);
	}
	entry = auths ? best_entry(auths, registry, repository, &key) : NULL;
	if (entry && read_entry(entry, key, credential, ret_found, err) < 0)
		return err->class;
	if (!*ret_found && store && *store)
		return run_helper(store, registry, credential, ret_found, err);
	return 0;
}

int credentials_in_file(struct slice bytes, const char *name, const char *registry,
	const char *repository, struct credential *ret_credential, bool *ret_found,
	struct error *err)
{
	cleanup_credential struct credential credential = {0};
	cleanup_json struct json_t *json = NULL;
	struct error reason = ERROR_INIT;
	bool found = false;

	/* not the parser's own text: it quotes what it stumbled over, perhaps a secret */
	if (json_load_slice(bytes, name, &json, &reason) < 0)
		return error_set_at(err, reason.class, name, reason.line, reason.column,
			"not acceptable JSON");
	if (!json_is_object(json))
		return error_set(err, ERR_INPUT, "%s: not an object", name);
	if (search(json, registry, repository, &credential, &found, err) < 0)
		return error_wrap(err, "%s", name);
	if (found) {
		*ret_credential = credential;
		credential = (struct credential){0};
	}
	*ret_found = found;
	return 0;
}

static int try_file(const char *folder, const char *name, const char *registry,
	const char *repository, struct credential *ret_credential, bool *ret_found,
	struct error *err)
{
	cleanup_secret struct buffer bytes = {.max = CREDENTIALS_FILE_BYTES};
	cleanup_buffer struct buffer path = BUFFER_INIT;
	cleanup_mem char *target = NULL;

	if (!folder || !*folder)
		return 0;
	if (buffer_printf(&path, err, "%s%s", folder, name) < 0)
		return err->class;
	/* Kubernetes mounts secrets as symbolic links: the person's own file, so it is
	 * followed. */
	target = realpath(buffer_str(&path), NULL);
	if (!target && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (!target)
		return error_set_errno(err, errno, "credentials: %s", buffer_str(&path));
	if (fs_read_file(AT_FDCWD, target, CREDENTIALS_FILE_BYTES, &bytes, err) < 0)
		return error_wrap(err, "credentials");
	return credentials_in_file(buffer_slice(&bytes), buffer_str(&path), registry,
		repository, ret_credential, ret_found, err);
}

int credentials_find(const char *registry, const char *repository,
	struct credential *ret_credential, bool *ret_found, struct error *err)
{
	const char *config = secure_getenv("XDG_CONFIG_HOME");
	const struct {
		const char *folder, *name;
	} files[] = {
		{secure_getenv("REGISTRY_AUTH_FILE"), ""},
		{secure_getenv("DOCKER_CONFIG"), "/config.json"},
		{secure_getenv("XDG_RUNTIME_DIR"), "/containers/auth.json"},
		{config ? config : secure_getenv("HOME"),
			config ? "/containers/auth.json"
			       : "/.config/containers/auth.json"},
		{secure_getenv("HOME"), "/.docker/config.json"},
	};
	bool found = false;

	for (size_t i = 0; i < ARRAY_LEN(files) && !found; i++)
		if (try_file(files[i].folder, files[i].name, registry, repository,
			    ret_credential, &found, err) < 0)
			return err->class;
	*ret_found = found;
	return 0;
}
