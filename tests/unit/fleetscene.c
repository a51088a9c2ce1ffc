/**
 * @file fleetscene.c  A referd in a fleet whose engine is the test
 *
 * It keeps one stream, and consumers of it, as nats-server does. Time passes
 * when the test says so.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#define _GNU_SOURCE 1
#include "base/base.h"
#include "fakebus.h"
#include "fleet/bus.h"
#include "fleet/consumer.h"
#include "fleet/fleet.h"
#include "fleetscene.h"
#include "plainconfig.h"
#include "service.h"
#include "store/store.h"
#include "stream/stream.h"
#include "tempdir.h"
#include "unit.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cjson/cJSON.h>


enum { MESSAGES_MAX = 4096, SENT_MAX = 4096, TIMERS_MAX = 4096 };

struct stored {
	char *subject, *data, *id;
	char *reply; /* subject of the answer; NULL for none */
	bool other;  /* another one is delivered in its place */
};

static struct {
	char created[64];
	bool deaf;   /* answers nothing */
	bool drop;   /* delivers nothing */
	bool refuse; /* takes nothing */
	bool skip;   /* drops one */
	struct stored messages[MESSAGES_MAX];
	uint64_t first, last;
	unsigned made, deleted;
	char name[32]; /* of the consumer, "" for none */
	char inbox[256];
	uint64_t start, next, seq;
	const char *leader; /* NULL for none */
	bool stale;         /* a server has not caught up */
} engine;

static struct stored sent[SENT_MAX]; /* to anything else */
static size_t sentc;

static char *lines[SENT_MAX]; /* that clients of the fleet were told */
static uint64_t numbers[SENT_MAX];
static bool jambonzes[SENT_MAX];
static size_t linec;
static char *statuses[SENT_MAX];
static size_t statusc;

static char posted[64];
static int posted_status;
static unsigned posts;

static bool views, running, full;

static struct due {
	struct timer *t;
	double at;
} timers[TIMERS_MAX];
static size_t timerc;
static _Atomic double now = 1000; /* threads look at it, too [s] */

void __wrap_timer_start(struct timer *t, double seconds);
void __wrap_timer_stop(struct timer *t);
bool __wrap_timer_runs(const struct timer *t);
int64_t __wrap_clock_steady_ms(void);
void __wrap_fleet_emit(uint64_t f, const char *call_sid, bool jambonz,
		       const char *text);
void __real_fleet_emit(uint64_t f, const char *call_sid, bool jambonz,
		       const char *text);
void __wrap_clients_tell(const char *text);
bool __wrap_fleetstore_full(void);
void __wrap_losthook_post(const char *id, int refer_status,
			  const char *reason);


void __wrap_timer_stop(struct timer *t)
{
	for (size_t i = 0; i < timerc; i++) {
		if (timers[i].t == t) {
			memmove(timers + i, timers + i + 1,
				(--timerc - i) * sizeof(*timers));
			return;
		}
	}
}


void __wrap_timer_start(struct timer *t, double seconds)
{
	__wrap_timer_stop(t);
	assert_true(timerc < TIMERS_MAX);
	timers[timerc++] = (struct due){t, now + seconds};
}


bool __wrap_timer_runs(const struct timer *t)
{
	for (size_t i = 0; i < timerc; i++) {
		if (timers[i].t == t)
			return true;
	}

	return false;
}


int64_t __wrap_clock_steady_ms(void)
{
	return (int64_t)(now * 1000 + .5);
}


void __wrap_fleet_emit(uint64_t f, const char *call_sid, bool jambonz,
		       const char *text)
{
	assert_true(linec < SENT_MAX);
	numbers[linec] = f;
	jambonzes[linec] = jambonz;
	lines[linec++] = strdup(text);
	__real_fleet_emit(f, call_sid, jambonz, text);
}


bool __wrap_fleetstore_full(void)
{
	return full;
}


void __wrap_losthook_post(const char *id, int refer_status, const char *reason)
{
	assert_non_null(strstr(reason, "is lost"));
	(void)snprintf(posted, sizeof(posted), "%s", id);
	posted_status = refer_status;
	++posts;
}


void __wrap_clients_tell(const char *text)
{
	assert_true(statusc < SENT_MAX);
	statuses[statusc++] = strdup(text);
}


