/**
 * @file throttle.c  How fast a client may send
 *
 * Who sends faster is not read for a while: TCP tells it to wait, nothing is
 * lost, and nobody else notices.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stddef.h>
#include <ev.h>
#include <libwebsockets.h>
#include "clock.h"
#include "throttle.h"


/* Seconds after which those that wait are looked at again */
static const double look_time = .05;

static struct {
	double rate; /* messages in a second, and at once */
	struct throttle *waiting;
	ev_timer timer;
} throttles;


static void earn(struct throttle *t)
{
	int64_t now = clock_steady_ms();

	t->credit += (double)(now - t->since) / 1000 * throttles.rate;
	if (t->credit > throttles.rate)
		t->credit = throttles.rate;
	t->since = now;
}


static void timer_start(void)
{
	ev_timer_set(&throttles.timer, look_time, 0.);
	ev_timer_start(EV_DEFAULT_ & throttles.timer);
}


static void timer_handler(EV_P_ ev_timer *w, int revents)
{
	struct throttle **tp = &throttles.waiting;
	(void)loop;
	(void)w;
	(void)revents;

	while (*tp) {
		struct throttle *t = *tp;

		earn(t);
		if (t->credit < 1) {
			tp = &t->next;
			continue;
		}

		*tp = t->next;
		t->waits = false;
		(void)lws_rx_flow_control(t->wsi, 1);
	}

	if (throttles.waiting)
		timer_start();
}


/**
 * Say how fast clients may send
 *
 * @param rate Messages in a second; so many may come at once as well
 */
void throttles_init(unsigned rate)
{
	throttles.rate = rate;
	ev_timer_init(&throttles.timer, timer_handler, 0., 0.);
}


/**
 * Clean up, when all connections have ended
 */
void throttles_close(void)
{
	ev_timer_stop(EV_DEFAULT_ & throttles.timer);
}


/**
 * Begin to count what comes over a connection
 *
 * @param t   Throttle
 * @param wsi Connection
 */
void throttle_start(struct throttle *t, struct lws *wsi)
{
	t->wsi = wsi;
	t->credit = throttles.rate;
	t->since = clock_steady_ms();
}


/**
 * Count a message; if it is one too many, nothing is read for a while
 *
 * @param t Throttle
 */
void throttle_count(struct throttle *t)
{
	earn(t);
	t->credit -= 1;
	if (t->credit >= 1 || t->waits)
		return;

	t->waits = true;
	t->next = throttles.waiting;
	throttles.waiting = t;
	(void)lws_rx_flow_control(t->wsi, 0);

	if (!ev_is_active(&throttles.timer))
		timer_start();
}


/**
 * The connection has ended
 *
 * @param t Throttle
 */
void throttle_stop(struct throttle *t)
{
	struct throttle **tp = &throttles.waiting;

	while (*tp && *tp != t)
		tp = &(*tp)->next;
	if (*tp)
		*tp = t->next;
	t->waits = false;
}
