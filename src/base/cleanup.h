/* The one cleanup idiom: a local that is freed when it goes out of scope, so that the only way out
 * is `return`. */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <chronosign/error.h>
#include <chronosign/secret.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* unused: clang warns of a local that only its cleanup reads. */
#define CLEANUP(function) __attribute__((cleanup(function), unused))

/* Defines cleanup_NAME for a pointer type that the function frees. */
/* NOLINTBEGIN(bugprone-macro-parentheses): a type takes no parentheses */
#define DEFINE_CLEANUP(name, type, free_function) \
	static inline void cleanup_##name(type *pointer) \
	{ \
		if (*pointer != NULL) \
			free_function(*pointer); \
	}

/* NOLINTEND(bugprone-macro-parentheses) */

DEFINE_CLEANUP(text, char *, free)
DEFINE_CLEANUP(memory, void *, free)
DEFINE_CLEANUP(stream, FILE *, fclose)
DEFINE_CLEANUP(error, struct chronosign_error *, chronosign_error_free)
DEFINE_CLEANUP(secret, struct chronosign_secret *, chronosign_secret_free)
DEFINE_CLEANUP(bio, BIO *, BIO_free_all)
DEFINE_CLEANUP(pkey, EVP_PKEY *, EVP_PKEY_free)

static inline void cleanup_descriptor(int *descriptor)
{
	if (*descriptor >= 0)
		close(*descriptor);
}

/* Hands a cleaned-up local to the caller: returns its value and leaves NULL behind. */
#define TAKE(pointer) \
	__extension__({ \
		__typeof__(pointer) taken_ = (pointer); \
		(pointer) = NULL; \
		taken_; \
	})

#endif
