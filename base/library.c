/* SPDX-License-Identifier: Apache-2.0 */
#include "base/library.h"

#include <dlfcn.h>

bool library_load(const char *soname, const char *const *names, size_t count,
	void (**ret_functions)(void))
{
	void *library = dlopen(soname, RTLD_LAZY | RTLD_LOCAL);

	if (!library)
		return false;
	for (size_t i = 0; i < count; i++) {
		void *address = dlsym(library, names[i]);

		if (!address)
			return false;
		/* POSIX: what dlsym returns can be a function's address */
		memcpy(&ret_functions[i], &address, sizeof(address));
	}
	return true;
}