/* Fires the timer that is due first, if it is due by then */
static bool fire(double until)
{
	struct due *first = NULL;
	struct timer *t;

	for (size_t i = 0; i < timerc; i++) {
		if (timers[i].at <= until &&
		    (!first || timers[i].at < first->at))
			first = &timers[i];
	}
	if (!first)
		return false;

	if (first->at > now)
		now = first->at;
	t = first->t;
	__wrap_timer_stop(t);
	t->h(t->arg);

	return true;
}


/* A text like another one */
static char *like(const char *text)
{
	char *copy = NULL;

	assert_true(asprintf(&copy, "%s\n", text) > 0);

	return copy;
}


/**
 * Have a server deliver a message of its own in the place of one
 *
 * @param sseq  Sequence
 * @param other False if it has caught up
 */
void jet_other(uint64_t sseq, bool other)
{
	engine.messages[sseq].other = other;
}


/**
 * Put another message in the place of one
 *
 * @param sseq Sequence
 */
void jet_replace(uint64_t sseq)
{
	char *old = engine.messages[sseq].data;

	engine.messages[sseq].data = like(old);
	free(old);
}


/**
 * Say whether a server has not caught up
 *
 * @param stale True if so
 */
void jet_stale(bool stale)
{
	engine.stale = stale;
}


/**
 * Let a server lead the stream
 *
 * @param name Its name
 */
void jet_lead(const char *name)
{
	engine.leader = name;
}


static void deliver(uint64_t sseq)
{
	const struct stored *m = &engine.messages[sseq];
	char *data = m->other ? like(m->data) : strdup(m->data);
	char reply[128];

	(void)snprintf(reply, sizeof(reply),
		       "$JS.ACK.FLEET.%s.1.%" PRIu64 ".%" PRIu64 ".7.%" PRIu64,
		       engine.name, sseq, ++engine.seq, engine.last - sseq);
	fakebus_js(m->subject, reply, data);
	free(data);
}


static void push(void)
{
	while (*engine.name && !engine.drop && engine.next <= engine.last) {
		if (engine.skip)
			++engine.seq;
		else if (engine.next >= engine.first)
			deliver(engine.next);
		engine.skip = false;
		++engine.next;
	}
}


static uint64_t add(const char *subject, const char *data, const char *id)
{
	struct stored *m;

	for (uint64_t i = 1; id && i <= engine.last; i++) {
		if (engine.messages[i].id &&
		    !strcmp(engine.messages[i].id, id))
			return i;
	}

	assert_true(engine.last + 1 < MESSAGES_MAX);
	m = &engine.messages[++engine.last];
	m->subject = strdup(subject);
	m->data = strdup(data);
	m->id = id ? strdup(id) : NULL;

	return engine.last;
}


static void answer_info(const char *reply)
{
	char text[640];

	if (!*engine.created)
		strcpy(text, "{\"error\":{\"code\":404,\"err_code\":10059,"
			     "\"description\":\"stream not found\"}}");
	else
		(void)snprintf(
			text, sizeof(text),
			"{\"config\":{\"name\":\"FLEET\"},"
			"\"created\":\"%s\","
			"\"cluster\":{\"leader\":\"%s\",\"replicas\":["
			"{\"name\":\"n8\",\"current\":false,"
			"\"offline\":true},"
			"{\"name\":\"n9\",\"current\":%s}]},"
			"\"state\":{\"messages\":1,"
			"\"first_seq\":%" PRIu64 ",\"last_seq\":%" PRIu64 "}}",
			engine.created, engine.leader ? engine.leader : "",
			engine.stale ? "false" : "true", engine.first,
			engine.last);
	fakebus_message(reply, NULL, text);
}


static void answer_create(const char *reply, const char *data)
{
	cJSON *tree = cJSON_Parse(data);
	const cJSON *c = cJSON_GetObjectItem(tree, "config");
	char text[256];

	assert_int_equal(field_int(c, "idle_heartbeat", 0), 1000000000);
	assert_true(field_bool(c, "flow_control"));
	assert_string_equal(field_str(c, "deliver_policy"),
			    "by_start_sequence");
	(void)snprintf(engine.name, sizeof(engine.name), "cons%u",
		       ++engine.made);
	(void)snprintf(engine.inbox, sizeof(engine.inbox), "%s",
		       field_str(c, "deliver_subject"));
	engine.start = (uint64_t)field_int(c, "opt_start_seq", 0);
	engine.next = engine.start;
	engine.seq = 0;
	(void)snprintf(
		text, sizeof(text),
		"{\"name\":\"%s\",\"num_pending\":%" PRIu64 "}", engine.name,
		engine.last >= engine.start ? engine.last - engine.start + 1
					    : 0);
	fakebus_message(reply, NULL, text);
	cJSON_Delete(tree);
}


