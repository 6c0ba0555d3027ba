/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "base/encode.h"
#include "base/json.h"
#include "builder/make/sbom_private.h"

static int add_checksum(json_t *element, const struct digest *sha256, struct error *err)
{
	char hex[DIGEST_TEXT_MAX];
	json_t *list;
	cleanup_json json_t *item = json_object();
	if (sbom_text(item, "algorithm", "SHA256", err) < 0 ||
		sbom_text(item, "checksumValue", digest_format_hex(sha256, hex), err) <
			0 ||
		sbom_list(element, "checksums", &list, err) < 0)
		return err->class;
	return json_push(list, take_ptr(item), err);
}

/* A repository on this machine is told by its name, not by where it lies. */
static bool is_public(const char *uri)
{
	return sbom_is_url(uri) || strncmp(uri, "ftp://", 6) == 0 ||
	       strncmp(uri, "git://", 6) == 0;
}

/* "OWNER/NAME" of a repository there; empty for other places. */
static struct slice github_name(const char *uri)
{
	struct slice place = SLICE("https://github.com/"), name = slice_str(uri);
	struct slice rest, owner, repository;
	if (!slice_starts_with(name, place))
		return SLICE_EMPTY;
	name = rest = slice_sub(name, place.len, name.len);
	if (!slice_cut(&rest, '/', &owner) || !slice_cut(&rest, '/', &repository) ||
		owner.len == 0 || repository.len == 0 || rest.len)
		return SLICE_EMPTY;
	name.len = owner.len + 1 + repository.len;
	if (slice_ends_with(name, SLICE(".git")))
		name.len -= 4;
	return name;
}

/* pkg:github/OWNER/NAME@COMMIT, in lower case (purl spec, types). */
static int add_github_purl(
	struct slice name, const char *commit, struct buffer *purl, struct error *err)
{
	if (buffer_add_str(purl, "pkg:github/", err) < 0)
		return err->class;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.data[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if ((c == '/' ? buffer_add_byte(purl, c, err)
			      : url_quote(slice_from(&c, 1), purl, err)) < 0)
			return err->class;
	}
	return buffer_printf(purl, err, "@%s", commit);
}

/* The place as SPDX wants it: a URL, or "git+URL@COMMIT". */
static int add_place(
	const struct made_source *source, struct buffer *out, struct error *err)
{
	bool is_git = *source->commit != '\0';
	return buffer_printf(out, err, "%s%s%s%s", is_git ? "git+" : "", source->uri,
		is_git ? "@" : "", source->commit);
}

static const char *source_name(const struct sbom *sbom, const struct made_source *source)
{
	return *source->name ? source->name : sbom->recipe->name;
}

static const char *source_version(
	const struct sbom *sbom, const struct made_source *source)
{
	return *source->version ? source->version : sbom->recipe->version;
}

/* pkg:generic/NAME@VERSION?checksum=…, with the place if it is public. */
static int add_generic_purl(struct sbom *sbom, const struct made_source *source,
	struct buffer *purl, struct error *err)
{
	cleanup_buffer struct buffer place = BUFFER_INIT;
	char digest[DIGEST_TEXT_MAX];
	if (buffer_add_str(purl, "pkg:generic/", err) < 0 ||
		url_quote(slice_str(source_name(sbom, source)), purl, err) < 0 ||
		buffer_add_byte(purl, '@', err) < 0 ||
		url_quote(slice_str(source_version(sbom, source)), purl, err) < 0 ||
		buffer_add_str(purl, "?checksum=", err) < 0 ||
		url_quote(slice_str(digest_format(&source->digest, digest)), purl, err) <
			0)
		return err->class;
	if (!is_public(source->uri))
		return 0;
	if (add_place(source, &place, err) < 0 ||
		buffer_printf(purl, err,
			"&%s=", *source->commit ? "vcs_url" : "download_url") < 0)
		return err->class;
	return url_quote(buffer_slice(&place), purl, err);
}

static int add_source_purl(struct sbom *sbom, const struct made_source *source,
	json_t *element, struct error *err)
{
	cleanup_buffer struct buffer purl = BUFFER_INIT;
	struct slice github = *source->commit ? github_name(source->uri) : SLICE_EMPTY;
	int status = github.len ? add_github_purl(github, source->commit, &purl, err)
				: add_generic_purl(sbom, source, &purl, err);
	if (status < 0)
		return status;
	return sbom_reference(element, "PACKAGE-MANAGER", "purl", buffer_str(&purl), err);
}

/* Pool paths and repositories of this machine are no locations of SPDX's grammar. */
static int add_location(
	const struct made_source *source, json_t *element, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	const char *slash = strrchr(source->uri, '/');
	if (is_public(source->uri)) {
		if (add_place(source, &text, err) < 0)
			return err->class;
		return sbom_text(element, "downloadLocation", buffer_str(&text), err);
	}
	const char *pool = source->pool_path;
	if (strncmp(pool, "pool/", 5) == 0)
		pool += 5; /* "pool:main/…", as in the image's documents */
	if (buffer_printf(&text, err, "Origin: %s%s", *pool ? "pool:" : "",
		    *pool   ? pool
		    : slash ? slash + 1
			    : source->uri) < 0 ||
		sbom_text(element, "downloadLocation", SBOM_NOT_KNOWN, err) < 0)
		return err->class;
	return sbom_text(element, "sourceInfo", buffer_str(&text), err);
}

int sbom_source(
	struct sbom *sbom, const struct made_source *source, size_t at, struct error *err)
{
	char id[64];
	json_t *element;
	(void)snprintf(id, sizeof(id), "SPDXRef-Source-%zu", at + 1); /* fits */
	if (sbom_element(sbom, id, source_name(sbom, source),
		    source_version(sbom, source), &element, err) < 0 ||
		sbom_text(element, "primaryPackagePurpose", "SOURCE", err) < 0 ||
		sbom_text(element, "licenseDeclared", SBOM_NOT_KNOWN, err) < 0 ||
		sbom_text(element, "copyrightText", SBOM_NOT_KNOWN, err) < 0 ||
		add_location(source, element, err) < 0 ||
		add_checksum(element, &source->digest, err) < 0 ||
		add_source_purl(sbom, source, element, err) < 0)
		return error_wrap(err, "source %s", source->uri);
	return sbom_relate(sbom, SBOM_PACKAGE_ID, "GENERATED_FROM", id, err);
}
