/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/source/toolchain.h"

#include <jansson.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "cli/common.h"

struct toolchain_flags {
	const char *recipes, *store, *keyring;
	struct cli_list mirrors;
	bool check, json;
};

static const struct cli_option options[] = {
	CLI_OPTION(struct toolchain_flags, recipes, "recipes", CLI_TEXT, "DIR",
		"where toolchain.yaml and its lock are (default: ./recipes)"),
	CLI_OPTION(struct toolchain_flags, mirrors, "mirror", CLI_LIST, "URL",
		"Debian mirror (default: the machine's apt sources)"),
	CLI_OPTION(struct toolchain_flags, keyring, "keyring", CLI_TEXT, "FILE",
		"keys that sign the suite (default: debian-archive-keyring.gpg)"),
	CLI_OPTION(struct toolchain_flags, check, "check", CLI_FLAG, NULL,
		"write nothing; exit status 1 if the lock would change"),
	CLI_OPTION(struct toolchain_flags, store, "store", CLI_TEXT, "DIR",
		"the store (default: $ALNAGE_STORE, ~/.cache/alnage)"),
	CLI_OPTION(struct toolchain_flags, json, "json", CLI_FLAG, NULL,
		"what changes as JSON"),
};

/* ---- what changes ---- */

static int print_groups(json_t *groups, struct buffer *out, struct error *err)
{
	const char *name;
	json_t *change, *item;
	size_t index;
	json_object_foreach (groups, name, change) {
		if (buffer_printf(out, err, "group %s:", name) < 0)
			return err->class;
		json_array_foreach (json_object_get(change, "added"), index, item)
			if (buffer_printf(out, err, " +%s", json_string_value(item)) < 0)
				return err->class;
		json_array_foreach (json_object_get(change, "removed"), index, item)
			if (buffer_printf(out, err, " -%s", json_string_value(item)) < 0)
				return err->class;
		if (buffer_add_str(out, "\n", err) < 0)
			return err->class;
	}
	return 0;
}

static int print_packages(json_t *packages, struct buffer *out, struct error *err)
{
	const char *name;
	json_t *change;
	json_object_foreach (packages, name, change) {
		const char *from = json_string_value(json_object_get(change, "from"));
		const char *to = json_string_value(json_object_get(change, "to"));
		const char *note = "";
		if (from && to && strcmp(from, to) == 0)
			note = " (another file)";
		if (buffer_printf(out, err, "%s: %s -> %s%s\n", name,
			    from ? from : "none", to ? to : "none", note) < 0)
			return err->class;
	}
	return 0;
}

static int print(const json_t *changes, bool json, struct error *err)
{
	cleanup_buffer struct buffer out = BUFFER_INIT;
	if (json) {
		if (json_dump(changes, JSON_STYLE_PRETTY, &out, err) < 0)
			return err->class;
	} else if (print_groups(json_object_get(changes, "groups"), &out, err) < 0 ||
		   print_packages(json_object_get(changes, "packages"), &out, err) < 0) {
		return err->class;
	}
	return cli_print(buffer_slice(&out), err);
}

/* ---- the command ---- */

static int pin(const struct toolchain_flags *flags, const char *directory,
	struct buffer *lock, struct error *err)
{
	cleanup_store struct store *store = NULL;
	char **mirrors = NULL;
	size_t count = 0;
	if (store_open(flags->store, &store, err) < 0 ||
		(!flags->mirrors.count && mirror_list("", &mirrors, &count, err) < 0))
		return err->class;
	struct toolchain_pin_options pinned = {
		.keyring = flags->keyring ? flags->keyring : TOOLCHAIN_KEYRING,
		.mirrors = count ? (const char *const *)mirrors : flags->mirrors.items,
		.mirror_count = count ? count : flags->mirrors.count};
	int result = toolchain_pin(directory, &pinned, store, lock, err);
	mirror_list_free(&mirrors, count);
	return result;
}

static int run(const void *given, const struct cli_list *arguments, struct error *err)
{
	const struct toolchain_flags *flags = given;
	const char *directory = recipes_directory(flags->recipes);
	cleanup_buffer struct buffer name = BUFFER_INIT, before = BUFFER_INIT,
				     after = BUFFER_INIT;
	cleanup_json json_t *changes = NULL;
	if (strcmp(arguments->items[0], "lock") != 0)
		return error_set(err, ERR_USAGE, "toolchain knows 'lock', not '%s'",
			arguments->items[0]);
	if (buffer_printf(&name, err, "%s/toolchain.lock.json", directory) < 0 ||
		(fs_exists(AT_FDCWD, buffer_str(&name)) &&
			fs_read_file(AT_FDCWD, buffer_str(&name), LIMIT_JSON_BYTES,
				&before, err) < 0) ||
		pin(flags, directory, &after, err) < 0 ||
		toolchain_compare_locks(buffer_slice(&before), buffer_str(&name),
			buffer_slice(&after), &changes, err) < 0 ||
		print(changes, flags->json, err) < 0)
		return err->class;
	if (slice_equal(buffer_slice(&before), buffer_slice(&after)))
		return 0;
	if (flags->check)
		return error_set(err, ERR_INPUT, "%s is not what the suite has now",
			buffer_str(&name));
	return fs_write_file(
		AT_FDCWD, buffer_str(&name), buffer_slice(&after), 0644, err);
}

const struct cli_command toolchain_command = {
	.name = "toolchain",
	.arguments = "lock",
	.summary = "pin the packages of the build root to what the suite has now",
	.description = "Resolves the Debian packages that DIR/toolchain.yaml names, with "
		       "apt and by the suite's\n"
		       "signed index, and writes DIR/toolchain.lock.json: path, size and "
		       "SHA-256 of each. Prints\n"
		       "what is other than before.",
	.options = options,
	.option_count = ARRAY_LEN(options),
	.options_size = sizeof(struct toolchain_flags),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
