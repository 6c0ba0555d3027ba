/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/certificates.h"

#include "base/fs.h"
#include "base/log.h"
#include "base/slice.h"

static int add_ca(struct certificates *found, const char *path, struct error *err)
{
	if (found->ca_count == CERTIFICATES_CA_MAX)
		return error_set(err, ERR_INPUT, "%s: more than %d CA files", path,
			CERTIFICATES_CA_MAX);
	found->ca[found->ca_count++] = path;
	return 0;
}

static int add_own(const char **place, const char *path, struct error *err)
{
	if (*place)
		return error_set(err, ERR_INPUT,
			"both %s and %s: one client certificate is enough", *place, path);
	*place = path;
	return 0;
}

static int look_at_file(struct certificates *found, struct arena *arena,
	const char *folder, const char *name, struct error *err)
{
	const char *path = arena_printf(arena, "%s/%s", folder, name);

	if (!path)
		return error_set_memory(err);
	if (slice_ends_with(slice_str(name), SLICE(".crt")))
		return add_ca(found, path, err);
	if (slice_ends_with(slice_str(name), SLICE(".cert")))
		return add_own(&found->certificate, path, err);
	if (slice_ends_with(slice_str(name), SLICE(".key")))
		return add_own(&found->key, path, err);
	return 0; /* notes and the like */
}

static int check_pair(const struct certificates *found, struct error *err)
{
	if (!found->certificate != !found->key)
		return error_set(err, ERR_INPUT, "%s: the %s for it is missing",
			found->key ? found->key : found->certificate,
			found->key ? ".cert" : ".key");
	return 0;
}

static int look_in(const char *folder, struct arena *arena, struct certificates *found,
	struct error *err)
{
	struct error reason = ERROR_INIT;
	cleanup_fd int dirfd = -1;
	cleanup_names struct fs_names names = {0};

	if (fs_open_dir(AT_FDCWD, folder, &dirfd, &reason) < 0) {
		if (reason.sys == ENOENT || reason.sys == ENOTDIR)
			return 0;
		if (reason.sys ==
			EACCES) { /* somebody else's: nothing of it is trusted */
			log_verbose("%s: not looked into: no permission", folder);
			return 0;
		}
		*err = reason;
		return err->class;
	}
	found->found = true;
	if (fs_list(dirfd, &names, err) < 0)
		return err->class;
	for (size_t i = 0; i < names.count; i++)
		if (look_at_file(found, arena, folder, names.items[i], err) < 0)
			return err->class;
	return check_pair(found, err);
}

int certificates_find(const char *host, struct arena *arena,
	struct certificates *ret_certificates, struct error *err)
{
	const char *home = secure_getenv("HOME");
	const char *given = secure_getenv("XDG_CONFIG_HOME");
	const char *config = given && *given ? given : NULL;
	const struct {
		const char *folder, *rest;
	} places[] = {
		{config ? config : home, config ? "/containers" : "/.config/containers"},
		{"/etc/containers", ""},
		{"/etc/docker", ""},
	};
	struct certificates found = {0};

	for (size_t i = 0; i < ARRAY_LEN(places) && !found.found; i++) {
		const char *folder;

		if (!places[i].folder || places[i].folder[0] != '/')
			continue;
		folder = arena_printf(
			arena, "%s%s/certs.d/%s", places[i].folder, places[i].rest, host);
		if (!folder)
			return error_set_memory(err);
		if (look_in(folder, arena, &found, err) < 0)
			return error_wrap(err, "certificates for %s", host);
	}
	*ret_certificates = found;
	return 0;
}
