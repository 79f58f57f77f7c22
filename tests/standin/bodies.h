/* Ways to spoil a nonce: each changes the body in place and returns its new length. */
#ifndef STANDIN_BODIES_H
#define STANDIN_BODIES_H

#include <stddef.h>

#define BODY_MAX 1024

/* Takes a nonce of 36 bytes, NUL-terminated. */
typedef size_t spoil_function(char body[BODY_MAX]);

spoil_function spoil_newline, spoil_crlf, spoil_leading_space, spoil_upper_case, spoil_short,
	spoil_long, spoil_twice, spoil_version, spoil_variant, spoil_no_dashes, spoil_braces,
	spoil_digit, spoil_nul_inside, spoil_nul_after, spoil_gzip;

#endif
