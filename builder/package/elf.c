/* SPDX-License-Identifier: Apache-2.0 */
#include "base/checked.h"
#include "base/encode.h"
#include "base/limits.h"
#include "builder/package/elf_file_private.h"

static void end_elf(Elf **elf)
{
	if (*elf)
		(void)elf_end(*elf); /* a count of references */
	*elf = NULL;
}

int elf_library_error(const char *what, struct error *err)
{
	return error_set(err, ERR_INPUT, "ELF: %s: %s", what, elf_errmsg(-1));
}

bool elf_is(struct slice bytes)
{
	return bytes.len >= EI_NIDENT && memcmp(bytes.data, ELFMAG, SELFMAG) == 0;
}

/* ---- the header ---- */

static bool range_fits(struct slice bytes, uint64_t offset, uint64_t len)
{
	return offset <= bytes.len && len <= bytes.len - offset;
}

static int set_kind(struct elf_info *info, unsigned type, struct error *err)
{
	switch (type) {
	case ET_REL:
		info->kind = ELF_KIND_RELOCATABLE;
		return 0;
	case ET_EXEC:
		info->kind = ELF_KIND_EXECUTABLE;
		return 0;
	case ET_DYN:
		info->kind = ELF_KIND_SHARED;
		return 0;
	case ET_CORE:
		info->kind = ELF_KIND_CORE;
		return 0;
	default:
		return error_set(err, ERR_INPUT, "ELF: no such type %u", type);
	}
}

static int set_machine(
	struct elf_file *file, unsigned machine, bool ours, struct error *err)
{
	if (ours && machine == EM_X86_64)
		file->info->machine = "x86_64";
	else if (ours && machine == EM_AARCH64)
		file->info->machine = "aarch64";
	else
		file->info->machine = arena_printf(file->arena, "em-%u", machine);
	return file->info->machine ? 0 : error_set_memory(err);
}

/* e_type and e_machine are at the same place in all classes. */
static int read_identity(struct elf_file *file, bool *ret_ours, struct error *err)
{
	const uint8_t *bytes = (const uint8_t *)file->bytes.data;
	if (!elf_is(file->bytes) || file->bytes.len < sizeof(Elf32_Ehdr))
		return error_set(err, ERR_INPUT, "ELF: header is cut short");
	unsigned class = bytes[EI_CLASS], order = bytes[EI_DATA];
	if ((class != ELFCLASS32 && class != ELFCLASS64) ||
		(order != ELFDATA2LSB && order != ELFDATA2MSB) ||
		bytes[EI_VERSION] != EV_CURRENT)
		return error_set(
			err, ERR_INPUT, "ELF: no such class, byte order or version");
	bool little = order == ELFDATA2LSB;
	unsigned low = little ? 0 : 1, high = 1 - low;
	unsigned type = bytes[16 + low] | (unsigned)bytes[16 + high] << 8;
	unsigned machine = bytes[18 + low] | (unsigned)bytes[18 + high] << 8;
	*ret_ours = class == ELFCLASS64 && little;
	if (set_kind(file->info, type, err) < 0)
		return err->class;
	return set_machine(file, machine, *ret_ours, err);
}

/* The two tables must lie in the file, with entries of the sizes we know. */
static int check_tables(struct elf_file *file, struct error *err)
{
	Elf64_Ehdr header;
	if (file->bytes.len < sizeof(header))
		return error_set(err, ERR_INPUT, "ELF: header is cut short");
	memcpy(&header, file->bytes.data, sizeof(header));
	if (header.e_ehsize != sizeof(header) || header.e_version != EV_CURRENT)
		return error_set(
			err, ERR_INPUT, "ELF: header of a wrong size or version");
	if (header.e_phnum == PN_XNUM || header.e_shnum >= SHN_LORESERVE ||
		(header.e_shoff != 0) != (header.e_shnum != 0) ||
		(header.e_shnum != 0 && header.e_shstrndx >= header.e_shnum))
		return error_set(
			err, ERR_INPUT, "ELF: numbering of segments or sections");
	if (header.e_phnum > 0 &&
		(header.e_phentsize != sizeof(Elf64_Phdr) ||
			!range_fits(file->bytes, header.e_phoff,
				(uint64_t)header.e_phnum * sizeof(Elf64_Phdr))))
		return error_set(
			err, ERR_INPUT, "ELF: program headers outside of the file");
	if (header.e_shnum > 0 &&
		(header.e_shentsize != sizeof(Elf64_Shdr) ||
			!range_fits(file->bytes, header.e_shoff,
				(uint64_t)header.e_shnum * sizeof(Elf64_Shdr))))
		return error_set(
			err, ERR_INPUT, "ELF: section headers outside of the file");
	file->segment_count = header.e_phnum;
	file->section_count = header.e_shnum;
	return 0;
}

