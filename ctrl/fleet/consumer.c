/**
 * @file consumer.c  Reads the stream, in order
 *
 * An ordered push consumer of JetStream.  It lives as long as its heartbeats
 * come.  If messages are missing, a new one is made after the last message.
 * See https://docs.nats.io, "Consumers", and ADR-17 of nats-architecture.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ackreply.h"
#include "base/base.h"
#include "bus.h"
#include "consumer.h"
#include "engine.h"
#include "fleet.h"
#include "intray.h"
#include "jetstream.h"
#include "json.h"
#include "room.h"
#include "store/store.h"
#include "view.h"


enum {
	WHY_SIZE = 200,
	INBOXES = 4,       /* subjects to be delivered to, by turns */
	STAMPS = 4096,     /* messages that can be compared later */
	SHRUNK_LOOKS = 20, /* after which a stream that has lost messages is
			      believed to have lost them */
	STALE_LOOKS = 20,  /* after which it is read where it may be stale */
};

/* Seconds */
static const double ask_time = 2; /* that the engine may take to answer */
static const double silence_time = 3.2; /* three heartbeats */
static const double retry_first = .1, retry_most = 1;
static const double check_time = 5; /* between two looks at the stream */

enum state {
	CONSUMER_OFF,   /* no connection */
	CONSUMER_LOOKS, /* at the stream */
	CONSUMER_MAKES, /* a consumer */
	CONSUMER_READS,
	CONSUMER_WAITS, /* to try again */
};

static struct {
	consumer_h *h;
	enum state state;
	char why[WHY_SIZE]; /* it does not read, "" at first */
	struct bus_request *request;
	struct timer timer; /* silence, or to try again */
	struct timer check; /* is it the same stream still? */
	double retry;
	unsigned shrunk, stale;

	char epoch[FLEET_EPOCH_SIZE]; /* when the stream that is read was
					 created, "" if none was read */
	uint64_t last;                /* of the stream that was taken */
	struct {
		uint64_t seq;
		uint64_t text; /* hash of it */
	} stamps[STAMPS];      /* of those that were taken, by sequence */
	char leader[JETSTREAM_TIME_SIZE]; /* of the stream, as it was told last
					   */
	bool doubt; /* another leads now: they may have gone from it */

	uint64_t differs; /* sequence of a message that is not the one read */

	unsigned number; /* of the consumers that were asked for */
	uint64_t from;   /* sequence where the last of them begins */
	char inbox[BUS_SUBJECT_SIZE];
	char name[ACKREPLY_NAME_SIZE]; /* "" while it is not known */
	uint64_t seq;                  /* of its last message */
	uint64_t pending;              /* that the engine has for it */
	uint64_t checked; /* `last`, when the stream was looked at */
} consumer;


static void look(void);


static const char *state_name(enum state s)
{
	static const char *const names[] = {"off", "looks", "makes", "reads",
					    "waits"};

	return names[s];
}


/* why is NULL for no log line */
static void set_state(enum state s, const char *why)
{
	const bool news = s == CONSUMER_READS ||
			  (why && strcmp(why, consumer.why) != 0);

	log_debug("consumer: %s to %s", state_name(consumer.state),
		  state_name(s));
	consumer.state = s;
	if (why)
		(void)snprintf(consumer.why, sizeof(consumer.why), "%s", why);
	if (s == CONSUMER_READS)
		consumer.why[0] = '\0';
	if (news)
		consumer.h();
}


static void stop_asking(void)
{
	bus_cancel(consumer.request);
	consumer.request = NULL;
}


static void try_later(const char *why)
{
	if (strcmp(why, consumer.why) != 0)
		log_warning("fleet: cannot read the stream: %s", why);

	stop_asking();
	timer_stop(&consumer.check);
	set_state(CONSUMER_WAITS, why);
	timer_start(&consumer.timer, consumer.retry);
	consumer.retry *= 2;
	if (consumer.retry > retry_most)
		consumer.retry = retry_most;
}


