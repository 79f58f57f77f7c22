/*
 * PKCS#11 URIs (RFC 7512): parsed by p11-kit, but stricter. Attributes that p11-kit would silently
 * ignore are errors here, and a PIN never gets into p11-kit's unlocked memory.
 */
#ifndef KEY_URI_H
#define KEY_URI_H

#include <chronosign/error.h>
#include <chronosign/secret.h>
#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>
#include <stdbool.h>

struct pkcs11_uri {
	P11KitUri *parsed;                   /* everything but the PIN */
	char *pin_source;                    /* a path or file: URI; NULL if there is none */
	struct chronosign_secret *pin_value; /* NULL if there is none */
};

/*
 * Parses `text`. The value of a pin-value is moved to a secret and overwritten with '*' in `text`,
 * even when the rest of the URI turns out to be wrong. Errors are of kind CHRONOSIGN_ERROR_USAGE
 * and name the attribute.
 */
struct pkcs11_uri *pkcs11_uri_parse(char *text, struct chronosign_error **error);
void pkcs11_uri_free(struct pkcs11_uri *uri);

/* Decodes %XX in place and returns the new length, or -1 if a % is not followed by two hexadecimal
 * digits. */
long uri_percent_decode(char *text);

#endif
