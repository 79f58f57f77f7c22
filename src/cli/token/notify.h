/* What a service tells its manager: sd_notify(3). */
#ifndef CLI_TOKEN_NOTIFY_H
#define CLI_TOKEN_NOTIFY_H

/*
 * Sends assignments such as "READY=1", a line each, as by printf, to the socket of $NOTIFY_SOCKET;
 * without that variable nothing happens. Nothing depends on it, so failures are not reported.
 */
void notify(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "RELOADING=1" with the time that belongs to it. */
void notify_reloading(void);

#endif
