/* Plain HTTP on the TLS port, which Go's HTTP server answers with a text. */
#ifndef STANDIN_PLAINTEXT_H
#define STANDIN_PLAINTEXT_H

/* Makes the kernel hold connections to this listener back until their first bytes have come. */
void plaintext_expect(int listener);

/* Answers a new connection that does not begin with TLS, and ends it. */
void plaintext_refuse(int connection);

#endif
