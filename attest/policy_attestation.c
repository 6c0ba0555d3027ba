/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what a policy asks of an attestation. */
#include "attest/license.h"
#include "attest/policy_private.h"
#include "attest/predicate.h"

#define LEVEL_MAX 3

int policy_parse_signers(const struct settings *settings, const struct yaml_node *node,
	unsigned roles, struct policy_signers *signers, struct error *err)
{
	signers->roles = roles;
	signers->threshold = 1;
	if (setting_texts(settings, node, "keys", &signers->names, err) < 0)
		return err->class;
	return setting_count(
		settings, node, "threshold", TRUST_ENTRIES_MAX, &signers->threshold, err);
}

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
		{PREDICATE_CSAF, TRUST_VEX},
		{PREDICATE_COSIGN_VULN, TRUST_SCAN},
		{PREDICATE_VULNS, TRUST_SCAN},
		{PREDICATE_HARDENING, TRUST_PROVENANCE},
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
	static const char *const audit[] = {"hardening", NULL};
	bool is_audit = strcmp(uri, PREDICATE_HARDENING) == 0;

	if (only_for(settings, node, provenance,
		    strcmp(uri, PREDICATE_SLSA_PROVENANCE) == 0, "slsaprovenance1",
		    err) < 0 ||
		only_for(settings, node, sbom, strcmp(uri, PREDICATE_SPDX) == 0,
			"spdxjson", err) < 0 ||
		only_for(settings, node, audit, is_audit, "hardening", err) < 0)
		return err->class;
	return only_for(settings, node, dated, type_roles(uri) != 0 && !is_audit,
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
		"dependency-sources", "licenses", "hardening", NULL};
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
		policy_parse_signers(settings, node, type_roles(wanted->uri),
			&wanted->signers, err) < 0 ||
		setting_duration(settings, node, "max-age", &wanted->max_age, err) < 0 ||
		parse_provenance(settings, node, wanted, err) < 0 ||
		parse_licenses(settings, node, wanted, err) < 0 ||
		setting_texts(settings, node, "hardening", &wanted->hardening, err) < 0)
		return err->class;
	if (wanted->signers.roles == 0 && wanted->signers.names.count == 0)
		return yaml_error(node, settings->file, err,
			"type %s: no role goes with it, so its keys must be named", type);
	return 0;
}

int policy_parse_attestations(const struct settings *settings,
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
