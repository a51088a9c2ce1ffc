/**
 * @file server.h  WebSocket and HTTP, by way of libwebsockets
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SERVER_H
#define SERVER_H

struct config;
struct lws_context;

int server_open(const struct config *config);
struct lws_context *server_context(void);
int server_reload(const struct config *config);
void server_close(void);

#endif
