/**
 * @file feed.c  The output to one client: replayed, queued, bounded
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <libwebsockets.h>
#include "delivery.h"
#include "base/base.h"
#include "feed.h"
#include "frame.h"
#include "net/net.h"
#include "outq.h"
#include "source.h"
#include "store/store.h"
#include "stream.h"


enum {
	REPLAY_STEP = 64,    /* messages taken from memory at once */
	DRAIN_TIME = 10,     /* seconds to take the close frame */
	WRITE_MAX = 1 << 16, /* bytes written at once */
	FLUSH_MAX = 64,      /* clients written to in one turn of the loop */
};

/* A client that waits for an answer is served before a message that goes to
   thousands of clients */
static struct feeds hurried = {NULL, &hurried.head};

/* Clients whose next frame waits for the disk */
static struct feeds held = {NULL, &held.head};


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
	struct source *s = f->source;

	if (!f->behind && f->next_cast < s->waiting_for)
		s->waiting_for = f->next_cast;

	enter(f, &s->waiting);
	(void)lws_callback_on_writable(f->wsi);
}


static void hurry(struct feed *f)
{
	if (f->list != &f->source->waiting && f->list != &hurried &&
	    !f->close_code)
		enter(f, &hurried);
}


static void count(int code)
{
	switch (code) {
	case CLOSE_LAGGING: counter_add(COUNTER_DROPPED_LAGGING); break;
	case CLOSE_REPLACED: counter_add(COUNTER_DROPPED_REPLACED); break;
	case CLOSE_NO_TOKEN: counter_add(COUNTER_DROPPED_TOKEN); break;

	case CLOSE_ANEW:
	case CLOSE_LATER: counter_add(COUNTER_DROPPED_FLEET); break;

	default: break;
	}
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
	if (!f->close_code)
		count(code);
	f->close_code = code;
	leave(f);
	outq_clear(&f->out);
	watchdog_limit(f->wsi, DRAIN_TIME);
	(void)lws_callback_on_writable(f->wsi);
}


static void lag(struct feed *f)
{
	log_warning("client: %s does not keep up", f->name);
	feed_dismiss(f, CLOSE_LAGGING);
}


static void push(struct feed *f, struct frame *frame)
{
	frame->place = cast_end(&f->source->cast);
	if (!f->close_code && outq_push(&f->out, frame))
		lag(f);
}


static void say(struct feed *f, uint64_t seq, const char *text, uint64_t turn)
{
	struct frame *frame = NULL;

	if (text && !frame_create(&frame, seq, text)) {
		frame->turn = turn;
		push(f, frame);
	}
	else {
		feed_dismiss(f, CLOSE_LAGGING);
	}

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
	say(f, seq, text, store_turn());
	hurry(f);
}


/* Number of the last message that need not wait for the disk: messages in the
   stream of a fleet are kept there */
static uint64_t kept_seq(const struct feed *f)
{
	return f->scope == SCOPE_LOCAL ? store_kept_seq() : UINT64_MAX;
}


static void replay_handler(uint64_t seq, const char *text, void *arg)
{
	struct feed *f = arg;

	say(f, seq, text, seq <= kept_seq(f) ? 0 : store_turn());
}


/* The next frame, of those for all or those for this client; NULL if there is
   none that may be sent */
static struct frame *peek(struct feed *f)
{
	const uint64_t kept = store_kept();
	const uint64_t open = cast_open(&f->source->cast, kept);
	struct frame *own = outq_head(&f->out), *frame;
	const bool waits = own && own->turn > kept;

	if (f->behind || f->call_sid)
		return waits ? NULL : own;

	for (; f->next_cast < open; f->next_cast++) {
		if (own && own->place <= f->next_cast)
			break;

		frame = cast_at(&f->source->cast, f->next_cast);
		if (!f->jambonz || frame->jambonz)
			return frame;
	}

	return waits || (own && own->place > f->next_cast) ? NULL : own;
}


/* peek() has nothing: does it wait for the disk?  A client that has connected
   while others wait is ahead of them. */
static bool is_held(struct feed *f)
{
	return !outq_empty(&f->out) ||
	       (!f->behind && !f->call_sid &&
		f->next_cast > cast_open(&f->source->cast, store_kept()));
}


static void consume(struct feed *f, const struct frame *frame)
{
	if (frame == outq_head(&f->out))
		outq_pop(&f->out);
	else
		++f->next_cast;
}


/* It was written as far as the kernel took it */
static void note_own(struct feed *f, uint64_t own, size_t size)
{
	if (own && f->delivery)
		delivery_sent(f->delivery, lws_get_socket_fd(f->wsi), own,
			      lws_partial_buffered(f->wsi) ? size : 0);
}


/* To an application, referd is the client and must mask its text (RFC 6455
   section 5.3).  Text is masked in place, and the frame is shared: a copy of
   it is sent. */
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


