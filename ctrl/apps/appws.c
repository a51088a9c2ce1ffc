/**
 * @file appws.c  A WebSocket connection to an application
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <libwebsockets.h>
#include "apps.h"
#include "attempt.h"
#include "appws.h"
#include "base/base.h"
#include "hooks/hooks.h"
#include "net/net.h"
#include "store/store.h"
#include "stream/stream.h"


enum {
	SILENT_TIME = 10, /* seconds, with something of ours on its way */
	CLOSE_NO_CODE = 1005,
	CLOSE_ABNORMAL = 1006,
};

static struct {
	struct lws_context *ctx;
	struct lws_vhost *vhost;
} appws;


static void destroy(struct appws *w)
{
	attempt_end(w);
	weburl_reset(&w->url);
	watchdog_end(w->watchdog);
	free(w->app);
	free(w);
}


/**
 * Drop the handler of a connection.  The connection is freed with its last
 * callback of lws.
 *
 * @param w Connection, which may be freed
 */
void appws_detach(struct appws *w)
{
	w->h = NULL;
	if (!w->wsi) {
		destroy(w);
		return;
	}

	attempt_end(w);
	if (!w->client)
		lws_set_timeout(w->wsi, PENDING_TIMEOUT_USER_REASON_BASE,
				LWS_TO_KILL_ASYNC);
}


/* RFC 5482: what is not acknowledged soon is sent on another connection */
static void limit_silence(struct lws *wsi)
{
	unsigned ms = SILENT_TIME * 1000;

	if (setsockopt(lws_get_socket_fd(wsi), IPPROTO_TCP, TCP_USER_TIMEOUT,
		       &ms, sizeof(ms)))
		log_warning("appws: TCP_USER_TIMEOUT: %s", strerror(errno));
}


static int established(struct appws *w, struct lws *wsi)
{
	const struct badge badge = {.role = ROLE_CONTROLLER};
	int err;

	limit_silence(wsi);
	watchdog_start(w->watchdog, wsi);
	watchdog_live(wsi);

	attempt_end(w);
	err = client_create(&w->client, wsi, SCOPE_LOCAL, w->app->name,
			    w->app->call_sid, DIALECT_JAMBONZ, w->since,
			    &badge);
	if (err)
		return err;

	w->h->openh(w->client, w->arg);

	return 0;
}


static void closed(struct appws *w)
{
	const struct appws_handlers *h = w->h;
	struct client *client = w->client;

	w->client = NULL;
	w->h = NULL;
	if (h)
		h->closeh(w->code, w->arg);
	client_destroy(client);
}


static void peer_close(struct appws *w, const unsigned char *in, size_t len)
{
	w->code = len >= 2 ? in[0] << 8 | in[1] : CLOSE_NO_CODE;
}


static int add_auth(const struct appws *w, struct lws *wsi, void *in,
		    size_t len)
{
	unsigned char **p = in, *end = *p + len;

	if (!*w->auth)
		return 0;

	return lws_add_http_header_by_token(wsi, WSI_TOKEN_HTTP_AUTHORIZATION,
					    (const unsigned char *)w->auth,
					    (int)strlen(w->auth), p, end);
}


static int receive(struct appws *w, struct lws *wsi, void *in, size_t len)
{
	bool last = lws_is_final_fragment(wsi) &&
		    !lws_remaining_packet_payload(wsi);

	watchdog_heard(wsi);

	return client_receive(w->client, in, len, last,
			      lws_frame_is_binary(wsi) != 0);
}


static int writable(struct appws *w, struct lws *wsi)
{
	if (!w->client)
		return 0;

	(void)store_secure();

	return watchdog_ping(wsi) || client_writable(w->client) ? -1 : 0;
}


static int event(struct appws *w, struct lws *wsi,
		 enum lws_callback_reasons reason, void *in, size_t len)
{
	switch (reason) {
	case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
		w->reached = true;
		return add_auth(w, wsi, in, len);

	case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
		if (w->h)
			attempt_failed(w, wsi, in, len);
		return 0;

	case LWS_CALLBACK_CLIENT_ESTABLISHED:
		return !w->h || established(w, wsi) ? -1 : 0;

	case LWS_CALLBACK_CLIENT_RECEIVE:
		return receive(w, wsi, in, len) ? -1 : 0;

	case LWS_CALLBACK_CLIENT_RECEIVE_PONG: watchdog_heard(wsi); return 0;

	case LWS_CALLBACK_CLIENT_WRITEABLE: return writable(w, wsi);

	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		peer_close(w, in, len);
		return 0;

	case LWS_CALLBACK_CLIENT_CLOSED: closed(w); return 0;

	default: return 0;
	}
}


