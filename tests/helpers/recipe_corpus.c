/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads every recipe that is named and says how many could be read:
 *
 *	recipe_corpus [-a ARCH] [-d PIPELINE_DIR]… [-j] FILE…
 *
 * -j prints the plans, one per line. Exit status 1 if one of them failed.
 */
#include "base/clock.h"
#include "builder/recipe/recipe.h"

#define DIRECTORIES_MAX 16

struct corpus {
	const char *directories[DIRECTORIES_MAX];
	struct recipe_options options;
	bool print;
	size_t read, failed, packages, steps, bytes;
};

static void load_one(struct corpus *corpus, const char *path)
{
	cleanup_recipe struct recipe *recipe = NULL;
	cleanup_buffer struct buffer json = BUFFER_INIT;
	struct error err = ERROR_INIT;
	char text[ERROR_TEXT_MAX + ERROR_WHERE_MAX];
	if (recipe_load(path, &corpus->options, &recipe, &err) < 0 ||
		recipe_to_json(recipe, &json, &err) < 0) {
		error_format(&err, text, sizeof(text));
		(void)fprintf(stderr, "%s: %s\n", path, text);
		corpus->failed++;
		return;
	}
	corpus->read++;
	corpus->packages += recipe->package_count;
	corpus->bytes += json.len;
	for (size_t i = 0; i < recipe->package_count; i++)
		corpus->steps += recipe->packages[i].steps.count +
				 recipe->packages[i].test_steps.count;
	if (corpus->print)
		(void)puts(buffer_str(&json));
}

int main(int argc, char **argv)
{
	cleanup_recipe_cache struct recipe_cache *cache = NULL;
	struct corpus corpus = {0};
	struct error err = ERROR_INIT;
	double began = clock_monotonic();
	int option;
	while ((option = getopt(argc, argv, "a:d:j")) != -1) {
		if (option == 'a')
			corpus.options.architecture = optarg;
		else if (option == 'd' &&
			 corpus.options.pipeline_dir_count < DIRECTORIES_MAX)
			corpus.directories[corpus.options.pipeline_dir_count++] = optarg;
		else if (option == 'j')
			corpus.print = true;
		else
			return 2;
	}
	if (recipe_cache_new(&cache, &err) < 0)
		return 1;
	corpus.options.pipeline_dirs = corpus.directories;
	corpus.options.cache = cache;
	for (int i = optind; i < argc; i++)
		load_one(&corpus, argv[i]);
	(void)fprintf(stderr,
		"%zu of %zu recipes, %zu packages, %zu steps, %zu bytes, %.2f s\n",
		corpus.read, corpus.read + corpus.failed, corpus.packages, corpus.steps,
		corpus.bytes, clock_monotonic() - began);
	return corpus.failed != 0;
}
