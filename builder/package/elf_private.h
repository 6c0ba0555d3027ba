/* SPDX-License-Identifier: Apache-2.0 */
/* Judging names and strings of ELF files; no structure of the format here. */
#ifndef BUILDER_PACKAGE_ELF_PRIVATE_H
#define BUILDER_PACKAGE_ELF_PRIVATE_H

#include "builder/package/elf.h"

/* "__memcpy_chk"; and "memcpy", which glibc has a checked form of. */
bool elf_name_is_fortified(struct slice name);
bool elf_name_is_fortifiable(struct slice name);
/* Does this symbol show that the file was compiled with a stack protector? */
bool elf_name_is_stack_protector(struct slice name);

/* A growing list of unique names; at most LIMIT_ELF_NEEDED, ERR_INPUT beyond. */
struct elf_names {
	struct arena *arena;
	const char **items;
	size_t count, capacity;
};
MUST_USE int elf_names_add(
	struct elf_names *names, struct slice name, bool unique, struct error *err);

/* Adds the NUL-terminated strings in bytes that look like names of shared objects. */
MUST_USE int elf_find_library_names(
	struct slice bytes, struct elf_names *names, struct error *err);
/*
 * The descriptor of a .note.dlopen (UAPI group specification 12, "ELF Note Metadata for
 * dlopen"): a JSON array of {"soname": ["a", "b"], …}. Malformed text is ERR_INPUT.
 */
MUST_USE int elf_read_dlopen_note(
	struct slice text, struct elf_names *names, struct error *err);

#endif
