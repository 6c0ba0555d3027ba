/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "cli/signer.h"
#include "cli/verify_confine.h"
#include "signing/verify_bundle.h"

struct flags {
	struct signer_flags signer;
	const char *bundle, *key;
	const char *confinement;
	bool staging, json;
};

static const struct cli_option options[] = {
	CLI_OPTION(struct flags, bundle, "bundle", CLI_TEXT, "FILE",
		"the Sigstore bundle (v0.1, v0.2 or v0.3)"),
	CLI_OPTION(struct flags, key, "key", CLI_TEXT, "FILE",
		"public key (PEM) that must have signed, instead of an identity"),
	SIGNER_OPTIONS(struct flags, signer),
	CLI_OPTION(struct flags, staging, "staging", CLI_FLAG, NULL,
		"the bundle is of Sigstore's staging instance (whose trusted root has to "
		"be named as any other)"),
	CONFINEMENT_OPTION(struct flags, confinement),
	CLI_OPTION(
		struct flags, json, "json", CLI_FLAG, NULL, "print the report as JSON"),
};

/* An artifact up to this size is read whole, which Ed25519 and other digests need. */
#define ARTIFACT_BYTES_WHOLE (64 * MIB)

struct loaded {
	struct buffer bytes;
	struct artifact artifact;
};

static void loaded_done(struct loaded *loaded)
{
	buffer_done(&loaded->bytes);
}

/* ---- what was signed ---- */

