/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/external_fetch.h"

#define FOLDER   "repositories"
#define NOTE_MAX 256

bool external_is_remote(const char *location)
{
	return slice_find(slice_str(location), SLICE("://")) != SIZE_MAX;
}

static int keep(const struct external_places *places, int *fd, uint64_t max,
	struct digest *ret_blob, struct error *err)
{
	cleanup_reader struct reader *reader = NULL;
	if (reader_from_fd(fd, &reader, err) < 0)
		return err->class;
	return store_put_stream(places->store, reader, max, ret_blob, NULL, err);
}

static int fetch_remote(struct external_places *places, const char *location,
	uint64_t max, struct digest *ret_blob, struct error *err)
{
	cleanup_fd int fd = -1, again = -1;
	cleanup_writer struct writer *writer = NULL;
	cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
	if (places->offline) {
		error_set(err, ERR_NETWORK, "it is not in the store");
		return error_remedy(err, "do it once without --offline");
	}
	if (!places->client &&
		http_client_new("alnage/" ALNAGE_VERSION, &places->client, err) < 0)
		return err->class;
	if (fs_open(store_dirfd(places->store), "tmp", FS_OWN, O_TMPFILE | O_RDWR, 0600,
		    &fd, err) < 0 ||
		writer_to_fd(fd, &writer, err) < 0)
		return err->class;
	struct http_request request = {
		.method = "GET", .url = location, .output = writer, .max_body = max};
	if (http_perform(places->client, &request, &response, err) < 0)
		return err->class;
	if (response.status != 200)
		return error_set(err, ERR_NETWORK, "HTTP %d", response.status);
	if (writer_finish(writer, err) < 0)
		return err->class;
	again = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (again < 0 || lseek(again, 0, SEEK_SET) < 0)
		return error_set_errno(err, errno, "reading a temporary file");
	return keep(places, &again, max, ret_blob, err);
}

int external_fetch(struct external_places *places, const char *location, uint64_t max,
	struct digest *ret_blob, struct error *err)
{
	cleanup_fd int fd = -1;
	uint64_t size;
	if (external_is_remote(location)) {
		if (fetch_remote(places, location, max, ret_blob, err) < 0)
			return error_wrap(err, "%s", location);
		return 0;
	}
	if (fs_open_regular(AT_FDCWD, location, &fd, &size, err) < 0)
		return err->class;
	if (size > max)
		return error_set(err, ERR_INPUT, "%s has more than %llu bytes", location,
			(unsigned long long)max);
	return keep(places, &fd, max, ret_blob, err);
}

/* ---- notes: "sha256:HEX DATE\n" ---- */

static int note_key(const char *name, char *ret_hex, struct error *err)
{
	struct digest digest;
	if (digest_of(DIGEST_SHA256, slice_str(name), &digest, err) < 0)
		return err->class;
	digest_format_hex(&digest, ret_hex);
	return 0;
}

int external_recall(struct store *store, const char *name, struct external_note *ret_note,
	bool *ret_found, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	char hex[DIGEST_TEXT_MAX];
	struct external_note note;
	struct slice word, rest;
	uint64_t date = 0;
	bool found = false;
	if (note_key(name, hex, err) < 0 ||
		store_get_record(store, FOLDER, hex, NOTE_MAX, &text, &found, err) < 0)
		return err->class;
	rest = buffer_slice(&text);
	*ret_found = false;
	if (!found)
		return 0;
	if (!slice_word(&rest, &word) || digest_parse(word, &note.blob, err) < 0 ||
		!slice_word(&rest, &word) ||
		slice_parse_u64(word, 10, INT64_MAX, &date, err) < 0)
		return error_set(
			err, ERR_INPUT, "the store's note on %s is damaged", name);
	note.date = (int64_t)date; /* at most INT64_MAX */
	*ret_note = note;
	*ret_found = true;
	return 0;
}

int external_remember(struct store *store, const char *name,
	const struct external_note *note, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	cleanup_fd int lock = -1;
	char hex[DIGEST_TEXT_MAX], blob[DIGEST_TEXT_MAX];
	struct external_note known;
	bool found = false;
	if (note_key(name, hex, err) < 0 ||
		store_lock(store, FOLDER, hex, &lock, err) < 0 ||
		external_recall(store, name, &known, &found, err) < 0)
		return err->class;
	if (found && known.date > note->date)
		return 0;
	if (buffer_printf(&text, err, "%s %lld\n", digest_format(&note->blob, blob),
		    (long long)note->date) < 0)
		return err->class;
	return store_put_record(store, FOLDER, hex, buffer_slice(&text), err);
}

int external_note_path(
	const struct store *store, const char *name, char **ret_path, struct error *err)
{
	cleanup_buffer struct buffer path = BUFFER_INIT;
	char hex[DIGEST_TEXT_MAX];
	if (note_key(name, hex, err) < 0 ||
		buffer_printf(&path, err, "%s/" FOLDER "/%s", store_path(store), hex) < 0)
		return err->class;
	return buffer_take_str(&path, ret_path, err);
}
