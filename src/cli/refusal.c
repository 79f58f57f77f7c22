/* Messages about refused tokens, and about servers that let everyone in. */
#include "cli/refusal.h"

#include "base/cleanup.h"
#include "cli/report.h"

#include "network/network.h"

static const char another_key[] = "\n  it was started without --pub-key-file, or with another "
				  "public key: that file must hold "
				  "what `chronoctl pub-key` prints for this key";
static const char replicas[] =
	"\n  several replicas answer at this URL, and each has a nonce of its own: give the URL of "
	"one of them";
static const char front[] = "\n  something in front of Chronograf refuses it, for the answer does "
			    "not name Chronograf: " SOURCE_REMEDY;

bool refusal_set(struct chronosign_error **error, const char *url, const struct exchange *exchange)
{
	CLEANUP(cleanup_text) char *shown = url_without_user(url);
	bool nonce_changes = exchange->refusals > 1;

	return chronosign_error_set(
		error, CHRONOSIGN_ERROR_REFUSED,
		"%s does not accept the token, and %s. The likely reasons:%s%s%s",
		shown == NULL ? "" : shown,
		nonce_changes ? "its nonce was replaced in between, for the second time"
			      : "its nonce is still the one that was signed",
		nonce_changes ? replicas : another_key, nonce_changes ? another_key : replicas,
		exchange->unnamed ? front : "");
}

bool shared_nonce_set(struct chronosign_error **error, const char *url, const char *other_url)
{
	CLEANUP(cleanup_text) char *shown = url_without_user(url);
	CLEANUP(cleanup_text) char *other = url_without_user(other_url);

	return chronosign_error_set(
		error, CHRONOSIGN_ERROR_SERVER,
		"%s gets no token, for its nonce is that of %s, too\n  Either they are one server "
		"by two names: give one of them. Or one relays the other's nonce, to get a token "
		"for it.",
		shown == NULL ? "" : shown, other == NULL ? "" : other);
}

bool late_set(struct chronosign_error **error, const char *url)
{
	CLEANUP(cleanup_text) char *shown = url_without_user(url);

	return chronosign_error_set(error, CHRONOSIGN_ERROR_SERVER,
				    "%s gets no token: its nonce had ended or was replaced before "
				    "the token was tried, again\n"
				    "  Either it is too slow for how long its nonces live. Or "
				    "several replicas answer at this "
				    "URL: give the URL of one of them.",
				    shown == NULL ? "" : shown);
}

bool misbehaviour_set(struct chronosign_error **error, const char *url,
		      const struct exchange *exchange, enum exchange_event event)
{
	CLEANUP(cleanup_text) char *shown = url_without_user(url);

	return chronosign_error_set(
		error, CHRONOSIGN_ERROR_OTHER,
		"the network program misbehaved: it told of %s from %s when %s; nothing it says is "
		"believed any more. Does a server attack it?",
		exchange_event_name(event), shown == NULL ? "a server" : shown,
		exchange_due_name(exchange));
}

void warn_of_everyone(const char *url)
{
	CLEANUP(cleanup_text) char *shown = url_without_user(url);

	report_warning("%s: the server lets everyone in, even without a token, because it runs "
		       "without authentication; so nothing is known about the token",
		       shown == NULL ? "" : shown);
}
