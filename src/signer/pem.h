/* The blocks of a PEM file (RFC 7468 §2): what stands between BEGIN and END of one label. Nothing is
 * decoded here. */
#ifndef SIGNER_PEM_H
#define SIGNER_PEM_H

#include <stdbool.h>
#include <stddef.h>

struct pem_block {
	const char *label; /* what follows "-----BEGIN "; not NUL-terminated */
	size_t label_length;
	const char *text; /* from its BEGIN line to the end of its END line */
	size_t length;
	bool ended; /* its END line is there; else it goes on to the end of the text */
};

/*
 * Finds the next block from *offset on, and moves *offset behind it. False if there is no further
 * one. Other text between the blocks is passed over. The block points into the text.
 */
bool pem_next(const char *text, size_t length, size_t *offset, struct pem_block *block);

/* True if the label is `label`, or ends with it if that begins with a blank (" PRIVATE KEY"). */
bool pem_is(const struct pem_block *block, const char *label);

#endif
