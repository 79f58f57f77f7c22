/* Who sent an answer, by its headers: Chronograf, or something in front of it. */
#ifndef CHRONOGRAF_SOURCE_H
#define CHRONOGRAF_SOURCE_H

enum answer_source {
	/* No X-Chronograf-Version: something in front, unless that strips Chronograf's headers. */
	SOURCE_UNNAMED,
	SOURCE_CHRONOGRAF,
	/* Chronograf with --htpasswd asks for a password, in the header that a token needs (RFC 7617 §2). */
	SOURCE_CHRONOGRAF_BASIC,
};

/* `release` and `authenticate` are X-Chronograf-Version and WWW-Authenticate; NULL: not there. */
enum answer_source answer_source(const char *release, const char *authenticate);

/* How to let tokens through a proxy that asks for a login, as the end of a sentence. */
#define SOURCE_REMEDY \
	"let /nonce and requests with the header 'Authorization: CHRONOGRAF-SHA256 ...' through " \
	"there, or give a URL behind it."

/* The advice for SOURCE_CHRONOGRAF_BASIC. */
extern const char source_basic_advice[];

#endif
