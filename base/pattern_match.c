/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All ways through the pattern are followed at once, in order of preference, one byte of
 * text at a time (Thompson's construction with remembered groups, as Pike does it): no
 * way is tried twice at one position, so there is nothing that could blow up.
 */
#include "base/pattern_private.h"

#define SLOTS_MAX (2 * PATTERN_GROUPS_MAX)
#define NOWHERE   SIZE_MAX

struct threads {
	uint32_t *order; /* instructions, preferred first */
	size_t count;
	uint32_t *where; /* instruction → position in order; valid if they agree */
	size_t *slots;   /* per position in order: slot_count positions in the text */
};

/* What is still to be added: an instruction, or (slot != SIZE_MAX) a slot to put back. */
struct pending {
	uint32_t at;
	size_t slot, old;
};

struct machine {
	const struct pattern *pattern;
	struct slice text;
	size_t slot_count;
	struct threads now, next;
	struct pending *stack;
	size_t work, work_max;
};

static int threads_init(struct threads *threads, const struct pattern *pattern,
	size_t slot_count, struct arena *arena, struct error *err)
{
	threads->order = arena_array(arena, pattern->count, sizeof(*threads->order));
	threads->where = arena_array(arena, pattern->count, sizeof(*threads->where));
	threads->slots =
		arena_array(arena, pattern->count, slot_count * sizeof(*threads->slots));
	if (!threads->order || !threads->where || !threads->slots)
		return error_set_memory(err);
	return 0;
}

static int machine_init(struct machine *m, const struct pattern *pattern,
	struct slice text, struct arena *arena, struct error *err)
{
	*m = (struct machine){.pattern = pattern, .text = text};
	m->slot_count = 2 * pattern->group_count;
	/* Each instruction is entered once; it pushes at most two. */
	m->stack = arena_array(arena, 2 * pattern->count + 2, sizeof(*m->stack));
	if (!m->stack)
		return error_set_memory(err);
	if (threads_init(&m->now, pattern, m->slot_count, arena, err) < 0)
		return err->class;
	return threads_init(&m->next, pattern, m->slot_count, arena, err);
}

static bool threads_have(const struct threads *threads, uint32_t at)
{
	uint32_t where = threads->where[at];
	return where < threads->count && threads->order[where] == at;
}

static bool is_boundary(struct slice text, size_t position)
{
	bool before =
		position > 0 && is_word_byte((unsigned char)text.data[position - 1]);
	bool after =
		position < text.len && is_word_byte((unsigned char)text.data[position]);
	return before != after;
}

static bool assertion_holds(const struct machine *m, enum pattern_op op, size_t position)
{
	if (op == OP_BEGIN)
		return position == 0;
	if (op == OP_END)
		return position == m->text.len;
	return is_boundary(m->text, position) == (op == OP_BOUNDARY);
}

static void push(struct machine *m, size_t *depth, uint32_t at)
{
	m->stack[(*depth)++] = (struct pending){.at = at, .slot = NOWHERE};
}

/* Enters one instruction: what can be passed without a byte is followed further. */
static void enter(struct machine *m, struct threads *threads, uint32_t at,
	size_t position, size_t *slots, size_t *depth)
{
	const struct instruction *i = &m->pattern->code[at];
	threads->where[at] = (uint32_t)threads->count; /* below pattern->count */
	threads->order[threads->count] = at;
	memcpy(&threads->slots[threads->count++ * m->slot_count], slots,
		m->slot_count * sizeof(*slots));
	switch (i->op) {
	case OP_JUMP:
		push(m, depth, i->x);
		break;
	case OP_SPLIT:
		push(m, depth, i->y);
		push(m, depth, i->x);
		break;
	case OP_SAVE:
		m->stack[(*depth)++] = (struct pending){.slot = i->x, .old = slots[i->x]};
		slots[i->x] = position;
		push(m, depth, at + 1);
		break;
	case OP_BEGIN:
	case OP_END:
	case OP_BOUNDARY:
	case OP_NOT_BOUNDARY:
		if (assertion_holds(m, i->op, position))
			push(m, depth, at + 1);
		break;
	case OP_SET:
	case OP_MATCH:
		break;
	}
}

/* Adds the thread at instruction `at` and all it leads to. slots is changed and put back.
 */
static void threads_add(struct machine *m, struct threads *threads, uint32_t at,
	size_t position, size_t *slots)
{
	size_t depth = 0;
	push(m, &depth, at);
	while (depth) {
		struct pending top = m->stack[--depth];
		m->work++;
		if (top.slot != NOWHERE)
			slots[top.slot] = top.old;
		else if (!threads_have(threads, top.at))
			enter(m, threads, top.at, position, slots, &depth);
	}
}

/* One byte of text for all threads. True if one of them has matched; the less preferred
 * are dropped. */
static bool step(struct machine *m, size_t position, size_t *ret_slots)
{
	m->next.count = 0;
	for (size_t t = 0; t < m->now.count; t++) {
		const struct instruction *i = &m->pattern->code[m->now.order[t]];
		size_t *slots = &m->now.slots[t * m->slot_count];
		m->work++;
		if (i->op == OP_MATCH) {
			memcpy(ret_slots, slots, m->slot_count * sizeof(*slots));
			return true;
		}
		if (i->op == OP_SET && position < m->text.len &&
			byte_set_has(&i->set, (unsigned char)m->text.data[position]))
			threads_add(
				m, &m->next, m->now.order[t] + 1, position + 1, slots);
	}
	return false;
}

/* The leftmost, most preferred match that begins at from or later. */
static int find(
	struct machine *m, size_t from, size_t *slots, bool *ret_found, struct error *err)
{
	size_t fresh[SLOTS_MAX];
	bool found = false;
	for (size_t i = 0; i < SLOTS_MAX; i++)
		fresh[i] = NOWHERE;
	m->now.count = 0;
	for (size_t position = from; position <= m->text.len; position++) {
		struct threads swap;
		if (!found)
			threads_add(m, &m->now, 0, position, fresh);
		if (m->work > m->work_max)
			return error_set(
				err, ERR_INPUT, "regular expression takes too much work");
		if (step(m, position, slots))
			found = true;
		swap = m->now;
		m->now = m->next;
		m->next = swap;
		if (found && !m->now.count)
			break;
	}
	*ret_found = found;
	return 0;
}

static int check_subject(struct slice text, struct error *err)
{
	if (text.len > PATTERN_SUBJECT_MAX)
		return error_set(err, ERR_INPUT,
			"text of %zu bytes to match, more than the allowed %d", text.len,
			PATTERN_SUBJECT_MAX);
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.data[i] >= 0x80)
			return error_set(err, ERR_INPUT, "text to match is not ASCII");
	}
	return 0;
}

