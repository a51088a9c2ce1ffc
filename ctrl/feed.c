/**
 * @file feed.c  What goes out to one client: replayed, queued, bounded
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <libwebsockets.h>
#include "feed.h"
#include "log.h"
#include "metrics.h"
#include "store.h"


enum {
	REPLAY_STEP = 64, /* messages read from the store at once */
	DRAIN_TIME = 10,  /* seconds to take the close frame */
};

static struct feed *pending;


static void set_pending(struct feed *f)
{
	if (f->pending)
		return;

	f->pending = true;
	f->next_pending = pending;
	pending = f;
}


static void clear_pending(struct feed *f)
{
	struct feed **fp = &pending;

	while (*fp && *fp != f)
		fp = &(*fp)->next_pending;
	if (*fp)
		*fp = f->next_pending;

	f->pending = false;
}


/**
 * End a connection.  The close frame waits until the pipe has room; if it
 * never has, libwebsockets ends the connection.
 *
 * @param f    Feed
 * @param code Why, as RFC 6455 numbers it
 */
void feed_dismiss(struct feed *f, int code)
{
	f->close_code = code;
	outq_clear(&f->out);
	lws_set_timeout(f->wsi, PENDING_TIMEOUT_USER_REASON_BASE, DRAIN_TIME);
	(void)lws_callback_on_writable(f->wsi);
}


static void push(struct feed *f, struct frame *frame)
{
	if (f->close_code)
		return;

	if (outq_push(&f->out, frame)) {
		log_warning("client: %s does not keep up", f->name);
		metrics_count(METRIC_CLIENTS_DROPPED);
		feed_dismiss(f, CLOSE_LAGGING);
		return;
	}

	set_pending(f);
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
	struct frame *frame = NULL;

	if (text && !frame_create(&frame, seq, text))
		push(f, frame);
	else
		feed_dismiss(f, CLOSE_LAGGING);

	frame_release(frame);
}


static void replay_handler(uint64_t seq, const char *text, void *arg)
{
	struct feed *f = arg;

	f->since = seq;
	feed_say(f, seq, text);
}


/* To an application we are the client, whose text is masked where it is
   (RFC 6455 section 5.3): others share it */
static int write_app(struct feed *f, struct frame *frame)
{
	size_t len;
	unsigned char *text = frame_text(frame, &len);
	unsigned char *copy = malloc(LWS_PRE + len);
	int n;

	if (!copy)
		return -1;

	memcpy(copy + LWS_PRE, text, len);
	n = lws_write(f->wsi, copy + LWS_PRE, len, LWS_WRITE_TEXT);
	free(copy);

	if (n >= 0 && frame_seq(frame))
		arrival_sent(&f->arrival, lws_get_socket_fd(f->wsi),
			     frame_seq(frame),
			     lws_partial_buffered(f->wsi) ? len : 0);

	return n;
}


static int write_client(struct feed *f, struct frame *frame)
{
	size_t len;
	unsigned char *text = frame_text(frame, &len);

	return lws_write(f->wsi, text, len, LWS_WRITE_TEXT);
}


static int write_first(struct feed *f)
{
	struct frame *frame = outq_pop(&f->out);
	int n = f->call_sid ? write_app(f, frame) : write_client(f, frame);

	frame_release(frame);

	return n < 0 ? EPIPE : 0;
}


/* Send until the pipe is full or nothing is left.  A client that is behind
   reads from the store until that has nothing more for it. */
static int pump(struct feed *f)
{
	int err;

	for (;;) {
		if (outq_empty(&f->out) && f->behind && !f->held) {
			store_replay(f->since, f->name, f->call_sid,
				     f->jambonz, REPLAY_STEP, replay_handler,
				     f);
			f->behind = !outq_empty(&f->out);
		}

		if (outq_empty(&f->out))
			return 0;

		if (lws_send_pipe_choked(f->wsi)) {
			(void)lws_callback_on_writable(f->wsi);
			return 0;
		}

		err = write_first(f);
		if (err)
			return err;
	}
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
 * @return 0 if success, otherwise errorcode: the connection is to be closed
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


/* An application hears of its own call, and its session:new is another */
static bool hears(const struct feed *f, const struct post *p)
{
	return !f->call_sid || !p->all ||
	       (p->call_sid && !strcmp(f->call_sid, p->call_sid));
}


/**
 * Queue a message, if the client is to have it and does not get it from the
 * store.  It leaves with feeds_flush().
 *
 * @param f Feed
 * @param p Message
 */
void feed_post(struct feed *f, const struct post *p)
{
	if (!hears(f, p))
		return;

	if (f->behind || (f->jambonz && !p->jambonz))
		return;

	f->since = p->seq;
	push(f, p->frame);
}


/**
 * Let a client have what it has missed, and what comes
 *
 * @param f Feed
 */
void feed_resume(struct feed *f)
{
	f->held = false;
	set_pending(f);
}


/**
 * Send the clients what waits for them.  It must be on disk.
 */
void feeds_flush(void)
{
	while (pending) {
		struct feed *f = pending;

		clear_pending(f);
		if (!f->close_code && pump(f))
			lws_set_timeout(f->wsi,
					PENDING_TIMEOUT_USER_REASON_BASE,
					LWS_TO_KILL_ASYNC);
	}
}


/**
 * Free what a feed has: its connection has ended
 *
 * @param f Feed
 */
void feed_reset(struct feed *f)
{
	clear_pending(f);
	outq_clear(&f->out);
}
