/* The files that a key and its PIN are read from. */
#ifndef KEY_FILES_H
#define KEY_FILES_H

#include <chronosign/signer.h>
#include <stdbool.h>
#include <sys/stat.h>

/* True if the key, or its PIN, is read from the file with this status, under any name. */
bool key_reads_file(const struct chronosign_key *key, const struct stat *file);

/* Notices of kind CHRONOSIGN_NOTICE_WARNING for each of the key's files that others can change. */
void key_warn_of_files(const struct chronosign_key *key);

#endif
