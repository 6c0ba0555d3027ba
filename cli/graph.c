/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/trust.h"
#include "builder/build.h"
#include "cli/common.h"

#define DEFAULT_STAMPS "out/graph"

struct graph_flags {
	const char *format, *recipes, *output, *store, *package_store, *package_key,
		*program, *stamps;
	struct cli_list pipeline_dirs, mirrors, source_mirrors;
	struct root_options roots;
	bool offline, mirror_first;
};

static const struct cli_option options[] = {
	CLI_OPTION(struct graph_flags, format, "format", CLI_TEXT, "FORMAT",
		"dot (default), json, ninja, make or argo"),
	CLI_OPTION(struct graph_flags, recipes, "recipes", CLI_TEXT, "DIR",
		"packages/, pipelines/, toolchain (default: ./recipes)"),
	CLI_OPTION(struct graph_flags, pipeline_dirs, "pipeline-dir", CLI_LIST, "DIR",
		"more pipelines, searched first"),
	ROOT_OPTIONS(struct graph_flags),
	CLI_OPTION(struct graph_flags, stamps, "stamps", CLI_TEXT, "DIR",
		"where workflows note what is done (default: " DEFAULT_STAMPS ")"),
	CLI_OPTION(struct graph_flags, program, "program", CLI_TEXT, "FILE",
		"what workflows call (default: alnage)"),
	CLI_OPTION(struct graph_flags, store, "store", CLI_TEXT, "DIR",
		"for the calls: the store that they share"),
	CLI_OPTION(struct graph_flags, package_store, "package-store", CLI_TEXT, "REF",
		"for the calls: where machines with stores of their own share packages"),
	CLI_OPTION(struct graph_flags, output, "output", CLI_TEXT, "DIR",
		"for the calls: where packages go"),
	CLI_OPTION(struct graph_flags, package_key, "package-key", CLI_TEXT, "FILE",
		"for the calls"),
	CLI_OPTION(
		struct graph_flags, mirrors, "mirror", CLI_LIST, "URL", "for the calls"),
	CLI_OPTION(struct graph_flags, source_mirrors, "source-mirror", CLI_LIST, "URL",
		"for the calls"),
	CLI_OPTION(
		struct graph_flags, offline, "offline", CLI_FLAG, NULL, "for the calls"),
	CLI_OPTION(struct graph_flags, mirror_first, "mirror-first", CLI_FLAG, NULL,
		"for the calls"),
};

/* "--name=value": one word, whatever the value begins with. */
struct words {
	struct arena *arena;
	const char **items;
	size_t count, capacity;
};

static void words_done(struct words *words)
{
	arena_free(&words->arena);
}

static int add_text(struct words *words, const char *text, struct error *err)
{
	const char **slot = arena_append(words->arena, &words->items, &words->count,
		&words->capacity, sizeof(*slot));
	if (!slot || !(*slot = text))
		return error_set_memory(err);
	return 0;
}

static int add_word(
	struct words *words, const char *name, const char *value, struct error *err)
{
	if (!value)
		return 0;
	return add_text(words, arena_printf(words->arena, "--%s=%s", name, value), err);
}

static int add_list(struct words *words, const char *name, const struct cli_list *list,
	struct error *err)
{
	for (size_t i = 0; i < list->count; i++)
		if (add_word(words, name, list->items[i], err) < 0)
			return err->class;
	return 0;
}

static int collect_words(
	const struct graph_flags *flags, struct words *words, struct error *err)
{
	if (arena_new(&words->arena, err) < 0 ||
		add_word(words, "recipes", recipes_directory(flags->recipes), err) < 0 ||
		add_list(words, "pipeline-dir", &flags->pipeline_dirs, err) < 0 ||
		add_list(words, "repository", &flags->roots.repositories, err) < 0 ||
		add_list(words, "keyring", &flags->roots.keyring, err) < 0 ||
		add_word(words, "build-root", flags->roots.build_root, err) < 0 ||
		add_word(words, "trust", flags->roots.trust, err) < 0 ||
		(flags->roots.accept_sha1 && add_text(words, "--accept-sha1", err) < 0) ||
		add_word(words, "store", flags->store, err) < 0 ||
		add_word(words, "package-store", flags->package_store, err) < 0 ||
		add_word(words, "output", flags->output, err) < 0 ||
		add_word(words, "package-key", flags->package_key, err) < 0 ||
		add_list(words, "mirror", &flags->mirrors, err) < 0 ||
		add_list(words, "source-mirror", &flags->source_mirrors, err) < 0 ||
		(flags->offline && add_text(words, "--offline", err) < 0) ||
		(flags->mirror_first && add_text(words, "--mirror-first", err) < 0))
		return err->class;
	return 0;
}

static int run(const void *given, const struct cli_list *arguments, struct error *err)
{
	const struct graph_flags *flags = given;
	CLEANUP(words_done) struct words words = {0};
	cleanup_buffer struct buffer out = BUFFER_INIT;
	struct graph_options graph = {
		.program = flags->program ? flags->program : "alnage",
		.stamps = flags->stamps ? flags->stamps : DEFAULT_STAMPS};
	struct source_options sources = {.offline = flags->offline};
	cleanup_trust struct trust *trust = NULL;
	struct build_options build = {
		.recipes_directory = recipes_directory(flags->recipes),
		.store_path = flags->store,
		.sources = &sources,
		.pipeline_dirs = flags->pipeline_dirs.items,
		.pipeline_dir_count = flags->pipeline_dirs.count};
	if (graph_format_parse(flags->format, &graph.format, err) < 0 ||
		take_root_options(&flags->roots, &build, &trust, err) < 0 ||
		collect_words(flags, &words, err) < 0)
		return err->class;
	if (graph.format == GRAPH_ARGO && !flags->store && !flags->package_store)
		return error_set(err, ERR_USAGE,
			"--format argo needs --store, a folder below /work that all "
			"calls share, or --package-store");
	graph.arguments = words.items;
	graph.argument_count = words.count;
	if (build_graph(arguments->items, arguments->count, &build, &graph, &out, err) <
		0)
		return err->class;
	return cli_print(buffer_slice(&out), err);
}

const struct cli_command graph_command = {
	.name = "graph",
	.arguments = "[RECIPE.yaml|IMAGE.yaml...]",
	.summary = "what has to be built for what, as a picture or a workflow",
	.description = "Prints the recipes with their input keys and what they need; "
		       "without arguments all\n"
		       "recipes. As a workflow (ninja, make, argo) each recipe is one "
		       "call of 'alnage package';\n"
		       "the packages go from one to the next through the store. "
		       "Nothing is run, and nothing\n"
		       "fetched but indexes of repositories.",
	.options = options,
	.option_count = ARRAY_LEN(options),
	.options_size = sizeof(struct graph_flags),
	.min_arguments = 0,
	.max_arguments = SIZE_MAX,
	.run = run,
};
