/*
 * What a Chronograf server is known by: its paths, its headers, its port. What its answers mean is
 * judged in nonce.h, check.h and source.h; that a nonce is a UUID of version 4 stands in base/uuid.h,
 * because the signer, which knows no server, signs nothing else.
 */
#ifndef CHRONOGRAF_SERVER_H
#define CHRONOGRAF_SERVER_H

/* Below the base URL: who asks gets the nonce, and only superadmins get the list of mappings. */
#define SERVER_NONCE_PATH "/nonce"
#define SERVER_CHECK_PATH "/chronograf/v1/mappings"

/* The header of a request that carries a token, up to the token. */
#define SERVER_TOKEN_HEADER "Authorization: CHRONOGRAF-SHA256 "

/* The header of every answer from a release that supports tokens. */
#define SERVER_RELEASE_HEADER "X-Chronograf-Version"

/* Where it listens unless it is told otherwise. */
#define SERVER_PORT "8888"

#endif
