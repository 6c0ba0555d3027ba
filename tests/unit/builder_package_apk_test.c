/* SPDX-License-Identifier: Apache-2.0 */
#include "base/compress.h"
#include "base/limits.h"
#include "base/tar.h"
#include "builder/package/apk.h"
#include "signing/secret.h"
#include "tests/unit/builder_package_support.h"

#define MTIME 1700000000

#define SIGNER(secret, name)                                                             \
	((secret) ? &(const struct apk_signer){(secret), (name), false} : NULL)

static struct secret *secret, *other_secret;
static struct key *key, *other_key;

static int make_keys(void **state)
{
	struct error err = ERROR_INIT;
	(void)state;
	if (secret_generate(KEY_RSA, 2048, &secret, &err) < 0 ||
		secret_public(secret, &key, &err) < 0 ||
		secret_generate(KEY_RSA, 2048, &other_secret, &err) < 0)
		return -1;
	return secret_public(other_secret, &other_key, &err);
}

static int free_keys(void **state)
{
	(void)state;
	key_free(&key);
	key_free(&other_key);
	secret_free(&secret);
	secret_free(&other_secret);
	return 0;
}

static const char *depends[] = {"so:libc.so.6", "zlib>=1.2", "!old"};
static const char *provides[] = {"cmd:sample=1.2-r3", "so:libs.so.1=1"};
static const char *replaces[] = {"elder"};
/* not in the order of the file */
static struct package_script scripts[] = {
	{".trigger", "#!/bin/sh\n"}, {".post-install", "#!/bin/sh\nexit 0\n"}};

static void make_package(struct store *store, struct package **ret_package)
{
	struct error err = ERROR_INIT;
	struct package *package;
	assert_ok(package_new(&package, &err));
	package->name = "sample";
	package->version = "1.2-r3";
	package->architecture = "x86_64";
	package->description = "A gr\xc3\xb6\xc3\x9f"
			       "erer test";
	package->url = "https://example.org/";
	package->license = "MIT AND ISC";
	package->origin = "sample";
	package->commit = "0123abc";
	package->maintainer = "someone";
	package->build_date = MTIME;
	package->installed_size = 14;
	package->depends = (struct package_list){depends, ARRAY_LEN(depends)};
	package->provides = (struct package_list){provides, ARRAY_LEN(provides)};
	package->replaces = (struct package_list){replaces, ARRAY_LEN(replaces)};
	package->provider_priority = 5;
	package->triggers = "/usr/a /usr/b";
	package->scripts = scripts;
	package->script_count = ARRAY_LEN(scripts);
	add_file(package->tree, store, "usr/bin/sample", SLICE("content"), 0755);
	add_file(package->tree, store, "etc/sample.conf", SLICE("setting"), 0600);
	add_link(package->tree, TREE_HARDLINK, "usr/bin/zample", "usr/bin/sample");
	add_link(package->tree, TREE_SYMLINK, "usr/bin/link", "sample");
	add_directory(package->tree, "var/tmp", 01777);
	struct tree_node capable = file_node(store, "usr/bin/ping", SLICE(""), 0755);
	struct tree_xattr xattr = {"security.capability", SLICE("\1\0\n\2=")};
	capable.xattrs = &xattr;
	capable.xattr_count = 1;
	capable.gid = 42;
	assert_ok(tree_add(package->tree, &capable, &err));
	*ret_package = package;
}

static struct slice SAMPLE_CONFIG = {"package:\n  name: sample\n", 24};

static void read_blob(
	struct store *store, const struct digest *digest, struct buffer *out)
{
	struct error err = ERROR_INIT;
	assert_ok(store_read_blob(store, digest, GIB, out, &err));
}

static void assert_same_trees(const struct tree *a, const struct tree *b)
{
	struct error err = ERROR_INIT;
	cleanup_mem const struct tree_node **left = NULL, **right = NULL;
	size_t left_count, right_count;
	assert_ok(tree_nodes(a, &left, &left_count, &err));
	assert_ok(tree_nodes(b, &right, &right_count, &err));
	assert_int_equal(left_count, right_count);
	for (size_t i = 0; i < left_count; i++) {
		assert_string_equal(left[i]->path, right[i]->path);
		assert_int_equal(left[i]->type, right[i]->type);
		assert_int_equal(left[i]->mode, right[i]->mode);
		assert_int_equal(left[i]->gid, right[i]->gid);
		assert_int_equal(left[i]->size, right[i]->size);
		assert_true(digest_equal(&left[i]->content, &right[i]->content));
		assert_true(digest_equal(&left[i]->sha1, &right[i]->sha1));
		assert_string_equal(left[i]->package, right[i]->package);
		assert_int_equal(left[i]->xattr_count, right[i]->xattr_count);
		for (size_t x = 0; x < left[i]->xattr_count; x++)
			assert_true(slice_equal(
				left[i]->xattrs[x].value, right[i]->xattrs[x].value));
	}
}

