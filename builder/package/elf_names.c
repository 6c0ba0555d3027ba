/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "base/json.h"
#include "base/limits.h"
#include "builder/package/elf_private.h"

/* Functions that glibc 2.36 has a __NAME_chk of; sorted. */
static const char *const FORTIFIABLE[] = {"asprintf", "confstr", "dprintf",
	"explicit_bzero", "fgets", "fgets_unlocked", "fgetws", "fprintf", "fread",
	"fread_unlocked", "fwprintf", "getcwd", "getdomainname", "getgroups",
	"gethostname", "getlogin_r", "gets", "getwd", "mbsnrtowcs", "mbsrtowcs",
	"mbstowcs", "memcpy", "memmove", "mempcpy", "memset", "obstack_printf",
	"obstack_vprintf", "poll", "ppoll", "pread", "pread64", "printf", "ptsname_r",
	"read", "readlink", "readlinkat", "realpath", "recv", "recvfrom", "snprintf",
	"sprintf", "stpcpy", "stpncpy", "strcat", "strcpy", "strncat", "strncpy",
	"swprintf", "syslog", "ttyname_r", "vasprintf", "vdprintf", "vfprintf",
	"vfwprintf", "vprintf", "vsnprintf", "vsprintf", "vswprintf", "vsyslog",
	"vwprintf", "wcpcpy", "wcpncpy", "wcrtomb", "wcscat", "wcscpy", "wcsncat",
	"wcsncpy", "wcsnrtombs", "wcsrtombs", "wcstombs", "wctomb", "wmemcpy", "wmemmove",
	"wmempcpy", "wmemset", "wprintf"};

static int name_order(const void *key, const void *item)
{
	const struct slice *name = key;
	const char *const *text = item;
	return slice_compare(*name, slice_str(*text));
}

bool elf_name_is_fortifiable(struct slice name)
{
	return bsearch(&name, FORTIFIABLE, ARRAY_LEN(FORTIFIABLE), sizeof(FORTIFIABLE[0]),
		       name_order) != NULL;
}

bool elf_name_is_fortified(struct slice name)
{
	if (slice_equal_str(name, "____longjmp_chk") ||
		slice_equal_str(name, "__fdelt_chk"))
		return true;
	if (!slice_starts_with(name, SLICE("__")) ||
		!slice_ends_with(name, SLICE("_chk")) || name.len <= 6)
		return false;
	return elf_name_is_fortifiable(slice_sub(name, 2, name.len - 6));
}

bool elf_name_is_stack_protector(struct slice name)
{
	return slice_equal_str(name, "__stack_chk_fail") ||
	       slice_equal_str(name, "__stack_chk_fail_local") ||
	       slice_equal_str(name, "__stack_chk_guard");
}

int elf_names_add(
	struct elf_names *names, struct slice name, bool unique, struct error *err)
{
	for (size_t i = 0; unique && i < names->count; i++)
		if (slice_equal_str(name, names->items[i]))
			return 0;
	if (names->count >= LIMIT_ELF_NEEDED)
		return error_set(err, ERR_INPUT, "ELF: more than %d names of libraries",
			LIMIT_ELF_NEEDED);
	char *text = arena_strndup(names->arena, name);
	const char **item =
		text ? arena_append(names->arena, &names->items, &names->count,
			       &names->capacity, sizeof(*names->items))
		     : NULL;
	if (!item)
		return error_set_memory(err);
	*item = text;
	return 0;
}

/* ---- strings ---- */

static bool is_name_byte(char byte)
{
	unsigned char c = (unsigned char)byte;
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c != 0 && strchr("._+-/%$@{}", c));
}

/* ".so" at the end, or followed by numbers: "libx.so.1.2", "lib%s.so", "x.so.%d" */
static bool is_library_name(struct slice text)
{
	size_t at = slice_find(text, SLICE(".so"));
	if (at == SIZE_MAX || at == 0 || text.len > LIMIT_NAME_BYTES)
		return false;
	struct slice rest = slice_sub(text, at + 3, text.len);
	if (rest.len > 0 && rest.data[0] != '.')
		return false;
	for (size_t i = 0; i < rest.len; i++)
		if (!strchr(".0123456789%dus", rest.data[i]))
			return false;
	return rest.len != 1;
}

int elf_find_library_names(struct slice bytes, struct elf_names *names, struct error *err)
{
	struct slice rest = bytes;
	size_t at;
	/* From one ".so" to the next: looking at every string would take long. */
	while ((at = slice_find(rest, SLICE(".so"))) != SIZE_MAX) {
		size_t start = at, end = at;
		while (start > 0 && at - start < LIMIT_NAME_BYTES &&
			is_name_byte(rest.data[start - 1]))
			start--;
		while (end < rest.len && end - at < LIMIT_NAME_BYTES &&
			is_name_byte(rest.data[end]))
			end++;
		struct slice text = slice_sub(rest, start, end - start);
		bool whole = end < rest.len && rest.data[end] == '\0' &&
			     (start == 0 || rest.data[start - 1] == '\0');
		if (whole && is_library_name(text) &&
			elf_names_add(names, text, true, err) < 0)
			return err->class;
		rest = slice_sub(rest, end, rest.len);
	}
	return 0;
}

/* ---- .note.dlopen ---- */

static int add_sonames(const json_t *entry, struct elf_names *names, struct error *err)
{
	json_t *sonames;
	if (json_get_array(entry, "soname", ".note.dlopen", 64, &sonames, err) < 0)
		return err->class;
	for (size_t i = 0; i < json_array_size(sonames); i++) {
		const char *text = json_string_value(json_array_get(sonames, i));
		struct slice name = slice_str(text);
		if (name.len == 0 || name.len > LIMIT_NAME_BYTES ||
			!slice_is_printable(name))
			return error_set(
				err, ERR_INPUT, ".note.dlopen: malformed soname");
		/* the loader takes the first that is there, so any may be needed */
		if (elf_names_add(names, name, true, err) < 0)
			return err->class;
	}
	return 0;
}

int elf_read_dlopen_note(struct slice text, struct elf_names *names, struct error *err)
{
	cleanup_json json_t *json = NULL;
	const json_t *entry;
	size_t i;
	while (text.len > 0 && text.data[text.len - 1] == '\0')
		text.len--;
	if (text.len > 64 * KIB)
		return error_set(err, ERR_INPUT, ".note.dlopen: too large");
	if (json_load_slice(text, ".note.dlopen", &json, err) < 0)
		return err->class;
	if (!json_is_array(json))
		return error_set(err, ERR_INPUT, ".note.dlopen: not an array");
	json_array_foreach (json, i, entry)
		if (add_sonames(entry, names, err) < 0)
			return err->class;
	return 0;
}
