/* Answers to OpenSSL's questions for a PIN. */
#include "signer/ui.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/secret.h"
#include "key/pin.h"
#include "signer/evp.h"

#include <openssl/err.h>
#include <string.h>

/* Index 0 of the extra data is the application's (CRYPTO_get_ex_new_index(3)). */
enum { ANSWER_INDEX = 0 };

static void resume_watch(const struct ui_answer *answer)
{
	const chronosign_key *key = answer->key;

	if (answer->function != NULL && key->watch.begin != NULL)
		key->watch.begin(key->watch_context, answer->who, answer->function);
}

static void pause_watch(const struct ui_answer *answer)
{
	const chronosign_key *key = answer->key;

	if (answer->function != NULL && key->watch.end != NULL)
		key->watch.end(key->watch_context, answer->who, answer->function, 0);
}

void ui_call_begin(struct ui_answer *answer, const char *function)
{
	/* What an earlier call has left there is no reason why this one fails. */
	ERR_clear_error();
	answer->before = UI_get_default_method();
	UI_set_default_method(answer->method);
	answer->function = function;
	resume_watch(answer);
}

void ui_call_end(struct ui_answer *answer)
{
	pause_watch(answer);
	answer->function = NULL;
	UI_set_default_method(answer->before);
}

/* Obtains the PIN if that has not happened yet. */
static bool know_pin(struct ui_answer *answer, chronosign_error **error)
{
	if (answer->pin != NULL)
		return true;
	pause_watch(answer);
	answer->pin = pin_obtain(answer->key, answer->token, error);
	resume_watch(answer);
	return answer->pin != NULL;
}

static bool is_text(const struct ui_answer *answer, chronosign_error **error)
{
	const chronosign_secret *pin = answer->pin;

	return (memchr(secret_bytes(pin), '\0', secret_length(pin)) == NULL &&
		secret_length(pin) < secret_capacity(pin)) ||
	       error_set(error, CHRONOSIGN_ERROR_KEY,
			 "the PIN holds a NUL byte or is too long, and %s takes PINs as strings; "
			 "use the "
			 "signer pkcs11",
			 answer->who);
}

const char *ui_pin_text(struct ui_answer *answer, chronosign_error **error)
{
	if (!know_pin(answer, error) || !is_text(answer, error))
		return NULL;
	answer->given = true;
	/* There is room, and a newline that was dropped may stand there. */
	secret_bytes(answer->pin)[secret_length(answer->pin)] = '\0';
	return (const char *)secret_bytes(answer->pin);
}

static bool fits(const struct ui_answer *answer, UI_STRING *string, chronosign_error **error)
{
	int most = UI_get_result_maxsize(string);
	int least = UI_get_result_minsize(string);
	size_t length = secret_length(answer->pin);

	if (least >= 0 && most >= 0 && length >= (size_t)least && length <= (size_t)most)
		return true;
	return error_set(
		error, CHRONOSIGN_ERROR_KEY,
		"%s takes PINs of %d to %d bytes, and the one given is %s; it was not tried",
		answer->who, least, most, length < (size_t)least ? "shorter" : "longer");
}

static bool answer_question(struct ui_answer *answer, UI *ui, UI_STRING *string,
			    chronosign_error **error)
{
	if (answer->left == 0)
		return error_set(error, CHRONOSIGN_ERROR_KEY, "%s asks for a PIN%s; it gets none",
				 answer->who,
				 answer->given ? " again, after the one that it got"
					       : " that it should not need");
	answer->left--;
	if (!know_pin(answer, error) || !is_text(answer, error) || !fits(answer, string, error))
		return false;
	answer->given = true;
	return UI_set_result_ex(ui, string, (const char *)secret_bytes(answer->pin),
				(int)secret_length(answer->pin)) == 0;
}

static int read_string(UI *ui, UI_STRING *string)
{
	/* It comes back as const, and is none. */
	struct ui_answer *answer = (void *)UI_method_get_ex_data(UI_get_method(ui), ANSWER_INDEX);
	enum UI_string_types type = UI_get_string_type(string);

	if (type == UIT_INFO || type == UIT_ERROR)
		return 1;
	if (answer == NULL || type == UIT_BOOLEAN || type == UIT_NONE)
		return 0;
	/* The first reason is the one that counts. */
	return answer_question(answer, ui, string, answer->error == NULL ? &answer->error : NULL);
}

bool ui_answer_init(struct ui_answer *answer, const chronosign_key *key, const char *who,
		    chronosign_error **error)
{
	*answer = (struct ui_answer){.key = key, .who = who};
	answer->method = UI_create_method("chronosign");
	return (answer->method != NULL && UI_method_set_reader(answer->method, read_string) == 0 &&
		UI_method_set_ex_data(answer->method, ANSWER_INDEX, answer) == 1) ||
	       error_out_of_memory(error);
}

bool ui_take_error(struct ui_answer *answer, chronosign_error **error)
{
	if (answer->error == NULL)
		return false;
	if (error != NULL)
		*error = TAKE(answer->error);
	return true;
}

bool ui_sign(struct ui_answer *answer, bool ask, EVP_PKEY *pkey, OSSL_LIB_CTX *context,
	     const uint8_t *message, size_t message_length, uint8_t *signature, size_t *length,
	     chronosign_error **error)
{
	CLEANUP(cleanup_error) chronosign_error *failure = NULL;

	answer->left = ask ? 1 : 0;
	ui_call_begin(answer, "EVP_DigestSign");
	bool good = evp_sign(pkey, context, message, message_length, signature, length, &failure);
	ui_call_end(answer);
	if (good || ui_take_error(answer, error) || error == NULL)
		return good;
	*error = TAKE(failure);
	return ask && answer->left == 0
		       ? error_append(error,
				      "%s got the PIN for this signature, once; it may be wrong",
				      answer->who)
		       : false;
}

void ui_answer_clear(struct ui_answer *answer)
{
	chronosign_secret_free(answer->pin);
	chronosign_error_free(answer->error);
	UI_destroy_method(answer->method);
	*answer = (struct ui_answer){0};
}
