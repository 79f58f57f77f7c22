/* Why OpenSSL has failed: its queue of errors, emptied into one line. */
#ifndef SIGNER_OPENSSL_REASONS_H
#define SIGNER_OPENSSL_REASONS_H

#include <stdbool.h>

/* What the errors say of the cause. */
struct openssl_cause {
	bool pin_refused; /* by a token: libp11 and providers raise a CK_RV as the number of their
			     reason */
	bool unsupported; /* no active provider has the cipher, digest or derivation */
	bool bad_decrypt; /* what was decrypted has a wrong padding */
};

/* One line, or "no reason given". The caller frees it; NULL if memory is out. */
char *openssl_reasons(void);
char *openssl_reasons_with_cause(struct openssl_cause *cause);

#endif
