/* Public RSA keys from what tokens hold: two numbers, or a certificate. */
#ifndef PKCS11_PUBLIC_KEY_H
#define PKCS11_PUBLIC_KEY_H

#include <openssl/evp.h>
#include <stddef.h>
#include <stdint.h>

/* From modulus and public exponent, unsigned and big-endian (PKCS#11 v3.1 §2.3). NULL if either is
 * empty or makes no key. */
EVP_PKEY *public_key_from_numbers(const uint8_t *modulus, size_t modulus_length,
				  const uint8_t *exponent, size_t exponent_length);

/* From an X.509 certificate in DER. NULL if it is invalid, or its key is not RSA. */
EVP_PKEY *public_key_from_certificate(const uint8_t *der, size_t length);

/* Only the public half of a key that may be private, or stored elsewhere. NULL if memory is out. */
EVP_PKEY *public_key_copy(const EVP_PKEY *key);

#endif
