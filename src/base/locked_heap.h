/* OpenSSL's locked heap, which holds the private numbers of keys once it exists. */
#ifndef BASE_LOCKED_HEAP_H
#define BASE_LOCKED_HEAP_H

#include <chronosign/error.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Makes the heap, of `size` bytes (a power of two), if it does not exist yet. False with *error set
 * if its memory cannot be locked although it has to be (secret_unlocked).
 */
bool locked_heap_make(size_t size, struct chronosign_error **error);

#endif
