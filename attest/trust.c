/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/settings_private.h"
#include "attest/trust_private.h"
#include "base/clock.h"
#include "base/nearest.h"
#include "signing/bundle.h"

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
		key_free(&(*trust)->entries[i].key);
	for (size_t i = 0; i < (*trust)->root_count; i++)
		trusted_root_free(&(*trust)->roots[i].root);
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

/* ---- what every entry has ---- */

static int parse_role(const struct settings *settings, const struct yaml_node *node,
	const char *name, struct trust_entry *entry, struct error *err)
{
	const char *known[ARRAY_LEN(roles) + 1] = {NULL};
	char hint[NEAREST_HINT_MAX];

	for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
		known[i] = roles[i].name;
		if (strcmp(roles[i].name, name) != 0)
			continue;
		entry->roles |= roles[i].role;
		return 0;
	}
	return yaml_error(node, settings->file, err, "roles: '%.64s' is not known%s",
		name, nearest_hint(name, known, hint));
}

static int parse_roles(const struct settings *settings, const struct yaml_node *node,
	struct trust_entry *entry, struct error *err)
{
	struct setting_texts names = {0};

	if (setting_texts(settings, node, "roles", &names, err) < 0)
		return err->class;
	if (names.count == 0)
		return yaml_error(node, settings->file, err,
			"'%s' has no roles: it would be trusted for nothing",
			entry->name);
	for (size_t i = 0; i < names.count; i++)
		if (parse_role(settings, yaml_get(node, "roles"), names.items[i], entry,
			    err) < 0)
			return err->class;
	return 0;
}

static int parse_window(const struct settings *settings, const struct yaml_node *node,
	struct trust_entry *entry, struct error *err)
{
	if (setting_time(settings, node, "valid-from", &entry->valid_from, err) < 0 ||
		setting_time(settings, node, "valid-until", &entry->valid_until, err) <
			0 ||
		setting_time(settings, node, "revoked", &entry->revoked, err) < 0)
		return err->class;
	if (entry->valid_from >= entry->valid_until)
		return yaml_error(node, settings->file, err, "'%s' ends before it begins",
			entry->name);
	return 0;
}

/* Is its name there already? */
static int check_single(const struct settings *settings, const struct trust *trust,
	const struct trust_entry *entry, const struct yaml_node *node, struct error *err)
{
	for (const struct trust_entry *other = trust->entries; other != entry; other++)
		if (strcmp(other->name, entry->name) == 0)
			return yaml_error(node, settings->file, err,
				"there are two signers '%s'", entry->name);
	return 0;
}

static int parse_count(const struct settings *settings, const struct yaml_node *node,
	const char *name, unsigned *count, struct error *err)
{
	uint64_t value = *count;

	if (setting_number(settings, node, name, BUNDLE_ITEMS_MAX, &value, err) < 0)
		return err->class;
	*count = (unsigned)value; /* at most BUNDLE_ITEMS_MAX */
	return 0;
}

/* What is not said is the default: of an identity told here, of a key by its root. */
static int parse_evidence(const struct settings *settings, const struct yaml_node *node,
	struct trust_entry *entry, struct error *err)
{
	bool said = yaml_get(node, "log-entries") || yaml_get(node, "timestamps") ||
		    yaml_get(node, "scts");

	if (setting_text(settings, node, "trusted-root", &entry->root_file, err) < 0)
		return err->class;
	if (!said)
		return 0;
	if (!entry->root_file)
		return yaml_error(node, settings->file, err,
			"'%s': nothing can be asked for without a trusted-root",
			entry->name);
	entry->minimum = arena_alloc(settings->arena, sizeof(*entry->minimum));
	if (!entry->minimum)
		return error_set_memory(err);
	if (entry->signer.identity.text)
		*entry->minimum = signer_evidence(&entry->signer);
	else
		entry->logs_by_root = !yaml_get(node, "log-entries");
	if (parse_count(settings, node, "log-entries", &entry->minimum->logs, err) < 0 ||
		parse_count(settings, node, "timestamps", &entry->minimum->timestamps,
			err) < 0)
		return err->class;
	return parse_count(settings, node, "scts", &entry->minimum->scts, err);
}

