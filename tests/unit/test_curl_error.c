/* The message about an exchange that libcurl could not finish always says what to do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "network/program/curl_error.h"

static void assert_says(struct transfer_failure failure, const char *words)
{
	if (failure.reason == NULL)
		failure.reason = "";
	failure.timeout_seconds = 30;
	char *text = curl_error_text(&failure);
	assert_non_null(text);
	if (strstr(text, words) == NULL)
		fail_msg("no '%s' in: %s", words, text);
	free(text);
}

#define SAYS(words, ...) assert_says((struct transfer_failure){__VA_ARGS__}, words)

static void a_certificate_that_is_refused_names_the_remedy(void **state)
{
	(void)state;
	SAYS("--ca-file", .code = CURLE_PEER_FAILED_VERIFICATION, .verify_result = 20);
	SAYS("--skip-verify", .code = CURLE_PEER_FAILED_VERIFICATION, .verify_result = 18);
	SAYS("another name", .code = CURLE_PEER_FAILED_VERIFICATION, .verify_result = 0);
	SAYS("another name", .code = CURLE_PEER_FAILED_VERIFICATION, .verify_result = 1);
	SAYS("clock", .code = CURLE_PEER_FAILED_VERIFICATION, .verify_result = 9);
	SAYS("out of date", .code = CURLE_PEER_FAILED_VERIFICATION, .verify_result = 10);
	SAYS("not valid yet", .code = CURLE_PEER_FAILED_VERIFICATION, .verify_result = 9);
	SAYS("has expired", .code = CURLE_PEER_FAILED_VERIFICATION, .verify_result = 10);
	SAYS("self-signed\nIf it is", .code = CURLE_PEER_FAILED_VERIFICATION, .verify_result = 18);
	SAYS("CA that is not trusted", .code = CURLE_PEER_FAILED_VERIFICATION, .verify_result = 19);
	SAYS("CA that is not known", .code = CURLE_PEER_FAILED_VERIFICATION, .verify_result = 20);
	SAYS("key is too short", .code = CURLE_PEER_FAILED_VERIFICATION, .verify_result = 66);
	SAYS("another certificate", .code = CURLE_PEER_FAILED_VERIFICATION, .verify_result = 24);
	SAYS("damaged", .code = CURLE_SSL_CACERT_BADFILE, .ca_file_given = true);
	SAYS("SSL_CERT_FILE", .code = CURLE_SSL_CACERT_BADFILE);
}

static void the_advice_names_the_protocol_that_the_port_speaks(void **state)
{
	(void)state;
	SAYS("https://", .code = CURLE_GOT_NOTHING);
	SAYS("https://", .code = CURLE_RECV_ERROR);
	SAYS("https://", .code = CURLE_UNSUPPORTED_PROTOCOL);
	SAYS("not an HTTP server", .code = CURLE_UNSUPPORTED_PROTOCOL, .https = true);
	SAYS("http://", .code = CURLE_SSL_CONNECT_ERROR, .https = true,
	     .reason = "error:0A00010B:SSL routines::wrong version number");
}

/* The text of OpenSSL 3.0 in libcurl 7.88. */
#define TLS_SAYS(words, openssl) \
	SAYS(words, .code = CURLE_SSL_CONNECT_ERROR, .https = true, \
	     .reason = "OpenSSL/3.0.19: error:0A000000:SSL routines::" openssl)

static void a_failed_handshake_is_reported_as_what_it_is(void **state)
{
	(void)state;
	TLS_SAYS("not TLS\n", "packet length too long");
	TLS_SAYS("MinProtocol", "tlsv1 alert protocol version");
	TLS_SAYS("MinProtocol", "unsupported protocol");
	TLS_SAYS("client certificate", "sslv3 alert handshake failure");
	TLS_SAYS("no cipher, group or signature algorithm", "sslv3 alert handshake failure");
	TLS_SAYS("SignatureAlgorithms", "wrong signature type");
	TLS_SAYS("SECLEVEL", "dh key too small");
	TLS_SAYS("CipherString", "no ciphers available");
	TLS_SAYS("certificate for that name", "tlsv1 unrecognized name");
	TLS_SAYS("closed during the TLS handshake\nLook into the log",
		 "unexpected eof while reading");
	TLS_SAYS("sends messages of TLS without end\nWhat answers there", "uninitialized");
	SAYS("sends messages of TLS without end\nWhat answers there", .code = CURLE_RECV_ERROR,
	     .https = true, .begun = true,
	     .reason = "OpenSSL SSL_read: OpenSSL/3.0.19: error:10000078:BIO routines::"
		       "uninitialized, errno 0");
	SAYS("closed during the TLS handshake\nLook", .code = CURLE_SSL_CONNECT_ERROR,
	     .https = true,
	     .reason = "OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to a:1");
	SAYS("before the answer was complete", .code = CURLE_RECV_ERROR, .https = true,
	     .reason = "OpenSSL SSL_read: OpenSSL/3.0.19: error:0A000126:SSL routines::unexpected "
		       "eof while reading, errno 0");
	SAYS("SSL_ERROR_SYSCALL in connection to a:1)\n", .code = CURLE_SSL_CONNECT_ERROR,
	     .https = true, .verbose = true,
	     .reason = "OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to a:1 ");
	TLS_SAYS("tlsv1 alert internal error\nThe TLS handshake failed",
		 "tlsv1 alert internal error");
	SAYS("requires a client certificate (tlsv13 alert certificate required)\n",
	     .code = CURLE_RECV_ERROR, .https = true, .verbose = true,
	     .reason =
		     "OpenSSL SSL_read: OpenSSL/3.0.19: error:0A00045C:SSL routines::tlsv13 alert "
		     "certificate required, errno 0");
}

