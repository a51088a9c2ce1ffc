/**
 * @file server.c  WebSocket and HTTP, by way of libwebsockets
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ev.h>
#include <libwebsockets.h>
#include "auth.h"
#include "client.h"
#include "config.h"
#include "feed.h"
#include "gate.h"
#include "http.h"
#include "listen.h"
#include "log.h"
#include "peer.h"
#include "server.h"
#include "tls.h"
#include "turn.h"


enum {
	PING_TIME = 30,   /* seconds of silence after which we ask */
	HANGUP_TIME = 45, /* ... and after which we do not wait any longer */
	HANDSHAKE_TIME = 10, /* seconds for TLS, and for the headers */
	AUTH_TIME = 5,       /* seconds for a first frame with a token */
	AUTH_FRAME_MAX = 1024,
};

/* What libwebsockets keeps for each connection */
struct conn {
	struct client *client;   /* of a WebSocket, once its token is known */
	struct request *request; /* of HTTP */
	struct badge badge;
	char name[CLIENT_NAME_SIZE];
	uint64_t since;
	char *frame; /* the first one, that has the token */
	size_t len;
};

/* Seconds between two looks at what libwebsockets has timers for: with libev
   it looks by itself only when something else happens on a connection */
static const double tick_time = 1.;

static struct {
	struct lws_context *ctx;
	struct lws_vhost *vhost;
	ev_timer tick;
	char web[4096];
} server;


static int refuse(struct lws *wsi, unsigned status, const char *why)
{
	(void)lws_return_http_status(wsi, status, why);

	return 1;
}


static int refuse_foreign(struct lws *wsi)
{
	return refuse(wsi, HTTP_STATUS_FORBIDDEN,
		      "a page from elsewhere may not come here");
}


/* The arguments are read again once the connection is bound to a dialect */
static bool get_args(struct lws *wsi, char *name, uint64_t *sincep)
{
	char buf[CLIENT_NAME_SIZE + 16];
	const char *p;
	char *end;

	*name = '\0';
	*sincep = UINT64_MAX;

	p = lws_get_urlarg_by_name(wsi, "client=", buf, sizeof(buf));
	if (p) {
		if (!client_name_valid(p))
			return false;
		strcpy(name, p);
	}

	p = lws_get_urlarg_by_name(wsi, "since=", buf, sizeof(buf));
	if (p) {
		errno = 0;
		*sincep = strtoull(p, &end, 10);
		if (errno || end == p || *end || *p == '-')
			return false;
	}

	return true;
}


static int confirm_upgrade(struct lws *wsi)
{
	char name[CLIENT_NAME_SIZE], uri[64] = "";
	struct badge badge;
	uint64_t since;

	if (gate_foreign(wsi))
		return refuse_foreign(wsi);

	if (lws_hdr_copy(wsi, uri, sizeof(uri), WSI_TOKEN_GET_URI) <= 0 ||
	    strcmp(uri, "/ws"))
		return refuse(wsi, HTTP_STATUS_NOT_FOUND,
			      "the WebSocket is at /ws");

	if (gate_check(&badge, wsi, true) == GATE_UNKNOWN)
		return refuse(wsi, HTTP_STATUS_UNAUTHORIZED,
			      "the token is not known");

	if (!get_args(wsi, name, &since))
		return refuse(wsi, HTTP_STATUS_BAD_REQUEST,
			      "since must be a number, client a name of "
			      "letters, digits and . _ -");

	return 0;
}


static int refuse_websocket(struct lws *wsi, int code, const char *why)
{
	lws_close_reason(wsi, (enum lws_close_status)code,
			 (unsigned char *)why, strlen(why));

	return EACCES;
}


static int create_client(struct lws *wsi, struct conn *conn)
{
	const char *protocol = lws_get_protocol(wsi)->name;
	enum dialect dialect = strcmp(protocol, "ws.jambonz.org")
				       ? DIALECT_DEFAULT
				       : DIALECT_JAMBONZ;
	int err = client_create(&conn->client, wsi, conn->name, dialect,
				conn->since, &conn->badge);

	return err == EACCES ? refuse_websocket(wsi, CLOSE_NO_TOKEN,
						"the name belongs to another "
						"token")
			     : err;
}


/* Who has shown no token may do so in the first frame */
static int established(struct lws *wsi, struct conn *conn)
{
	if (conn->badge.role != ROLE_NONE)
		return create_client(wsi, conn);

	lws_set_timer_usecs(wsi, AUTH_TIME * LWS_US_PER_SEC);

	return 0;
}


