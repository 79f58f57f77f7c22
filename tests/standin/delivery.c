/* The readers that give MHD a body piece by piece. */
#include "delivery.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE 4096
#define DROP_INTERVAL 1000 /* milliseconds */

struct stream {
	struct later *later;
	struct MHD_Connection *connection;
	bool rested; /* SLOW: the pause of a second before this byte is over */
	size_t length;
	char body[];
};

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static ssize_t read_to_end(void *closure, uint64_t position, char *buffer, size_t max)
{
	const struct stream *stream = closure;
	size_t length;

	if (position >= stream->length)
		return MHD_CONTENT_READER_END_OF_STREAM;
	length = smaller(max, stream->length - position);
	memcpy(buffer, stream->body + position, length);
	return (ssize_t)length;
}

/* An error half way makes MHD close the connection. */
static ssize_t read_half(void *closure, uint64_t position, char *buffer, size_t max)
{
	const struct stream *stream = closure;
	size_t half = stream->length / 2;

	if (position >= half)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	return read_to_end(closure, position, buffer, smaller(max, half - position));
}

static ssize_t read_again(void *closure, uint64_t position, char *buffer, size_t max)
{
	const struct stream *stream = closure;

	for (size_t i = 0; i < max; i++)
		buffer[i] = stream->body[(position + i) % stream->length];
	return (ssize_t)max;
}

/* Returning 0 from a suspended connection tells MHD that nothing is ready and to ask after the
 * resume. */
static ssize_t read_drop(void *closure, uint64_t position, char *buffer, size_t max)
{
	struct stream *stream = closure;

	stream->rested = !stream->rested;
	if (!stream->rested)
		return read_again(closure, position, buffer, smaller(max, 1));
	if (!later_resume(stream->later, stream->connection, DROP_INTERVAL))
		return MHD_CONTENT_READER_END_WITH_ERROR;
	return 0;
}

static struct stream *stream_new(const char *body, size_t length, struct later *later,
				 struct MHD_Connection *connection)
{
	struct stream *stream = malloc(sizeof(*stream) + length);

	if (stream == NULL)
		return NULL;
	*stream = (struct stream){.later = later, .connection = connection, .length = length};
	memcpy(stream->body, body, length);
	return stream;
}

struct MHD_Response *deliver(enum delivery delivery, const char *body, size_t length,
			     struct later *later, struct MHD_Connection *connection)
{
	static const MHD_ContentReaderCallback readers[] = {
		[DELIVER_CHUNKED] = read_to_end,
		[DELIVER_CUT] = read_half,
		[DELIVER_SLOW] = read_drop,
		[DELIVER_ENDLESS] = read_again,
	};
	uint64_t size = delivery == DELIVER_CUT ? length : MHD_SIZE_UNKNOWN;
	struct MHD_Response *response;
	struct stream *stream;

	if (delivery == DELIVER_WHOLE)
		return MHD_create_response_from_buffer(length, (void *)body, MHD_RESPMEM_MUST_COPY);
	stream = stream_new(body, length, later, connection);
	if (stream == NULL)
		return NULL;
	response = MHD_create_response_from_callback(size, BLOCK_SIZE, readers[delivery], stream,
						     free);
	if (response == NULL)
		free(stream);
	return response;
}
