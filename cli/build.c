/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/build.h"

#include <jansson.h>

#include "attest/trust.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/common.h"
#include "cli/secret_input.h"

struct build_flags {
	const char *recipes, *output, *store, *package_store, *tag, *key, *package_key,
		*builder_id, *organization, *compression;
	struct cli_list pipeline_dirs, mirrors, source_mirrors, lint_require, lint_warn,
		lint_off;
	bool offline, mirror_first, allow_unpinned, json, test, keep_going,
		sha1_signatures;
	struct root_options roots;
	uint64_t cpus, jobs;
};

#define BUILD_FLAGS                                                                      \
	CLI_OPTION(struct build_flags, recipes, "recipes", CLI_TEXT, "DIR",              \
		"packages/, pipelines/, toolchain (default: ./recipes)"),                \
		CLI_OPTION(struct build_flags, output, "output", CLI_TEXT, "DIR",        \
			"where results go (default: out)"),                              \
		CLI_OPTION(struct build_flags, store, "store", CLI_TEXT, "DIR",          \
			"the store (default: $ALNAGE_STORE, ~/.cache/alnage)"),          \
		CLI_OPTION(struct build_flags, package_store, "package-store", CLI_TEXT, \
			"REF",                                                           \
			"packages shared with other machines: HOST/NAME, oci:DIR"),      \
		CLI_OPTION(struct build_flags, package_key, "package-key", CLI_TEXT,     \
			"FILE", "RSA key that signs .apk files and their index"),        \
		CLI_OPTION(struct build_flags, sha1_signatures, "sha1-signatures",       \
			CLI_FLAG, NULL,                                                  \
			"sign packages with SHA-1, too, for old readers"),               \
		CLI_OPTION(struct build_flags, pipeline_dirs, "pipeline-dir", CLI_LIST,  \
			"DIR", "more pipelines, searched first"),                        \
		ROOT_OPTIONS(struct build_flags),                                        \
		CLI_OPTION(struct build_flags, mirrors, "mirror", CLI_LIST, "URL",       \
			"Debian mirror (default: the machine's apt sources)"),           \
		CLI_OPTION(struct build_flags, source_mirrors, "source-mirror",          \
			CLI_LIST, "URL|DIR",                                             \
			"where else sources may be: sha256:HEX, FILE, HOST/PATH of "     \
			"git"),                                                          \
		CLI_OPTION(struct build_flags, offline, "offline", CLI_FLAG, NULL,       \
			"fetch nothing: only what the store has"),                       \
		CLI_OPTION(struct build_flags, mirror_first, "mirror-first", CLI_FLAG,   \
			NULL, "try mirrors before the upstream address"),                \
		CLI_OPTION(struct build_flags, allow_unpinned, "allow-unpinned",         \
			CLI_FLAG, NULL, "accept sources without digest or commit"),      \
		CLI_NUMBER_OPTION(struct build_flags, cpus, "cpus", 1,                   \
			CLI_PROCESSORS_MAX,                                              \
			"processors for all jobs together (default: all)"),              \
		CLI_NUMBER_OPTION(struct build_flags, jobs, "jobs", 1,                   \
			CLI_PROCESSORS_MAX,                                              \
			"recipes built at the same time (default: 1)"),                  \
		CLI_OPTION(struct build_flags, keep_going, "keep-going", CLI_FLAG, NULL, \
			"after a failure build all that does not need what failed"),     \
		CLI_OPTION(struct build_flags, lint_require, "lint-require", CLI_LIST,   \
			"LINTER", "what this linter finds is an error"),                 \
		CLI_OPTION(struct build_flags, lint_warn, "lint-warn", CLI_LIST,         \
			"LINTER", "what this linter finds is a warning"),                \
		CLI_OPTION(struct build_flags, lint_off, "lint-off", CLI_LIST, "LINTER", \
			"what this linter would find is not looked for"),                \
		CLI_OPTION(struct build_flags, json, "json", CLI_FLAG, NULL,             \
			"the result as JSON")

