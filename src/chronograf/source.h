/* Who sent an answer, by its headers: Chronograf, or something in front of it. */
#ifndef CHRONOGRAF_SOURCE_H
#define CHRONOGRAF_SOURCE_H

#include "chronograf/server.h"

enum answer_source {
	/* No SERVER_RELEASE_HEADER: something in front, unless that strips Chronograf's headers. */
	SOURCE_UNNAMED,
	SOURCE_CHRONOGRAF,
	/* Chronograf with --htpasswd asks for a password, in the header that a token needs (RFC 7617 §2). */
	SOURCE_CHRONOGRAF_BASIC,
};

/* `release` and `authenticate` are the values of SERVER_RELEASE_HEADER and WWW-Authenticate; NULL:
 * not there. */
enum answer_source answer_source(const char *release, const char *authenticate);

/* How to let tokens through a proxy that asks for a login, as the end of a sentence. */
#define SOURCE_REMEDY \
	"let " SERVER_NONCE_PATH " and requests with the header '" SERVER_TOKEN_HEADER \
	"...' through there, or give a URL behind it."

/* The advice for SOURCE_CHRONOGRAF_BASIC. */
extern const char source_basic_advice[];

#endif
