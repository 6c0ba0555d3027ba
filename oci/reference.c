/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/reference.h"
#include "base/limits.h"

#define REFERENCE_MAX   8192
#define NAME_MAX_BYTES  255 /* distribution/reference: NameTotalLengthMax */
#define HOST_MAX_BYTES  260
#define DOCKER_HUB      "docker.io"
#define DOCKER_HUB_USER "library/"

void reference_free(struct reference **reference)
{
	struct arena *arena;

	if (!*reference)
		return;
	arena = (*reference)->arena; /* which holds the reference itself */
	*reference = NULL;
	arena_free(&arena);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_letter(char c)
{
	return is_lower(c) || (c >= 'A' && c <= 'Z');
}

/* [A-Za-z0-9_][A-Za-z0-9._-]{0,127} (distribution-spec v1.1, "Pulling manifests"). */
bool reference_tag_is_valid(struct slice tag)
{
	if (tag.len == 0 || tag.len > 128)
		return false;
	for (size_t i = 0; i < tag.len; i++) {
		char c = tag.data[i];

		if (is_letter(c) || is_digit(c) || c == '_')
			continue;
		if (i == 0 || (c != '.' && c != '-'))
			return false;
	}
	return true;
}

/* Length of a separator at the front: ".", "_", "__" or any number of "-". 0: none. */
static size_t separator_len(struct slice s)
{
	size_t len = 0;

	if (s.len != 0 && s.data[0] == '.')
		return 1;
	if (s.len != 0 && s.data[0] == '_')
		return s.len > 1 && s.data[1] == '_' ? 2 : 1;
	while (len < s.len && s.data[len] == '-')
		len++;
	return len;
}

/* [a-z0-9]+ ((\.|_|__|-+) [a-z0-9]+)* */
static bool component_is_valid(struct slice s)
{
	for (;;) {
		size_t len = 0;

		while (len < s.len && (is_lower(s.data[len]) || is_digit(s.data[len])))
			len++;
		if (len == 0)
			return false;
		s = slice_sub(s, len, s.len);
		if (s.len == 0)
			return true;
		len = separator_len(s);
		if (len == 0)
			return false;
		s = slice_sub(s, len, s.len);
	}
}

bool reference_repository_is_valid(struct slice repository)
{
	struct slice component;

	if (repository.len == 0 || repository.len > NAME_MAX_BYTES ||
		repository.data[repository.len - 1] == '/')
		return false;
	while (slice_cut(&repository, '/', &component))
		if (!component_is_valid(component))
			return false;
	return true;
}

static bool label_is_valid(struct slice s)
{
	if (s.len == 0 || s.len > 63 || s.data[0] == '-' || s.data[s.len - 1] == '-')
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!is_letter(s.data[i]) && !is_digit(s.data[i]) && s.data[i] != '-')
			return false;
	return true;
}

/* Without zeros before it: one place has one name, or a rule for it could be passed by.
 */
static bool port_is_valid(struct slice s)
{
	struct error ignored = ERROR_INIT;
	uint64_t port;

	return slice_parse_u64(s, 10, 65535, &port, &ignored) == 0 && s.data[0] != '0';
}

/* "[::1]" or "[2001:db8::1]:443"; libcurl judges the address itself. */
static bool ipv6_host_is_valid(struct slice s)
{
	size_t end = slice_find(s, SLICE("]"));
	struct slice inside, port;

	if (end == SIZE_MAX || end < 3)
		return false;
	inside = slice_sub(s, 1, end - 1);
	port = slice_sub(s, end + 1, s.len);
	for (size_t i = 0; i < inside.len; i++) {
		char c = inside.data[i];

		if (!is_digit(c) && !(c >= 'a' && c <= 'f') && !(c >= 'A' && c <= 'F') &&
			c != ':' && c != '.')
			return false;
	}
	if (!slice_has_byte(inside, ':'))
		return false;
	return port.len == 0 ||
	       (port.data[0] == ':' && port_is_valid(slice_sub(port, 1, port.len)));
}

bool reference_host_is_valid(struct slice host)
{
	struct slice name, label;
	struct slice rest = host;

	if (host.len == 0 || host.len > HOST_MAX_BYTES)
		return false;
	if (host.data[0] == '[')
		return ipv6_host_is_valid(host);
	if (!slice_cut(&rest, ':', &name) || name.len == 0 ||
		name.data[name.len - 1] == '.')
		return false;
	if (slice_has_byte(host, ':') && !port_is_valid(rest))
		return false;
	while (slice_cut(&name, '.', &label))
		if (!label_is_valid(label))
			return false;
	return true;
}

