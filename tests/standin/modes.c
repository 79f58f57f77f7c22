/* The table of modes. A new one is a new row. */
#include "modes.h"

#include <stdio.h>
#include <string.h>

#define HTML "text/html; charset=utf-8"
#define LOGIN_PAGE \
	"<!DOCTYPE html>\n<html><head><title>Sign in</title></head>\n" \
	"<body><form action=\"/login\"><input name=\"password\"></form></body></html>\n"
#define BAD_GATEWAY \
	"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n" \
	"<body><center><h1>502 Bad Gateway</h1></center></body>\r\n</html>\r\n"
/* {"alg":"RS256"} and {"sub":"admin","exp":4102444800}: signed, they would be a login */
#define JWT "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZG1pbiIsImV4cCI6NDEwMjQ0NDgwMH0"
/* the same with {"sub":"a"}, which has the length of a nonce */
#define JWT_OF_36_BYTES "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0"
/* U+009B, and letters in which a terminal that is not of UTF-8 finds CSI and OSC */
#define EIGHT_BIT_CODES \
	"\xc2\x9b" \
	"31m\xc3\x9b" \
	"2J\xc3\x9d" \
	"0;\xe9\x9b\xaa"
#define TERMINAL_CODES \
	"\033]0;owned\007\033[2J\033[H\033[32mtoken accepted\033[0m\r\n\b\177\x9b" \
	"31m" EIGHT_BIT_CODES
#define FOUR_TIMES(text) text text text text

/* Records of TLS (RFC 5246 §6.2.1), each with an empty HelloRequest (§7.4.1.1). */
#define HELLO_REQUEST "\x16\x03\x03\x00\x04\x00\x00\x00\x00"
#define HELLO_REQUESTS FOUR_TIMES(FOUR_TIMES(FOUR_TIMES(FOUR_TIMES(HELLO_REQUEST))))
#define STRAY_NONCE "6f1d2c3b-4a59-4e68-9b7a-8c9d0e1f2a3b"

