/* SPDX-License-Identifier: Apache-2.0 */
/* Where a registry's client has to be able to connect to, before it does. */
#include "oci/registry_private.h"

#define PORT_HTTPS 443
#define PORT_PROXY 1080 /* what libcurl takes for a proxy without port */

static void add_port(struct repository_needs *needs, uint16_t port)
{
	for (size_t i = 0; i < needs->port_count; i++)
		if (needs->ports[i] == port)
			return;
	if (needs->port_count < ARRAY_LEN(needs->ports))
		needs->ports[needs->port_count++] = port;
}

/* "[scheme://][user:password@]host[:port][/]", as libcurl takes it. */
static uint16_t proxy_port(struct slice proxy)
{
	struct error ignored = ERROR_INIT;
	struct slice host = proxy, part;
	uint64_t port = PORT_PROXY;

	if (slice_starts_with(proxy, SLICE("https://")))
		port = PORT_HTTPS;
	while (slice_cut(&proxy, '@', &part))
		host = part;
	proxy = host;
	while (slice_cut(&proxy, '/', &part)) /* the host is the last that is not empty */
		host = part.len != 0 ? part : host;
	while (slice_cut(&host, ':', &part))
		if (slice_parse_u64(part, 10, UINT16_MAX, &port, &ignored) < 0)
			error_clear(&ignored); /* a name, not a port */
	return (uint16_t)port;                 /* at most UINT16_MAX */
}

void registry_needs(const struct repository *repository, struct repository_needs *needs)
{
	static const char *const proxies[] = {"https_proxy", "HTTPS_PROXY", "http_proxy",
		"HTTP_PROXY", "all_proxy", "ALL_PROXY"};
	const struct registry *registry = registry_of(repository);

	needs->network = true;
	add_port(needs, registry->url.port);
	add_port(needs, PORT_HTTPS); /* tokens, and blobs that are stored elsewhere */
	for (size_t i = 0; i < ARRAY_LEN(proxies); i++) {
		const char *proxy = getenv(proxies[i]);

		if (proxy && proxy[0] != '\0')
			add_port(needs, proxy_port(slice_str(proxy)));
	}
}
