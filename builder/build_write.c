/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/build_private.h"

#include <jansson.h>

#include "attest/attach.h"
#include "attest/provenance.h"
#include "attest/spdx2.h"
#include "attest/statement.h"
#include "base/clock.h"
#include "base/json.h"
#include "builder/export.h"
#include "builder/note.h"

static int open_layout(struct building *building, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	cleanup_reference struct reference *reference = NULL;
	struct repository_options options = {.create = true, .writable = true};
	cleanup_fd int out = -1;
	if (fs_make_dirs(AT_FDCWD, building->options->output_directory, 0755, &out, err) <
			0 ||
		buffer_printf(&text, err, "oci:%s", building->layout_path) < 0 ||
		reference_parse(buffer_slice(&text), &reference, err) < 0)
		return err->class;
	return repository_open(reference, &options, &building->layout, err);
}

bool building_is_own(const struct building *building, size_t at)
{
	return !building->addresses || !building->addresses[at];
}

/* What is not ours stays where it is from. */
int building_write_packages(struct building *building, struct error *err)
{
	building->package_files = arena_array(building->arena, building->package_count,
		sizeof(*building->package_files));
	if (!building->package_files)
		return error_set_memory(err);
	cleanup_mem const struct package **own =
		calloc(building->package_count + 1, sizeof(*own));
	cleanup_mem struct digest *files =
		calloc(building->package_count + 1, sizeof(*files));
	size_t count = 0;
	if (!own || !files)
		return error_set_memory(err);
	for (size_t i = 0; i < building->package_count; i++)
		if (building_is_own(building, i))
			own[count++] = building->packages[i];
	struct apk_signer signer = {.secret = building->options->package_key,
		.key_name = building->options->package_key_name,
		.sha1 = building->options->sha1_signatures};
	struct export_packages export = {.ret_files = files,
		.directory = building->packages_path,
		.architecture = building->architecture,
		.packages = own,
		.count = count,
		.signer = signer.secret ? &signer : NULL,
		.mtime = building->mtime};
	if (export_packages(&export, building->store, err) < 0)
		return err->class;
	for (size_t i = 0, at = 0; i < building->package_count; i++)
		building->package_files[i] = building_is_own(building, i)
						     ? files[at++]
						     : building->packages[i]->file;
	return 0;
}

static int attach(struct building *building, struct slice statement,
	const struct attach_options *options, struct error *err)
{
	return attach_statement(building->layout, &building->manifest, statement,
		building->options->image_key, options, err);
}

/* Takes report. */
static int attach_report(struct building *building, json_t *report, const char *type,
	const struct attach_options *options, struct error *err)
{
	cleanup_buffer struct buffer statement = BUFFER_INIT;
	if (statement_write(building->recipe->name, &building->image->manifest.digest,
		    type, report, &statement, err) < 0)
		return err->class;
	return attach(building, buffer_slice(&statement), options, err);
}

static int attach_reports(struct building *building, const struct attach_options *options,
	struct error *err)
{
	cleanup_json json_t *reach = NULL, *hardening = NULL;
	if (reach_to_json(building->image->reachability, &reach, err) < 0 ||
		elf_audit_to_json(building->hardening, &hardening, err) < 0 ||
		attach_report(building, take_ptr(reach), PREDICATE_REACHABILITY, options,
			err) < 0)
		return err->class;
	return attach_report(
		building, take_ptr(hardening), PREDICATE_HARDENING, options, err);
}

static int attest(struct building *building, struct error *err)
{
	const struct build_options *options = building->options;
	cleanup_record struct record *record = NULL;
	cleanup_buffer struct buffer spdx = BUFFER_INIT, provenance = BUFFER_INIT;
	if (!options->image_key)
		return 0;
	struct note note = {.recipe = building->recipe,
		.image = building->image,
		.made = building->made,
		.made_count = building->made_count,
		.installed = building->packages,
		.installed_files = building->package_files,
		.addresses = building->addresses,
		.installed_count = building->package_count,
		.recipes_directory = options->recipes_directory,
		.builder_id =
			options->builder_id ? options->builder_id : BUILD_DEFAULT_BUILDER,
		.architecture = building->architecture,
		.compression = options->compression,
		.mtime = building->mtime,
		.started = building->started,
		.finished = clock_now()};
	struct attach_options attach_options = {.created = building->mtime};
	attach_options.docker_reference = arena_printf(building->arena, "localhost/%s:%s",
		building->recipe->name, building->tag);
	if (!attach_options.docker_reference)
		return error_set_memory(err);
	if (note_build(&note, &record, err) < 0 ||
		spdx2_write_statement(record, &spdx, err) < 0 ||
		provenance_write(record, &provenance, err) < 0 ||
		attach_signature(building->layout, &building->manifest,
			options->image_key, &attach_options, err) < 0 ||
		attach(building, buffer_slice(&spdx), &attach_options, err) < 0 ||
		attach(building, buffer_slice(&provenance), &attach_options, err) < 0)
		return error_wrap(err, "signing");
	return attach_reports(building, &attach_options, err);
}

int building_write(struct building *building, struct error *err)
{
	if (open_layout(building, err) < 0 ||
		export_image(building->image, building->store, building->layout,
			building->tag, &building->manifest, err) < 0 ||
		building_write_packages(building, err) < 0)
		return err->class;
	if (attest(building, err) < 0)
		return err->class;
	return repository_sweep(building->layout, err);
}