static int hash_file(int fd, struct digest *ret_digest, struct error *err)
{
	cleanup_hasher struct hasher *hasher = NULL;
	cleanup_mem char *chunk = malloc(MIB);
	ssize_t got;

	if (!chunk)
		return error_set_memory(err);
	if (hasher_new(DIGEST_SHA256, &hasher, err) < 0)
		return err->class;
	while ((got = read(fd, chunk, MIB)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(err, errno, "reading");
		if (hasher_update(hasher, chunk, (size_t)got, err) < 0) /* positive */
			return err->class;
	}
	return hasher_finish(hasher, ret_digest, err);
}

static int read_whole(int *fd, struct loaded *loaded, struct error *err)
{
	cleanup_reader struct reader *reader = NULL;

	if (reader_from_fd(fd, &reader, err) < 0 ||
		reader_read_all(reader, ARTIFACT_BYTES_WHOLE, &loaded->bytes, err) < 0)
		return err->class;
	loaded->artifact.bytes = buffer_slice(&loaded->bytes);
	loaded->artifact.has_bytes = true;
	return digest_of(
		DIGEST_SHA256, loaded->artifact.bytes, &loaded->artifact.digest, err);
}

static int load_artifact(const char *name, struct loaded *loaded, struct error *err)
{
	cleanup_fd int fd = -1;
	uint64_t size;
	int status;

	if (slice_starts_with(slice_str(name), SLICE("sha256:")) ||
		slice_starts_with(slice_str(name), SLICE("sha512:"))) {
		if (digest_parse(slice_str(name), &loaded->artifact.digest, err) == 0)
			return 0;
		err->class = ERR_USAGE;
		return error_remedy(err, "a file of that name is given as ./%s", name);
	}
	if (fs_open_regular(AT_FDCWD, name, &fd, &size, err) < 0)
		return error_wrap(err, "opening the artifact");
	status = size <= ARTIFACT_BYTES_WHOLE
			 ? read_whole(&fd, loaded, err)
			 : hash_file(fd, &loaded->artifact.digest, err);
	return status < 0 ? error_wrap(err, "%s", name) : 0;
}

/* ---- what came out ---- */

static int print_text(const struct bundle_report *report, struct error *err)
{
	cleanup_buffer struct buffer out = BUFFER_INIT;

	for (int i = 0; i < BUNDLE_CHECKS; i++)
		if (buffer_printf(&out, err, "%s  %-24s  %s\n",
			    report->checks[i].done ? "passed " : "skipped",
			    bundle_check_name((enum bundle_check)i),
			    report->checks[i].text) < 0)
			return err->class;
	return cli_print(buffer_slice(&out), err);
}

static int add_checks(const struct bundle_report *report, json_t *root, struct error *err)
{
	json_t *list = json_array();

	if (json_set(root, "checks", list, err) < 0)
		return err->class;
	for (int i = 0; i < BUNDLE_CHECKS; i++) {
		json_t *one;

		if (report->checks[i].text[0] == '\0')
			continue; /* not reached */
		one = json_object();
		if (json_push(list, one, err) < 0 ||
			json_set(one, "check",
				json_string(bundle_check_name((enum bundle_check)i)),
				err) < 0 ||
			json_set(one, "result",
				json_string(
					report->checks[i].done ? "passed" : "skipped"),
				err) < 0 ||
			json_set(one, "text", json_string(report->checks[i].text), err) <
				0)
			return err->class;
	}
	return 0;
}

/* reason NULL: verified. */
static int print_json(
	const struct bundle_report *report, const char *reason, struct error *err)
{
	cleanup_json json_t *root = json_object();
	cleanup_buffer struct buffer out = BUFFER_INIT;

	if (json_set(root, "verified", json_boolean(!reason), err) < 0 ||
		(reason && json_set(root, "reason", json_string(reason), err) < 0) ||
		add_checks(report, root, err) < 0 ||
		json_dump(root, JSON_STYLE_PRETTY, &out, err) < 0)
		return err->class;
	return cli_print(buffer_slice(&out), err);
}

/* ---- the command ---- */

/* ---- verifying: everything was read before, only the bundle not parsed ---- */

struct work {
	const struct flags *flags;
	struct key *key;
	struct loaded_signer signer;
	struct loaded loaded;
	struct buffer bundle;
};

static void work_done(struct work *work)
{
	key_free(&work->key);
	loaded_signer_done(&work->signer);
	loaded_done(&work->loaded);
	buffer_done(&work->bundle);
}

static int prepare(struct work *work, const char *name, struct error *err)
{
	const struct flags *flags = work->flags;

	if (!flags->bundle)
		return error_set(err, ERR_USAGE, "--bundle is missing");
	if (check_signer_flags(&flags->signer, flags->key != NULL, err) < 0 ||
		(flags->key && key_load(flags->key, &work->key, err) < 0) ||
		load_signer(&flags->signer, work->key, &work->signer, err) < 0 ||
		load_artifact(name, &work->loaded, err) < 0)
		return err->class;
	if (fs_read_file(AT_FDCWD, flags->bundle, LIMIT_ENVELOPE_BYTES, &work->bundle,
		    err) < 0)
		return error_wrap(err, "reading the bundle");
	return 0;
}

static int verify(
	const struct work *work, struct bundle_report *report, struct error *err)
{
	cleanup_bundle struct bundle *bundle = NULL;

	if (bundle_parse(buffer_slice(&work->bundle), &bundle, err) < 0) {
		if (err->class == ERR_INPUT) /* what is judged is malformed: no */
			err->class = ERR_REFUSED;
		return err->class;
	}
	return verify_bundle(
		bundle, &work->loaded.artifact, &work->signer.signer, report, err);
}

static int do_work(const void *context, struct buffer *reply, struct error *err)
{
	const struct work *work = context;
	const struct flags *flags = work->flags;
	struct bundle_report report = {0};
	struct error why = ERROR_INIT;

	(void)reply; /* the answer is printed */
	if (verify(work, &report, err) == 0)
		return flags->json ? print_json(&report, NULL, err)
				   : print_text(&report, err);
	if (err->class != ERR_REFUSED)
		return err->class;
	if (flags->json && print_json(&report, err->text, &why) < 0) {
		*err = why;
		return err->class;
	}
	return error_wrap(err, "%s is refused", flags->bundle);
}

static int run(const void *given, const struct cli_list *arguments, struct error *err)
{
	const struct flags *flags = given;
	CLEANUP(work_done) struct work work = {.flags = flags};
	struct confined confined = {.work = do_work, .context = &work};

	if (confinement_parse(flags->confinement, &confined.mode, err) < 0 ||
		prepare(&work, arguments->items[0], err) < 0)
		return err->class;
	return confined_run(&confined, NULL, err);
}

const struct cli_command verify_bundle_command = {
	.name = "verify-bundle",
	.arguments = "FILE|DIGEST",
	.summary = "verify a Sigstore bundle for a file, offline",
	.description = "Exit status 0: verified. 3: refused, with the reason. 1: the "
		       "check could not be made,\n"
		       "so nothing is known. Nothing is fetched: keys, logs and "
		       "authorities come from the files\n"
		       "that are named.",
	.options = options,
	.option_count = ARRAY_LEN(options),
	.options_size = sizeof(struct flags),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