static const struct mode modes[] = {
	{.name = GOOD_MODE, .what = "all as Chronograf does it"},
	{.name = "chunked",
	 .what = "the nonce by chunked coding: good",
	 .delivery = DELIVER_CHUNKED},
	{.name = "no-expires", .what = "the nonce without Expires: good", .expires = ""},
	{.name = "bad-expires",
	 .what = "the nonce with an Expires that is no date: good",
	 .expires = "after lunch"},
	{.name = "past-expires",
	 .what = "the nonce with an Expires long before Date: good",
	 .expires = "Thu, 01 Jan 1970 00:00:01 UTC"},

	/* Only the status is wrong: there is a nonce with each that may have a body. */
	{.name = "status-201", .what = "201 and a nonce", .status = 201},
	{.name = "status-204", .what = "204, which has no body", .status = 204, .body = ""},
	{.name = "status-206", .what = "206 and a nonce", .status = 206},
	{.name = "status-304", .what = "304, which has no body", .status = 304, .body = ""},
	{.name = "status-401", .what = "401 and a nonce", .status = 401},
	{.name = "status-403", .what = "403 and a nonce", .status = 403},
	{.name = "status-404", .what = "404 and a nonce", .status = 404},
	{.name = "status-429", .what = "429 and a nonce", .status = 429},
	{.name = "status-500", .what = "500 and a nonce", .status = 500},
	{.name = "status-502",
	 .what = "502 and a proxy's page",
	 .status = 502,
	 .type = HTML,
	 .body = BAD_GATEWAY},
	{.name = "status-503", .what = "503 and a nonce", .status = 503},

	/* 200, and something else in the body. */
	{.name = "html", .what = "200 and a login page", .type = HTML, .body = LOGIN_PAGE},
	{.name = "chunked-html",
	 .what = "200 and a login page by chunked coding",
	 .type = HTML,
	 .body = LOGIN_PAGE,
	 .delivery = DELIVER_CHUNKED},
	{.name = "json",
	 .what = "200 and JSON",
	 .type = "application/json",
	 .body = "{\"nonce\":null}\n"},
	{.name = "jwt", .what = "a JWT's header and payload", .body = JWT},
	{.name = "jwt-36",
	 .what = "a JWT's header and payload, in 36 bytes",
	 .body = JWT_OF_36_BYTES},
	{.name = "control",
	 .what = "control characters that rule a terminal",
	 .body = TERMINAL_CODES},
	{.name = "empty", .what = "200 without a body", .body = ""},
	{.name = "gzip",
	 .what = "the nonce with Content-Encoding: gzip, asked for or not",
	 .spoil = spoil_gzip,
	 .encoding = "gzip"},

	/* 200, and almost a nonce. */
	{.name = "newline", .what = "a newline after the nonce", .spoil = spoil_newline},
	{.name = "crlf", .what = "CR LF after the nonce", .spoil = spoil_crlf},
	{.name = "leading-space", .what = "a space before the nonce", .spoil = spoil_leading_space},
	{.name = "upper-case", .what = "the nonce in upper case", .spoil = spoil_upper_case},
	{.name = "short", .what = "35 bytes: the last is missing", .spoil = spoil_short},
	{.name = "long", .what = "37 bytes: a digit too many", .spoil = spoil_long},
	{.name = "twice", .what = "the nonce twice over", .spoil = spoil_twice},
	{.name = "no-dashes", .what = "32 hexadecimal digits", .spoil = spoil_no_dashes},
	{.name = "braces", .what = "the nonce in braces", .spoil = spoil_braces},
	{.name = "not-hex", .what = "36 bytes: a digit is a g", .spoil = spoil_digit},
	{.name = "version-1", .what = "a UUID of version 1", .spoil = spoil_version},
	{.name = "variant", .what = "a UUID of another variant", .spoil = spoil_variant},
	{.name = "nil", .what = "the nil UUID", .body = "00000000-0000-0000-0000-000000000000"},
	{.name = "nul-inside", .what = "36 bytes: one is NUL", .spoil = spoil_nul_inside},
	{.name = "nul-after", .what = "37 bytes: NUL after the nonce", .spoil = spoil_nul_after},

	/* Redirects. */
	{.name = "redirect-once",
	 .what = "one redirect to the nonce: good",
	 .status = 302,
	 .location = "/nonce/hop/0"},
	{.name = "redirect-10",
	 .what = "ten redirects to the nonce: good",
	 .status = 302,
	 .location = "/nonce/hop/9"},
	{.name = "redirect-11",
	 .what = "eleven redirects to the nonce",
	 .status = 302,
	 .location = "/nonce/hop/10"},
	{.name = "redirect-loop",
	 .what = "a redirect to itself",
	 .status = 302,
	 .location = "/nonce"},
	{.name = "redirect-elsewhere",
	 .what = "one redirect to the nonce on another host name (127.0.0.1, localhost)",
	 .status = 302,
	 .location = "/nonce/hop/0",
	 .elsewhere = true},
	{.name = "redirect-file",
	 .what = "a redirect to a file",
	 .status = 302,
	 .location = "file:///etc/passwd"},
	{.name = "redirect-ftp",
	 .what = "a redirect to FTP",
	 .status = 302,
	 .location = "ftp://127.0.0.1:1/nonce"},
	{.name = "redirect-nowhere", .what = "302 and a nonce, without Location", .status = 302},

	/* Time and length. */
	{.name = "never",
	 .what = "the request is read and never answered",
	 .delivery = DELIVER_NEVER},
	{.name = "slow", .what = "a byte a second, for ever", .delivery = DELIVER_SLOW},
	{.name = "endless", .what = "a body without end", .delivery = DELIVER_ENDLESS},
	{.name = "endless-html",
	 .what = "a login page without end",
	 .type = HTML,
	 .body = LOGIN_PAGE,
	 .delivery = DELIVER_ENDLESS},
	{.name = "cut", .what = "Content-Length: 36, cut off half way", .delivery = DELIVER_CUT},

	/* Not HTTP, or not for long. Under --tls-cert these come in place of the handshake. */
	{.name = "garbage",
	 .what = "another protocol's greeting instead of HTTP",
	 .body = "220 mail.example.com ESMTP\r\n\x01\x02\xfe\xff\r\n",
	 .delivery = DELIVER_RAW},
	{.name = "http-0.9",
	 .what = "a nonce without any header",
	 .body = STRAY_NONCE,
	 .delivery = DELIVER_RAW},
	{.name = "hang-up",
	 .what = "the connection is closed without an answer",
	 .body = "",
	 .delivery = DELIVER_RAW},
	{.name = "reset",
	 .what = "the connection is reset",
	 .body = "",
	 .delivery = DELIVER_RAW_RESET},
	{.name = "endless-header",
	 .what = "header lines without end",
	 .body = "HTTP/1.1 200 OK\r\n",
	 .delivery = DELIVER_RAW,
	 .again =
		 "X-Filler: and so it goes on, and on, and on, and on, and on, and on, and on\r\n"},
	{.name = "endless-header-line",
	 .what = "one header line without end",
	 .body = "HTTP/1.1 200 OK\r\nX-Filler: ",
	 .delivery = DELIVER_RAW,
	 .again = "and so it goes on, "},
	{.name = "endless-status-line",
	 .what = "a status line without end",
	 .body = "HTTP/1.1 200 ",
	 .delivery = DELIVER_RAW,
	 .again = "and so it goes on, "},
	{.name = "endless-status",
	 .what = "100 Continue without end",
	 .body = "",
	 .delivery = DELIVER_RAW,
	 .again = "HTTP/1.1 100 Continue\r\n\r\n"},
	{.name = "endless-trailers",
	 .what = "the nonce by chunked coding, and trailers without end",
	 .body = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n24\r\n" STRAY_NONCE
		 "\r\n0\r\n",
	 .delivery = DELIVER_RAW,
	 .again =
		 "X-Filler: and so it goes on, and on, and on, and on, and on, and on, and on\r\n"},
	{.name = "endless-coded",
	 .what = "a body by codings that take memory, without end",
	 .body = "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
	 .delivery = DELIVER_RAW,
	 .again = "1\r\n\x1f\r\n"},
	{.name = "endless-tunnel",
	 .what = "as a proxy, 407 for CONNECT, and a page without end",
	 .body = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: "
		 "100000000000\r\n\r\n",
	 .delivery = DELIVER_RAW,
	 .again = FOUR_TIMES(FOUR_TIMES(FOUR_TIMES("a page without end: <p>and so it goes on, and "
						   "on, and on, and on</p>\r\n")))},
	{.name = "endless-handshake",
	 .what = "in place of a TLS handshake, requests for one (HelloRequest) without end",
	 .body = "",
	 .delivery = DELIVER_RAW,
	 .again = HELLO_REQUESTS,
	 .again_length = sizeof(HELLO_REQUESTS) - 1},
	{.name = "huge-length",
	 .what = "Content-Length of 100 TB, and a body that begins with a nonce",
	 .body = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: "
		 "100000000000000\r\n\r\n" STRAY_NONCE,
	 .delivery = DELIVER_RAW,
	 .again = "0000000000000000000000000000000000000000000000000000000000000000"},

	/* The nonce is good, and the check is not. */
	{.name = "replaced-once",
	 .what = "the nonce is replaced once, just after it was first handed out",
	 .replaced_once = true},
	{.name = "other-replica",
	 .what = "the check is answered 403 to any token, as by another replica",
	 .check_status = 403},
	{.name = "check-403-unnamed",
	 .what = "the check is answered 403 without a body or Chronograf's headers",
	 .check_status = 403,
	 .check_unnamed = true},
	{.name = "check-500", .what = "the check is answered 500", .check_status = 500},
	{.name = "check-redirect",
	 .what = "the check is redirected to where all get 200",
	 .check_status = 302},
};

#define MODE_COUNT (sizeof(modes) / sizeof(modes[0]))

const struct mode *mode_find(const char *name)
{
	for (size_t i = 0; i < MODE_COUNT; i++)
		if (strcmp(name, modes[i].name) == 0)
			return &modes[i];
	return NULL;
}

void modes_list(void)
{
	for (size_t i = 0; i < MODE_COUNT; i++)
		printf("%-20s%s\n", modes[i].name, modes[i].what);
}
