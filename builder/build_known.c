/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/build_private.h"

#include "builder/export.h"

#define BUILD_FORMAT "alnage-image-3"
#define NOTE_MAX     (64 * MIB)

/* ---- the key ---- */

static int add_key_id(struct buffer *text, const struct secret *secret, struct error *err)
{
	cleanup_key struct key *key = NULL;
	char hex[DIGEST_TEXT_MAX];
	if (!secret)
		return buffer_add_str(text, "-\n", err);
	if (secret_public(secret, &key, err) < 0)
		return err->class;
	return buffer_printf(text, err, "%s\n", digest_format(key_id(key), hex));
}

/* Everything that can change what ends up in the output directory. */
int building_key(struct building *building, struct error *err)
{
	const struct build_options *options = building->options;
	cleanup_buffer struct buffer text = BUFFER_INIT;
	char hex[DIGEST_TEXT_MAX];
	if (buffer_printf(&text, err, "%s %s\n%lld\n%s\n%s %s\n%s\n", BUILD_FORMAT,
		    ALNAGE_VERSION, (long long)building->mtime,
		    compress_format(options->compression),
		    building->recipe ? building->recipe->name : "-",
		    building->recipe ? digest_format(&building->recipe->file_digest, hex)
				     : "-",
		    options->builder_id ? options->builder_id : BUILD_DEFAULT_BUILDER) <
			0 ||
		buffer_printf(&text, err, "%s %s\n%s\n", building->tag,
			options->output_directory,
			options->organization ? options->organization : "") < 0 ||
		add_key_id(&text, options->image_key, err) < 0 ||
		add_key_id(&text, options->package_key, err) < 0 ||
		buffer_printf(&text, err, "%d %d\n", options->sha1_signatures,
			options->accept_sha1) < 0)
		return err->class;
	for (size_t i = 0; i < LINT_COUNT && options->lint; i++)
		if (buffer_printf(&text, err, "%d", (int)options->lint->of[i]) < 0)
			return err->class;
	if (building->external &&
		buffer_printf(&text, err, "%s\n",
			digest_format(external_digest(building->external), hex)) < 0)
		return err->class;
	for (size_t i = 0; i < building->plan->count; i++)
		if (buffer_printf(&text, err, "%s\n",
			    digest_format(&building->plan->items[i]->input_key, hex)) < 0)
			return err->class;
	return digest_of(DIGEST_SHA256, buffer_slice(&text), &building->key, err);
}

/* ---- the note ---- */

struct build_facts building_facts(const struct building *building)
{
	const struct image *image = building->image;
	return (struct build_facts){.manifest = image->manifest.digest,
		.layer_size = image->layer.size,
		.plain_size = image->layer.plain_size,
		.package_count = building->package_count,
		.files_kept = image->reachability->kept,
		.files_removed = image->reachability->removed,
		.elf_files = building->hardening->count,
		.elf_hardened = building->hardening->hardened,
		.elf_failing = building->hardening->failing};
}

/* First line: facts for the summary; then what export_note says. */
int building_remember(struct building *building, struct error *err)
{
	cleanup_buffer struct buffer note = BUFFER_INIT;
	char hex[DIGEST_TEXT_MAX];
	struct build_facts facts = building_facts(building);
	if (buffer_printf(&note, err, "%s %llu %llu %zu %zu %zu %zu %zu %zu\n",
		    digest_format(&facts.manifest, hex),
		    (unsigned long long)facts.layer_size,
		    (unsigned long long)facts.plain_size, facts.package_count,
		    facts.files_kept, facts.files_removed, facts.elf_files,
		    facts.elf_hardened, facts.elf_failing) < 0 ||
		export_note(building->layout_path, &note, err) < 0)
		return err->class;
	for (size_t i = 0; i < building->package_count; i++) {
		const struct package *package = building->packages[i];
		struct stat st;
		if (!building_is_own(building, i))
			continue;
		const char *path = arena_printf(building->arena, "%s/%s/%s-%s.apk",
			building->packages_path, building->architecture, package->name,
			package->version);
		if (!path)
			return error_set_memory(err);
		if (lstat(path, &st) < 0)
			return error_set_errno(err, errno, "%s", path);
		if (buffer_printf(&note, err, "%lld %s\n", (long long)st.st_size, path) <
			0)
			return err->class;
	}
	return store_put_record(building->store, "images",
		digest_format_hex(&building->key, hex), buffer_slice(&note), err);
}

static bool read_number(struct slice *line, uint64_t *ret_value)
{
	struct slice word;
	struct error ignored = ERROR_INIT;
	return slice_word(line, &word) &&
	       slice_parse_u64(word, 10, SIZE_MAX, ret_value, &ignored) == 0;
}

static bool read_count(struct slice *line, size_t *ret_count)
{
	uint64_t value;
	if (!read_number(line, &value))
		return false;
	*ret_count = value; /* at most SIZE_MAX, see read_number */
	return true;
}

static bool read_facts(struct slice line, struct build_facts *ret_facts)
{
	struct build_facts facts;
	struct slice word;
	struct error ignored = ERROR_INIT;
	if (!slice_word(&line, &word) ||
		digest_parse(word, &facts.manifest, &ignored) < 0 ||
		!read_number(&line, &facts.layer_size) ||
		!read_number(&line, &facts.plain_size) ||
		!read_count(&line, &facts.package_count) ||
		!read_count(&line, &facts.files_kept) ||
		!read_count(&line, &facts.files_removed) ||
		!read_count(&line, &facts.elf_files) ||
		!read_count(&line, &facts.elf_hardened) ||
		!read_count(&line, &facts.elf_failing))
		return false;
	*ret_facts = facts;
	return true;
}

int building_recall(struct building *building, struct build_result *result,
	bool *ret_done, struct error *err)
{
	cleanup_buffer struct buffer note = BUFFER_INIT;
	char hex[DIGEST_TEXT_MAX];
	bool found = false;
	if (store_get_record(building->store, "images",
		    digest_format_hex(&building->key, hex), NOTE_MAX, &note, &found,
		    err) < 0)
		return err->class;
	struct slice rest = buffer_slice(&note), facts;
	*ret_done = false;
	if (!found || !slice_cut(&rest, '\n', &facts) || !export_is_unchanged(rest))
		return 0;
	struct build_facts known;
	if (!read_facts(facts, &known) || building_result(building, result, err) < 0)
		return err->class;
	result->facts = known;
	result->up_to_date = *ret_done = true;
	return 0;
}
