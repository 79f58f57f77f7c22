/* The files that a key and its PIN are read from. */
#ifndef KEY_FILES_H
#define KEY_FILES_H

#include <chronosign/signer.h>
#include <stdbool.h>
#include <sys/stat.h>

/* True if the key, or its PIN, is read from the file with this status, under any name. */
bool key_reads_file(const struct chronosign_key *key, const struct stat *file);

/*
 * A notice of kind CHRONOSIGN_NOTICE_WARNING if others can read the file that `what` names and `status` describes. The consequence
 * follows the words.
 */
void key_warn_of_readers(const struct chronosign_key *key, const char *what,
			 const char *consequence, const struct stat *status);

/*
 * Notices of that kind for each of the key's files that others can change, and for that of its PIN if they can read it. Whether a
 * key file holds a secret is known only once it is read.
 */
void key_warn_of_files(const struct chronosign_key *key);

#endif
