/* SPDX-License-Identifier: Apache-2.0 */
#include <elf.h>
#include <gelf.h>
#include <libelf.h>

#include "base/checked.h"
#include "base/encode.h"
#include "base/limits.h"
#include "builder/package/elf_private.h"

#define NOTE_DLOPEN 0x407c0c0a /* UAPI group specification 12 */

/* Everything about one file while it is read. */
struct scan {
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

static void end_elf(Elf **elf)
{
	if (*elf)
		(void)elf_end(*elf); /* a count of references */
	*elf = NULL;
}

static int library_error(const char *what, struct error *err)
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

static int set_machine(struct scan *scan, unsigned machine, bool ours, struct error *err)
{
	if (ours && machine == EM_X86_64)
		scan->info->machine = "x86_64";
	else if (ours && machine == EM_AARCH64)
		scan->info->machine = "aarch64";
	else
		scan->info->machine = arena_printf(scan->arena, "em-%u", machine);
	return scan->info->machine ? 0 : error_set_memory(err);
}

/* e_type and e_machine are at the same place in all classes. */
static int read_identity(struct scan *scan, bool *ret_ours, struct error *err)
{
	const uint8_t *bytes = (const uint8_t *)scan->bytes.data;
	if (!elf_is(scan->bytes) || scan->bytes.len < sizeof(Elf32_Ehdr))
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
	if (set_kind(scan->info, type, err) < 0)
		return err->class;
	return set_machine(scan, machine, *ret_ours, err);
}

/* The two tables must lie in the file, with entries of the sizes we know. */
static int check_tables(struct scan *scan, struct error *err)
{
	Elf64_Ehdr header;
	if (scan->bytes.len < sizeof(header))
		return error_set(err, ERR_INPUT, "ELF: header is cut short");
	memcpy(&header, scan->bytes.data, sizeof(header));
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
			!range_fits(scan->bytes, header.e_phoff,
				(uint64_t)header.e_phnum * sizeof(Elf64_Phdr))))
		return error_set(
			err, ERR_INPUT, "ELF: program headers outside of the file");
	if (header.e_shnum > 0 &&
		(header.e_shentsize != sizeof(Elf64_Shdr) ||
			!range_fits(scan->bytes, header.e_shoff,
				(uint64_t)header.e_shnum * sizeof(Elf64_Shdr))))
		return error_set(
			err, ERR_INPUT, "ELF: section headers outside of the file");
	scan->segment_count = header.e_phnum;
	scan->section_count = header.e_shnum;
	return 0;
}

static int get_segment(struct scan *scan, size_t i, GElf_Phdr *ret, struct error *err)
{
	if (!gelf_getphdr(scan->elf, (int)i, ret)) /* at most 65534 */
		return library_error("program header", err);
	return 0;
}

static int get_section(struct scan *scan, size_t i, GElf_Shdr *ret, struct error *err)
{
	Elf_Scn *section = elf_getscn(scan->elf, i);
	if (!section || !gelf_getshdr(section, ret))
		return library_error("section header", err);
	return 0;
}

static int check_ranges(struct scan *scan, struct error *err)
{
	for (size_t i = 0; i < scan->segment_count; i++) {
		GElf_Phdr segment;
		if (get_segment(scan, i, &segment, err) < 0)
			return err->class;
		if (!range_fits(scan->bytes, segment.p_offset, segment.p_filesz) ||
			(segment.p_type == PT_LOAD && segment.p_filesz > segment.p_memsz))
			return error_set(err, ERR_INPUT,
				"ELF: segment %zu is not inside the file", i);
	}
	for (size_t i = 1; i < scan->section_count; i++) {
		GElf_Shdr section;
		if (get_section(scan, i, &section, err) < 0)
			return err->class;
		bool empty = section.sh_type == SHT_NOBITS || section.sh_type == SHT_NULL;
		if (!empty &&
			!range_fits(scan->bytes, section.sh_offset, section.sh_size))
			return error_set(err, ERR_INPUT,
				"ELF: section %zu is not inside the file", i);
		if (section.sh_link >= scan->section_count)
			return error_set(
				err, ERR_INPUT, "ELF: section %zu has a link to none", i);
	}
	return 0;
}

