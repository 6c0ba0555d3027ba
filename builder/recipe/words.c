/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/words.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static const char *skip_blanks_and_comments(const char *p)
{
	while (is_blank(*p) || *p == '#') {
		if (*p == '#')
			p += strcspn(p, "\n");
		else
			p++;
	}
	return p;
}

/* After the opening quote at *p; leaves *p behind the closing one. */
static int read_quoted(const char **p, char **out, struct error *err)
{
	char quote = *(*p)++;
	while (**p && **p != quote) {
		if (**p == '\\' && quote == '"' && !*++*p)
			break;
		*(*out)++ = *(*p)++;
	}
	if (!**p)
		return error_set(err, ERR_INPUT, "quote %c is not closed", quote);
	(*p)++;
	return 0;
}

/* out has room for the rest of the text. */
static int read_word(const char **p, char *out, struct error *err)
{
	while (**p && !is_blank(**p)) {
		if (**p == '\'' || **p == '"') {
			if (read_quoted(p, &out, err) < 0)
				return err->class;
			continue;
		}
		if (**p == '\\' && !*++*p)
			return error_set(err, ERR_INPUT, "backslash at the end");
		*out++ = *(*p)++;
	}
	*out = '\0';
	return 0;
}

int words_split(const char *text, struct arena *arena, struct recipe_list *ret_words,
	struct error *err)
{
	struct recipe_list words = {0};
	size_t capacity = 0;
	char *copy = arena_alloc(arena, 2 * strlen(text) + 2), *out = copy;
	if (!copy)
		return error_set_memory(err);
	for (const char *p = skip_blanks_and_comments(text); *p;
		p = skip_blanks_and_comments(p)) {
		const char **word = arena_append(
			arena, &words.items, &words.count, &capacity, sizeof(*word));
		if (!word)
			return error_set_memory(err);
		if (read_word(&p, out, err) < 0)
			return err->class;
		*word = out;
		out += strlen(out) + 1;
	}
	*ret_words = words;
	return 0;
}
