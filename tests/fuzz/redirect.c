/* Fuzzes URLs: one line for the server's, then one for each redirect. */
#include "fuzz.h"

#include "base/text.h"
#include "network/program/url.h"

#include "network/network.h"
#include <string.h>
#include <strings.h>

static bool same(CURLU *one, CURLU *other, CURLUPart part)
{
	CLEANUP(cleanup_text) char *first = url_part(one, part);
	CLEANUP(cleanup_text) char *second = url_part(other, part);

	return first != NULL && second != NULL && strcasecmp(first, second) == 0;
}

/* What is shown of a URL has no user and no password. */
static void promise_bare(const char *shown)
{
	CLEANUP(cleanup_url) CURLU *url = curl_url();

	PROMISE(url != NULL);
	if (curl_url_set(url, CURLUPART_URL, shown, 0) != CURLUE_OK)
		return;
	CLEANUP(cleanup_text) char *user = url_part(url, CURLUPART_USER);
	CLEANUP(cleanup_text) char *password = url_part(url, CURLUPART_PASSWORD);
	PROMISE(user == NULL && password == NULL);
}

static void promise_fit(CURLU *url)
{
	CLEANUP(cleanup_text) char *scheme = url_part(url, CURLUPART_SCHEME);
	CLEANUP(cleanup_text) char *fragment = url_part(url, CURLUPART_FRAGMENT);
	CLEANUP(cleanup_text) char *shown = url_shown(url);

	PROMISE(scheme != NULL);
	PROMISE(strcasecmp(scheme, "http") == 0 || strcasecmp(scheme, "https") == 0);
	PROMISE(fragment == NULL);
	PROMISE(shown != NULL && strchr(shown, '?') == NULL && strchr(shown, '#') == NULL);
	promise_bare(shown);
}

/* A password is sent only to the server that it is for. */
static void promise_password_stays(CURLU *from, CURLU *to, const char *location)
{
	CLEANUP(cleanup_text) char *password = url_part(to, CURLUPART_PASSWORD);

	if (password != NULL && strchr(location, '@') == NULL)
		PROMISE(same(from, to, CURLUPART_SCHEME) && same(from, to, CURLUPART_HOST) &&
			same(from, to, CURLUPART_PORT));
}

static bool follow(CURLU *url, const char *location)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	CLEANUP(cleanup_error) struct chronosign_error *reason = NULL;
	CLEANUP(cleanup_url) CURLU *from = curl_url_dup(url);
	bool good = url_resolve(url, location, &error);

	fuzz_promise_outcome(good, error);
	if (!good)
		return false;
	promise_fit(url);
	promise_password_stays(from, url, location);
	bool may = url_may_follow(from, url, &reason);
	fuzz_promise_outcome(may, reason);
	PROMISE(!may ||
		(same(from, url, CURLUPART_HOST) && (url_is_https(url) || !url_is_https(from))));
	return may;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	CLEANUP(cleanup_text) char *base = fuzz_line(&data, &size);
	CLEANUP(cleanup_text) char *shown = url_without_user(base);
	CLEANUP(cleanup_url) CURLU *url = url_of_nonce(base, &error);

	PROMISE(shown != NULL);
	promise_bare(shown);
	fuzz_promise_outcome(url != NULL, error);
	if (url != NULL)
		promise_fit(url);
	for (int hops = 0; url != NULL && size > 0 && hops < 10; hops++) {
		CLEANUP(cleanup_text) char *location = fuzz_line(&data, &size);
		if (!follow(url, location))
			break;
	}
	return 0;
}
