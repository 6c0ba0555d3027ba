/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/audit/elf_audit.h"

#include <jansson.h>

#include "base/fs.h"
#include "base/json.h"
#include "builder/package/elf.h"

static const char *const answer_names[ELF_ANSWERS] = {
	"passed", "failed", "unknown", "notApplicable"};

void elf_audit_free(struct elf_audit **audit)
{
	if (*audit) {
		struct arena *arena = (*audit)->arena;
		arena_free(&arena);
	}
	*audit = NULL;
}

/* ---- the questions ---- */

static enum elf_answer passed(bool yes)
{
	return yes ? ELF_PASSED : ELF_FAILED;
}

static enum elf_answer ask_pie(const struct elf_info *elf)
{
	return elf->kind == ELF_KIND_EXECUTABLE ? passed(elf->pie) : ELF_NOT_APPLICABLE;
}

static enum elf_answer ask_relro(const struct elf_info *elf)
{
	return passed(elf->relro);
}

static enum elf_answer ask_bind_now(const struct elf_info *elf)
{
	return passed(elf->bind_now);
}

static enum elf_answer ask_nx_stack(const struct elf_info *elf)
{
	return passed(elf->nx_stack);
}

static enum elf_answer ask_no_rwx(const struct elf_info *elf)
{
	return passed(elf->no_rwx_segment);
}

static enum elf_answer ask_no_textrel(const struct elf_info *elf)
{
	return passed(elf->no_text_relocations);
}

static enum elf_answer ask_no_rpath(const struct elf_info *elf)
{
	return passed(!*elf->rpath && !*elf->runpath);
}

static enum elf_answer ask_stack_protector(const struct elf_info *elf)
{
	if (elf->stack_protector_unknown)
		return ELF_UNKNOWN;
	return passed(elf->stack_protector);
}

static enum elf_answer ask_stripped(const struct elf_info *elf)
{
	return passed(elf->stripped && !elf->has_debug);
}

const char *const elf_check_names[ELF_CHECKS] = {"pie", "relro", "bind-now", "nx-stack",
	"no-rwx", "no-textrel", "no-rpath", "stack-protector", "stripped"};

static enum elf_answer (*const questions[ELF_CHECKS])(const struct elf_info *elf) = {
	ask_pie, ask_relro, ask_bind_now, ask_nx_stack, ask_no_rwx, ask_no_textrel,
	ask_no_rpath, ask_stack_protector, ask_stripped};

/* ---- files ---- */

static const char *kind_name(enum elf_kind kind)
{
	switch (kind) {
	case ELF_KIND_EXECUTABLE:
		return "executable";
	case ELF_KIND_SHARED:
		return "library";
	case ELF_KIND_RELOCATABLE:
		return "object";
	case ELF_KIND_CORE:
		return "core";
	}
	return "malformed";
}

/* Of other machines, see elf.h, nothing but the kind is known. */
static bool is_known_machine(const struct elf_info *elf)
{
	return strcmp(elf->machine, "x86_64") == 0 ||
	       strcmp(elf->machine, "aarch64") == 0;
}

static void answer_all(
	struct elf_audit *audit, struct elf_audit_file *file, const struct elf_info *elf)
{
	bool loadable =
		elf && (elf->kind == ELF_KIND_EXECUTABLE || elf->kind == ELF_KIND_SHARED);
	bool failed = false, unknown = false;
	for (size_t i = 0; i < ELF_CHECKS; i++) {
		enum elf_answer answer = ELF_UNKNOWN;
		if (elf && !loadable)
			answer = ELF_NOT_APPLICABLE;
		else if (loadable && is_known_machine(elf))
			answer = questions[i](elf);
		file->answers[i] = answer;
		audit->totals[i][answer]++;
		failed = failed || answer == ELF_FAILED;
		unknown = unknown || answer == ELF_UNKNOWN;
	}
	audit->failing += failed;
	audit->hardened += !failed && !unknown;
}

static int describe(struct elf_audit *audit, const struct tree_node *node,
	struct elf_audit_file **ret_file, struct error *err)
{
	struct elf_audit_file *file = arena_append(audit->arena, &audit->files,
		&audit->count, &audit->capacity, sizeof(*file));
	if (!file)
		return error_set_memory(err);
	file->path = arena_strdup(audit->arena, node->path);
	file->package = arena_strdup(audit->arena, node->package);
	file->digest = node->content;
	file->machine = file->reason = "";
	*ret_file = file;
	return file->path && file->package ? 0 : error_set_memory(err);
}