/* This referd must delete a consumer made in its name, which otherwise sends
   it all messages of the subject */
static void delete_consumer(const char *name)
{
	char subject[BUS_SUBJECT_SIZE];

	(void)snprintf(subject, sizeof(subject),
		       "$JS.API.CONSUMER.DELETE.%s.%s", fleet_stream(), name);
	(void)bus_send(subject, NULL, NULL, 0, "", 0);
}


static void drop_consumer(void)
{
	if (*consumer.name)
		delete_consumer(consumer.name);
	consumer.name[0] = '\0';
}


/* After the last message taken */
static void again(const char *why)
{
	log_info("fleet: reads the stream anew from %" PRIu64 ": %s",
		 consumer.last + 1, why);
	drop_consumer();
	timer_stop(&consumer.check);
	stop_asking();
	look();
}


/* The fault of an answer of the servers; NULL if it has none */
static const char *error_of(int err, const struct jetstream_error *e)
{
	switch (err) {
	case 0: return NULL;
	case ETIMEDOUT: return "the NATS servers do not answer";
	case EHOSTUNREACH:
		return "the NATS servers have no JetStream, or no leader";
	case EBADMSG: return "the answer of the NATS servers is not valid";

	case EPROTO:
		if (e->err_code == JETSTREAM_NO_STREAM)
			return "the stream does not exist; make it with "
			       "referctl fleet init";
		return *e->text ? e->text
				: "the NATS servers refuse the request";

	default: return strerror(err);
	}
}


static void silence_handler(void *arg)
{
	(void)arg;

	if (consumer.state == CONSUMER_READS)
		again("the stream was silent");
	else if (consumer.state == CONSUMER_WAITS)
		look();
}


static void start_check(void)
{
	timer_start(&consumer.check, check_time);
}


static void made_handler(int err, const struct fleetbus_news *n, void *arg)
{
	struct jetstream_consumer c;
	struct jetstream_error e;
	(void)arg;

	consumer.request = NULL;
	if (!err)
		err = jetstream_consumer_read(&c, &e, n->data);
	if (!err && strlen(c.name) >= sizeof(consumer.name))
		err = EBADMSG;
	if (err) {
		try_later(error_of(err, &e));
		return;
	}

	strcpy(consumer.name, c.name);
	/* a message that came before this answer is more recent */
	if (!consumer.seq)
		consumer.pending = c.pending;
	consumer.retry = retry_first;
	timer_start(&consumer.timer, silence_time);
	start_check();
	set_state(CONSUMER_READS, NULL);
}


static bool is_stamped(uint64_t seq)
{
	return seq && consumer.stamps[seq % STAMPS].seq == seq;
}


static void stamp(uint64_t seq, const char *text)
{
	consumer.stamps[seq % STAMPS].seq = seq;
	consumer.stamps[seq % STAMPS].text = hash_text(0, text);
}


static bool is_same(uint64_t seq, const char *text)
{
	return consumer.stamps[seq % STAMPS].text == hash_text(0, text);
}


/* Messages come again if another server leads the stream: a server that was
   cut off may have sent its consumers messages that the others never get, and
   later has other messages in their places.  The last message always comes
   again. */
static uint64_t begin_at(void)
{
	uint64_t seq = consumer.last;

	while (consumer.doubt && is_stamped(seq - 1) &&
	       seq + STAMPS > consumer.last + 1)
		--seq;

	return seq ? seq : 1;
}


/* Times are in ns there */
static char *consumer_config(void)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "stream_name", fleet_stream());
	json_open(&j, "config", '{');
	json_str(&j, "deliver_subject", consumer.inbox);
	json_str(&j, "deliver_policy", "by_start_sequence");
	json_int(&j, "opt_start_seq", (int64_t)consumer.from);
	json_str(&j, "ack_policy", "none");
	json_int(&j, "max_deliver", 1);
	json_str(&j, "replay_policy", "instant");
	json_int(&j, "idle_heartbeat", 1000000000);
	json_bool(&j, "flow_control", true);
	json_int(&j, "num_replicas", 1);
	json_bool(&j, "mem_storage", true);
	json_close(&j, '}');
	json_close(&j, '}');

	return json_take(&j);
}


