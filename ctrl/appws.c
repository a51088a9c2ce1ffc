/**
 * @file appws.c  A WebSocket connection to an application
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <curl/curl.h>
#include <ev.h>
#include <libwebsockets.h>
#include "appws.h"
#include "client.h"
#include "hook.h"
#include "log.h"
#include "turn.h"


enum {
	PING_TIME = 30,   /* seconds of silence after which we ask */
	HANGUP_TIME = 45, /* ... and after which we do not wait any longer */
	CLOSE_NO_CODE = 1005,
	CLOSE_ABNORMAL = 1006,
};

static const double handshake_time = 1.5; /* seconds, as jambonz has it */

/* The parts of a URL */
struct target {
	char *scheme, *user, *password, *host, *port, *path, *query;
};

struct appws {
	struct lws *wsi;
	struct client *client; /* while the connection is up */
	char name[CLIENT_NAME_SIZE];
	char auth[HOOK_MAX]; /* value of Authorization, "" for none */
	uint64_t since;
	const struct appws_handlers *h; /* NULL when nobody cares any more */
	void *arg;
	ev_timer timer;
	enum retry_cause cause;
	char why[128];
	int code;        /* with which the far end closes */
	bool reached;    /* somebody took the connection */
	bool connecting; /* lws is being asked to */
};

static struct {
	struct lws_context *ctx;
	struct lws_vhost *vhost;
} appws;


static void destroy(struct appws *w)
{
	ev_timer_stop(EV_DEFAULT_ & w->timer);
	free(w);
}


/* Nobody hears of the connection any more; lws frees it with the last call
   that it makes for it */
static void detach(struct appws *w)
{
	ev_timer_stop(EV_DEFAULT_ & w->timer);
	w->h = NULL;
}


static void fail(struct appws *w)
{
	const struct appws_handlers *h = w->h;
	void *arg = w->arg;
	enum retry_cause cause = w->cause;
	char why[sizeof(w->why)];

	strcpy(why, w->why);
	detach(w);
	if (w->wsi)
		lws_set_timeout(w->wsi, PENDING_TIMEOUT_USER_REASON_BASE,
				LWS_TO_KILL_ASYNC);
	else
		destroy(w);

	if (h)
		h->failh(cause, why, arg);
}


static void set_why(struct appws *w, enum retry_cause cause, const char *why,
		    size_t len)
{
	w->cause = cause;
	(void)snprintf(w->why, sizeof(w->why), "%.*s", (int)len, why);
}


static void timer_handler(EV_P_ ev_timer *t, int revents)
{
	struct appws *w = t->data;
	(void)loop;
	(void)revents;

	/* if there is no connection, the cause is known */
	if (w->wsi)
		set_why(w, w->reached ? RETRY_TIMEOUT : RETRY_CONNECT,
			"no connection in time", 21);

	fail(w);
}


static void connection_error(struct appws *w, const char *in, size_t len)
{
	unsigned status = lws_http_client_http_response(w->wsi);

	if (w->reached && status >= 300) {
		w->cause = retry_status((long)status);
		(void)snprintf(w->why, sizeof(w->why), "answered %u", status);
	}
	else {
		set_why(w, RETRY_CONNECT, in ? in : "no connection",
			in ? len : 13);
	}

	/* lws ends the connection by itself; connect() goes on */
	w->wsi = NULL;
	ev_timer_stop(EV_DEFAULT_ & w->timer);
	ev_timer_set(&w->timer, 0., 0.);
	ev_timer_start(EV_DEFAULT_ & w->timer);
}


static int established(struct appws *w, struct lws *wsi)
{
	int err;

	ev_timer_stop(EV_DEFAULT_ & w->timer);
	err = client_create(&w->client, wsi, w->name, DIALECT_JAMBONZ,
			    w->since);
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

	return client_receive(w->client, in, len, last,
			      lws_frame_is_binary(wsi) != 0);
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
			connection_error(w, in, len);
		return 0;

	case LWS_CALLBACK_CLIENT_ESTABLISHED:
		return !w->h || established(w, wsi) ? -1 : 0;

	case LWS_CALLBACK_CLIENT_RECEIVE:
		return receive(w, wsi, in, len) ? -1 : 0;

	case LWS_CALLBACK_CLIENT_WRITEABLE:
		if (!w->client)
			return 0;
		turn_commit();
		return client_writable(w->client) ? -1 : 0;

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
	struct appws *w = wsi ? lws_get_opaque_user_data(wsi) : NULL;

	if (!w)
		return lws_callback_http_dummy(wsi, reason, user, in, len);

	if (reason != LWS_CALLBACK_WSI_DESTROY)
		return event(w, wsi, reason, in, len);

	w->wsi = NULL;
	lws_set_opaque_user_data(wsi, NULL);
	if (!w->connecting && !ev_is_active(&w->timer))
		destroy(w);

	return 0;
}


/* The name is that of the subprotocol that we ask for */
static const struct lws_protocols protocols[] = {
	{"ws.jambonz.org", callback, 0, 4096, 0, NULL, 0},
	{NULL, NULL, 0, 0, 0, NULL, 0},
};

static const lws_retry_bo_t idle_policy = {
	.secs_since_valid_ping = PING_TIME,
	.secs_since_valid_hangup = HANGUP_TIME,
};


