/* SPDX-License-Identifier: Apache-2.0 */
/* A note that holds has a text that is read the same by itself; no changed note holds. */
#include "signing/checkpoint.h"
#include "tests/unit/signing_known.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct trusted_log log;
	struct error err = ERROR_INIT;
	struct slice note = slice_from(data, size), text;
	struct checkpoint checkpoint, again;
	size_t end;

	if (!log.key && !known_log(&log))
		abort();
	if (checkpoint_read(note, &checkpoint, &err) < 0 && err.class != ERR_REFUSED)
		abort();
	error_clear(&err);
	if (checkpoint_verify(note, &log, &checkpoint, &err) < 0) {
		if (err.class != ERR_REFUSED)
			abort();
		return 0;
	}
	end = slice_find(note, SLICE("\n\n"));
	text = slice_sub(note, 0, end + 1);
	if (end == SIZE_MAX || checkpoint_read(text, &again, &err) < 0 ||
		!slice_equal(checkpoint.origin, again.origin) ||
		checkpoint.tree_size != again.tree_size ||
		!slice_starts_with(checkpoint.origin, SLICE("log.example.org")))
		abort();
	return 0;
}
