/**
 * @file visit.c  How long a connection may take, and whether it is alive
 *
 * libwebsockets has timers for this, but with libev it looks at them only
 * when something else happens, and then not always.  These are ours.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <ev.h>
#include <libwebsockets.h>
#include "peer.h"
#include "visit.h"


/* Seconds between two looks at all connections */
static const double look_time = .5;

/* Seconds for the rest of the closing handshake */
static const double leave_time = 5.;

struct visit {
	struct visit *next, **link;
	struct peer *peer;
	struct lws *wsi;
	double limit; /* when it must be done with what it does, 0 for never */
	int code;     /* of the close frame then, 0 for none */
	const char *why;
	bool live;    /* a client, which may stay as long as it answers */
	double heard; /* when it last said something */
	bool asked;   /* for a sign of life since then */
	bool asking;
};

static struct {
	struct visit *head;
	double handshake, idle;
	ev_timer timer;
} visits;


static double now(void)
{
	return ev_now(EV_DEFAULT);
}


/* What does not end in good order ends now: libwebsockets sees it end */
static void dismiss(struct visit *v)
{
	int code = v->code;

	v->code = 0;
	v->limit = now() + leave_time;
	v->live = false;

	if (!code) {
		(void)shutdown(lws_get_socket_fd(v->wsi), SHUT_RDWR);
		return;
	}

	lws_close_reason(v->wsi, (enum lws_close_status)code,
			 (unsigned char *)v->why, strlen(v->why));
	lws_set_timeout(v->wsi, PENDING_TIMEOUT_USER_REASON_BASE,
			LWS_TO_KILL_SYNC);
}


static void look(struct visit *v)
{
	double silence = now() - v->heard;

	if ((v->limit > 0 && now() >= v->limit) ||
	    (v->live && silence >= visits.idle)) {
		dismiss(v);
		return;
	}

	if (v->live && !v->asked && silence >= visits.idle * 2 / 3) {
		v->asked = true;
		v->asking = true;
		(void)lws_callback_on_writable(v->wsi);
	}
}


/* A look may end the connection, and only that one */
static void timer_handler(EV_P_ ev_timer *w, int revents)
{
	struct visit *v = visits.head;
	(void)loop;
	(void)w;
	(void)revents;

	while (v) {
		struct visit *next = v->next;

		if (v->wsi)
			look(v);
		v = next;
	}
}


/**
 * Get ready for connections
 *
 * @param handshake Seconds until the first request must be there
 * @param idle      Seconds for which a client may be silent
 */
void visits_init(double handshake, double idle)
{
	visits.handshake = handshake;
	visits.idle = idle;
	ev_timer_init(&visits.timer, timer_handler, look_time, look_time);
	ev_timer_start(EV_DEFAULT_ & visits.timer);
}


/**
 * Clean up, when all connections have ended
 */
void visits_close(void)
{
	ev_timer_stop(EV_DEFAULT_ & visits.timer);
}


/**
 * Begin with a connection
 *
 * @param peer Where it comes from
 *
 * @return Visit, to be given to visit_end(); NULL if memory ran out
 */
struct visit *visit_create(struct peer *peer)
{
	struct visit *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;

	v->peer = peer;
	v->heard = now();
	v->limit = now() + visits.handshake;
	v->link = &visits.head;
	v->next = visits.head;
	if (v->next)
		v->next->link = &v->next;
	visits.head = v;

	return v;
}


/**
 * Tell a visit what its connection is.  visit_end() is called by whoever
 * hears of its end.
 *
 * @param v   Visit
 * @param wsi Connection
 */
void visit_start(struct visit *v, struct lws *wsi)
{
	v->wsi = wsi;
	lws_set_opaque_user_data(wsi, v);
}


/**
 * Give a connection so long for what it does; then it is ended
 *
 * @param wsi     Connection
 * @param seconds Limit
 */
void visit_limit(struct lws *wsi, double seconds)
{
	visit_limit_close(wsi, seconds, 0, NULL);
}


/**
 * Give a WebSocket so long for what it does; then it is closed
 *
 * @param wsi     Connection
 * @param seconds Limit
 * @param code    Why, as RFC 6455 numbers it; 0 for no close frame
 * @param why     ... and as a sentence
 */
void visit_limit_close(struct lws *wsi, double seconds, int code,
		       const char *why)
{
	struct visit *v = lws_get_opaque_user_data(wsi);

	if (!v)
		return;

	v->limit = now() + seconds;
	v->code = code;
	v->why = why;
}


/**
 * A connection may stay, as long as there is life in it
 *
 * @param wsi Connection
 */
void visit_live(struct lws *wsi)
{
	struct visit *v = lws_get_opaque_user_data(wsi);

	if (!v)
		return;

	v->limit = 0;
	v->code = 0;
	v->live = true;
	visit_heard(wsi);
}


/**
 * There is life in a connection
 *
 * @param wsi Connection
 */
void visit_heard(struct lws *wsi)
{
	struct visit *v = lws_get_opaque_user_data(wsi);

	if (!v)
		return;

	v->heard = now();
	v->asked = false;
}


/**
 * Ask for a sign of life, if it is time to: the pipe has room
 *
 * @param wsi Connection
 *
 * @return 0 if success, otherwise the connection is to be closed
 */
int visit_ping(struct lws *wsi)
{
	struct visit *v = lws_get_opaque_user_data(wsi);
	unsigned char buf[LWS_PRE + 1] = "";

	if (!v || !v->asking)
		return 0;

	v->asking = false;

	/* of a pong to an empty one libwebsockets does not tell */
	return lws_write(wsi, buf + LWS_PRE, 1, LWS_WRITE_PING) < 0 ? -1 : 0;
}


/**
 * A connection has ended
 *
 * @param v Visit, may be NULL
 */
void visit_end(struct visit *v)
{
	if (!v)
		return;

	peer_forget(v->peer);
	*v->link = v->next;
	if (v->next)
		v->next->link = v->link;
	free(v);
}
