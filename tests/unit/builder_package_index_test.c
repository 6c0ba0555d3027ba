/* SPDX-License-Identifier: Apache-2.0 */
#include "base/archive.h"
#include "base/compress.h"
#include "base/limits.h"
#include "base/tar.h"
#include "builder/package/index.h"
#include "builder/package/installed.h"
#include "signing/secret.h"
#include "tests/unit/builder_package_support.h"

#define SIGNER(secret, name)                                                             \
	((secret) ? &(const struct apk_signer){(secret), (name), false} : NULL)

static struct secret *secret;
static struct key *key, *other_key;

static int make_keys(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_secret struct secret *other = NULL;
	(void)state;
	if (secret_generate(KEY_RSA, 2048, &secret, &err) < 0 ||
		secret_public(secret, &key, &err) < 0 ||
		secret_generate(KEY_RSA, 2048, &other, &err) < 0)
		return -1;
	return secret_public(other, &other_key, &err);
}

static int free_keys(void **state)
{
	(void)state;
	key_free(&key);
	key_free(&other_key);
	secret_free(&secret);
	return 0;
}

static const char *depends[] = {"so:libc.so.6", "zlib>=1.2"};
static const char *provides[] = {"cmd:x=1.0-r0"};
static const char *install_if[] = {"a", "b=1"};

static void make_package(
	const char *name, const char *version, struct package **ret_package)
{
	struct error err = ERROR_INIT;
	struct package *package;
	assert_ok(package_new(&package, &err));
	set_text(package, &package->name, name);
	set_text(package, &package->version, version);
	package->architecture = "x86_64";
	assert_ok(
		digest_of(DIGEST_SHA1, slice_str(version), &package->control_sha1, &err));
	*ret_package = package;
}

/* Everything, in the order of apk tools. SHA-1 of "1.0-r0" */
static const char FULL[] = "C:Q1k5beGc+aBFyCzgOPQvzE6+uAmzU=\n"
			   "P:full\n"
			   "V:1.0-r0\n"
			   "A:x86_64\n"
			   "S:1234\n"
			   "I:5678\n"
			   "T:All of it\n"
			   "U:https://example.org\n"
			   "L:MIT\n"
			   "o:origin\n"
			   "m:someone\n"
			   "t:1700000000\n"
			   "c:0123abc\n"
			   "D:so:libc.so.6 zlib>=1.2\n"
			   "i:a b=1\n"
			   "p:cmd:x=1.0-r0\n"
			   "k:7\n"
			   "\n";

static void fill(struct package *package)
{
	package->description = "All of it";
	package->url = "https://example.org";
	package->license = "MIT";
	package->origin = "origin";
	package->maintainer = "someone";
	package->commit = "0123abc";
	package->build_date = 1700000000;
	package->file_size = 1234;
	package->installed_size = 5678;
	package->provider_priority = 7;
	package->depends = (struct package_list){depends, 2};
	package->provides = (struct package_list){provides, 1};
	package->install_if = (struct package_list){install_if, 2};
}

static void write_index(const struct secret *with, struct buffer *out)
{
	struct error err = ERROR_INIT;
	static const char *const others[][2] = {
		{"zzz", "1"}, {"aaa", "1.10"}, {"aaa", "1.9"}};
	cleanup_index struct package_index *index = NULL;
	cleanup_package struct package *full = NULL;
	assert_ok(package_index_new(&index, &err));
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		cleanup_package struct package *package = NULL;
		make_package(others[i][0], others[i][1], &package);
		assert_ok(package_index_add(index, package, &err));
	}
	make_package("full", "1.0-r0", &full);
	fill(full);
	assert_ok(package_index_add(index, full, &err));
	package_free(&full); /* the index has copies */
	assert_ok(package_index_write(
		index, "a test", SIGNER(with, "k.rsa.pub"), out, &err));
}

static void read_text(struct slice bytes, const char *member, struct buffer *out)
{
	struct error err = ERROR_INIT;
	cleanup_reader struct reader *reader = NULL;
	cleanup_archive struct archive_reader *archive = NULL;
	const struct archive_entry_info *entry;
	assert_ok(reader_from_slice(bytes, &reader, &err));
	assert_ok(archive_open(&reader, ARCHIVE_GZIP, "index", &archive, &err));
	for (;;) {
		assert_ok(archive_next(archive, &entry, &err));
		assert_non_null(entry);
		if (strcmp(entry->path, member) == 0)
			break;
	}
	assert_ok(archive_read_all(archive, MIB, out, &err));
}

