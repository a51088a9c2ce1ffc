/**
 * @file feed.c  What goes out to one client: replayed, queued, bounded
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <libwebsockets.h>
#include "delivery.h"
#include "base/base.h"
#include "cast.h"
#include "feed.h"
#include "frame.h"
#include "net/net.h"
#include "outq.h"
#include "store/store.h"
#include "stream.h"


enum {
	REPLAY_STEP = 64,    /* messages read from the store at once */
	DRAIN_TIME = 10,     /* seconds to take the close frame */
	WRITE_MAX = 1 << 16, /* bytes written at once */
	FLUSH_MAX = 64,      /* clients written to in one turn of the loop */
};

struct feeds {
	struct feed *head, **tail;
};

/* Who has read all that there is for all stands behind those who have not:
   after a message, nobody need be looked for */
static struct feeds ready = {NULL, &ready.head};

/* Who waits for an answer does not wait for what thousands are told */
static struct feeds hurried = {NULL, &hurried.head};

/* Those whose pipe is full */
static struct feeds waiting = {NULL, &waiting.head};
static uint64_t waiting_for = UINT64_MAX; /* none of them reads before this */


static void leave(struct feed *f)
{
	if (!f->list)
		return;

	*f->link = f->next;
	if (f->next)
		f->next->link = f->link;
	else
		f->list->tail = f->link;

	f->list = NULL;
}


static void enter(struct feed *f, struct feeds *list)
{
	leave(f);

	f->list = list;
	f->link = list->tail;
	f->next = NULL;
	*f->link = f;
	list->tail = &f->next;
}


static void wait(struct feed *f)
{
	if (!f->behind && f->next_cast < waiting_for)
		waiting_for = f->next_cast;

	enter(f, &waiting);
	(void)lws_callback_on_writable(f->wsi);
}


static void hurry(struct feed *f)
{
	if (f->list != &waiting && f->list != &hurried && !f->close_code)
		enter(f, &hurried);
}


/**
 * End a connection.  The close frame waits until the pipe has room, but not
 * for long.
 *
 * @param f    Feed
 * @param code Why, as RFC 6455 numbers it
 */
void feed_dismiss(struct feed *f, int code)
{
	f->close_code = code;
	leave(f);
	outq_clear(&f->out);
	watchdog_limit(f->wsi, DRAIN_TIME);
	(void)lws_callback_on_writable(f->wsi);
}


static void lag(struct feed *f)
{
	log_warning("client: %s does not keep up", f->name);
	counter_add(COUNTER_CLIENTS_DROPPED);
	feed_dismiss(f, CLOSE_LAGGING);
}


static void push(struct feed *f, struct frame *frame)
{
	frame->place = cast_end();
	if (!f->close_code && outq_push(&f->out, frame))
		lag(f);
}


static void say(struct feed *f, uint64_t seq, const char *text)
{
	struct frame *frame = NULL;

	if (text && !frame_create(&frame, seq, text))
		push(f, frame);
	else
		feed_dismiss(f, CLOSE_LAGGING);

	frame_release(frame);
}


/**
 * Queue a text for this client alone
 *
 * @param f    Feed
 * @param seq  Its number, 0 if it has none of its own
 * @param text JSON text, NULL if there was no memory for it
 */
void feed_say(struct feed *f, uint64_t seq, const char *text)
{
	say(f, seq, text);
	hurry(f);
}


static void replay_handler(uint64_t seq, const char *text, void *arg)
{
	struct feed *f = arg;

	say(f, seq, text);
}


/* The next frame, of those for all or those for this client */
static struct frame *peek(struct feed *f)
{
	struct frame *own = outq_head(&f->out), *frame;

	if (f->behind || f->call_sid)
		return own;

	for (; f->next_cast < cast_end(); f->next_cast++) {
		if (own && own->place <= f->next_cast)
			return own;

		frame = cast_at(f->next_cast);
		if (!f->jambonz || frame->jambonz)
			return frame;
	}

	return own;
}


static void consume(struct feed *f, const struct frame *frame)
{
	if (frame == outq_head(&f->out))
		outq_pop(&f->out);
	else
		++f->next_cast;
}


/* To an application we are the client, whose text is masked where it is
   (RFC 6455 section 5.3): others share it */
static int write_app(struct feed *f, struct frame *frame)
{
	unsigned char *copy = malloc(LWS_PRE + frame->len);
	int n;

	if (!copy)
		return -1;

	memcpy(copy + LWS_PRE, frame->text, frame->len);
	n = lws_write(f->wsi, copy + LWS_PRE, frame->len, LWS_WRITE_TEXT);
	free(copy);

	if (n >= 0 && frame->seq)
		delivery_sent(f->delivery, lws_get_socket_fd(f->wsi),
			      frame->seq,
			      lws_partial_buffered(f->wsi) ? frame->len : 0);
	consume(f, frame);

	return n;
}


