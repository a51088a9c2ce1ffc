/**
 * @file publisher.c  Publishes the messages of this member to the fleet
 *
 * The store is the queue.  One batch is on its way at a time.  If its arrival
 * is in doubt, the publisher asks the stream for the last message of this
 * member, and goes on after it.  A repetition within the window of the stream
 * has the same Nats-Msg-Id, and the stream drops it.
 *
 * A server that led the stream and was cut off takes messages for some time.
 * nats-server 2.9 keeps them when it comes back, in the place of others.  So
 * a batch goes only to a leader that hears enough of the other servers.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "batch.h"
#include "bus.h"
#include "cursor.h"
#include "engine.h"
#include "fleet.h"
#include "jetstream.h"
#include "json.h"
#include "pace.h"
#include "publisher.h"
#include "rival.h"
#include "room.h"
#include "store/store.h"


/* Seconds */
static const double answer_time = 1, wait_min = .05, wait_max = 1;

enum { QUORUM_TIME = 1000 }; /* that the leader is taken to have it [ms] */

/* Its messages are for members, and not for clients */
static const struct listener listener = {"fleet-", NULL, false};

static struct {
	bool open;
	bool held;
	bool known;     /* our last message in the stream is known */
	bool lost;      /* it has nothing of us: is it another stream? */
	bool spoken;    /* it has something that this boot has published */
	bool anew;      /* our numbers begin again */
	bool looks;     /* has the leader a quorum? */
	int64_t quorum; /* until when it is taken to have one [ms] */
	uint64_t start; /* last number of the boots before */
	uint64_t sent;  /* ... that is in the stream */
	uint64_t read;  /* ... that was looked at */
	uint64_t place; /* sequence of our last message in the stream */
	struct batch batch;
	double wait;
	struct bus_request *request;
	struct fetch *fetch;
	struct timer timer;
	char said[JETSTREAM_TEXT_SIZE];
} publisher;


/* The next turn of the loop goes on with publishing */
static void timer_handler(void *arg)
{
	(void)arg;
}


static void back_off(void)
{
	timer_start(&publisher.timer, publisher.wait);
	publisher.wait *= 2;
	if (publisher.wait > wait_max)
		publisher.wait = wait_max;
}


static void say(const char *text)
{
	if (strcmp(publisher.said, text) != 0 && *text)
		log_warning("fleet: the stream accepts no events: %s", text);

	(void)snprintf(publisher.said, sizeof(publisher.said), "%s", text);
}


/* Messages that were read and not sent are read again */
static void go_on_behind(uint64_t sent)
{
	publisher.known = true;
	publisher.lost = false;
	publisher.sent = sent;
	if (publisher.batch.count && publisher.batch.after == sent)
		return; /* it has not arrived: send it again */

	publisher.batch.count = 0;
	publisher.read = sent;
}


static void note_quorum(void)
{
	publisher.quorum = clock_steady_ms() + QUORUM_TIME;
}


static void take_quorum(bool is)
{
	if (is) {
		note_quorum();
	}
	else if (publisher.looks) {
		say("it has no leader that hears the other servers");
		back_off();
	}
	publisher.looks = false;
}


/* Our first message in this stream, or those before have aged away */
static void begin_with(const char *epoch)
{
	publisher.place = 0;
	publisher.anew = !cursor_of(epoch);
	go_on_behind(cursor_of(epoch));
}


static void stream_handler(const struct jetstream_stream *s, bool doubt,
			   void *arg)
{
	(void)arg;

	take_quorum(s->quorum);
	if (doubt)
		publisher.known = false;
	if (publisher.lost)
		begin_with(s->created);
}


/* A foreign boot is an earlier boot of this referd, or another referd that was
   not heard */
static void found(const char *boot, uint64_t last)
{
	const bool ours = !strcmp(boot, bus_boot());

	if (!ours && publisher.spoken) {
		rival_ask(boot);
		last = last < publisher.sent ? last : publisher.sent;
	}

	publisher.spoken = publisher.spoken || ours;
	publisher.anew = !publisher.spoken && last > publisher.start;
	go_on_behind(publisher.anew ? publisher.start : last);
}


/* In the first line of a message */
struct head {
	char boot[64];
	uint64_t last;
};


static void head_handler(const struct member *m, void *arg)
{
	struct head *head = arg;

	if (m->key && !strcmp(m->key, "boot") && m->type == MEMBER_STRING)
		(void)snprintf(head->boot, sizeof(head->boot), "%s", m->text);
	else if (m->key && !strcmp(m->key, "last"))
		head->last = (uint64_t)member_int(m, 0);
}


