/* The machine's OpenSSL configuration: its TLS policy and FIPS apply here as they do for curl,
 * but only OpenSSL's own modules are loaded. */
#ifndef NETWORK_PROGRAM_OPENSSL_CONF_H
#define NETWORK_PROGRAM_OPENSSL_CONF_H

#include <chronosign/error.h>
#include <stdbool.h>

/*
 * Call once, before OpenSSL is used and before the sandbox is enabled. Of the configured providers
 * only fips, base, default and legacy are activated, from OpenSSL's own folder; no others, and no
 * engines, since these may be for a PKCS#11 token, including its PIN. False with *error set if
 * there is a configuration and it cannot be read.
 */
bool openssl_conf_load(struct chronosign_error **error);

#endif
