/* Words for an exchange that libcurl could not finish: what went wrong, and what to do. */
#ifndef NETWORK_PROGRAM_CURL_ERROR_H
#define NETWORK_PROGRAM_CURL_ERROR_H

#include <curl/curl.h>
#include <stdbool.h>

struct transfer_failure {
	CURLcode code;
	const char *reason;  /* libcurl's own words; empty if it has none */
	long verify_result;  /* of the certificate; 0: its chain is trusted
				(CURLINFO_SSL_VERIFYRESULT) */
	long connect_status; /* what the proxy answered to CONNECT; 0: none */
	unsigned timeout_seconds;
	const char *not_asked; /* services that may know the name (names.h); NULL: there are none */
	const char *lost_folder;    /* of SSL_CERT_DIR, and why (ca_folder_lost); NULL: none, or
			         irrelevant */
	const char *presented_key;  /* the server's (presented_key.h); NULL: it is not known */
	const char *proxy_variable; /* that names a proxy for the URL; NULL: there is none */
	bool proxy_misread;         /* its value is no proxy's URL (proxy_variable_is_url) */
	int os_error;               /* of connect(2); 0: not known */
	bool at_home;               /* port 8888, or this machine: only Chronograf would be there */
	bool no_port;               /* the URL names none */
	bool begun;                 /* a part of an answer came */
	bool ca_file_given;
	bool https;
	bool by_proxy;
	bool verbose; /* OpenSSL's words are wanted, too */
};

/* A line that says what failed, and one of advice. NULL if memory is out. The caller frees it. */
char *curl_error_text(const struct transfer_failure *failure);

/* True if the machine is to blame and not the server: memory, the installed libraries. */
bool curl_error_is_local(CURLcode code);

#endif
