/* The machine's OpenSSL configuration: its TLS policy and FIPS hold here as they do for curl, but nothing is
 * loaded that is not OpenSSL's own. */
#ifndef NETWORK_PROGRAM_OPENSSL_CONF_H
#define NETWORK_PROGRAM_OPENSSL_CONF_H

#include <chronosign/error.h>
#include <stdbool.h>

/*
 * Once, before OpenSSL is used for anything, and before the sandbox closes. Of the providers that the
 * configuration activates fips, base, default and legacy are, from OpenSSL's own folder; others, and
 * engines, are not: they may be a PKCS#11 token's, PIN included. False with *error set if there is a
 * configuration and it cannot be read.
 */
bool openssl_conf_load(struct chronosign_error **error);

#endif