/* ---- strings ---- */

static int string_at(
	struct slice table, uint64_t offset, struct slice *ret_text, struct error *err)
{
	const char *end = NULL;
	if (offset < table.len)
		end = memchr(table.data + offset, 0, table.len - (size_t)offset);
	if (!end)
		return error_set(err, ERR_INPUT, "ELF: string outside of its table");
	*ret_text =
		slice_from(table.data + offset, (size_t)(end - (table.data + offset)));
	return 0;
}

static int text_at(
	struct scan *scan, uint64_t offset, struct slice *ret_text, struct error *err)
{
	if (string_at(scan->dynstr, offset, ret_text, err) < 0)
		return err->class;
	if (ret_text->len > LIMIT_PATH_BYTES || !slice_is_printable(*ret_text) ||
		!slice_is_utf8(*ret_text))
		return error_set(
			err, ERR_INPUT, "ELF: name is too long or not printable");
	return 0;
}

/* ---- segments ---- */

static int read_interpreter(
	struct scan *scan, const GElf_Phdr *segment, struct error *err)
{
	struct slice text = slice_sub(scan->bytes, segment->p_offset, segment->p_filesz);
	if (text.len == 0)
		return 0; /* a file that only keeps debugging information */
	if (scan->interpreter.len > 0)
		return error_set(err, ERR_INPUT, "ELF: two interpreters");
	scan->interpreter = text;
	if (string_at(text, 0, &text, err) < 0)
		return err->class;
	if (text.len == 0 || text.len > LIMIT_PATH_BYTES || !slice_is_printable(text))
		return error_set(err, ERR_INPUT, "ELF: malformed interpreter");
	scan->info->interpreter = arena_strndup(scan->arena, text);
	return scan->info->interpreter ? 0 : error_set_memory(err);
}

static void read_properties(struct elf_info *info, struct slice rest)
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

static int read_build_id(struct scan *scan, struct slice id, struct error *err)
{
	char text[2 * 64 + 1];
	if (id.len == 0 || id.len > 64)
		return error_set(err, ERR_INPUT, "ELF: build id of %zu bytes", id.len);
	hex_encode((const uint8_t *)id.data, id.len, text);
	scan->info->build_id = arena_strdup(scan->arena, text);
	return scan->info->build_id ? 0 : error_set_memory(err);
}

static int read_note(struct scan *scan, const GElf_Nhdr *note, struct slice name,
	struct slice text, struct error *err)
{
	if (slice_equal(name, SLICE("GNU\0"))) {
		if (note->n_type == NT_GNU_PROPERTY_TYPE_0)
			read_properties(scan->info, text);
		else if (note->n_type == NT_GNU_BUILD_ID)
			return read_build_id(scan, text, err);
	} else if (slice_equal(name, SLICE("FDO\0")) && note->n_type == NOTE_DLOPEN) {
		return elf_read_dlopen_note(text, &scan->dlopen_names, err);
	}
	return 0;
}

static int read_notes(struct scan *scan, const GElf_Phdr *segment, struct error *err)
{
	if (segment->p_filesz == 0)
		return 0; /* a file that only keeps debugging information */
	Elf_Type type = segment->p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR;
	Elf_Data *data = elf_getdata_rawchunk(scan->elf, (int64_t)segment->p_offset,
		(size_t)segment->p_filesz, type); /* both inside the file */
	if (!data)
		return library_error("notes", err);
	struct slice bytes = slice_from(data->d_buf, data->d_size);
	size_t at = 0, name_at, descriptor_at;
	GElf_Nhdr note;
	while (at < data->d_size &&
		(at = gelf_getnote(data, at, &note, &name_at, &descriptor_at)) > 0) {
		struct slice name = slice_sub(bytes, name_at, note.n_namesz);
		struct slice text = slice_sub(bytes, descriptor_at, note.n_descsz);
		if (name.len != note.n_namesz || text.len != note.n_descsz)
			return error_set(err, ERR_INPUT, "ELF: note is cut short");
		if (read_note(scan, &note, name, text, err) < 0)
			return err->class;
	}
	return 0;
}

