/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One ELF file while it is read; between
 *	elf.c           the header, what must lie inside the file, all together
 *	elf_segments.c  strings, interpreter, notes, where addresses are
 *	elf_dynamic.c   the dynamic section
 *	elf_symbols.c   symbols, sections, and what only the bytes tell
 */
#ifndef BUILDER_PACKAGE_ELF_FILE_PRIVATE_H
#define BUILDER_PACKAGE_ELF_FILE_PRIVATE_H

#include <elf.h>
#include <gelf.h>
#include <libelf.h>

#include "builder/package/elf_private.h"

/* Everything about one file while it is read. */
struct elf_file {
	struct slice bytes;
	struct arena *arena;
	struct elf_info *info;
	Elf *elf;
	size_t segment_count, section_count;
	struct elf_names needed, dlopen_names;
	struct slice dynstr;    /* of PT_DYNAMIC; empty without */
	uint64_t dynstr_offset; /* in the file */
	struct slice interpreter;
	bool dynamic; /* PT_DYNAMIC is there */
	bool flag_pie, symbols_seen;
};

/* What libelf says is wrong: ERR_INPUT. */
MUST_USE int elf_library_error(const char *what, struct error *err);
MUST_USE int elf_get_segment(
	struct elf_file *file, size_t i, GElf_Phdr *ret, struct error *err);
MUST_USE int elf_get_section(
	struct elf_file *file, size_t i, GElf_Shdr *ret, struct error *err);

/* The NUL-terminated string at that place of a table, else ERR_INPUT. */
MUST_USE int elf_string_at(
	struct slice table, uint64_t offset, struct slice *ret_text, struct error *err);
/* The same of the dynamic strings, printable and not too long. */
MUST_USE int elf_text_at(struct elf_file *file, uint64_t offset, struct slice *ret_text,
	struct error *err);
/* Interpreter, notes, and what the segments' flags say. */
MUST_USE int elf_read_segments(struct elf_file *file, struct error *err);
/* Where the loader finds the address in the file, and how many bytes follow there. */
bool elf_find_address(struct elf_file *file, uint64_t address, uint64_t *ret_offset,
	uint64_t *ret_room, struct error *err);
MUST_USE int elf_read_dynamic(
	struct elf_file *file, const GElf_Phdr *segment, struct error *err);
MUST_USE int elf_read_loader_symbols(
	struct elf_file *file, uint64_t address, struct error *err);
MUST_USE int elf_read_sections(struct elf_file *file, struct error *err);
/* Sets stack_protector by the code, or that it is unknown. */
MUST_USE int elf_search_canary(struct elf_file *file, struct error *err);
/* Names of libraries among the constants. */
MUST_USE int elf_search_library_names(struct elf_file *file, struct error *err);

#endif
