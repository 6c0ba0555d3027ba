/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/policy.h"

#include "attest/license.h"
#include "attest/policy_private.h"
#include "attest/predicate.h"
#include "base/fs.h"
#include "base/limits.h"

#define THRESHOLD_MAX TRUST_ENTRIES_MAX
#define LEVEL_MAX     3

void policy_free(struct policy **policy)
{
	struct arena *arena;

	if (!*policy)
		return;
	trust_free(&(*policy)->trust);
	arena = (*policy)->arena; /* the policy itself lies in it */
	arena_free(&arena);
	*policy = NULL;
}

const struct digest *policy_digest(const struct policy *policy)
{
	return &policy->digest;
}

static int policy_new(struct policy **ret_policy, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	struct policy *policy;

	if (arena_new(&arena, err) < 0)
		return err->class;
	policy = arena_alloc(arena, sizeof(*policy));
	if (!policy)
		return error_set_memory(err);
	policy->arena = take_ptr(arena);
	*ret_policy = policy;
	return 0;
}

/* ---- who ---- */

static int parse_signers(const struct settings *settings, const struct yaml_node *node,
	unsigned roles, struct policy_signers *signers, struct error *err)
{
	signers->roles = roles;
	signers->threshold = 1;
	if (setting_texts(settings, node, "keys", &signers->names, err) < 0)
		return err->class;
	return setting_count(
		settings, node, "threshold", THRESHOLD_MAX, &signers->threshold, err);
}

/* Patterns too long to match would never match: say so. */
static int parse_patterns(const struct settings *settings, const struct yaml_node *node,
	const char *key, struct setting_texts *patterns, struct error *err)
{
	if (setting_texts(settings, node, key, patterns, err) < 0)
		return err->class;
	for (size_t i = 0; i < patterns->count; i++) {
		const char *pattern = patterns->items[i];

		if (strlen(pattern) > POLICY_PATTERN_MAX)
			return yaml_error(yaml_get(node, key), settings->file, err,
				"%s: a pattern is longer than %d characters", key,
				POLICY_PATTERN_MAX);
		if (strstr(pattern, "***"))
			return yaml_error(yaml_get(node, key), settings->file, err,
				"%s: '%s': there is no ***", key, pattern);
	}
	return 0;
}

/* ---- attestations ---- */

/* The role that goes with a type; 0: keys have to be named. */
static unsigned type_roles(const char *uri)
{
	static const struct {
		const char *uri;
		enum trust_role role;
	} known[] = {
		{PREDICATE_SLSA_PROVENANCE, TRUST_PROVENANCE},
		{PREDICATE_SLSA_PROVENANCE_02, TRUST_PROVENANCE},
		{PREDICATE_SPDX, TRUST_SBOM},
		{PREDICATE_CYCLONEDX, TRUST_SBOM},
		{PREDICATE_OPENVEX, TRUST_VEX},
		{PREDICATE_COSIGN_VULN, TRUST_SCAN},
		{PREDICATE_VULNS, TRUST_SCAN},
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(known[i].uri, uri) == 0)
			return known[i].role;
	return 0;
}

/* A check that does not go with the type would never be made. */
static int only_for(const struct settings *settings, const struct yaml_node *node,
	const char *const *keys, bool goes, const char *name, struct error *err)
{
	for (; !goes && *keys; keys++)
		if (yaml_get(node, *keys))
			return yaml_error(yaml_get(node, *keys), settings->file, err,
				"%s goes only with type %s", *keys, name);
	return 0;
}

static int check_type_keys(const struct settings *settings, const struct yaml_node *node,
	const char *uri, struct error *err)
{
	static const char *const provenance[] = {"builders", "build-types", "sandbox",
		"recipes", "dependency-digests", "dependency-sources", NULL};
	static const char *const sbom[] = {"licenses", NULL};
	static const char *const dated[] = {"max-age", NULL};

	if (only_for(settings, node, provenance,
		    strcmp(uri, PREDICATE_SLSA_PROVENANCE) == 0, "slsaprovenance1",
		    err) < 0 ||
		only_for(settings, node, sbom, strcmp(uri, PREDICATE_SPDX) == 0,
			"spdxjson", err) < 0)
		return err->class;
	return only_for(settings, node, dated, type_roles(uri) != 0,
		"provenance, SBOM, VEX or scan, which tell their time", err);
}

static int parse_builder(const struct settings *settings, const struct yaml_node *node,
	struct policy_builder *builder, struct error *err)
{
	static const char *const known[] = {"id", "level", NULL};