static void a_port_that_speaks_tls_gets_no_advice_to_use_http(void **state)
{
	static const char *const reasons[] = {"",
					      "tlsv1 alert protocol version",
					      "sslv3 alert handshake failure",
					      "wrong signature type",
					      "tlsv1 alert internal error",
					      "unexpected eof while reading",
					      "OpenSSL SSL_connect: SSL_ERROR_SYSCALL",
					      "OpenSSL SSL_connect: Connection reset by peer"};

	(void)state;
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
		const struct transfer_failure failure = {
			.code = CURLE_SSL_CONNECT_ERROR, .https = true, .reason = reasons[i]};
		char *text = curl_error_text(&failure);
		assert_null(strstr(text, "plain HTTP"));
		free(text);
	}
}

static void cas_that_cannot_be_read_are_named_with_the_reason(void **state)
{
	(void)state;
	SAYS("/etc/passwd/cas.pem: Not a directory\n", .code = CURLE_SSL_CACERT_BADFILE,
	     .reason = "error setting certificate file: /etc/passwd/cas.pem");
	SAYS("SSL_CERT_DIR names no folder of CAs: /x: No such file",
	     .code = CURLE_PEER_FAILED_VERIFICATION, .verify_result = 20,
	     .lost_folder = "/x: No such file");
}

static void a_server_that_is_not_reached_is_reported_with_the_reason(void **state)
{
	static const char words[] = "Failed to connect to x port 80 after 0 ms: Couldn't connect";

	(void)state;
	SAYS("connection refused\nIs Chronograf running", .code = CURLE_COULDNT_CONNECT,
	     .reason = words, .os_error = ECONNREFUSED);
	SAYS("connection refused\nThe URL names no port, and Chronograf listens on 8888",
	     .code = CURLE_COULDNT_CONNECT, .reason = words, .os_error = ECONNREFUSED,
	     .no_port = true, .at_home = true);
	SAYS("standard form", .code = CURLE_COULDNT_CONNECT, .os_error = ECONNREFUSED,
	     .at_home = true);
	SAYS("no route to host\nIs the address right", .code = CURLE_COULDNT_CONNECT,
	     .reason = words, .os_error = EHOSTUNREACH, .at_home = true);
	SAYS("Is the name right", .code = CURLE_COULDNT_RESOLVE_HOST);
}

static void a_connection_cut_within_an_answer_is_not_blamed_on_the_protocol(void **state)
{
	(void)state;
	SAYS("cut", .code = CURLE_RECV_ERROR, .begun = true);
	SAYS("cut", .code = CURLE_RECV_ERROR, .https = true);
	SAYS("cut", .code = CURLE_PARTIAL_FILE, .begun = true);
}

static void a_failing_proxy_is_distinguished_from_a_failing_server(void **state)
{
	(void)state;
	SAYS("--chronograf-url", .code = CURLE_COULDNT_CONNECT);
	SAYS("not by mdns4, sss as", .code = CURLE_COULDNT_RESOLVE_HOST, .not_asked = "mdns4, sss");
	SAYS("/etc/hosts", .code = CURLE_COULDNT_RESOLVE_PROXY, .not_asked = "mdns4");
	SAYS("no_proxy", .code = CURLE_COULDNT_CONNECT, .by_proxy = true);
	SAYS("no_proxy", .code = CURLE_COULDNT_RESOLVE_PROXY, .by_proxy = true);
	SAYS("https_proxy", .code = CURLE_RECV_ERROR, .by_proxy = true, .connect_status = 407);
	SAYS("no_proxy", .code = CURLE_RECV_ERROR, .by_proxy = true, .connect_status = 502);
}

