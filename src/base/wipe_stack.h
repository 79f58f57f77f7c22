/*
 * Secrets that functions leave on the stack when they return. OpenSSL's decoders leave a passphrase
 * there (decode_epki2pki.c), and so does the lazy binding of shared libraries with what strlen(3)
 * and getenv(3) had in vector registers.
 */
#ifndef BASE_WIPE_STACK_H
#define BASE_WIPE_STACK_H

#include <string.h>

/* Deeper than any of them has been measured to use. */
#define STACK_WIPED 65536

/* Overwrites the stack below the caller. */
__attribute__((noinline, unused)) static void wipe_stack(void)
{
	unsigned char below[STACK_WIPED];

	explicit_bzero(below, sizeof below);
}

#endif