static int read_segments(struct scan *scan, struct error *err)
{
	struct elf_info *info = scan->info;
	info->no_rwx_segment = true;
	for (size_t i = 0; i < scan->segment_count; i++) {
		GElf_Phdr segment;
		int result = 0;
		if (get_segment(scan, i, &segment, err) < 0)
			return err->class;
		switch (segment.p_type) {
		case PT_LOAD:
			if ((segment.p_flags & PF_W) && (segment.p_flags & PF_X))
				info->no_rwx_segment = false;
			break;
		case PT_INTERP:
			result = read_interpreter(scan, &segment, err);
			break;
		case PT_NOTE:
			result = read_notes(scan, &segment, err);
			break;
		case PT_GNU_STACK:
			info->nx_stack = !(segment.p_flags & PF_X);
			break;
		case PT_GNU_RELRO:
			info->relro = true;
			break;
		default:
			break;
		}
		if (result < 0)
			return result;
	}
	return 0;
}

/* Where the loader finds address in the file, and how many bytes follow there. */
static bool find_address(struct scan *scan, uint64_t address, uint64_t *ret_offset,
	uint64_t *ret_room, struct error *err)
{
	for (size_t i = 0; i < scan->segment_count; i++) {
		GElf_Phdr segment;
		if (get_segment(scan, i, &segment, err) < 0)
			return false;
		if (segment.p_type != PT_LOAD || address < segment.p_vaddr ||
			address - segment.p_vaddr >= segment.p_filesz)
			continue;
		*ret_offset = segment.p_offset + (address - segment.p_vaddr);
		*ret_room = segment.p_filesz - (address - segment.p_vaddr);
		return true;
	}
	return false;
}

/* ---- the dynamic section ---- */

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

static int set_dynstr(struct scan *scan, const struct dynamic *dynamic, struct error *err)
{
	uint64_t room;
	if (!dynamic->has_strtab || !dynamic->has_strsz)
		return error_set(err, ERR_INPUT, "ELF: dynamic section without strings");
	if (!find_address(scan, dynamic->strtab, &scan->dynstr_offset, &room, err) ||
		dynamic->strsz > room)
		return error_set(
			err, ERR_INPUT, "ELF: dynamic strings are not in the file");
	scan->dynstr = slice_sub(scan->bytes, (size_t)scan->dynstr_offset,
		(size_t)dynamic->strsz); /* find_address and room: inside the file */
	return 0;
}

static int set_text(struct scan *scan, bool has, uint64_t offset, const char **ret_text,
	struct error *err)
{
	struct slice text;
	if (!has)
		return 0;
	if (text_at(scan, offset, &text, err) < 0)
		return err->class;
	*ret_text = arena_strndup(scan->arena, text);
	return *ret_text ? 0 : error_set_memory(err);
}

static int set_dynamic(
	struct scan *scan, const struct dynamic *dynamic, struct error *err)
{
	struct elf_info *info = scan->info;
	info->bind_now = dynamic->bind_now || (dynamic->flags & DF_BIND_NOW) ||
			 (dynamic->flags_1 & DF_1_NOW);
	info->no_text_relocations = !dynamic->textrel && !(dynamic->flags & DF_TEXTREL);
	scan->flag_pie = dynamic->flags_1 & DF_1_PIE;
	if (set_text(scan, dynamic->has_soname, dynamic->soname, &info->soname, err) <
			0 ||
		set_text(scan, dynamic->has_rpath, dynamic->rpath, &info->rpath, err) < 0)
		return err->class;
	return set_text(
		scan, dynamic->has_runpath, dynamic->runpath, &info->runpath, err);
}

