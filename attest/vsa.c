/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/vsa.h"

#include <jansson.h>

#include "attest/document_private.h"
#include "attest/statement.h"
#include "base/clock.h"
#include "base/json.h"

static int add_verifier(const struct vsa *vsa, json_t *predicate, struct error *err)
{
	json_t *verifier, *version;

	if (document_object(predicate, "verifier", &verifier, err) < 0 ||
		document_text(verifier, "id", vsa->verifier_id, err) < 0)
		return err->class;
	if (!vsa->verifier_version)
		return 0;
	if (document_object(verifier, "version", &version, err) < 0)
		return err->class;
	return document_text(version, "alnage", vsa->verifier_version, err);
}

static int add_policy(const struct vsa *vsa, json_t *predicate, struct error *err)
{
	json_t *policy;

	if (document_object(predicate, "policy", &policy, err) < 0 ||
		document_text(policy, "uri", vsa->policy_uri, err) < 0)
		return err->class;
	return document_digest(policy, "digest", vsa->policy, err);
}

static int add_input(const struct vsa *vsa, const struct policy_input *input,
	json_t *list, struct error *err)
{
	char digest[DIGEST_TEXT_MAX];
	cleanup_buffer struct buffer uri = BUFFER_INIT;
	json_t *item;

	if (document_item(list, &item, err) < 0)
		return err->class;
	if (vsa->location &&
		(buffer_printf(&uri, err, "oci://%s@%s", vsa->location,
			 digest_format(&input->blob, digest)) < 0 ||
			document_text(item, "uri", buffer_str(&uri), err) < 0))
		return err->class;
	return document_digest(item, "digest", &input->blob, err);
}

static int add_inputs(const struct vsa *vsa, json_t *predicate, struct error *err)
{
	json_t *list;

	if (document_array(predicate, "inputAttestations", &list, err) < 0)
		return err->class;
	for (size_t i = 0; i < vsa->outcome->input_count; i++)
		if (add_input(vsa, &vsa->outcome->inputs[i], list, err) < 0)
			return err->class;
	return 0;
}

static int add_result(const struct vsa *vsa, json_t *predicate, struct error *err)
{
	bool passed = verdict_passed(vsa->outcome->verdict);
	char level[32];
	json_t *levels;

	(void)snprintf(level, sizeof(level), "SLSA_BUILD_LEVEL_%u",
		vsa->outcome->build_level); /* fits */
	if (document_text(predicate, "verificationResult", passed ? "PASSED" : "FAILED",
		    err) < 0 ||
		document_array(predicate, "verifiedLevels", &levels, err) < 0)
		return err->class;
	return json_push(levels, json_string(passed ? level : "FAILED"), err);
}

static int fill(const struct vsa *vsa, json_t *predicate, struct error *err)
{
	char time[CLOCK_TEXT_MAX];

	if (add_verifier(vsa, predicate, err) < 0 ||
		document_text(predicate, "timeVerified", clock_format(vsa->time, time),
			err) < 0 ||
		document_text(predicate, "resourceUri", vsa->resource_uri, err) < 0 ||
		add_policy(vsa, predicate, err) < 0 ||
		add_inputs(vsa, predicate, err) < 0 ||
		add_result(vsa, predicate, err) < 0)
		return err->class;
	return document_text(predicate, "slsaVersion", "1.1", err);
}

int vsa_check(struct slice statement, struct error *err)
{
	cleanup_statement struct statement *parsed = NULL;

	if (statement_parse(statement, &parsed, err) < 0)
		return err->class;
	if (strcmp(parsed->predicate_type, PREDICATE_VSA) != 0)
		return error_set(err, ERR_REFUSED,
			"\"%.128s\" is not the type of a verification summary",
			parsed->predicate_type);
	return 0;
}

int vsa_write(const struct vsa *vsa, struct buffer *out, struct error *err)
{
	cleanup_json json_t *predicate = json_object();

	if (!digest_is_set(&vsa->outcome->verdict->digest))
		return error_set(err, ERR_INPUT,
			"no summary of %s: there is no digest that it could be about",
			vsa->outcome->verdict->image);
	if (!predicate)
		return error_set_memory(err);
	if (fill(vsa, predicate, err) < 0)
		return err->class;
	return statement_write(vsa->resource_uri, &vsa->outcome->verdict->digest,
		PREDICATE_VSA, take_ptr(predicate), out, err);
}
