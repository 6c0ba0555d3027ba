/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/make/lint.h"

/* Change it whenever a linter would find something else. */
#define LINT_FORMAT "alnage-lint-2"

static int compute_key(const struct made *made, const struct lint_levels *levels,
	struct digest *ret_key, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	char digest[DIGEST_TEXT_MAX];
	if (buffer_printf(&text, err, LINT_FORMAT "\n%s\n",
		    digest_format(&made->item->input_key, digest)) < 0)
		return err->class;
	for (size_t i = 0; i < LINT_COUNT; i++)
		if (buffer_printf(&text, err, "%s %d\n", lint_linters[i].name,
			    (int)levels->of[i]) < 0)
			return err->class;
	return digest_of(DIGEST_SHA256, buffer_slice(&text), ret_key, err);
}

/* What its build root may have held: plan_item.needs knows what comes along, too. */
static bool is_needed(const struct made *made, const struct made *other)
{
	for (size_t i = 0; i < made->item->need_count; i++)
		if (made->item->needs[i] == other->item)
			return true;
	return false;
}

static int collect_providers(const struct made *made, struct made *const *before,
	size_t before_count, const struct package ***ret_providers, size_t *ret_count,
	struct error *err)
{
	size_t room = made->package_count, count = 0;
	for (size_t m = 0; m < before_count; m++)
		room += before[m]->package_count;
	const struct package **providers = calloc(room + 1, sizeof(*providers));
	if (!providers)
		return error_set_memory(err);
	for (size_t p = 0; p < made->package_count; p++)
		providers[count++] = made->packages[p];
	for (size_t m = 0; m < before_count; m++)
		for (size_t p = 0;
			is_needed(made, before[m]) && p < before[m]->package_count; p++)
			providers[count++] = before[m]->packages[p];
	*ret_providers = providers;
	*ret_count = count;
	return 0;
}

/* What the root took from repositories. */
static int collect_provided(const struct made *made, struct package_list **ret_provided,
	size_t *ret_count, struct error *err)
{
	const struct plan_item *item = made->item;
	size_t room = item->prebuilt.count, count = 0;
	for (size_t n = 0; n < item->need_count; n++)
		room += item->needs[n]->prebuilt.count;
	struct package_list *provided = calloc(room + 1, sizeof(*provided));
	if (!provided)
		return error_set_memory(err);
	for (size_t i = 0; i < item->prebuilt.count; i++)
		provided[count++] = item->prebuilt.items[i]->provides;
	for (size_t n = 0; n < item->need_count; n++)
		for (size_t i = 0; i < item->needs[n]->prebuilt.count; i++)
			provided[count++] = item->needs[n]->prebuilt.items[i]->provides;
	*ret_provided = provided;
	*ret_count = count;
	return 0;
}

/* All packages are looked at before the first error is told. */
static int lint_all(const struct made *made, struct lint_options *lint,
	const struct lint_levels *levels, struct store *store, struct error *err)
{
	struct error first = ERROR_INIT;
	for (size_t i = 0; i < made->package_count; i++) {
		const struct recipe_package *from = &made->item->recipe->packages[i];
		cleanup_lint_report struct lint_report report = {0};
		lint->levels = *levels;
		lint_disable(&lint->levels, &from->disabled_checks);
		if (lint_package(made->packages[i], store, lint, &report, err) < 0)
			return err->class;
		struct error judgement = ERROR_INIT;
		if (lint_judge(&report, made->packages[i]->name, &judgement) < 0 &&
			!error_is_set(&first))
			first = judgement;
	}
	if (error_is_set(&first))
		*err = first;
	return first.class;
}

int make_lint(const struct made *made, struct made *const *before, size_t before_count,
	const struct make_options *options, struct error *err)
{
	cleanup_mem const struct package **providers = NULL;
	cleanup_mem struct package_list *provided = NULL;
	struct lint_options lint = {0};
	static const struct lint_names none[LINT_ERROR + 1];
	struct lint_levels levels;
	cleanup_buffer struct buffer text = BUFFER_INIT;
	struct digest key;
	char hex[DIGEST_TEXT_MAX];
	bool found = false;
	if (lint_configure(none, &levels, err) < 0)
		return err->class;
	if (options->lint)
		levels = *options->lint;
	if (compute_key(made, &levels, &key, err) < 0 ||
		store_get_record(options->store, "lints", digest_format_hex(&key, hex),
			4096, &text, &found, err) < 0)
		return err->class;
	if (found)
		return 0;
	if (collect_providers(made, before, before_count, &providers,
		    &lint.provider_count, err) < 0 ||
		collect_provided(made, &provided, &lint.provided_count, err) < 0)
		return err->class;
	lint.providers = providers;
	lint.provided = provided;
	if (lint_all(made, &lint, &levels, options->store, err) < 0)
		return err->class;
	return store_put_record(options->store, "lints", digest_format_hex(&key, hex),
		SLICE("passed\n"), err);
}