static void test_round_trip(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	cleanup_package struct package *package = NULL, *again = NULL;
	struct apk_trusted_key trusted = {"alnage.rsa.pub", key, false};
	struct apk_read_options options = {
		.keys = &trusted, .key_count = 1, .require_signature = true};
	make_package(place->store, &package);
	assert_ok(apk_write(package, place->store, SAMPLE_CONFIG,
		SIGNER(secret, "alnage.rsa.pub"), MTIME, &err));
	options.control_sha1 = &package->control_sha1;
	assert_ok(apk_read(place->store, &package->file, &options, &again, &err));
	assert_string_equal(again->name, package->name);
	assert_string_equal(again->version, package->version);
	assert_string_equal(again->architecture, package->architecture);
	assert_string_equal(again->description, package->description);
	assert_string_equal(again->url, package->url);
	assert_string_equal(again->license, package->license);
	assert_string_equal(again->origin, package->origin);
	assert_string_equal(again->commit, package->commit);
	assert_string_equal(again->maintainer, package->maintainer);
	assert_string_equal(again->triggers, package->triggers);
	assert_int_equal(again->build_date, MTIME);
	assert_int_equal(again->installed_size, 14);
	assert_int_equal(again->provider_priority, 5);
	assert_int_equal(again->file_size, package->file_size);
	assert_int_equal(again->depends.count, 3);
	assert_string_equal(again->depends.items[2], "!old");
	assert_int_equal(again->provides.count, 2);
	assert_string_equal(again->replaces.items[0], "elder");
	assert_int_equal(again->script_count, 2);
	assert_string_equal(again->scripts[0].name, ".post-install");
	assert_string_equal(again->scripts[0].text, scripts[1].text);
	assert_true(digest_equal(&again->control_sha1, &package->control_sha1));
	assert_true(digest_equal(&again->control_sha256, &package->control_sha256));
	assert_true(digest_equal(&again->data, &package->data));
	assert_same_trees(package->tree, again->tree);
}

/* The same package gives the same bytes, whatever order its files came in. */
static void test_reproducible(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	cleanup_package struct package *one = NULL, *two = NULL;
	make_package(place->store, &one);
	make_package(place->store, &two);
	struct tree_node node = *tree_find(two->tree, "usr/bin/zample");
	assert_ok(tree_remove(two->tree, "usr/bin/sample", &err));
	node = file_node(place->store, "usr/bin/zample", SLICE("content"), 0755);
	assert_ok(tree_set(two->tree, &node, &err));
	add_link(two->tree, TREE_HARDLINK, "usr/bin/sample", "usr/bin/zample");
	assert_ok(apk_write(one, place->store, SAMPLE_CONFIG, SIGNER(secret, "k.rsa.pub"),
		MTIME, &err));
	assert_ok(apk_write(two, place->store, SAMPLE_CONFIG, SIGNER(secret, "k.rsa.pub"),
		MTIME, &err));
	assert_true(digest_equal(&one->file, &two->file));
	assert_ok(apk_write(two, place->store, SAMPLE_CONFIG, SIGNER(secret, "k.rsa.pub"),
		MTIME + 1, &err));
	assert_false(digest_equal(&one->file, &two->file));
}