static int timer(struct lws *wsi, const struct conn *conn)
{
	return conn->client ? 0
			    : refuse_websocket(wsi, CLOSE_NO_TOKEN,
					       "no token has come in time");
}


static int log_in(struct lws *wsi, struct conn *conn, const void *in,
		  size_t len, bool last)
{
	char *frame;
	bool known;

	frame = conn->len + len > AUTH_FRAME_MAX
			? NULL
			: realloc(conn->frame, conn->len + len + 1);
	if (!frame)
		return refuse_websocket(wsi, CLOSE_NO_TOKEN,
					"the first message must be short");

	memcpy(frame + conn->len, in, len);
	conn->frame = frame;
	conn->len += len;
	if (!last)
		return 0;

	known = gate_frame(&conn->badge, frame, conn->len);
	explicit_bzero(frame, conn->len);
	if (!known)
		return refuse_websocket(wsi, CLOSE_NO_TOKEN,
					"the first message must be auth with "
					"a known token");

	return create_client(wsi, conn);
}


static int receive(struct lws *wsi, struct conn *conn, void *in, size_t len)
{
	bool last = lws_is_final_fragment(wsi) &&
		    !lws_remaining_packet_payload(wsi);

	if (!conn->client)
		return log_in(wsi, conn, in, len, last);

	return client_receive(conn->client, in, len, last,
			      lws_frame_is_binary(wsi) != 0);
}


static void closed(struct conn *conn)
{
	client_destroy(conn->client);
	conn->client = NULL;
	free(conn->frame);
	conn->frame = NULL;
}


static int begin_request(struct lws *wsi, struct conn *conn)
{
	(void)gate_check(&conn->badge, wsi, false);

	return http_begin(&conn->request, wsi, conn->badge.role);
}


/* The last that is heard of any connection */
static void forget(struct lws *wsi)
{
	struct peer *peer = lws_get_opaque_user_data(wsi);

	if (peer)
		peer_forget(peer);
	lws_set_opaque_user_data(wsi, NULL);
}


static int callback(struct lws *wsi, enum lws_callback_reasons reason,
		    void *user, void *in, size_t len)
{
	struct conn *conn = user;

	switch (reason) {
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE: return confirm_upgrade(wsi);

	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		(void)gate_check(&conn->badge, wsi, true);
		return !get_args(wsi, conn->name, &conn->since);

	case LWS_CALLBACK_ESTABLISHED: return established(wsi, conn);

	case LWS_CALLBACK_RECEIVE: return receive(wsi, conn, in, len) ? -1 : 0;

	case LWS_CALLBACK_SERVER_WRITEABLE:
		turn_commit();
		return conn->client && client_writable(conn->client) ? -1 : 0;

	case LWS_CALLBACK_TIMER: return timer(wsi, conn) ? -1 : 0;

	case LWS_CALLBACK_CLOSED: closed(conn); return 0;

	case LWS_CALLBACK_FILTER_HTTP_CONNECTION:
		return gate_foreign(wsi) ? refuse_foreign(wsi) : 0;

	case LWS_CALLBACK_HTTP: return begin_request(wsi, conn);

	case LWS_CALLBACK_HTTP_BODY: return http_body(conn->request, in, len);

	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		return http_body_done(conn->request);

	case LWS_CALLBACK_HTTP_WRITEABLE:
		if (!conn || !conn->request)
			break;
		turn_commit();
		return http_writable(conn->request);

	case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
	case LWS_CALLBACK_CLOSED_HTTP:
		if (conn)
			conn->request = http_end(conn->request);
		break;

	case LWS_CALLBACK_WSI_DESTROY: forget(wsi); break;

	default: break;
	}

	return lws_callback_http_dummy(wsi, reason, user, in, len);
}


/* The first serves HTTP, and clients that ask for no subprotocol */
static const struct lws_protocols protocols[] = {
	{"referd.v1", callback, sizeof(struct conn), 4096, 0, NULL, 0},
	{"ws.jambonz.org", callback, sizeof(struct conn), 4096, 0, NULL, 0},
	{NULL, NULL, 0, 0, 0, NULL, 0},
};

#define ENDPOINT(path, after)                                                 \
	{                                                                     \
		.mount_next = after, .mountpoint = path,                      \
		.mountpoint_len = sizeof(path) - 1, .protocol = "referd.v1",  \
		.origin = "referd.v1", .origin_protocol = LWSMPRO_CALLBACK    \
	}