static int read_last(const char *text, struct jetstream_error *e)
{
	struct head head = {.boot = ""};
	struct jetstream_message m;
	int err = jetstream_message_read(&m, e, text);

	if (err)
		return err;

	m.data[strcspn(m.data, "\n")] = '\0';
	err = members_read(m.data, head_handler, &head);
	free(m.data);
	if (err || !head.last)
		return EBADMSG;

	publisher.place = m.seq;
	found(head.boot, head.last);

	return 0;
}


static void last_handler(int err, const struct fleetbus_news *n, void *arg)
{
	struct jetstream_error e = {0};
	(void)arg;

	publisher.request = NULL;
	if (!err)
		err = read_last(n->data, &e);
	if (!err)
		return;

	if (err == EPROTO && e.err_code == JETSTREAM_NO_MESSAGE) {
		publisher.lost = true;
		engine_look();
	}
	else if (err == EBADMSG) {
		say("the last message of this referd in it is not "
		    "valid");
		back_off();
	}
	else if (err != ENOTCONN) {
		back_off();
	}
}


static void ask_last(void)
{
	char own[BUS_SUBJECT_SIZE];
	struct json j;

	json_init(&j);
	jetstream_print_last(
		&j, bus_subject(own, sizeof(own), "ev", fleet_member()));
	if (engine_get(&publisher.request, &j, answer_time, last_handler) ==
	    ENOMEM)
		back_off();
}


static void sent(const struct jetstream_ack *ack)
{
	publisher.place = ack->seq;
	publisher.sent = publisher.batch.last;
	publisher.batch.count = 0;
	publisher.anew = false;
	publisher.spoken = true;
	publisher.wait = wait_min;
	note_quorum();
	say("");
	cursor_set(fleet_epoch(), publisher.sent);
}


static void refused(int err, const struct jetstream_error *e)
{
	/* no listener: the stream does not exist now */
	if (err == EHOSTUNREACH)
		engine_look();
	else
		publisher.known = false;

	if (err == EPROTO && e->err_code != JETSTREAM_WRONG_LAST)
		say(e->text);
	if (err != ENOTCONN)
		back_off();
}


static void ack_handler(int err, const struct fleetbus_news *n, void *arg)
{
	struct jetstream_error e = {0};
	struct jetstream_ack ack;
	(void)arg;

	publisher.request = NULL;
	if (!err)
		err = jetstream_ack_read(&ack, &e, n->data);
	if (err)
		refused(err, &e);
	else
		sent(&ack);
}


/* If numbers begin again, they could result in a name that is already known */
static void print_id(char *buf, size_t size, const struct batch *b)
{
	(void)snprintf(buf, size, "%s%s%s.%" PRIu64 "-%" PRIu64,
		       fleet_member(), b->anew ? "." : "",
		       b->anew ? bus_boot() : "", b->first, b->last);
}


static void send(void)
{
	const struct batch *b = &publisher.batch;
	char subject[BUS_SUBJECT_SIZE], id[160], expected[24];
	const struct fleetbus_header headers[] = {
		{"Nats-Msg-Id", id},
		{"Nats-Expected-Last-Subject-Sequence", expected},
	};

	print_id(id, sizeof(id), b);
	(void)snprintf(expected, sizeof(expected), "%" PRIu64,
		       publisher.place);
	if (bus_ask_calmly(&publisher.request,
			   bus_subject(subject, sizeof(subject), "ev",
				       fleet_member()),
			   headers, 2, b->text, b->textlen, answer_time,
			   ack_handler, NULL) == ENOMEM)
		back_off();
}


static void replay_handler(uint64_t seq, const char *text, void *arg)
{
	(void)arg;

	batch_add(&publisher.batch, seq, text);
}


/* Removed messages that were not sent are reported in their place */
static void add_gap(void)
{
	const uint64_t to = store_first() - 1;
	char time[CLOCK_TEXT_SIZE], text[256];

	if (publisher.read >= to)
		return;

	if (publisher.sent) {
		clock_text(time, clock_ms());
		(void)snprintf(text, sizeof(text),
			       "{\"type\":\"fleet:gap\",\"seq\":%" PRIu64
			       ",\"time\":\"%s\",\"data\":{\"from\":%" PRIu64
			       ",\"to\":%" PRIu64 ",\"count\":%" PRIu64 "}}",
			       to, time, publisher.read + 1, to,
			       to - publisher.read);
		batch_add(&publisher.batch, to, text);
		log_warning("fleet: events up to %" PRIu64 " were removed "
			    "before the stream had them: others miss %" PRIu64
			    " at most",
			    to, to - publisher.read);
	}
	publisher.read = to;
}