static const struct cli_option image_options[] = {
	CLI_OPTION(struct build_flags, tag, "tag", CLI_TEXT, "TAG",
		"tag in the layout (default: latest)"),
	CLI_OPTION(struct build_flags, key, "key", CLI_TEXT, "FILE",
		"key that signs the image and its attestations"),
	CLI_OPTION(struct build_flags, builder_id, "builder-id", CLI_TEXT, "URI",
		"who builds, as the provenance tells it"),
	CLI_OPTION(struct build_flags, organization, "organization", CLI_TEXT, "NAME",
		"who supplies the image and its packages, as the SBOM tells it"),
	CLI_OPTION(struct build_flags, compression, "compression", CLI_TEXT, "NAME",
		"gzip (default), zstd or none"),
	BUILD_FLAGS,
};
static const struct cli_option package_options[] = {
	CLI_OPTION(struct build_flags, test, "test", CLI_FLAG, NULL,
		"run the tests of the recipes, too"),
	BUILD_FLAGS,
};

/* Everything the options borrow, freed together. */
struct prepared {
	struct build_options options;
	struct source_options sources;
	struct lint_levels lint;
	struct secret *image_key, *package_key;
	struct trust *trust;
	char **mirrors;
	size_t mirror_count;
	char key_name[256];
};

static void prepared_done(struct prepared *prepared)
{
	secret_free(&prepared->image_key);
	secret_free(&prepared->package_key);
	trust_free(&prepared->trust);
	mirror_list_free(&prepared->mirrors, prepared->mirror_count);
}

static int choose_compression(const char *name, enum compression *ret, struct error *err)
{
	static const enum compression all[] = {
		COMPRESSION_GZIP, COMPRESSION_ZSTD, COMPRESSION_NONE};
	*ret = COMPRESSION_GZIP;
	if (!name)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (strcmp(compression_name(all[i]), name) == 0) {
			*ret = all[i];
			return 0;
		}
	return error_set(err, ERR_USAGE, "no compression '%s': gzip, zstd or none", name);
}

static int prepare_sources(
	const struct build_flags *flags, struct prepared *prepared, struct error *err)
{
	struct source_options *sources = &prepared->sources;
	if (!flags->mirrors.count && !flags->offline &&
		mirror_list("", &prepared->mirrors, &prepared->mirror_count, err) < 0)
		return err->class;
	sources->mirrors = flags->mirrors.count ? flags->mirrors.items
						: (const char *const *)prepared->mirrors;
	sources->mirror_count =
		flags->mirrors.count ? flags->mirrors.count : prepared->mirror_count;
	sources->source_mirrors = flags->source_mirrors.items;
	sources->source_mirror_count = flags->source_mirrors.count;
	sources->offline = flags->offline;
	sources->upstream_last = flags->mirror_first;
	sources->allow_unpinned = flags->allow_unpinned;
	return 0;
}

/* .SIGN.RSA256.<name>: the file name of the public key */
static int prepare_package_key(
	const char *path, struct prepared *prepared, struct error *err)
{
	cleanup_key struct key *key = NULL;
	if (!path)
		return 0;
	if (load_secret(path, &prepared->package_key, err) < 0 ||
		secret_public(prepared->package_key, &key, err) < 0)
		return err->class;
	if (key_get_type(key) != KEY_RSA)
		return error_set(err, ERR_INPUT,
			"%s is not an RSA key, and apk knows no "
			"other",
			path);
	/* a key in a token has a label, and no file name */
	const char *label = secret_label(prepared->package_key);
	const char *slash = strrchr(path, '/');
	int n = snprintf(prepared->key_name, sizeof(prepared->key_name), "%s.pub",
		*label  ? label
		: slash ? slash + 1
			: path);
	if (n < 0 || (size_t)n >= sizeof(prepared->key_name))
		return error_set(err, ERR_USAGE, "%s: the file name is too long", path);
	prepared->options.package_key = prepared->package_key;
	prepared->options.package_key_name = prepared->key_name;
	return 0;
}

static void warn_of_sha1(const struct build_flags *flags)
{
	if (flags->sha1_signatures)
		log_warning("--sha1-signatures: SHA-1 is broken; who relies on these "
			    "signatures can be given other packages");
}

