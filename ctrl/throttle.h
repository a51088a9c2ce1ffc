/**
 * @file throttle.h  How fast a client may send
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef THROTTLE_H
#define THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

struct lws;

/* What may come at once, and when that was so, in ms */
struct credit {
	double left;
	int64_t since;
};

struct throttle {
	struct throttle *next; /* of those that wait */
	struct lws *wsi;
	struct credit credit;
	bool waits;
};

void throttles_init(unsigned rate);
void throttles_close(void);

void credit_start(struct credit *c);
bool credit_take(struct credit *c);
bool credit_full(struct credit *c);

void throttle_start(struct throttle *t, struct lws *wsi);
void throttle_count(struct throttle *t);
void throttle_stop(struct throttle *t);

#endif
