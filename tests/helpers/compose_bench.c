/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose_bench STORE MEGABYTES: fills a store with packages of text-like files of
 * mixed sizes, renders their fragments, then composes one layer of all of them five
 * times. Prints the median time of composing and the layer's path below the store.
 */
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "builder/image/compose.h"

#define PACKAGES 40
#define RUNS     5

static uint64_t state = 88172645463325252ULL;

static uint64_t next_random(void) /* xorshift64: the same content on every machine */
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* Words from a small vocabulary: compresses about three to one, like programs do. */
static int add_content(struct buffer *content, size_t size, struct error *err)
{
	buffer_clear(content);
	while (content->len < size) {
		uint64_t word = next_random();
		if (buffer_printf(content, err, "%llx ",
			    (unsigned long long)(word & 0xfffff)) < 0)
			return err->class;
		char again[64]; /* the buffer may move while it grows */
		if ((word >> 20) % 4 || content->len < sizeof(again))
			continue;
		memcpy(again, content->data, sizeof(again));
		if (buffer_add(content, again, sizeof(again), err) < 0)
			return err->class;
	}
	return 0;
}

static int fill_package(struct store *store, struct tree *tree, size_t bytes,
	size_t number, struct error *err)
{
	static const size_t sizes[] = {700, 3000, 12000, 40000, 150000, 600000, 3000000};
	cleanup_buffer struct buffer content = BUFFER_INIT;
	char name[32], path[96];
	(void)snprintf(name, sizeof(name), "package-%zu", number); /* fits */
	for (size_t done = 0, file = 0; done < bytes; file++) {
		struct tree_node node = {
			.type = TREE_FILE, .mode = 0644, .package = name};
		(void)snprintf(path, sizeof(path), "usr/lib/p%zu/d%zu/file%zu", number,
			file / 64, file); /* fits */
		node.path = path;
		if (add_content(&content, sizes[next_random() % ARRAY_LEN(sizes)], err) <
				0 ||
			store_put_blob(
				store, buffer_slice(&content), &node.content, err) < 0)
			return err->class;
		node.size = content.len;
		done += content.len;
		if (tree_add(tree, &node, err) < 0)
			return err->class;
	}
	return 0;
}

static int copy_into(struct tree *all, const struct tree *tree, struct error *err)
{
	cleanup_mem const struct tree_node **nodes = NULL;
	size_t count;
	if (tree_nodes(tree, &nodes, &count, err) < 0)
		return err->class;
	for (size_t i = 0; i < count; i++)
		if (tree_add(all, nodes[i], err) < 0)
			return err->class;
	return 0;
}

static int compare_doubles(const void *left, const void *right)
{
	const double *a = left, *b = right;
	return *a < *b ? -1 : *a > *b;
}

static int bench(const char *path, size_t megabytes, struct error *err)
{
	cleanup_store struct store *store = NULL;
	cleanup_tree struct tree *all = NULL;
	struct tree *trees[PACKAGES] = {NULL};
	struct fragment_index *indexes[PACKAGES] = {NULL};
	struct composed_layer layer = {0};
	double seconds[RUNS];
	char digest[DIGEST_TEXT_MAX];
	if (store_open(path, &store, err) < 0 || tree_new(&all, err) < 0)
		return err->class;
	for (size_t i = 0; i < PACKAGES; i++)
		if (tree_new(&trees[i], err) < 0 ||
			fill_package(store, trees[i], megabytes * MIB / PACKAGES, i,
				err) < 0 ||
			fragment_index_get(store, trees[i], COMPRESSION_GZIP, 0,
				&indexes[i], err) < 0 ||
			copy_into(all, trees[i], err) < 0)
			return err->class;
	struct compose compose = {.store = store,
		.tree = all,
		.packages = indexes,
		.package_count = PACKAGES,
		.compression = COMPRESSION_GZIP};
	for (int run = 0; run < RUNS; run++) {
		double start = clock_monotonic();
		if (compose_layer(&compose, &layer, err) < 0)
			return err->class;
		seconds[run] = clock_monotonic() - start;
	}
	qsort(seconds, RUNS, sizeof(*seconds), compare_doubles);
	digest_format_hex(&layer.blob, digest);
	printf("%.3f %zu %zu %.2s/%s\n", seconds[RUNS / 2], layer.spliced, layer.rendered,
		digest, digest);
	return 0; /* the process ends: what is not freed here is freed by that */
}

int main(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	uint64_t megabytes = 0;
	if (argc != 3 ||
		slice_parse_u64(slice_str(argv[2]), 10, 100000, &megabytes, &err) < 0) {
		fputs("usage: compose_bench STORE MEGABYTES\n", stderr);
		return 2;
	}
	if (bench(argv[1], megabytes, &err) < 0)
		log_error(&err);
	return error_exit_status(&err);
}
