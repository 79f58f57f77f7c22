/* Secrets: in separate pages that are locked, left out of core dumps and of forked children,
 * wiped when freed. */
#include "base/secret.h"

#include "base/error.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct chronosign_secret {
	size_t capacity;
	size_t length;
	uint8_t bytes[];
};

static size_t mapped_size(size_t capacity)
{
	return sizeof(struct chronosign_secret) + capacity;
}

/* As with malloc(3), callers of these functions have no context to pass. */
static secret_unlocked_policy *unlocked_policy;

void secret_set_unlocked_policy(secret_unlocked_policy *policy)
{
	unlocked_policy = policy;
}

bool secret_unlocked(size_t size, int reason, struct chronosign_error **error)
{
	if (unlocked_policy != NULL && unlocked_policy())
		return true;
	return error_set(error, CHRONOSIGN_ERROR_OTHER,
			 "cannot lock %zu bytes of memory for a secret: %s; raise the limit "
			 "(ulimit -l, or LimitMEMLOCK= in a unit)",
			 size, strerror(reason));
}

struct chronosign_secret *chronosign_secret_allocate(size_t capacity,
						     struct chronosign_error **error)
{
	size_t size = mapped_size(capacity);
	struct chronosign_secret *secret =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (secret == MAP_FAILED) {
		error_out_of_memory(error);
		return NULL;
	}
	/* An unlocked page could be swapped out. */
	if (mlock(secret, size) != 0 && !secret_unlocked(size, errno, error)) {
		munmap(secret, size);
		return NULL;
	}
	/* Old kernels may lack either. The second concerns processes that modules fork. */
	madvise(secret, size, MADV_DONTDUMP);
	madvise(secret, size, MADV_WIPEONFORK);
	secret->capacity = capacity;
	return secret;
}

unsigned char *chronosign_secret_bytes(const struct chronosign_secret *secret)
{
	return (unsigned char *)secret->bytes;
}

size_t chronosign_secret_length(const struct chronosign_secret *secret)
{
	return secret->length;
}

size_t secret_capacity(const struct chronosign_secret *secret)
{
	return secret->capacity;
}

void chronosign_secret_set_length(struct chronosign_secret *secret, size_t length)
{
	secret->length = length;
}

void chronosign_secret_free(struct chronosign_secret *secret)
{
	if (secret == NULL)
		return;
	size_t size = mapped_size(secret->capacity);
	explicit_bzero(secret, size);
	munlock(secret, size);
	munmap(secret, size);
}

static bool too_long(const char *what, size_t capacity, struct chronosign_error **error)
{
	return error_set(error, CHRONOSIGN_ERROR_KEY, "%s is longer than %zu bytes", what,
			 capacity);
}

struct chronosign_secret *chronosign_secret_new(const void *bytes, size_t length,
						struct chronosign_error **error)
{
	if (length > CHRONOSIGN_SECRET_MAX) {
		too_long("the PIN or passphrase", CHRONOSIGN_SECRET_MAX, error);
		return NULL;
	}
	struct chronosign_secret *secret = secret_allocate(length + 1, error); /* NUL-terminated */
	if (secret == NULL)
		return NULL;
	memcpy(secret->bytes, bytes, length);
	secret->length = length;
	return secret;
}

struct chronosign_secret *chronosign_secret_take(char *value, struct chronosign_error **error)
{
	size_t length = strlen(value);
	struct chronosign_secret *secret = chronosign_secret_new(value, length, error);

	explicit_bzero(value, length);
	return secret;
}

struct chronosign_secret *secret_copy(const struct chronosign_secret *secret,
				      struct chronosign_error **error)
{
	struct chronosign_secret *copy = secret_allocate(secret->capacity, error);

	if (copy == NULL)
		return NULL;
	memcpy(copy->bytes, secret->bytes, secret->length);
	copy->length = secret->length;
	return copy;
}

/* The initial size where the length is unknown: one page. */
enum { READ_FIRST = 1024 };

/* Doubles the room, up to `most`. */
static bool grow(struct chronosign_secret **secret, size_t most, struct chronosign_error **error)
{
	size_t capacity = (*secret)->capacity > most / 2 ? most : 2 * (*secret)->capacity;
	struct chronosign_secret *grown = secret_allocate(capacity, error);

	if (grown == NULL)
		return false;
	memcpy(grown->bytes, (*secret)->bytes, (*secret)->length);
	grown->length = (*secret)->length;
	chronosign_secret_free(*secret);
	*secret = grown;
	return true;
}

/* Fills the secret from the descriptor; true at its end. */
static bool fill(struct chronosign_secret **secret, int descriptor, size_t most, const char *what,
		 struct chronosign_error **error)
{
	for (;;) {
		struct chronosign_secret *now = *secret;
		ssize_t got =
			read(descriptor, now->bytes + now->length, now->capacity - now->length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set(error, CHRONOSIGN_ERROR_KEY, "cannot read %s: %s", what,
					 strerror(errno));
		if (got == 0)
			return true;
		now->length += (size_t)got;
		if (now->length == most)
			return too_long(what, most - 1, error);
		if (now->length == now->capacity && !grow(secret, most, error))
			return false;
	}
}

/* One byte more than the file's size, so that its end is seen without growing. */
static size_t first_capacity(int descriptor, size_t most)
{
	struct stat status;
	size_t first = READ_FIRST;

	if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) &&
	    (uintmax_t)status.st_size >= first)
		first = (size_t)status.st_size + 1;
	return first < most ? first : most;
}

struct chronosign_secret *secret_read(int descriptor, size_t capacity, const char *what,
				      struct chronosign_error **error)
{
	/* One byte of room beyond the limit tells "just fits" from "too long". */
	size_t most = capacity + 1;
	struct chronosign_secret *secret = secret_allocate(first_capacity(descriptor, most), error);

	if (secret != NULL && !fill(&secret, descriptor, most, what, error)) {
		chronosign_secret_free(secret);
		return NULL;
	}
	return secret;
}
