/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keyless_image oci:DIR:TAG ROOT.json FORM [NAME=VALUE…] [+ FORM …]: signs an image of a
 * layout by certificates of a Sigstore of our own, made on the spot, whose trusted root
 * goes to ROOT.json. FORM: sig, att, bundle. Options are those of signing_mock.h; an
 * unknown one ends the program.
 */
#include "base/fs.h"
#include "tests/unit/keyless_mock.h"

static enum keyless_form form_named(const char *name)
{
	static const char *const names[] = {[KEYLESS_SIG] = "sig",
		[KEYLESS_ATT] = "att",
		[KEYLESS_BUNDLE] = "bundle"};

	for (size_t i = KEYLESS_SIG; i < ARRAY_LEN(names); i++)
		if (strcmp(names[i], name) == 0)
			return (enum keyless_form)i;
	(void)fprintf(stderr, "no form %s\n", name);
	exit(2);
}

static void set(struct mock_options *options, const char *name, const char *value)
{
	const struct {
		const char *name, **text;
		bool *flag;
		int64_t *time;
	} known[] = {
		{"san", &options->san, NULL, NULL},
		{"type", &options->predicate_type, NULL, NULL},
		{"predicate", &options->predicate, NULL, NULL},
		{"subject", &options->subject, NULL, NULL},
		{"v2", NULL, &options->v2, NULL},
		{"intoto_old", NULL, &options->intoto_old, NULL},
		{"plain_key", NULL, &options->plain_key, NULL},
		{"no_entry", NULL, &options->no_entry, NULL},
		{"no_sct", NULL, &options->no_sct, NULL},
		{"wrong_sct", NULL, &options->wrong_sct, NULL},
		{"log_other_signature", NULL, &options->log_other_signature, NULL},
		{"stamped", NULL, NULL, &options->stamped},
		{"integrated", NULL, NULL, &options->integrated},
	};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strcmp(known[i].name, name) != 0)
			continue;
		if (known[i].text)
			*known[i].text = value;
		else if (known[i].flag)
			*known[i].flag = strcmp(value, "1") == 0;
		else
			MUST(clock_parse(slice_str(value), known[i].time, &err) == 0);
		return;
	}
	(void)fprintf(stderr, "no option %s\n", name);
	exit(2);
}

/* One group of arguments; how many there were. */
static int attach(struct repository *repository, const struct descriptor *image,
	struct mock *mock, char **arguments)
{
	struct mock_options options = {0};
	enum keyless_form form = form_named(arguments[0]);
	int count = 1;

	for (; arguments[count] && strcmp(arguments[count], "+") != 0; count++) {
		char *value = strchr(arguments[count], '=');

		MUST(value);
		*value = '\0';
		set(&options, arguments[count], value + 1);
	}
	keyless_attach(repository, image, mock, form, &options, NULL, NULL);
	return arguments[count] ? count + 1 : count;
}

int main(int argc, char **argv)
{
	struct repository_options options = {.writable = true};
	struct error err = ERROR_INIT;
	struct reference *reference = NULL;
	struct repository *repository = NULL;
	struct descriptor image;
	struct mock mock;

	if (argc < 4) {
		(void)fprintf(stderr, "usage: keyless_image IMAGE ROOT.json FORM …\n");
		return 2;
	}
	mock_init(&mock, 0);
	if (reference_parse(slice_str(argv[1]), &reference, &err) < 0 ||
		repository_open(reference, &options, &repository, &err) < 0 ||
		repository_resolve_reference(repository, reference, &image, &err) < 0 ||
		fs_write_file(AT_FDCWD, argv[2], mock_text(mock.trusted), 0644, &err) <
			0) {
		(void)fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	image.media_type = OCI_MANIFEST;
	for (int at = 3; argv[at];)
		at += attach(repository, &image, &mock, &argv[at]);
	repository_close(&repository);
	reference_free(&reference);
	mock_done(&mock);
	return 0;
}
