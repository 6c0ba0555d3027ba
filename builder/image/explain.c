/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "base/json.h"
#include "base/limits.h"
#include "builder/image/reach.h"

static int reason_to_json(
	const struct reach_reason *reason, json_t *list, struct error *err)
{
	cleanup_json json_t *item = json_object();
	if (json_set(item, "path", json_string(reason->path), err) < 0 ||
		json_set(item, "package", json_string(reason->package), err) < 0)
		return err->class;
	if (reason->edge != REACH_NONE &&
		json_set(item, "because", json_string(reach_edge_name(reason->edge)),
			err) < 0)
		return err->class;
	if (*reason->from && json_set(item, "from", json_string(reason->from), err) < 0)
		return err->class;
	if (*reason->detail &&
		json_set(item, "detail", json_string(reason->detail), err) < 0)
		return err->class;
	return json_push(list, take_ptr(item), err);
}

int reach_to_json(
	const struct reachability *reachability, json_t **ret_json, struct error *err)
{
	cleanup_json json_t *report = json_object();
	cleanup_json json_t *kept = json_array(), *removed = json_array(),
			    *unresolved = json_array();
	for (size_t i = 0; i < reachability->count; i++) {
		const struct reach_reason *reason = &reachability->reasons[i];
		json_t *list = reason->edge == REACH_NONE ? removed : kept;
		if (reason_to_json(reason, list, err) < 0)
			return err->class;
	}
	for (size_t i = 0; i < reachability->unresolved_count; i++)
		if (json_push(unresolved, json_string(reachability->unresolved[i]), err) <
			0)
			return err->class;
	if (json_set(report, "kept", take_ptr(kept), err) < 0 ||
		json_set(report, "removed", take_ptr(removed), err) < 0 ||
		json_set(report, "unresolvedDlopen", take_ptr(unresolved), err) < 0)
		return err->class;
	*ret_json = take_ptr(report);
	return 0;
}

/* What an edge means, as the end of a sentence with the file and the detail in it. */
static int add_because(const json_t *item, struct buffer *out, struct error *err)
{
	const char *edge = "", *from = "", *detail = "";
	if (json_opt_string(item, "because", "reason", &edge, err) < 0 ||
		json_opt_string(item, "from", "reason", &from, err) < 0 ||
		json_opt_string(item, "detail", "reason", &detail, err) < 0)
		return err->class;
	if (strcmp(edge, "entrypoint") == 0)
		return buffer_printf(out, err, "the entrypoint is %s", detail);
	if (strcmp(edge, "image") == 0)
		return buffer_add_str(out, "the image itself makes it", err);
	if (strcmp(edge, "declared") == 0)
		return buffer_printf(out, err, "the image recipe keeps %s", detail);
	if (strcmp(edge, "interpreter") == 0)
		return buffer_printf(
			out, err, "it is the interpreter (PT_INTERP) of /%s", from);
	if (strcmp(edge, "needed") == 0)
		return buffer_printf(out, err, "/%s needs %s (DT_NEEDED)", from, detail);
	if (strcmp(edge, "dlopen") == 0)
		return buffer_printf(out, err, "/%s may load %s (dlopen)", from, detail);
	if (strcmp(edge, "script") == 0)
		return buffer_printf(
			out, err, "the script /%s is run by %s", from, detail);
	if (strcmp(edge, "symlink") == 0)
		return buffer_printf(out, err, "the symbolic link /%s leads here", from);
	if (strcmp(edge, "hardlink") == 0)
		return buffer_printf(out, err, "/%s is a hard link to it", from);
	if (strcmp(edge, "license") == 0)
		return buffer_printf(out, err,
			"it is a licence text of the package that /%s is from", from);
	if (strcmp(edge, "parent") == 0)
		return buffer_printf(out, err, "/%s is in it", from);
	if (strcmp(edge, "empty") == 0)
		return buffer_add_str(out,
			"a package ships it as a directory of its own (empty, or with "
			"its own mode)",
			err);
	return buffer_add_str(out, "flavour base keeps all files of its packages", err);
}

static int explain_item(
	const json_t *item, bool kept, struct buffer *out, struct error *err)
{
	const char *path, *package;
	if (json_get_string(item, "path", "reason", &path, err) < 0 ||
		json_get_string(item, "package", "reason", &package, err) < 0)
		return err->class;
	const char *owner = *package ? package : "the image";
	if (!kept)
		return buffer_printf(out, err,
			"/%s (from %s) was removed: nothing that is kept reaches it\n",
			path, owner);
	if (buffer_printf(out, err, "/%s (from %s) is kept: ", path, owner) < 0 ||
		add_because(item, out, err) < 0)
		return err->class;
	return buffer_add_byte(out, '\n', err);
}

/* Explains the path and, from reason to reason, what it hangs on. *ret_from NULL: the
 * end. */
static int explain_list(const json_t *list, bool kept, const char *path,
	struct buffer *out, const char **ret_from, bool *ret_found, struct error *err)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		const char *name = "";
		if (json_get_string(item, "path", "reason", &name, err) < 0)
			return err->class;
		if (*path && strcmp(name, path) != 0)
			continue;
		*ret_found = true;
		if (explain_item(item, kept, out, err) < 0)
			return err->class;
		if (*path)
			return json_opt_string(item, "from", "reason", ret_from, err);
	}
	return 0;
}

int reach_explain(
	const json_t *report, const char *path, struct buffer *out, struct error *err)
{
	json_t *kept, *removed;
	path += *path == '/';
	if (json_get_array(report, "kept", "report", LIMIT_ARCHIVE_ENTRIES, &kept, err) <
			0 ||
		json_get_array(report, "removed", "report", LIMIT_ARCHIVE_ENTRIES,
			&removed, err) < 0)
		return err->class;
	const char *at = path;
	for (size_t hops = 0; at && hops <= json_array_size(kept); hops++) {
		const char *from = NULL;
		bool found = false;
		if (explain_list(kept, true, at, out, &from, &found, err) < 0)
			return err->class;
		if ((!found || !*path) &&
			explain_list(removed, false, at, out, &from, &found, err) < 0)
			return err->class;
		if (!found)
			return error_set(err, ERR_INPUT,
				"/%s is not in the image, and no package of it had it",
				at);
		at = from && strcmp(from, at) != 0 ? from : NULL;
	}
	return 0;
}