static int prepare(
	const struct build_flags *flags, struct prepared *prepared, struct error *err)
{
	const struct lint_names lint[] = {
		[LINT_OFF] = {flags->lint_off.items, flags->lint_off.count},
		[LINT_WARNING] = {flags->lint_warn.items, flags->lint_warn.count},
		[LINT_ERROR] = {flags->lint_require.items, flags->lint_require.count}};
	if (choose_compression(flags->compression, &prepared->options.compression, err) <
			0 ||
		prepare_sources(flags, prepared, err) < 0 ||
		prepare_package_key(flags->package_key, prepared, err) < 0 ||
		lint_configure(lint, &prepared->lint, err) < 0)
		return err->class;
	if ((flags->key && load_secret(flags->key, &prepared->image_key, err) < 0) ||
		take_root_options(
			&flags->roots, &prepared->options, &prepared->trust, err) < 0)
		return err->class;
	forget_passphrases(); /* before anything that others wrote is run */
	struct build_options *options = &prepared->options;
	options->recipes_directory = recipes_directory(flags->recipes);
	options->output_directory = flags->output ? flags->output : "out";
	options->store_path = flags->store;
	options->package_store = flags->package_store;
	options->tag = flags->tag;
	options->builder_id = flags->builder_id;
	options->organization = flags->organization;
	options->pipeline_dirs = flags->pipeline_dirs.items;
	options->pipeline_dir_count = flags->pipeline_dirs.count;
	options->sources = &prepared->sources;
	options->image_key = prepared->image_key;
	options->test = flags->test;
	options->sha1_signatures = flags->sha1_signatures;
	warn_of_sha1(flags);
	options->lint = &prepared->lint;
	options->cpus = (unsigned)flags->cpus; /* at most CLI_PROCESSORS_MAX */
	options->jobs = (unsigned)flags->jobs;
	options->keep_going = flags->keep_going;
	return 0;
}

static int set_hardening(
	const struct build_result *result, json_t *object, struct error *err)
{
	cleanup_json json_t *hardening = json_object();
	if (json_set(hardening, "elfFiles",
		    json_integer((json_int_t)result->facts.elf_files), err) < 0 ||
		json_set(hardening, "hardened",
			json_integer((json_int_t)result->facts.elf_hardened), err) < 0 ||
		json_set(hardening, "failing",
			json_integer((json_int_t)result->facts.elf_failing), err) < 0)
		return err->class;
	return json_set(object, "hardening", take_ptr(hardening), err);
}

static int print_json(const struct build_result *result, struct error *err)
{
	cleanup_json json_t *object = json_object();
	cleanup_buffer struct buffer out = BUFFER_INIT;
	char digest[DIGEST_TEXT_MAX];
	if (*result->name &&
		(json_set(object, "image", json_string(result->name), err) < 0 ||
			json_set(object, "layout", json_string(result->layout), err) <
				0 ||
			json_set(object, "tag", json_string(result->tag), err) < 0 ||
			json_set(object, "digest",
				json_string(
					digest_format(&result->facts.manifest, digest)),
				err) < 0 ||
			json_set(object, "layerBytes",
				json_integer((json_int_t)result->facts.layer_size),
				err) < 0 ||
			json_set(object, "filesKept",
				json_integer((json_int_t)result->facts.files_kept),
				err) < 0 ||
			json_set(object, "filesRemoved",
				json_integer((json_int_t)result->facts.files_removed),
				err) < 0 ||
			set_hardening(result, object, err) < 0))
		return err->class;
	if (json_set(object, "packages", json_string(result->packages), err) < 0 ||
		json_set(object, "packageCount",
			json_integer((json_int_t)result->facts.package_count), err) < 0 ||
		json_set(object, "testsPassed",
			json_integer((json_int_t)result->tests_passed), err) < 0 ||
		json_set(object, "testsCached",
			json_integer((json_int_t)result->tests_cached), err) < 0 ||
		json_set(object, "built", json_integer((json_int_t)result->built), err) <
			0 ||
		json_set(object, "upToDate", json_boolean(result->up_to_date), err) < 0 ||
		json_dump(object, JSON_STYLE_PRETTY, &out, err) < 0)
		return err->class;
	return cli_print(buffer_slice(&out), err);
}