static void make(void)
{
	char rest[32], subject[BUS_SUBJECT_SIZE];
	char *text;
	int err;

	(void)snprintf(rest, sizeof(rest), "c.%u",
		       ++consumer.number % INBOXES);
	bus_inbox(consumer.inbox, sizeof(consumer.inbox), rest);
	consumer.name[0] = '\0';
	consumer.seq = 0;
	consumer.from = begin_at();

	(void)snprintf(subject, sizeof(subject), "$JS.API.CONSUMER.CREATE.%s",
		       fleet_stream());
	text = consumer_config();
	err = text ? bus_ask(&consumer.request, subject, NULL, 0, text,
			     strlen(text), ask_time, made_handler, NULL)
		   : ENOMEM;
	free(text);
	if (err)
		try_later(strerror(err));
	else
		set_state(CONSUMER_MAKES, NULL);
}


/* Clients know the numbers of a stream by its epoch.  If its messages are not
   those that were read, the same numbers stand for others. */
static void begin(const char *created, const char *why)
{
	const bool again = !strcmp(created, consumer.epoch);
	char epoch[FLEET_EPOCH_SIZE];

	if (*consumer.epoch)
		log_warning("fleet: reads the stream from its beginning: %s",
			    why);

	drop_consumer();
	intray_clear();
	if (again)
		(void)snprintf(epoch, sizeof(epoch), "%.40s/%" PRId64, created,
			       clock_ms());
	else
		(void)snprintf(epoch, sizeof(epoch), "%s", created);
	view_begin(epoch);
	(void)snprintf(consumer.epoch, sizeof(consumer.epoch), "%s", created);
	consumer.last = 0;
	memset(consumer.stamps, 0, sizeof(consumer.stamps));
	consumer.doubt = false;
	consumer.shrunk = 0;
}


static void begin_same(const char *why)
{
	char created[FLEET_EPOCH_SIZE];

	memcpy(created, consumer.epoch, sizeof(created));
	begin(created, why);
	again(why);
}


/* True if the stream has fewer messages than were read.  A newly elected
   leader may report this before it has read its log. */
static bool is_shrunk(uint64_t last)
{
	if (last >= consumer.last) {
		consumer.shrunk = 0;
		return false;
	}

	return ++consumer.shrunk >= SHRUNK_LOOKS;
}


/* Checks the state of the stream; true if reading can go on */
static bool compare(const struct jetstream_stream *s)
{
	if (strcmp(s->created, consumer.epoch) != 0) {
		begin(s->created, "the stream was made again");
	}
	else if (is_shrunk(s->last)) {
		begin(s->created,
		      "the stream has lost messages that were read");
	}
	else if (consumer.shrunk) {
		try_later("the stream has fewer messages than were read");
		return false;
	}
	else if (consumer.last && s->first > consumer.last + 1) {
		if (intray_count()) {
			try_later("the stream begins after the last message "
				  "read");
			return false;
		}
		log_warning("fleet: the stream begins at %" PRIu64
			    "; the messages after %" PRIu64
			    " are lost to this referd",
			    s->first, consumer.last);
		view_skip(s->first);
		consumer.last = s->first - 1;
	}

	return true;
}


/* Returns true if another server leads the stream than before */
static bool take_leader(const struct jetstream_stream *s)
{
	if (!*s->leader || !strcmp(s->leader, consumer.leader))
		return false;

	consumer.doubt = *consumer.leader != '\0';
	strcpy(consumer.leader, s->leader);

	return consumer.doubt;
}


/* True if a returning server has not caught up yet.  The engine may let it
   serve the next consumer, which then gets removed messages. */
static bool is_stale(const struct jetstream_stream *s)
{
	consumer.stale = s->lagging ? consumer.stale + 1 : 0;

	return s->lagging && consumer.stale < STALE_LOOKS;
}


