/* SPDX-License-Identifier: Apache-2.0 */
#include <elf.h>

#include "builder/package/elf_private.h"

bool elf_name_is_debug(struct slice name)
{
	return slice_starts_with(name, SLICE(".debug")) ||
	       slice_starts_with(name, SLICE(".zdebug"));
}

void elf_read_properties(struct slice rest, struct elf_info *info)
{
	struct slice head, data;
	uint32_t type, size, bits;
	/* entries of 4 + 4 bytes and data padded to 8 (x86-64 psABI, "Program Property")
	 */
	while (slice_take(&rest, 8, &head)) {
		memcpy(&type, head.data, 4);
		memcpy(&size, head.data + 4, 4);
		if (!slice_take(&rest, size, &data))
			return;
		(void)slice_take(
			&rest, (8 - size % 8) % 8, &head); /* the last may lack it */
		if (size != 4)
			continue;
		memcpy(&bits, data.data, 4);
		if (type == GNU_PROPERTY_X86_FEATURE_1_AND) {
			info->ibt = bits & GNU_PROPERTY_X86_FEATURE_1_IBT;
			info->shstk = bits & GNU_PROPERTY_X86_FEATURE_1_SHSTK;
		} else if (type == GNU_PROPERTY_AARCH64_FEATURE_1_AND) {
			info->bti = bits & GNU_PROPERTY_AARCH64_FEATURE_1_BTI;
			info->pac = bits & GNU_PROPERTY_AARCH64_FEATURE_1_PAC;
		}
	}
}

/* mov/sub/xor/cmp with %fs:0x28, 64 bit: 64 48|4c OP modrm 25 28 00 00 00 */
bool elf_loads_canary(struct slice code)
{
	static const char tail[] = {0x25, 0x28, 0, 0, 0};
	struct slice rest = code;
	size_t at;
	while ((at = slice_find(rest, slice_from(tail, sizeof(tail)))) != SIZE_MAX) {
		const uint8_t *bytes = (const uint8_t *)rest.data + at;
		if (at >= 4 && bytes[-4] == 0x64 && (bytes[-3] & 0xfb) == 0x48 &&
			(bytes[-1] & 0xc7) == 0x04 &&
			(bytes[-2] == 0x8b || bytes[-2] == 0x2b || bytes[-2] == 0x33 ||
				bytes[-2] == 0x3b))
			return true;
		rest = slice_sub(rest, at + 1, rest.len);
	}
	return false;
}
