/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of melange package recipes, pipeline files and apko image configurations. Keys
 * that this program has nothing to do with (update, resources) are here too: they are
 * legal, and a misspelt one among them is a mistake all the same.
 */
#include "builder/recipe/schema.h"

#define TEXT(key)                                                                        \
	{                                                                                \
		key, SCHEMA_TEXT, NULL                                                   \
	}
#define BOOL(key)                                                                        \
	{                                                                                \
		key, SCHEMA_BOOL, NULL                                                   \
	}
#define NUMBER(key)                                                                      \
	{                                                                                \
		key, SCHEMA_NUMBER, NULL                                                 \
	}
#define TEXTS(key)                                                                       \
	{                                                                                \
		key, SCHEMA_TEXTS, NULL                                                  \
	}
#define TEXT_MAP(key)                                                                    \
	{                                                                                \
		key, SCHEMA_TEXT_MAP, NULL                                               \
	}
#define RECORD(key, members)                                                             \
	{                                                                                \
		key, SCHEMA_RECORD, members                                              \
	}
#define RECORDS(key, members)                                                            \
	{                                                                                \
		key, SCHEMA_RECORDS, members                                             \
	}
#define RECORD_MAP(key, members)                                                         \
	{                                                                                \
		key, SCHEMA_RECORD_MAP, members                                          \
	}
#define END                                                                              \
	{                                                                                \
		NULL, SCHEMA_TEXT, NULL                                                  \
	}

/* ---- apko image configuration: an image recipe, and the environment of a build ---- */

static const struct schema runtime_key[] = {TEXT("name"), TEXT("content"), END};
static const struct schema baseimage[] = {TEXT("image"), TEXT("apkindex"), END};
static const struct schema contents[] = {TEXTS("repositories"),
	TEXTS("build_repositories"), TEXTS("runtime_repositories"), TEXTS("keyring"),
	RECORDS("runtime_keyring", runtime_key), TEXTS("packages"),
	RECORD("baseimage", baseimage), END};
static const struct schema entrypoint[] = {
	TEXT("type"), TEXT("command"), TEXT("shell-fragment"), TEXT_MAP("services"), END};
static const struct schema user[] = {TEXT("username"), NUMBER("uid"), NUMBER("gid"),
	TEXT("shell"), TEXT("homedir"), END};
static const struct schema group[] = {
	TEXT("groupname"), NUMBER("gid"), TEXTS("members"), END};
static const struct schema accounts[] = {
	TEXT("run-as"), RECORDS("users", user), RECORDS("groups", group), END};
static const struct schema path[] = {TEXT("path"), TEXT("type"), NUMBER("uid"),
	NUMBER("gid"), TEXT("permissions"), TEXT("source"), BOOL("recursive"), END};
static const struct schema layering[] = {TEXT("strategy"), NUMBER("budget"), END};
static const struct schema certificate[] = {TEXT("name"), TEXT("content"), END};
static const struct schema certificates[] = {
	RECORDS("additional", certificate), TEXTS("providers"), END};

#define APKO_KEYS                                                                        \
	RECORD("contents", contents), RECORD("entrypoint", entrypoint), TEXT("cmd"),     \
		TEXT("stop-signal"), TEXT("work-dir"), TEXT_MAP("environment"),          \
		TEXTS("volumes"), TEXT_MAP("annotations"), TEXT("vcs-url"),              \
		TEXTS("archs"), RECORD("accounts", accounts), RECORDS("paths", path),    \
		TEXT("include"), RECORD("layering", layering), TEXT("format"),           \
		RECORD("certificates", certificates)

static const struct schema environment[] = {APKO_KEYS, END};
const struct schema schema_image[] = {APKO_KEYS, TEXT("flavour"), TEXTS("keep"), END};

/* ---- steps ---- */

static const struct schema needs[] = {TEXTS("packages"), END};
static const struct schema input[] = {
	TEXT("description"), TEXT("default"), BOOL("required"), END};
static const struct schema assertions[] = {NUMBER("required-steps"), END};

extern const struct schema schema_step[];
extern const struct schema schema_file_step[];

#define STEP_KEYS                                                                        \
	TEXT("name"), TEXT("if"), TEXT("runs"), RECORD_MAP("inputs", input),             \
		RECORD("needs", needs), TEXT("label"), RECORD("assertions", assertions), \
		TEXT("working-directory"), TEXT_MAP("environment")
#define CALL_KEYS TEXT("uses"), TEXT_MAP("with")

const struct schema schema_step[] = {
	STEP_KEYS, CALL_KEYS, RECORDS("pipeline", schema_step), END};
/* Pipeline files in the wild document themselves with `description` at any level. */
const struct schema schema_file_step[] = {STEP_KEYS, CALL_KEYS, TEXT("description"),
	RECORDS("pipeline", schema_file_step), END};
const struct schema schema_pipeline_file[] = {
	STEP_KEYS, TEXT("description"), RECORDS("pipeline", schema_file_step), END};

/* ---- package recipe ---- */

static const struct schema copyright[] = {TEXTS("paths"), TEXT("attestation"),
	TEXT("license"), TEXT("license-path"), TEXT("detection-override"), END};
static const struct schema dependencies[] = {TEXTS("runtime"), TEXTS("provides"),
	TEXTS("replaces"), TEXT("provider-priority"), TEXT("replaces-priority"), END};