	builder->level = 1;
	if (yaml_expect(node, YAML_MAPPING, "a builder", settings->file, err) < 0 ||
		yaml_only_keys(node, known, "a builder", settings->file, err) < 0 ||
		setting_text(settings, node, "id", &builder->id, err) < 0 ||
		setting_count(settings, node, "level", LEVEL_MAX, &builder->level, err) <
			0)
		return err->class;
	return builder->id
		       ? 0
		       : yaml_error(node, settings->file, err, "a builder without an id");
}

static int parse_builders(const struct settings *settings, const struct yaml_node *node,
	struct policy_attestation *wanted, struct error *err)
{
	const struct yaml_node *list;

	if (setting_list(settings, node, "builders", &list, err) < 0)
		return err->class;
	if (!list)
		return 0;
	wanted->builders =
		arena_array(settings->arena, list->count, sizeof(*wanted->builders));
	if (!wanted->builders)
		return error_set_memory(err);
	for (size_t i = 0; i < list->count; i++) {
		if (parse_builder(settings, list->items[i], &wanted->builders[i], err) <
			0)
			return err->class;
		for (size_t j = 0; j < i; j++)
			if (strcmp(wanted->builders[j].id, wanted->builders[i].id) == 0)
				return yaml_error(list->items[i], settings->file, err,
					"builder '%s' is there twice",
					wanted->builders[i].id);
	}
	wanted->builder_count = list->count;
	return 0;
}

static int parse_source(const struct settings *settings, const struct yaml_node *node,
	const char *key, const char *text, struct policy_source *source,
	struct error *err)
{
	if (slice_starts_with(slice_str(text), SLICE("sha256:"))) {
		if (digest_parse(slice_str(text), &source->digest, err) < 0)
			return error_wrap(
				err, "%s:%u: %s", settings->file, node->line, key);
		return 0;
	}
	if (!strchr(text, ':'))
		return yaml_error(node, settings->file, err,
			"%s: '%.128s' is neither sha256:… nor the beginning of a URI",
			key, text);
	source->uri = text;
	return 0;
}

static int parse_sources(const struct settings *settings, const struct yaml_node *node,
	const char *key, struct policy_sources *ret, struct error *err)
{
	struct setting_texts texts = {0};

	if (setting_texts(settings, node, key, &texts, err) < 0)
		return err->class;
	ret->items = arena_array(settings->arena, texts.count, sizeof(*ret->items));
	if (!ret->items)
		return error_set_memory(err);
	for (size_t i = 0; i < texts.count; i++)
		if (parse_source(settings, yaml_get(node, key), key, texts.items[i],
			    &ret->items[i], err) < 0)
			return err->class;
	ret->count = texts.count;
	return 0;
}

static bool is_license(struct slice name)
{
	return slice_has_byte(name, '*') || slice_equal_str(name, "NOASSERTION") ||
	       slice_equal_str(name, "NONE") ||
	       slice_starts_with(name, SLICE("LicenseRef-"));
}

/* A misspelt licence in a list of denied ones would deny nothing. */
static int check_licenses(const struct settings *settings, const struct yaml_node *node,
	const struct setting_texts *names, struct error *err)
{
	for (size_t i = 0; i < names->count; i++) {
		struct slice rest = slice_str(names->items[i]), word;
		size_t count = 0;

		for (; slice_word(&rest, &word); count++) {
			bool good = count == 1 ? slice_equal_str(word, "WITH")
					       : is_license(word) || license_find(word);

			if (!good || count > 2)
				return yaml_error(node, settings->file, err,
					"licenses: '%.64s' is not on the SPDX list %s",
					names->items[i], LICENSE_LIST_VERSION);
		}
		if (count == 2)
			return yaml_error(node, settings->file, err,
				"licenses: '%.64s' has no exception", names->items[i]);
	}
	return 0;
}

static int parse_licenses(const struct settings *settings, const struct yaml_node *node,
	struct policy_attestation *wanted, struct error *err)
{
	static const char *const known[] = {"allow", "deny", NULL};
	const struct yaml_node *section;

	if (setting_section(settings, node, "licenses", known, &section, err) < 0)
		return err->class;
	if (!section)
		return 0;
	if (setting_texts(settings, section, "allow", &wanted->licenses_allowed, err) <
			0 ||
		setting_texts(settings, section, "deny", &wanted->licenses_denied, err) <
			0 ||
		check_licenses(settings, section, &wanted->licenses_allowed, err) < 0 ||
		check_licenses(settings, section, &wanted->licenses_denied, err) < 0)
		return err->class;
	if (wanted->licenses_allowed.count + wanted->licenses_denied.count == 0)
		return yaml_error(
			section, settings->file, err, "licenses needs allow or deny");
	return 0;
}