/* The batch goes to the stream; messages that were read and are not in it are
   read again */
static void close_batch(void)
{
	struct batch *b = &publisher.batch;

	if (b->full)
		publisher.read = b->last;
	if (!b->count && !b->failed)
		return;

	if (batch_finish(b, fleet_member(), bus_boot())) {
		b->count = 0;
		publisher.read = publisher.sent;
		back_off();
		return;
	}

	pace_take(b->count);
	send();
}


static void fetched_handler(uint64_t since, int err, void *arg)
{
	(void)arg;

	publisher.fetch = NULL;
	if (err) {
		publisher.batch.count = 0;
		publisher.read = publisher.sent;
		back_off();
		return;
	}

	publisher.read = since;
	close_batch();
}


static void fetch(void)
{
	if (store_fetch(&publisher.fetch, publisher.read, &listener,
			replay_handler, fetched_handler, &publisher))
		back_off();
	else
		loop_again(); /* it begins with the next turn */
}


static void read_events(void)
{
	struct batch *b = &publisher.batch;
	enum replay more;

	batch_begin(b, publisher.sent, publisher.anew);
	add_gap();
	more = store_replay(&publisher.read, &listener, BATCH_MAX - b->count,
			    replay_handler, NULL);
	if (more == REPLAY_FETCH && !b->count)
		fetch();
	else
		close_batch();

	/* messages before that are for other readers */
	if (more == REPLAY_MORE && !b->count)
		loop_again();
}


static bool has_news(void)
{
	return store_last(listener.name) > publisher.read && !store_trouble();
}


static bool must_look(void)
{
	return clock_steady_ms() >= publisher.quorum;
}


static void look(void)
{
	if (publisher.looks)
		return;

	publisher.looks = true;
	engine_look();
}


/**
 * Go on publishing.  The messages must be on disk.
 */
void publisher_flush(void)
{
	const bool news = has_news();
	double wait;

	/* it goes with the next batch, when the one before is there */
	if (publisher.request && news)
		bus_hurry();

	if (!publisher.open || publisher.held || publisher.request ||
	    publisher.fetch || publisher.lost || !bus_is_up() ||
	    !fleet_epoch() || !rival_none() || fleet_failed() ||
	    timer_runs(&publisher.timer))
		return;

	if (!publisher.known) {
		ask_last();
	}
	else if (!publisher.batch.count && !news) {
		return;
	}
	else if (must_look()) {
		look();
	}
	else if (publisher.batch.count) {
		send();
	}
	else {
		wait = pace_wait();
		if (wait > 0)
			timer_start(&publisher.timer, wait);
		else
			read_events();
	}
}


static void state_handler(bool up, const char *why, void *arg)
{
	(void)why;
	(void)arg;

	publisher.looks = false;
	if (up)
		timer_stop(&publisher.timer);
	else
		publisher.lost = false;
}


/**
 * Begin to publish
 *
 * @param c Configuration
 *
 * @return 0, or ENOMEM
 */
int publisher_start(const struct fleet_config *c)
{
	(void)c;

	publisher.open = true;
	publisher.start = store_seq();
	publisher.wait = wait_min;
	timer_init(&publisher.timer, timer_handler, NULL);
	cursor_open();
	pace_start();
	engine_watch(stream_handler, NULL);

	return bus_watch(state_handler, NULL);
}


/**
 * Publish no more
 */
void publisher_stop(void)
{
	if (!publisher.open)
		return;

	timer_stop(&publisher.timer);
	bus_cancel(publisher.request);
	store_fetch_cancel(publisher.fetch);
	batch_free(&publisher.batch);
	cursor_close();
	memset(&publisher, 0, sizeof(publisher));
}


/**
 * Let nothing be published for now
 *
 * @param hold True for nothing
 */
void publisher_hold(bool hold)
{
	publisher.held = hold;
}


/**
 * Tell how much the stream does not have yet
 *
 * @return Number of messages, or a few more
 */
uint64_t publisher_lag(void)
{
	const uint64_t last = store_last(listener.name);
	const uint64_t known = publisher.sent ? publisher.sent
					      : store_first() - 1;

	return last > known ? last - known : 0;
}


/**
 * Get the last message of this member that is in the stream
 *
 * @return Number of the message, 0 if it is not known
 */
uint64_t publisher_sent(void)
{
	return publisher.sent;
}
