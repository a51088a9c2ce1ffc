/**
 * @file server.h  The listening socket, and libwebsockets behind it
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SERVER_H
#define SERVER_H

int server_open(const char *listen, const char *web);
void server_close(void);

#endif
