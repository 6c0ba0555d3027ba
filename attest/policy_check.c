/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one statement says, against one entry of a policy. The statement was signed by a
 * trusted key; it can still be of any shape, so every member is looked at before use
 * (jansson's getters give NULL for what is not there or of another type).
 */
#include <jansson.h>

#include "attest/policy_private.h"
#include "attest/predicate.h"
#include "base/clock.h"

#define SECONDS_OF_DAY (24 * 60 * 60)

/* Sets the result, says why. */
static int tell(enum finding_result *ret_result, enum finding_result result,
	struct buffer *text, struct error *err, const char *format, ...)
	PRINTF_LIKE(5, 6);
static int tell(enum finding_result *ret_result, enum finding_result result,
	struct buffer *text, struct error *err, const char *format, ...)
{
	va_list args;
	int status;

	va_start(args, format);
	status = buffer_vprintf(text, err, format, args);
	va_end(args);
	if (status == 0)
		*ret_result = result;
	return status;
}

static const json_t *definition(const struct check_input *input)
{
	return json_object_get(input->statement->predicate, "buildDefinition");
}

static const char *text_at(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* ---- age ---- */

int policy_check_age(int64_t time, int64_t max_age, int64_t at,
	enum finding_result *ret_result, struct buffer *text, struct error *err)
{
	char stamp[CLOCK_TEXT_MAX];

	clock_format(time, stamp);
	if (time > at + POLICY_CLOCK_SKEW)
		return tell(ret_result, FINDING_FAILED, text, err, "from the future: %s",
			stamp);
	if (at - time > max_age)
		return tell(ret_result, FINDING_FAILED, text, err,
			"too old: %s, %lld days; %lld are allowed", stamp,
			(long long)((at - time) / SECONDS_OF_DAY),
			(long long)(max_age / SECONDS_OF_DAY));
	return tell(ret_result, FINDING_PASSED, text, err, "%s", stamp);
}

/* Where each type tells its time. */
static const char *statement_time(const struct statement *statement)
{
	static const struct {
		const char *type, *path[4];
	} known[] = {
		{PREDICATE_SLSA_PROVENANCE, {"runDetails", "metadata", "finishedOn"}},
		{PREDICATE_SLSA_PROVENANCE_02, {"metadata", "buildFinishedOn"}},
		{PREDICATE_SPDX, {"creationInfo", "created"}},
		{PREDICATE_CYCLONEDX, {"metadata", "timestamp"}},
		{PREDICATE_OPENVEX, {"last_updated"}},
		{PREDICATE_OPENVEX, {"timestamp"}},
		{PREDICATE_CSAF, {"document", "tracking", "current_release_date"}},
		{PREDICATE_COSIGN_VULN, {"metadata", "scanFinishedOn"}},
		{PREDICATE_VULNS, {"metadata", "scanFinishedOn"}},
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		const json_t *at = statement->predicate;

		if (strcmp(known[i].type, statement->predicate_type) != 0)
			continue;
		for (size_t j = 0; known[i].path[j]; j++)
			at = json_object_get(at, known[i].path[j]);
		if (json_is_string(at))
			return json_string_value(at);
	}
	return NULL;
}

static int check_age(const struct check_input *input, enum finding_result *ret_result,
	struct buffer *text, struct error *err)
{
	const char *stamp = statement_time(input->statement);
	struct error ignored = ERROR_INIT;
	int64_t time;

	if (!stamp || clock_parse(slice_str(stamp), &time, &ignored) < 0)
		return tell(ret_result, FINDING_UNCHECKED, text, err,
			"the statement does not tell its time");
	return policy_check_age(
		time, input->wanted->max_age, input->at, ret_result, text, err);
}

static bool wants_age(const struct policy_attestation *wanted)
{
	return wanted->max_age != 0;
}

/* ---- builder, build type ---- */

static const char *builder_id(const struct check_input *input)
{
	const json_t *run = json_object_get(input->statement->predicate, "runDetails");

	return text_at(json_object_get(run, "builder"), "id");
}

unsigned policy_builder_level(const struct check_input *input)
{
	const char *id = builder_id(input);

	for (size_t i = 0; id && i < input->wanted->builder_count; i++)
		if (strcmp(input->wanted->builders[i].id, id) == 0)
			return (unsigned)input->wanted->builders[i].level; /* 1 to 3 */
	return 0;
}

static int check_builder(const struct check_input *input, enum finding_result *ret_result,
	struct buffer *text, struct error *err)
{
	const char *id = builder_id(input);

	if (!id)
		return tell(ret_result, FINDING_UNCHECKED, text, err,
			"the provenance names no builder");
	if (policy_builder_level(input) == 0)
		return tell(ret_result, FINDING_FAILED, text, err, "not allowed: %s", id);
	return tell(ret_result, FINDING_PASSED, text, err, "%s", id);
}

static bool wants_builder(const struct policy_attestation *wanted)
{
	return wanted->builder_count != 0;
}

static int check_build_type(const struct check_input *input,
	enum finding_result *ret_result, struct buffer *text, struct error *err)
{
	const char *type = text_at(definition(input), "buildType");

	if (!type)
		return tell(ret_result, FINDING_UNCHECKED, text, err,
			"the provenance names no build type");
	if (!setting_texts_has(&input->wanted->build_types, type))
		return tell(
			ret_result, FINDING_FAILED, text, err, "not allowed: %s", type);
	return tell(ret_result, FINDING_PASSED, text, err, "%s", type);
}

static bool wants_build_type(const struct policy_attestation *wanted)
{
	return wanted->build_types.count != 0;
}

/* ---- sandbox ---- */

/* "T0 namespaces+seccomp": the tier is the first word. */
static bool tier_is_allowed(const struct policy_attestation *wanted, const char *tier)
{
	struct slice rest = slice_str(tier), word;

	if (!slice_word(&rest, &word))
		return false;
	for (size_t i = 0; i < wanted->sandboxes.count; i++)
		if (slice_equal_str(word, wanted->sandboxes.items[i]))
			return true;
	return false;
}

/* The packages were built on their own, perhaps earlier and elsewhere. */
static int check_package_sandboxes(const struct check_input *input,
	enum finding_result *ret_result, struct buffer *text, struct error *err)
{
	const json_t *list = json_object_get(definition(input), "resolvedDependencies");
	size_t count = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		const json_t *notes = json_object_get(item, "annotations");
		const char *kind = text_at(notes, "kind"), *name = text_at(item, "name");
		const char *tier = text_at(notes, "sandbox");

		if (!kind || strcmp(kind, "package") != 0)
			continue;
		if (!tier)
			return tell(ret_result, FINDING_UNCHECKED, text, err,
				"the provenance does not tell the sandbox of package %s",
				name ? name : "?");
		if (!tier_is_allowed(input->wanted, tier))
			return tell(ret_result, FINDING_FAILED, text, err,
				"not allowed: package %s was built in sandbox '%s'",
				name ? name : "?", tier);
		count++;
	}
	return tell(
		ret_result, FINDING_PASSED, text, err, "image and %zu packages", count);
}

static int check_sandbox(const struct check_input *input, enum finding_result *ret_result,
	struct buffer *text, struct error *err)
{
	const char *tier = text_at(
		json_object_get(definition(input), "internalParameters"), "sandbox");

	if (!tier)
		return tell(ret_result, FINDING_UNCHECKED, text, err,
			"the provenance does not tell the sandbox");
	if (!tier_is_allowed(input->wanted, tier))
		return tell(ret_result, FINDING_FAILED, text, err,
			"not allowed: sandbox '%s'", tier);
	return check_package_sandboxes(input, ret_result, text, err);
}

static bool wants_sandbox(const struct policy_attestation *wanted)
{
	return wanted->sandboxes.count != 0;
}

/* ---- recipe and dependencies ---- */

static bool get_digest(const json_t *resource, struct digest *digest)
{
	const char *hex = text_at(json_object_get(resource, "digest"), "sha256");
	struct error ignored = ERROR_INIT;

	return hex &&
	       digest_parse_hex(DIGEST_SHA256, slice_str(hex), digest, &ignored) == 0;
}

/* A ResourceDescriptor: by what it is, or by where it came from. */
static bool is_among(const json_t *resource, const struct policy_sources *sources)
{
	const char *uri = text_at(resource, "uri");
	struct digest digest;
	bool has_digest = get_digest(resource, &digest);

	for (size_t i = 0; i < sources->count; i++) {
		const struct policy_source *source = &sources->items[i];

		if (source->uri ? uri && policy_prefix_matches(source->uri, uri)
				: has_digest && digest_equal(&digest, &source->digest))
			return true;
	}
	return false;
}

static int tell_resource(const json_t *resource, struct buffer *text, struct error *err)
{
	const char *name = text_at(resource, "name"), *uri = text_at(resource, "uri");

	return buffer_printf(text, err, "%s%s%s", name ? name : "",
		name && uri ? ", " : "",
		uri    ? uri
		: name ? ""
		       : "a nameless one");
}

static int check_recipe(const struct check_input *input, enum finding_result *ret_result,
	struct buffer *text, struct error *err)
{
	const json_t *external = json_object_get(definition(input), "externalParameters");
	const json_t *recipe = json_object_get(external, "recipe");
	bool allowed = is_among(recipe, &input->wanted->recipes);

	if (!json_is_object(recipe))
		return tell(ret_result, FINDING_UNCHECKED, text, err,
			"the provenance names no recipe");
	if (!allowed && buffer_add_str(text, "not allowed: ", err) < 0)
		return err->class;
	*ret_result = allowed ? FINDING_PASSED : FINDING_FAILED;
	return tell_resource(recipe, text, err);
}

static bool wants_recipe(const struct policy_attestation *wanted)
{
	return wanted->recipes.count != 0;
}

typedef bool dependency_test(
	const json_t *dependency, const struct policy_attestation *wanted);

/* All must pass; none at all says nothing. */
static int check_dependencies(const struct check_input *input, dependency_test *test,
	const char *reason, enum finding_result *ret_result, struct buffer *text,
	struct error *err)
{
	const json_t *list = json_object_get(definition(input), "resolvedDependencies");
	const json_t *first = NULL;
	size_t bad = 0;

	if (json_array_size(list) == 0)
		return tell(ret_result, FINDING_UNCHECKED, text, err,
			"the provenance names no dependencies");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);

		if (test(item, input->wanted))
			continue;
		if (bad++ == 0)
			first = item;
	}
	if (bad == 0)
		return tell(ret_result, FINDING_PASSED, text, err,
			"all of %zu dependencies", json_array_size(list));
	if (buffer_printf(text, err, "%s: ", reason) < 0 ||
		tell_resource(first, text, err) < 0)
		return err->class;
	return tell(ret_result, FINDING_FAILED, text, err, " (%zu of %zu dependencies)",
		bad, json_array_size(list));
}