static void test_text(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer bytes = BUFFER_INIT, text = BUFFER_INIT,
				     description = BUFFER_INIT, expected = BUFFER_INIT;
	write_index(NULL, &bytes);
	read_text(buffer_slice(&bytes), "APKINDEX", &text);
	read_text(buffer_slice(&bytes), "DESCRIPTION", &description);
	assert_string_equal(buffer_str(&description), "a test");
	/* sorted by name, then version as versions; nothing printed for nothing but T */
	assert_ok(buffer_printf(&expected, &err, "%s%s%s%s",
		"C:Q1k2kxNoKH1ypb2mKoo+DS7WY4+o8=\nP:aaa\nV:1.9\nA:x86_64\nT:\n\n",
		"C:Q1IqWFiFtct8xY1gRF7PDYrW927yQ=\nP:aaa\nV:1.10\nA:x86_64\nT:\n\n", FULL,
		"C:Q1NWoZK3kTsExUV00Ywo1G5jlUKKs=\nP:zzz\nV:1\nA:x86_64\nT:\n\n"));
	assert_string_equal(buffer_str(&text), buffer_str(&expected));
}

static void test_round_trip(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_index struct package_index *index = NULL;
	cleanup_buffer struct buffer bytes = BUFFER_INIT, again = BUFFER_INIT;
	struct apk_trusted_key trusted = {"k.rsa.pub", key, false};
	write_index(secret, &bytes);
	assert_ok(
		package_index_read(buffer_slice(&bytes), "x", &trusted, 1, &index, &err));
	assert_int_equal(index->count, 4);
	assert_int_equal(index->left_out, 0);
	const struct index_entry *full = &index->entries[2];
	assert_string_equal(full->name, "full");
	assert_int_equal(full->size, 1234);
	assert_string_equal(full->depends.items[1], "zlib>=1.2");
	assert_string_equal(full->install_if.items[1], "b=1");
	assert_int_equal(full->provider_priority, 7);
	assert_ok(package_index_write(
		index, "a test", SIGNER(secret, "k.rsa.pub"), &again, &err));
	assert_true(slice_equal(buffer_slice(&bytes), buffer_slice(&again)));
}

/* As apk-tools of long ago sign: .SIGN.RSA. alone. */
static void sign_sha1(struct slice bytes, struct buffer *out)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer signature = BUFFER_INIT, tar = BUFFER_INIT;
	struct tar_entry entry = {
		.type = TAR_FILE, .path = ".SIGN.RSA.k.rsa.pub", .mode = 0644};
	assert_ok(secret_sign_sha1(secret, bytes, &signature, &err));
	assert_ok(tar_add_file(&tar, &entry, buffer_slice(&signature), &err));
	assert_ok(compress_member(COMPRESSION_GZIP, buffer_slice(&tar), out, &err));
	assert_ok(buffer_add_slice(out, bytes, &err));
}

static int read_with(
	struct slice bytes, const struct apk_trusted_key *trusted, struct error *err)
{
	cleanup_index struct package_index *index = NULL;
	return package_index_read(bytes, "x", trusted, 1, &index, err);
}

static void test_sha1(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer bare = BUFFER_INIT, old = BUFFER_INIT,
				     both = BUFFER_INIT;
	cleanup_index struct package_index *index = NULL;
	struct apk_trusted_key plain = {"k.rsa.pub", key, false},
			       lenient = {"k.rsa.pub", key, true},
			       wrong = {"k.rsa.pub", other_key, true};
	write_index(NULL, &bare);
	sign_sha1(buffer_slice(&bare), &old);
	assert_int_equal(read_with(buffer_slice(&old), &plain, &err), ERR_REFUSED);
	assert_non_null(strstr(err.text, "signed with SHA-1 only"));
	assert_non_null(strstr(err.remedy, "--accept-sha1"));
	error_clear(&err);
	assert_ok(read_with(buffer_slice(&old), &lenient, &err));
	assert_refused(read_with(buffer_slice(&old), &wrong, &err), ERR_REFUSED,
		"signature by k.rsa.pub");
	old.data[old.len - 1] ^= 1;
	assert_refused(read_with(buffer_slice(&old), &lenient, &err), ERR_REFUSED,
		"signature by k.rsa.pub");
	/* both kinds: the better one counts, and must hold */
	struct apk_signer signer = {secret, "k.rsa.pub", true};
	assert_ok(package_index_new(&index, &err));
	assert_ok(package_index_write(index, "a test", &signer, &both, &err));
	assert_ok(read_with(buffer_slice(&both), &plain, &err));
	assert_refused(read_with(buffer_slice(&both), &wrong, &err), ERR_REFUSED,
		"signature by k.rsa.pub");
}

