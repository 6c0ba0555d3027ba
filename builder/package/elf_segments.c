/* SPDX-License-Identifier: Apache-2.0 */
#include "base/encode.h"
#include "base/limits.h"
#include "builder/package/elf_file_private.h"

#define NOTE_DLOPEN 0x407c0c0a /* UAPI group specification 12 */

/* ---- strings ---- */

int elf_string_at(
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

int elf_text_at(
	struct elf_file *file, uint64_t offset, struct slice *ret_text, struct error *err)
{
	if (elf_string_at(file->dynstr, offset, ret_text, err) < 0)
		return err->class;
	if (ret_text->len > LIMIT_PATH_BYTES || !slice_is_printable(*ret_text) ||
		!slice_is_utf8(*ret_text))
		return error_set(
			err, ERR_INPUT, "ELF: name is too long or not printable");
	return 0;
}

/* ---- segments ---- */

static int read_interpreter(
	struct elf_file *file, const GElf_Phdr *segment, struct error *err)
{
	struct slice text = slice_sub(file->bytes, segment->p_offset, segment->p_filesz);
	if (text.len == 0)
		return 0; /* a file that only keeps debugging information */
	if (file->interpreter.len > 0)
		return error_set(err, ERR_INPUT, "ELF: two interpreters");
	file->interpreter = text;
	if (elf_string_at(text, 0, &text, err) < 0)
		return err->class;
	if (text.len == 0 || text.len > LIMIT_PATH_BYTES || !slice_is_printable(text))
		return error_set(err, ERR_INPUT, "ELF: malformed interpreter");
	file->info->interpreter = arena_strndup(file->arena, text);
	return file->info->interpreter ? 0 : error_set_memory(err);
}

static int read_build_id(struct elf_file *file, struct slice id, struct error *err)
{
	char text[2 * 64 + 1];
	if (id.len == 0 || id.len > 64)
		return error_set(err, ERR_INPUT, "ELF: build id of %zu bytes", id.len);
	hex_encode((const uint8_t *)id.data, id.len, text);
	file->info->build_id = arena_strdup(file->arena, text);
	return file->info->build_id ? 0 : error_set_memory(err);
}

static int read_note(struct elf_file *file, const GElf_Nhdr *note, struct slice name,
	struct slice text, struct error *err)
{
	if (slice_equal(name, SLICE("GNU\0"))) {
		if (note->n_type == NT_GNU_PROPERTY_TYPE_0)
			elf_read_properties(text, file->info);
		else if (note->n_type == NT_GNU_BUILD_ID)
			return read_build_id(file, text, err);
	} else if (slice_equal(name, SLICE("FDO\0")) && note->n_type == NOTE_DLOPEN) {
		return elf_read_dlopen_note(text, &file->dlopen_names, err);
	}
	return 0;
}

static int read_notes(struct elf_file *file, const GElf_Phdr *segment, struct error *err)
{
	if (segment->p_filesz == 0)
		return 0; /* a file that only keeps debugging information */
	Elf_Type type = segment->p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR;
	Elf_Data *data = elf_getdata_rawchunk(file->elf, (int64_t)segment->p_offset,
		(size_t)segment->p_filesz, type); /* both inside the file */
	if (!data)
		return elf_library_error("notes", err);
	struct slice bytes = slice_from(data->d_buf, data->d_size);
	size_t at = 0, name_at, descriptor_at;
	GElf_Nhdr note;
	while (at < data->d_size &&
		(at = gelf_getnote(data, at, &note, &name_at, &descriptor_at)) > 0) {
		struct slice name = slice_sub(bytes, name_at, note.n_namesz);
		struct slice text = slice_sub(bytes, descriptor_at, note.n_descsz);
		if (name.len != note.n_namesz || text.len != note.n_descsz)
			return error_set(err, ERR_INPUT, "ELF: note is cut short");
		if (read_note(file, &note, name, text, err) < 0)
			return err->class;
	}
	return 0;
}

int elf_read_segments(struct elf_file *file, struct error *err)
{
	struct elf_info *info = file->info;
	info->no_rwx_segment = true;
	for (size_t i = 0; i < file->segment_count; i++) {
		GElf_Phdr segment;
		int result = 0;
		if (elf_get_segment(file, i, &segment, err) < 0)
			return err->class;
		switch (segment.p_type) {
		case PT_LOAD:
			if ((segment.p_flags & PF_W) && (segment.p_flags & PF_X))
				info->no_rwx_segment = false;
			break;
		case PT_INTERP:
			result = read_interpreter(file, &segment, err);
			break;
		case PT_NOTE:
			result = read_notes(file, &segment, err);
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
bool elf_find_address(struct elf_file *file, uint64_t address, uint64_t *ret_offset,
	uint64_t *ret_room, struct error *err)
{
	for (size_t i = 0; i < file->segment_count; i++) {
		GElf_Phdr segment;
		if (elf_get_segment(file, i, &segment, err) < 0)
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