typedef int entry_parser(const struct settings *settings, const struct yaml_node *node,
	struct trust_entry *entry, struct error *err);

static int parse_entry(const struct settings *settings, struct trust *trust,
	const struct yaml_node *node, const char *const *known, entry_parser *parse,
	struct error *err)
{
	struct trust_entry *entry;

	if (yaml_expect(node, YAML_MAPPING, "a signer", settings->file, err) < 0 ||
		yaml_only_keys(node, known, "a signer", settings->file, err) < 0)
		return err->class;
	entry = arena_append(trust->arena, &trust->entries, &trust->count,
		&trust->capacity, sizeof(*entry));
	if (!entry)
		return error_set_memory(err);
	*entry = (struct trust_entry){.name = "",
		.valid_from = INT64_MIN,
		.valid_until = INT64_MAX,
		.revoked = INT64_MAX};
	if (setting_text(settings, node, "name", &entry->name, err) < 0)
		return err->class;
	if (entry->name[0] == '\0')
		return yaml_error(node, settings->file, err, "a signer without a name");
	entry->operator_name = entry->name;
	if (check_single(settings, trust, entry, node, err) < 0 ||
		setting_text(settings, node, "operator", &entry->operator_name, err) <
			0 ||
		parse(settings, node, entry, err) < 0 ||
		parse_evidence(settings, node, entry, err) < 0 ||
		parse_roles(settings, node, entry, err) < 0)
		return err->class;
	return parse_window(settings, node, entry, err);
}

/* ---- keys ---- */

static int parse_key(const struct settings *settings, const struct yaml_node *node,
	struct trust_entry *entry, struct error *err)
{
	const struct yaml_node *pem = yaml_get(node, "pem");

	if (setting_text(settings, node, "file", &entry->file, err) < 0)
		return err->class;
	if (!pem == !entry->file)
		return yaml_error(node, settings->file, err,
			"key '%s' needs either file or pem", entry->name);
	if (!pem)
		return 0;
	if (yaml_expect(pem, YAML_SCALAR, "pem", settings->file, err) < 0)
		return err->class;
	if (key_from_pem(slice_str(pem->text), &entry->key, err) < 0)
		return error_wrap(
			err, "%s:%u: key '%s'", settings->file, pem->line, entry->name);
	entry->signer.key = entry->key;
	return 0;
}

/* ---- identities ---- */

/* KEY or KEY-regexp, exactly one of them. */
static int parse_name(const struct settings *settings, const struct yaml_node *node,
	const char *key, const char *regexp_key, struct signer_name *name,
	struct error *err)
{
	const char *exact = NULL, *regexp = NULL;
	struct pattern *pattern;

	if (setting_text(settings, node, key, &exact, err) < 0 ||
		setting_text(settings, node, regexp_key, &regexp, err) < 0)
		return err->class;
	if (!exact == !regexp)
		return yaml_error(node, settings->file, err, "either %s or %s is needed",
			key, regexp_key);
	name->text = exact ? exact : regexp;
	if (exact)
		return 0;
	if (pattern_compile_whole(regexp, settings->arena, &pattern, err) < 0)
		return error_wrap(
			err, "%s:%u: %s", settings->file, node->line, regexp_key);
	name->pattern = pattern;
	return 0;
}

static int parse_keyless(const struct settings *settings, const struct yaml_node *node,
	struct trust_entry *entry, struct error *err)
{
	if (parse_name(settings, node, "identity", "identity-regexp",
		    &entry->signer.identity, err) < 0 ||
		parse_name(settings, node, "issuer", "issuer-regexp",
			&entry->signer.issuer, err) < 0)
		return err->class;
	if (!yaml_get(node, "trusted-root"))
		return yaml_error(node, settings->file, err,
			"'%s' needs a trusted-root: who may say that it signed",
			entry->name);
	return 0;
}

/* ---- all of it ---- */