static int add_needed(struct scan *scan, Elf_Data *data, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		GElf_Dyn entry;
		struct slice name;
		if (!gelf_getdyn(data, (int)i, &entry)) /* count fits, see read_dynamic */
			return library_error("dynamic section", err);
		if (entry.d_tag == DT_NULL)
			break;
		if (entry.d_tag != DT_NEEDED)
			continue;
		if (text_at(scan, entry.d_un.d_val, &name, err) < 0)
			return err->class;
		if (name.len == 0)
			return error_set(
				err, ERR_INPUT, "ELF: needs a library without name");
		if (elf_names_add(&scan->needed, name, false, err) < 0)
			return err->class;
	}
	return 0;
}

static int read_symbols_of_loader(
	struct scan *scan, const struct dynamic *dynamic, struct error *err);

static int read_dynamic(struct scan *scan, const GElf_Phdr *segment, struct error *err)
{
	struct dynamic dynamic = {0};
	size_t count = segment->p_filesz / sizeof(Elf64_Dyn);
	if (segment->p_filesz == 0)
		return 0; /* a file that only keeps debugging information */
	if (count > 65536 || scan->dynamic)
		return error_set(
			err, ERR_INPUT, "ELF: dynamic section is too large or twice");
	scan->dynamic = true;
	Elf_Data *data = elf_getdata_rawchunk(scan->elf, (int64_t)segment->p_offset,
		count * sizeof(Elf64_Dyn), ELF_T_DYN);
	if (count == 0 || !data)
		return library_error("dynamic section", err);
	for (size_t i = 0; i < count; i++) {
		GElf_Dyn entry;
		if (!gelf_getdyn(data, (int)i, &entry)) /* at most 65536 */
			return library_error("dynamic section", err);
		if (entry.d_tag == DT_NULL)
			break;
		if (note_tag(&dynamic, &entry, err) < 0)
			return err->class;
	}
	if (set_dynstr(scan, &dynamic, err) < 0 || set_dynamic(scan, &dynamic, err) < 0 ||
		add_needed(scan, data, count, err) < 0)
		return err->class;
	return read_symbols_of_loader(scan, &dynamic, err);
}

/* ---- symbols ---- */

static void note_symbol(struct scan *scan, struct slice name, bool imported, bool dynamic)
{
	struct elf_info *info = scan->info;
	if (elf_name_is_stack_protector(name))
		info->stack_protector = true;
	if (!imported || !dynamic)
		return;
	if (slice_equal_str(name, "dlopen") || slice_equal_str(name, "dlmopen"))
		info->imports_dlopen = true;
	info->fortified += elf_name_is_fortified(name);
	info->fortifiable += elf_name_is_fortifiable(name);
}

static int read_symbols(struct scan *scan, uint64_t offset, uint64_t size,
	struct slice strings, bool dynamic, struct error *err)
{
	size_t count = (size_t)(size / sizeof(Elf64_Sym)); /* inside the file: fits */
	if (count > INT32_MAX)
		return error_set(err, ERR_INPUT, "ELF: too many symbols");
	if (count < 2) /* the first means none */
		return 0;
	Elf_Data *data = elf_getdata_rawchunk(
		scan->elf, (int64_t)offset, count * sizeof(Elf64_Sym), ELF_T_SYM);
	if (!data)
		return library_error("symbols", err);
	scan->symbols_seen = true;
	for (size_t i = 1; i < count; i++) {
		GElf_Sym symbol;
		struct slice name;
		if (!gelf_getsym(data, (int)i, &symbol)) /* tested above */
			return library_error("symbols", err);
		if (symbol.st_name == 0)
			continue;
		if (string_at(strings, symbol.st_name, &name, err) < 0)
			return err->class;
		note_symbol(scan, name, symbol.st_shndx == SHN_UNDEF, dynamic);
	}
	return 0;
}

