/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The test registry as a program, for trials with other tools:
 *	registry PORT [api] [etags] [log] [basic USER PASSWORD | bearer USER PASSWORD]
 * It prints its address and serves until it is killed.
 */
#include "tests/registry/registry.c"

int main(int argc, char **argv)
{
	struct test_registry_options options = {0};
	struct error err = ERROR_INIT;
	struct test_registry *registry;
	uint64_t port = 0;

	if (argc < 2 || slice_parse_u64(slice_str(argv[1]), 10, 65535, &port, &err) < 0) {
		fprintf(stderr, "usage: registry PORT [api] [etags] [log] "
				"[basic|bearer USER PASSWORD]\n");
		return 2;
	}
	options.port = (uint16_t)port; /* at most 65535 */
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "api") == 0)
			options.referrers_api = true;
		else if (strcmp(argv[i], "etags") == 0)
			options.etags = true;
		else if (strcmp(argv[i], "log") == 0)
			options.show_log = true;
		else if (i + 2 < argc) {
			options.auth = strcmp(argv[i], "basic") == 0 ? TEST_AUTH_BASIC
								     : TEST_AUTH_BEARER;
			options.user = argv[++i];
			options.password = argv[++i];
		}
	}
	registry = test_registry_start(&options);
	printf("%s\n", test_registry_host(registry));
	(void)fflush(stdout);
	test_registry_wait(registry);
	return 0;
}