int pattern_matches(const struct pattern *pattern, struct slice text, bool *ret_matches,
	struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	size_t slots[SLOTS_MAX];
	struct machine m;
	if (check_subject(text, err) < 0 || arena_new(&arena, err) < 0 ||
		machine_init(&m, pattern, text, arena, err) < 0)
		return err->class;
	m.work_max = PATTERN_WORK_MAX;
	return find(&m, 0, slots, ret_matches, err);
}

/* ---- replacement ---- */

/* The group that name means; group_count if there is none. */
static size_t group_find(const struct pattern *pattern, struct slice name)
{
	struct error ignored = ERROR_INIT;
	uint64_t number;
	if (slice_parse_u64(name, 10, PATTERN_GROUPS_MAX, &number, &ignored) == 0)
		return number < pattern->group_count ? number : pattern->group_count;
	for (size_t i = 1; i < pattern->group_count; i++) {
		if (pattern->names[i] && slice_equal_str(name, pattern->names[i]))
			return i;
	}
	return pattern->group_count;
}

/* After a "$": takes name or {name}. */
static bool take_group_name(struct slice *s, struct slice *ret_name)
{
	struct slice rest = *s;
	bool braces = slice_starts_with(rest, SLICE("{"));
	size_t len = 0;
	if (braces)
		rest = slice_sub(rest, 1, rest.len);
	while (len < rest.len && is_word_byte((unsigned char)rest.data[len]))
		len++;
	if (!len || !slice_take(&rest, len, ret_name))
		return false;
	if (braces && !slice_starts_with(rest, SLICE("}")))
		return false;
	*s = braces ? slice_sub(rest, 1, rest.len) : rest;
	return true;
}

static int add_group(const struct machine *m, const size_t *slots, struct slice name,
	struct buffer *out, struct error *err)
{
	size_t group = group_find(m->pattern, name);
	if (group >= m->pattern->group_count || slots[2 * group] == NOWHERE ||
		slots[2 * group + 1] == NOWHERE)
		return 0;
	return buffer_add_slice(out,
		slice_sub(m->text, slots[2 * group],
			slots[2 * group + 1] - slots[2 * group]),
		err);
}

static int add_replacement(const struct machine *m, const size_t *slots,
	struct slice template, struct buffer *out, struct error *err)
{
	while (template.len) {
		struct slice plain, name;
		size_t at = slice_find(template, SLICE("$"));
		(void)slice_take(
			&template, at > template.len ? template.len : at, &plain);
		if (buffer_add_slice(out, plain, err) < 0)
			return err->class;
		if (!template.len)
			break;
		template = slice_sub(template, 1, template.len);
		if (take_group_name(&template, &name)) {
			if (add_group(m, slots, name, out, err) < 0)
				return err->class;
			continue;
		}
		if (slice_starts_with(template, SLICE("$")))
			template = slice_sub(template, 1, template.len);
		if (buffer_add_byte(out, '$', err) < 0)
			return err->class;
	}
	return 0;
}

static int replace_all(struct machine *m, struct slice replacement, struct buffer *out,
	struct error *err)
{
	size_t slots[SLOTS_MAX], copied = 0, from = 0;
	bool found, any = false;
	while (from <= m->text.len) {
		if (find(m, from, slots, &found, err) < 0)
			return err->class;
		if (!found)
			break;
		/* An empty match right behind the one before does not count. */
		if (slots[1] > slots[0] || !any || slots[0] > copied) {
			struct slice between =
				slice_sub(m->text, copied, slots[0] - copied);
			if (buffer_add_slice(out, between, err) < 0 ||
				add_replacement(m, slots, replacement, out, err) < 0)
				return err->class;
			copied = slots[1];
			any = true;
		}
		from = slots[1] > slots[0] ? slots[1] : slots[1] + 1;
	}
	return buffer_add_slice(out, slice_sub(m->text, copied, m->text.len), err);
}

int pattern_replace(const struct pattern *pattern, struct slice text,
	struct slice replacement, size_t *work_left, struct buffer *out,
	struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	struct machine m;
	if (check_subject(text, err) < 0 || arena_new(&arena, err) < 0 ||
		machine_init(&m, pattern, text, arena, err) < 0)
		return err->class;
	m.work = pattern->count; /* making it was work too */
	m.work_max = *work_left;
	if (replace_all(&m, replacement, out, err) < 0)
		return err->class;
	*work_left -= m.work < *work_left ? m.work : *work_left;
	return 0;
}
