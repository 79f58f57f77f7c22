/* Which files a key needs, as its reference and its PIN source name them. */
#include "key/files.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "key/key.h"

#include <string.h>
#include <strings.h>

static bool look_at_path(const char *path, struct stat *status)
{
	return path != NULL && stat(path, status) == 0;
}

/* The text behind the prefix, if it begins with it. */
static const char *after(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncasecmp(text, prefix, length) == 0 ? text + length : NULL;
}

static bool look_at_credential(const char *name, struct stat *status)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");
	CLEANUP(cleanup_text)
	char *path = directory == NULL ? NULL : text_format("%s/%s", directory, name);

	return look_at_path(path, status);
}

static bool look_at_source(const char *source, struct stat *status)
{
	const char *rest;

	if (source == NULL)
		return false;
	if ((rest = after(source, "fd:")) != NULL)
		return fstat((int)strtol(rest, NULL, 10), status) == 0;
	if ((rest = after(source, "credential:")) != NULL)
		return look_at_credential(rest, status);
	if (after(source, "file:") == NULL)
		return look_at_path(source, status);
	CLEANUP(cleanup_text) char *path = file_uri_path(source, NULL);
	return look_at_path(path, status);
}

static bool look_at_pin(const struct chronosign_key *key, struct stat *status)
{
	/* A URI's own source is the one that is read. */
	if (key->uri != NULL && key->uri->pin_source != NULL)
		return look_at_source(key->uri->pin_source, status);
	return look_at_source(key->pin_source, status);
}

static bool is_same(const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

bool key_reads_file(const struct chronosign_key *key, const struct stat *file)
{
	struct stat status;

	return (look_at_path(key->path, &status) && is_same(&status, file)) ||
	       (look_at_pin(key, &status) && is_same(&status, file));
}

/* Root can change it in any case. */
static void warn(const struct chronosign_key *key, const char *what, const struct stat *status)
{
	if (!S_ISREG(status->st_mode))
		return;
	if (status->st_uid != geteuid() && status->st_uid != 0)
		key_notice(key, CHRONOSIGN_NOTICE_WARNING,
			   "%s belongs to another user (uid %lu), who can change it", what,
			   (unsigned long)status->st_uid);
	else if ((status->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		key_notice(key, CHRONOSIGN_NOTICE_WARNING,
			   "%s can be changed by others (mode %04o): chmod go-w", what,
			   (unsigned)(status->st_mode & 07777));
}

void key_warn_of_files(const struct chronosign_key *key)
{
	CLEANUP(cleanup_text) char *what = text_format("the key file '%s'", key->name);
	struct stat status;

	if (what != NULL && look_at_path(key->path, &status))
		warn(key, what, &status);
	if (look_at_pin(key, &status))
		warn(key, "the file of the PIN or passphrase", &status);
}