static const struct lws_http_mount endpoints[] = {
	ENDPOINT("/calls", &endpoints[1]),
	ENDPOINT("/transfers", &endpoints[2]),
	ENDPOINT("/healthz", &endpoints[3]),
	ENDPOINT("/metrics", &endpoints[4]),
	ENDPOINT("/stats", NULL),
};

static const struct lws_http_mount page = {
	.mount_next = endpoints,
	.mountpoint = "/",
	.mountpoint_len = 1,
	.origin = server.web,
	.def = "index.html",
	.origin_protocol = LWSMPRO_FILE,
	.cache_max_age = 0,
	.cache_revalidate = 1,
};

static const struct lws_protocol_vhost_options headers[] = {
	{&headers[1], NULL, "content-security-policy:",
	 "default-src 'self'; connect-src 'self'; base-uri 'none'; "
	 "form-action 'none'; frame-ancestors 'none'; object-src 'none'"},
	{&headers[2], NULL, "x-content-type-options:", "nosniff"},
	{NULL, NULL, "referrer-policy:", "no-referrer"},
};

static const lws_retry_bo_t idle_policy = {
	.secs_since_valid_ping = PING_TIME,
	.secs_since_valid_hangup = HANGUP_TIME,
};


static void lws_log(int level, const char *line)
{
	int len = (int)strcspn(line, "\n");

	if (level & LLL_ERR)
		log_error("server: %.*s", len, line);
	else
		log_warning("server: %.*s", len, line);
}


static int context_create(const struct config *config)
{
	struct ev_loop *loop = EV_DEFAULT;
	void *loops[] = {loop};
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN_SERVER,
		.options = LWS_SERVER_OPTION_LIBEV |
			   LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
			   LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
			   LWS_SERVER_OPTION_VALIDATE_UTF8,
		.foreign_loops = loops,
		.protocols = protocols,
		.mounts = &page,
		.headers = headers,
		.retry_and_idle_policy = &idle_policy,
		.timeout_secs = HANDSHAKE_TIME,
		.gid = (gid_t)-1,
		.uid = (uid_t)-1,
	};

	lws_set_log_level(LLL_ERR | LLL_WARN, lws_log);
	tls_configure(&info, config);

	server.ctx = lws_create_context(&info);
	if (!server.ctx) {
		log_error("server: libwebsockets can't start; is its plugin "
			  "for libev there (libwebsockets-evlib-ev)?");
		return ENOSYS;
	}

	server.vhost = lws_create_vhost(server.ctx, &info);

	return server.vhost ? 0 : ENOMEM;
}


static void tick_handler(EV_P_ ev_timer *w, int revents)
{
	(void)loop;
	(void)w;
	(void)revents;

	lws_cancel_service(server.ctx);
}


static void accept_handler(int fd, struct peer *peer)
{
	/* libwebsockets closes the socket if it can't take it */
	struct lws *wsi = lws_adopt_socket_vhost(server.vhost, fd);

	if (wsi)
		lws_set_opaque_user_data(wsi, peer);
	else
		peer_forget(peer);
}


/**
 * Start to listen for clients.  Says itself what is wrong.
 *
 * @param config Settings
 *
 * @return 0 if success, otherwise errorcode
 */
int server_open(const struct config *config)
{
	struct listen_config where = {
		.address = config->listen,
		.scheme = tls_configured(config) ? "https" : "http",
		.anywhere = auth_required(),
		.max_connections = config->max_connections,
		.max_per_address = config->max_per_address,
	};
	int err;

	(void)snprintf(server.web, sizeof(server.web), "%s", config->web);
	gate_init(config->allow_origin);

	err = tls_check(config);
	if (err)
		return err;

	err = listen_bind(&where);
	if (err)
		return err;

	err = context_create(config);
	if (err)
		return err;

	ev_timer_init(&server.tick, tick_handler, tick_time, tick_time);
	ev_timer_start(EV_DEFAULT_ & server.tick);
	listen_start(accept_handler);

	return 0;
}


/**
 * Read the certificate again.  Says itself what is wrong.
 *
 * @param config Settings
 *
 * @return 0 if success, otherwise errorcode: the old one is still in use
 */
int server_reload(const struct config *config)
{
	return tls_reload(server.ctx, config);
}


/**
 * Get what libwebsockets runs in
 *
 * @return Context
 */
struct lws_context *server_context(void)
{
	return server.ctx;
}


/**
 * Close all connections
 */
void server_close(void)
{
	listen_close();
	ev_timer_stop(EV_DEFAULT_ & server.tick);
	if (server.ctx)
		lws_context_destroy(server.ctx);
	server.ctx = NULL;
	peers_close();
}