static int parse_provenance(const struct settings *settings, const struct yaml_node *node,
	struct policy_attestation *wanted, struct error *err)
{
	if (parse_builders(settings, node, wanted, err) < 0 ||
		setting_texts(settings, node, "build-types", &wanted->build_types, err) <
			0 ||
		setting_texts(settings, node, "sandbox", &wanted->sandboxes, err) < 0 ||
		parse_sources(settings, node, "recipes", &wanted->recipes, err) < 0 ||
		setting_flag(settings, node, "dependency-digests",
			&wanted->dependency_digests, err) < 0)
		return err->class;
	return parse_sources(settings, node, "dependency-sources", &wanted->sources, err);
}

static int parse_attestation(const struct settings *settings,
	const struct yaml_node *node, struct policy_attestation *wanted,
	struct error *err)
{
	static const char *const known[] = {"type", "keys", "threshold", "max-age",
		"builders", "build-types", "sandbox", "recipes", "dependency-digests",
		"dependency-sources", "licenses", NULL};
	const char *type = NULL;

	if (yaml_expect(node, YAML_MAPPING, "an attestation", settings->file, err) < 0 ||
		yaml_only_keys(node, known, "an attestation", settings->file, err) < 0 ||
		setting_text(settings, node, "type", &type, err) < 0)
		return err->class;
	if (!type)
		return yaml_error(
			node, settings->file, err, "an attestation without a type");
	if (predicate_type_uri(type, &wanted->uri, err) < 0)
		return error_wrap(err, "%s:%u", settings->file, node->line);
	if (check_type_keys(settings, node, wanted->uri, err) < 0 ||
		parse_signers(settings, node, type_roles(wanted->uri), &wanted->signers,
			err) < 0 ||
		setting_duration(settings, node, "max-age", &wanted->max_age, err) < 0 ||
		parse_provenance(settings, node, wanted, err) < 0 ||
		parse_licenses(settings, node, wanted, err) < 0)
		return err->class;
	if (wanted->signers.roles == 0 && wanted->signers.names.count == 0)
		return yaml_error(node, settings->file, err,
			"type %s: no role goes with it, so its keys must be named", type);
	return 0;
}

static int parse_attestations(const struct settings *settings,
	const struct yaml_node *node, struct policy_scope *scope, struct error *err)
{
	const struct yaml_node *list;

	if (setting_list(settings, node, "attestations", &list, err) < 0)
		return err->class;
	if (!list)
		return 0;
	scope->attestations =
		arena_array(settings->arena, list->count, sizeof(*scope->attestations));
	if (!scope->attestations)
		return error_set_memory(err);
	for (size_t i = 0; i < list->count; i++)
		if (parse_attestation(
			    settings, list->items[i], &scope->attestations[i], err) < 0)
			return err->class;
	scope->attestation_count = list->count;
	return 0;
}

/* ---- scopes ---- */

static int parse_signature(const struct settings *settings, const struct yaml_node *node,
	struct policy_scope *scope, struct error *err)
{
	static const char *const known[] = {"keys", "threshold", "identities", NULL};
	const struct yaml_node *section;

	if (setting_section(settings, node, "signature", known, &section, err) < 0)
		return err->class;
	if (!section)
		return 0;
	scope->wants_signature = true;
	if (parse_patterns(settings, section, "identities", &scope->identities, err) < 0)
		return err->class;
	return parse_signers(settings, section, TRUST_IMAGE, &scope->signature, err);
}

static int parse_rebuild(const struct settings *settings, const struct yaml_node *node,
	struct policy_scope *scope, struct error *err)
{
	static const char *const known[] = {"operators", "keys", NULL};
	const struct yaml_node *section;

	if (setting_section(settings, node, "rebuild", known, &section, err) < 0)
		return err->class;
	if (!section)
		return 0;
	if (setting_count(settings, section, "operators", THRESHOLD_MAX,
		    &scope->operators, err) < 0)
		return err->class;
	if (scope->operators == 0)
		return yaml_error(
			section, settings->file, err, "rebuild: operators is missing");
	return parse_signers(settings, section, TRUST_REBUILD | TRUST_PROVENANCE,
		&scope->rebuild, err);
}

