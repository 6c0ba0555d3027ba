/* SPDX-License-Identifier: Apache-2.0 */
#include "signing/checkpoint.h"

#include "base/encode.h"
#include "base/limits.h"

#define NOTE_BYTES_MAX 65536
#define LINES_MAX      64
#define HINT_BYTES     4
#define DASH           "\xe2\x80\x94 " /* U+2014, space */

static int malformed(struct error *err, const char *why)
{
	return error_set(err, ERR_REFUSED, "checkpoint: %s", why);
}

/* C2SP signed-note: the last empty line is what divides text and signatures. */
static bool split(struct slice note, struct slice *ret_text, struct slice *ret_lines)
{
	for (size_t at = note.len; at-- > 1;)
		if (note.data[at] == '\n' && note.data[at - 1] == '\n') {
			*ret_text = slice_sub(note, 0, at);
			*ret_lines = slice_sub(note, at + 1, note.len);
			return true;
		}
	return false;
}

/* "https://host/path" → "host/path" without a slash at the end. */
static struct slice without_scheme(const char *url)
{
	struct slice rest = slice_str(url);
	size_t at = slice_find(rest, SLICE("://"));

	if (at != SIZE_MAX)
		rest = slice_sub(rest, at + 3, rest.len);
	while (rest.len > 0 && rest.data[rest.len - 1] == '/')
		rest.len--;
	return rest;
}

static int read_size(struct slice line, uint64_t *ret_size, struct error *err)
{
	struct error why = ERROR_INIT;

	if ((line.len > 1 && line.data[0] == '0') ||
		slice_parse_u64(line, 10, INT64_MAX, ret_size, &why) < 0)
		return malformed(err, "the second line is not a tree size");
	return 0;
}

int checkpoint_read(
	struct slice text, struct checkpoint *ret_checkpoint, struct error *err)
{
	struct checkpoint checkpoint;
	cleanup_buffer struct buffer root = BUFFER_INIT;
	struct error why = ERROR_INIT;
	struct slice size, hash;

	if (!slice_is_utf8(text) || !slice_ends_with(text, SLICE("\n")))
		return malformed(err, "not UTF-8 text of whole lines");
	if (!slice_cut(&text, '\n', &checkpoint.origin) || checkpoint.origin.len == 0)
		return malformed(err, "no origin in it");
	if (!slice_cut(&text, '\n', &size) || !slice_cut(&text, '\n', &hash))
		return malformed(err, "no tree size or no root hash in it");
	if (read_size(size, &checkpoint.tree_size, err) < 0)
		return err->class;
	if (base64_decode(hash, &root, &why) < 0 || root.len != CHECKPOINT_ROOT_BYTES)
		return malformed(err, "the third line is not a root hash");
	memcpy(checkpoint.root, root.data, root.len);
	*ret_checkpoint = checkpoint;
	return 0;
}

struct signature_line {
	struct slice name;
	struct buffer bytes; /* hint and signature */
};

static int read_line(struct slice line, struct signature_line *ret, struct error *err)
{
	struct error why = ERROR_INIT;
	size_t space;

	if (!slice_starts_with(line, SLICE(DASH)))
		return malformed(err, "a line below the text is not a signature");
	line = slice_sub(line, sizeof(DASH) - 1, line.len);
	space = slice_find(line, SLICE(" "));
	if (space == SIZE_MAX || space == 0)
		return malformed(err, "a signature line has no name");
	ret->name = slice_sub(line, 0, space);
	line = slice_sub(line, space + 1, line.len);
	buffer_clear(&ret->bytes);
	if (base64_decode(line, &ret->bytes, &why) < 0 || ret->bytes.len <= HINT_BYTES)
		return malformed(err, "a signature line is not base64 of a signature");
	return 0;
}

static bool is_by(const struct signature_line *line, const struct trusted_log *log)
{
	if (log->checkpoint_id.len < HINT_BYTES ||
		memcmp(line->bytes.data, log->checkpoint_id.data, HINT_BYTES) != 0)
		return false;
	/* C2SP signed-note: an Ed25519 key belongs to a name. ECDSA logs (Rekor v1) name
	 * themselves with less care. */
	return key_get_type(log->key) != KEY_ED25519 ||
	       slice_equal(line->name, without_scheme(log->base_url));
}

/* The name of the signature line that holds. */
static int find_signature(struct slice text, struct slice lines,
	const struct trusted_log *log, struct slice *ret_name, struct error *err)
{
	struct signature_line line = {.bytes = BUFFER_INIT};
	struct slice one, name = SLICE_EMPTY;
	bool found = false;

	if (!slice_ends_with(lines, SLICE("\n")))
		return malformed(err, "no signature line below the text");
	for (size_t count = 0; slice_cut(&lines, '\n', &one); count++) {
		struct error why = ERROR_INIT;

		if (count == LINES_MAX) {
			malformed(err, "too many signature lines");
			break;
		}
		if (read_line(one, &line, err) < 0)
			break;
		if (found || !is_by(&line, log))
			continue;
		found = key_verify(log->key, text,
				slice_sub(buffer_slice(&line.bytes), HINT_BYTES,
					line.bytes.len),
				&why) == 0;
		if (found)
			name = line.name;
	}
	buffer_done(&line.bytes);
	if (error_is_set(err))
		return err->class;
	if (!found)
		return malformed(err, "the log has not signed it");
	*ret_name = name;
	return 0;
}

int checkpoint_verify(struct slice note, const struct trusted_log *log,
	struct checkpoint *ret_checkpoint, struct error *err)
{
	struct slice text, lines, name;
	struct checkpoint checkpoint;

	if (note.len > NOTE_BYTES_MAX)
		return malformed(err, "too long");
	if (!split(note, &text, &lines))
		return malformed(err, "no empty line between text and signatures");
	if (find_signature(text, lines, log, &name, err) < 0 ||
		checkpoint_read(text, &checkpoint, err) < 0)
		return err->class;
	/* Rekor v1 puts " - <tree id>" behind its name */
	if (!slice_starts_with(checkpoint.origin, name) ||
		(checkpoint.origin.len > name.len &&
			checkpoint.origin.data[name.len] != ' '))
		return malformed(err, "the origin is not who signed it");
	*ret_checkpoint = checkpoint;
	return 0;
}
