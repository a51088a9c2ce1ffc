/**
 * @file watchdog.c  How long a connection may take, and whether it is alive
 *
 * libwebsockets has timers for this, but with libev it looks at them only
 * when something else happens, and then not always.  These are ours, for
 * connections that come and for those to applications.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <libwebsockets.h>
#include "base/base.h"
#include "net.h"
#include "peer.h"


/* Seconds between two looks at the connections */
static const double look_time = .5;

/* Seconds for the rest of the closing handshake */
static const double leave_time = 5.;

struct list {
	struct watchdog *head, **tail;
};

struct watchdog {
	struct watchdog *next, **link;
	struct list *list;
	struct peer *peer; /* NULL if we have connected */
	void *owner;
	struct lws *wsi;
	double limit; /* when it must be done with what it does, 0 for never */
	int code;     /* of the close frame then, 0 for none */
	const char *why;
	double heard; /* when it last said something */
	bool asked;   /* for a sign of life since then */
	bool asking;
};

/* No connection is asked by libwebsockets as well */
const struct lws_retry_bo watchdog_policy = {
	.secs_since_valid_ping = UINT16_MAX,
	.secs_since_valid_hangup = UINT16_MAX,
};

static struct {
	double handshake, idle;
	struct timer timer;
} watchdogs;

/* Connections with a time limit, the earliest first */
static struct list limited = {NULL, &limited.head};

/* WebSockets, which may stay as long as they answer, the most silent first:
   thousands cost a look no more than one */
static struct list live = {NULL, &live.head};
static unsigned livec;


/* The time of day may jump */
static double now(void)
{
	return (double)clock_steady_ms() / 1000;
}


static void leave(struct watchdog *v)
{
	*v->link = v->next;
	if (v->next)
		v->next->link = v->link;
	else
		v->list->tail = v->link;

	livec -= v->list == &live;
}


static void enter(struct watchdog *v, struct list *list)
{
	v->list = list;
	v->link = list->tail;
	v->next = NULL;
	*v->link = v;
	list->tail = &v->next;

	livec += list == &live;
}


static void move(struct watchdog *v, struct list *list)
{
	leave(v);
	enter(v, list);
}


/* A connection that does not end in good order is shut down: libwebsockets
   then sees its end */
static void dismiss(struct watchdog *v)
{
	int code = v->code;

	v->code = 0;
	v->limit = now() + leave_time;
	move(v, &limited);

	if (!code) {
		(void)shutdown(lws_get_socket_fd(v->wsi), SHUT_RDWR);
		return;
	}

	lws_close_reason(v->wsi, (enum lws_close_status)code,
			 (unsigned char *)v->why, strlen(v->why));
	lws_set_timeout(v->wsi, PENDING_TIMEOUT_USER_REASON_BASE,
			LWS_TO_KILL_SYNC);
}


static void ask(struct watchdog *v)
{
	v->asked = true;
	v->asking = true;
	(void)lws_callback_on_writable(v->wsi);
}


/* Thousands that came together are not asked together, but in half the time
   that they have to answer.  A look may end a connection, and only that one.
 */
static void look_at_live(void)
{
	double answer_time = watchdogs.idle / 3;
	unsigned most = (unsigned)(livec * look_time / (answer_time / 2)) + 1;
	struct watchdog *v = live.head, *next;

	for (; v && now() - v->heard >= watchdogs.idle - answer_time;
	     v = next) {
		next = v->next;
		if (now() - v->heard >= watchdogs.idle) {
			dismiss(v);
		}
		else if (!v->asked && most) {
			ask(v);
			--most;
		}
	}
}


static void look_at_limited(void)
{
	struct watchdog *v = limited.head, *next;

	for (; v; v = next) {
		next = v->next;
		if (v->wsi && v->limit > 0 && now() >= v->limit)
			dismiss(v);
	}
}


static void timer_handler(void *arg)
{
	(void)arg;

	look_at_limited();
	look_at_live();
	if (limited.head || live.head)
		timer_start(&watchdogs.timer, look_time);
}


void watchdogs_init(double handshake, double idle)
{
	watchdogs.handshake = handshake;
	watchdogs.idle = idle;
	timer_init(&watchdogs.timer, timer_handler, NULL);
}


void watchdogs_close(void)
{
	timer_stop(&watchdogs.timer);
}


struct watchdog *watchdog_create(struct peer *peer, void *owner)
{
	struct watchdog *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;

	v->peer = peer;
	v->owner = owner;
	v->heard = now();
	v->limit = now() + watchdogs.handshake;
	enter(v, &limited);
	if (!timer_runs(&watchdogs.timer))
		timer_start(&watchdogs.timer, look_time);

	return v;
}


void watchdog_start(struct watchdog *v, struct lws *wsi)
{
	v->wsi = wsi;
	lws_set_opaque_user_data(wsi, v);
}


void *watchdog_owner(struct lws *wsi)
{
	struct watchdog *v = lws_get_opaque_user_data(wsi);

	return v ? v->owner : NULL;
}


bool watchdog_asks(struct lws *wsi)
{
	struct watchdog *v = lws_get_opaque_user_data(wsi);

	return !v || !v->peer || peer_asks(v->peer);
}


void watchdog_limit(struct lws *wsi, double seconds)
{
	watchdog_limit_close(wsi, seconds, 0, NULL);
}


void watchdog_limit_close(struct lws *wsi, double seconds, int code,
			  const char *why)
{
	struct watchdog *v = lws_get_opaque_user_data(wsi);

	if (!v)
		return;

	v->limit = now() + seconds;
	v->code = code;
	v->why = why;
	move(v, &limited);
}


void watchdog_live(struct lws *wsi)
{
	struct watchdog *v = lws_get_opaque_user_data(wsi);

	if (!v)
		return;

	v->limit = 0;
	v->code = 0;
	move(v, &live);
	watchdog_heard(wsi);
}


void watchdog_heard(struct lws *wsi)
{
	struct watchdog *v = lws_get_opaque_user_data(wsi);

	if (!v)
		return;

	v->heard = now();
	v->asked = false;
	if (v->list == &live)
		move(v, &live);
}


int watchdog_ping(struct lws *wsi)
{
	struct watchdog *v = lws_get_opaque_user_data(wsi);
	unsigned char buf[LWS_PRE + 1] = "";

	if (!v || !v->asking)
		return 0;

	v->asking = false;

	/* libwebsockets does not report a pong to an empty ping */
	return lws_write(wsi, buf + LWS_PRE, 1, LWS_WRITE_PING) < 0 ? -1 : 0;
}


void watchdog_end(struct watchdog *v)
{
	if (!v)
		return;

	if (v->peer)
		peer_forget(v->peer);
	leave(v);
	free(v);
}
