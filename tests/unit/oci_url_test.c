/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/retry.h"
#include "oci/url.h"

static void resolved(void **state)
{
	(void)state;
	static const struct {
		const char *base, *reference, *result; /* NULL: refused */
	} table[] = {
		{"https://r.example/v2/a/blobs/uploads/", "/v2/x?y=1",
			"https://r.example/v2/x?y=1"},
		{"https://r.example/v2/a/b?c=/d", "x", "https://r.example/v2/a/x"},
		{"https://r.example/v2/a?c=d", "?e", "https://r.example/v2/a?e"},
		{"https://r.example", "x", "https://r.example/x"},
		{"https://r.example:5/a", "//other.example/x", "https://other.example/x"},
		{"http://r.example/a", "https://other.example/x#frag",
			"https://other.example/x"},
		{"https://r.example/a", "ftp://other.example/x",
			"https://r.example/ftp://other.example/x"},
		{"https://r.example/a", "https://me:pw@other.example/", NULL},
		{"https://r.example/a", "https://other.example\\@r.example/", NULL},
		{"https://r.example/a", "/x y", NULL},
		{"https://r.example/a", "/x\r\ny", NULL},
		{"https://r.example/a", "", NULL},
		{"https://r.example/a", "#x", NULL},
		{"https://r.example/a", "https:///x", NULL},
		{"https://r.example/a", "///x", NULL},
		{"https://r.example/a", "https://r.example:99999/", NULL},
		{"https://r.example/a", "https://[::1/", NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		cleanup_buffer struct buffer out = BUFFER_INIT;
		struct error err = ERROR_INIT;
		int result = url_resolve(slice_str(table[i].base),
			slice_str(table[i].reference), &out, &err);

		if (table[i].result) {
			assert_int_equal(result, 0);
			assert_string_equal(buffer_str(&out), table[i].result);
		} else {
			if (result != ERR_INPUT)
				fail_msg("accepted: %s", table[i].reference);
			assert_int_equal(out.len, 0);
		}
	}
}

static void secrets_are_not_shown(void **state)
{
	(void)state;
	static const char *const table[] = {"https://me:secret@r.example/x",
		"https://r_example/x?signature=secret", "https://a@secret@r.example/"};
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct error err = ERROR_INIT;
		struct url url;

		assert_int_equal(url_parse(slice_str(table[i]), &url, &err), ERR_INPUT);
		assert_null(strstr(err.text, "secret"));
		assert_non_null(strstr(err.text, "example/"));
	}
}

static void origins(void **state)
{
	(void)state;
	static const struct {
		const char *a, *b;
		bool same;
	} table[] = {
		{"https://r.example/x", "https://R.Example:443/y?z", true},
		{"http://r.example", "http://r.example:80", true},
		{"https://r.example", "http://r.example", false},
		{"https://r.example", "https://r.example:444", false},
		{"https://r.example", "https://r.example.evil.example", false},
		{"https://r.example", "https://xr.example", false},
		{"http://[::1]:5000/", "http://[::1]:5000", true},
		{"http://[::1]:5000/", "http://[::1]:5001", false},
		{"http://[::1]/", "http://[::1]:80", true},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct error err = ERROR_INIT;
		struct url a, b;

		assert_int_equal(url_parse(slice_str(table[i].a), &a, &err), 0);
		assert_int_equal(url_parse(slice_str(table[i].b), &b, &err), 0);
		assert_int_equal(url_same_origin(&a, &b), table[i].same);
	}
}

static void local_addresses(void **state)
{
	(void)state;
	static const struct {
		const char *host;
		bool local;
	} table[] = {
		{"127.0.0.1", true},
		{"10.1.2.3", true},
		{"172.16.0.1", true},
		{"172.31.255.255", true},
		{"192.168.1.1", true},
		{"169.254.169.254", true},
		{"100.64.0.1", true},
		{"0.0.0.0", true},
		{"224.0.0.1", true},
		{"255.255.255.255", true},
		{"localhost", true},
		{"LOCALHOST", true},
		{"a.localhost", true},
		{"[::1]", true},
		{"[::]", true},
		{"[fe80::1]", true},
		{"[fd00::1]", true},
		{"[ff02::1]", true},
		{"[::ffff:10.0.0.1]", true},
		{"[64:ff9b::a9fe:a9fe]", true},
		{"2130706433", true},
		{"127.1", true},
		{"0x7f000001", true},
		{"0177.0.0.1", true},
		{"", true},
		{"8.8.8.8", false},
		{"172.32.0.1", false},
		{"172.15.255.255", false},
		{"100.128.0.1", false},
		{"[2001:db8::1]", false},
		{"[::ffff:8.8.8.8]", false},
		{"auth.docker.io", false},
		{"notlocalhost", false},
		{"127.0.0.1.example", false},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (url_host_is_local(slice_str(table[i].host)) != table[i].local)
			fail_msg("%s", table[i].host);
}

static void queries(void **state)
{
	(void)state;
	cleanup_buffer struct buffer url = BUFFER_INIT;
	struct error err = ERROR_INIT;

	assert_int_equal(buffer_add_str(&url, "https://a/t", &err), 0);
	assert_int_equal(url_add_query(&url, "scope", SLICE("a:b&c=d e"), &err), 0);
	assert_int_equal(url_add_query(&url, "x", SLICE(""), &err), 0);
	assert_string_equal(buffer_str(&url), "https://a/t?scope=a%3Ab%26c%3Dd%20e&x=");
}

static void retry_after(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t ms;
		bool valid;
	} table[] = {
		{"0", 0, true},
		{" 7 ", 7000, true},
		{"100000", 100000000, true},
		/* as long as it can be, not "no such header" */
		{"4294967296", 4294967295000, true},
		{"99999999999999999999", 4294967295000, true},
		{"99999999999999999999x", 0, false},
		{"-1", 0, false},
		{"soon", 0, false},
		{"", 0, false},
		{"1.5", 0, false},
		/* 2015-10-21T07:28:00Z is 1445412480; "now" is 30 seconds before */
		{"Wed, 21 Oct 2015 07:28:00 GMT", 30000, true},
		{"Wed, 21 Oct 2015 07:27:00 GMT", 0, true},
		{"Wed, 21 Oct 2016 07:28:00 GMT", 31622430000, true},
		{"Wed, 21 Xyz 2015 07:28:00 GMT", 0, false},
		{"Wed, 21 anF 2015 07:28:00 GMT", 0, false},
		{"Wed, 99 Oct 2015 07:28:00 GMT", 0, false},
		{"Wed, 21 Oct 2015 07:28:00 CET", 0, false},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		uint64_t ms = 12345;
		bool valid = retry_after_parse(slice_str(table[i].text), 1445412450, &ms);

		if (valid != table[i].valid || (valid && ms != table[i].ms))
			fail_msg("%s: %d %llu", table[i].text, valid,
				(unsigned long long)ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resolved),
		cmocka_unit_test(secrets_are_not_shown),
		cmocka_unit_test(origins),
		cmocka_unit_test(local_addresses),
		cmocka_unit_test(queries),
		cmocka_unit_test(retry_after),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
