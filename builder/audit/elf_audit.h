/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the ELF files of an image are hardened: each file is asked each question of a
 * table, and the answers are the predicate of an attestation. Nothing is judged here
 * beyond the answers; a policy decides which of them it wants.
 *
 * Looked at are the regular files of the tree whose content begins with the ELF magic, by
 * what the loader reads of them (builder/package/elf.h). Not looked at: what is inside
 * archives or scripts, and how code was compiled beyond the marks that it leaves:
 * "failed" of stack-protector says that no mark was found, which a file without arrays on
 * its stack need not have.
 */
#ifndef BUILDER_AUDIT_ELF_AUDIT_H
#define BUILDER_AUDIT_ELF_AUDIT_H

#include "base/store.h"
#include "builder/tree/tree.h"

#define PREDICATE_HARDENING "https://alnage.dev/hardening/v1"

enum elf_answer {
	ELF_PASSED = 0,
	ELF_FAILED,
	ELF_UNKNOWN, /* the file does not show it, or we cannot read its kind */
	ELF_NOT_APPLICABLE,
};
#define ELF_ANSWERS 4

/* pie, relro, bind-now, nx-stack, no-rwx, no-textrel, no-rpath, stack-protector, stripped
 */
#define ELF_CHECKS 9
extern const char *const elf_check_names[ELF_CHECKS];

struct elf_audit_file {
	const char *path, *package;
	struct digest digest;
	const char *kind; /* "executable", "library", "object", "core", "malformed" */
	const char *machine;
	const char *reason; /* of a malformed one, else "" */
	bool is_static;
	enum elf_answer answers[ELF_CHECKS];
};

struct elf_audit {
	struct arena *arena;
	struct elf_audit_file *files; /* in canonical order */
	size_t count, capacity;
	size_t hardened;                        /* nothing failed or unknown */
	size_t failing;                         /* something failed */
	size_t totals[ELF_CHECKS][ELF_ANSWERS]; /* over all files */
};
#define cleanup_elf_audit CLEANUP(elf_audit_free)
void elf_audit_free(struct elf_audit **audit);

MUST_USE int elf_audit_run(const struct tree *tree, struct store *store,
	struct elf_audit **ret_audit, struct error *err);

struct json_t;
/* The predicate: {"checks": {name: {answer: number}}, "elfFiles", "failing", "files":
 * […], "hardened", "scope"}. */
MUST_USE int elf_audit_to_json(
	const struct elf_audit *audit, struct json_t **ret_json, struct error *err);

#endif