static int audit_content(struct elf_audit *audit, const struct tree_node *node,
	struct slice content, struct error *err)
{
	struct elf_audit_file *file = NULL;
	struct elf_info elf = {0};
	if (describe(audit, node, &file, err) < 0)
		return err->class;
	if (elf_read(content, audit->arena, &elf, err) == 0) {
		file->kind = kind_name(elf.kind);
		file->machine = elf.machine;
		file->is_static = elf.is_static;
		answer_all(audit, file, &elf);
		return 0;
	}
	if (err->class != ERR_INPUT)
		return err->class;
	file->kind = "malformed";
	file->reason = arena_strdup(audit->arena, err->text);
	error_clear(err); /* it is told in the report */
	answer_all(audit, file, NULL);
	return file->reason ? 0 : error_set_memory(err);
}

static int audit_node(struct elf_audit *audit, const struct tree_node *node,
	struct store *store, struct error *err)
{
	cleanup_fd int fd = -1;
	cleanup_mapping struct fs_mapping mapping = {0};
	if (node->type != TREE_FILE)
		return 0; /* other names of a file are the same file */
	if (store_open_blob(store, &node->content, &fd, NULL, err) < 0 ||
		fs_map(fd, &mapping, err) < 0)
		return err->class;
	return elf_is(mapping.bytes) ? audit_content(audit, node, mapping.bytes, err) : 0;
}

int elf_audit_run(const struct tree *tree, struct store *store,
	struct elf_audit **ret_audit, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	cleanup_mem const struct tree_node **nodes = NULL;
	size_t count;
	if (arena_new(&arena, err) < 0 || tree_nodes(tree, &nodes, &count, err) < 0)
		return err->class;
	struct elf_audit *fresh = arena_alloc(arena, sizeof(*fresh));
	if (!fresh)
		return error_set_memory(err);
	fresh->arena = take_ptr(arena);
	cleanup_elf_audit struct elf_audit *audit = fresh;
	for (size_t i = 0; i < count; i++)
		if (audit_node(audit, nodes[i], store, err) < 0)
			return error_wrap(err, "hardening of /%s", nodes[i]->path);
	*ret_audit = take_ptr(audit);
	return 0;
}

/* ---- the report ---- */

static int push_file(const struct elf_audit_file *file, json_t *list, struct error *err)
{
	cleanup_json json_t *item = json_object(), *checks = json_object(),
			    *digest = json_object();
	char hex[DIGEST_TEXT_MAX];
	for (size_t i = 0; i < ELF_CHECKS; i++)
		if (json_set(checks, elf_check_names[i],
			    json_string(answer_names[file->answers[i]]), err) < 0)
			return err->class;
	if (json_set(digest, digest_algorithm_name(file->digest.algorithm),
		    json_string(digest_format_hex(&file->digest, hex)), err) < 0 ||
		json_set(item, "path", json_string(file->path), err) < 0 ||
		json_set(item, "package", json_string(file->package), err) < 0 ||
		json_set(item, "digest", take_ptr(digest), err) < 0 ||
		json_set(item, "type", json_string(file->kind), err) < 0 ||
		json_set(item, "machine", json_string(file->machine), err) < 0 ||
		json_set(item, "static", json_boolean(file->is_static), err) < 0 ||
		json_set(item, "checks", take_ptr(checks), err) < 0 ||
		(*file->reason &&
			json_set(item, "reason", json_string(file->reason), err) < 0))
		return err->class;
	return json_push(list, take_ptr(item), err);
}

static int set_count(json_t *object, const char *key, size_t count, struct error *err)
{
	return json_set(object, key, json_integer((json_int_t)count), err);
}

static int set_totals(const struct elf_audit *audit, json_t *report, struct error *err)
{
	cleanup_json json_t *checks = json_object();
	for (size_t i = 0; i < ELF_CHECKS; i++) {
		cleanup_json json_t *totals = json_object();
		for (size_t a = 0; a < ELF_ANSWERS; a++)
			if (set_count(totals, answer_names[a], audit->totals[i][a], err) <
				0)
				return err->class;
		if (json_set(checks, elf_check_names[i], take_ptr(totals), err) < 0)
			return err->class;
	}
	return json_set(report, "checks", take_ptr(checks), err);
}

int elf_audit_to_json(const struct elf_audit *audit, json_t **ret_json, struct error *err)
{
	cleanup_json json_t *report = json_object(), *files = json_array();
	for (size_t i = 0; i < audit->count; i++)
		if (push_file(&audit->files[i], files, err) < 0)
			return err->class;
	if (set_totals(audit, report, err) < 0 ||
		set_count(report, "elfFiles", audit->count, err) < 0 ||
		set_count(report, "hardened", audit->hardened, err) < 0 ||
		set_count(report, "failing", audit->failing, err) < 0 ||
		json_set(report, "files", take_ptr(files), err) < 0 ||
		json_set(report, "scope",
			json_string("every regular file of the image that begins with "
				    "the ELF magic; not what archives hold"),
			err) < 0)
		return err->class;
	*ret_json = take_ptr(report);
	return 0;
}