/* Takes "@sha256:…" off the end. *ret_digest stays unset if there is none. */
static int take_digest(struct slice *s, struct reference *reference, struct error *err)
{
	size_t at = slice_find(*s, SLICE("@sha256:"));
	struct error reason = ERROR_INIT;

	if (at == SIZE_MAX)
		at = slice_find(*s, SLICE("@sha512:"));
	if (at == SIZE_MAX)
		return 0;
	if (digest_parse(slice_sub(*s, at + 1, s->len), &reference->digest, &reason) < 0)
		return error_set(err, ERR_USAGE, "%s", reason.text);
	reference->has_digest = true;
	*s = slice_sub(*s, 0, at);
	return 0;
}

static int take_tag(struct slice tag, struct reference *reference, struct error *err)
{
	if (!reference_tag_is_valid(tag))
		return error_set(err, ERR_USAGE,
			"\"%.*s\" is not a tag: letters, digits, \"_\", \".\" and \"-\", "
			"at most 128, not beginning with \".\" or \"-\"",
			SLICE_ARG(slice_sub(tag, 0, 140)));
	reference->tag = arena_strndup(reference->arena, tag);
	return reference->tag ? 0 : error_set_memory(err);
}

/* PATH[:TAG], as skopeo reads it: the path ends at the first colon. */
static int parse_path(struct slice s, struct reference *reference, struct error *err)
{
	bool has_tag = slice_has_byte(s, ':');
	struct slice path;

	if (!slice_cut(&s, ':', &path) || path.len == 0)
		return error_set(err, ERR_USAGE, "the path is missing");
	if (path.len > LIMIT_PATH_BYTES || !slice_is_utf8(path))
		return error_set(err, ERR_USAGE, "the path is too long or not UTF-8");
	reference->path = arena_strndup(reference->arena, path);
	if (!reference->path)
		return error_set_memory(err);
	return has_tag ? take_tag(s, reference, err) : 0;
}

