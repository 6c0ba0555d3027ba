/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door to PKCS #11 modules. Which one: the URI's module-path, else
 * $ALNAGE_PKCS11_MODULE, else libp11-kit, which knows all modules that are installed.
 * A module stays loaded and is not finalized: several keys may share it, and the closed
 * session is what logs out (PKCS #11 v2.40, C_CloseSession).
 */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <pthread.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "signing/pkcs11_private.h"
#include "signing/pkcs11_uri.h"
#include "signing/secret_private.h"
#include "signing/wipe.h"

#define MODULE_DEFAULT "libp11-kit.so.0"
#define MODULE_ENV     "ALNAGE_PKCS11_MODULE"
#define SLOTS_MAX      256
#define ATTRIBUTE_MAX  2048
#define SIGNATURE_MAX  1024 /* RSA 8192 */
#define LABEL_MAX      256

struct token {
	CK_FUNCTION_LIST *module;
	pthread_mutex_t lock; /* a session does one thing at a time */
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE session;
	bool has_session;
	CK_OBJECT_HANDLE key;
	bool always_authenticate; /* the PIN again for each signature: kept for that */
	char *pin;                /* NULL: none, or on the token's own pad */
	char label[LABEL_MAX];
};

static const struct {
	CK_RV code;
	const char *name;
} codes[] = {
	{CKR_PIN_INCORRECT, "wrong PIN"},
	{CKR_PIN_INVALID, "wrong PIN"},
	{CKR_PIN_LEN_RANGE, "wrong PIN (its length)"},
	{CKR_PIN_LOCKED, "the PIN is locked"},
	{CKR_PIN_EXPIRED, "the PIN has expired"},
	{CKR_TOKEN_NOT_PRESENT, "no token in the slot"},
	{CKR_DEVICE_REMOVED, "the token was removed"},
	{CKR_DEVICE_ERROR, "the token has failed"},
	{CKR_KEY_FUNCTION_NOT_PERMITTED, "the key is not for signing"},
	{CKR_MECHANISM_INVALID, "the token does not know this kind of signature"},
	{CKR_USER_NOT_LOGGED_IN, "not logged in"},
	{CKR_GENERAL_ERROR, "the module has failed (its configuration?)"},
};

static int token_error(struct error *err, CK_RV code, const char *what)
{
	bool pin = code == CKR_PIN_INCORRECT || code == CKR_PIN_INVALID ||
		   code == CKR_PIN_LEN_RANGE || code == CKR_PIN_LOCKED ||
		   code == CKR_PIN_EXPIRED;

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (codes[i].code == code)
			return error_set(err, pin ? ERR_REFUSED : ERR_SYSTEM, "%s: %s",
				what, codes[i].name);
	return error_set(
		err, ERR_SYSTEM, "%s: PKCS #11 error 0x%lx", what, (unsigned long)code);
}

void token_free(struct token **token)
{
	if (!*token)
		return;
	if ((*token)->has_session)
		(void)(*token)->module->C_CloseSession(
			(*token)->session); /* at the end */
	wipe_str(&(*token)->pin);
	(void)pthread_mutex_destroy(&(*token)->lock); /* nobody holds it */
	free(*token);
	*token = NULL;
}

const char *token_label(const struct token *token)
{
	return token->label;
}

/* ---- the module ---- */

static int no_module(const char *path, struct error *err)
{
	const char *why = dlerror();

	(void)error_set(err, ERR_SYSTEM, /* returned below */
		"PKCS #11 module %s cannot be loaded: %s", path, why ? why : "unknown");
	return error_remedy(err,
		"install libp11-kit0 and the token's module (softhsm2, opensc-pkcs11, "
		"ykcs11), or name the module: ?module-path=/PATH or $" MODULE_ENV);
}

static int load_module(const char *path, CK_FUNCTION_LIST **ret_module, struct error *err)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	CK_C_INITIALIZE_ARGS arguments = {.flags = CKF_OS_LOCKING_OK};
	CK_C_GetFunctionList get;
	CK_FUNCTION_LIST *module = NULL;
	CK_RV code;

	if (!library)
		return no_module(path, err);
	*(void **)&get = dlsym(library, "C_GetFunctionList"); /* POSIX's own way */
	if (!get || get(&module) != CKR_OK || !module || module->version.major < 2)
		return error_set(err, ERR_SYSTEM, "%s is not a PKCS #11 module", path);
	code = module->C_Initialize(&arguments);
	if (code != CKR_OK && code != CKR_CRYPTOKI_ALREADY_INITIALIZED)
		return token_error(err, code, path);
	*ret_module = module;
	return 0;
}

