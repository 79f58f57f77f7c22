/*
 * The job on its way from the key process to the network program: a header of fixed size, then the URLs,
 * the CAs and the pinned keys as bytes, cut into packets (unix(7), SOCK_SEQPACKET), so that thousands of URLs fit. Both
 * sides check it.
 */
#ifndef NETWORK_JOB_H
#define NETWORK_JOB_H

#include "base/cleanup.h"
#include "network/network.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOB_MAGIC 0x4a4f4243u
#define JOB_URLS_MAX UINT64_C(1000000)
#define JOB_URL_BYTES_MAX (UINT64_C(64) << 20)
/* All CAs of a machine take a quarter of a MiB. */
#define JOB_CA_BYTES_MAX (UINT64_C(8) << 20)
#define JOB_PIN_BYTES_MAX UINT64_C(4096)
#define JOB_SECONDS_MAX UINT32_C(1000000000)
/* A packet must fit into the socket's buffer, however small that is configured. */
#define JOB_PACKET 16384
/* The number of servers that the program asks at once; more servers do not take more memory. */
#define JOB_CONCURRENT 64

enum {
	JOB_SKIP_VERIFY = 1,
	JOB_VERBOSE = 2,
	JOB_REQUESTS = 4,
	JOB_CA_GIVEN = 8,
	JOB_REQUIRE_SANDBOX = 16,
	JOB_FLAGS = 31,
};

struct job_header {
	uint32_t magic;
	uint32_t flags;
	uint64_t url_count;
	uint64_t url_bytes; /* all URLs, a NUL after each */
	uint64_t ca_bytes;
	uint64_t pin_bytes; /* the pinned keys with a NUL behind; 0: there are none */
	uint32_t timeout_seconds;
	uint32_t poll_seconds; /* 0: each server is asked once */
};

_Static_assert(sizeof(struct job_header) == 48, "a header has no padding");

/* A job as it travels. */
struct packed_job {
	struct job_header header;
	char *bytes; /* the URLs, then the CAs, then the pinned keys */
};

/* A job as the program works on it. */
struct program_job {
	const char *const *urls; /* they point into `bytes` */
	size_t url_count;
	const char *ca_pem; /* NULL: the machine's CAs */
	size_t ca_length;
	const char *pinned_pubkey; /* NULL: none */
	unsigned timeout_seconds;
	bool skip_verify;
	bool verbose;
	bool require_sandbox;
	bool requests;         /* requests will come over the socket */
	unsigned poll_seconds; /* ask again and again, at least so often; 0: once */
	char *bytes;
};

/* Also reads the CA file. False with *error set (most of them usage errors). Release it in any
 * case. */
bool job_pack(const struct network_job *wanted, struct packed_job *packed,
	      struct chronosign_error **error);
/* What the program says of a URL: behind it in quotes, and before a reason, or before the right URL as a word of a shell. */
#define URL_IS_NONE "is not a server's URL: "
/* All that may follow it: a list, so that nobody's own words do. */
#define URL_REASON_BLANK "it has a blank in it"
#define URL_REASON_PORT "its port is no number up to 65535"
#define URL_REASON_SCHEME "only http and https are supported"
#define URL_REASON_SLASHES "two slashes follow http: and https:"
#define URL_REASON_MALFORMED "it is malformed"
#define URL_FORM "Write it like http://host:8888 or https://host/base/path."
#define URL_WITHOUT_SCHEME "does not begin with http:// or https://: write "
#define URL_WITH_QUERY "has a query or a fragment (? or #): write "
#define URL_WITH_NONCE "ends with /nonce, which is added to it: write "

/* True if a message says one of these of one of its URLs, and the right one is of the same server. */
bool packed_job_names(const struct packed_job *packed, const char *words);
void packed_job_release(struct packed_job *packed);

/* Sends it to the program, which has to take it by that time (base/clock.h). False: it has not, or has ended. */
bool job_send(const struct packed_job *packed, int socket, int64_t until);

/* True if a job of this size can be accepted. */
bool job_header_check(const struct job_header *header, size_t length);

/* Unpacks a job whose header is valid, and takes ownership of `packed`'s bytes. False: it is not
 * a job. */
bool job_unpack(struct packed_job *packed, struct program_job *job);

/* Receives a whole job. False: none came, or it is malformed. Release it in any case. */
bool job_receive(int socket, struct program_job *job);
void program_job_release(struct program_job *job);

#endif