int elf_get_segment(struct elf_file *file, size_t i, GElf_Phdr *ret, struct error *err)
{
	if (!gelf_getphdr(file->elf, (int)i, ret)) /* at most 65534 */
		return elf_library_error("program header", err);
	return 0;
}

int elf_get_section(struct elf_file *file, size_t i, GElf_Shdr *ret, struct error *err)
{
	Elf_Scn *section = elf_getscn(file->elf, i);
	if (!section || !gelf_getshdr(section, ret))
		return elf_library_error("section header", err);
	return 0;
}

static int check_ranges(struct elf_file *file, struct error *err)
{
	for (size_t i = 0; i < file->segment_count; i++) {
		GElf_Phdr segment;
		if (elf_get_segment(file, i, &segment, err) < 0)
			return err->class;
		if (!range_fits(file->bytes, segment.p_offset, segment.p_filesz) ||
			(segment.p_type == PT_LOAD && segment.p_filesz > segment.p_memsz))
			return error_set(err, ERR_INPUT,
				"ELF: segment %zu is not inside the file", i);
	}
	for (size_t i = 1; i < file->section_count; i++) {
		GElf_Shdr section;
		if (elf_get_section(file, i, &section, err) < 0)
			return err->class;
		bool empty = section.sh_type == SHT_NOBITS || section.sh_type == SHT_NULL;
		if (!empty &&
			!range_fits(file->bytes, section.sh_offset, section.sh_size))
			return error_set(err, ERR_INPUT,
				"ELF: section %zu is not inside the file", i);
		if (section.sh_link >= file->section_count)
			return error_set(
				err, ERR_INPUT, "ELF: section %zu has a link to none", i);
	}
	return 0;
}

/* The interpreter's path lies among the strings, too, and is no hint. */
static void drop_interpreter(struct elf_file *file)
{
	struct elf_names *names = &file->dlopen_names;
	size_t kept = 0;
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->items[i], file->info->interpreter) != 0)
			names->items[kept++] = names->items[i];
	names->count = kept;
}

/* ---- all together ---- */

static int read_loadable(struct elf_file *file, struct error *err)
{
	struct elf_info *info = file->info;
	info->no_text_relocations = true;
	if (elf_read_segments(file, err) < 0)
		return err->class;
	for (size_t i = 0; i < file->segment_count; i++) {
		GElf_Phdr segment;
		if (elf_get_segment(file, i, &segment, err) < 0)
			return err->class;
		if (segment.p_type == PT_DYNAMIC &&
			elf_read_dynamic(file, &segment, err) < 0)
			return err->class;
	}
	if (!file->dynamic)
		info->bind_now = true;
	if (info->kind == ELF_KIND_SHARED &&
		(file->flag_pie || (info->interpreter[0] && !info->soname[0]))) {
		info->pie = true;
		info->kind = ELF_KIND_EXECUTABLE;
	}
	info->is_static = info->kind == ELF_KIND_EXECUTABLE && !info->interpreter[0] &&
			  file->needed.count == 0;
	return 0;
}

static int read_all(struct elf_file *file, struct error *err)
{
	struct elf_info *info = file->info;
	bool loadable =
		info->kind == ELF_KIND_EXECUTABLE || info->kind == ELF_KIND_SHARED;
	if (check_ranges(file, err) < 0 || (loadable && read_loadable(file, err) < 0) ||
		elf_read_sections(file, err) < 0)
		return err->class;
	if (loadable && info->is_static && info->stripped && !info->stack_protector &&
		elf_search_canary(file, err) < 0)
		return err->class;
	if (info->imports_dlopen && elf_search_library_names(file, err) < 0)
		return err->class;
	drop_interpreter(file);
	info->needed = file->needed.items;
	info->needed_count = file->needed.count;
	info->dlopen_names = file->dlopen_names.items;
	info->dlopen_count = file->dlopen_names.count;
	return 0;
}

int elf_read(struct slice bytes, struct arena *arena, struct elf_info *ret_info,
	struct error *err)
{
	struct elf_info info = {.interpreter = "",
		.soname = "",
		.rpath = "",
		.runpath = "",
		.build_id = "",
		.machine = ""};
	struct elf_file file = {.bytes = bytes,
		.arena = arena,
		.info = &info,
		.needed.arena = arena,
		.dlopen_names.arena = arena};
	bool ours = false;
	if (read_identity(&file, &ours, err) < 0)
		return err->class;
	if (ours) {
		if (check_tables(&file, err) < 0)
			return err->class;
		(void)elf_version(EV_CURRENT); /* there is no other */
		/* libelf only reads from it, but has no const */
		CLEANUP(end_elf)
		Elf *elf = elf_memory((char *)(uintptr_t)bytes.data, bytes.len);
		file.elf = elf;
		if (!elf || elf_kind(elf) != ELF_K_ELF)
			return elf_library_error("not readable", err);
		if (read_all(&file, err) < 0)
			return err->class;
	}
	*ret_info = info;
	return 0;
}
