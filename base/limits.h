/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits on what comes from outside, in one place. Each is checked before
 * memory is allocated for what it bounds. Units are in the names.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

/* YAML (recipes, policies) */
#define LIMIT_YAML_BYTES        (4 * MIB)
#define LIMIT_YAML_DEPTH        64
#define LIMIT_YAML_NODES        200000
#define LIMIT_YAML_SCALAR_BYTES (1 * MIB)

/* JSON */
#define LIMIT_JSON_BYTES (64 * MIB)
#define LIMIT_JSON_DEPTH 128

/* Expansion of recipes */
#define LIMIT_EXPANDED_BYTES  (16 * MIB) /* one expanded string */
#define LIMIT_RANGE_ITEMS     4096
#define LIMIT_PIPELINE_DEPTH  16
#define LIMIT_STEPS           10000
#define LIMIT_RECIPE_PACKAGES 4096        /* main package and subpackages */
#define LIMIT_RECIPE_BYTES    (256 * MIB) /* all expanded strings of one recipe */
#define LIMIT_PLAN_BYTES      (256 * MIB) /* one recipe's plan as JSON */
#define LIMIT_INPUTS          256         /* of one pipeline */
#define LIMIT_PATTERN_BYTES   1024        /* regular expression of a var-transform */
#define LIMIT_PATTERN_STATES  10000       /* instructions of a compiled one */
#define LIMIT_PLAN_DEPTH      2000        /* recipes that need each other, in a row */

/* Archives and packages */
#define LIMIT_PATH_BYTES      4095
#define LIMIT_NAME_BYTES      255
#define LIMIT_PATH_DEPTH      128
#define LIMIT_ARCHIVE_ENTRIES 1000000
#define LIMIT_ARCHIVE_BYTES   (16 * GIB) /* uncompressed, all entries */
#define LIMIT_XATTR_BYTES     (64 * KIB)
#define LIMIT_PACKAGE_CONTROL (10 * MIB)
#define LIMIT_ROOT_BYTES      (64 * GIB) /* of one build root's packages */
#define LIMIT_INDEX_BYTES     (300 * MIB)
#define LIMIT_RESOLVE_DEPTH   1000 /* packages that depend on each other, in a row */
#define LIMIT_SOURCE_BYTES    (4 * GIB)

/* Fetching: what a recipe's retry-limit, timeout, … get at most */
#define LIMIT_FETCH_TRIES 10
#define LIMIT_FETCH_WAIT_SECONDS                                                         \
	60                           /* between two tries, unless a server says how long \
				      */
#define LIMIT_FETCH_STALL        300 /* seconds without progress, also of connecting */
#define LIMIT_FETCH_IDLE_SECONDS 300 /* nothing came: no new try */

/* ELF */
#define LIMIT_ELF_NEEDED 1024

/* OCI and registries (distribution-spec v1.1; containers/image caps) */
#define LIMIT_MANIFEST_BYTES    (4 * MIB)
#define LIMIT_CONFIG_BYTES      (4 * MIB)
#define LIMIT_SIGNATURE_BYTES   (4 * MIB)
#define LIMIT_TOKEN_BYTES       (1 * MIB)
#define LIMIT_HTTP_ERROR_BYTES  (1 * MIB)
#define LIMIT_HTTP_HEADER_BYTES (64 * KIB)
#define LIMIT_LAYERS            1000
#define LIMIT_REFERRERS         100
#define LIMIT_REDIRECTS         5

/* One verification in all: what an image's index may lead to */
#define LIMIT_VERIFY_READS   2000 /* manifests and documents */
#define LIMIT_VERIFY_BYTES   (1 * GIB)
#define LIMIT_VERIFY_SECONDS 300

/* Attestations */
#define LIMIT_ENVELOPE_BYTES (64 * MIB)
#define LIMIT_SIGNATURES     64
#define LIMIT_SUBJECTS       1024
#define LIMIT_KEY_BYTES      (64 * KIB)

#endif
