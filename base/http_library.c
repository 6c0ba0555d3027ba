/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl, loaded when it is first called (base/library.h): its functions as the other
 * http files use them. One that is missing here is an undefined symbol when linking.
 */
/* its parameter is const in newer headers, which changes nothing for a caller */
#define curl_url_get curl_url_get_of_the_header
#include <curl/curl.h>
#undef curl_url_get
#include <pthread.h>
#include <stdarg.h>

#include "base/http_library.h"
#include "base/library.h"

/* type-checking macros of curl/curl.h: here are the functions themselves */
#undef curl_easy_getinfo
#undef curl_easy_setopt

#define CURL_SONAME "libcurl.so.4"

CURLUcode curl_url_get(CURLU *url, CURLUPart what, char **part, unsigned flags);

/* F(name, type, parameters, arguments, what is returned if there is no libcurl) */
#define FUNCTIONS(F)                                                                     \
	F(curl_global_init, CURLcode, (long flags), (flags), CURLE_FAILED_INIT)          \
	F(curl_easy_init, CURL *, (void), (), NULL)                                      \
	F(curl_easy_perform, CURLcode, (CURL * curl), (curl), CURLE_FAILED_INIT)         \
	F(curl_slist_append, struct curl_slist *,                                        \
		(struct curl_slist * list, const char *text), (list, text), NULL)        \
	F(curl_url, CURLU *, (void), (), NULL)                                           \
	F(curl_url_get, CURLUcode,                                                       \
		(CURLU * url, CURLUPart what, char **part, unsigned flags),              \
		(url, what, part, flags), CURLUE_UNKNOWN_PART)                           \
	F(curl_url_set, CURLUcode,                                                       \
		(CURLU * url, CURLUPart what, const char *part, unsigned flags),         \
		(url, what, part, flags), CURLUE_UNKNOWN_PART)                           \
	F(curl_url_strerror, const char *, (CURLUcode code), (code), "no libcurl")       \
	F(curl_easy_strerror, const char *, (CURLcode code), (code), "no libcurl")

/* The same without a result: nothing to do if there is no libcurl. */
#define PROCEDURES(F)                                                                    \
	F(curl_easy_cleanup, (CURL * curl), (curl))                                      \
	F(curl_easy_reset, (CURL * curl), (curl))                                        \
	F(curl_free, (void *text), (text))                                               \
	F(curl_slist_free_all, (struct curl_slist * list), (list))                       \
	F(curl_url_cleanup, (CURLU * url), (url))

struct library {
#define MEMBER(name, ...) __typeof__(&name) name;
	FUNCTIONS(MEMBER)
	PROCEDURES(MEMBER)
	MEMBER(curl_easy_getinfo)
	MEMBER(curl_easy_setopt)
};

static const char *const names[] = {
#define NAME(name, ...) #name,
	FUNCTIONS(NAME) PROCEDURES(NAME) "curl_easy_getinfo", "curl_easy_setopt"};

/* Written once, under the lock of pthread_once. */
static struct {
	union {
		struct library curl;
		void (*functions[ARRAY_LEN(names)])(void);
	};
	bool is_loaded;
} loaded;

static void load(void)
{
	_Static_assert(sizeof(loaded.curl) == sizeof(loaded.functions), "one each");

	loaded.is_loaded =
		library_load(CURL_SONAME, names, ARRAY_LEN(names), loaded.functions);
}

static const struct library *library(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, load); /* cannot fail with these arguments */
	return loaded.is_loaded ? &loaded.curl : NULL;
}

int http_library_need(struct error *err)
{
	if (library())
		return 0;
	(void)error_set(err, ERR_SYSTEM, CURL_SONAME " cannot be loaded");
	return error_remedy(err, "install it (Debian: libcurl4)");
}

#define DEFINE_FUNCTION(name, type, parameters, arguments, otherwise)                    \
	type name parameters                                                             \
	{                                                                                \
		const struct library *curl_library = library();                          \
                                                                                         \
		return curl_library ? curl_library->name arguments : otherwise;          \
	}
FUNCTIONS(DEFINE_FUNCTION)

#define DEFINE_PROCEDURE(name, parameters, arguments)                                    \
	void name parameters                                                             \
	{                                                                                \
		const struct library *curl_library = library();                          \
                                                                                         \
		if (curl_library)                                                        \
			curl_library->name arguments;                                    \
	}
PROCEDURES(DEFINE_PROCEDURE)

/*
 * The value is a long, a curl_off_t or some pointer. All of them are one 64-bit word and
 * are passed alike in the calling conventions that we are built for.
 */
_Static_assert(sizeof(long) == sizeof(void *) && sizeof(curl_off_t) == sizeof(void *),
	"options of libcurl are passed on as one word");

CURLcode curl_easy_setopt(CURL *curl, CURLoption option, ...)
{
	const struct library *curl_library = library();
	va_list arguments;
	void *value;

	va_start(arguments, option);
	value = va_arg(arguments, void *);
	va_end(arguments);
	return curl_library ? curl_library->curl_easy_setopt(curl, option, value)
			    : CURLE_FAILED_INIT;
}

CURLcode curl_easy_getinfo(CURL *curl, CURLINFO info, ...)
{
	const struct library *curl_library = library();
	va_list arguments;
	void *value;

	va_start(arguments, info);
	value = va_arg(arguments, void *);
	va_end(arguments);
	return curl_library ? curl_library->curl_easy_getinfo(curl, info, value)
			    : CURLE_FAILED_INIT;
}
