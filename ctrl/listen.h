/**
 * @file listen.h  The socket on which clients come, and who it lets come
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef LISTEN_H
#define LISTEN_H

#include <stdbool.h>

struct peer;

/* Takes a connection; calls peer_forget() when it has ended */
typedef void(listen_accept_h)(int fd, struct peer *peer);

struct listen_config {
	const char *address;      /* HOST:PORT */
	const char *scheme;       /* of the page's URL */
	bool anywhere;            /* may be another address than loopback */
	unsigned max_connections; /* in all, fewer if the system says so */
	unsigned max_per_address;
	unsigned others; /* descriptors for what else there may be */
};

int listen_bind(const struct listen_config *config);
void listen_start(listen_accept_h *h);
void listen_close(void);
bool listen_owns(const char *host);

#endif
