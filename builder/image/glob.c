/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/reach.h"

/* Patterns are short and come from one recipe; the depth bound keeps "**" from exploding.
 */
#define GLOB_DEPTH_MAX 64

static bool matches(const char *glob, const char *path, unsigned depth)
{
	if (depth > GLOB_DEPTH_MAX)
		return false;
	for (; *glob; glob++, path++) {
		if (glob[0] == '*' && glob[1] == '*') {
			while (*glob == '*')
				glob++;
			if (*glob == '/' && matches(glob + 1, path, depth + 1))
				return true; /* a double star with its slash may match
						nothing */
			for (;; path++) {
				if (matches(glob, path, depth + 1))
					return true;
				if (!*path)
					return false;
			}
		}
		if (*glob == '*') {
			for (glob++;; path++) {
				if (matches(glob, path, depth + 1))
					return true;
				if (!*path || *path == '/')
					return false;
			}
		}
		if (!*path || (*glob == '?' ? *path == '/' : *glob != *path))
			return false;
	}
	return !*path;
}

bool path_glob_matches(const char *glob, const char *path)
{
	return matches(glob + (*glob == '/'), path + (*path == '/'), 0);
}
