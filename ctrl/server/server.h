/**
 * @file server.h  HTTP and WebSocket
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SERVER_H
#define SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "net/net.h"
#include "store/store.h"

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


/* hello: The first message to a client */

/**
 * Write a hello
 *
 * @param scope  Whose messages follow it
 * @param client Name of the client, as it knows it
 * @param name   ... and as we do
 * @param role   Role that its token gives it
 * @param seq    Number behind which its messages begin
 *
 * @return JSON text, to be freed; NULL if out of memory
 */
char *hello_text(enum scope scope, const char *client, const char *name,
		 const char *role, uint64_t seq);


/* http: HTTP for curl and scripts */

/**
 * Get ready for requests
 *
 * @return 0 if success, or ENOMEM
 */
int http_init(void);

/**
 * Clean up, when all connections are gone
 */
void http_close(void);

/**
 * Count the requests
 *
 * @return How many are not answered yet
 */
size_t http_count(void);

/**
 * Send the replies that need not wait for the disk any longer, before long
 */
void http_flush(void);


/* server: WebSocket and HTTP, by way of libwebsockets */

/**
 * Start to listen for clients.  Logs its errors.
 *
 * @param config Settings
 * @param others How many descriptors the rest of the service may need
 *
 * @return 0 if success, ENOSYS if libwebsockets can't start, ENOMEM, or an
 * error of tls_check() or listen_bind()
 */
int server_open(const struct server_config *config, unsigned others);

/**
 * Get what libwebsockets runs in
 *
 * @return Context
 */
struct lws_context *server_context(void);

/**
 * Read the certificate again.  Logs its errors.
 *
 * @param config Settings
 *
 * @return 0 if success, or an error of tls_reload(): the old one is still in
 * use
 */
int server_reload(const struct server_config *config);

/**
 * Close all connections
 */
void server_close(void);


#endif