/* All that there is in one write, as far as it goes */
static int write_client(struct feed *f, struct frame *frame)
{
	static unsigned char buf[WRITE_MAX];
	size_t sum = 0;
	int n;

	for (; frame && frame->wirelen <= sizeof(buf) - sum; frame = peek(f)) {
		memcpy(buf + sum, frame->wire, frame->wirelen);
		sum += frame->wirelen;
		consume(f, frame);
	}

	if (sum)
		return lws_write(f->wsi, buf, sum, LWS_WRITE_RAW);

	n = lws_write(f->wsi, frame->wire, frame->wirelen, LWS_WRITE_RAW);
	consume(f, frame);

	return n;
}


/* A client that is behind reads from the store until that has nothing more
   for it.  What is there for others takes turns, too. */
static void replay(struct feed *f)
{
	if (store_replay(&f->since, f->name, f->call_sid, f->jambonz,
			 REPLAY_STEP, replay_handler, f) ||
	    !outq_empty(&f->out))
		return;

	f->behind = false;
	f->next_cast = cast_end();
}


/* Send until nothing is left, or the pipe is full: then libwebsockets has
   kept the rest of a write.  Others get their turn before a client that is
   behind goes on. */
static int pump(struct feed *f)
{
	struct frame *frame;
	int n;

	if (f->behind && !f->held && outq_empty(&f->out))
		replay(f);

	while (!lws_partial_buffered(f->wsi) && (frame = peek(f))) {
		n = f->call_sid ? write_app(f, frame) : write_client(f, frame);
		if (n < 0)
			return EPIPE;
	}

	if (peek(f) || (f->behind && !f->held))
		wait(f);
	else if (f->behind || f->call_sid)
		leave(f);
	else
		enter(f, &ready);

	return 0;
}


static int close_with(struct feed *f, const char *why)
{
	lws_close_reason(f->wsi, (enum lws_close_status)f->close_code,
			 (unsigned char *)why, strlen(why));

	return EPIPE;
}


/**
 * Send what waits: the pipe has room.  It must be on disk.
 *
 * @param f Feed
 *
 * @return 0, or EPIPE: the connection is to be closed
 */
int feed_writable(struct feed *f)
{
	switch (f->close_code) {
	case 0: return pump(f);
	case CLOSE_LAGGING:
		return close_with(f, "you do not keep up, come back with "
				     "since");
	case CLOSE_REPLACED:
		return close_with(f, "another connection has your name");
	case CLOSE_AWAY:
		return close_with(f, "referd stops, come back with since");
	case CLOSE_NO_TOKEN:
		return close_with(f, "your token is not known any more");
	case CLOSE_TOO_LARGE:
		return close_with(f, "a message may have 65536 bytes");
	default: return close_with(f, "");
	}
}


/**
 * Begin with a feed: what is told to all from now on is for it, too
 *
 * @param f Feed
 */
void feed_start(struct feed *f)
{
	f->next_cast = cast_end();
	if (!f->behind)
		enter(f, &ready);
}


/**
 * Queue a message for this client, if it is to have it and does not get it
 * from the store.  It leaves with feeds_flush(), ahead of what goes to others.
 *
 * @param f     Feed
 * @param frame Message, which is shared
 */
void feed_post(struct feed *f, struct frame *frame)
{
	if (f->behind || (f->jambonz && !frame->jambonz))
		return;

	f->since = frame->seq;
	push(f, frame);
	hurry(f);
}


/**
 * Let a client have what it has missed, and what comes
 *
 * @param f Feed
 */
void feed_resume(struct feed *f)
{
	f->held = false;
	if (f->behind)
		hurry(f);
}


/**
 * Tell whether a client has been sent all that there is
 *
 * @param f Feed
 *
 * @return True if nothing waits
 */
bool feed_empty(const struct feed *f)
{
	return outq_empty(&f->out) && !f->behind &&
	       (f->call_sid || f->next_cast == cast_end());
}


/* What is kept for all has gone on without them */
static void dismiss_laggards(void)
{
	struct feed *f = waiting.head, *next;

	if (f && waiting_for >= cast_first())
		return;

	waiting_for = UINT64_MAX;
	for (; f; f = next) {
		next = f->next;
		if (f->behind || f->call_sid)
			continue;

		if (f->next_cast < cast_first())
			lag(f);
		else if (f->next_cast < waiting_for)
			waiting_for = f->next_cast;
	}
}


static void flush(struct feed *f)
{
	leave(f);
	if (!f->behind && !f->call_sid && f->next_cast < cast_first())
		lag(f);
	else if (pump(f))
		watchdog_limit(f->wsi, 0);
}


bool feeds_flush(void)
{
	unsigned count = 0;
	struct feed *f;

	dismiss_laggards();
	while (hurried.head)
		flush(hurried.head);

	while ((f = ready.head) && f->next_cast < cast_end()) {
		if (count++ >= FLUSH_MAX && !cast_far(f->next_cast))
			return true;

		flush(f);
	}

	cast_forget(waiting_for < cast_end() ? waiting_for : cast_end());

	return false;
}


/**
 * Free what a feed has: its connection has ended
 *
 * @param f Feed
 */
void feed_reset(struct feed *f)
{
	leave(f);
	outq_clear(&f->out);
	free(f->delivery);
	f->delivery = NULL;
}
