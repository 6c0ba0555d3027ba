/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/signer.h"

#include "cli/parse.h"

#define EVIDENCE_MAX 32 /* more than any bundle may bring */

bool signer_flags_given(const struct signer_flags *flags)
{
	return flags->identity || flags->identity_regexp || flags->issuer ||
	       flags->issuer_regexp || flags->trusted_root || flags->logs ||
	       flags->timestamps || flags->scts;
}

void loaded_signer_done(struct loaded_signer *loaded)
{
	trusted_root_free(&loaded->root);
	arena_free(&loaded->arena);
}

static int usage(struct error *err, const char *option)
{
	err->class = ERR_USAGE;
	return error_wrap(err, "--%s", option);
}

static int read_name(const char *exact, const char *regexp, const char *option,
	struct arena *arena, struct signer_name *name, struct error *err)
{
	struct pattern *pattern;

	if (exact && regexp)
		return error_set(err, ERR_USAGE,
			"--%s and --%s-regexp exclude each other", option, option);
	name->text = exact ? exact : regexp;
	if (!regexp)
		return 0;
	if (pattern_compile_whole(regexp, arena, &pattern, err) < 0)
		return usage(err, option);
	name->pattern = pattern;
	return 0;
}

static int read_count(
	const char *text, const char *option, unsigned *count, struct error *err)
{
	uint64_t value;

	if (!text)
		return 0;
	if (parse_number(option, text, 0, EVIDENCE_MAX, &value, err) < 0)
		return err->class;
	*count = (unsigned)value; /* at most EVIDENCE_MAX */
	return 0;
}

/* What is not said is the default. */
static int read_evidence(
	const struct signer_flags *flags, struct evidence *evidence, struct error *err)
{
	if (read_count(flags->logs, "log-entries", &evidence->logs, err) < 0 ||
		read_count(flags->timestamps, "timestamps", &evidence->timestamps, err) <
			0)
		return err->class;
	return read_count(flags->scts, "scts", &evidence->scts, err);
}

int check_signer_flags(const struct signer_flags *flags, bool with_key, struct error *err)
{
	bool named = flags->identity || flags->identity_regexp || flags->issuer ||
		     flags->issuer_regexp;
	struct evidence ignored = {.logs = 0}; /* before any file is read */

	if (read_evidence(flags, &ignored, err) < 0)
		return err->class;
	if (with_key && named)
		return error_set(err, ERR_USAGE,
			"--key and --certificate-identity exclude each other");
	if (!with_key && !((flags->identity || flags->identity_regexp) &&
				 (flags->issuer || flags->issuer_regexp)))
		return error_set(err, ERR_USAGE,
			"--key, or --certificate-identity with "
			"--certificate-oidc-issuer, is missing");
	if (with_key || flags->trusted_root)
		return 0;
	error_set(err, ERR_USAGE, "--trusted-root is missing");
	return error_remedy(err,
		"nothing is fetched: save the instance's trusted_root.json beforehand "
		"and name it");
}

static int load(const struct signer_flags *flags, const struct key *key,
	struct loaded_signer *loaded, struct error *err)
{
	struct signer *signer = &loaded->signer;

	if (check_signer_flags(flags, key != NULL, err) < 0 ||
		arena_new(&loaded->arena, err) < 0 ||
		read_name(flags->identity, flags->identity_regexp, "certificate-identity",
			loaded->arena, &signer->identity, err) < 0 ||
		read_name(flags->issuer, flags->issuer_regexp, "certificate-oidc-issuer",
			loaded->arena, &signer->issuer, err) < 0 ||
		(flags->trusted_root &&
			trusted_root_load(flags->trusted_root, &loaded->root, err) < 0))
		return err->class;
	signer->key = key;
	signer->root = loaded->root;
	loaded->evidence = signer_evidence(signer);
	return read_evidence(flags, &loaded->evidence, err);
}

int load_signer(const struct signer_flags *flags, const struct key *key,
	struct loaded_signer *ret_loaded, struct error *err)
{
	cleanup_loaded_signer struct loaded_signer loaded = {.arena = NULL};

	if (load(flags, key, &loaded, err) < 0)
		return err->class;
	*ret_loaded = loaded;
	loaded = (struct loaded_signer){.arena = NULL};
	ret_loaded->signer.evidence = &ret_loaded->evidence;
	return signer_check(&ret_loaded->signer, err);
}
