/* SPDX-License-Identifier: Apache-2.0 */
/* "Simple signing" payloads as cosign and containers/image use them (reference:
 * signing-and-registry.md 1.3). */
#ifndef SIGNING_SIMPLE_H
#define SIGNING_SIMPLE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/digest.h"

#define SIMPLE_MEDIA_TYPE "application/vnd.dev.cosign.simplesigning.v1+json"
#define SIMPLE_ANNOTATION "dev.cosignproject.cosign/signature"
/* Beside it, in .sig and .att (reference: cosign, static/signature.go): the certificate,
 * its issuers up to the root, both PEM, and JSON with a time stamp. */
#define CERTIFICATE_ANNOTATION "dev.sigstore.cosign/certificate"
#define CHAIN_ANNOTATION       "dev.sigstore.cosign/chain"
#define TIMESTAMP_ANNOTATION   "dev.sigstore.cosign/rfc3161timestamp"

struct simple_payload {
	const char *docker_reference;
	struct digest manifest;
};
/* Byte-exact cosign form, `"optional":null`. Appends. */
MUST_USE int simple_write(
	const struct simple_payload *payload, struct buffer *out, struct error *err);
/* As strict as containers/image. Texts from the arena. */
MUST_USE int simple_parse(struct slice json, struct arena *arena,
	struct simple_payload *ret_payload, struct error *err);

#endif