static void a_name_that_was_not_looked_up_is_not_called_wrong(void **state)
{
	(void)state;
	SAYS("not looked up, as too many others still are\nDo the name servers",
	     .code = CURLE_COULDNT_RESOLVE_HOST, .not_asked = "mdns4",
	     .reason = "getaddrinfo() thread failed to start");
}

static void no_user_and_password_of_a_url_come_through(void **state)
{
	static const char *const reasons[] = {
		"Unsupported proxy syntax in 'http://user:geheim@proxy:99999'",
		"Unsupported proxy syntax in 'user:geheim@proxy:99999'",
		"Unsupported proxy scheme for 'foo://user:geheim@proxy:99'",
		"Unsupported proxy syntax in 'http://user:geheim/pw@proxy:99': Port number was not "
		"a",
		"Unsupported proxy 'https://user:geheim@h', libcurl is built without it.",
		"Whatever it is: 'http://user:geheim@proxy' and 'http://user:geheim@other'",
		"Whatever it is: http://user:ge@geheim:/@proxy",
	};

	(void)state;
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		for (CURLcode code = CURLE_UNSUPPORTED_PROTOCOL; code < CURLE_GOT_NOTHING; code++) {
			const struct transfer_failure failure = {.code = code,
								 .reason = reasons[i]};
			char *text = curl_error_text(&failure);
			assert_non_null(text);
			if (strstr(text, "geheim") != NULL)
				fail_msg("a password in: %s", text);
			free(text);
		}
}

static void a_proxy_variable_that_is_misread_is_named(void **state)
{
	(void)state;
	SAYS("https_proxy is not the URL of a proxy", .code = CURLE_COULDNT_RESOLVE_PROXY,
	     .proxy_variable = "https_proxy",
	     .reason = "Unsupported proxy syntax in 'http://user:geheim@proxy:99999'");
	SAYS("all_proxy is not the URL of a proxy", .code = CURLE_COULDNT_CONNECT,
	     .proxy_variable = "all_proxy", .proxy_misread = true, .by_proxy = true,
	     .reason = "Failed to connect to user port 1234 after 0 ms: Couldn't connect");
	SAYS("CA that is not known", .code = CURLE_PEER_FAILED_VERIFICATION, .verify_result = 20,
	     .proxy_variable = "https_proxy", .proxy_misread = true);
}

static void libcurl_is_quoted_and_the_time_out_named(void **state)
{
	(void)state;
	SAYS("its own words", .code = CURLE_COULDNT_CONNECT, .reason = "its own words");
	SAYS("resolve host", .code = CURLE_COULDNT_RESOLVE_HOST);
	SAYS("within 30 seconds", .code = CURLE_OPERATION_TIMEDOUT);
	SAYS("memory", .code = CURLE_OUT_OF_MEMORY);
}

static void only_this_machine_is_blamed_for_what_it_lacks(void **state)
{
	(void)state;
	assert_true(curl_error_is_local(CURLE_OUT_OF_MEMORY));
	assert_true(curl_error_is_local(CURLE_NOT_BUILT_IN));
	assert_false(curl_error_is_local(CURLE_COULDNT_CONNECT));
	assert_false(curl_error_is_local(CURLE_SSL_CACERT_BADFILE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certificate_that_is_refused_names_the_remedy),
		cmocka_unit_test(the_advice_names_the_protocol_that_the_port_speaks),
		cmocka_unit_test(a_failed_handshake_is_reported_as_what_it_is),
		cmocka_unit_test(a_port_that_speaks_tls_gets_no_advice_to_use_http),
		cmocka_unit_test(cas_that_cannot_be_read_are_named_with_the_reason),
		cmocka_unit_test(a_server_that_is_not_reached_is_reported_with_the_reason),
		cmocka_unit_test(a_connection_cut_within_an_answer_is_not_blamed_on_the_protocol),
		cmocka_unit_test(a_failing_proxy_is_distinguished_from_a_failing_server),
		cmocka_unit_test(a_name_that_was_not_looked_up_is_not_called_wrong),
		cmocka_unit_test(no_user_and_password_of_a_url_come_through),
		cmocka_unit_test(a_proxy_variable_that_is_misread_is_named),
		cmocka_unit_test(libcurl_is_quoted_and_the_time_out_named),
		cmocka_unit_test(only_this_machine_is_blamed_for_what_it_lacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