/**
 * Get ready for connections
 *
 * @param ctx Context of libwebsockets
 *
 * @return 0 if success, otherwise errorcode
 */
int appws_init(struct lws_context *ctx)
{
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN,
		.protocols = protocols,
		.vhost_name = "applications",
		.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
			   LWS_SERVER_OPTION_VALIDATE_UTF8,
		.retry_and_idle_policy = &idle_policy,
	};

	appws.ctx = ctx;
	appws.vhost = lws_create_vhost(ctx, &info);
	if (!appws.vhost)
		log_error("appws: libwebsockets can't connect to anybody");

	return appws.vhost ? 0 : ENOMEM;
}


static char *part(CURLU *u, CURLUPart what, unsigned flags)
{
	char *text = NULL;

	return curl_url_get(u, what, &text, flags) ? NULL : text;
}


static int target_parse(struct target *t, const char *url)
{
	CURLU *u = curl_url();
	int err = EINVAL;

	memset(t, 0, sizeof(*t));
	if (u &&
	    !curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME)) {
		t->scheme = part(u, CURLUPART_SCHEME, 0);
		t->user = part(u, CURLUPART_USER, CURLU_URLDECODE);
		t->password = part(u, CURLUPART_PASSWORD, CURLU_URLDECODE);
		t->host = part(u, CURLUPART_HOST, 0);
		t->port = part(u, CURLUPART_PORT, 0);
		t->path = part(u, CURLUPART_PATH, 0);
		t->query = part(u, CURLUPART_QUERY, 0);
		err = t->scheme && t->host && t->path ? 0 : EINVAL;
	}
	curl_url_cleanup(u);

	return err;
}


static void target_reset(struct target *t)
{
	curl_free(t->scheme);
	curl_free(t->user);
	curl_free(t->password);
	curl_free(t->host);
	curl_free(t->port);
	curl_free(t->path);
	curl_free(t->query);
}


static void set_auth(struct appws *w, const struct target *t,
		     const struct hook *hook)
{
	const char *user = hook->username ? hook->username : t->user;
	const char *password = hook->username ? hook->password : t->password;

	if (user && lws_http_basic_auth_gen(user, password ? password : "",
					    w->auth, sizeof(w->auth)))
		w->auth[0] = '\0';
}


static void open_connection(struct appws *w, const struct target *t)
{
	bool tls = !strcmp(t->scheme, "wss");
	char host[300], path[HOOK_MAX + 1], address[256];
	struct lws_client_connect_info info = {
		.context = appws.ctx,
		.vhost = appws.vhost,
		.address = address,
		.host = host,
		.origin = host,
		.path = path,
		.port = t->port ? atoi(t->port)
			: tls   ? 443
				: 80,
		.ssl_connection = tls ? LCCSCF_USE_SSL : 0,
		.protocol = "ws.jambonz.org",
		.ietf_version_or_minus_one = -1,
		.opaque_user_data = w,
		.pwsi = &w->wsi,
		.retry_and_idle_policy = &idle_policy,
	};
	size_t len = strlen(t->host);

	/* an IPv6 address loses its brackets */
	if (*t->host == '[')
		(void)snprintf(address, sizeof(address), "%.*s",
			       (int)(len - 2), t->host + 1);
	else
		(void)snprintf(address, sizeof(address), "%s", t->host);

	(void)snprintf(host, sizeof(host), "%s%s%s", t->host,
		       t->port ? ":" : "", t->port ? t->port : "");
	(void)snprintf(path, sizeof(path), "%s%s%s", t->path,
		       t->query ? "?" : "", t->query ? t->query : "");

	w->connecting = true;
	if (!lws_client_connect_via_info(&info))
		w->wsi = NULL;
	w->connecting = false;
}


/**
 * Connect to an application.  The handlers are called later.
 *
 * @param wp    Pointer to the new connection
 * @param hook  Where it is
 * @param name  Name of the client that speaks over it
 * @param since Behind which message that client goes on
 * @param h     Handlers
 * @param arg   Their argument
 *
 * @return 0 if success, otherwise errorcode
 */
int appws_connect(struct appws **wp, const struct hook *hook, const char *name,
		  uint64_t since, const struct appws_handlers *h, void *arg)
{
	struct appws *w = calloc(1, sizeof(*w));
	struct target t;
	int err;

	if (!w)
		return ENOMEM;

	err = target_parse(&t, hook->url);
	if (err)
		goto out;

	set_auth(w, &t, hook);
	(void)snprintf(w->name, sizeof(w->name), "%s", name);
	w->since = since;
	w->h = h;
	w->arg = arg;
	w->code = CLOSE_ABNORMAL;
	set_why(w, RETRY_CONNECT, "no connection", 13);
	ev_timer_init(&w->timer, timer_handler, handshake_time, 0.);
	w->timer.data = w;

	open_connection(w, &t);
	if (!w->wsi)
		ev_timer_set(&w->timer, 0., 0.);
	if (!ev_is_active(&w->timer))
		ev_timer_start(EV_DEFAULT_ & w->timer);
	*wp = w;

out:
	target_reset(&t);
	if (err)
		free(w);

	return err;
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

	detach(w);
	if (w->client)
		client_close(w->client, code);
	else if (w->wsi)
		lws_set_timeout(w->wsi, PENDING_TIMEOUT_USER_REASON_BASE,
				LWS_TO_KILL_ASYNC);
	else
		destroy(w);
}
