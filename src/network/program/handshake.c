/* Counts, for each connection, the messages of TLS that are not the server's answer. */
#include "network/program/handshake.h"

#include "network/program/curl_options.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <string.h>

/* A handshake takes some ten, and hardly anything comes after it. */
#define MESSAGES_MAX 500

/* The number of messages of a connection is a place in here. libcurl keeps connections longer than their transfers, so that
 * it belongs to the connection. */
static char numbers[MESSAGES_MAX];
static int number_of_connection = -1;

static bool is_of_tls(int type)
{
	return type == SSL3_RT_HANDSHAKE || type == SSL3_RT_ALERT ||
	       type == SSL3_RT_CHANGE_CIPHER_SPEC;
}

/* The next read from the network fails, whatever libcurl has put below TLS: SSL_get_fd(3) knows of sockets only. */
static void end(SSL *connection)
{
	BIO_set_init(SSL_get_rbio(connection), 0);
}

/* NOLINTNEXTLINE(readability-function-size): OpenSSL has seven parameters here */
static void count(int sent, int version, int type, const void *bytes, size_t length,
		  SSL *connection, void *context)
{
	char *number = SSL_get_ex_data(connection, number_of_connection);

	(void)version;
	(void)bytes;
	(void)length;
	(void)context;
	if (sent != 0 || !is_of_tls(type))
		return;
	number = number == NULL ? numbers : number + 1;
	if (number == numbers + MESSAGES_MAX - 1)
		end(connection);
	else
		SSL_set_ex_data(connection, number_of_connection, number);
}

/* For the server, and for a proxy that is spoken to by TLS. */
static CURLcode set_count(CURL *easy, void *ssl_context, void *context)
{
	(void)easy;
	(void)context;
	SSL_CTX_set_msg_callback(ssl_context, count);
	return CURLE_OK;
}

/* "OpenSSL/3.0.19", and "OpenSSL 3.0.19 …" of what this program calls. */
static bool is_our_openssl(const char *name)
{
	const char *own = OpenSSL_version(OPENSSL_VERSION);
	size_t slash = strlen("OpenSSL/");

	return name != NULL && strncmp(name, "OpenSSL/", slash) == 0 &&
	       strncmp(name + slash, own + slash, strlen(name) - slash) == 0;
}

bool handshake_watch(CURL *easy)
{
	if (!is_our_openssl(curl_version_info(CURLVERSION_NOW)->ssl_version))
		return true;
	if (number_of_connection < 0)
		number_of_connection = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	return number_of_connection >= 0 && CURL_SET(easy, CURLOPT_SSL_CTX_FUNCTION, set_count);
}
