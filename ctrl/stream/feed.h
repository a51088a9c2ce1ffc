/**
 * @file feed.h  What goes out to one client: replayed, queued, bounded
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef FEED_H
#define FEED_H

#include <stdbool.h>
#include <stdint.h>
#include "outq.h"

struct delivery;
struct feeds;
struct frame;
struct lws;

struct feed {
	struct feed *next, **link;
	struct feeds *list; /* that it stands in, may be NULL */
	struct lws *wsi;
	const char *name;     /* of the client, which has it */
	const char *call_sid; /* the only call it hears of, NULL for all */
	bool jambonz;         /* the dialect */
	bool behind;          /* gets its messages from the store as yet */
	bool held;            /* ... but not before feed_resume() */
	int close_code;       /* 0 while the client is welcome */
	uint64_t since;       /* seq of the last message that was queued */
	uint64_t next_cast;   /* of what goes to all */
	struct outq out;      /* for it alone; an application gets all here */
	struct delivery *delivery; /* of an application's messages */
};

void feed_start(struct feed *f);
void feed_post(struct feed *f, struct frame *frame);
void feed_say(struct feed *f, uint64_t seq, const char *text);
void feed_resume(struct feed *f);
void feed_dismiss(struct feed *f, int code);
int feed_writable(struct feed *f);
void feed_reset(struct feed *f);
bool feed_empty(const struct feed *f);

#endif