static bool is_same_name(const struct signer_name *a, const struct signer_name *b)
{
	return a->text && b->text && !a->pattern == !b->pattern &&
	       strcmp(a->text, b->text) == 0;
}

static bool is_same_signer(const struct trust_entry *a, const struct trust_entry *b)
{
	if (a->key && b->key)
		return digest_equal(key_id(a->key), key_id(b->key));
	return is_same_name(&a->signer.identity, &b->signer.identity) &&
	       is_same_name(&a->signer.issuer, &b->signer.issuer);
}

int trust_check_distinct(const struct trust *trust, const char *file, struct error *err)
{
	for (size_t i = 0; i < trust->count; i++)
		for (size_t j = 0; j < i; j++)
			if (is_same_signer(&trust->entries[j], &trust->entries[i]))
				return error_set(err, ERR_INPUT,
					"%s: '%s' and '%s' are the same %s", file,
					trust->entries[j].name, trust->entries[i].name,
					trust->entries[i].key ? "key" : "identity");
	return 0;
}

static int parse_list(const struct settings *settings, struct trust *trust,
	const struct yaml_node *root, const char *key, const char *const *known,
	entry_parser *parse, struct error *err)
{
	const struct yaml_node *list;

	if (setting_list(settings, root, key, &list, err) < 0)
		return err->class;
	for (size_t i = 0; list && i < list->count; i++) {
		if (trust->count == TRUST_ENTRIES_MAX)
			return yaml_error(list->items[i], settings->file, err,
				"more than %d signers", TRUST_ENTRIES_MAX);
		if (parse_entry(settings, trust, list->items[i], known, parse, err) < 0)
			return err->class;
	}
	return 0;
}

int trust_parse(
	struct slice text, const char *file, struct trust **ret_trust, struct error *err)
{
	static const char *const known[] = {"version", "keys", "keyless", NULL};
	static const char *const key_settings[] = {"name", "file", "pem", "roles",
		"operator", "valid-from", "valid-until", "revoked", "trusted-root",
		"log-entries", "timestamps", NULL};
	static const char *const keyless_settings[] = {"name", "identity",
		"identity-regexp", "issuer", "issuer-regexp", "trusted-root",
		"log-entries", "timestamps", "scts", "roles", "operator", "valid-from",
		"valid-until", "revoked", NULL};
	cleanup_trust struct trust *trust = NULL;
	const struct yaml_node *root;

	if (trust_new(&trust, err) < 0)
		return err->class;
	struct settings settings = {.file = file, .arena = trust->arena};
	if (setting_root(&settings, text, known, &root, err) < 0 ||
		parse_list(&settings, trust, root, "keys", key_settings, parse_key, err) <
			0 ||
		parse_list(&settings, trust, root, "keyless", keyless_settings,
			parse_keyless, err) < 0)
		return err->class;
	if (trust->count == 0)
		return yaml_error(root, file, err, "keys is missing, and keyless too");
	if (trust_check_distinct(trust, file, err) < 0)
		return err->class;
	*ret_trust = take_ptr(trust);
	return 0;
}

/* ---- asking ---- */

const struct trust_entry *trust_find(const struct trust *trust, const char *name)
{
	for (size_t i = 0; i < trust->count; i++)
		if (strcmp(trust->entries[i].name, name) == 0)
			return &trust->entries[i];
	return NULL;
}

const struct trust_entry *trust_find_key(const struct trust *trust, const struct key *key)
{
	for (size_t i = 0; i < trust->count; i++)
		if (trust->entries[i].key &&
			digest_equal(key_id(trust->entries[i].key), key_id(key)))
			return &trust->entries[i];
	return NULL;
}

const struct trust_entry *trust_find_signer(
	const struct trust *trust, const struct signer *signer)
{
	for (size_t i = 0; i < trust->count; i++)
		if (&trust->entries[i].signer == signer)
			return &trust->entries[i];
	return NULL;
}

bool trust_entry_is_valid(const struct trust_entry *key, int64_t at, char *out)
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
