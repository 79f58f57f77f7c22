/*
 * Fuzzes what the key process sends to the network program: a packed job, and a request. An honest
 * one is accepted; one that the input has changed is accepted or refused. The first two bytes
 * choose, the third says how much arrives. The lines that follow are URLs to pack, then come
 * patches, each with two bytes of offset, one of length, and the bytes.
 */
#include "fuzz.h"

#include "base/cleanup.h"
#include "network/job.h"
#include "network/message.h"

#include <string.h>

enum { URLS = 3, SERVERS = 3 };

static void patch(uint8_t *bytes, size_t room, const uint8_t *data, size_t size)
{
	while (size > 3 && room > 0) {
		size_t offset = (size_t)(data[0] << 8 | data[1]) % room;
		size_t length = data[2];
		data += 3;
		size -= 3;
		if (length > size)
			length = size;
		if (length > room - offset)
			length = room - offset;
		memcpy(bytes + offset, data, length);
		data += length;
		size -= length;
	}
}

/* What is accepted lies within the bytes that came. */
static void promise_job(const struct program_job *job, size_t length)
{
	PROMISE(job->url_count >= 1 && job->url_count <= length);
	PROMISE(job->timeout_seconds >= 1);
	for (size_t i = 0; i < job->url_count; i++) {
		size_t offset = (size_t)(job->urls[i] - job->bytes);
		PROMISE(offset < length && memchr(job->urls[i], '\0', length - offset) != NULL);
	}
	if (job->ca_pem != NULL)
		PROMISE((size_t)(job->ca_pem - job->bytes) + job->ca_length == length);
}

/* True if it is accepted. */
static bool take(const struct packed_job *packed, size_t header_length)
{
	struct packed_job copy = {.header = packed->header};
	struct program_job job = {0};
	size_t length = (size_t)(packed->header.url_bytes + packed->header.ca_bytes);
	size_t pin_length = (size_t)packed->header.pin_bytes;

	if (!job_header_check(&packed->header, header_length) || length > (1u << 20))
		return false;
	copy.bytes = calloc(1, length + pin_length);
	PROMISE(copy.bytes != NULL);
	memcpy(copy.bytes, packed->bytes, length < JOB_PACKET ? length : JOB_PACKET);
	bool taken = job_unpack(&copy, &job);
	if (taken)
		promise_job(&job, length);
	program_job_release(&job);
	packed_job_release(&copy);
	return taken;
}

/* An empty URL is a usage error: here it is another. */
static char *some_url(const uint8_t **rest, size_t *left)
{
	char *url = fuzz_line(rest, left);

	if (url[0] != '\0')
		return url;
	free(url);
	return strdup("http://x");
}

static void fuzz_job(uint8_t choice, uint8_t cut, const uint8_t *data, size_t size)
{
	const uint8_t *rest = data;
	size_t left = size;
	char *urls[URLS];
	struct packed_job packed;

	for (size_t i = 0; i < URLS; i++)
		urls[i] = some_url(&rest, &left);
	const struct network_job job = {
		.urls = (const char *const *)urls,
		.url_count = 1 + choice % URLS,
		.timeout_seconds = choice + 1u,
		.requests = (choice & 8) != 0,
		.watch = (choice & 16) != 0,
	};
	PROMISE(job_pack(&job, &packed, NULL));
	size_t length = (size_t)packed.header.url_bytes;
	char *room = calloc(1, JOB_PACKET);
	PROMISE(room != NULL);
	memcpy(room, packed.bytes, length < JOB_PACKET ? length : JOB_PACKET);
	packed_job_release(&packed);
	packed.bytes = room;
	if (length <= JOB_PACKET)
		PROMISE(take(&packed, sizeof packed.header));
	patch((uint8_t *)&packed.header, sizeof packed.header, data, size);
	patch((uint8_t *)room, JOB_PACKET, data, size);
	take(&packed, sizeof packed.header - cut % 8);
	packed_job_release(&packed);
	for (size_t i = 0; i < URLS; i++)
		free(urls[i]);
}

static void fuzz_request(uint8_t choice, uint8_t cut, const uint8_t *data, size_t size)
{
	CLEANUP(cleanup_text) char *token = fuzz_text(data, size);
	struct network_request request;
	bool check = (choice & 2) != 0;
	const char *nonce = "7d9f2c1e-5b3a-4c6d-8e9f-0a1b2c3d4e5f";
	bool made = (choice & 4) != 0
			    ? request_init_next(&request, choice % SERVERS, nonce, cut * 1000)
			    : request_init(&request, check ? REQUEST_CHECK : REQUEST_NONCE,
					   choice % SERVERS, check ? nonce : NULL,
					   check ? token : NULL);

	if (made)
		PROMISE(request_check(&request, sizeof request, SERVERS));
	patch((uint8_t *)&request, sizeof request, data, size);
	if (!request_check(&request, sizeof request - cut, SERVERS))
		return;
	/* It becomes a header. */
	PROMISE(request.server < SERVERS);
	PROMISE(request.wait_ms <= REQUEST_WAIT_MAX);
	PROMISE(strlen(request.token) < sizeof request.token);
	PROMISE(strpbrk(request.token, "\r\n :") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 3)
		return 0;
	if ((data[0] & 1) == 0)
		fuzz_job(data[1], data[2], data + 3, size - 3);
	else
		fuzz_request(data[1], data[2], data + 3, size - 3);
	return 0;
}
