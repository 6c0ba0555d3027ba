/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "base/log.h"
#include "base/nearest.h"
#include "builder/audit/lint_private.h"

/* ---- levels ---- */

static size_t find_linter(const char *name)
{
	size_t i = 0;
	while (i < LINT_COUNT && strcmp(lint_linters[i].name, name) != 0)
		i++;
	return i;
}

static int unknown_linter(const char *name, struct error *err)
{
	const char *known[LINT_COUNT + 1] = {NULL};
	char hint[NEAREST_HINT_MAX];
	for (size_t i = 0; i < LINT_COUNT; i++)
		known[i] = lint_linters[i].name;
	(void)error_set(err, ERR_USAGE, "there is no linter '%s'%s", name,
		nearest_hint(name, known, hint));
	return error_remedy(err, "man alnage-package lists them");
}

static int set_levels(const struct lint_names *names, enum lint_level level,
	struct lint_levels *levels, struct error *err)
{
	for (size_t i = 0; i < names->count; i++) {
		size_t at = find_linter(names->items[i]);
		if (at == LINT_COUNT)
			return unknown_linter(names->items[i], err);
		levels->of[at] = level;
	}
	return 0;
}

int lint_configure(const struct lint_names names[LINT_ERROR + 1],
	struct lint_levels *ret_levels, struct error *err)
{
	struct lint_levels levels;
	for (size_t i = 0; i < LINT_COUNT; i++)
		levels.of[i] = lint_linters[i].level;
	for (enum lint_level level = LINT_OFF; level <= LINT_ERROR; level++)
		if (set_levels(&names[level], level, &levels, err) < 0)
			return err->class;
	*ret_levels = levels;
	return 0;
}

void lint_disable(struct lint_levels *levels, const struct recipe_list *disabled)
{
	for (size_t i = 0; i < disabled->count; i++) {
		size_t at = find_linter(disabled->items[i]);
		if (at < LINT_COUNT)
			levels->of[at] =
				levels->of[at] == LINT_ERROR ? LINT_WARNING : LINT_OFF;
	}
}

/* ---- findings ---- */

void lint_report_done(struct lint_report *report)
{
	arena_free(&report->arena);
	*report = (struct lint_report){0};
}

static int note(struct lint *lint, size_t at, const char *path, const char *detail,
	struct lint_finding *finding, struct error *err)
{
	if (finding->count++)
		return 0;
	finding->linter = &lint_linters[at];
	finding->level = lint->options->levels.of[at];
	finding->path = arena_strdup(lint->arena, path);
	finding->detail = detail;
	return finding->path ? 0 : error_set_memory(err);
}

static int ask_rules(struct lint *lint, const struct lint_subject *subject,
	struct lint_finding *findings, struct error *err)
{
	for (size_t i = 0; i < LINT_COUNT; i++) {
		bool found = false;
		const char *detail = "";
		if (lint->options->levels.of[i] == LINT_OFF)
			continue;
		if (lint_rules[i](lint, subject, &found, &detail, err) < 0 ||
			(found && note(lint, i, subject ? subject->path : "", detail,
					  &findings[i], err) < 0))
			return error_wrap(err, "linter %s", lint_linters[i].name);
	}
	return 0;
}

/* ---- walking ---- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* What is no well-formed ELF is data, for linters: package_scan has judged it before. */
static int read_elf(struct lint_subject *subject, struct arena *arena,
	struct elf_info *info, struct error *err)
{
	if (!elf_is(subject->content))
		return 0;
	if (elf_read(subject->content, arena, info, err) == 0) {
		subject->elf = info;
		return 0;
	}
	if (err->class != ERR_INPUT)
		return err->class;
	error_clear(err);
	return 0;
}

static int ask_about(struct lint *lint, const struct tree_node *node,
	struct lint_finding *findings, struct error *err)
{
	cleanup_fd int fd = -1;
	cleanup_mapping struct fs_mapping mapping = {0};
	cleanup_arena struct arena *arena = NULL;
	struct elf_info elf = {0};
	struct lint_subject subject = {
		.node = node, .path = node->path, .name = base_name(node->path)};
	if (node->type != TREE_DIRECTORY && strcmp(node->path, lint->sbom_path) != 0)
		lint->files++;
	if (node->type == TREE_FILE) {
		if (store_open_blob(lint->store, &node->content, &fd, NULL, err) < 0 ||
			fs_map(fd, &mapping, err) < 0 || arena_new(&arena, err) < 0)
			return error_wrap(err, "%s", node->path);
		subject.content = mapping.bytes;
		if (read_elf(&subject, arena, &elf, err) < 0)
			return error_wrap(err, "%s", node->path);
	}
	return ask_rules(lint, &subject, findings, err);
}

