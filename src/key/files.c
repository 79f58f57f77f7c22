/* Which files a key needs, as its reference and its PIN source name them. */
#include "key/files.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "key/key.h"

#include <string.h>
#include <strings.h>

static bool is_same(int result, const struct stat *one, const struct stat *other)
{
	return result == 0 && one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

static bool path_leads_to(const char *path, const struct stat *file)
{
	struct stat status;

	return path != NULL && is_same(stat(path, &status), &status, file);
}

/* The text behind the prefix, if it begins with it. */
static const char *after(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncasecmp(text, prefix, length) == 0 ? text + length : NULL;
}

static bool credential_is(const char *name, const struct stat *file)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");
	CLEANUP(cleanup_text)
	char *path = directory == NULL ? NULL : text_format("%s/%s", directory, name);

	return path_leads_to(path, file);
}

static bool source_is(const char *source, const struct stat *file)
{
	struct stat status;
	const char *rest;

	if (source == NULL)
		return false;
	if ((rest = after(source, "fd:")) != NULL)
		return is_same(fstat(atoi(rest), &status), &status, file);
	if ((rest = after(source, "credential:")) != NULL)
		return credential_is(rest, file);
	if (after(source, "file:") == NULL)
		return path_leads_to(source, file);
	CLEANUP(cleanup_text) char *path = file_uri_path(source, NULL);
	return path_leads_to(path, file);
}

bool key_reads_file(const chronosign_key *key, const struct stat *file)
{
	return path_leads_to(key->path, file) || source_is(key->pin_source, file) ||
	       (key->uri != NULL && source_is(key->uri->pin_source, file));
}
