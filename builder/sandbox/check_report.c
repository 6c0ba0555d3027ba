/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "base/json.h"
#include "builder/sandbox/check.h"

int sandbox_report_text(
	const struct sandbox_report *report, struct buffer *out, struct error *err)
{
	char message[ERROR_TEXT_MAX + ERROR_WHERE_MAX];
	if (buffer_printf(out, err, "tier: %s\n", sandbox_tier_name(report->tier)) < 0)
		return err->class;
	if (report->tier == SANDBOX_NONE) {
		error_format(&report->unavailable, message, sizeof(message));
		return buffer_printf(out, err, "why: %s\nremedy: %s\n", message,
			report->unavailable.remedy[0] ? report->unavailable.remedy
						      : "none known");
	}
	if (buffer_printf(out, err, "uid outside: %u\n", report->uid) < 0)
		return err->class;
	for (size_t i = 0; i < report->count; i++) {
		const struct sandbox_finding *finding = &report->findings[i];
		if (buffer_printf(out, err, "%-10s  %-21s  %s: %s\n",
			    sandbox_outcome_name(finding->outcome), finding->claim,
			    finding->attack, finding->detail) < 0)
			return err->class;
	}
	return 0;
}

static int add_finding(
	json_t *list, const struct sandbox_finding *finding, struct error *err)
{
	json_t *item = json_object();
	if (json_push(list, item, err) < 0 ||
		json_set(item, "claim", json_string(finding->claim), err) < 0 ||
		json_set(item, "attack", json_string(finding->attack), err) < 0 ||
		json_set(item, "outcome",
			json_string(sandbox_outcome_name(finding->outcome)), err) < 0 ||
		json_set(item, "detail", json_string(finding->detail), err) < 0)
		return err->class;
	return 0;
}

static int add_unavailable(
	json_t *json, const struct sandbox_report *report, struct error *err)
{
	char message[ERROR_TEXT_MAX + ERROR_WHERE_MAX];
	error_format(&report->unavailable, message, sizeof(message));
	if (json_set(json, "unavailable", json_string(message), err) < 0)
		return err->class;
	return json_set(json, "remedy", json_string(report->unavailable.remedy), err);
}

int sandbox_report_json(
	const struct sandbox_report *report, struct json_t **ret_json, struct error *err)
{
	cleanup_json json_t *json = json_object();
	json_t *findings = json_array();
	if (json_set(json, "findings", findings, err) < 0 ||
		json_set(json, "tier", json_string(sandbox_tier_name(report->tier)),
			err) < 0 ||
		json_set(json, "uid", json_integer((json_int_t)report->uid), err) < 0 ||
		json_set(json, "good", json_boolean(sandbox_report_good(report)), err) <
			0)
		return err->class;
	if (report->tier == SANDBOX_NONE && add_unavailable(json, report, err) < 0)
		return err->class;
	for (size_t i = 0; i < report->count; i++)
		if (add_finding(findings, &report->findings[i], err) < 0)
			return err->class;
	*ret_json = take_ptr(json);
	return 0;
}