static void test_signatures(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	struct package_index *index = NULL;
	cleanup_buffer struct buffer bytes = BUFFER_INIT, bare = BUFFER_INIT;
	struct apk_trusted_key right = {"k.rsa.pub", key, false},
			       wrong = {"k.rsa.pub", other_key, false},
			       unknown = {"o.rsa.pub", other_key, false};
	write_index(secret, &bytes);
	write_index(NULL, &bare);
	struct slice good = buffer_slice(&bytes);
	assert_refused(package_index_read(good, "repo/x", &wrong, 1, &index, &err),
		ERR_REFUSED, "repo/x: signature by k.rsa.pub");
	assert_refused(package_index_read(good, "x", &unknown, 1, &index, &err),
		ERR_REFUSED, "not among the keys");
	assert_refused(
		package_index_read(buffer_slice(&bare), "x", &right, 1, &index, &err),
		ERR_REFUSED, "is not signed");
	/* a good signature over something else */
	cleanup_buffer struct buffer grown = BUFFER_INIT;
	assert_ok(buffer_add_slice(&grown, good, &err));
	assert_ok(buffer_add_slice(&grown, buffer_slice(&bare), &err));
	assert_refused(
		package_index_read(buffer_slice(&grown), "x", &right, 1, &index, &err),
		ERR_REFUSED, "signature by k.rsa.pub");
	assert_null(index);
	assert_ok(package_index_read(buffer_slice(&bare), "x", NULL, 0, &index, &err));
	package_index_free(&index);
}

static int read_plain(
	const char *text, struct package_index **ret_index, struct error *err)
{
	cleanup_buffer struct buffer tar = BUFFER_INIT, bytes = BUFFER_INIT;
	struct tar_entry entry = {.type = TAR_FILE, .path = "APKINDEX", .mode = 0644};
	if (tar_add_file(&tar, &entry, slice_str(text), err) < 0 ||
		tar_add_end(&tar, err) < 0 ||
		compress_member(COMPRESSION_GZIP, buffer_slice(&tar), &bytes, err) < 0)
		return err->class;
	return package_index_read(buffer_slice(&bytes), "x", NULL, 0, ret_index, err);
}

#define C "C:Q1NWoZK3kTsExUV00Ywo1G5jlUKKs=\n"

static void test_reading(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_index struct package_index *index = NULL;
	static const struct {
		const char *text, *why;
	} bad[] = {{C "V:1\n", "package name of 0 bytes"},
		{C "P:x\n", "x has no version"}, {"P:x\nV:1\n", "x has no checksum"},
		{C "P:x\nP:y\n", "line 3: \"P:\" is there twice"},
		{C "P:x/y\nV:1\n", "letters, digits"}, {"C:Q1abc\n", "line 1: \"C:\""},
		{"C:X1"
		 "NWoZK3kTsExUV00Ywo1G5jlUKKs=\n",
			"line 1: \"C:\""},
		{"Px\n", "letter:value"}, {"1:x\n", "letter:value"},
		{C "S:12x\n", "line 2: \"S:\""}, {C "T:a\tb\n", "control"}};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_refused(
			read_plain(bad[i].text, &index, &err), ERR_INPUT, bad[i].why);
	/* unknown letters, any order, no blank line at the end, records nobody can choose
	 */
	assert_ok(read_plain("Z:what\nV:1\nP:x\n" C "\n\n" C "P:odd\nV:0.99f7-r0\n\n" C
			     "P:op\nV:1\nD:a><Q1x\n\n" C "P:tag\nV:1\nD:a@edge\n\n" C
			     "P:y\nV:2\n",
		&index, &err));
	assert_int_equal(index->count, 2);
	assert_int_equal(index->left_out, 3);
	assert_string_equal(index->entries[1].name, "y");
	assert_int_equal(index->entries[1].depends.count, 0);
}

/* ---- the installed database ---- */