/* It gets the PIN, and what is no file might be waited for. */
static int check_module(const char *path, struct error *err)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return error_set_errno(err, errno, "PKCS #11 module %s", path);
	if (!S_ISREG(status.st_mode))
		return error_set(
			err, ERR_INPUT, "PKCS #11 module %s is not a file", path);
	if ((status.st_mode & S_IWOTH) != 0)
		return error_set(err, ERR_INPUT,
			"PKCS #11 module %s: everybody may change it", path);
	return 0;
}

static int open_module(
	const struct pkcs11_uri *uri, CK_FUNCTION_LIST **ret_module, struct error *err)
{
	const char *path = uri->module_path ? uri->module_path : getenv(MODULE_ENV);

	if (path && path[0] != '/')
		return error_set(
			err, ERR_USAGE, "$" MODULE_ENV " is not an absolute path");
	if (path && check_module(path, err) < 0)
		return err->class;
	return load_module(path ? path : MODULE_DEFAULT, ret_module, err);
}

/* ---- the slot ---- */

/* Fixed fields are filled with spaces. */
static bool field_is(const unsigned char *field, size_t size, const char *wanted)
{
	struct slice text = slice_from(field, size);

	while (text.len > 0 && text.data[text.len - 1] == ' ')
		text.len--;
	return !wanted || slice_equal_str(text, wanted);
}

static bool token_fits(
	const struct pkcs11_uri *uri, CK_SLOT_ID slot, const CK_TOKEN_INFO *info)
{
	return (!uri->has_slot || uri->slot == slot) &&
	       (info->flags & CKF_TOKEN_INITIALIZED) != 0 &&
	       field_is(info->label, sizeof(info->label), uri->token) &&
	       field_is(info->manufacturerID, sizeof(info->manufacturerID),
		       uri->manufacturer) &&
	       field_is(info->model, sizeof(info->model), uri->model) &&
	       field_is(info->serialNumber, sizeof(info->serialNumber), uri->serial);
}

static int find_slot(struct token *token, const struct pkcs11_uri *uri,
	CK_TOKEN_INFO *ret_info, struct error *err)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG count = SLOTS_MAX;
	size_t fits = 0;
	CK_RV code = token->module->C_GetSlotList(CK_TRUE, slots, &count);

	if (code != CKR_OK)
		return token_error(err, code, "listing the slots");
	for (CK_ULONG i = 0; i < count && i < SLOTS_MAX; i++) {
		CK_TOKEN_INFO info;

		if (token->module->C_GetTokenInfo(slots[i], &info) != CKR_OK ||
			!token_fits(uri, slots[i], &info))
			continue;
		*ret_info = info;
		token->slot = slots[i];
		fits++;
	}
	if (fits == 1)
		return 0;
	if (fits > 1)
		return error_set(err, ERR_INPUT,
			"%zu tokens are such: say which (serial=, slot-id=)", fits);
	(void)error_set(err, ERR_INPUT, /* returned below */
		"no such token among %lu slots with one", (unsigned long)count);
	return error_remedy(
		err, "pkcs11-tool --list-slots (package opensc) shows what there is");
}

/* ---- logging in ---- */

static int get_pin(const struct pkcs11_uri *uri, passphrase_source pin, void *context,
	char **ret_pin, struct error *err)
{
	cleanup_buffer struct buffer name = BUFFER_INIT, prompt = BUFFER_INIT;

	if (uri->pin_file)
		return secret_read_line(uri->pin_file, ret_pin, err);
	if (pkcs11_uri_format(uri, &name, err) < 0 ||
		buffer_printf(&prompt, err, "PIN for %s", buffer_str(&name)) < 0)
		return err->class;
	*ret_pin = pin ? pin(context, SECRET_PIN, buffer_str(&prompt)) : NULL;
	if (*ret_pin)
		return 0;
	(void)error_set(err, ERR_INPUT, "no PIN was given"); /* returned below */
	return error_remedy(err,
		"--pin-file FILE, ?pin-source=file:/PATH, $ALNAGE_PIN, or a "
		"terminal");
}

