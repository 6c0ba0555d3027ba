/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/package/elf_file_private.h"

/* Tags of which there may be one, and whose value is wanted. */
struct dynamic {
	bool has_strtab, has_strsz, has_symtab, has_soname, has_rpath, has_runpath;
	uint64_t strtab, strsz, symtab, soname, rpath, runpath;
	uint64_t flags, flags_1;
	bool bind_now, textrel;
};

static int set_once(
	bool *has, uint64_t *value, uint64_t given, const char *tag, struct error *err)
{
	if (*has)
		return error_set(
			err, ERR_INPUT, "ELF: two %s in the dynamic section", tag);
	*has = true;
	*value = given;
	return 0;
}

static int note_tag(struct dynamic *dynamic, const GElf_Dyn *entry, struct error *err)
{
	uint64_t value = entry->d_un.d_val;
	switch (entry->d_tag) {
	case DT_STRTAB:
		return set_once(
			&dynamic->has_strtab, &dynamic->strtab, value, "DT_STRTAB", err);
	case DT_STRSZ:
		return set_once(
			&dynamic->has_strsz, &dynamic->strsz, value, "DT_STRSZ", err);
	case DT_SYMTAB:
		return set_once(
			&dynamic->has_symtab, &dynamic->symtab, value, "DT_SYMTAB", err);
	case DT_SONAME:
		return set_once(
			&dynamic->has_soname, &dynamic->soname, value, "DT_SONAME", err);
	case DT_RPATH:
		return set_once(
			&dynamic->has_rpath, &dynamic->rpath, value, "DT_RPATH", err);
	case DT_RUNPATH:
		return set_once(&dynamic->has_runpath, &dynamic->runpath, value,
			"DT_RUNPATH", err);
	case DT_FLAGS:
		dynamic->flags |= value;
		return 0;
	case DT_FLAGS_1:
		dynamic->flags_1 |= value;
		return 0;
	case DT_BIND_NOW:
		dynamic->bind_now = true;
		return 0;
	case DT_TEXTREL:
		dynamic->textrel = true;
		return 0;
	default:
		return 0;
	}
}

static int set_dynstr(
	struct elf_file *file, const struct dynamic *dynamic, struct error *err)
{
	uint64_t room;
	if (!dynamic->has_strtab || !dynamic->has_strsz)
		return error_set(err, ERR_INPUT, "ELF: dynamic section without strings");
	if (!elf_find_address(file, dynamic->strtab, &file->dynstr_offset, &room, err) ||
		dynamic->strsz > room)
		return error_set(
			err, ERR_INPUT, "ELF: dynamic strings are not in the file");
	file->dynstr = slice_sub(file->bytes, (size_t)file->dynstr_offset,
		(size_t)dynamic->strsz); /* find_address and room: inside the file */
	return 0;
}

static int set_text(struct elf_file *file, bool has, uint64_t offset,
	const char **ret_text, struct error *err)
{
	struct slice text;
	if (!has)
		return 0;
	if (elf_text_at(file, offset, &text, err) < 0)
		return err->class;
	*ret_text = arena_strndup(file->arena, text);
	return *ret_text ? 0 : error_set_memory(err);
}

static int set_dynamic(
	struct elf_file *file, const struct dynamic *dynamic, struct error *err)
{
	struct elf_info *info = file->info;
	info->bind_now = dynamic->bind_now || (dynamic->flags & DF_BIND_NOW) ||
			 (dynamic->flags_1 & DF_1_NOW);
	info->no_text_relocations = !dynamic->textrel && !(dynamic->flags & DF_TEXTREL);
	file->flag_pie = dynamic->flags_1 & DF_1_PIE;
	if (set_text(file, dynamic->has_soname, dynamic->soname, &info->soname, err) <
			0 ||
		set_text(file, dynamic->has_rpath, dynamic->rpath, &info->rpath, err) < 0)
		return err->class;
	return set_text(
		file, dynamic->has_runpath, dynamic->runpath, &info->runpath, err);
}

static int add_needed(
	struct elf_file *file, Elf_Data *data, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		GElf_Dyn entry;
		struct slice name;
		if (!gelf_getdyn(data, (int)i, &entry)) /* count fits, see read_dynamic */
			return elf_library_error("dynamic section", err);
		if (entry.d_tag == DT_NULL)
			break;
		if (entry.d_tag != DT_NEEDED)
			continue;
		if (elf_text_at(file, entry.d_un.d_val, &name, err) < 0)
			return err->class;
		if (name.len == 0)
			return error_set(
				err, ERR_INPUT, "ELF: needs a library without name");
		if (elf_names_add(&file->needed, name, false, err) < 0)
			return err->class;
	}
	return 0;
}

int elf_read_dynamic(struct elf_file *file, const GElf_Phdr *segment, struct error *err)
{
	struct dynamic dynamic = {0};
	size_t count = segment->p_filesz / sizeof(Elf64_Dyn);
	if (segment->p_filesz == 0)
		return 0; /* a file that only keeps debugging information */
	if (count > 65536 || file->dynamic)
		return error_set(
			err, ERR_INPUT, "ELF: dynamic section is too large or twice");
	file->dynamic = true;
	Elf_Data *data = elf_getdata_rawchunk(file->elf, (int64_t)segment->p_offset,
		count * sizeof(Elf64_Dyn), ELF_T_DYN);
	if (count == 0 || !data)
		return elf_library_error("dynamic section", err);
	for (size_t i = 0; i < count; i++) {
		GElf_Dyn entry;
		if (!gelf_getdyn(data, (int)i, &entry)) /* at most 65536 */
			return elf_library_error("dynamic section", err);
		if (entry.d_tag == DT_NULL)
			break;
		if (note_tag(&dynamic, &entry, err) < 0)
			return err->class;
	}
	if (set_dynstr(file, &dynamic, err) < 0 || set_dynamic(file, &dynamic, err) < 0 ||
		add_needed(file, data, count, err) < 0)
		return err->class;
	return dynamic.has_symtab ? elf_read_loader_symbols(file, dynamic.symtab, err)
				  : 0;
}
