/* OpenSSL's queue of errors, as words and as causes. */
#include "signer/openssl_reasons.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "pkcs11/cryptoki.h"

#include <openssl/err.h>
#include <openssl/evperr.h>
#include <openssl/pemerr.h>
#include <openssl/pkcs12err.h>
#include <openssl/proverr.h>
#include <string.h>

/* For libraries without reason strings: libp11 0.4.21 raises a CK_RV as the reason's number. */
static char *unnamed_reason(unsigned long code)
{
	const char *library = ERR_lib_error_string(code);
	char *words = ERR_GET_LIB(code) >= ERR_LIB_USER
			      ? cryptoki_words((unsigned long)ERR_GET_REASON(code))
			      : NULL;

	return words != NULL ? words
			     : text_format("error %d of %s", ERR_GET_REASON(code),
					   library == NULL ? "an unnamed library" : library);
}

/* "PIN incorrect". The caller frees it. */
static char *reason_text(unsigned long code)
{
	const char *named = ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code))
						   : ERR_reason_error_string(code);

	return named != NULL ? strdup(named) : unnamed_reason(code);
}

static void append_reason(char **reasons, unsigned long code, const char *data)
{
	CLEANUP(cleanup_text) char *reason = reason_text(code);
	bool with_data = data != NULL && data[0] != '\0';

	/* Each layer raises the error again. */
	if (reason == NULL || (!with_data && *reasons != NULL && strstr(*reasons, reason) != NULL))
		return;
	text_append(reasons, "%s%s%s%s%s", *reasons == NULL ? "" : "; ", reason,
		    with_data ? " (" : "", with_data ? data : "", with_data ? ")" : "");
}

/* A cipher, digest or derivation that OpenSSL lacks as configured: the legacy provider has the
 * old ones, and a FIPS module leaves some out. */
static bool is_unsupported(unsigned long code)
{
	int reason = ERR_GET_REASON(code);

	return ERR_GET_LIB(code) == ERR_LIB_EVP &&
	       (reason == ERR_R_UNSUPPORTED || reason == EVP_R_UNSUPPORTED_ALGORITHM ||
		reason == EVP_R_UNKNOWN_PBE_ALGORITHM || reason == EVP_R_UNSUPPORTED_CIPHER ||
		reason == EVP_R_UNSUPPORTED_PRF || reason == EVP_R_UNKNOWN_CIPHER);
}

/* By any of the layers that notice a wrong padding. */
static bool is_bad_decrypt(unsigned long code)
{
	int library = ERR_GET_LIB(code);
	int reason = ERR_GET_REASON(code);

	return (library == ERR_LIB_PROV && reason == PROV_R_BAD_DECRYPT) ||
	       (library == ERR_LIB_EVP && reason == EVP_R_BAD_DECRYPT) ||
	       (library == ERR_LIB_PEM && reason == PEM_R_BAD_DECRYPT) ||
	       (library == ERR_LIB_PKCS12 && reason == PKCS12_R_PKCS12_CIPHERFINAL_ERROR);
}

static void note_cause(struct openssl_cause *cause, unsigned long code)
{
	cause->pin_refused =
		cause->pin_refused || (ERR_GET_LIB(code) >= ERR_LIB_USER &&
				       cryptoki_refuses_pin((unsigned long)ERR_GET_REASON(code)));
	cause->unsupported = cause->unsupported || is_unsupported(code);
	cause->bad_decrypt = cause->bad_decrypt || is_bad_decrypt(code);
}

char *openssl_reasons_with_cause(struct openssl_cause *cause)
{
	char *reasons = NULL;
	const char *data = NULL;
	int flags = 0;

	*cause = (struct openssl_cause){0};
	for (;;) {
		unsigned long code = ERR_get_error_all(NULL, NULL, NULL, &data, &flags);
		if (code == 0)
			break;
		note_cause(cause, code);
		append_reason(&reasons, code, (flags & ERR_TXT_STRING) != 0 ? data : NULL);
	}
	return reasons == NULL ? text_format("no reason given") : reasons;
}

char *openssl_reasons(void)
{
	struct openssl_cause cause;

	return openssl_reasons_with_cause(&cause);
}