static void test_installed(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	cleanup_package struct package *full = NULL, *bare = NULL;
	cleanup_tree struct tree *image = NULL;
	cleanup_buffer struct buffer text = BUFFER_INIT;
	make_package("full", "1.0-r0", &full);
	make_package("bare", "1", &bare);
	fill(full);
	static struct package_script script = {".post-install", "#!/bin/sh\n"};
	full->scripts = &script;
	full->script_count = 1;
	full->triggers = "/usr/lib  /etc ";
	add_directory(full->tree, "usr", 0755);
	add_directory(full->tree, "usr/tmp", 01777);
	add_directory(full->tree, "usr/gone", 0755);
	add_file(full->tree, place->store, "usr/z", SLICE("x"), 0644);
	add_file(full->tree, place->store, "usr/bin/sh", SLICE("x"), 0755);
	add_link(full->tree, TREE_HARDLINK, "usr/bin/zsh", "usr/bin/sh");
	add_link(full->tree, TREE_SYMLINK, "usr/bin/ln", "x");
	add_file(full->tree, place->store, "usr/gone/x", SLICE("x"), 0644);
	add_file(full->tree, place->store, "usr/taken", SLICE("x"), 0644);
	add_file(full->tree, place->store, "top", SLICE("x"), 0644);
	add_directory(bare->tree, "usr", 0755);
	add_file(bare->tree, place->store, "usr/own", SLICE("x"), 0400);

	/* the image: one directory pruned, one file of another package now, one with a
	 * new mode */
	cleanup_mem const struct tree_node **nodes = NULL;
	size_t count;
	assert_ok(tree_new(&image, &err));
	assert_ok(tree_nodes(full->tree, &nodes, &count, &err));
	for (size_t i = 0; i < count; i++) {
		struct tree_node node = *nodes[i];
		node.package = strcmp(node.path, "usr/taken") == 0 ? "bare" : "full";
		assert_ok(tree_add(image, &node, &err));
	}
	struct tree_node own = *tree_find(bare->tree, "usr/own");
	own.package = "bare";
	own.uid = 65532;
	assert_ok(tree_add(image, &own, &err));
	assert_ok(tree_remove(image, "usr/gone", &err));

	const struct package *packages[] = {full, bare};
	assert_ok(installed_db_write(packages, 2, image, &text, &err));
	assert_string_equal(buffer_str(&text),
		"C:Q1k5beGc+aBFyCzgOPQvzE6+uAmzU=\n"
		"P:full\nV:1.0-r0\nA:x86_64\nS:1234\nI:5678\nT:All of it\n"
		"U:https://"
		"example.org\nL:MIT\no:origin\nm:someone\nt:1700000000\nc:0123abc\n"
		"k:7\nD:so:libc.so.6 zlib>=1.2\np:cmd:x=1.0-r0\ni:a b=1\n"
		"F:\nR:top\nZ:Q1EfatjsUqKYSrqv18O1FlA3hcIHI=\n"
		"F:usr\nR:z\nZ:Q1EfatjsUqKYSrqv18O1FlA3hcIHI=\n"
		"F:usr/bin\n"
		"R:ln\na:0:0:777\nZ:Q1EfatjsUqKYSrqv18O1FlA3hcIHI=\n"
		"R:sh\na:0:0:755\nZ:Q1EfatjsUqKYSrqv18O1FlA3hcIHI=\n"
		"R:zsh\na:0:0:755\nZ:Q1EfatjsUqKYSrqv18O1FlA3hcIHI=\n"
		"F:usr/tmp\nM:0:0:1777\n"
		"\n"
		"C:Q1NWoZK3kTsExUV00Ywo1G5jlUKKs=\nP:bare\nV:1\nA:x86_64\n"
		"F:usr\nR:own\na:65532:0:400\nZ:Q1EfatjsUqKYSrqv18O1FlA3hcIHI=\n"
		"\n");
	buffer_clear(&text);
	assert_ok(installed_triggers_write(packages, 2, image, &text, &err));
	assert_string_equal(
		buffer_str(&text), "Q1k5beGc+aBFyCzgOPQvzE6+uAmzU= /usr/lib /etc\n");
	buffer_clear(&text);
	assert_ok(installed_world_write(packages, 2, image, &text, &err));
	assert_string_equal(buffer_str(&text), "bare=1\nfull=1.0-r0\n");
	buffer_clear(&text);
	assert_ok(installed_scripts_write(packages, 2, 1700000000, &text, &err));
	assert_int_equal(text.len, 512 + 512 + 1024);
	assert_string_equal(
		text.data, "full-1.0-r0.Q1k5beGc+aBFyCzgOPQvzE6+uAmzU=.post-install");
	assert_memory_equal(text.data + 512, "#!/bin/sh\n", 10);
	buffer_clear(&text);
	assert_ok(installed_scripts_write(packages + 1, 1, 0, &text, &err));
	assert_int_equal(text.len, 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_sha1),
		cmocka_unit_test(test_signatures),
		cmocka_unit_test(test_reading),
		cmocka_unit_test_setup_teardown(
			test_installed, place_setup, place_teardown),
	};
	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