/*
 * The dynamic symbols as the loader finds them. Their number is written nowhere but in
 * the hash tables; all linkers put the strings right behind them, and .dynsym tells, too.
 * We take what lies between, or the section where that has the same start.
 */
static int read_symbols_of_loader(
	struct scan *scan, const struct dynamic *dynamic, struct error *err)
{
	uint64_t offset, room, size = 0;
	if (!dynamic->has_symtab)
		return 0;
	if (!find_address(scan, dynamic->symtab, &offset, &room, err))
		return error_set(
			err, ERR_INPUT, "ELF: dynamic symbols are not in the file");
	for (size_t i = 1; i < scan->section_count; i++) {
		GElf_Shdr section;
		if (get_section(scan, i, &section, err) < 0)
			return err->class;
		if (section.sh_type == SHT_DYNSYM && section.sh_offset == offset)
			size = section.sh_size;
	}
	if (size == 0 && scan->dynstr_offset > offset)
		size = scan->dynstr_offset - offset;
	if (size > room)
		return error_set(
			err, ERR_INPUT, "ELF: dynamic symbols are not in the file");
	return read_symbols(scan, offset, size, scan->dynstr, true, err);
}

static bool is_debug_name(struct slice name)
{
	return slice_starts_with(name, SLICE(".debug")) ||
	       slice_starts_with(name, SLICE(".zdebug"));
}

static int section_bytes(
	struct scan *scan, size_t i, struct slice *ret_bytes, struct error *err)
{
	GElf_Shdr section;
	if (get_section(scan, i, &section, err) < 0)
		return err->class;
	*ret_bytes = SLICE_EMPTY;
	if (section.sh_type != SHT_NOBITS && section.sh_type != SHT_NULL)
		*ret_bytes = slice_sub(
			scan->bytes, (size_t)section.sh_offset, (size_t)section.sh_size);
	return 0;
}

static int read_sections(struct scan *scan, struct error *err)
{
	Elf64_Ehdr header;
	struct slice names, strings, name;
	scan->info->stripped = true;
	if (scan->section_count == 0)
		return 0;
	memcpy(&header, scan->bytes.data, sizeof(header)); /* check_tables: it is there */
	if (section_bytes(scan, header.e_shstrndx, &names, err) < 0)
		return err->class;
	for (size_t i = 1; i < scan->section_count; i++) {
		GElf_Shdr section;
		if (get_section(scan, i, &section, err) < 0)
			return err->class;
		if (header.e_shstrndx != SHN_UNDEF) {
			if (string_at(names, section.sh_name, &name, err) < 0)
				return err->class;
			scan->info->has_debug |= is_debug_name(name);
		}
		if (section.sh_type != SHT_SYMTAB)
			continue;
		scan->info->stripped = false;
		if (section_bytes(scan, section.sh_link, &strings, err) < 0 ||
			read_symbols(scan, section.sh_offset, section.sh_size, strings,
				false, err) < 0)
			return err->class;
	}
	return 0;
}

/* ---- what only the bytes tell ---- */

/* mov/sub/xor/cmp with %fs:0x28, 64 bit: 64 48|4c OP modrm 25 28 00 00 00 */
static bool loads_canary(struct slice code)
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

static int search_canary(struct scan *scan, struct error *err)
{
	bool x86 = strcmp(scan->info->machine, "x86_64") == 0;
	for (size_t i = 0; x86 && i < scan->segment_count; i++) {
		GElf_Phdr segment;
		if (get_segment(scan, i, &segment, err) < 0)
			return err->class;
		if (segment.p_type == PT_LOAD && (segment.p_flags & PF_X) &&
			loads_canary(slice_sub(scan->bytes, (size_t)segment.p_offset,
				(size_t)segment.p_filesz)))
			scan->info->stack_protector = true;
	}
	scan->info->stack_protector_unknown = !scan->info->stack_protector;
	return 0;
}

