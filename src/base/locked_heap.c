/* The one heap of the process. */
#include "base/locked_heap.h"

#include "base/secret.h"

#include <errno.h>
#include <openssl/crypto.h>

bool locked_heap_make(size_t size, struct chronosign_error **error)
{
	enum { SMALLEST = 16, LOCKED = 1 }; /* 2: there is a heap, but it is not locked */

	if (CRYPTO_secure_malloc_initialized() ||
	    CRYPTO_secure_malloc_init(size, SMALLEST) == LOCKED)
		return true;
	return secret_unlocked(size, ENOMEM, error);
}
