/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/trust.h"

#include "attest/settings_private.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/nearest.h"

static const struct {
	const char *name;
	enum trust_role role;
} roles[] = {
	{"image", TRUST_IMAGE},
	{"package", TRUST_PACKAGE},
	{"provenance", TRUST_PROVENANCE},
	{"sbom", TRUST_SBOM},
	{"rebuild", TRUST_REBUILD},
	{"vex", TRUST_VEX},
	{"scan", TRUST_SCAN},
};

const char *trust_role_name(enum trust_role role)
{
	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		if (roles[i].role == role)
			return roles[i].name;
	return "unknown";
}

void trust_free(struct trust **trust)
{
	struct arena *arena;

	if (!*trust)
		return;
	for (size_t i = 0; i < (*trust)->count; i++)
		key_free(&(*trust)->keys[i].key);
	arena = (*trust)->arena; /* the trust itself lies in it */
	arena_free(&arena);
	*trust = NULL;
}

static int trust_new(struct trust **ret_trust, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	struct trust *trust;

	if (arena_new(&arena, err) < 0)
		return err->class;
	trust = arena_alloc(arena, sizeof(*trust));
	if (!trust)
		return error_set_memory(err);
	trust->arena = take_ptr(arena);
	*ret_trust = trust;
	return 0;
}

/* ---- reading ---- */

static int parse_role(const struct settings *settings, const struct yaml_node *node,
	const char *name, struct trust_key *key, struct error *err)
{
	const char *known[ARRAY_LEN(roles) + 1] = {NULL};
	char hint[NEAREST_HINT_MAX];

	for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
		known[i] = roles[i].name;
		if (strcmp(roles[i].name, name) != 0)
			continue;
		key->roles |= roles[i].role;
		return 0;
	}
	return yaml_error(node, settings->file, err, "roles: '%.64s' is not known%s",
		name, nearest_hint(name, known, hint));
}

static int parse_roles(const struct settings *settings, const struct yaml_node *node,
	struct trust_key *key, struct error *err)
{
	struct setting_texts names = {0};

	if (setting_texts(settings, node, "roles", &names, err) < 0)
		return err->class;
	if (names.count == 0)
		return yaml_error(node, settings->file, err,
			"key '%s' has no roles: it would be trusted for nothing",
			key->name);
	for (size_t i = 0; i < names.count; i++)
		if (parse_role(settings, yaml_get(node, "roles"), names.items[i], key,
			    err) < 0)
			return err->class;
	return 0;
}

static int parse_window(const struct settings *settings, const struct yaml_node *node,
	struct trust_key *key, struct error *err)
{
	if (setting_time(settings, node, "valid-from", &key->valid_from, err) < 0 ||
		setting_time(settings, node, "valid-until", &key->valid_until, err) < 0 ||
		setting_time(settings, node, "revoked", &key->revoked, err) < 0)
		return err->class;
	if (key->valid_from >= key->valid_until)
		return yaml_error(node, settings->file, err,
			"key '%s' ends before it begins", key->name);
	return 0;
}

static int parse_material(const struct settings *settings, const struct yaml_node *node,
	struct trust_key *key, struct error *err)
{
	const struct yaml_node *pem = yaml_get(node, "pem");

	if (setting_text(settings, node, "file", &key->file, err) < 0)
		return err->class;
	if (!pem == !key->file)
		return yaml_error(node, settings->file, err,
			"key '%s' needs either file or pem", key->name);
	if (!pem)
		return 0;
	if (yaml_expect(pem, YAML_SCALAR, "pem", settings->file, err) < 0)
		return err->class;
	if (key_from_pem(slice_str(pem->text), &key->key, err) < 0)
		return error_wrap(
			err, "%s:%u: key '%s'", settings->file, pem->line, key->name);
	return 0;
}

/* Is it, or its name, there already? */
static int check_single(const struct settings *settings, const struct trust *trust,
	const struct trust_key *key, const struct yaml_node *node, struct error *err)
{
	for (const struct trust_key *other = trust->keys; other != key; other++)
		if (strcmp(other->name, key->name) == 0)
			return yaml_error(node, settings->file, err,
				"there are two keys '%s'", key->name);
	return 0;
}

static int check_distinct(const struct trust *trust, const char *file, struct error *err)
{
	for (size_t i = 0; i < trust->count; i++)
		for (size_t j = 0; j < i; j++) {
			const struct trust_key *a = &trust->keys[j], *b = &trust->keys[i];

			if (a->key && b->key &&
				digest_equal(key_id(a->key), key_id(b->key)))
				return error_set(err, ERR_INPUT,
					"%s: '%s' and '%s' are the same key", file,
					a->name, b->name);
		}
	return 0;
}

