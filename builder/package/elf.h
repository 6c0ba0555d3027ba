/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an ELF file needs, offers and how it is hardened (elf*.c: the door of libelf).
 * System V ABI gABI 4.1 and the GNU extensions; little-endian 64 bit x86_64 and aarch64.
 * Of any other class or byte order only kind and machine ("em-N") are told; all else is
 * "no".
 *
 * Never trusts an offset or count: header tables, segments and sections must lie inside
 * the file and have the sizes of the specification before libelf sees them. What the
 * loader uses is read as the loader reads it: from the program headers, not from the
 * sections. Extended numbering (more than 65279 sections or 65534 segments) is refused.
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
	enum elf_kind kind;      /* ET_DYN: executable if it is a PIE, else shared */
	const char *machine;     /* "x86_64", "aarch64", or "em-N" */
	const char *interpreter; /* PT_INTERP, "" if none */
	const char *soname, *rpath, *runpath; /* "" if none */
	const char **needed;                  /* in the order of the file */
	size_t needed_count;
	/* from .note.dlopen (all sonames) and .so-like strings where dlopen is
	   imported; "%" in a name: a format, so it is not known */
	const char **dlopen_names;
	size_t dlopen_count;
	const char *build_id; /* hexadecimal, "" if none */

	/* Hardening; of executables and shared objects, false for other kinds. */
	bool is_static; /* an executable without interpreter and needed libraries */
	bool pie;      /* ET_DYN with DF_1_PIE (static-pie, too), or with PT_INTERP and no
			  soname */
	bool relro;    /* PT_GNU_RELRO */
	bool bind_now; /* DF_1_NOW, DF_BIND_NOW, DT_BIND_NOW, or nothing to bind */
	bool nx_stack; /* PT_GNU_STACK there and not executable */
	bool no_rwx_segment, no_text_relocations;
	bool stack_protector; /* __stack_chk_fail or its guard imported or defined */
	/*
	 * Set with stack_protector false: neither .dynsym nor .symtab could show it (a
	 * stripped static executable). On x86_64 the code is searched for the canary's
	 * load from %fs:0x28 before giving up; aarch64 leaves no such mark.
	 */
	bool stack_protector_unknown;
	bool ibt, shstk, bti, pac;       /* .note.gnu.property as the loader sees it */
	bool stripped, has_debug;        /* no .symtab; .debug sections there */
	bool imports_dlopen;             /* dlopen or dlmopen */
	unsigned fortified, fortifiable; /* *_chk imports; plain ones that could be */
};

/* Is this ELF at all (magic)? */
bool elf_is(struct slice bytes);
/* ERR_INPUT for what is not well-formed. Texts from the arena. */
MUST_USE int elf_read(struct slice bytes, struct arena *arena, struct elf_info *ret_info,
	struct error *err);

#endif
