/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of docker or podman. What is found can be sent in a header, and an error does
 * not show what the file holds: the only texts of it there are keys and helpers' names.
 */
#include "base/encode.h"
#include "oci/credentials.h"

#define PASSWORD "s3cret!" /* "bWU6czNjcmV0IQ==" is me:s3cret! */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct credential *credential, bool found)
{
	bool is_there = credential->user || credential->identity_token ||
			credential->registry_token;

	if (found != is_there || !credential->user != !credential->password)
		abort();
	if (credential->user && strchr(credential->user, ':'))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const registries[] = {"r.example:5000", "docker.io"};

	if (setenv("PATH", "/nonexistent", 1) < 0) /* no helper is run */
		abort();
	for (size_t i = 0; i < ARRAY_LEN(registries); i++) {
		cleanup_credential struct credential credential = {0};
		struct error err = ERROR_INIT;
		bool found = false;

		if (credentials_in_file(slice_from(data, size), "auth.json",
			    registries[i], "team/a", &credential, &found, &err) < 0) {
			if (!error_is_set(&err) || found)
				abort();
			/* decoded, that is */
			if (strstr(err.text, PASSWORD) &&
				slice_find(slice_from(data, size), SLICE(PASSWORD)) ==
					SIZE_MAX)
				abort();
		}
		check(&credential, found);
	}
	return 0;
}