static int add_library(struct lint *lint, struct slice name, struct error *err)
{
	return map_put(lint->libraries, name, lint, err); /* it is there: any pointer */
}

static int collect_sonames(
	struct lint *lint, const struct package_list *provides, struct error *err)
{
	for (size_t i = 0; i < provides->count; i++) {
		struct slice rest = slice_str(provides->items[i]), name;
		if (slice_starts_with(rest, SLICE("so:")) &&
			slice_cut(&rest, '=', &name) &&
			add_library(lint, slice_sub(name, 3, name.len), err) < 0)
			return err->class;
	}
	return 0;
}

/* Sonames by what packages provide, and file names for those without. */
static int collect_libraries(
	struct lint *lint, const struct package *package, struct error *err)
{
	cleanup_mem const struct tree_node **nodes = NULL;
	size_t count;
	if (collect_sonames(lint, &package->provides, err) < 0)
		return err->class;
	if (tree_nodes(package->tree, &nodes, &count, err) < 0)
		return err->class;
	for (size_t i = 0; i < count; i++) {
		const char *name = base_name(nodes[i]->path);
		if (nodes[i]->type != TREE_DIRECTORY && strstr(name, ".so") &&
			add_library(lint, slice_str(name), err) < 0)
			return err->class;
	}
	return 0;
}

static int prepare(struct lint *lint, struct error *err)
{
	const struct lint_options *options = lint->options;
	lint->sbom_path = package_sbom_path(lint->package, lint->arena);
	if (!lint->sbom_path)
		return error_set_memory(err);
	if (map_new(&lint->contents, err) < 0 || map_new(&lint->libraries, err) < 0 ||
		collect_libraries(lint, lint->package, err) < 0)
		return err->class;
	for (size_t i = 0; i < options->provider_count; i++)
		if (collect_libraries(lint, options->providers[i], err) < 0)
			return err->class;
	for (size_t i = 0; i < options->provided_count; i++)
		if (collect_sonames(lint, &options->provided[i], err) < 0)
			return err->class;
	return 0;
}

static void lint_done(struct lint *lint)
{
	map_free(&lint->contents);
	map_free(&lint->libraries);
}

int lint_package(const struct package *package, struct store *store,
	const struct lint_options *options, struct lint_report *ret_report,
	struct error *err)
{
	cleanup_lint_report struct lint_report report = {0};
	struct lint_finding findings[LINT_COUNT] = {0};
	cleanup_mem const struct tree_node **nodes = NULL;
	size_t count;
	if (arena_new(&report.arena, err) < 0)
		return err->class;
	CLEANUP(lint_done)
	struct lint lint = {.package = package,
		.store = store,
		.options = options,
		.arena = report.arena};
	if (prepare(&lint, err) < 0 || tree_nodes(package->tree, &nodes, &count, err) < 0)
		return err->class;
	for (size_t i = 0; i < count; i++)
		if (ask_about(&lint, nodes[i], findings, err) < 0)
			return err->class;
	if (ask_rules(&lint, NULL, findings, err) < 0)
		return err->class;
	for (enum lint_level level = LINT_ERROR; level > LINT_OFF; level--)
		for (size_t i = 0; i < LINT_COUNT; i++)
			if (findings[i].count && findings[i].level == level)
				report.findings[report.count++] = findings[i];
	*ret_report = report;
	report = (struct lint_report){0};
	return 0;
}

/* ---- judging ---- */

static const char *format_finding(
	const struct lint_finding *finding, char *out, size_t size)
{
	char more[48] = "";
	if (finding->count > 1)
		(void)snprintf(more, sizeof(more), " (and %zu more)", finding->count - 1);
	(void)snprintf(out, size, "%s: %s%s%s%s %s", finding->linter->name,
		*finding->path ? "/" : "", finding->path, more,
		*finding->path ? ":" : "the package",
		*finding->detail ? finding->detail : finding->linter->text);
	return out; /* cut if it is too long */
}

int lint_judge(
	const struct lint_report *report, const char *package_name, struct error *err)
{
	char text[1024];
	for (size_t i = 0; i < report->count; i++) {
		const struct lint_finding *finding = &report->findings[i];
		if (finding->level == LINT_WARNING)
			log_warning("%s: %s", package_name,
				format_finding(finding, text, sizeof(text)));
	}
	if (!report->count || report->findings[0].level != LINT_ERROR)
		return 0;
	const struct lint_finding *first = &report->findings[0];
	error_set(err, ERR_INPUT, "package %s: %s", package_name,
		format_finding(first, text, sizeof(text)));
	return error_remedy(err,
		"%s; if it has to be so, name %s in the recipe's checks.disabled",
		first->linter->remedy, first->linter->name);
}