static int parse_key(const struct settings *settings, struct trust *trust,
	const struct yaml_node *node, struct error *err)
{
	static const char *const known[] = {"name", "file", "pem", "roles", "operator",
		"valid-from", "valid-until", "revoked", NULL};
	struct trust_key *key;

	if (yaml_expect(node, YAML_MAPPING, "a key", settings->file, err) < 0 ||
		yaml_only_keys(node, known, "a key", settings->file, err) < 0)
		return err->class;
	key = arena_append(trust->arena, &trust->keys, &trust->count, &trust->capacity,
		sizeof(*key));
	if (!key)
		return error_set_memory(err);
	*key = (struct trust_key){.name = "",
		.valid_from = INT64_MIN,
		.valid_until = INT64_MAX,
		.revoked = INT64_MAX};
	if (setting_text(settings, node, "name", &key->name, err) < 0)
		return err->class;
	if (key->name[0] == '\0')
		return yaml_error(node, settings->file, err, "a key without a name");
	key->operator_name = key->name;
	if (check_single(settings, trust, key, node, err) < 0 ||
		setting_text(settings, node, "operator", &key->operator_name, err) < 0 ||
		parse_material(settings, node, key, err) < 0 ||
		parse_roles(settings, node, key, err) < 0)
		return err->class;
	return parse_window(settings, node, key, err);
}

int trust_parse(
	struct slice text, const char *file, struct trust **ret_trust, struct error *err)
{
	static const char *const known[] = {"version", "keys", NULL};
	cleanup_trust struct trust *trust = NULL;
	const struct yaml_node *root, *list;

	if (trust_new(&trust, err) < 0)
		return err->class;
	struct settings settings = {.file = file, .arena = trust->arena};
	if (setting_root(&settings, text, known, &root, err) < 0 ||
		setting_list(&settings, root, "keys", &list, err) < 0)
		return err->class;
	if (!list)
		return yaml_error(root, file, err, "keys is missing");
	if (list->count > TRUST_KEYS_MAX)
		return yaml_error(list, file, err, "more than %d keys", TRUST_KEYS_MAX);
	for (size_t i = 0; i < list->count; i++)
		if (parse_key(&settings, trust, list->items[i], err) < 0)
			return err->class;
	if (check_distinct(trust, file, err) < 0)
		return err->class;
	*ret_trust = take_ptr(trust);
	return 0;
}

/* ---- the key files ---- */

static int open_folder(const char *path, int *ret_fd, struct error *err)
{
	const char *slash = strrchr(path, '/');
	cleanup_mem char *folder = NULL;

	if (!slash)
		return fs_open_dir(AT_FDCWD, ".", ret_fd, err);
	if (slash == path)
		return fs_open_dir(AT_FDCWD, "/", ret_fd, err);
	if (slice_to_str(slice_from(path, (size_t)(slash - path)), &folder, err) < 0)
		return err->class;
	return fs_open_dir(AT_FDCWD, folder, ret_fd, err);
}

static int load_key(int folder, struct trust_key *key, struct error *err)
{
	cleanup_buffer struct buffer pem = BUFFER_INIT;

	if (fs_read_file(folder, key->file, LIMIT_KEY_BYTES, &pem, err) < 0 ||
		key_from_pem(buffer_slice(&pem), &key->key, err) < 0)
		return error_wrap(err, "key '%s': %s", key->name, key->file);
	return 0;
}

int trust_load(const char *path, struct trust **ret_trust, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	cleanup_trust struct trust *trust = NULL;
	cleanup_fd int folder = -1;

	if (fs_read_file(AT_FDCWD, path, LIMIT_YAML_BYTES, &text, err) < 0 ||
		trust_parse(buffer_slice(&text), path, &trust, err) < 0 ||
		open_folder(path, &folder, err) < 0)
		return err->class;
	for (size_t i = 0; i < trust->count; i++)
		if (!trust->keys[i].key && load_key(folder, &trust->keys[i], err) < 0)
			return error_wrap(err, "%s", path);
	if (check_distinct(trust, path, err) < 0)
		return err->class;
	*ret_trust = take_ptr(trust);
	return 0;
}

/* ---- asking ---- */

const struct trust_key *trust_find(const struct trust *trust, const char *name)
{
	for (size_t i = 0; i < trust->count; i++)
		if (strcmp(trust->keys[i].name, name) == 0)
			return &trust->keys[i];
	return NULL;
}

const struct trust_key *trust_find_key(const struct trust *trust, const struct key *key)
{
	for (size_t i = 0; i < trust->count; i++)
		if (key && trust->keys[i].key == key)
			return &trust->keys[i];
	return NULL;
}

bool trust_key_is_valid(const struct trust_key *key, int64_t at, char *out)
{
	char text[CLOCK_TEXT_MAX];
	const char *reason = NULL;
	int64_t time = 0;

	if (at < key->valid_from) {
		reason = "is not valid before";
		time = key->valid_from;
	} else if (at >= key->revoked) {
		reason = "was revoked on";
		time = key->revoked;
	} else if (at >= key->valid_until) {
		reason = "expired on";
		time = key->valid_until;
	}
	out[0] = '\0';
	if (reason)
		(void)snprintf(out, TRUST_REASON_MAX, "%s %s", reason,
			clock_format(time, text)); /* fits: 19 + 1 + 20 */
	return !reason;
}
