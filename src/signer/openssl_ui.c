/* Answers to OpenSSL's questions for a PIN. */
#include "signer/openssl_ui.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/secret.h"
#include "key/pin.h"
#include "pkcs11/session.h"
#include "signer/openssl_key.h"

#include <openssl/err.h>
#include <string.h>

/* Index 0 of the extra data is the application's (CRYPTO_get_ex_new_index(3)). */
enum { ANSWER_INDEX = 0 };

static void resume_watch(const struct openssl_ui *ui)
{
	const struct chronosign_key *key = ui->key;

	if (ui->function != NULL && key->watch.begin != NULL)
		key->watch.begin(key->watch_context, ui->who, ui->function);
}

static void pause_watch(const struct openssl_ui *ui)
{
	const struct chronosign_key *key = ui->key;

	if (ui->function != NULL && key->watch.end != NULL)
		key->watch.end(key->watch_context, ui->who, ui->function, 0);
}

void openssl_call_begin(struct openssl_ui *ui, const char *function)
{
	/* Errors left by an earlier call are not the reason why this one fails. */
	ERR_clear_error();
	ui->before = UI_get_default_method();
	UI_set_default_method(ui->method);
	ui->function = function;
	resume_watch(ui);
}

void openssl_call_end(struct openssl_ui *ui)
{
	pause_watch(ui);
	ui->function = NULL;
	UI_set_default_method(ui->before);
}

static const struct chronosign_secret *find_pin(struct openssl_ui *ui,
						struct chronosign_error **error)
{
	if (ui->token != NULL)
		return pkcs11_session_pin(ui->token, error);
	if (ui->pin == NULL)
		ui->pin = pin_obtain(ui->key, ui->place, error);
	return ui->pin;
}

static bool is_text(const struct openssl_ui *ui, const struct chronosign_secret *pin,
		    struct chronosign_error **error)
{
	return (memchr(secret_bytes(pin), '\0', secret_length(pin)) == NULL &&
		secret_length(pin) < secret_capacity(pin)) ||
	       error_set(error, CHRONOSIGN_ERROR_KEY,
			 "the PIN holds a NUL byte or is too long, and %s takes PINs as strings; "
			 "use the "
			 "signer pkcs11",
			 ui->who);
}

/* A person may be asked, and the token is looked at: the call into the library waits meanwhile. */
static const char *pin_text(struct openssl_ui *ui, struct chronosign_error **error)
{
	pause_watch(ui);
	const struct chronosign_secret *pin = find_pin(ui, error);
	resume_watch(ui);
	if (pin == NULL || !is_text(ui, pin, error))
		return NULL;
	/* The buffer has room, and may hold a newline that was dropped. */
	secret_bytes(pin)[secret_length(pin)] = '\0';
	return (const char *)secret_bytes(pin);
}

const char *openssl_ui_pin_text(struct openssl_ui *ui, struct chronosign_error **error)
{
	const char *pin = pin_text(ui, error);

	if (pin == NULL)
		error_mark_login(error);
	else
		ui->given = true;
	return pin;
}

static bool fits(const struct openssl_ui *ui, UI_STRING *string, size_t length,
		 struct chronosign_error **error)
{
	int most = UI_get_result_maxsize(string);
	int least = UI_get_result_minsize(string);

	if (least >= 0 && most >= 0 && length >= (size_t)least && length <= (size_t)most)
		return true;
	return error_set(
		error, CHRONOSIGN_ERROR_KEY,
		"%s takes PINs of %d to %d bytes, and the one given is %s; it was not tried",
		ui->who, least, most, length < (size_t)least ? "shorter" : "longer");
}

static bool answer_question(struct openssl_ui *ui, UI *asked, UI_STRING *string,
			    struct chronosign_error **error)
{
	if (ui->left == 0)
		return error_set(error, CHRONOSIGN_ERROR_KEY, "%s asks for a PIN%s; it gets none",
				 ui->who,
				 ui->given ? " again, after the one that it got"
					   : " that it should not need");
	ui->left--;
	const char *pin = pin_text(ui, error);
	if (pin == NULL || !fits(ui, string, strlen(pin), error))
		return false;
	ui->given = true;
	return UI_set_result_ex(asked, string, pin, (int)strlen(pin)) == 0;
}

static int read_string(UI *asked, UI_STRING *string)
{
	/* It is returned as const although it is not. */
	struct openssl_ui *ui = (void *)UI_method_get_ex_data(UI_get_method(asked), ANSWER_INDEX);
	enum UI_string_types type = UI_get_string_type(string);

	if (type == UIT_INFO || type == UIT_ERROR)
		return 1;
	if (ui == NULL || type == UIT_BOOLEAN || type == UIT_NONE)
		return 0;
	/* The first reason is the one that counts. */
	struct chronosign_error **error = ui->error == NULL ? &ui->error : NULL;
	return answer_question(ui, asked, string, error) || error_mark_login(error);
}

bool openssl_ui_init(struct openssl_ui *ui, const struct chronosign_key *key, const char *who,
		     struct chronosign_error **error)
{
	*ui = (struct openssl_ui){.key = key, .who = who};
	ui->method = UI_create_method("chronosign");
	return (ui->method != NULL && UI_method_set_reader(ui->method, read_string) == 0 &&
		UI_method_set_ex_data(ui->method, ANSWER_INDEX, ui) == 1) ||
	       error_out_of_memory(error);
}

bool openssl_ui_take_error(struct openssl_ui *ui, struct chronosign_error **error)
{
	if (ui->error == NULL)
		return false;
	error_move(error, &ui->error);
	return true;
}

bool openssl_ui_sign(struct openssl_ui *ui, EVP_PKEY *pkey, OSSL_LIB_CTX *context,
		     struct signing *signing, struct chronosign_error **error)
{
	CLEANUP(cleanup_error) struct chronosign_error *failure = NULL;
	bool ask = ui->left > 0;

	openssl_call_begin(ui, "EVP_DigestSign");
	bool good = openssl_key_sign(pkey, context, signing, &failure);
	openssl_call_end(ui);
	if (good || openssl_ui_take_error(ui, error))
		return good;
	if (error_is_of_login(failure))
		key_login_refused(ui->key);
	error_move(error, &failure);
	return ask && ui->left == 0
		       ? error_append(error,
				      "%s got the PIN for this signature, once; it may be wrong",
				      ui->who)
		       : false;
}

void openssl_ui_clear(struct openssl_ui *ui)
{
	chronosign_secret_free(ui->pin);
	chronosign_error_free(ui->error);
	UI_destroy_method(ui->method);
	*ui = (struct openssl_ui){0};
}