/* The text of .PKGINFO, byte for byte, and what stands around it. */
static void test_control_text(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	cleanup_package struct package *package = NULL;
	cleanup_buffer struct buffer file = BUFFER_INIT, tar = BUFFER_INIT,
				     expected = BUFFER_INIT;
	char data[DIGEST_TEXT_MAX];
	size_t len;
	make_package(place->store, &package);
	assert_ok(apk_write(package, place->store, SAMPLE_CONFIG, NULL, MTIME, &err));
	read_blob(place->store, &package->file, &file);
	assert_ok(gzip_decompress_member(buffer_slice(&file), MIB, &tar, &len, &err));
	assert_ok(buffer_printf(&expected, &err,
		"# Generated by alnage\n"
		"pkgname = sample\n"
		"pkgver = 1.2-r3\n"
		"arch = x86_64\n"
		"size = 14\n"
		"origin = sample\n"
		"pkgdesc = A gr\xc3\xb6\xc3\x9f"
		"erer test\n"
		"url = https://example.org/\n"
		"commit = 0123abc\n"
		"maintainer = someone\n"
		"builddate = 1700000000\n"
		"license = MIT AND ISC\n"
		"depend = so:libc.so.6\n"
		"depend = zlib>=1.2\n"
		"depend = !old\n"
		"provides = cmd:sample=1.2-r3\n"
		"provides = so:libs.so.1=1\n"
		"replaces = elder\n"
		"provider_priority = 5\n"
		"triggers = /usr/a /usr/b \n"
		"datahash = %s\n",
		digest_format_hex(&package->data, data)));
	assert_string_equal(tar.data, ".PKGINFO");
	assert_true(slice_starts_with(
		slice_sub(buffer_slice(&tar), 512, tar.len), buffer_slice(&expected)));
	/* a bare multiple of 512, and the last block is not zero: no end of the archive
	 */
	assert_int_equal(tar.len % 512, 0);
	static const char zeros[512];
	assert_memory_not_equal(tar.data + tar.len - 512, zeros, 512);
	assert_int_equal(tar.len, 512 * (2 + 2 + 2 + 2 + (expected.len > 512)));
}

static void test_signature_is_checked(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	cleanup_package struct package *package = NULL, *again = NULL;
	struct apk_trusted_key right = {"a.rsa.pub", key, false},
			       wrong = {"a.rsa.pub", other_key, false},
			       unknown = {"b.rsa.pub", other_key, false};
	struct apk_read_options options = {.keys = &right, .key_count = 1};
	make_package(place->store, &package);
	assert_ok(apk_write(package, place->store, SLICE_EMPTY,
		SIGNER(secret, "a.rsa.pub"), MTIME, &err));
	struct digest file = package->file;
	options.keys = &wrong;
	assert_refused(apk_read(place->store, &file, &options, &again, &err), ERR_REFUSED,
		"signature by a.rsa.pub");
	options.keys = &unknown; /* as good as unsigned */
	assert_ok(apk_read(place->store, &file, &options, &again, &err));
	package_free(&again);
	options.require_signature = true;
	assert_refused(apk_read(place->store, &file, &options, &again, &err), ERR_REFUSED,
		"signed by a.rsa.pub, which is not among the keys");
	options.key_count = 0;
	assert_refused(apk_read(place->store, &file, &options, &again, &err), ERR_REFUSED,
		"not among the keys");
	assert_ok(apk_write(package, place->store, SLICE_EMPTY, NULL, MTIME, &err));
	options = (struct apk_read_options){
		.keys = &right, .key_count = 1, .require_signature = true};
	assert_refused(apk_read(place->store, &package->file, &options, &again, &err),
		ERR_REFUSED, "is not signed");
}

