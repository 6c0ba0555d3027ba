/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/policy.h"

#include "attest/policy_private.h"
#include "base/fs.h"
#include "base/limits.h"

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
	return policy_parse_signers(
		settings, section, TRUST_IMAGE, &scope->signature, err);
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
	if (setting_count(settings, section, "operators", TRUST_ENTRIES_MAX,
		    &scope->operators, err) < 0)
		return err->class;
	if (scope->operators == 0)
		return yaml_error(
			section, settings->file, err, "rebuild: operators is missing");
	return policy_parse_signers(settings, section, TRUST_REBUILD | TRUST_PROVENANCE,
		&scope->rebuild, err);
}

/* Names are matched without it. */
static int check_ports(const struct settings *settings, const struct yaml_node *node,
	const struct setting_texts *images, struct error *err)
{
	for (size_t i = 0; i < images->count; i++)
		if (strstr(images->items[i], ":443/") &&
			!slice_starts_with(slice_str(images->items[i]), SLICE("oci:")))
			return yaml_error(node, settings->file, err,
				"images: '%s': leave :443 out, it is meant without it",
				images->items[i]);
	return 0;
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
		"attestations", "vulnerabilities", "rebuild", NULL};

	if (yaml_expect(node, YAML_MAPPING, "a scope", settings->file, err) < 0 ||
		yaml_only_keys(node, known, "a scope", settings->file, err) < 0 ||
		setting_text(settings, node, "name", &scope->name, err) < 0 ||
		parse_patterns(settings, node, "images", &scope->images, err) < 0 ||
		check_ports(settings, yaml_get(node, "images"), &scope->images, err) <
			0 ||
		setting_duration(settings, node, "max-age", &scope->max_age, err) < 0 ||
		parse_signature(settings, node, scope, err) < 0 ||
		policy_parse_attestations(settings, node, scope, err) < 0 ||
		policy_parse_vulnerabilities(
			settings, node, &scope->vulnerabilities, err) < 0 ||
		parse_rebuild(settings, node, scope, err) < 0)
		return err->class;
	if (!scope->name || scope->images.count == 0)
		return yaml_error(
			node, settings->file, err, "a scope needs a name and images");
	if (!scope->wants_signature && scope->attestation_count == 0 &&
		scope->operators == 0 && !scope->vulnerabilities.wanted)
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
	if (trust_load(whole, &policy->trust, err) < 0 && err->class == ERR_SYSTEM)
		(void)error_wrap(err, "%s: trust", path);
	return err->class;
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
