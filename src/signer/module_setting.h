/* The PKCS#11 module that OpenSSL providers are configured to use: read, so that we look through
 * the same one. */
#ifndef SIGNER_MODULE_SETTING_H
#define SIGNER_MODULE_SETTING_H

#include <stdbool.h>

/*
 * The file that $PKCS11_PROVIDER_MODULE names, else the provider's section in openssl.cnf
 * (pkcs11-module-path of pkcs11-provider, pkcs11_module of libp11's provider); NULL if none does,
 * or if it is p11-kit's proxy, which stands for all registered modules. The caller frees it.
 */
char *module_setting(void);

/* True if both paths lead to the same file. */
bool same_file(const char *one, const char *other);

#endif