static CK_RV login(struct token *token, CK_USER_TYPE user)
{
	return token->module->C_Login(token->session, user, (unsigned char *)token->pin,
		token->pin ? strlen(token->pin) : 0);
}

/* A token that the next mistake locks is not tried by a program. */
static int check_tries(const CK_TOKEN_INFO *info, struct error *err)
{
	if (info->flags & CKF_USER_PIN_LOCKED)
		return error_set(err, ERR_REFUSED, "the PIN is locked");
	if (info->flags & CKF_USER_PIN_FINAL_TRY) {
		(void)error_set(err, ERR_REFUSED, /* returned below */
			"one more wrong PIN would lock the token: not tried");
		return error_remedy(err, "log in once with the token's own tool, e.g. "
					 "pkcs11-tool --login --test");
	}
	return 0;
}

/* Asked again: the count is of after the mistake. */
static int login_error(struct token *token, CK_RV code, struct error *err)
{
	CK_TOKEN_INFO info = {0};

	if (token_error(err, code, "logging in") != ERR_REFUSED)
		return err->class;
	(void)token->module->C_GetTokenInfo(token->slot, &info); /* else flags are 0 */
	if (code == CKR_PIN_LOCKED || (info.flags & CKF_USER_PIN_LOCKED))
		return error_remedy(err, "the token is locked: its security officer can "
					 "set a new PIN");
	return error_remedy(err, "%s",
		info.flags & CKF_USER_PIN_FINAL_TRY
			? "one more wrong PIN locks the token"
			: "be sure of the PIN before trying again: after a few wrong "
			  "ones the token locks");
}

static int log_in(struct token *token, const CK_TOKEN_INFO *info,
	const struct pkcs11_uri *uri, passphrase_source pin, void *context,
	struct error *err)
{
	CK_RV code;

	if (!(info->flags & CKF_LOGIN_REQUIRED))
		return 0;
	if (check_tries(info, err) < 0)
		return err->class;
	if (!(info->flags & CKF_PROTECTED_AUTHENTICATION_PATH) &&
		get_pin(uri, pin, context, &token->pin, err) < 0)
		return err->class;
	code = login(token, CKU_USER);
	if (code == CKR_OK || code == CKR_USER_ALREADY_LOGGED_IN)
		return 0;
	return login_error(token, code, err);
}

static int open_session(struct token *token, struct error *err)
{
	CK_RV code = token->module->C_OpenSession(
		token->slot, CKF_SERIAL_SESSION, NULL, NULL, &token->session);

	if (code != CKR_OK)
		return token_error(err, code, "opening a session");
	token->has_session = true;
	return 0;
}

/* ---- objects ---- */

static CK_ATTRIBUTE attribute(CK_ATTRIBUTE_TYPE type, const void *value, size_t len)
{
	/* the interface has no const; templates are only read */
	return (CK_ATTRIBUTE){
		.type = type, .pValue = (void *)(uintptr_t)value, .ulValueLen = len};
}

static int find_objects(struct token *token, CK_ATTRIBUTE *template, size_t count,
	CK_OBJECT_HANDLE *ret_object, size_t *ret_found, struct error *err)
{
	CK_OBJECT_HANDLE found[2] = {0};
	CK_ULONG got = 0;
	CK_RV code = token->module->C_FindObjectsInit(token->session, template, count);

	if (code == CKR_OK)
		code = token->module->C_FindObjects(
			token->session, found, ARRAY_LEN(found), &got);
	(void)token->module->C_FindObjectsFinal(token->session); /* nothing to report */
	if (code != CKR_OK)
		return token_error(err, code, "looking for the key");
	*ret_object = found[0];
	*ret_found = got;
	return 0;
}

/* An absent attribute is the empty slice; the bytes go to out. */
static struct slice get_attribute(struct token *token, CK_OBJECT_HANDLE object,
	CK_ATTRIBUTE_TYPE type, unsigned char out[static ATTRIBUTE_MAX])
{
	CK_ATTRIBUTE wanted = {.type = type, .pValue = out, .ulValueLen = ATTRIBUTE_MAX};

	if (token->module->C_GetAttributeValue(token->session, object, &wanted, 1) !=
			CKR_OK ||
		wanted.ulValueLen > ATTRIBUTE_MAX)
		return SLICE_EMPTY;
	return slice_from(out, wanted.ulValueLen);
}