static char *lower_case(struct arena *arena, struct slice s)
{
	char *copy = arena_strndup(arena, s);

	for (char *c = copy; c && *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return copy;
}

/* distribution/reference: what is before the first slash is a host only if it looks like
 * one. */
static bool looks_like_host(struct slice s)
{
	return slice_has_byte(s, '.') || slice_has_byte(s, ':') ||
	       slice_equal(s, SLICE("localhost"));
}

static int set_name(struct slice host, struct slice repository,
	struct reference *reference, struct error *err)
{
	const char *prefix = "";

	reference->registry = lower_case(reference->arena, host);
	if (!reference->registry)
		return error_set_memory(err);
	if (strcmp(reference->registry, "index." DOCKER_HUB) == 0 ||
		strcmp(reference->registry, "registry-1." DOCKER_HUB) == 0)
		reference->registry = DOCKER_HUB;
	if (strcmp(reference->registry, DOCKER_HUB) == 0 &&
		!slice_has_byte(repository, '/'))
		prefix = DOCKER_HUB_USER;
	reference->repository =
		arena_printf(reference->arena, "%s%.*s", prefix, SLICE_ARG(repository));
	return reference->repository ? 0 : error_set_memory(err);
}

static int parse_registry(struct slice s, struct reference *reference, struct error *err)
{
	size_t slash = slice_find(s, SLICE("/"));
	struct slice host, repository = SLICE_EMPTY, rest;

	if (slash == SIZE_MAX || !looks_like_host(slice_sub(s, 0, slash))) {
		(void)error_set(err, ERR_USAGE, "no registry is named");
		return error_remedy(err,
			"write registry.example.com/NAME:TAG; for a folder oci:DIR:TAG");
	}
	host = slice_sub(s, 0, slash);
	rest = slice_sub(s, slash + 1, s.len);
	if (!reference_host_is_valid(host))
		return error_set(err, ERR_USAGE, "\"%.*s\" is not a host name",
			SLICE_ARG(slice_sub(host, 0, 80)));
	if (!slice_cut(&rest, ':', &repository) ||
		!reference_repository_is_valid(repository) ||
		repository.len + host.len >= NAME_MAX_BYTES)
		return error_set(err, ERR_USAGE,
			"\"%.*s\" is not a repository name: lower-case letters and "
			"digits, "
			"joined by \".\", \"_\", \"__\", \"-\" and \"/\"",
			SLICE_ARG(slice_sub(repository, 0, 80)));
	if (set_name(host, repository, reference, err) < 0)
		return err->class;
	if (s.data[s.len - 1] == ':' || rest.len != 0)
		return take_tag(rest, reference, err);
	return 0;
}

static int set_text(struct reference *reference, struct error *err)
{
	static const char *const prefixes[] = {[REFERENCE_LAYOUT] = "oci:",
		[REFERENCE_ARCHIVE] = "oci-archive:",
		[REFERENCE_REGISTRY] = ""};
	bool is_registry = reference->kind == REFERENCE_REGISTRY;
	char digest[DIGEST_TEXT_MAX] = "";

	if (reference->has_digest)
		(void)digest_format(&reference->digest, digest); /* returns digest */
	reference->text = arena_printf(reference->arena, "%s%s%s%s%s%s%s%s",
		prefixes[reference->kind],
		is_registry ? reference->registry : reference->path,
		is_registry ? "/" : "", is_registry ? reference->repository : "",
		reference->tag ? ":" : "", reference->tag ? reference->tag : "",
		reference->has_digest ? "@" : "", digest);
	return reference->text ? 0 : error_set_memory(err);
}

/*
 * What follows the "@" that ends a user name and password, with that; all if there is
 * none. A digest has a colon and no slash behind its "@".
 */
static struct slice after_password(struct slice text)
{
	struct slice found = text;

	for (size_t i = 0; i < text.len; i++) {
		struct slice rest = slice_sub(text, i, text.len);

		if (rest.data[0] == '@' &&
			(slice_has_byte(rest, '/') || !slice_has_byte(rest, ':')))
			found = rest;
	}
	return found;
}

static int unknown_transport(struct error *err)
{
	(void)error_set(
		err, ERR_USAGE, "neither oci:, oci-archive: nor docker:// begins it");
	return error_remedy(err, "write HOST/NAME alone for a registry; --plain-http if "
				 "it speaks no TLS");
}

static int parse(struct slice s, struct reference *reference, struct error *err)
{
	static const struct {
		const char *prefix;
		enum reference_kind kind;
	} transports[] = {
		{"oci:", REFERENCE_LAYOUT},
		{"oci-archive:", REFERENCE_ARCHIVE},
		{"docker://", REFERENCE_REGISTRY},
		{"", REFERENCE_REGISTRY},
	};
	size_t i = 0;

	while (!slice_starts_with(s, slice_str(transports[i].prefix)))
		i++;
	s = slice_sub(s, strlen(transports[i].prefix), s.len);
	reference->kind = transports[i].kind;
	if (take_digest(&s, reference, err) < 0)
		return err->class;
	if (slice_find(s, SLICE("://")) != SIZE_MAX)
		return unknown_transport(err);
	if (reference->kind == REFERENCE_REGISTRY && after_password(s).len != s.len) {
		(void)error_set(
			err, ERR_USAGE, "a user name or password is no part of it");
		return error_remedy(err, "use --user and --password-file, or log in "
					 "(docker login, podman login)");
	}
	if (reference->kind == REFERENCE_REGISTRY ? parse_registry(s, reference, err) < 0
						  : parse_path(s, reference, err) < 0)
		return err->class;
	return set_text(reference, err);
}

/* For messages; the "@" of a path is its own. */
static struct slice shown(struct slice text)
{
	bool is_path = slice_starts_with(text, SLICE("oci:")) ||
		       slice_starts_with(text, SLICE("oci-archive:"));

	return is_path ? text : after_password(text);
}

int reference_parse(
	struct slice text, struct reference **ret_reference, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	struct reference *reference;

	if (text.len == 0 || text.len > REFERENCE_MAX || !slice_is_printable(text))
		return error_set(err, ERR_USAGE,
			"image reference: empty, too long or with control characters");
	if (arena_new(&arena, err) < 0)
		return err->class;
	reference = arena_alloc(arena, sizeof(*reference));
	if (!reference)
		return error_set_memory(err);
	reference->arena = arena;
	if (parse(text, reference, err) < 0)
		return error_wrap(err, "image reference \"%.*s\"",
			SLICE_ARG(slice_sub(shown(text), 0, 200)));
	arena = NULL; /* the reference's now */
	*ret_reference = reference;
	return 0;
}