/* Another package's control or data under a good signature. */
static void test_swapped_members(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	cleanup_package struct package *one = NULL, *two = NULL, *again = NULL;
	cleanup_buffer struct buffer a = BUFFER_INIT, b = BUFFER_INIT,
				     mixed = BUFFER_INIT, ignored = BUFFER_INIT;
	struct apk_trusted_key trusted = {"a.rsa.pub", key, false};
	struct apk_read_options options = {.keys = &trusted, .key_count = 1};
	size_t signature, control_a, signature_b, control_b;
	struct digest digest;
	make_package(place->store, &one);
	make_package(place->store, &two);
	add_file(two->tree, place->store, "usr/evil", SLICE("x"), 0755);
	assert_ok(apk_write(one, place->store, SLICE_EMPTY, SIGNER(secret, "a.rsa.pub"),
		MTIME, &err));
	assert_ok(apk_write(two, place->store, SLICE_EMPTY, SIGNER(secret, "a.rsa.pub"),
		MTIME, &err));
	read_blob(place->store, &one->file, &a);
	read_blob(place->store, &two->file, &b);
	struct slice sa = buffer_slice(&a), sb = buffer_slice(&b);
	assert_ok(gzip_decompress_member(sa, MIB, &ignored, &signature, &err));
	assert_ok(gzip_decompress_member(
		slice_sub(sa, signature, sa.len), MIB, &ignored, &control_a, &err));
	assert_ok(gzip_decompress_member(sb, MIB, &ignored, &signature_b, &err));
	assert_ok(gzip_decompress_member(
		slice_sub(sb, signature_b, sb.len), MIB, &ignored, &control_b, &err));
	/* the data of two behind the control of one */
	assert_ok(
		buffer_add_slice(&mixed, slice_sub(sa, 0, signature + control_a), &err));
	assert_ok(buffer_add_slice(
		&mixed, slice_sub(sb, signature_b + control_b, sb.len), &err));
	assert_ok(store_put_blob(place->store, buffer_slice(&mixed), &digest, &err));
	assert_refused(apk_read(place->store, &digest, &options, &again, &err),
		ERR_REFUSED, "data does not have the digest");
	/* one's signature before two */
	buffer_clear(&mixed);
	assert_ok(buffer_add_slice(&mixed, slice_sub(sa, 0, signature), &err));
	assert_ok(buffer_add_slice(&mixed, slice_sub(sb, signature_b, sb.len), &err));
	assert_ok(store_put_blob(place->store, buffer_slice(&mixed), &digest, &err));
	assert_refused(apk_read(place->store, &digest, &options, &again, &err),
		ERR_REFUSED, "signature by a.rsa.pub");
	/* two where the index says one */
	options.control_sha1 = &one->control_sha1;
	assert_refused(apk_read(place->store, &two->file, &options, &again, &err),
		ERR_REFUSED, "not the package that the index names");
	/* something behind the data */
	options.control_sha1 = NULL;
	buffer_clear(&mixed);
	assert_ok(buffer_add_slice(&mixed, sa, &err));
	assert_ok(buffer_add_byte(&mixed, 0, &err));
	assert_ok(store_put_blob(place->store, buffer_slice(&mixed), &digest, &err));
	assert_refused(apk_read(place->store, &digest, &options, &again, &err),
		ERR_REFUSED, "data does not have the digest");
	assert_null(again);
}

/* ---- packages made by hand ---- */

struct hand_made {
	struct buffer tar;
	const char *info; /* the head of .PKGINFO, if not a good one */
	bool open_end;
};

static void pack(struct store *store, struct hand_made *made, struct digest *ret_file)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer data = BUFFER_INIT, control = BUFFER_INIT,
				     info = BUFFER_INIT, file = BUFFER_INIT;
	struct digest digest;
	char hex[DIGEST_TEXT_MAX];
	if (!made->open_end)
		assert_ok(tar_add_end(&made->tar, &err));
	assert_ok(
		compress_member(COMPRESSION_GZIP, buffer_slice(&made->tar), &data, &err));
	assert_ok(digest_of(DIGEST_SHA256, buffer_slice(&data), &digest, &err));
	assert_ok(buffer_printf(&info, &err, "%s\ndatahash = %s\n",
		made->info ? made->info : "pkgname = x\npkgver = 1-r0\narch = noarch",
		digest_format_hex(&digest, hex)));
	struct tar_entry entry = {.type = TAR_FILE, .path = ".PKGINFO", .mode = 0644};
	assert_ok(tar_add_file(&control, &entry, buffer_slice(&info), &err));
	assert_ok(compress_member(COMPRESSION_GZIP, buffer_slice(&control), &file, &err));
	assert_ok(buffer_add_slice(&file, buffer_slice(&data), &err));
	assert_ok(store_put_blob(store, buffer_slice(&file), ret_file, &err));
	buffer_done(&made->tar);
}

static void add_entry(struct hand_made *made, enum tar_type type, const char *path,
	const char *link, const char *sha1, struct slice content)
{
	struct error err = ERROR_INIT;
	struct tar_record record = {"APK-TOOLS.checksum.SHA1", slice_str(sha1)};
	struct tar_entry entry = {.type = type,
		.path = path,
		.link = link,
		.mode = 0755,
		.records = &record,
		.record_count = sha1 ? 1 : 0};
	if (type == TAR_FILE)
		assert_ok(tar_add_file(&made->tar, &entry, content, &err));
	else
		assert_ok(tar_add_header(&made->tar, &entry, &err));
}

