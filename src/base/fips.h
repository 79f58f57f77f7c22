/* Whether OpenSSL's FIPS module is active in this process. */
#ifndef BASE_FIPS_H
#define BASE_FIPS_H

#include <openssl/provider.h>
#include <stdbool.h>

static inline bool fips_is_active(void)
{
	return OSSL_PROVIDER_available(NULL, "fips") == 1;
}

#endif
