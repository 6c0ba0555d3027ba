/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Platforms, as people write them and as indexes list them: OS/ARCHITECTURE[/VARIANT] in
 * Go's words (image-spec v1.1, image-index.md, "platform": GOOS and GOARCH).
 */
#ifndef OCI_PLATFORM_H
#define OCI_PLATFORM_H

#include "oci/repository.h"

/* "linux/arm64"; texts go to the arena. ERR_INPUT if it is not written so. */
MUST_USE int platform_parse(struct slice text, struct arena *arena,
	struct platform *ret_platform, struct error *err);
/*
 * An index's one manifest for this platform; an image itself if its configuration says
 * that it is for it. Without a variant any one is meant; arm64 and arm64/v8 are the same.
 * ERR_INPUT, with what there is, if there is none or not one alone. Texts go to the
 * arena.
 */
MUST_USE int platform_choose(struct repository *repository,
	const struct descriptor *image, const struct platform *wanted,
	struct arena *arena, struct descriptor *ret_chosen, struct error *err);

#endif
