/* Reads the file of --ca-file. The TLS library judges the certificates in it. */
#include "network/ca_file.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "network/job.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define FILE_MAX ((size_t)JOB_CA_BYTES_MAX)

static bool unreadable(const char *path, int reason, struct chronosign_error **error)
{
	return error_set(error, CHRONOSIGN_ERROR_USAGE, "cannot read the CA file '%s': %s", path,
			 text_open_error(path, reason));
}

/* Reads until the end of the file or of the room for it. */
static bool read_all(int file, char *bytes, size_t room, size_t *length)
{
	*length = 0;
	while (*length < room) {
		ssize_t got = read(file, bytes + *length, room - *length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0;
		*length += (size_t)got;
	}
	return true;
}

/* A server's own certificate may share its file with its key, which is nobody else's. Returns the length of the rest. */
static size_t drop_private_keys(char *pem, size_t length)
{
	static const char begin[] = "-----BEGIN ";
	static const char end[] = "-----END ";
	static const char key[] = "PRIVATE KEY-----";
	char *from = pem;

	while ((from = memmem(from, (size_t)(pem + length - from), begin, strlen(begin))) != NULL) {
		size_t left = (size_t)(pem + length - from);
		const char *newline = memchr(from, '\n', left);
		size_t label = newline == NULL ? left : (size_t)(newline - from);
		if (memmem(from, label, key, strlen(key)) == NULL) {
			from += strlen(begin);
			continue;
		}
		const char *last = memmem(from, left, end, strlen(end));
		newline = last == NULL ? NULL : memchr(last, '\n', (size_t)(pem + length - last));
		size_t block = newline == NULL ? left : (size_t)(newline + 1 - from);
		memmove(from, from + block, left - block);
		explicit_bzero(from + left - block, block);
		length -= block;
	}
	return length;
}

/* RFC 7468 §5.1, and the older labels that OpenSSL accepts. */
static bool has_certificate(const char *pem, size_t length)
{
	static const char *const labels[] = {"-----BEGIN CERTIFICATE-----",
					     "-----BEGIN X509 CERTIFICATE-----",
					     "-----BEGIN TRUSTED CERTIFICATE-----"};

	for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
		if (memmem(pem, length, labels[i], strlen(labels[i])) != NULL)
			return true;
	return false;
}

char *ca_file_read(const char *path, size_t *length, struct chronosign_error **error)
{
	CLEANUP(cleanup_descriptor) int file = open(path, O_RDONLY | O_CLOEXEC);

	if (file < 0) {
		unreadable(path, errno, error);
		return NULL;
	}
	CLEANUP(cleanup_text) char *pem = malloc(FILE_MAX);
	if (pem == NULL) {
		error_out_of_memory(error);
		return NULL;
	}
	if (!read_all(file, pem, FILE_MAX, length)) {
		unreadable(path, errno, error);
		return NULL;
	}
	if (*length == FILE_MAX) {
		unreadable(path, EFBIG, error);
		return NULL;
	}
	*length = drop_private_keys(pem, *length);
	if (!has_certificate(pem, *length)) {
		error_set(error, CHRONOSIGN_ERROR_USAGE,
			  "the CA file '%s' has no certificate%s\n"
			  "--ca-file names a PEM file with certificates.",
			  path, *length == 0 ? ": it is empty" : "");
		return NULL;
	}
	return TAKE(pem);
}
