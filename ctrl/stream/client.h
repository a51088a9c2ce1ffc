/**
 * @file client.h  The WebSocket clients: their names, their input until
 * complete
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "feed.h"
#include "net/net.h"
#include "stream.h"


struct client {
	char name[CLIENT_NAME_SIZE];
	struct badge badge;
	enum dialect dialect;
	struct feed feed;
	char *call_sid; /* of an application */
	char *in;       /* of a message that is not complete */
	size_t inlen;
	bool early;        /* the fleet was not read as far as its since */
	int64_t early_end; /* when that is no more waited for, ms */
};

typedef void(client_h)(struct client *c, void *arg);

void clients_each(client_h *h, void *arg);
void client_greet(struct client *c, bool resumes);
void client_begin_own(struct client *c);
void client_wait(struct client *c);
void client_leave(struct client *c);
void clients_fleet_close(void);
void clients_fleet_post(uint64_t f, bool jambonz, const char *text);
void clients_post(const char *name, const char *call_sid, bool jambonz,
		  uint64_t seq, const char *text);

#endif
