/* SPDX-License-Identifier: Apache-2.0 */
/* Property: an atom put together again from its parts parses to the same parts. */
#include "base/buffer.h"
#include "builder/package/index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const operators[] = {[ATOM_EQ] = "=",
		[ATOM_LT] = "<",
		[ATOM_GT] = ">",
		[ATOM_LE] = "<=",
		[ATOM_GE] = ">=",
		[ATOM_FUZZY] = "~",
		[ATOM_FUZZY_LE] = "<~",
		[ATOM_FUZZY_GE] = ">~"};
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer text = BUFFER_INIT;
	struct atom atom, again;
	if (atom_parse(slice_from(data, size), &atom, &err) < 0)
		return 0;
	if (buffer_add_str(&text, atom.conflict ? "!" : "", &err) < 0 ||
		buffer_add_slice(&text, atom.name, &err) < 0 ||
		buffer_add_str(&text, atom.op ? operators[atom.op] : "", &err) < 0 ||
		buffer_add_slice(&text, atom.version, &err) < 0 ||
		buffer_add_str(&text, atom.tag.len ? "@" : "", &err) < 0 ||
		buffer_add_slice(&text, atom.tag, &err) < 0)
		return 0;
	if (atom_parse(buffer_slice(&text), &again, &err) < 0 ||
		!slice_equal(atom.name, again.name) || atom.op != again.op ||
		!slice_equal(atom.version, again.version) ||
		!slice_equal(atom.tag, again.tag) || atom.conflict != again.conflict)
		abort();
	if (atom.op != ATOM_ANY && atom_matches(&atom, SLICE_EMPTY))
		abort();
	return 0;
}
