/**
 * @file throttle.c  How fast a client may send
 *
 * A WebSocket that sends too fast is not read for a while: TCP makes the
 * client wait, nothing is lost, and other clients are not affected.  An HTTP
 * client, which can open more connections, is told to come later.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stddef.h>
#include <libwebsockets.h>
#include "base/base.h"
#include "net.h"
#include "throttle.h"


/* Seconds after which those that wait are looked at again */
static const double look_time = .05;

static struct {
	double rate; /* messages or requests in a second, and at once */
	struct throttle *waiting;
	struct timer timer;
} throttles;


static void earn(struct bucket *b)
{
	int64_t now = clock_steady_ms();

	b->left += (double)(now - b->since) / 1000 * throttles.rate;
	if (b->left > throttles.rate)
		b->left = throttles.rate;
	b->since = now;
}


static void timer_handler(void *arg)
{
	struct throttle **tp = &throttles.waiting;
	(void)arg;

	while (*tp) {
		struct throttle *t = *tp;

		earn(&t->bucket);
		if (t->bucket.left < 1) {
			tp = &t->next;
			continue;
		}

		*tp = t->next;
		t->waits = false;
		(void)lws_rx_flow_control(t->wsi, 1);
	}

	if (throttles.waiting)
		timer_start(&throttles.timer, look_time);
}


void throttles_init(unsigned rate)
{
	throttles.rate = rate;
	timer_init(&throttles.timer, timer_handler, NULL);
}


void throttles_close(void)
{
	timer_stop(&throttles.timer);
}


/**
 * Begin to count
 *
 * @param b Bucket
 */
void bucket_fill(struct bucket *b)
{
	b->left = throttles.rate;
	b->since = clock_steady_ms();
}


/**
 * Count one
 *
 * @param b Bucket
 *
 * @return True if it may come, false if it is one too many
 */
bool bucket_take(struct bucket *b)
{
	earn(b);
	if (b->left < 1)
		return false;

	b->left -= 1;

	return true;
}


/**
 * Tell whether it is as if nothing had been counted
 *
 * @param b Bucket
 *
 * @return True if so
 */
bool bucket_is_full(struct bucket *b)
{
	earn(b);

	return b->left >= throttles.rate;
}


void throttle_start(struct throttle *t, struct lws *wsi)
{
	t->wsi = wsi;
	bucket_fill(&t->bucket);
}


void throttle_count(struct throttle *t)
{
	earn(&t->bucket);
	t->bucket.left -= 1;
	if (t->bucket.left >= 1 || t->waits)
		return;

	t->waits = true;
	t->next = throttles.waiting;
	throttles.waiting = t;
	(void)lws_rx_flow_control(t->wsi, 0);

	if (!timer_runs(&throttles.timer))
		timer_start(&throttles.timer, look_time);
}


void throttle_stop(struct throttle *t)
{
	struct throttle **tp = &throttles.waiting;

	while (*tp && *tp != t)
		tp = &(*tp)->next;
	if (*tp)
		*tp = t->next;
	t->waits = false;
}
