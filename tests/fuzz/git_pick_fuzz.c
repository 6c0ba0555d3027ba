/* SPDX-License-Identifier: Apache-2.0 */
/* Cherry-picks: nothing that git gets from a line is an option, a path or a command. */
#include "builder/source/git_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_from(data, size), line;
	while (git_pick_next(&rest, &line)) {
		struct error err = ERROR_INIT;
		struct git_pick pick;
		if (!line.len || line.data[0] == '#')
			abort();
		if (git_pick_read(line, &pick, &err) < 0) {
			if (err.class != ERR_INPUT)
				abort();
			continue;
		}
		if (!git_is_commit(pick.commit))
			abort();
		if (pick.branch.len &&
			(strchr("-/.", pick.branch.data[0]) ||
				slice_find(pick.branch, SLICE("..")) != SIZE_MAX ||
				slice_has_byte(pick.branch, ':') ||
				!slice_is_printable(pick.branch)))
			abort();
	}
	return 0;
}
