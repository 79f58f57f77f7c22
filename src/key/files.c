/* Which files a key needs, as its reference and its PIN source name them. */
#include "key/files.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "key/key.h"
#include "key/pin_source.h"

static bool look_at_path(const char *path, struct stat *status)
{
	return path != NULL && stat(path, status) == 0;
}

static bool is_same(const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

bool key_reads_file(const struct chronosign_key *key, const struct stat *file)
{
	struct stat status;

	return (look_at_path(key->path, &status) && is_same(&status, file)) ||
	       (pin_source_status(key, &status) && is_same(&status, file));
}

/* Without a name, such as one of memfd_create(2), only those open it who have it already. */
static bool is_a_file_with_a_name(const struct stat *status)
{
	return S_ISREG(status->st_mode) && status->st_nlink > 0;
}

void key_warn_of_readers(const struct chronosign_key *key, const char *what,
			 const char *consequence, const struct stat *status)
{
	if (is_a_file_with_a_name(status) && (status->st_mode & (S_IRGRP | S_IROTH)) != 0)
		key_notice(key, CHRONOSIGN_NOTICE_WARNING,
			   "%s can be read by others (mode %04o)%s: chmod 600", what,
			   (unsigned)(status->st_mode & 07777), consequence);
}

/* Root can change it in any case. */
static void warn(const struct chronosign_key *key, const char *what, const struct stat *status)
{
	if (!is_a_file_with_a_name(status))
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
	static const char secret[] = "the file of the PIN or passphrase";
	CLEANUP(cleanup_text) char *what = text_format("the key file '%s'", key->name);
	struct stat status;

	if (what != NULL && look_at_path(key->path, &status))
		warn(key, what, &status);
	if (!pin_source_status(key, &status))
		return;
	warn(key, secret, &status);
	key_warn_of_readers(key, secret, "", &status);
}