#define SHA1_OF_X "11f6ad8ec52a2984abaafd7c3b516503785c2072" /* printf x | sha1sum */
#define SHA1_OF_Y "95cb0bfd2977c761298d9624e4b4d4c72a39974a"

static void test_hand_made(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	cleanup_package struct package *package = NULL;
	struct apk_read_options options = {0};
	struct hand_made made = {.tar = BUFFER_INIT};
	struct digest file;
	add_entry(&made, TAR_DIRECTORY, "d", NULL, NULL, SLICE_EMPTY);
	add_entry(&made, TAR_FILE, "d/f", NULL, SHA1_OF_X, SLICE("x"));
	add_entry(&made, TAR_SYMLINK, "d/s", "x", SHA1_OF_X, SLICE_EMPTY);
	pack(place->store, &made, &file);
	assert_ok(apk_read(place->store, &file, &options, &package, &err));
	assert_int_equal(tree_count(package->tree), 3);
	package_free(&package);

	add_entry(&made, TAR_FILE, "f", NULL, SHA1_OF_Y, SLICE("x"));
	pack(place->store, &made, &file);
	assert_refused(apk_read(place->store, &file, &options, &package, &err),
		ERR_REFUSED, "/f: the content does not have the SHA-1");
	add_entry(&made, TAR_SYMLINK, "s", "x", SHA1_OF_Y, SLICE_EMPTY);
	pack(place->store, &made, &file);
	assert_refused(apk_read(place->store, &file, &options, &package, &err),
		ERR_REFUSED, "/s: the content does not have the SHA-1");
	add_entry(&made, TAR_FILE, "f", NULL, "abc", SLICE("x"));
	pack(place->store, &made, &file);
	assert_refused(
		apk_read(place->store, &file, &options, &package, &err), ERR_INPUT, "/f");
	add_entry(&made, TAR_FILE, ".post-install", NULL, NULL, SLICE("x"));
	pack(place->store, &made, &file);
	assert_refused(apk_read(place->store, &file, &options, &package, &err), ERR_INPUT,
		"dot file in the root");
	made.open_end = true;
	add_entry(&made, TAR_FILE, "f", NULL, NULL, SLICE("x"));
	pack(place->store, &made, &file);
	assert_refused(
		apk_read(place->store, &file, &options, &package, &err), ERR_INPUT, "");
}

static void test_bad_info(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	struct package *package = NULL;
	struct apk_read_options options = {0};
	static const struct {
		const char *info, *why;
		int class;
	} cases[] = {{"pkgname = x\npkgver = 1-r0", "package name of 0 bytes", ERR_INPUT},
		{"pkgname = ../x\npkgver = 1\narch = a", "letters, digits", ERR_INPUT},
		{"pkgname = x\npkgver = one\narch = a", "malformed version", ERR_INPUT},
		{"pkgname = x\npkgname = y", "line 2: pkgname is there twice", ERR_INPUT},
		{"pkgname = x\njust text", "is not \"key = value\"", ERR_INPUT},
		{"pkgname = x\ndepend = a b=", "line 2: depend", ERR_INPUT},
		{"pkgname = x\nsize = -1", "line 2: size", ERR_INPUT},
		{"pkgname = x\nbuilddate = 99999999999999999999", "builddate", ERR_INPUT},
		{"pkgname = x\npkgdesc = a\tb", "control characters", ERR_INPUT},
		{"pkgname = x\npkgver = 1\narch = a\ndatahash = "
		 "0000000000000000000000000000000000000000000000000000000000000000",
			"datahash is there twice", ERR_INPUT}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct hand_made made = {.tar = BUFFER_INIT, .info = cases[i].info};
		struct digest file;
		pack(place->store, &made, &file);
		assert_refused(apk_read(place->store, &file, &options, &package, &err),
			cases[i].class, cases[i].why);
	}
}

