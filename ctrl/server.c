/**
 * @file server.c  The listening socket, and libwebsockets behind it
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE 1
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>
#include <ev.h>
#include <libwebsockets.h>
#include "client.h"
#include "http.h"
#include "log.h"
#include "server.h"
#include "turn.h"


enum {
	BACKLOG = 1024,
	PING_TIME = 30,   /* seconds of silence after which we ask */
	HANGUP_TIME = 45, /* ... and after which we do not wait any longer */
};

/* What libwebsockets keeps for each connection */
struct conn {
	struct client *client;   /* of a WebSocket */
	struct request *request; /* of HTTP */
	char name[CLIENT_NAME_SIZE];
	uint64_t since;
};

static struct {
	struct lws_context *ctx;
	struct lws_vhost *vhost;
	int fd;
	ev_io io;
	char web[4096];
} server = {.fd = -1};


static bool host_is_loopback(const char *host)
{
	static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		size_t n = strlen(names[i]);

		if (!strncasecmp(host, names[i], n) &&
		    (host[n] == '\0' || host[n] == ':'))
			return true;
	}

	return false;
}


/* A page from elsewhere must reach us neither under its own host name (DNS
   rebinding) nor by a request across sites: browsers tell both. */
static bool is_foreign(struct lws *wsi)
{
	char host[256] = "", origin[300] = "";
	const char *p;

	if (lws_hdr_copy(wsi, host, sizeof(host), WSI_TOKEN_HOST) <= 0 ||
	    !host_is_loopback(host))
		return true;

	if (!lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN))
		return false;

	if (lws_hdr_copy(wsi, origin, sizeof(origin), WSI_TOKEN_ORIGIN) <= 0)
		return true;

	p = strstr(origin, "://");

	return !p || strcasecmp(p + 3, host) != 0;
}


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
	uint64_t since;

	if (is_foreign(wsi))
		return refuse_foreign(wsi);

	if (lws_hdr_copy(wsi, uri, sizeof(uri), WSI_TOKEN_GET_URI) <= 0 ||
	    strcmp(uri, "/ws"))
		return refuse(wsi, HTTP_STATUS_NOT_FOUND,
			      "the WebSocket is at /ws");

	if (!get_args(wsi, name, &since))
		return refuse(wsi, HTTP_STATUS_BAD_REQUEST,
			      "since must be a number, client a name of "
			      "letters, digits and . _ -");

	return 0;
}


static int established(struct lws *wsi, struct conn *conn)
{
	const char *protocol = lws_get_protocol(wsi)->name;
	enum dialect dialect = strcmp(protocol, "ws.jambonz.org")
				       ? DIALECT_DEFAULT
				       : DIALECT_JAMBONZ;

	return client_create(&conn->client, wsi, conn->name, dialect,
			     conn->since);
}


static int receive(struct lws *wsi, struct conn *conn, void *in, size_t len)
{
	bool last = lws_is_final_fragment(wsi) &&
		    !lws_remaining_packet_payload(wsi);

	return client_receive(conn->client, in, len, last,
			      lws_frame_is_binary(wsi) != 0);
}


static void closed(struct conn *conn)
{
	client_destroy(conn->client);
	conn->client = NULL;
}


static int callback(struct lws *wsi, enum lws_callback_reasons reason,
		    void *user, void *in, size_t len)
{
	struct conn *conn = user;

	switch (reason) {
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE: return confirm_upgrade(wsi);

	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		return !get_args(wsi, conn->name, &conn->since);

	case LWS_CALLBACK_ESTABLISHED: return established(wsi, conn);

	case LWS_CALLBACK_RECEIVE: return receive(wsi, conn, in, len) ? -1 : 0;

	case LWS_CALLBACK_SERVER_WRITEABLE:
		turn_commit();
		return client_writable(conn->client) ? -1 : 0;

	case LWS_CALLBACK_CLOSED: closed(conn); return 0;

	case LWS_CALLBACK_FILTER_HTTP_CONNECTION:
		return is_foreign(wsi) ? refuse_foreign(wsi) : 0;

	case LWS_CALLBACK_HTTP: return http_begin(&conn->request, wsi);

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


static int context_create(void)
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
		.gid = (gid_t)-1,
		.uid = (uid_t)-1,
	};

	lws_set_log_level(LLL_ERR | LLL_WARN, lws_log);

	server.ctx = lws_create_context(&info);
	if (!server.ctx) {
		log_error("server: libwebsockets can't start; is its plugin "
			  "for libev there (libwebsockets-evlib-ev)?");
		return ENOSYS;
	}

	server.vhost = lws_create_vhost(server.ctx, &info);

	return server.vhost ? 0 : ENOMEM;
}