/* Write as many waiting messages as fit in one write */
static int write_client(struct feed *f, struct frame *frame)
{
	static unsigned char buf[WRITE_MAX];
	uint64_t own = 0;
	size_t sum = 0;
	int n;

	for (; frame && frame->wirelen <= sizeof(buf) - sum; frame = peek(f)) {
		memcpy(buf + sum, frame->wire, frame->wirelen);
		sum += frame->wirelen;
		own = frame->own ? frame->own : own;
		consume(f, frame);
	}

	if (sum) {
		n = lws_write(f->wsi, buf, sum, LWS_WRITE_RAW);
	}
	else {
		own = frame->own;
		sum = frame->wirelen;
		n = lws_write(f->wsi, frame->wire, sum, LWS_WRITE_RAW);
		consume(f, frame);
	}
	note_own(f, own, sum);

	return n;
}


/* The fetched messages leave with feeds_flush() */
static void fetched(struct feed *f, int err)
{
	f->fetch = NULL;
	if (err == ENOMEM)
		lag(f);
	else
		hurry(f);
}


static void fetched_handler(uint64_t since, int err, void *arg)
{
	struct feed *f = arg;

	f->since = since;
	fetched(f, err);
}


static void own_fetched_handler(uint64_t since, int err, void *arg)
{
	struct feed *f = arg;

	f->own_since = since;
	fetched(f, err);
}


/* Number of the last message of the fleet that the client has when it gets the
   next message to it alone */
static uint64_t number_at(const struct feed *f)
{
	return f->behind ? f->since : f->source->last();
}


static void say_own(struct feed *f, uint64_t seq, const char *text)
{
	struct frame *frame = NULL;

	f->own_since = seq;
	if (!f->delivery)
		(void)delivery_create(&f->delivery, f->own_had);

	if (frame_create_own(&frame, number_at(f), seq, text))
		feed_dismiss(f, CLOSE_LAGGING);
	else
		push(f, frame);
	frame_release(frame);
}


static void own_handler(uint64_t seq, const char *text, void *arg)
{
	say_own(arg, seq, text);
}


/* The messages that this referd has for a client of a fleet are in its own
   store, and are sent first.  They do not belong to a call. */
static void replay_own(struct feed *f)
{
	const struct listener to = {f->name, "", f->jambonz};
	const struct source *s = &sources[SCOPE_LOCAL];

	switch (s->replay(&f->own_since, &to, REPLAY_STEP, own_handler, f)) {
	case REPLAY_FETCH:
		if (s->fetch(&f->fetch, f->own_since, &to, own_handler,
			     own_fetched_handler, f))
			lag(f);
		return;
	case REPLAY_MORE: return;
	case REPLAY_ALL: f->own = false; return;
	}
}


/* A client that is behind reads from the store until it has read all of its
   messages.  Skipping the messages for other clients takes turns, too. */
static void replay(struct feed *f)
{
	const struct listener to = {f->name, f->call_sid, f->jambonz};

	if (f->fetch || f->close_code || !outq_empty(&f->out))
		return;

	if (f->own)
		replay_own(f);
	if (!f->behind || f->held || f->own || !outq_empty(&f->out))
		return;

	switch (f->source->replay(&f->since, &to, REPLAY_STEP, replay_handler,
				  f)) {
	case REPLAY_FETCH:
		if (f->source->fetch(&f->fetch, f->since, &to, replay_handler,
				     fetched_handler, f))
			lag(f);
		return;
	case REPLAY_MORE: return;
	case REPLAY_ALL: break;
	}

	if (!outq_empty(&f->out))
		return;

	f->behind = false;
	f->next_cast = cast_end(&f->source->cast);
}


/* From a store, as yet */
static bool reads(const struct feed *f)
{
	return f->own || (f->behind && !f->held);
}


/* The messages for all that the client needs next are no longer in memory */
static bool is_left_behind(const struct feed *f)
{
	return !f->behind && !f->call_sid &&
	       f->next_cast < cast_first(&f->source->cast);
}


/* Send until nothing is left, or the pipe is full: then libwebsockets has
   kept the rest of a write.  Others get their turn before a client that is
   behind goes on. */
static int pump(struct feed *f)
{
	struct frame *frame;
	int n;

	if (is_left_behind(f)) {
		lag(f);
		return 0;
	}

	replay(f);

	while (!lws_partial_buffered(f->wsi) && (frame = peek(f))) {
		n = f->call_sid ? write_app(f, frame) : write_client(f, frame);
		if (n < 0)
			return EPIPE;
	}

	/* the next messages are looked up while these are on their way */
	replay(f);
	if (peek(f) || (reads(f) && !f->fetch && !is_held(f)))
		wait(f);
	else if (is_held(f))
		enter(f, &held);
	else if (f->behind || f->call_sid)
		leave(f);
	else
		enter(f, &f->source->ready);

	return 0;
}


static int close_with(struct feed *f, const char *why)
{
	lws_close_reason(f->wsi, (enum lws_close_status)f->close_code,
			 (unsigned char *)why, strlen(why));

	return EPIPE;
}


