/* OpenSSL's locked heap, where it keeps the numbers of private keys once there is one. */
#ifndef BASE_LOCKED_HEAP_H
#define BASE_LOCKED_HEAP_H

#include <chronosign/error.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Makes the heap, of `size` bytes (a power of two), if there is none yet. False with *error set if its
 * memory cannot be locked, and must be (secret_unlocked).
 */
bool locked_heap_make(size_t size, struct chronosign_error **error);

#endif