/* Nothing that an earlier scope takes already. */
static int check_reachable(const struct settings *settings, const struct policy *policy,
	const struct policy_scope *scope, const struct yaml_node *node, struct error *err)
{
	for (const struct policy_scope *other = policy->scopes; other != scope; other++) {
		if (strcmp(other->name, scope->name) == 0)
			return yaml_error(node, settings->file, err,
				"there are two scopes '%s'", scope->name);
		for (size_t i = 0; i < scope->images.count; i++)
			if (setting_texts_has(&other->images, "**") ||
				setting_texts_has(&other->images, scope->images.items[i]))
				return yaml_error(node, settings->file, err,
					"scope '%s': '%s' is taken by scope '%s' before "
					"it",
					scope->name, scope->images.items[i], other->name);
	}
	return 0;
}

static int parse_scope(const struct settings *settings, const struct policy *policy,
	const struct yaml_node *node, struct policy_scope *scope, struct error *err)
{
	static const char *const known[] = {"name", "images", "max-age", "signature",
		"attestations", "rebuild", NULL};

	if (yaml_expect(node, YAML_MAPPING, "a scope", settings->file, err) < 0 ||
		yaml_only_keys(node, known, "a scope", settings->file, err) < 0 ||
		setting_text(settings, node, "name", &scope->name, err) < 0 ||
		parse_patterns(settings, node, "images", &scope->images, err) < 0 ||
		setting_duration(settings, node, "max-age", &scope->max_age, err) < 0 ||
		parse_signature(settings, node, scope, err) < 0 ||
		parse_attestations(settings, node, scope, err) < 0 ||
		parse_rebuild(settings, node, scope, err) < 0)
		return err->class;
	if (!scope->name || scope->images.count == 0)
		return yaml_error(
			node, settings->file, err, "a scope needs a name and images");
	if (!scope->wants_signature && scope->attestation_count == 0 &&
		scope->operators == 0)
		return yaml_error(node, settings->file, err,
			"scope '%s' asks for no signature, attestation or rebuild: it "
			"would accept anything",
			scope->name);
	return check_reachable(settings, policy, scope, node, err);
}

int policy_parse(struct slice text, const char *file, struct policy **ret_policy,
	struct error *err)
{
	static const char *const known[] = {"version", "trust", "scopes", NULL};
	cleanup_policy struct policy *policy = NULL;
	const struct yaml_node *root, *list;

	if (policy_new(&policy, err) < 0 ||
		digest_of(DIGEST_SHA256, text, &policy->digest, err) < 0)
		return err->class;
	struct settings settings = {.file = file, .arena = policy->arena};
	if (setting_root(&settings, text, known, &root, err) < 0 ||
		setting_text(&settings, root, "trust", &policy->trust_file, err) < 0 ||
		setting_list(&settings, root, "scopes", &list, err) < 0)
		return err->class;
	if (!list)
		return yaml_error(root, file, err, "scopes is missing");
	policy->scopes = arena_array(policy->arena, list->count, sizeof(*policy->scopes));
	if (!policy->scopes)
		return error_set_memory(err);
	for (size_t i = 0; i < list->count; i++)
		if (parse_scope(&settings, policy, list->items[i], &policy->scopes[i],
			    err) < 0)
			return err->class;
	policy->scope_count = list->count;
	*ret_policy = take_ptr(policy);
	return 0;
}

/* ---- with its keys ---- */

/* Relative to the policy's folder. */
static int load_named_trust(struct policy *policy, const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/'), *file = policy->trust_file;
	const char *whole = file;

	if (file[0] != '/' && slash) {
		whole = arena_printf(
			policy->arena, "%.*s/%s", (int)(slash - path), path, file);
		if (!whole)
			return error_set_memory(err);
	}
	return trust_load(whole, &policy->trust, err);
}

int policy_load(const char *path, const char *trust_path, struct policy **ret_policy,
	struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	cleanup_policy struct policy *policy = NULL;

	if (fs_read_file(AT_FDCWD, path, LIMIT_YAML_BYTES, &text, err) < 0 ||
		policy_parse(buffer_slice(&text), path, &policy, err) < 0)
		return err->class;
	if (!trust_path && !policy->trust_file) {
		error_set(err, ERR_INPUT, "%s does not name a trust file", path);
		return error_remedy(err, "add 'trust: FILE' to it, or give --trust FILE");
	}
	if ((trust_path ? trust_load(trust_path, &policy->trust, err)
			: load_named_trust(policy, path, err)) < 0 ||
		policy_bind(policy, path, err) < 0)
		return err->class;
	*ret_policy = take_ptr(policy);
	return 0;
}
