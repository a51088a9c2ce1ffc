/**
 * @file server.h  The listening socket, and libwebsockets behind it
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SERVER_H
#define SERVER_H

struct lws_context;

int server_open(const char *listen, const char *web);
struct lws_context *server_context(void);
void server_close(void);

#endif
