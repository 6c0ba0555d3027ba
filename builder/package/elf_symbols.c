/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/package/elf_file_private.h"

/* ---- symbols ---- */

static void note_symbol(
	struct elf_file *file, struct slice name, bool imported, bool dynamic)
{
	struct elf_info *info = file->info;
	if (elf_name_is_stack_protector(name))
		info->stack_protector = true;
	if (!imported || !dynamic)
		return;
	if (slice_equal_str(name, "dlopen") || slice_equal_str(name, "dlmopen"))
		info->imports_dlopen = true;
	info->fortified += elf_name_is_fortified(name);
	info->fortifiable += elf_name_is_fortifiable(name);
}

static int read_symbols(struct elf_file *file, uint64_t offset, uint64_t size,
	struct slice strings, bool dynamic, struct error *err)
{
	size_t count = (size_t)(size / sizeof(Elf64_Sym)); /* inside the file: fits */
	if (count > INT32_MAX)
		return error_set(err, ERR_INPUT, "ELF: too many symbols");
	if (count < 2) /* the first means none */
		return 0;
	Elf_Data *data = elf_getdata_rawchunk(
		file->elf, (int64_t)offset, count * sizeof(Elf64_Sym), ELF_T_SYM);
	if (!data)
		return elf_library_error("symbols", err);
	file->symbols_seen = true;
	for (size_t i = 1; i < count; i++) {
		GElf_Sym symbol;
		struct slice name;
		if (!gelf_getsym(data, (int)i, &symbol)) /* tested above */
			return elf_library_error("symbols", err);
		if (symbol.st_name == 0)
			continue;
		if (elf_string_at(strings, symbol.st_name, &name, err) < 0)
			return err->class;
		note_symbol(file, name, symbol.st_shndx == SHN_UNDEF, dynamic);
	}
	return 0;
}

/*
 * The dynamic symbols as the loader finds them. Their number is written nowhere but in
 * the hash tables; all linkers put the strings right behind them, and .dynsym tells, too.
 * We take what lies between, or the section where that has the same start.
 */
int elf_read_loader_symbols(struct elf_file *file, uint64_t address, struct error *err)
{
	uint64_t offset, room, size = 0;
	if (!elf_find_address(file, address, &offset, &room, err))
		return error_set(
			err, ERR_INPUT, "ELF: dynamic symbols are not in the file");
	for (size_t i = 1; i < file->section_count; i++) {
		GElf_Shdr section;
		if (elf_get_section(file, i, &section, err) < 0)
			return err->class;
		if (section.sh_type == SHT_DYNSYM && section.sh_offset == offset)
			size = section.sh_size;
	}
	if (size == 0 && file->dynstr_offset > offset)
		size = file->dynstr_offset - offset;
	if (size > room)
		return error_set(
			err, ERR_INPUT, "ELF: dynamic symbols are not in the file");
	return read_symbols(file, offset, size, file->dynstr, true, err);
}

static int section_bytes(
	struct elf_file *file, size_t i, struct slice *ret_bytes, struct error *err)
{
	GElf_Shdr section;
	if (elf_get_section(file, i, &section, err) < 0)
		return err->class;
	*ret_bytes = SLICE_EMPTY;
	if (section.sh_type != SHT_NOBITS && section.sh_type != SHT_NULL)
		*ret_bytes = slice_sub(
			file->bytes, (size_t)section.sh_offset, (size_t)section.sh_size);
	return 0;
}

int elf_read_sections(struct elf_file *file, struct error *err)
{
	Elf64_Ehdr header;
	struct slice names, strings, name;
	file->info->stripped = true;
	if (file->section_count == 0)
		return 0;
	memcpy(&header, file->bytes.data, sizeof(header)); /* check_tables: it is there */
	if (section_bytes(file, header.e_shstrndx, &names, err) < 0)
		return err->class;
	for (size_t i = 1; i < file->section_count; i++) {
		GElf_Shdr section;
		if (elf_get_section(file, i, &section, err) < 0)
			return err->class;
		if (header.e_shstrndx != SHN_UNDEF) {
			if (elf_string_at(names, section.sh_name, &name, err) < 0)
				return err->class;
			file->info->has_debug |= elf_name_is_debug(name);
		}
		if (section.sh_type != SHT_SYMTAB)
			continue;
		file->info->stripped = false;
		if (section_bytes(file, section.sh_link, &strings, err) < 0 ||
			read_symbols(file, section.sh_offset, section.sh_size, strings,
				false, err) < 0)
			return err->class;
	}
	return 0;
}

/* ---- what only the bytes tell ---- */

int elf_search_canary(struct elf_file *file, struct error *err)
{
	bool x86 = strcmp(file->info->machine, "x86_64") == 0;
	for (size_t i = 0; x86 && i < file->segment_count; i++) {
		GElf_Phdr segment;
		if (elf_get_segment(file, i, &segment, err) < 0)
			return err->class;
		if (segment.p_type == PT_LOAD && (segment.p_flags & PF_X) &&
			elf_loads_canary(slice_sub(file->bytes, (size_t)segment.p_offset,
				(size_t)segment.p_filesz)))
			file->info->stack_protector = true;
	}
	file->info->stack_protector_unknown = !file->info->stack_protector;
	return 0;
}

/* The strings of the loader itself (needed libraries, versions) are no hint. */
static int search_names(
	struct elf_file *file, const GElf_Phdr *segment, struct error *err)
{
	size_t start = (size_t)segment->p_offset, end = start + (size_t)segment->p_filesz;
	size_t skip = (size_t)file->dynstr_offset, after = skip + file->dynstr.len;
	if (file->dynstr.len == 0 || skip < start || after > end)
		return elf_find_library_names(slice_sub(file->bytes, start, end - start),
			&file->dlopen_names, err);
	if (elf_find_library_names(slice_sub(file->bytes, start, skip - start),
		    &file->dlopen_names, err) < 0)
		return err->class;
	return elf_find_library_names(
		slice_sub(file->bytes, after, end - after), &file->dlopen_names, err);
}

int elf_search_library_names(struct elf_file *file, struct error *err)
{
	for (size_t i = 0; i < file->segment_count; i++) {
		GElf_Phdr segment;
		if (elf_get_segment(file, i, &segment, err) < 0)
			return err->class;
		if (segment.p_type == PT_LOAD && !(segment.p_flags & PF_W) &&
			search_names(file, &segment, err) < 0)
			return err->class;
	}
	return 0;
}