static int ask_info(bus_answer_h *h)
{
	char subject[BUS_SUBJECT_SIZE];

	(void)snprintf(subject, sizeof(subject), "$JS.API.STREAM.INFO.%s",
		       fleet_stream());

	return bus_ask(&consumer.request, subject, NULL, 0, "", 0, ask_time, h,
		       NULL);
}


static void look_handler(int err, const struct fleetbus_news *n, void *arg)
{
	struct jetstream_stream s;
	struct jetstream_error e;
	(void)arg;

	consumer.request = NULL;
	if (!err)
		err = jetstream_stream_read(&s, &e, n->data, fleet_name());
	if (err) {
		try_later(error_of(err, &e));
		return;
	}

	(void)take_leader(&s);
	if (is_stale(&s))
		try_later("one of the servers has not caught up");
	else if (compare(&s))
		make();
}


static void look(void)
{
	const int err = ask_info(look_handler);

	if (err)
		try_later(strerror(err));
	else
		set_state(CONSUMER_LOOKS, NULL);
}


/* Finds messages that the queues have dropped with none after them, and
   another stream, which the consumer does not notice */
static void check_answer(int err, const struct fleetbus_news *n, void *arg)
{
	struct jetstream_stream s;
	struct jetstream_error e;
	(void)arg;

	consumer.request = NULL;
	start_check();
	if (!err)
		err = jetstream_stream_read(&s, &e, n->data, fleet_name());
	if (err == EPROTO && e.err_code == JETSTREAM_NO_STREAM)
		again("the stream is gone");
	if (err)
		return;

	if (strcmp(s.created, consumer.epoch) != 0 || s.last < consumer.last)
		again("the stream is a different one");
	else if (take_leader(&s))
		again("another server leads the stream");
	else if (s.last > consumer.last && consumer.last == consumer.checked)
		again("no messages arrive");
	consumer.checked = consumer.last;
}


static void check_handler(void *arg)
{
	(void)arg;

	if (consumer.state == CONSUMER_READS && !consumer.request &&
	    ask_info(check_answer))
		start_check();
}


/* The leader of the stream knows which of the two messages is in it */
static void differs_handler(int err, const struct fleetbus_news *n, void *arg)
{
	struct jetstream_message m = {.data = NULL};
	struct jetstream_error e = {0};
	bool same = false;
	(void)arg;

	consumer.request = NULL;
	if (!err)
		err = jetstream_message_read(&m, &e, n->data);
	if (!err)
		same = is_same(consumer.differs, m.data);
	free(m.data);
	if (err == EPROTO && e.err_code == JETSTREAM_NO_MESSAGE)
		err = 0;

	if (err) {
		try_later(error_of(err, &e));
	}
	else if (same) {
		consumer.doubt = true;
		consumer.retry = retry_most;
		try_later("one of the servers has not caught up");
	}
	else {
		begin_same("the messages that were read are gone from the "
			   "stream");
	}
}


/* Either the messages that were read are gone from the stream, or the server
   of this consumer was cut off and still has messages of its own */
static void ask_which(uint64_t seq)
{
	struct json j;
	int err;

	drop_consumer();
	timer_stop(&consumer.timer);
	timer_stop(&consumer.check);
	stop_asking();
	consumer.differs = seq;

	json_init(&j);
	jetstream_print_get(&j, seq);
	err = engine_get(&consumer.request, &j, ask_time, differs_handler);
	if (err)
		try_later(strerror(err));
	else
		set_state(CONSUMER_LOOKS, NULL);
}


static void take(const struct fleetbus_news *n, const struct ackreply *r)
{
	if (r->consumer_seq <= consumer.seq)
		return;

	if (r->consumer_seq != consumer.seq + 1) {
		again("messages are missing");
		return;
	}

	consumer.seq = r->consumer_seq;
	consumer.pending = r->pending;
	timer_start(&consumer.timer, silence_time);
	if (is_stamped(r->stream_seq) && !is_same(r->stream_seq, n->data)) {
		ask_which(r->stream_seq);
		return;
	}
	if (r->stream_seq >= consumer.last)
		consumer.doubt = false;
	if (r->stream_seq <= consumer.last)
		return;

	if (intray_add(r->stream_seq, n->text, n->data, n->len)) {
		try_later("out of memory");
		drop_consumer();
		return;
	}
	consumer.last = r->stream_seq;
	stamp(r->stream_seq, n->data);
}


