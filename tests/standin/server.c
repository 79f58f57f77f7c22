/* MHD's callbacks, its start and its end. answers.c decides what to answer. */
#include "plaintext.h"
#include "request.h"
#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTIONS_MAX 16384
#define BODY_LENGTH_MAX 1000000

/* Keeps a NUL at the end. False: it is too long. */
static bool keep_upload(struct request *request, const char *upload, size_t size)
{
	char *body;

	if (size > BODY_LENGTH_MAX - request->body_length)
		return false;
	body = realloc(request->body, request->body_length + size + 1);
	if (body == NULL)
		return false;
	memcpy(body + request->body_length, upload, size);
	request->body = body;
	request->body_length += size;
	body[request->body_length] = '\0';
	return true;
}

/* MHD asks again after each step, until a response is queued. */
static enum MHD_Result on_request(void *closure, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_size, void **context)
{
	struct server *server = closure;
	struct request *request = *context;
	unsigned delay = server->settings.options->delay;

	if (request == NULL)
		return MHD_NO;
	if (!request->begun) {
		request->begun = true;
		request->server = server;
		request->connection = connection;
		request->url = url;
		request->method = method;
		request->version = version;
		return MHD_YES;
	}
	if (*upload_size != 0) {
		if (!keep_upload(request, upload, *upload_size))
			return MHD_NO;
		*upload_size = 0;
		return MHD_YES;
	}
	if (delay != 0 && !request->delayed) {
		request->delayed = true;
		return later_resume(server->later, connection, delay) ? MHD_YES : MHD_NO;
	}
	return answer(request);
}

/* MHD's first call for a request, and the only one that shows the raw path. */
static void *on_path(void *closure, const char *path, struct MHD_Connection *connection)
{
	struct request *request = calloc(1, sizeof(*request));

	(void)closure;
	(void)connection;
	if (request == NULL)
		return NULL;
	request->path = strdup(path);
	if (request->path == NULL) {
		free(request);
		return NULL;
	}
	return request;
}

static void on_completed(void *closure, struct MHD_Connection *connection, void **context,
			 enum MHD_RequestTerminationCode why)
{
	struct request *request = *context;

	(void)closure;
	(void)connection;
	(void)why;
	if (request == NULL)
		return;
	free(request->path);
	free(request->body);
	free(request);
}

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;

	if (file == NULL || getdelim(&text, &size, '\0', file) < 0)
		fprintf(stderr, "standin: %s: %m\n", path);
	if (file != NULL)
		fclose(file);
	return text;
}

/* The moment before TLS. */
static void on_connection(void *closure, struct MHD_Connection *connection, void **context,
			  enum MHD_ConnectionNotificationCode what)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	(void)closure;
	(void)context;
	if (what == MHD_CONNECTION_NOTIFY_STARTED && info != NULL)
		plaintext_refuse(info->connect_fd);
}

static struct MHD_Daemon *start_daemon(struct server *server)
{
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, server->cert},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, server->key},
		{MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, NULL},
		{MHD_OPTION_END, 0, NULL},
	};
	struct MHD_OptionItem plain[] = {{MHD_OPTION_END, 0, NULL}};
	bool secure = server->cert != NULL;

	if (secure)
		plaintext_expect(server->settings.listener);
	return MHD_start_daemon(secure ? flags | MHD_USE_TLS : flags, 0, NULL, NULL, on_request,
				server, MHD_OPTION_LISTEN_SOCKET, server->settings.listener,
				MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
				MHD_OPTION_CONNECTION_TIMEOUT, server->settings.options->idle,
				MHD_OPTION_URI_LOG_CALLBACK, on_path, NULL,
				MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_ARRAY,
				secure ? tls : plain, MHD_OPTION_END);
}

static bool prepare(struct server *server)
{
	const struct options *options = server->settings.options;

	if (options->tls_cert != NULL) {
		server->cert = read_file(options->tls_cert);
		server->key = read_file(options->tls_key);
		if (server->cert == NULL || server->key == NULL)
			return false;
	}
	server->store = store_new();
	server->later = later_start();
	return server->store != NULL && server->later != NULL;
}

struct server *server_start(const struct server_settings *settings)
{
	struct server *server = calloc(1, sizeof(*server));

	if (server == NULL)
		return NULL;
	server->settings = *settings;
	if (prepare(server)) {
		server->daemon = start_daemon(server);
		if (server->daemon == NULL)
			fprintf(stderr, "standin: the server does not start%s\n",
				server->cert == NULL ? ""
						     : ": do certificate and key belong together?");
	}
	if (server->daemon == NULL) {
		server_end(server);
		return NULL;
	}
	return server;
}

void server_end(struct server *server)
{
	if (server == NULL)
		return;
	if (server->later != NULL)
		later_end(server->later);
	if (server->daemon != NULL)
		MHD_stop_daemon(server->daemon);
	if (server->later != NULL)
		later_free(server->later);
	store_free(server->store);
	free(server->cert);
	free(server->key);
	free(server);
}
