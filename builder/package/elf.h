/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an ELF file needs, offers and how it is hardened (door of libelf).
 * System V ABI gABI 4.1 and the GNU extensions; little-endian 64 bit x86_64 and aarch64.
 * Never trusts an offset or count; LIMIT_ELF_NEEDED.
 */
#ifndef BUILDER_PACKAGE_ELF_H
#define BUILDER_PACKAGE_ELF_H

#include "base/arena.h"

enum elf_kind {
	ELF_KIND_RELOCATABLE = 1,
	ELF_KIND_EXECUTABLE,
	ELF_KIND_SHARED,
	ELF_KIND_CORE
};

struct elf_info {
	enum elf_kind kind;
	const char *machine;                  /* "x86_64", "aarch64", or "em-N" */
	const char *interpreter;              /* PT_INTERP, "" if none */
	const char *soname, *rpath, *runpath; /* "" if none */
	const char **needed;
	size_t needed_count;
	const char **dlopen_names; /* from .note.dlopen and .so-like strings where dlopen
				      is imported */
	size_t dlopen_count;
	bool pie; /* ET_DYN with DF_1_PIE, or static-pie */
	bool relro, bind_now, nx_stack, no_rwx_segment, no_text_relocations;
	bool stack_protector; /* __stack_chk_fail imported or defined */
	bool stripped, has_debug;
	bool imports_dlopen;
	unsigned fortified, fortifiable; /* *_chk imports; plain ones that could be */
};

/* Is this ELF at all (magic)? */
bool elf_is(struct slice bytes);
/* ERR_INPUT for what is not well-formed. Texts from the arena. */
MUST_USE int elf_read(struct slice bytes, struct arena *arena, struct elf_info *ret_info,
	struct error *err);

#endif