static int print_text(
	const struct build_result *result, bool is_signed, struct error *err)
{
	cleanup_buffer struct buffer out = BUFFER_INIT;
	char digest[DIGEST_TEXT_MAX];
	if (!*result->name) {
		if (buffer_printf(&out, err, "%s: %zu package%s\n", result->packages,
			    result->facts.package_count,
			    result->facts.package_count == 1 ? "" : "s") < 0 ||
			(result->tests_passed &&
				buffer_printf(&out, err,
					"  tests    %zu packages "
					"passed, %zu of them "
					"before\n",
					result->tests_passed, result->tests_cached) < 0))
			return err->class;
		return cli_print(buffer_slice(&out), err);
	}
	if (buffer_printf(&out, err,
		    "%s\n  image    oci:%s:%s%s\n"
		    "  layer    %.2f MB compressed, %.2f MB "
		    "plain, %zu packages\n",
		    digest_format(&result->facts.manifest, digest), result->layout,
		    result->tag,
		    result->up_to_date ? "  (nothing to do)"
		    : is_signed        ? "  (signed)"
				       : "",
		    (double)result->facts.layer_size / 1e6,
		    (double)result->facts.plain_size / 1e6,
		    result->facts.package_count) < 0)
		return err->class;
	if (result->facts.files_removed &&
		buffer_printf(&out, err,
			"  pruned   %zu of %zu files and "
			"directories removed\n",
			result->facts.files_removed,
			result->facts.files_removed + result->facts.files_kept) < 0)
		return err->class;
	if (result->facts.elf_files &&
		buffer_printf(&out, err,
			"  hardened %zu of %zu ELF files in "
			"every respect, %zu lack "
			"something\n",
			result->facts.elf_hardened, result->facts.elf_files,
			result->facts.elf_failing) < 0)
		return err->class;
	return cli_print(buffer_slice(&out), err);
}

static int run_build(
	const void *options, const struct cli_list *arguments, struct error *err)
{
	const struct build_flags *flags = options;
	CLEANUP(prepared_done) struct prepared prepared = {0};
	CLEANUP(build_result_done)
	struct build_result result = {0};
	if (prepare(flags, &prepared, err) < 0)
		return err->class;
	if (!flags->key)
		log_warning("no --key: the image is not signed "
			    "and carries no attestations");
	if (build_image(arguments->items[0], &prepared.options, &result, err) < 0)
		return err->class;
	return flags->json ? print_json(&result, err)
			   : print_text(&result, flags->key != NULL, err);
}

static int run_package(
	const void *options, const struct cli_list *arguments, struct error *err)
{
	const struct build_flags *flags = options;
	CLEANUP(prepared_done) struct prepared prepared = {0};
	CLEANUP(build_result_done)
	struct build_result result = {0};
	if (prepare(flags, &prepared, err) < 0 ||
		build_packages(arguments->items, arguments->count, &prepared.options,
			&result, err) < 0)
		return err->class;
	return flags->json ? print_json(&result, err) : print_text(&result, false, err);
}

const struct cli_command build_command = {
	.name = "build",
	.arguments = "IMAGE.yaml",
	.summary = "build an image from recipes into an OCI "
		   "layout, sign and attest it",
	.description = "Makes the packages that the image names "
		       "(and what they need), "
		       "each in a sandbox without\n"
		       "network, composes them into one "
		       "reproducible layer, and with "
		       "--key signs the result and\n"
		       "adds SPDX, SLSA provenance and a "
		       "file-by-file reachability "
		       "report. What was made before\n"
		       "is taken from the store.",
	.options = image_options,
	.option_count = ARRAY_LEN(image_options),
	.options_size = sizeof(struct build_flags),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run_build,
};

const struct cli_command package_command = {
	.name = "package",
	.arguments = "RECIPE.yaml...",
	.summary = "build package recipes to .apk files and an "
		   "APKINDEX",
	.description = "Packages that the recipes need are made "
		       "first. Results: "
		       "OUTPUT/packages/ARCH/.\n"
		       "With --test the `test` pipelines run, "
		       "each in a root that holds "
		       "the package, what it needs at\n"
		       "run time and what the test names. A test "
		       "that passed is run "
		       "again when something changed.",
	.options = package_options,
	.option_count = ARRAY_LEN(package_options),
	.options_size = sizeof(struct build_flags),
	.min_arguments = 1,
	.max_arguments = SIZE_MAX,
	.run = run_package,
};