static const struct schema package_options[] = {BOOL("no-provides"), BOOL("no-depends"),
	BOOL("no-commands"), BOOL("no-versioned-shlib-deps"), END};
static const struct schema trigger[] = {TEXT("script"), TEXTS("paths"), END};
static const struct schema scriptlets[] = {RECORD("trigger", trigger),
	TEXT("pre-install"), TEXT("post-install"), TEXT("pre-deinstall"),
	TEXT("post-deinstall"), TEXT("pre-upgrade"), TEXT("post-upgrade"), END};
static const struct schema checks[] = {TEXTS("disabled"), END};
static const struct schema cpe[] = {TEXT("part"), TEXT("vendor"), TEXT("product"),
	TEXT("edition"), TEXT("language"), TEXT("sw_edition"), TEXT("target_sw"),
	TEXT("target_hw"), TEXT("other"), END};
static const struct schema setcap[] = {
	TEXT("path"), TEXT_MAP("add"), TEXT("reason"), END};
/* Ours: what melange leaves to chmod and chown as root. */
static const struct schema attributes[] = {TEXT("path"), TEXT("permissions"), TEXT("uid"),
	TEXT("gid"), TEXT_MAP("xattrs"), TEXT("reason"), END};
static const struct schema resources[] = {
	TEXT("cpu"), TEXT("cpumodel"), TEXT("memory"), TEXT("disk"), END};
static const struct schema package[] = {TEXT("name"), TEXT("version"), NUMBER("epoch"),
	TEXT("description"), TEXT("url"), TEXT("commit"), TEXT_MAP("annotations"),
	TEXTS("target-architecture"), RECORDS("copyright", copyright),
	RECORD("dependencies", dependencies), RECORD("options", package_options),
	RECORD("scriptlets", scriptlets), RECORD("checks", checks), RECORD("cpe", cpe),
	RECORDS("setcap", setcap), RECORDS("attributes", attributes), TEXT("timeout"),
	RECORD("resources", resources), RECORD("test-resources", resources), END};

static const struct schema test[] = {
	RECORD("environment", environment), RECORDS("pipeline", schema_step), END};
static const struct schema subpackage[] = {TEXT("if"), TEXT("range"), TEXT("name"),
	RECORDS("pipeline", schema_step), RECORD("dependencies", dependencies),
	RECORD("options", package_options), RECORD("scriptlets", scriptlets),
	TEXT("description"), TEXT_MAP("annotations"), TEXT("url"), TEXT("commit"),
	RECORD("checks", checks), RECORD("test", test), RECORDS("setcap", setcap),
	RECORDS("attributes", attributes), END};

static const struct schema capabilities[] = {TEXTS("add"), TEXTS("drop"), END};
static const struct schema data[] = {TEXT("name"), TEXT_MAP("items"), END};
static const struct schema transform[] = {
	TEXT("from"), TEXT("match"), TEXT("replace"), TEXT("to"), END};
static const struct schema list_change[] = {TEXTS("add"), TEXTS("remove"), END};
static const struct schema option_contents[] = {RECORD("packages", list_change), END};
static const struct schema option_environment[] = {
	RECORD("contents", option_contents), END};
static const struct schema option[] = {
	TEXT_MAP("vars"), RECORD("environment", option_environment), END};

#define STRIP_KEYS      TEXT("strip-prefix"), TEXT("strip-suffix")
#define TAG_FILTER_KEYS TEXT("tag-filter-prefix"), TEXT("tag-filter-contains")
static const struct schema release_monitor[] = {NUMBER("identifier"), STRIP_KEYS,
	TEXT("version-filter-prefix"), TEXT("version-filter-contains"), END};
static const struct schema github[] = {TEXT("identifier"), STRIP_KEYS, TEXT("tag-filter"),
	TAG_FILTER_KEYS, BOOL("use-tag"), END};
static const struct schema git[] = {STRIP_KEYS, TAG_FILTER_KEYS, END};
static const struct schema oci[] = {TEXT("identifier"), STRIP_KEYS, TAG_FILTER_KEYS, END};
static const struct schema version_data_source[] = {TEXT("name"), TEXT("stream"),
	TEXTS("ignore"), TEXT("commit_source"), BOOL("use_release"), END};
static const struct schema version_data[] = {
	TEXT("version_format"), RECORDS("sources", version_data_source), END};
static const struct schema version_transform[] = {TEXT("match"), TEXT("replace"), END};
static const struct schema schedule[] = {TEXT("reason"), TEXT("period"), END};
static const struct schema update[] = {BOOL("enabled"), BOOL("manual"),
	BOOL("require-sequential"), BOOL("shared"), TEXT("version-separator"),
	TEXTS("ignore-regex-patterns"), RECORD("release-monitor", release_monitor),
	RECORD("github", github), RECORD("git", git), RECORD("oci", oci),
	RECORD("version_data", version_data),
	RECORDS("version-transform", version_transform), TEXT("exclude-reason"),
	RECORD("schedule", schedule), BOOL("enable-prerelease-tags"), END};

const struct schema schema_recipe[] = {RECORD("package", package),
	RECORD("environment", environment), RECORD("capabilities", capabilities),
	RECORDS("pipeline", schema_step), RECORDS("subpackages", subpackage),
	RECORDS("data", data), TEXT_MAP("vars"), RECORDS("var-transforms", transform),
	RECORD_MAP("options", option), RECORD("update", update), RECORD("test", test),
	END};