/* The strings of the loader itself (needed libraries, versions) are no hint. */
static int search_names(struct scan *scan, const GElf_Phdr *segment, struct error *err)
{
	size_t start = (size_t)segment->p_offset, end = start + (size_t)segment->p_filesz;
	size_t skip = (size_t)scan->dynstr_offset, after = skip + scan->dynstr.len;
	if (scan->dynstr.len == 0 || skip < start || after > end)
		return elf_find_library_names(slice_sub(scan->bytes, start, end - start),
			&scan->dlopen_names, err);
	if (elf_find_library_names(slice_sub(scan->bytes, start, skip - start),
		    &scan->dlopen_names, err) < 0)
		return err->class;
	return elf_find_library_names(
		slice_sub(scan->bytes, after, end - after), &scan->dlopen_names, err);
}

static int search_library_names(struct scan *scan, struct error *err)
{
	for (size_t i = 0; i < scan->segment_count; i++) {
		GElf_Phdr segment;
		if (get_segment(scan, i, &segment, err) < 0)
			return err->class;
		if (segment.p_type == PT_LOAD && !(segment.p_flags & PF_W) &&
			search_names(scan, &segment, err) < 0)
			return err->class;
	}
	return 0;
}

/* ---- all together ---- */

static int read_loadable(struct scan *scan, struct error *err)
{
	struct elf_info *info = scan->info;
	info->no_text_relocations = true;
	if (read_segments(scan, err) < 0)
		return err->class;
	for (size_t i = 0; i < scan->segment_count; i++) {
		GElf_Phdr segment;
		if (get_segment(scan, i, &segment, err) < 0)
			return err->class;
		if (segment.p_type == PT_DYNAMIC && read_dynamic(scan, &segment, err) < 0)
			return err->class;
	}
	if (!scan->dynamic)
		info->bind_now = true;
	if (info->kind == ELF_KIND_SHARED &&
		(scan->flag_pie || (info->interpreter[0] && !info->soname[0]))) {
		info->pie = true;
		info->kind = ELF_KIND_EXECUTABLE;
	}
	info->is_static = info->kind == ELF_KIND_EXECUTABLE && !info->interpreter[0] &&
			  scan->needed.count == 0;
	return 0;
}

static int read_all(struct scan *scan, struct error *err)
{
	struct elf_info *info = scan->info;
	bool loadable =
		info->kind == ELF_KIND_EXECUTABLE || info->kind == ELF_KIND_SHARED;
	if (check_ranges(scan, err) < 0 || (loadable && read_loadable(scan, err) < 0) ||
		read_sections(scan, err) < 0)
		return err->class;
	if (loadable && info->is_static && info->stripped && !info->stack_protector &&
		search_canary(scan, err) < 0)
		return err->class;
	if (info->imports_dlopen && search_library_names(scan, err) < 0)
		return err->class;
	info->needed = scan->needed.items;
	info->needed_count = scan->needed.count;
	info->dlopen_names = scan->dlopen_names.items;
	info->dlopen_count = scan->dlopen_names.count;
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
	struct scan scan = {.bytes = bytes,
		.arena = arena,
		.info = &info,
		.needed.arena = arena,
		.dlopen_names.arena = arena};
	bool ours = false;
	if (read_identity(&scan, &ours, err) < 0)
		return err->class;
	if (ours) {
		if (check_tables(&scan, err) < 0)
			return err->class;
		(void)elf_version(EV_CURRENT); /* there is no other */
		/* libelf only reads from it, but has no const */
		CLEANUP(end_elf)
		Elf *elf = elf_memory((char *)(uintptr_t)bytes.data, bytes.len);
		scan.elf = elf;
		if (!elf || elf_kind(elf) != ELF_K_ELF)
			return library_error("not readable", err);
		if (read_all(&scan, err) < 0)
			return err->class;
	}
	*ret_info = info;
	return 0;
}
