/* Secrets: pages of their own, locked, left out of core dumps and of forked children, wiped when
 * freed. */
#include "base/secret.h"

#include "base/error.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct chronosign_secret {
	size_t capacity;
	size_t length;
	uint8_t bytes[];
};

static size_t mapped_size(size_t capacity)
{
	return sizeof(chronosign_secret) + capacity;
}

chronosign_secret *chronosign_secret_allocate(size_t capacity, chronosign_error **error)
{
	size_t size = mapped_size(capacity);
	chronosign_secret *secret =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (secret == MAP_FAILED) {
		error_out_of_memory(error);
		return NULL;
	}
	/* Unlocked, the page could reach the swap; a secret that cannot be kept is not taken. */
	if (mlock(secret, size) != 0) {
		int reason = errno;
		munmap(secret, size);
		error_set(error, CHRONOSIGN_ERROR_OTHER,
			  "cannot lock %zu bytes of memory for a secret: %s; raise the limit "
			  "(ulimit -l, or LimitMEMLOCK= in a unit)",
			  size, strerror(reason));
		return NULL;
	}
	/* Both are refinements that an old kernel may lack. The second is for what modules fork. */
	madvise(secret, size, MADV_DONTDUMP);
	madvise(secret, size, MADV_WIPEONFORK);
	secret->capacity = capacity;
	return secret;
}

unsigned char *chronosign_secret_bytes(const chronosign_secret *secret)
{
	return (unsigned char *)secret->bytes;
}

size_t chronosign_secret_length(const chronosign_secret *secret)
{
	return secret->length;
}

size_t secret_capacity(const chronosign_secret *secret)
{
	return secret->capacity;
}

void chronosign_secret_set_length(chronosign_secret *secret, size_t length)
{
	secret->length = length;
}

void chronosign_secret_free(chronosign_secret *secret)
{
	if (secret == NULL)
		return;
	size_t size = mapped_size(secret->capacity);
	explicit_bzero(secret, size);
	munlock(secret, size);
	munmap(secret, size);
}

static bool too_long(const char *what, size_t capacity, chronosign_error **error)
{
	return error_set(error, CHRONOSIGN_ERROR_KEY, "%s is longer than %zu bytes", what,
			 capacity);
}

chronosign_secret *chronosign_secret_new(const void *bytes, size_t length, chronosign_error **error)
{
	if (length > CHRONOSIGN_SECRET_MAX) {
		too_long("the PIN or passphrase", CHRONOSIGN_SECRET_MAX, error);
		return NULL;
	}
	chronosign_secret *secret = secret_allocate(CHRONOSIGN_SECRET_MAX, error);
	if (secret == NULL)
		return NULL;
	memcpy(secret->bytes, bytes, length);
	secret->length = length;
	return secret;
}

chronosign_secret *chronosign_secret_take(char *value, chronosign_error **error)
{
	size_t length = strlen(value);
	chronosign_secret *secret = chronosign_secret_new(value, length, error);

	explicit_bzero(value, length);
	return secret;
}

chronosign_secret *secret_copy(const chronosign_secret *secret, chronosign_error **error)
{
	chronosign_secret *copy = secret_allocate(secret->capacity, error);

	if (copy == NULL)
		return NULL;
	memcpy(copy->bytes, secret->bytes, secret->length);
	copy->length = secret->length;
	return copy;
}

/* Fills the secret from the descriptor; true at its end. */
static bool fill(chronosign_secret *secret, int descriptor, const char *what,
		 chronosign_error **error)
{
	for (;;) {
		/* One byte of room beyond the limit tells "just fits" from "too long". */
		ssize_t got = read(descriptor, secret->bytes + secret->length,
				   secret->capacity - secret->length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set(error, CHRONOSIGN_ERROR_KEY, "cannot read %s: %s", what,
					 strerror(errno));
		if (got == 0)
			return true;
		secret->length += (size_t)got;
		if (secret->length == secret->capacity)
			return too_long(what, secret->capacity - 1, error);
	}
}

chronosign_secret *secret_read(int descriptor, size_t capacity, const char *what,
			       chronosign_error **error)
{
	chronosign_secret *secret = secret_allocate(capacity + 1, error);

	if (secret != NULL && !fill(secret, descriptor, what, error)) {
		chronosign_secret_free(secret);
		return NULL;
	}
	return secret;
}
