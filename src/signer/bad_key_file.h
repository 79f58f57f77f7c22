/* Words for a key file that holds no private key that can be used. */
#ifndef SIGNER_BAD_KEY_FILE_H
#define SIGNER_BAD_KEY_FILE_H

struct chronosign_secret;

/*
 * What the file is, to follow "the key file 'NAME' ": "is empty", "holds a certificate, not a private
 * key". `reasons`: why OpenSSL cannot decode the private key, if there is one in it. The caller frees
 * it; NULL if memory is out.
 */
char *bad_key_file(const struct chronosign_secret *file, const char *reasons);

#endif
