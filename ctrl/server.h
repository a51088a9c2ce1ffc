/**
 * @file server.h  WebSocket and HTTP, by way of libwebsockets
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SERVER_H
#define SERVER_H

#include "tls.h"

struct lws_context;

struct server_config {
	const char *listen;       /* HOST:PORT */
	const char *allow_origin; /* origins, parted by commas */
	struct tls_files tls;
	unsigned max_connections;
	unsigned max_per_address;
	unsigned max_rate;  /* messages or requests in a second */
	unsigned idle_time; /* seconds */
	char web[512];      /* directory of the page */
};

int server_open(const struct server_config *config, unsigned others);
struct lws_context *server_context(void);
int server_reload(const struct server_config *config);
void server_close(void);

#endif