static void accept_handler(EV_P_ ev_io *w, int revents)
{
	int on = 1;
	int fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	(void)loop;
	(void)revents;

	if (fd < 0)
		return;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));

	/* libwebsockets closes the socket if it can't take it */
	(void)lws_adopt_socket_vhost(server.vhost, fd);
}


static bool is_loopback(const struct sockaddr *sa)
{
	const struct sockaddr_in *in = (const void *)sa;
	const struct sockaddr_in6 *in6 = (const void *)sa;

	if (sa->sa_family == AF_INET)
		return ntohl(in->sin_addr.s_addr) >> 24 == 127;

	return sa->sa_family == AF_INET6 &&
	       IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}


static int bind_to(const struct addrinfo *ai, const char *listen_on)
{
	int on = 1;

	if (!is_loopback(ai->ai_addr)) {
		log_error("server: refuses to listen on %s without tokens",
			  listen_on);
		return EACCES;
	}

	server.fd = socket(ai->ai_family,
			   SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (server.fd < 0)
		return errno;

	(void)setsockopt(server.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));

	if (bind(server.fd, ai->ai_addr, ai->ai_addrlen) ||
	    listen(server.fd, BACKLOG)) {
		int err = errno;

		log_error("server: can't listen on %s: %s", listen_on,
			  err == EADDRINUSE ? "the port is in use"
					    : strerror(err));
		return err;
	}

	return 0;
}


/* HOST:PORT, with the host of IPv6 in brackets */
static int split(char *host, size_t size, const char **portp,
		 const char *listen_on)
{
	const char *colon = strrchr(listen_on, ':');
	size_t len;

	if (!colon || colon == listen_on || !colon[1] ||
	    strlen(colon + 1) > 5 || atoi(colon + 1) > UINT16_MAX)
		return EINVAL;

	len = (size_t)(colon - listen_on);
	if (listen_on[0] == '[' && len > 2 && listen_on[len - 1] == ']') {
		++listen_on;
		len -= 2;
	}

	if (len >= size)
		return EINVAL;

	memcpy(host, listen_on, len);
	host[len] = '\0';
	*portp = colon + 1;

	return 0;
}


static int listen_open(const char *listen_on)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				 .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo *ai = NULL;
	char host[256];
	const char *port;
	int err;

	if (split(host, sizeof(host), &port, listen_on) ||
	    getaddrinfo(host, port, &hints, &ai)) {
		log_error("server: can't listen on %s: give HOST:PORT",
			  listen_on);
		return EINVAL;
	}

	err = bind_to(ai, listen_on);
	freeaddrinfo(ai);

	return err;
}


/* Tells where the page is, which is all that stdout is for */
static void print_url(void)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	char host[64], port[16];

	if (getsockname(server.fd, (struct sockaddr *)&ss, &len) ||
	    getnameinfo((struct sockaddr *)&ss, len, host, sizeof(host), port,
			sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV))
		return;

	(void)printf(strchr(host, ':') ? "referd: http://[%s]:%s\n"
				       : "referd: http://%s:%s\n",
		     host, port);
	(void)fflush(stdout);
}


/**
 * Start to listen for clients.  Says itself what is wrong.
 *
 * @param listen_on HOST:PORT
 * @param web       Directory of the page
 *
 * @return 0 if success, otherwise errorcode
 */
int server_open(const char *listen_on, const char *web)
{
	int err;

	(void)snprintf(server.web, sizeof(server.web), "%s", web);

	err = listen_open(listen_on);
	if (err)
		return err;

	err = context_create();
	if (err)
		return err;

	ev_io_init(&server.io, accept_handler, server.fd, EV_READ);
	ev_io_start(EV_DEFAULT_ & server.io);
	print_url();

	return 0;
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
	if (server.fd >= 0) {
		ev_io_stop(EV_DEFAULT_ & server.io);
		(void)close(server.fd);
		server.fd = -1;
	}

	if (server.ctx)
		lws_context_destroy(server.ctx);
	server.ctx = NULL;
}
