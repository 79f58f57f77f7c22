/* One signature: what is signed, and where the signature goes. */
#ifndef BASE_SIGNING_H
#define BASE_SIGNING_H

#include <stddef.h>
#include <stdint.h>

/* The largest RSA modulus taken, in bytes (16,384 bits: what OpenSSL takes), hence the largest
 * signature. */
#define SIGNATURE_MAX 2048

struct signing {
	const uint8_t *message;
	size_t message_length;
	size_t modulus_length; /* of the key, in bytes */
	uint8_t signature[SIGNATURE_MAX];
	size_t length; /* of the signature, once it is made */
};

#endif
