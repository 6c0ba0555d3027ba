/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX documents and provenance from one record; licences. */
#include "tests/unit/signing_support.h"

#include <jansson.h>
#include <sys/wait.h>

#include "attest/license.h"
#include "attest/provenance.h"
#include "attest/spdx2.h"
#include "attest/statement.h"
#include "base/json.h"

static struct digest digest_for(const char *text)
{
	struct error err = ERROR_INIT;
	struct digest digest;

	assert_ok(digest_of(DIGEST_SHA256, slice_str(text), &digest, &err), &err);
	return digest;
}

static void add_material(struct record *record, struct record_material material)
{
	struct record_material *added = record_add_material(record);

	assert_non_null(added);
	*added = material;
}

static void add_file(struct record *record, const char *path, const char *package)
{
	struct error err = ERROR_INIT;
	struct record_file *file = record_add_file(record);

	assert_non_null(file);
	file->path = path;
	file->package = package;
	file->content = digest_for(path);
	assert_ok(digest_of(DIGEST_SHA1, slice_str(path), &file->sha1, &err), &err);
}

static void add_packages(struct record *record)
{
	static const char *needs[] = {"libstdc++"};
	static const struct record_package packages[] = {
		{.name = "busybox",
			.version = "1.36.1-r0",
			.architecture = "x86_64",
			.license = "gpl-2.0-only",
			.description = "many tools in one",
			.url = "https://busybox.net/",
			.origin = "busybox",
			.supplier = "Example Org (sbom@example.org)",
			.cpe = "cpe:2.3:a:busybox:busybox:1.36.1:*:*:*:*:*:*:*",
			.build_date = 1700000000,
			.depends = needs,
			.depend_count = 1,
			.input_key = "abcd",
			.sandbox_tier = "T0"},
		{.name = "busybox-extra",
			.version = "1.36.1-r0",
			.architecture = "x86_64",
			.license = "GPL-2.0-only AND PROPRIETARY",
			.origin = "busybox"},
		{.name = "libstdc++",
			.version = "13.2.0-r1",
			.license = "see the file COPYING"},
		{.name = "libstdc--", .version = "1", .license = NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(packages); i++) {
		struct record_package *added = record_add_package(record);

		assert_non_null(added);
		*added = packages[i];
		added->file = digest_for(packages[i].name);
	}
}

static const struct record_material materials[] = {
	{.kind = RECORD_SOURCE,
		.name = "busybox",
		.version = "1.36.1",
		.uri = "https://busybox.net/downloads/busybox-1.36.1.tar.bz2",
		.download = "https://busybox.net/downloads/busybox-1.36.1.tar.bz2",
		.package = "busybox"},
	{.kind = RECORD_SOURCE,
		.name = "gcc",
		.version = "13.2.0",
		.uri = "pool:pool/main/g/gcc-13/gcc-13_13.2.0.orig.tar.gz",
		.download = "http://mirror.invalid/debian/pool/main/g/gcc-13/x",
		.package = "libstdc++"},
	{.kind = RECORD_SOURCE,
		.name = "mpfr",
		.version = "4.2.1",
		.uri = "https://www.mpfr.org/mpfr-4.2.1.tar.xz",
		.download = "http://mirror.invalid/mpfr-4.2.1.tar.xz",
		.package = "libstdc++"},
	{.kind = RECORD_SOURCE,
		.name = "config",
		.uri = "packages/busybox/config",
		.package = "busybox"},
	{.kind = RECORD_TOOLCHAIN,
		.name = "g++-12",
		.version = "12.2.0-14",
		.uri = "pool/main/g/gcc-12/g++-12_12.2.0-14_amd64.deb",
		.download = "http://mirror.invalid/debian/pool/x"},
	{.kind = RECORD_RECIPE,
		.name = "busybox.yaml",
		.uri = "/home/somebody/r/busybox.yaml"},
	{.kind = RECORD_PACKAGE, .name = "busybox", .uri = "busybox-1.36.1-r0.apk"},
};

static struct record *make_record(bool backwards)
{
	struct error err = ERROR_INIT;
	struct record *record = NULL;
	size_t count = ARRAY_LEN(materials);

	assert_ok(record_new(&record, &err), &err);
	record->image = "team/Base";
	record->os = "linux";
	record->architecture = "amd64";
	record->manifest = digest_for("manifest");
	record->created = 1750000000;
	record->flavour = "base";
	record->recipe_path = "images/base.yaml";
	record->recipe = digest_for("recipe");
	record->builder_id = "https://example.org/builders/local";
	record->builder_version = "0.1.0";
	record->sandbox_tier = "T0";
	record->compressor = "zlib 1.2.13 level 6";
	record->distribution = "alnage";
	record->organization = "Example Org (sbom@example.org)";
	record->started = 1795000000;
	record->finished = 1795000100;
	add_packages(record);
	for (size_t i = 0; i < count; i++) {
		struct record_material material =
			materials[backwards ? count - 1 - i : i];

		material.digest = digest_for(
			material.kind == RECORD_PACKAGE ? "busybox" : material.uri);
		add_material(record, material);
		if (backwards && i == 0) /* noted twice */
			add_material(record, material);
	}
	add_file(record, "bin/busybox", "busybox");
	add_file(record, "/usr/lib/libstdc++.so.6.0.32", "libstdc++");
	add_file(record, "etc/passwd", NULL);
	add_file(record, "etc/group", "");
	add_file(record, "bad-\xff-name", "busybox");
	assert_non_null(record_add_file(record)); /* a link: no digests */
	record->files[record->file_count - 1].path = "bin/sh";
	return record;
}

static json_t *load(const struct buffer *text)
{
	struct error err = ERROR_INIT;
	json_t *root = NULL;

	assert_ok(json_load_slice(buffer_slice(text), "document", &root, &err), &err);
	return root;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "(none)";
}

static json_t *find(const json_t *list, const char *key, const char *value)
{
	size_t i;
	json_t *item;

	json_array_foreach (list, i, item) {
		if (strcmp(text_of(item, key), value) == 0)
			return item;
	}
	fail_msg("no %s %s", key, value);
	return NULL;
}

/* ---- SPDX ---- */

static void assert_schema(const char *document, const char *schema)
{
	static const char script[] =
		"import sys, json\n"
		"try:\n import jsonschema\nexcept ImportError:\n sys.exit(77)\n"
		"d, s = (json.load(open(p)) for p in sys.argv[1:3])\n"
		"e = list(jsonschema.Draft7Validator(s).iter_errors(d))\n"
		"for x in e[:9]: print(list(x.path), x.message[:300])\n"
		"sys.exit(1 if e else 0)\n";
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		execlp("python3", "python3", "-c", script, document, schema,
			(char *)NULL);
		_exit(77);
	}
	assert_true(pid > 0);
	assert_true(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		printf("skip: python3 with jsonschema is not here\n");
	else
		assert_int_equal(WEXITSTATUS(status), 0);
}

static void spdx_is_valid(void **state)
{
	(void)state;
	static const char *const schemas[] = {"schemas/spdx-2.3/spdx-schema-2.3.json",
		"schemas/spdx-2.3/spdx-schema-2.3.1-branch.json"};
	struct error err = ERROR_INIT;
	cleanup_record struct record *record = make_record(false);
	cleanup_buffer struct buffer out = BUFFER_INIT;
	char path[] = "/tmp/alnage-spdx-XXXXXX";
	cleanup_fd int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_ok(spdx2_write(record, &out, &err), &err);
	assert_int_equal(write(fd, out.data, out.len), out.len);
	for (size_t i = 0; i < ARRAY_LEN(schemas); i++) {
		const char *schema = shared_path(schemas[i]);

		if (schema)
			assert_schema(path, schema);
	}
	assert_int_equal(unlink(path), 0);
}

/* No identifier twice, nothing related to what is not there. */
static void spdx_graph_is_closed(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_record struct record *record = make_record(false);
	cleanup_buffer struct buffer out = BUFFER_INIT;
	cleanup_json json_t *root = NULL, *ids = json_object();
	static const char *const lists[] = {"packages", "files"};
	size_t i;
	json_t *item;

	assert_ok(spdx2_write(record, &out, &err), &err);
	root = load(&out);
	json_object_set_new(ids, "SPDXRef-DOCUMENT", json_true());
	json_object_set_new(ids, "NONE", json_true());
	for (size_t list = 0; list < ARRAY_LEN(lists); list++)
		json_array_foreach (json_object_get(root, lists[list]), i, item) {
			assert_null(json_object_get(ids, text_of(item, "SPDXID")));
			json_object_set_new(ids, text_of(item, "SPDXID"), json_true());
		}
	json_array_foreach (json_object_get(root, "relationships"), i, item) {
		assert_non_null(json_object_get(ids, text_of(item, "spdxElementId")));
		assert_non_null(
			json_object_get(ids, text_of(item, "relatedSpdxElement")));
	}
	assert_int_equal(json_array_size(json_object_get(root, "packages")), 1 + 4 + 4);
	assert_int_equal(json_array_size(json_object_get(root, "files")), 4);
}

static size_t count_relations(const json_t *root, const char *type, const char *to)
{
	size_t i, count = 0;
	json_t *item;

	json_array_foreach (json_object_get(root, "relationships"), i, item) {
		if (strcmp(text_of(item, "relationshipType"), type) == 0 &&
			(!to || strcmp(text_of(item, "relatedSpdxElement"), to) == 0))
			count++;
	}
	return count;
}

static void spdx_says_what_the_record_says(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_record struct record *record = make_record(false);
	cleanup_buffer struct buffer out = BUFFER_INIT;
	cleanup_json json_t *root = NULL;
	json_t *package, *packages;
	char namespace[128], hex[DIGEST_TEXT_MAX];

	assert_ok(spdx2_write(record, &out, &err), &err);
	root = load(&out);
	packages = json_object_get(root, "packages");
	assert_true(snprintf(namespace, sizeof(namespace),
			    "https://alnage.dev/spdx/team%%2FBase/sha256-%s",
			    digest_format_hex(&record->manifest, hex)) > 0);
	assert_string_equal(text_of(root, "documentNamespace"), namespace);
	assert_string_equal(text_of(json_object_get(root, "creationInfo"), "created"),
		"2025-06-15T15:06:40Z");
	assert_non_null(strstr(text_of(json_object_get(root, "creationInfo"), "comment"),
		"4 of 6 files are listed"));

	package = find(packages, "SPDXID", "SPDXRef-Package-busybox");
	assert_string_equal(text_of(package, "versionInfo"), "1.36.1-r0");
	assert_string_equal(text_of(package, "licenseDeclared"), "GPL-2.0-only");
	assert_string_equal(text_of(package, "supplier"),
		"Organization: Example Org (sbom@example.org)");
	find(json_object_get(package, "externalRefs"), "referenceLocator",
		"pkg:apk/alnage/busybox@1.36.1-r0?arch=x86_64");
	find(json_object_get(package, "externalRefs"), "referenceLocator",
		"cpe:2.3:a:busybox:busybox:1.36.1:*:*:*:*:*:*:*");
	find(json_object_get(package, "checksums"), "checksumValue",
		digest_format_hex(&record->packages[0].file, hex));
	package = find(packages, "SPDXID", "SPDXRef-Package-busybox-extra");
	find(json_object_get(package, "externalRefs"), "referenceLocator",
		"pkg:apk/alnage/busybox-extra@1.36.1-r0?arch=x86_64&upstream=busybox");
	assert_string_equal(text_of(package, "supplier"), "NOASSERTION");
	assert_string_equal(text_of(package, "licenseDeclared"),
		"GPL-2.0-only AND LicenseRef-PROPRIETARY");
	find(json_object_get(root, "hasExtractedLicensingInfos"), "licenseId",
		"LicenseRef-PROPRIETARY");
	find(json_object_get(root, "hasExtractedLicensingInfos"), "extractedText",
		"see the file COPYING");
	package = find(packages, "name", "gcc");
	assert_string_equal(text_of(package, "downloadLocation"), "NOASSERTION");
	assert_string_equal(text_of(package, "sourceInfo"),
		"Origin: pool:main/g/gcc-13/gcc-13_13.2.0.orig.tar.gz");
	find(json_object_get(find(packages, "SPDXID", "SPDXRef-Image"), "externalRefs"),
		"referenceCategory", "PACKAGE-MANAGER");

	assert_int_equal(count_relations(root, "DESCRIBES", "SPDXRef-Image"), 1);
	/* four packages, four files */
	assert_int_equal(count_relations(root, "CONTAINS", NULL), 8);
	/* two sources by busybox and busybox-extra each, two by libstdc++ */
	assert_int_equal(count_relations(root, "GENERATED_FROM", NULL), 6);
	assert_int_equal(count_relations(root, "DEPENDS_ON", "NONE"), 3);
	assert_null(strstr(buffer_str(&out), "mirror.invalid"));
	assert_null(strstr(buffer_str(&out), "somebody"));
}

/* ---- provenance ---- */

static json_t *predicate_of(const struct buffer *out, json_t **ret_root)
{
	*ret_root = load(out);
	return json_object_get(*ret_root, "predicate");
}

static void provenance_says_what_the_record_says(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_record struct record *record = make_record(false);
	cleanup_buffer struct buffer out = BUFFER_INIT;
	cleanup_statement struct statement *statement = NULL;
	cleanup_json json_t *root = NULL;
	json_t *definition, *internal, *list, *item;

	assert_ok(provenance_write(record, &out, &err), &err);
	assert_ok(statement_parse(buffer_slice(&out), &statement, &err), &err);
	assert_string_equal(statement->predicate_type, PREDICATE_SLSA_PROVENANCE);
	assert_true(statement_is_about(statement, &record->manifest));
	definition = json_object_get(predicate_of(&out, &root), "buildDefinition");
	internal = json_object_get(definition, "internalParameters");
	assert_string_equal(text_of(internal, "network"), "none");
	assert_int_equal(json_integer_value(json_object_get(internal, "sourceDateEpoch")),
		1750000000);
	item = json_object_get(
		json_object_get(definition, "externalParameters"), "recipe");
	assert_string_equal(text_of(item, "uri"), "recipe:images/base.yaml");

	list = json_object_get(definition, "resolvedDependencies");
	/* six materials (the seventh is one of the packages) and four packages */
	assert_int_equal(json_array_size(list), 6 + 4);
	item = find(list, "uri", "https://busybox.net/downloads/busybox-1.36.1.tar.bz2");
	assert_string_equal(text_of(item, "downloadLocation"), text_of(item, "uri"));
	item = find(list, "uri", "https://www.mpfr.org/mpfr-4.2.1.tar.xz");
	assert_string_equal(text_of(item, "downloadLocation"), "(none)");
	item = find(list, "uri", "pool:main/g/gcc-12/g%2B%2B-12_12.2.0-14_amd64.deb");
	assert_string_equal(text_of(item, "downloadLocation"), "(none)");
	assert_string_equal(
		text_of(json_object_get(item, "annotations"), "kind"), "toolchain");
	find(list, "uri", "recipe:busybox.yaml");
	find(list, "uri", "pkg:apk/alnage/busybox@1.36.1-r0?arch=x86_64");
	assert_null(strstr(buffer_str(&out), "mirror.invalid"));
	assert_null(strstr(buffer_str(&out), "somebody"));
	assert_null(strstr(buffer_str(&out), "SLSA_BUILD_LEVEL"));
}

/* A build that was not isolated does not say that it had no network. */
static void provenance_of_no_sandbox(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_record struct record *record = make_record(false);
	cleanup_buffer struct buffer out = BUFFER_INIT;

	record->sandbox_tier = "none";
	assert_ok(provenance_write(record, &out, &err), &err);
	assert_non_null(strstr(buffer_str(&out), "\"network\":\"not isolated\""));
	buffer_clear(&out);
	record->sandbox_tier = NULL;
	assert_ok(provenance_write(record, &out, &err), &err);
	assert_null(strstr(buffer_str(&out), "\"network\""));
	record->builder_id = NULL;
	assert_refused(provenance_write(record, &out, &err), ERR_BUG, "unfinished", &err);
}

/* The order in which a parallel build noted things must not show. */
static void documents_are_deterministic(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_record struct record *one = make_record(false), *two = make_record(true);
	cleanup_buffer struct buffer a = BUFFER_INIT, b = BUFFER_INIT;

	assert_ok(spdx2_write_statement(one, &a, &err), &err);
	assert_ok(spdx2_write_statement(two, &b, &err), &err);
	assert_string_equal(buffer_str(&a), buffer_str(&b));
	buffer_clear(&a);
	buffer_clear(&b);
	assert_ok(provenance_write(one, &a, &err), &err);
	assert_ok(provenance_write(two, &b, &err), &err);
	assert_string_equal(buffer_str(&a), buffer_str(&b));
}

static void contradictions_are_refused(void **state)
{
	(void)state;
	static const char *needs[] = {"absent"};
	struct error err = ERROR_INIT;
	cleanup_record struct record *record = make_record(false);
	cleanup_buffer struct buffer out = BUFFER_INIT;

	record->packages[2].depends = needs;
	record->packages[2].depend_count = 1;
	assert_refused(spdx2_write(record, &out, &err), ERR_BUG,
		"absent, which is not recorded", &err);
	record->packages[2].depend_count = 0;
	record->files[0].package = "absent";
	assert_refused(spdx2_write(record, &out, &err), ERR_BUG,
		"absent, which is not recorded", &err);
	record->files[0].package = NULL;
	record->packages[1].name = "busybox";
	assert_refused(spdx2_write(record, &out, &err), ERR_BUG, "two packages", &err);
	assert_int_equal(out.len, 0);
}

/* ---- licences ---- */

static void licenses_become_valid(void **state)
{
	(void)state;
	static const struct {
		const char *text, *expected;
		size_t refs;
	} cases[] = {
		{"MIT", "MIT", 0},
		{"mit", "MIT", 0},
		{NULL, "NOASSERTION", 0},
		{"  ", "NOASSERTION", 0},
		{"NONE", "NONE", 0},
		{"GPL-2.0+", "GPL-2.0+", 0},
		{"(MIT OR Apache-2.0)  AND\tZlib", "(MIT OR Apache-2.0) AND Zlib", 0},
		{"GPL-2.0-only WITH Classpath-exception-2.0",
			"GPL-2.0-only WITH Classpath-exception-2.0", 0},
		{"0BSD AND zlib-acknowledgement", "0BSD AND zlib-acknowledgement", 0},
		{"PROPRIETARY", "LicenseRef-PROPRIETARY", 1},
		{"MIT AND custom AND custom",
			"MIT AND LicenseRef-custom AND LicenseRef-custom", 1},
		{"LicenseRef-x OR MIT", "LicenseRef-x OR MIT", 1},
		{"MIT and Zlib", NULL, 1},
		{"MIT, Zlib", NULL, 1},
		{"(MIT", NULL, 1},
		{"MIT)", NULL, 1},
		{"()", NULL, 1},
		{"AND", NULL, 1},
		{"MIT AND", NULL, 1},
		{"MIT Zlib", NULL, 1},
		{"custom WITH", NULL, 1},
		{"MIT WITH something", NULL, 1},
		{"(MIT) WITH Classpath-exception-2.0", NULL, 1},
		{"((((((((((((((((((MIT))))))))))))))))))", NULL, 1},
		{"DocumentRef-a:LicenseRef-b", NULL, 1},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct error err = ERROR_INIT;
		cleanup_arena struct arena *arena = NULL;
		struct license_refs refs = {0};
		const char *expression = NULL;

		assert_ok(arena_new(&arena, &err), &err);
		refs.arena = arena;
		assert_ok(
			license_normalize(cases[i].text, &refs, &expression, &err), &err);
		assert_int_equal(refs.count, cases[i].refs);
		if (cases[i].expected) {
			assert_string_equal(expression, cases[i].expected);
			continue;
		}
		/* not an expression: the whole text as one reference */
		assert_int_equal(strlen(expression), strlen("LicenseRef-") + 16);
		assert_string_equal(refs.items[0].id, expression);
		assert_string_equal(refs.items[0].text, cases[i].text);
	}
}

static void license_list_is_sorted(void **state)
{
	(void)state;
	static const char *const some[] = {"0BSD", "AAL", "Apache-2.0", "curl",
		"GPL-2.0-only", "LGPL-2.1-or-later", "MIT", "OpenSSL", "PSF-2.0", "X11",
		"Zlib", "ZPL-2.1"};

	for (size_t i = 0; i < ARRAY_LEN(some); i++)
		assert_string_equal(license_find(slice_str(some[i])), some[i]);
	assert_null(license_find(SLICE("GPL")));
	assert_null(license_find(SLICE("MITx")));
	assert_null(license_find(SLICE("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spdx_is_valid),
		cmocka_unit_test(spdx_graph_is_closed),
		cmocka_unit_test(spdx_says_what_the_record_says),
		cmocka_unit_test(provenance_says_what_the_record_says),
		cmocka_unit_test(provenance_of_no_sandbox),
		cmocka_unit_test(documents_are_deterministic),
		cmocka_unit_test(contradictions_are_refused),
		cmocka_unit_test(licenses_become_valid),
		cmocka_unit_test(license_list_is_sorted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
