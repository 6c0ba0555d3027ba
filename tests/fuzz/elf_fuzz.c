/* SPDX-License-Identifier: Apache-2.0 */
/* Property: what was accepted reads the same a second time, and from a read-only mapping.
 */
#include <sys/mman.h>

#include "builder/package/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes end where the page does: one too far is a fault, in libelf, too. */
static const char *map_at_end(
	const uint8_t *data, size_t size, void **ret_map, size_t *ret_len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE); /* positive */
	size_t room = (size + page - 1) / page * page;
	size_t len = room + page;
	char *map = mmap(
		NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		abort();
	char *start = map + room - size;
	if (size > 0)
		memcpy(start, data, size);
	if (mprotect(map, len, PROT_READ) < 0 ||
		mprotect(map + room, page, PROT_NONE) < 0)
		abort();
	*ret_map = map;
	*ret_len = len;
	return start;
}

static void check_same(const struct elf_info *a, const struct elf_info *b)
{
	if (a->kind != b->kind || strcmp(a->soname, b->soname) != 0 ||
		a->needed_count != b->needed_count ||
		a->dlopen_count != b->dlopen_count || a->pie != b->pie ||
		a->relro != b->relro || a->fortified != b->fortified)
		abort();
	for (size_t i = 0; i < a->needed_count; i++)
		if (strcmp(a->needed[i], b->needed[i]) != 0 || !a->needed[i][0])
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT, again = ERROR_INIT;
	cleanup_arena struct arena *arena = NULL;
	struct elf_info info, second;
	void *map;
	size_t len;
	if (arena_new(&arena, &err) < 0)
		return 0;
	const char *bytes = map_at_end(data, size, &map, &len);
	int result = elf_read(slice_from(bytes, size), arena, &info, &err);
	if (result != elf_read(slice_from(data, size), arena, &second, &again))
		abort();
	if (result == 0)
		check_same(&info, &second);
	else if (!err.text[0])
		abort();
	munmap(map, len);
	return 0;
}
