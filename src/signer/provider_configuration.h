/* What openssl.cnf and the environment configure for OpenSSL's providers, which OpenSSL does not
 * report. */
#ifndef SIGNER_PROVIDER_CONFIGURATION_H
#define SIGNER_PROVIDER_CONFIGURATION_H

#include <openssl/types.h>
#include <stdbool.h>

/*
 * The PKCS#11 module that a provider will use: the file that $PKCS11_PROVIDER_MODULE names, else the
 * provider's section in openssl.cnf (pkcs11-module-path of pkcs11-provider, pkcs11_module of libp11's
 * provider). NULL if none does, or if it is p11-kit's proxy, which stands for all registered modules.
 * The caller frees it.
 */
char *configured_module(void);

/* The providers that openssl.cnf should activate but that are not active in the context, which
 * OpenSSL does not report; NULL if there are none. The caller frees it. */
char *configured_but_inactive(OSSL_LIB_CTX *context);

/* True if both paths lead to the same file. */
bool same_file(const char *one, const char *other);

#endif
