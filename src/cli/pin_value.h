/* A PIN in a PKCS#11 URI (pin-value, RFC 7512 §2.4), wherever such a URI stands in a text. */
#ifndef CLI_PIN_VALUE_H
#define CLI_PIN_VALUE_H

#include <stdbool.h>

/* True if the text has a pin-value attribute of a PKCS#11 URI in it. */
bool pin_value_is_in(const char *text);

/* Overwrites the value of each pin-value of a PKCS#11 URI in an argument or a variable. */
void pin_values_wipe(char *text);

/* The same for a message, which goes on behind the URI: a value that is all asterisks, as the library
 * leaves it, stays. */
void pin_values_mask(char *message);

#endif
