/* The blocks of PEM files. */
#include "signer/pem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define BLOCK(label) "-----BEGIN " label "-----\nAAAA\n-----END " label "-----\n"

/* Collects the labels, each followed by a comma; a block without an end also gets a '!'. */
static void assert_labels(const char *text, const char *expected)
{
	char labels[256] = "";
	size_t offset = 0;
	struct pem_block block;

	while (pem_next(text, strlen(text), &offset, &block)) {
		assert_true(offset <= strlen(text));
		strncat(labels, block.label, block.label_length);
		strcat(labels, block.ended ? "," : "!,");
	}
	assert_string_equal(labels, expected);
}

static void blocks_come_in_order_with_their_labels(void **state)
{
	(void)state;
	assert_labels(BLOCK("CERTIFICATE") BLOCK("RSA PRIVATE KEY") BLOCK("PUBLIC KEY"),
		      "CERTIFICATE,RSA PRIVATE KEY,PUBLIC KEY,");
	assert_labels("", "");
	assert_labels("no block at all\n", "");
}

static void text_between_blocks_is_skipped(void **state)
{
	(void)state;
	assert_labels(
		"subject=x\n" BLOCK("CERTIFICATE") "Bag Attributes\n" BLOCK("PRIVATE KEY") "end",
		"CERTIFICATE,PRIVATE KEY,");
	assert_labels("see -----BEGIN X----- in the text\n" BLOCK("PRIVATE KEY"), "PRIVATE KEY,");
	assert_labels("-----BEGIN X-----\r\nAAAA\r\n-----END X-----\r\n", "X,");
}

static void a_block_without_its_end_is_reported(void **state)
{
	(void)state;
	assert_labels("-----BEGIN PRIVATE KEY-----\nAAAA\n", "PRIVATE KEY!,");
	assert_labels("-----BEGIN PRIVATE KEY-----\nAAAA\n" BLOCK("CERTIFICATE"),
		      "PRIVATE KEY!,CERTIFICATE,");
	assert_labels("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END CERTIFICATE-----\n",
		      "PRIVATE KEY!,");
	assert_labels("-----BEGIN PRIVATE KEY", "PRIVATE KEY!,");
	assert_labels("-----BEGIN ", "!,");
}

static void a_block_is_its_lines_and_no_more(void **state)
{
	const char text[] = "before\n" BLOCK("PRIVATE KEY") "behind\n";
	size_t offset = 0;
	struct pem_block block;

	(void)state;
	assert_true(pem_next(text, strlen(text), &offset, &block));
	assert_int_equal(block.length, strlen(BLOCK("PRIVATE KEY")));
	assert_memory_equal(block.text, BLOCK("PRIVATE KEY"), block.length);
}

static bool label_is(const char *label, const char *wanted)
{
	const struct pem_block block = {.label = label, .label_length = strlen(label)};

	return pem_is(&block, wanted);
}

static void a_label_is_compared_whole_or_by_its_end(void **state)
{
	(void)state;
	assert_true(label_is("PRIVATE KEY", " PRIVATE KEY"));
	assert_true(label_is("RSA PRIVATE KEY", " PRIVATE KEY"));
	assert_false(label_is("XPRIVATE KEY", " PRIVATE KEY"));
	assert_false(label_is("PRIVATE KEY X", " PRIVATE KEY"));
	assert_true(label_is("CERTIFICATE", "CERTIFICATE"));
	assert_false(label_is("TRUSTED CERTIFICATE", "CERTIFICATE"));
	assert_false(label_is("", " PRIVATE KEY"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_come_in_order_with_their_labels),
		cmocka_unit_test(text_between_blocks_is_skipped),
		cmocka_unit_test(a_block_without_its_end_is_reported),
		cmocka_unit_test(a_block_is_its_lines_and_no_more),
		cmocka_unit_test(a_label_is_compared_whole_or_by_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