static int find_private(
	struct token *token, const struct pkcs11_uri *uri, struct error *err)
{
	static const CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE template[3] = {attribute(CKA_CLASS, &class, sizeof(class))};
	size_t count = 1, found;

	if (uri->object)
		template[count++] =
			attribute(CKA_LABEL, uri->object, strlen(uri->object));
	if (uri->id.len > 0)
		template[count++] = attribute(CKA_ID, uri->id.data, uri->id.len);
	if (find_objects(token, template, count, &token->key, &found, err) < 0)
		return err->class;
	if (found == 0)
		return error_set(err, ERR_INPUT, "the token has no such private key");
	if (found > 1)
		return error_set(err, ERR_INPUT,
			"several private keys are such: say which (object=, id=)");
	return 0;
}

static void note_properties(struct token *token)
{
	unsigned char value[ATTRIBUTE_MAX];
	struct slice label = get_attribute(token, token->key, CKA_LABEL, value);

	if (label.len < LABEL_MAX && slice_is_printable(label) && slice_is_utf8(label))
		memcpy(token->label, label.data ? label.data : "", label.len);
	label = get_attribute(token, token->key, CKA_ALWAYS_AUTHENTICATE, value);
	token->always_authenticate = label.len == sizeof(CK_BBOOL) && value[0] == CK_TRUE;
	if (!token->always_authenticate)
		wipe_str(&token->pin);
}

/* The public object with the same CKA_ID, or the same label if there is no id; a private
 * RSA key tells the same itself. Signatures are checked against it, always. */
static int find_public(
	struct token *token, CK_OBJECT_HANDLE *ret_object, struct error *err)
{
	static const CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	unsigned char value[ATTRIBUTE_MAX];
	CK_ATTRIBUTE_TYPE type = CKA_ID;
	struct slice name = get_attribute(token, token->key, type, value);
	size_t found = 0;

	*ret_object = token->key;
	if (name.len == 0) {
		type = CKA_LABEL;
		name = get_attribute(token, token->key, type, value);
	}
	if (name.len == 0)
		return 0;
	CK_ATTRIBUTE template[] = {attribute(CKA_CLASS, &class, sizeof(class)),
		attribute(type, name.data, name.len)};
	if (find_objects(token, template, ARRAY_LEN(template), ret_object, &found, err) <
		0)
		return err->class;
	if (found == 0)
		*ret_object = token->key;
	return 0;
}

/* What tells the public key, by kind. */
static const struct kind {
	CK_KEY_TYPE type;
	CK_ATTRIBUTE_TYPE first, second;
	int (*read)(struct slice first, struct slice second, struct key **ret_key,
		struct error *err);
} kinds[] = {
	{CKK_RSA, CKA_MODULUS, CKA_PUBLIC_EXPONENT, pkcs11_rsa_key},
	{CKK_EC, CKA_EC_PARAMS, CKA_EC_POINT, pkcs11_ec_key},
	{CKK_EC_EDWARDS, CKA_EC_PARAMS, CKA_EC_POINT, pkcs11_ed25519_key},
};

static const struct kind *find_kind(struct token *token)
{
	unsigned char value[ATTRIBUTE_MAX];
	struct slice bytes = get_attribute(token, token->key, CKA_KEY_TYPE, value);
	CK_KEY_TYPE type;

	if (bytes.len != sizeof(type))
		return NULL;
	memcpy(&type, value, sizeof(type));
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (kinds[i].type == type)
			return &kinds[i];
	return NULL;
}

static int read_public(struct token *token, struct key **ret_key, struct error *err)
{
	unsigned char one[ATTRIBUTE_MAX], two[ATTRIBUTE_MAX];
	const struct kind *kind = find_kind(token);
	CK_OBJECT_HANDLE object;

	if (!kind)
		return error_set(
			err, ERR_INPUT, "the key is none of RSA, ECDSA, Ed25519");
	if (find_public(token, &object, err) < 0)
		return err->class;
	struct slice first = get_attribute(token, object, kind->first, one);
	struct slice second = get_attribute(token, object, kind->second, two);
	if (first.len == 0 || second.len == 0)
		return error_set(err, ERR_INPUT,
			"the token does not tell the public key (no public object with "
			"the same id or label)");
	return kind->read(first, second, ret_key, err);
}

