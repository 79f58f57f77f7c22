/* HTTP spoken to the TLS port, which Go's HTTP server answers in words. */
#ifndef STANDIN_PLAINTEXT_H
#define STANDIN_PLAINTEXT_H

/* Has the kernel hold connections to this listener back until their first bytes are there. */
void plaintext_expect(int listener);

/* Answers a new connection that does not begin as TLS does, and ends it. */
void plaintext_refuse(int connection);

#endif
