/**
 * @file feed.h  Output to one client: replayed, queued, bounded
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef FEED_H
#define FEED_H

#include <stdbool.h>
#include <stdint.h>
#include "outq.h"
#include "store/store.h"

struct delivery;
struct feeds;
struct fetch;
struct frame;
struct lws;
struct source;

struct feed {
	struct feed *next, **link;
	struct feeds *list; /* that it stands in, may be NULL */
	struct lws *wsi;
	enum scope scope;      /* whose messages it gets */
	struct source *source; /* ... from there */
	const char *name;      /* of the client, which has it */
	const char *call_sid;  /* the only call it hears of, NULL for all */
	bool jambonz;          /* the dialect */
	bool behind;           /* gets its messages from the store as yet */
	bool held;             /* ... but not before feed_resume() */
	bool own;              /* gets those for it alone from there as yet */
	int close_code;        /* 0 while the client is welcome */
	uint64_t since;        /* seq of the last message that was queued */
	uint64_t own_since;  /* ... in a fleet, of this referd for it alone */
	uint64_t own_had;    /* ... that it has had before */
	uint64_t next_cast;  /* of what goes to all */
	struct outq out;     /* for it alone; an application gets all here */
	struct fetch *fetch; /* of what it has missed, while that is read */
	struct delivery *delivery; /* of an application's messages, or those
				      for it alone */
};

void feed_start(struct feed *f);
void feed_post(struct feed *f, struct frame *frame);
void feed_post_own(struct feed *f, uint64_t seq, const char *text);
uint64_t feed_own_had(struct feed *f);
void feed_say(struct feed *f, uint64_t seq, const char *text);
void feed_wake(struct feed *f);
void feed_resume(struct feed *f);
void feed_dismiss(struct feed *f, int code);
int feed_writable(struct feed *f);
void feed_reset(struct feed *f);
bool feed_empty(const struct feed *f);

#endif