static void answer_publish(const struct fakebus_message *m)
{
	char text[128];

	if (engine.refuse)
		return;

	(void)snprintf(text, sizeof(text),
		       "{\"stream\":\"FLEET\",\"seq\":%" PRIu64 "}",
		       add(m->subject, m->data, m->id));
	if (m->reply)
		fakebus_message(m->reply, NULL, text);
}


/* The subject may end with a wildcard */
static bool is_of(const struct stored *m, const char *subject)
{
	const size_t len = strcspn(subject, "*");

	return !strncmp(m->subject, subject, len) &&
	       (subject[len] || !m->subject[len]);
}


static char *base64(const char *text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmn"
				     "opqrstuvwxyz0123456789+/";
	const size_t len = strlen(text);
	char *to = calloc(1, len / 3 * 4 + 8);
	size_t n = 0;

	for (size_t i = 0; i < len; i += 3) {
		const unsigned char *p = (const unsigned char *)text + i;
		const size_t left = len - i;
		const unsigned bits = (unsigned)p[0] << 16 |
				      (left > 1 ? (unsigned)p[1] << 8 : 0) |
				      (left > 2 ? p[2] : 0);

		to[n++] = digits[bits >> 18];
		to[n++] = digits[bits >> 12 & 63];
		to[n++] = left > 1 ? digits[bits >> 6 & 63] : '=';
		to[n++] = left > 2 ? digits[bits & 63] : '=';
	}

	return to;
}


/* The first one of a subject from a sequence on, or the last one */
static uint64_t find(const cJSON *tree)
{
	const char *last = field_str(tree, "last_by_subj");
	const char *next = field_str(tree, "next_by_subj");
	uint64_t i = (uint64_t)field_int(tree, "seq", 0);

	if (last) {
		for (i = engine.last; i; i--) {
			if (is_of(&engine.messages[i], last))
				return i;
		}
		return 0;
	}

	for (; next && i <= engine.last; i++) {
		if (i && is_of(&engine.messages[i], next))
			return i;
	}

	return !next && i >= engine.first && i <= engine.last ? i : 0;
}


static void answer_get(const char *reply, const char *data)
{
	cJSON *tree = cJSON_Parse(data);
	const uint64_t sseq = find(tree);
	char *text = sseq ? base64(engine.messages[sseq].data) : NULL;
	char *answer = calloc(1, 256 + (text ? strlen(text) : 0));

	if (sseq)
		sprintf(answer,
			"{\"message\":{\"subject\":\"%s\",\"seq\":%" PRIu64
			",\"data\":\"%s\"}}",
			engine.messages[sseq].subject, sseq, text);
	else
		strcpy(answer, "{\"error\":{\"code\":404,\"err_code\":10037,"
			       "\"description\":\"no message found\"}}");
	fakebus_message(reply, NULL, answer);
	free(answer);
	free(text);
	cJSON_Delete(tree);
}


static void serve(const struct fakebus_message *m)
{
	if (!strncmp(m->subject, "$JS.API.", 8) && engine.deaf)
		return;

	if (!strcmp(m->subject, "$JS.API.STREAM.INFO.FLEET")) {
		answer_info(m->reply);
	}
	else if (!strcmp(m->subject, "$JS.API.STREAM.MSG.GET.FLEET")) {
		answer_get(m->reply, m->data);
	}
	else if (!strncmp(m->subject, "_INBOX.me.", 10) && m->reply) {
		fakebus_status(m->reply, 503, "No Responders");
	}
	else if (!strcmp(m->subject, "$JS.API.CONSUMER.CREATE.FLEET")) {
		answer_create(m->reply, m->data);
	}
	else if (!strncmp(m->subject, "$JS.API.CONSUMER.DELETE.", 24)) {
		++engine.deleted;
	}
	else if (!strncmp(m->subject, "fleet.ev.", 9) ||
		 !strncmp(m->subject, "fleet.lost.", 11)) {
		answer_publish(m);
	}
	else {
		assert_true(sentc < SENT_MAX);
		sent[sentc].subject = strdup(m->subject);
		sent[sentc].reply = m->reply ? strdup(m->reply) : NULL;
		sent[sentc++].data = strdup(m->data);
	}
}


