/**
 * @file door.h  A socket on which connections come
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef DOOR_H
#define DOOR_H

#include <stdbool.h>
#include <ev.h>

struct sockaddr;

/* Takes a connection: nonblocking, and closed on exec */
typedef void(door_h)(int fd, const struct sockaddr *sa);

struct door {
	ev_io io;
	ev_timer pause;
	const char *name; /* for the log */
	door_h *h;
	bool stuck; /* nobody can come */
};

void door_open(struct door *d, int fd, const char *name, door_h *h);
void door_close(struct door *d);

#endif