static bool has_digest(const json_t *dependency, const struct policy_attestation *wanted)
{
	struct digest digest;

	(void)wanted;
	return get_digest(dependency, &digest);
}

static int check_digests(const struct check_input *input, enum finding_result *ret_result,
	struct buffer *text, struct error *err)
{
	return check_dependencies(
		input, has_digest, "without a sha256", ret_result, text, err);
}

static bool wants_digests(const struct policy_attestation *wanted)
{
	return wanted->dependency_digests;
}

static bool is_allowed(const json_t *dependency, const struct policy_attestation *wanted)
{
	return is_among(dependency, &wanted->sources);
}

static int check_sources(const struct check_input *input, enum finding_result *ret_result,
	struct buffer *text, struct error *err)
{
	return check_dependencies(
		input, is_allowed, "not allowed", ret_result, text, err);
}

static bool wants_sources(const struct policy_attestation *wanted)
{
	return wanted->sources.count != 0;
}

/* ---- licences: policy_license.c judges one ---- */

static bool wants_licenses(const struct policy_attestation *wanted)
{
	return wanted->licenses_allowed.count + wanted->licenses_denied.count != 0;
}

static bool is_told(const char *license)
{
	return license && strcmp(license, "NOASSERTION") != 0;
}

static const char *package_license(const json_t *package)
{
	const char *concluded = text_at(package, "licenseConcluded");
	const char *declared = text_at(package, "licenseDeclared");

	return is_told(concluded)  ? concluded
	       : is_told(declared) ? declared
				   : "NOASSERTION";
}