/**
 * Let all that is under way be handled
 */
void scene_turn(void)
{
	const struct fakebus_message *m;
	bool more = true;

	for (int i = 0; i < 100 && more; i++) {
		more = false;
		fakebus_turn();
		while ((m = fakebus_next())) {
			serve(m);
			more = true;
		}
		push();
		while (fire(now))
			more = true;
		fakebus_turn();
	}
}


/**
 * Let time pass
 *
 * @param seconds How much
 */
void scene_pass(double seconds)
{
	const double until = now + seconds;

	scene_turn();
	while (fire(until))
		scene_turn();
	now = until;
	scene_turn();
}


/**
 * Let time pass while the process stands still, as it does in a machine that
 * is suspended
 *
 * @param seconds How much
 */
void scene_still(double seconds)
{
	now = now + seconds;
}


/**
 * Let referd read all that has arrived, lookups in the reader included
 */
void scene_settle(void)
{
	scene_turn();
	for (int i = 0; consumer_lag() && i < 5000; i++) {
		(void)usleep(1000);
		scene_turn();
	}
	assert_true(consumer_lag() == 0);
}


/**
 * Wait for work outside the loop
 *
 * @param done Set when it is done
 */
void scene_wait(const bool *done)
{
	for (int i = 0; !*done && i < 5000; i++) {
		scene_turn();
		(void)usleep(1000);
	}
	assert_true(*done);
}


/**
 * Pass the heartbeat of another member to referd
 *
 * @param member Its name
 * @param boot   Its boot
 * @param rest   Further JSON members of it
 */
void scene_heartbeat(const char *member, const char *boot, const char *rest)
{
	char subject[64], data[1024];

	(void)snprintf(subject, sizeof(subject), "fleet.hb.%s", member);
	(void)snprintf(data, sizeof(data),
		       "{\"member\":\"%s\",\"boot\":\"%s\",\"version\":"
		       "\"1\"%s}",
		       member, boot, rest);
	fakebus_message(subject, NULL, data);
	scene_turn();
}


/**
 * Tell whether the actionHook of a transfer was sent by this member
 *
 * @param id Its id
 *
 * @return Answer to its REFER, 0 if the hook was not sent
 */
int scene_posted(const char *id)
{
	assert_true(posts <= 1);

	return posts && !strcmp(posted, id) ? posted_status : 0;
}


unsigned scene_posts(void)
{
	return posts;
}


static void free_all(struct stored *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(list[i].subject);
		free(list[i].data);
		free(list[i].id);
		free(list[i].reply);
	}
	memset(list, 0, count * sizeof(*list));
}


/**
 * Make a new stream
 *
 * @param created When, "" for no stream
 */
void jet_reset(const char *created)
{
	free_all(engine.messages, MESSAGES_MAX);
	(void)snprintf(engine.created, sizeof(engine.created), "%s", created);
	engine.first = 1;
	engine.last = 0;
	engine.name[0] = '\0';
}


void jet_deaf(bool deaf)
{
	engine.deaf = deaf;
}


void jet_drop(bool drop)
{
	engine.drop = drop;
}


void jet_first_is(uint64_t sseq)
{
	engine.first = sseq;
	if (engine.last + 1 < sseq)
		engine.last = sseq - 1;
}


/* Lose the next message on its way */
void jet_skip(void)
{
	engine.skip = true;
}


/* The consumer is gone with its connection */
void jet_forget(void)
{
	engine.name[0] = '\0';
}


/* The disk of the fleet's store is slow */
void scene_full(bool is_full)
{
	full = is_full;
}


void jet_truncate(uint64_t last)
{
	free_all(engine.messages + last + 1, engine.last - last);
	engine.last = last;
}


uint64_t jet_put(const char *subject, const char *data)
{
	const uint64_t sseq = add(subject, data, NULL);

	push();

	return sseq;
}


void jet_deliver_again(uint64_t sseq)
{
	deliver(sseq);
}


uint64_t jet_end(void)
{
	return engine.last;
}


const char *jet_subject(uint64_t sseq)
{
	return engine.messages[sseq].subject;
}


