/**
 * @file server.c  WebSocket and HTTP, by way of libwebsockets
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <ev.h>
#include <libwebsockets.h>
#include "base/base.h"
#include "conn.h"
#include "access.h"
#include "net/net.h"
#include "netlink.h"
#include "server.h"


/* Seconds */
enum {
	HANDSHAKE_TIME = 10, /* for TLS, and for the headers */
	LAST_TIME = 60,      /* of libwebsockets, behind all of watchdog.c's */
};

static struct {
	struct lws_context *ctx;
	struct lws_vhost *vhost;
	char web[4096];
} server;


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


static void lws_log(int level, const char *line)
{
	int len = (int)strcspn(line, "\n");

	if (level & LLL_ERR)
		log_error("server: %.*s", len, line);
	else
		log_warning("server: %.*s", len, line);
}


/* libwebsockets ignores SIGPIPE from here on; the owner of the process decides
   about that */
static struct lws_context *create(const struct lws_context_creation_info *info)
{
	const int fd = netlink_take();
	struct lws_context *ctx;
	struct sigaction pipe;

	(void)sigaction(SIGPIPE, NULL, &pipe);
	ctx = lws_create_context(info);
	(void)sigaction(SIGPIPE, &pipe, NULL);
	if (fd >= 0)
		(void)close(fd);

	return ctx;
}


static int context_create(const struct server_config *config)
{
	struct ev_loop *loop = loop_ev();
	void *loops[] = {loop};
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN_SERVER,
		.options = LWS_SERVER_OPTION_LIBEV |
			   LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
			   LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
			   LWS_SERVER_OPTION_VALIDATE_UTF8,
		.foreign_loops = loops,
		.protocols = conn_protocols,
		.mounts = &page,
		.headers = headers,
		.retry_and_idle_policy = &watchdog_policy,
		.timeout_secs = LAST_TIME,
		.keepalive_timeout = LAST_TIME,
		.gid = (gid_t)-1,
		.uid = (uid_t)-1,
	};

	/* a failure of netlink.c does no harm */
	lws_set_log_level(LLL_ERR, lws_log);
	tls_configure(&info, &config->tls);

	server.ctx = create(&info);
	lws_set_log_level(LLL_ERR | LLL_WARN, lws_log);
	if (!server.ctx) {
		log_error("server: libwebsockets cannot start: install its "
			  "plugin for libev (libwebsockets-evlib-ev)");
		return ENOSYS;
	}

	server.vhost = lws_create_vhost(server.ctx, &info);

	return server.vhost ? 0 : ENOMEM;
}


static void accept_handler(int fd, struct peer *peer)
{
	struct watchdog *v = watchdog_create(peer, NULL);
	struct lws *wsi;

	if (!v) {
		(void)close(fd);
		peer_forget(peer);
		return;
	}

	/* libwebsockets closes the socket if it can't take it */
	wsi = lws_adopt_socket_vhost(server.vhost, fd);
	if (wsi)
		watchdog_start(v, wsi);
	else
		watchdog_end(v);
}


int server_open(const struct server_config *config, unsigned others)
{
	struct listen_config where = {
		.address = config->listen,
		.scheme = tls_configured(&config->tls) ? "https" : "http",
		.anywhere = auth_required(),
		.max_connections = config->max_connections,
		.max_per_address = config->max_per_address,
		.others = others,
	};
	int err;

	(void)snprintf(server.web, sizeof(server.web), "%s", config->web);
	access_init(config->allow_origin);
	throttles_init(config->max_rate);

	err = tls_check(&config->tls);
	if (err)
		return err;

	err = listen_bind(&where);
	if (err)
		return err;

	err = context_create(config);
	if (err)
		return err;

	watchdogs_init(HANDSHAKE_TIME, config->idle_time);
	listen_start(accept_handler);

	return 0;
}


int server_reload(const struct server_config *config)
{
	return tls_reload(server.ctx, &config->tls);
}


struct lws_context *server_context(void)
{
	return server.ctx;
}


void server_close(void)
{
	listen_close();
	if (server.ctx)
		lws_context_destroy(server.ctx);
	server.ctx = NULL;
	watchdogs_close();
	throttles_close();
	peers_close();
}