static int callback(struct lws *wsi, enum lws_callback_reasons reason,
		    void *user, void *in, size_t len)
{
	struct appws *w = wsi ? watchdog_owner(wsi) : NULL;

	if (!w)
		return lws_callback_http_dummy(wsi, reason, user, in, len);

	if (reason != LWS_CALLBACK_WSI_DESTROY)
		return event(w, wsi, reason, in, len);

	if (w->h) {
		w->wsi = NULL;
		attempt_next(w, 0.);
	}
	else {
		destroy(w);
	}

	return 0;
}


/* The name is that of the subprotocol that we ask for */
static const struct lws_protocols protocols[] = {
	{"ws.jambonz.org", callback, 0, 4096, 0, NULL, 0},
	{NULL, NULL, 0, 0, 0, NULL, 0},
};


int appws_init(struct lws_context *ctx)
{
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN,
		.protocols = protocols,
		.vhost_name = "applications",
		.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
			   LWS_SERVER_OPTION_VALIDATE_UTF8,
		.retry_and_idle_policy = &watchdog_policy,
	};

	appws.ctx = ctx;
	appws.vhost = lws_create_vhost(ctx, &info);
	if (!appws.vhost)
		log_error("appws: libwebsockets cannot make connections");

	return appws.vhost ? 0 : ENOMEM;
}


static void set_auth(struct appws *w, const struct hook *hook)
{
	const char *user = hook->username ? hook->username : w->url.user;
	const char *password = hook->username ? hook->password
					      : w->url.password;

	if (user && lws_http_basic_auth_gen(user, password ? password : "",
					    w->auth, sizeof(w->auth)))
		w->auth[0] = '\0';
}


/**
 * Begin with a connection to one address
 *
 * @param w       Connection
 * @param address Numeric address
 *
 * @return 0, or ENOMEM if libwebsockets does not even begin
 */
int appws_open(struct appws *w, const char *address)
{
	struct lws_client_connect_info info = {
		.context = appws.ctx,
		.vhost = appws.vhost,
		.address = address,
		.host = w->url.origin,
		.origin = w->url.origin,
		.path = w->url.path,
		.port = w->url.port,
		.ssl_connection = w->url.tls ? LCCSCF_USE_SSL : 0,
		.protocol = protocols[0].name,
		.ietf_version_or_minus_one = -1,
		.opaque_user_data = w->watchdog,
		.pwsi = &w->wsi,
		.retry_and_idle_policy = &watchdog_policy,
	};

	w->reached = false;
	if (lws_client_connect_via_info(&info))
		return 0;

	w->wsi = NULL;

	return ENOMEM;
}


/**
 * Connect to an application.  The handlers are called later.
 *
 * @param wp    Pointer to the new connection
 * @param hook  URL
 * @param app   The client that speaks over it
 * @param since Behind which message that client goes on
 * @param h     Handlers
 * @param arg   Their argument
 *
 * @return 0, ENOMEM, EINVAL if its URL is not valid, or EAGAIN if no name can
 *         be resolved
 */
int appws_connect(struct appws **wp, const struct hook *hook,
		  const struct sender *app, uint64_t since,
		  const struct appws_handlers *h, void *arg)
{
	struct appws *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return ENOMEM;

	attempt_init(w);
	w->since = since;
	w->h = h;
	w->arg = arg;
	w->code = CLOSE_ABNORMAL;

	w->watchdog = watchdog_create(NULL, w);
	err = w->watchdog ? sender_copy(&w->app, app) : ENOMEM;
	if (!err)
		err = weburl_parse(&w->url, hook->url);
	if (!err)
		err = attempt_start(w);
	if (err) {
		destroy(w);
		return err;
	}

	set_auth(w, hook);
	*wp = w;

	return 0;
}


/**
 * End a connection; its handlers are not called any more
 *
 * @param w    Connection, may be NULL
 * @param code Why, as RFC 6455 numbers it
 */
void appws_close(struct appws *w, int code)
{
	if (!w)
		return;

	if (w->client)
		client_close(w->client, code);
	appws_detach(w);
}