const char *jet_id(uint64_t sseq)
{
	return engine.messages[sseq].id;
}


/* Let each publish fail, or succeed again */
void jet_refuse(bool refuse)
{
	engine.refuse = refuse;
}


const char *jet_text(uint64_t sseq)
{
	return engine.messages[sseq].data;
}


uint64_t jet_start_seq(void)
{
	return engine.start;
}


unsigned jet_consumers(void)
{
	return engine.made;
}


unsigned jet_deleted(void)
{
	return engine.deleted;
}


const char *jet_inbox(void)
{
	return engine.inbox;
}


void jet_heartbeat(void)
{
	if (*engine.name)
		fakebus_status(engine.inbox, 100, "Idle Heartbeat");
	scene_turn();
}


unsigned jet_sent(const char *subject)
{
	unsigned n = 0;

	for (size_t i = 0; i < sentc; i++)
		n += !strcmp(sent[i].subject, subject);

	return n;
}


/* Answers the last request */
void jet_answer(const char *subject, const char *data)
{
	for (size_t i = sentc; i-- > 0;) {
		if (strcmp(sent[i].subject, subject) || !sent[i].reply)
			continue;

		fakebus_message(sent[i].reply, NULL, data);
		scene_turn();
		return;
	}
	fail_msg("nothing was asked of %s", subject);
}


const char *jet_last(const char *subject)
{
	for (size_t i = sentc; i-- > 0;) {
		if (!strcmp(sent[i].subject, subject))
			return sent[i].data;
	}

	return "";
}


/**
 * Count the messages to clients of the fleet
 *
 * @param a Text in it
 * @param b Another text in it, NULL for any
 *
 * @return Number of messages
 */
unsigned told(const char *a, const char *b)
{
	unsigned n = 0;

	for (size_t i = 0; i < linec; i++)
		n += strstr(lines[i], a) && (!b || strstr(lines[i], b));

	return n;
}


const char *told_last(const char *a)
{
	for (size_t i = linec; i-- > 0;) {
		if (strstr(lines[i], a))
			return lines[i];
	}

	return "";
}


unsigned told_all(void)
{
	return (unsigned)linec;
}


/* Whether clients of that dialect get it, too */
bool told_jambonz(const char *a)
{
	for (size_t i = linec; i-- > 0;) {
		if (strstr(lines[i], a))
			return jambonzes[i];
	}

	return false;
}


bool told_in_order(void)
{
	for (size_t i = 1; i < linec; i++) {
		if (numbers[i] <= numbers[i - 1])
			return false;
	}

	return true;
}


unsigned told_status(const char *a)
{
	unsigned n = 0;

	for (size_t i = 0; i < statusc; i++)
		n += strstr(statuses[i], a) != NULL;

	return n;
}


void told_clear(void)
{
	while (linec)
		free(lines[--linec]);
	while (statusc)
		free(statuses[--statusc]);
	free_all(sent, sentc);
	sentc = 0;
}


/**
 * Start referd on the existing store
 */
void scene_start(void)
{
	static struct config config = {
		PLAIN_CONFIG,
		.fleet = {.urls = "nats://test",
			  .name = "fleet",
			  .node = "me",
			  .labels = "west, trunk",
			  .creds = "",
			  .nkey = "",
			  .ca = "",
			  .cert = "",
			  .key = "",
			  .dead = 60},
	};

	config.fleet.view = views;
	strcpy(config.state, dir);
	bus_use(fakebus());
	assert_int_equal(
		service_start(&config, SERVICE_WHOLE & ~SERVICE_LISTEN), 0);
	running = true;
	engine.name[0] = '\0';
	fakebus_up();
	scene_turn();
}


/**
 * Stop it; its store stays
 */
void scene_stop(void)
{
	if (running)
		service_stop();
	running = false;
}


/**
 * Begin with an empty store and an empty stream
 *
 * @param view True if referd has a view of the fleet
 */
void scene_open(bool view)
{
	assert_int_equal(dir_make("unit-fleet"), 0);
	views = view;
	memset(&engine, 0, sizeof(engine));
	posts = 0;
	jet_reset("2026-01-01T00:00:00.000000001Z");
	scene_start();
}


void scene_close(void)
{
	scene_stop();
	loop_close();
	told_clear();
	jet_reset("");
	assert_int_equal(dir_remove(), 0);
}
