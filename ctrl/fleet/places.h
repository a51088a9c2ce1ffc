/**
 * @file places.h  Places of the clients of other members, and messages that
 *                 wait for them
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef PLACES_H
#define PLACES_H

#include <stdbool.h>
#include <stdint.h>
#include "base/base.h"
#include "stream/stream.h"


struct rq;

/* A message on its way to a client */
struct parcel {
	struct parcel *next;
	uint64_t seq;
	int64_t time; /* ms of the steady clock */
	char *msgid;  /* of a hook, NULL of anything else */
	char text[];
};

enum place_state {
	PLACE_UNKNOWN, /* the members are being asked */
	PLACE_THERE,   /* the client is connected at the member */
	PLACE_LOST,    /* ... which is not reachable */
	PLACE_GONE,    /* the client has left the member */
};

/*
 *            a member has it, or a request of it came
 *  UNKNOWN ---------------------------------------------> THERE
 *                                                          ^ |
 *       the client is back, here it leaves THERE           | | it left
 *                                                          | v
 *                                          LOST <-> THERE  GONE
 */
struct place {
	char name[CLIENT_NAME_SIZE];
	char *member; /* NULL while it is not known */
	char *badge;  /* name of its token, NULL while it is not known */
	int64_t n;    /* which of its connections there, 0 if not known */
	enum place_state state;
	int64_t time;  /* of its last use; ms of the steady clock */
	int64_t again; /* when the first parcel is tried again */
	struct parcel *head, *tail;
	size_t parcelc;
	struct rq *sending; /* of the first parcel */
	struct rq *looking;
};

typedef void(place_h)(struct place *p, void *arg);

int places_create(void);
void places_destroy(void);
struct place *place_find(const char *name);
struct place *place_get(const char *name);
void place_drop(struct place *p);
void places_each(place_h *h, void *arg);
size_t places_count(void);

int parcel_add(struct place *p, uint64_t seq, const char *text);
void parcel_drop(struct place *p);

#endif
