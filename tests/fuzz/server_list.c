/* Fuzzes the file of --chronograf-urls-from. */
#include "fuzz.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "chronograf/base_url.h"
#include "cli/servers.h"

#include <string.h>
#include <sys/mman.h>

static void promise_bare(const char *url)
{
	size_t length = strlen(url);

	PROMISE(length > 0 && url[0] != '#');
	PROMISE(strchr(" \t\r\n", url[0]) == NULL && strchr(" \t\r\n", url[length - 1]) == NULL);
	PROMISE(strchr(url, '\n') == NULL);
}

/* No two URLs mean one server: its nonce would look like a relayed one. */
static void promise_different(const struct servers *servers)
{
	for (size_t i = 0; i < servers->count && i < 32; i++) {
		CLEANUP(cleanup_text) char *one = base_url_normal(servers->urls[i]);
		PROMISE(one != NULL);
		for (size_t j = 0; j < i; j++) {
			CLEANUP(cleanup_text) char *other = base_url_normal(servers->urls[j]);
			PROMISE(other != NULL && strcmp(one, other) != 0);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(cleanup_descriptor) int file = memfd_create("list", MFD_CLOEXEC);
	CLEANUP(cleanup_text) char *path = text_format("/proc/self/fd/%d", file);
	struct options options = {.chronograf_urls_from = path};
	struct servers servers;
	struct chronosign_error *error = NULL;

	PROMISE(file >= 0 && path != NULL && write(file, data, size) == (ssize_t)size);
	bool good = servers_from_options(&options, &servers, &error);
	fuzz_promise_outcome(good, error);
	PROMISE(good == (servers.count > 0));
	for (size_t i = 0; i < servers.count; i++)
		promise_bare(servers.urls[i]);
	promise_different(&servers);
	servers_free(&servers);
	chronosign_error_free(error);
	return 0;
}