/* ---- all of it ---- */

static int open_token(const struct pkcs11_uri *uri, passphrase_source pin, void *context,
	struct token *token, struct key **ret_key, struct error *err)
{
	CK_TOKEN_INFO info;

	if (open_module(uri, &token->module, err) < 0 ||
		find_slot(token, uri, &info, err) < 0 || open_session(token, err) < 0 ||
		log_in(token, &info, uri, pin, context, err) < 0 ||
		find_private(token, uri, err) < 0)
		return err->class;
	note_properties(token);
	return read_public(token, ret_key, err);
}

int token_open(const char *text, passphrase_source pin, void *context,
	struct token **ret_token, struct key **ret_key, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	cleanup_token struct token *token = NULL;
	cleanup_buffer struct buffer name = BUFFER_INIT;
	struct pkcs11_uri uri;

	if (arena_new(&arena, err) < 0 ||
		pkcs11_uri_parse(slice_str(text), arena, &uri, err) < 0 ||
		pkcs11_uri_format(&uri, &name, err) < 0)
		return err->class;
	token = calloc(1, sizeof(*token));
	if (!token)
		return error_set_memory(err);
	if (pthread_mutex_init(&token->lock, NULL) != 0) {
		free_ptr(&token);
		return error_set_memory(err);
	}
	if (open_token(&uri, pin, context, token, ret_key, err) < 0)
		return error_wrap(err, "%s", buffer_str(&name));
	*ret_token = take_ptr(token);
	return 0;
}

/* ---- signing ---- */

static int sign_locked(struct token *token, CK_MECHANISM_TYPE type, struct slice data,
	unsigned char out[static SIGNATURE_MAX], size_t *ret_len, struct error *err)
{
	CK_MECHANISM mechanism = {.mechanism = type};
	CK_ULONG len = SIGNATURE_MAX;
	CK_RV code = token->module->C_SignInit(token->session, &mechanism, token->key);

	if (code == CKR_OK && token->always_authenticate)
		code = login(token, CKU_CONTEXT_SPECIFIC);
	if (code == CKR_OK) /* the interface has no const; the data is only read */
		code = token->module->C_Sign(token->session,
			(unsigned char *)(uintptr_t)data.data, data.len, out, &len);
	if (code != CKR_OK)
		return token_error(err, code, "signing");
	if (len > SIGNATURE_MAX)
		return error_set(err, ERR_SYSTEM, "signing: %lu bytes", len);
	*ret_len = len;
	return 0;
}

static int sign_data(struct token *token, CK_MECHANISM_TYPE mechanism, struct slice data,
	unsigned char out[static SIGNATURE_MAX], size_t *ret_len, struct error *err)
{
	int status;

	if (pthread_mutex_lock(&token->lock) != 0)
		return error_set(err, ERR_BUG, "the token's lock");
	status = sign_locked(token, mechanism, data, out, ret_len, err);
	(void)pthread_mutex_unlock(&token->lock); /* it is ours */
	return status;
}

int token_sign(struct token *token, enum key_type type, struct slice message,
	struct buffer *ret_signature, struct error *err)
{
	unsigned char out[SIGNATURE_MAX];
	cleanup_buffer struct buffer info = BUFFER_INIT;
	struct digest digest;
	size_t len;

	if (type == KEY_RSA) {
		if (pkcs11_digest_info(message, &info, err) < 0 ||
			sign_data(token, CKM_RSA_PKCS, buffer_slice(&info), out, &len,
				err) < 0)
			return err->class;
		return buffer_add(ret_signature, out, len, err);
	}
	if (type == KEY_ED25519) {
		if (sign_data(token, CKM_EDDSA, message, out, &len, err) < 0)
			return err->class;
		return buffer_add(ret_signature, out, len, err);
	}
	if (digest_of(DIGEST_SHA256, message, &digest, err) < 0 ||
		sign_data(token, CKM_ECDSA, slice_from(digest.bytes, digest.len), out,
			&len, err) < 0)
		return err->class;
	return pkcs11_ecdsa_der(slice_from(out, len), ret_signature, err);
}
