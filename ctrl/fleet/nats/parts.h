/**
 * @file parts.h  The parts of the plugin for each other
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef PARTS_H
#define PARTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <nats/nats.h>
#include "fleetbus.h"
#include "nkey.h"

struct out;
struct item;

/* Messages that wait for the thread */
struct outbox {
	struct out *head, **tail;
	size_t count, size;
};

/* News that wait for referd, whose side has a list of the taken ones */
struct inbox {
	pthread_mutex_t lock;
	struct item *head, **tail;
	struct item *taken;
	size_t count, size;
	uint64_t dropped; /* since that was told */
	bool closed;      /* nobody takes any more */
	bool told;        /* the handler has been called for these */
	bool hurried;     /* ... and is to be, whatever comes */
	const char *calm; /* begin of subjects that can wait */
	size_t calmlen;
	fleetbus_notify_h *h;
	void *arg;
};

/* Messages of libnats that are done with, and not freed yet */
struct spent {
	natsMsg *msgs[64];
	unsigned count;
	size_t size; /* of their bodies */
};

enum { WHY_SIZE = 512 };

/* Who we are to the servers: a user with an NKey, and perhaps a JWT for it */
struct identity {
	const char *path; /* of its file, NULL: none is needed */
	char seed[NKEY_SEED_SIZE];
	char key[NKEY_PUBLIC_SIZE];
	char *jwt;       /* NULL for none */
	bool unlucky;    /* libnats cannot send the signature of this time */
	int64_t expires; /* ... when it does [s since 1970], 0: never */
};

struct fleetbus_options {
	natsOptions *nats;
	char *urls; /* these two are borrowed by that */
	struct identity who;
	char why[WHY_SIZE]; /* why there are none */
};

int identity_read(struct identity *who, char why[WHY_SIZE], const char *path,
		  bool is_creds);
natsStatus identity_use(natsOptions *o, struct identity *who);
void identity_refused(const struct identity *who, char why[WHY_SIZE],
		      const char *text);
void identity_forget(struct identity *who);

natsStatus options_create(struct fleetbus_options *o,
			  const struct fleetbus_config *c);
void options_destroy(struct fleetbus_options *o);
const char *options_error(natsStatus s);

int outbox_add(struct outbox *o, const char *subject, const char *reply,
	       const struct fleetbus_header *headers, unsigned count,
	       const void *data, size_t len);
struct out *outbox_take(struct outbox *o);
void outbox_send(natsConnection *nc, struct out *list, struct spent *spent);
void outbox_free(struct out *list);

void spent_add(struct spent *s, natsMsg *msg);
void spent_free(struct spent *s);

int inbox_init(struct inbox *in, const char *calm, fleetbus_notify_h *h,
	       void *arg);
void inbox_close(struct inbox *in);
void inbox_destroy(struct inbox *in);
void inbox_tell(struct inbox *in, enum fleetbus_kind kind, const char *text);
void inbox_message(struct inbox *in, natsMsg *msg);
struct fleetbus_news *inbox_take(struct inbox *in);
void inbox_hurry(struct inbox *in);
bool inbox_waits(struct inbox *in);
void inbox_free(struct fleetbus_news *n);

#endif
