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

struct throttle {
	struct throttle *next; /* of those that wait */
	struct lws *wsi;
	double credit; /* messages that may come at once */
	int64_t since; /* when that was so, in ms */
	bool waits;
};

void throttles_init(unsigned rate);
void throttles_close(void);
void throttle_start(struct throttle *t, struct lws *wsi);
void throttle_count(struct throttle *t);
void throttle_stop(struct throttle *t);

#endif