/**
 * Send the waiting messages that are on disk: the pipe has room.
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
		return close_with(
			f,
			"The client does not keep up; reconnect with since");
	case CLOSE_REPLACED:
		return close_with(f, "Another connection uses the name");
	case CLOSE_AWAY:
		return close_with(f, "referd stops; reconnect with since");
	case CLOSE_ANEW:
		return close_with(f, "The fleet has a new stream; reconnect");
	case CLOSE_LATER:
		return close_with(f, "This referd has not read the fleet up "
				     "to since; try another one");
	case CLOSE_NO_TOKEN:
		return close_with(f, "The token is not known any more");
	case CLOSE_TOO_LARGE:
		return close_with(f,
				  "A message must have at most 65536 bytes");
	default: return close_with(f, "");
	}
}


/**
 * Begin with a feed: it gets all messages to all clients from now on
 *
 * @param f Feed
 */
void feed_start(struct feed *f)
{
	f->source = &sources[f->scope];
	f->next_cast = cast_end(&f->source->cast);
	if (!f->behind)
		enter(f, is_held(f) ? &held : &f->source->ready);
}


/**
 * Queue a message for this client, if it may have it and does not get it
 * from the store.  It leaves with feeds_flush(), ahead of messages to others.
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
 * Queue a message of this referd for this client alone, which gets the
 * messages of a fleet
 *
 * @param f    Feed
 * @param seq  Number of the message, of this referd
 * @param text JSON text
 */
void feed_post_own(struct feed *f, uint64_t seq, const char *text)
{
	if (f->own || f->close_code)
		return;

	say_own(f, seq, text);
	hurry(f);
}


/**
 * Tell which messages for this client alone it has had
 *
 * @param f Feed of one that gets the messages of a fleet
 *
 * @return Number of the last one, of this referd
 */
uint64_t feed_own_had(struct feed *f)
{
	const uint64_t had = f->delivery
				     ? delivery_last(f->delivery,
						     lws_get_socket_fd(f->wsi))
				     : f->own_had;

	return f->own || had < f->own_since ? had : store_seq();
}


/**
 * Send a client the part of the missed messages that it may have
 *
 * @param f Feed
 */
void feed_wake(struct feed *f)
{
	if (reads(f))
		hurry(f);
}


/**
 * Send a client the messages that it has missed, and those to come
 *
 * @param f Feed
 */
void feed_resume(struct feed *f)
{
	f->held = false;
	feed_wake(f);
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
	return outq_empty(&f->out) && !f->behind && !f->own &&
	       (f->call_sid || f->next_cast == cast_end(&f->source->cast));
}


/* The messages for all that these clients need are no longer in memory */
static void dismiss_laggards(struct source *s)
{
	struct feed *f = s->waiting.head, *next;

	if (f && s->waiting_for >= cast_first(&s->cast))
		return;

	s->waiting_for = UINT64_MAX;
	for (; f; f = next) {
		next = f->next;
		if (f->behind || f->call_sid)
			continue;

		if (f->next_cast < cast_first(&s->cast))
			lag(f);
		else if (f->next_cast < s->waiting_for)
			s->waiting_for = f->next_cast;
	}
}


static void flush(struct feed *f)
{
	leave(f);
	if (pump(f))
		watchdog_limit(f->wsi, 0);
}


/* True if others are left */
static bool flush_hurried(void)
{
	unsigned count = 0;

	while (hurried.head) {
		if (count++ && loop_late())
			return true;

		flush(hurried.head);
	}

	return false;
}


/* True if others are left */
static bool flush_ready(struct source *s)
{
	const uint64_t open = cast_open(&s->cast, store_kept());
	unsigned count = 0;
	struct feed *f;

	while ((f = s->ready.head) && f->next_cast < open) {
		if ((count >= FLUSH_MAX &&
		     !cast_far(&s->cast, f->next_cast)) ||
		    (count && loop_late()))
			return true;

		++count;

		flush(f);
	}

	cast_forget(&s->cast, s->waiting_for < open ? s->waiting_for : open);

	return false;
}


/* Release the clients whose frames, or those for all before them, need not
   wait any longer */
static void release_held(void)
{
	struct feed *f = held.head, *next;

	for (; f; f = next) {
		next = f->next;
		if (is_left_behind(f) || peek(f) || !is_held(f))
			hurry(f);
	}
}


bool feeds_flush(void)
{
	bool more = false;

	for (size_t i = 0; i < SCOPES; i++)
		dismiss_laggards(&sources[i]);
	release_held();
	if (flush_hurried())
		return true;

	for (size_t i = 0; i < SCOPES; i++)
		more |= flush_ready(&sources[i]);

	return more;
}


/**
 * Free the memory of a feed: its connection has ended
 *
 * @param f Feed
 */
void feed_reset(struct feed *f)
{
	leave(f);
	store_fetch_cancel(f->fetch);
	f->fetch = NULL;
	outq_clear(&f->out);
	free(f->delivery);
	f->delivery = NULL;
}
