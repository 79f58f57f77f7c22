/* The spoilt nonces, each as close to a good one as its name allows. */
#include "bodies.h"

#include "nonce.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

static size_t append(char body[BODY_MAX], const char *text)
{
	strcpy(body + NONCE_LENGTH, text);
	return NONCE_LENGTH + strlen(text);
}

static void prepend(char body[BODY_MAX], char byte)
{
	memmove(body + 1, body, strlen(body) + 1);
	body[0] = byte;
}

size_t spoil_newline(char body[BODY_MAX])
{
	return append(body, "\n");
}

size_t spoil_crlf(char body[BODY_MAX])
{
	return append(body, "\r\n");
}

size_t spoil_leading_space(char body[BODY_MAX])
{
	prepend(body, ' ');
	return NONCE_LENGTH + 1;
}

/* The first digit becomes a letter, because a nonce may have no letter. */
size_t spoil_upper_case(char body[BODY_MAX])
{
	body[0] = 'a';
	for (size_t i = 0; i < NONCE_LENGTH; i++)
		body[i] = (char)toupper((unsigned char)body[i]);
	return NONCE_LENGTH;
}

size_t spoil_short(char body[BODY_MAX])
{
	(void)body;
	return NONCE_LENGTH - 1;
}

size_t spoil_long(char body[BODY_MAX])
{
	return append(body, "0");
}

size_t spoil_twice(char body[BODY_MAX])
{
	memcpy(body + NONCE_LENGTH, body, NONCE_LENGTH);
	return 2 * NONCE_LENGTH;
}

size_t spoil_version(char body[BODY_MAX])
{
	body[14] = '1';
	return NONCE_LENGTH;
}

size_t spoil_variant(char body[BODY_MAX])
{
	body[19] = 'c';
	return NONCE_LENGTH;
}

size_t spoil_no_dashes(char body[BODY_MAX])
{
	size_t length = 0;

	for (const char *from = body; *from != '\0'; from++)
		if (*from != '-')
			body[length++] = *from;
	return length;
}

size_t spoil_braces(char body[BODY_MAX])
{
	append(body, "}");
	prepend(body, '{');
	return NONCE_LENGTH + 2;
}

size_t spoil_digit(char body[BODY_MAX])
{
	body[NONCE_LENGTH - 1] = 'g';
	return NONCE_LENGTH;
}

size_t spoil_nul_inside(char body[BODY_MAX])
{
	body[20] = '\0';
	return NONCE_LENGTH;
}

size_t spoil_nul_after(char body[BODY_MAX])
{
	body[NONCE_LENGTH] = '\0';
	return NONCE_LENGTH + 1;
}

/* RFC 1952 §8. */
static uint32_t crc32_of(const char *bytes, size_t length)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < length; i++) {
		crc ^= (unsigned char)bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (crc & 1 ? UINT32_C(0xedb88320) : 0);
	}
	return ~crc;
}

static void put_little_endian(char *to, uint32_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		to[i] = (char)(value >> (8 * i));
}

/* A gzip member (RFC 1952 §2.3) of one stored block (RFC 1951 §3.2.4): it needs no compressor. */
size_t spoil_gzip(char body[BODY_MAX])
{
	static const char head[] = {'\x1f', '\x8b', 8, 0, 0, 0, 0, 0, 0, '\xff', /* block: */ 1};
	uint32_t crc = crc32_of(body, NONCE_LENGTH);
	char *to = body + sizeof(head) + 4;

	memmove(to, body, NONCE_LENGTH);
	memcpy(body, head, sizeof(head));
	put_little_endian(body + sizeof(head), NONCE_LENGTH, 2);
	put_little_endian(body + sizeof(head) + 2, ~(uint32_t)NONCE_LENGTH, 2);
	put_little_endian(to + NONCE_LENGTH, crc, 4);
	put_little_endian(to + NONCE_LENGTH + 4, NONCE_LENGTH, 4);
	return sizeof(head) + 4 + NONCE_LENGTH + 8;
}