static void test_bad_files(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	struct package *package = NULL;
	struct apk_read_options options = {0};
	struct digest file;
	assert_ok(store_put_blob(place->store, SLICE(""), &file, &err));
	assert_int_equal(
		apk_read(place->store, &file, &options, &package, &err), ERR_INPUT);
	error_clear(&err);
	assert_ok(store_put_blob(place->store, SLICE("\x1f\x8b\x08"), &file, &err));
	assert_int_equal(
		apk_read(place->store, &file, &options, &package, &err), ERR_INPUT);
	error_clear(&err);
	/* control data of 11 MiB zeros: over the limit, whatever it would be */
	cleanup_buffer struct buffer zeros = BUFFER_INIT, packed = BUFFER_INIT;
	assert_ok(buffer_add_zeros(&zeros, LIMIT_PACKAGE_CONTROL + MIB, &err));
	assert_ok(compress_member(COMPRESSION_GZIP, buffer_slice(&zeros), &packed, &err));
	assert_ok(store_put_blob(place->store, buffer_slice(&packed), &file, &err));
	assert_int_equal(
		apk_read(place->store, &file, &options, &package, &err), ERR_INPUT);
	error_clear(&err);
	/* control without .PKGINFO */
	cleanup_buffer struct buffer tar = BUFFER_INIT;
	struct tar_entry entry = {.type = TAR_FILE, .path = ".other", .mode = 0644};
	assert_ok(tar_add_file(&tar, &entry, SLICE("x"), &err));
	buffer_clear(&packed);
	assert_ok(compress_member(COMPRESSION_GZIP, buffer_slice(&tar), &packed, &err));
	assert_ok(store_put_blob(place->store, buffer_slice(&packed), &file, &err));
	assert_refused(apk_read(place->store, &file, &options, &package, &err), ERR_INPUT,
		"without .PKGINFO");
}

static void test_one_line(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	cleanup_package struct package *package = NULL;
	static const char *const cases[][2] = {{"plain", "plain"}, {"", ""},
		{" \n\t ", ""}, {"two\nlines\n", "two lines"},
		{"  a \t b\r\n\n c", "a b c"}};
	make_package(place->store, &package);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		package->description = package_one_line(package->arena, cases[i][0]);
		assert_string_equal(package->description, cases[i][1]);
		assert_ok(
			apk_write(package, place->store, SLICE_EMPTY, NULL, MTIME, &err));
	}
}

static void test_writer_refuses(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	cleanup_package struct package *package = NULL;
	cleanup_secret struct secret *curve = NULL;
	make_package(place->store, &package);
	assert_ok(secret_generate(KEY_ECDSA_P256, 0, &curve, &err));
	assert_refused(apk_write(package, place->store, SLICE_EMPTY, SIGNER(curve, "k"),
			       MTIME, &err),
		ERR_INPUT, "RSA keys, not ecdsa-p256");
	assert_refused(apk_write(package, place->store, SLICE_EMPTY,
			       SIGNER(secret, "a/b"), MTIME, &err),
		ERR_INPUT, "name of the signing key");
	package->description = "two\nlines";
	assert_refused(apk_write(package, place->store, SLICE_EMPTY, NULL, MTIME, &err),
		ERR_INPUT, "pkgdesc");
	package->description = "";
	package->version = "1.2-3";
	assert_refused(apk_write(package, place->store, SLICE_EMPTY, NULL, MTIME, &err),
		ERR_INPUT, "malformed version");
	package->version = "1.2-r3";
	package->depends = (struct package_list){(const char *[]){"a@edge"}, 1};
	assert_refused(apk_write(package, place->store, SLICE_EMPTY, NULL, MTIME, &err),
		ERR_INPUT, "depends: 'a@edge' has a tag");
	package->depends = (struct package_list){0};
	add_file(package->tree, place->store, ".hidden", SLICE("x"), 0644);
	assert_refused(apk_write(package, place->store, SLICE_EMPTY, NULL, MTIME, &err),
		ERR_INPUT, "dot file in the root");
	assert_ok(tree_remove(package->tree, ".hidden", &err));
	scripts[0].name = ".post-mortem";
	assert_refused(apk_write(package, place->store, SLICE_EMPTY, NULL, MTIME, &err),
		ERR_INPUT, "no such script");
	scripts[0].name = ".trigger";
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_round_trip),
		TEST(test_reproducible),
		TEST(test_control_text),
		TEST(test_signature_is_checked),
		TEST(test_swapped_members),
		TEST(test_hand_made),
		TEST(test_bad_info),
		TEST(test_bad_files),
		TEST(test_one_line),
		TEST(test_writer_refuses),
	};
	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
