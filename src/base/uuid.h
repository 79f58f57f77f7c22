/* What Chronograf's nonces look like: UUIDs (RFC 9562 §4) in text. Only those of version 4 are
 * ever signed. */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include <stdbool.h>
#include <stddef.h>

#define UUID_LENGTH 36

/* True if these `length` bytes are a canonical lower-case UUID of version 4 (RFC 9562 §5.4) and
 * nothing else. */
bool uuid_is_version_4(const char *bytes, size_t length);

/* True for a UUID of any version, in either case. */
bool uuid_is_any(const char *bytes, size_t length);

#endif
