/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target without a fuzzing engine: every file of its case folders
 * (tests/cases/NAME/…, for the program NAME_fuzz) and every cut and every
 * flipped byte of the small ones, so that `make check` exercises what the fuzzers do.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "base/defs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t runs;

static void run_copy(const uint8_t *data, size_t size)
{
	/* an exact heap copy, so that a sanitizer sees the first byte too far */
	uint8_t *copy = malloc(size ? size : 1);
	if (!copy)
		abort();
	memcpy(copy, data, size);
	(void)LLVMFuzzerTestOneInput(copy, size); /* by convention always 0 */
	free(copy);
	runs++;
}

static void run_variations(uint8_t *data, size_t size)
{
	run_copy(data, size);
	size_t step = size > 512 ? size / 512 : 1;
	for (size_t at = 0; at < size; at += step) {
		run_copy(data, at);
		uint8_t saved = data[at];
		data[at] = (uint8_t)(saved ^ 0x20);
		run_copy(data, size);
		data[at] = 0xff;
		run_copy(data, size);
		data[at] = saved;
	}
}

static void run_file(const char *path)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size > 4 * 1024 * 1024)
		return;
	size_t size = (size_t)st.st_size; /* 0 … 4 MiB, tested above */
	cleanup_mem uint8_t *data = malloc(size + 1);
	if (!data || read(fd, data, size) != (ssize_t)size)
		abort();
	if (size <= 65536)
		run_variations(data, size);
	else
		run_copy(data, size);
}

static void run_folder(const char *path)
{
	DIR *dir = opendir(path);
	if (!dir)
		return;
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (entry->d_name[0] == '.')
			continue;
		char below[PATH_MAX];
		int n = snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
		struct stat st;
		if (n < 0 || (size_t)n >= sizeof(below) || stat(below, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			run_folder(below);
		else
			run_file(below);
	}
	closedir(dir);
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	size_t len = strlen(name);
	if (len > 5 && strcmp(name + len - 5, "_fuzz") == 0)
		len -= 5;
	char folder[PATH_MAX];
	int n = snprintf(folder, sizeof(folder), "tests/cases/%.*s", (int)len, name);
	if (n < 0 || (size_t)n >= sizeof(folder))
		return 1;
	run_copy((const uint8_t *)"", 0);
	if (argc > 1)
		for (int i = 1; i < argc; i++)
			run_file(argv[i]);
	else
		run_folder(folder);
	printf("%s: %zu inputs\n", name, runs);
	return 0;
}