/* Not the image as a whole, whose licences are those of what is in it, nor the source
 * archives, which are not. */
static bool is_inside(const json_t *package)
{
	const char *purpose = text_at(package, "primaryPackagePurpose");

	return !purpose ||
	       (strcmp(purpose, "CONTAINER") != 0 && strcmp(purpose, "SOURCE") != 0);
}

struct license_count {
	size_t packages, bad;
	const json_t *first;
	enum finding_result worst;
};

static void count_license(const struct check_input *input, const json_t *package,
	struct license_count *count)
{
	enum finding_result result =
		policy_license_check(package_license(package), input->wanted);

	count->packages++;
	if (result == FINDING_PASSED)
		return;
	count->bad++;
	if (!count->first ||
		(result == FINDING_FAILED && count->worst == FINDING_UNCHECKED)) {
		count->first = package;
		count->worst = result;
	}
}

static int check_licenses(const struct check_input *input,
	enum finding_result *ret_result, struct buffer *text, struct error *err)
{
	const json_t *list = json_object_get(input->statement->predicate, "packages");
	struct license_count count = {.worst = FINDING_PASSED};
	const char *name;

	for (size_t i = 0; i < json_array_size(list); i++)
		if (is_inside(json_array_get(list, i)))
			count_license(input, json_array_get(list, i), &count);
	if (count.packages == 0)
		return tell(ret_result, FINDING_UNCHECKED, text, err,
			"the SBOM names no packages");
	if (count.bad == 0)
		return tell(ret_result, FINDING_PASSED, text, err, "all of %zu packages",
			count.packages);
	name = text_at(count.first, "name");
	return tell(ret_result, count.worst, text, err,
		"%s: package %s has '%s' (%zu of %zu packages)",
		count.worst == FINDING_FAILED ? "not allowed" : "not known",
		name ? name : "?", package_license(count.first), count.bad,
		count.packages);
}

static bool wants_hardening(const struct policy_attestation *wanted)
{
	return wanted->hardening.count != 0;
}

const struct check policy_checks[] = {
	{"age", wants_age, check_age},
	{"builder", wants_builder, check_builder},
	{"build type", wants_build_type, check_build_type},
	{"sandbox", wants_sandbox, check_sandbox},
	{"recipe", wants_recipe, check_recipe},
	{"dependency digests", wants_digests, check_digests},
	{"dependency sources", wants_sources, check_sources},
	{"licenses", wants_licenses, check_licenses},
	{"hardening", wants_hardening, policy_check_hardening},
};
const size_t policy_check_count = ARRAY_LEN(policy_checks);