/* A message of the stream */
static void message_handler(const struct fleetbus_news *n, void *arg)
{
	struct ackreply r;
	(void)arg;

	if (ackreply_parse(&r, n->reply) || strcmp(r.stream, fleet_stream()))
		return;

	/* the answer with its name may arrive after its first message */
	if (consumer.state == CONSUMER_MAKES && r.consumer_seq == 1 &&
	    !*consumer.name && r.stream_seq >= consumer.from)
		strcpy(consumer.name, r.consumer);

	if (strcmp(r.consumer, consumer.name) != 0)
		delete_consumer(r.consumer);
	else if (consumer.state == CONSUMER_READS ||
		 consumer.state == CONSUMER_MAKES)
		take(n, &r);
}


/* A heartbeat, or another status of a consumer from the engine */
static void status_handler(const struct fleetbus_news *n, void *arg)
{
	(void)arg;

	if (strcmp(n->text, consumer.inbox) != 0 ||
	    consumer.state != CONSUMER_READS)
		return;

	if (n->status != 100) {
		again(n->description ? n->description
				     : "a NATS server ended the subscription");
		return;
	}

	timer_start(&consumer.timer, silence_time);
	if (n->reply && intray_answer(n->reply))
		log_error("fleet: out of memory");
	if (n->stalled && intray_answer(n->stalled))
		log_error("fleet: out of memory");
}


static void bus_handler(bool up, const char *why, void *arg)
{
	(void)arg;

	stop_asking();
	timer_stop(&consumer.timer);
	timer_stop(&consumer.check);
	consumer.retry = retry_first;
	if (!up) {
		set_state(CONSUMER_OFF, why);
		return;
	}

	/* it may have outlived its connection */
	drop_consumer();
	look();
}


/**
 * Begin to read the stream after the position in the store
 *
 * @param h Called when it reads, or does not
 *
 * @return 0, or ENOMEM
 */
int consumer_start(consumer_h *h)
{
	char subject[BUS_SUBJECT_SIZE];
	int err = 0;

	memset(&consumer, 0, sizeof(consumer));
	timer_init(&consumer.timer, silence_handler, NULL);
	timer_init(&consumer.check, check_handler, NULL);
	consumer.h = h;
	consumer.retry = retry_first;
	consumer.last = fleetstore_cursor(consumer.epoch);
	consumer.epoch[strcspn(consumer.epoch, "/")] = '\0';
	intray_open();

	/* JetStream delivers only to a subscription to the exact subject: one
	   with a wildcard does not count */
	for (unsigned i = 0; i < INBOXES; i++) {
		char rest[16];

		(void)snprintf(rest, sizeof(rest), "c.%u", i);
		err |= bus_listen(bus_inbox(subject, sizeof(subject), rest),
				  status_handler, NULL);
	}
	err |= bus_stream(message_handler, NULL);
	err |= bus_watch(bus_handler, NULL);

	return err;
}


/**
 * Read no more
 */
void consumer_stop(void)
{
	timer_stop(&consumer.timer);
	timer_stop(&consumer.check);
	stop_asking();
	intray_close();
}


/**
 * Tell whether the stream is being read
 *
 * @return True if it is
 */
bool consumer_reads(void)
{
	return consumer.state == CONSUMER_READS;
}


/**
 * Tell why the stream is not read
 *
 * @return Why, "" if it is
 */
const char *consumer_trouble(void)
{
	return consumer.why;
}


/**
 * Tell how far the end of the stream is
 *
 * @return Number of its unread messages
 */
uint64_t consumer_lag(void)
{
	return consumer.pending + intray_count();
}
