/**
 * @file feed.h  What goes out to one client: replayed, queued, bounded
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef FEED_H
#define FEED_H

#include <stdbool.h>
#include <stdint.h>
#include "arrival.h"
#include "outq.h"

struct lws;

enum {
	CLOSE_AWAY = 1001,
	CLOSE_TOO_LARGE = 1009,
	CLOSE_NO_TOKEN = 4001,
	CLOSE_LAGGING = 4008,
	CLOSE_REPLACED = 4009,
};

struct feed {
	struct feed *next_pending;
	struct lws *wsi;
	const char *name;     /* of the client, which has it */
	const char *call_sid; /* the only call it hears of, NULL for all */
	bool jambonz;         /* the dialect */
	uint64_t since;       /* seq of the last message that was queued */
	bool behind;          /* gets its messages from the store as yet */
	bool held;            /* ... but not before feed_resume() */
	bool pending;         /* has something to send when this turn ends */
	int close_code;       /* 0 while the client is welcome */
	struct outq out;
	struct arrival arrival; /* of an application's messages */
};

struct post {
	struct frame *frame;
	const char *call_sid; /* that it is about, may be NULL */
	bool all;             /* for every client, not for one */
	bool jambonz;         /* clients of the jambonz dialect get it, too */
	uint64_t seq;
};

void feed_post(struct feed *f, const struct post *p);
void feed_say(struct feed *f, uint64_t seq, const char *text);
void feed_resume(struct feed *f);
void feed_dismiss(struct feed *f, int code);
int feed_writable(struct feed *f);
void feed_reset(struct feed *f);
void feeds_flush(void);

#endif
