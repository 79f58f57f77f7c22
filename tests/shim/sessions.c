/* Remembers the open sessions, by their real handles. */
#include <pthread.h>
#include <stdlib.h>

#include "shim.h"

static struct session *sessions;
static pthread_mutex_t remembering = PTHREAD_MUTEX_INITIALIZER;

struct session *session_find(CK_SESSION_HANDLE handle)
{
	struct session *session;

	pthread_mutex_lock(&remembering);
	session = sessions;
	while (session && session->handle != handle)
		session = session->next;
	pthread_mutex_unlock(&remembering);
	return session;
}

void session_opened(CK_SESSION_HANDLE handle, CK_SLOT_ID slot)
{
	struct session *session = calloc(1, sizeof *session);

	if (!session)
		give_up("no memory");
	session->handle = handle;
	session->slot = slot;
	pthread_mutex_lock(&remembering);
	session->next = sessions;
	sessions = session;
	pthread_mutex_unlock(&remembering);
}

void session_drop_conditions(struct session *session)
{
	for (CK_ULONG i = 0; i < session->condition_count; i++)
		free(session->conditions[i].pValue);
	free(session->conditions);
	session->conditions = NULL;
	session->condition_count = 0;
}

static bool has_handle(const struct session *session, CK_ULONG handle)
{
	return session->handle == handle;
}

static bool is_on_slot(const struct session *session, CK_ULONG slot)
{
	return session->slot == slot;
}

static bool is_any(const struct session *session, CK_ULONG unused)
{
	(void)session;
	(void)unused;
	return true;
}

static void forget(bool (*matches)(const struct session *, CK_ULONG), CK_ULONG value)
{
	struct session **link = &sessions;

	pthread_mutex_lock(&remembering);
	while (*link) {
		struct session *session = *link;

		if (matches(session, value)) {
			*link = session->next;
			session_drop_conditions(session);
			free(session);
		} else {
			link = &session->next;
		}
	}
	pthread_mutex_unlock(&remembering);
}

void session_closed(CK_SESSION_HANDLE handle)
{
	forget(has_handle, handle);
}

void sessions_closed_on(CK_SLOT_ID slot)
{
	forget(is_on_slot, slot);
}

void sessions_closed(void)
{
	forget(is_any, 0);
}

void sessions_pull(void)
{
	pthread_mutex_lock(&remembering);
	for (struct session *session = sessions; session; session = session->next)
		real->C_CloseSession(session->handle);
	pthread_mutex_unlock(&remembering);
	sessions_closed();
}
