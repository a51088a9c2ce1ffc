/**
 * @file queue.c  Runs the verbs of one call, one after the other
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include <ev.h>
#include "call.h"
#include "clock.h"
#include "emit.h"
#include "hooks.h"
#include "json.h"
#include "log.h"
#include "node.h"
#include "queue.h"
#include "reply.h"
#include "report.h"
#include "session.h"
#include "transfer.h"


enum {
	QUEUE_MAX = 256,       /* verbs waiting on one call */
	INSTRUCTIONS_MAX = 64, /* lists under check on one call */
};

/*
 * The life of the verb at hand:
 *
 *           needs an answered call          it is answered
 *  IDLE ---------------------> WAITING ----------.
 *   | |                                          |
 *   | |    the node is asked to run it           v
 *   | '---------------------------------------> ASKED
 *   |                                            | result
 *   |           ours: a pause                    v
 *   '-----------------------------------------> RUNNING
 *                                                | done
 *            the hook was answered               v
 *  IDLE <------------------------------------- HOOKED (a sip:refer only)
 */
enum stage {
	STAGE_IDLE,
	STAGE_WAITING,
	STAGE_ASKED,
	STAGE_RUNNING,
	STAGE_HOOKED
};

/* A list of verbs that a client sent, while it is checked */
struct instruction {
	struct instruction *next;
	struct verb *verbs;
	char *sender;
	char *msgid;
	enum queue_mode mode;
	bool quiet;
	bool run;           /* the check starts the first verb, too */
	char ref[REF_SIZE]; /* "" while its turn has not come */
};

struct queue {
	struct session *s; /* owns us */
	struct instruction *instructions;
	struct verb *verbs;   /* still to come */
	struct verb *current; /* NULL if idle or hooked */
	enum stage stage;
	bool superseded; /* the transfer at hand is being cancelled */
	char ref[REF_SIZE];
	char hook[HOOK_ID_SIZE]; /* what HOOKED waits for */
	int64_t pause_end;       /* ms since 1970 */
	ev_timer pause;
};

static void proceed(struct queue *q);


static const char *stage_name(enum stage stage)
{
	switch (stage) {
	case STAGE_IDLE: return "idle";
	case STAGE_WAITING: return "waiting";
	case STAGE_ASKED: return "asked";
	case STAGE_RUNNING: return "running";
	case STAGE_HOOKED: return "hooked";
	}

	return "?";
}


static void set_stage(struct queue *q, enum stage stage)
{
	log_debug("queue: %s: %s, %s -> %s", call_sid(q->s->call),
		  q->current ? verb_name(q->current->kind) : "-",
		  stage_name(q->stage), stage_name(stage));

	q->stage = stage;
	session_touch(q->s);
}


static void make_ref(char *ref, const struct queue *q)
{
	char digits[13];

	random_hex(digits, sizeof(digits));
	(void)snprintf(ref, REF_SIZE, "%.*s:%s", CALL_SID_MAX,
		       call_sid(q->s->call), digits);
}


static void verb_status(const struct queue *q, const struct verb *v,
			const char *event)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "event", event);
	json_str(&j, "verb", verb_name(v->kind));
	json_str(&j, "name", verb_name(v->kind));
	json_str(&j, "id", v->id);
	json_close(&j, '}');

	(void)emit(&(struct emission){.type = "verb:status",
				      .call_sid = call_sid(q->s->call),
				      .data = json_done(&j),
				      .jambonz = q->s->notify});
	json_free(&j);
}


/* The SIP verbs of a list, or only its first, to the node */
static void ask(const struct queue *q, const char *ref, bool run,
		const struct verb *list, bool whole)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "type", "verbs");
	json_str(&j, "ref", ref);
	json_str(&j, "call_sid", call_sid(q->s->call));
	json_bool(&j, "run", run);
	json_open(&j, "verbs", '[');
	for (; list; list = whole ? list->next : NULL) {
		if (verb_is_sip(list))
			json_raw(&j, NULL, list->text);
	}
	json_close(&j, ']');
	json_close(&j, '}');

	node_send(q->s->boot, json_done(&j));
	json_free(&j);
}


static void ask_answer(const struct queue *q)
{
	struct verb answer = {.kind = VERB_ANSWER,
			      .text = (char *)"{\"verb\":\"answer\"}"};

	ask(q, q->ref, true, &answer, false);
}


static void ask_cancel(const struct queue *q)
{
	char ref[REF_SIZE];
	struct json j;

	make_ref(ref, q);

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "type", "cancel");
	json_str(&j, "ref", ref);
	json_str(&j, "call_sid", call_sid(q->s->call));
	json_close(&j, '}');

	node_send(q->s->boot, json_done(&j));
	json_free(&j);
}


static void drop_current(struct queue *q)
{
	ev_timer_stop(EV_DEFAULT_ & q->pause);
	verbs_free(q->current);
	q->current = NULL;
	q->superseded = false;
	q->ref[0] = '\0';
	q->pause_end = 0;
	set_stage(q, STAGE_IDLE);
}


static void finish_current(struct queue *q)
{
	verb_status(q, q->current, "finished");
	drop_current(q);
}


static bool transferring(const struct queue *q)
{
	return q->current && q->current->kind == VERB_SIP_REFER &&
	       (q->stage == STAGE_ASKED || q->stage == STAGE_RUNNING);
}


/* Whether a verb can run on the call as it is.  A sip:refer answers a call
   that came in; any verb but these two waits until a call of ours is up. */
static bool runnable(const struct queue *q, const struct verb *v)
{
	if (call_answered(q->s->call))
		return true;

	if (v->kind == VERB_HANGUP || v->kind == VERB_SIP_DECLINE)
		return true;

	return call_inbound(q->s->call) && v->kind != VERB_SIP_REFER;
}


static void pause_handler(EV_P_ ev_timer *w, int revents)
{
	struct queue *q = w->data;
	(void)loop;
	(void)revents;

	finish_current(q);
	proceed(q);
}


static void pause_start(struct queue *q)
{
	int64_t left = q->pause_end - clock_ms();

	ev_timer_stop(EV_DEFAULT_ & q->pause);
	ev_timer_set(&q->pause, left > 0 ? (double)left / 1000 : 0., 0.);
	ev_timer_start(EV_DEFAULT_ & q->pause);
}


static void start_waiting(struct queue *q)
{
	set_stage(q, STAGE_WAITING);

	if (call_inbound(q->s->call)) {
		make_ref(q->ref, q);
		ask_answer(q);
	}
}


static void start_sip(struct queue *q)
{
	make_ref(q->ref, q);
	set_stage(q, STAGE_ASKED);
	ask(q, q->ref, true, q->current, false);
}


static void start_own(struct queue *q)
{
	verb_status(q, q->current, "starting");

	if (q->current->kind == VERB_PAUSE) {
		q->pause_end = clock_ms() +
			       (int64_t)(q->current->length * 1000);
		set_stage(q, STAGE_RUNNING);
		pause_start(q);
		return;
	}

	q->s->notify = q->current->notify;
	finish_current(q);
}


static void start_current(struct queue *q)
{
	if (!runnable(q, q->current))
		start_waiting(q);
	else if (verb_is_sip(q->current))
		start_sip(q);
	else
		start_own(q);
}


/* Start what is next.  Nothing starts while a list is under check, since the
   list may be about to replace it. */
static void step(struct queue *q)
{
	while (q->stage == STAGE_IDLE && q->verbs && !q->instructions &&
	       !call_over(q->s->call)) {
		q->current = q->verbs;
		q->verbs = q->current->next;
		q->current->next = NULL;
		start_current(q);
	}
}


static void instruction_free(struct instruction *in)
{
	verbs_free(in->verbs);
	free(in->sender);
	free(in->msgid);
	free(in);
}


static void instruction_drop(struct queue *q)
{
	struct instruction *in = q->instructions;

	q->instructions = in->next;
	instruction_free(in);
	session_touch(q->s);
}


static void instruction_refuse(struct queue *q, struct fault *f)
{
	const struct instruction *in = q->instructions;

	if (in->msgid)
		(void)snprintf(f->ref, sizeof(f->ref), "%s", in->msgid);

	reply_fault(in->sender, f, call_sid(q->s->call));
	instruction_drop(q);
}


/* Stop what runs, for another list to take its place.  A call that is about
   to end is left to end; a transfer has to say first how it ended. */
static void supersede(struct queue *q)
{
	if (q->stage == STAGE_HOOKED) {
		set_stage(q, STAGE_IDLE);
		return;
	}

	if (!q->current || q->current->kind == VERB_HANGUP ||
	    q->current->kind == VERB_SIP_DECLINE)
		return;

	if (transferring(q)) {
		q->superseded = true;
		session_touch(q->s);
		ask_cancel(q);
		return;
	}

	if (q->stage == STAGE_RUNNING)
		finish_current(q);
	else
		drop_current(q);
}


static void instruction_apply(struct queue *q)
{
	struct instruction *in = q->instructions;

	if (!in->quiet)
		reply_ack(in->sender, in->msgid, call_sid(q->s->call));

	if (in->mode != QUEUE_APPEND) {
		verbs_free(q->verbs);
		q->verbs = NULL;
	}
	if (in->mode == QUEUE_REPLACE && !in->run)
		supersede(q);

	verbs_append(&q->verbs, in->verbs);
	in->verbs = NULL;

	if (in->run) {
		q->current = q->verbs;
		q->verbs = q->current->next;
		q->current->next = NULL;
		(void)snprintf(q->ref, sizeof(q->ref), "%s", in->ref);
		verb_status(q, q->current, "starting");
		set_stage(q, STAGE_RUNNING);
	}

	instruction_drop(q);
}


static bool has_sip(const struct verb *list)
{
	while (list && !verb_is_sip(list))
		list = list->next;

	return list != NULL;
}


/* What this side can say against a list, when its turn has come */
static int instruction_fault(const struct queue *q, struct fault *f)
{
	const struct instruction *in = q->instructions;
	const struct verb *first = in->verbs;

	if (in->mode == QUEUE_REPLACE && first->kind == VERB_SIP_REFER &&
	    transferring(q) && !q->superseded) {
		f->position = first->position;
		(void)snprintf(f->verb, sizeof(f->verb), "%s",
			       verb_name(first->kind));
		return fault_set(f, 409, NULL, "transfer in progress");
	}

	if (in->mode == QUEUE_APPEND &&
	    verbs_count(q->verbs) + verbs_count(first) > QUEUE_MAX)
		return fault_set(f, 409, NULL,
				 "the queue of this call is full");

	return 0;
}


static void instruction_ask(struct queue *q)
{
	struct instruction *in = q->instructions;

	in->run = q->stage == STAGE_IDLE &&
		  (in->mode != QUEUE_APPEND || !q->verbs) &&
		  verb_is_sip(in->verbs) && runnable(q, in->verbs);

	make_ref(in->ref, q);
	session_touch(q->s);
	ask(q, in->ref, in->run, in->verbs, true);
}


/* Go on with the lists under check, then with the verbs */
static void proceed(struct queue *q)
{
	while (q->instructions && !*q->instructions->ref) {
		struct fault f;

		fault_init(&f);
		if (instruction_fault(q, &f))
			instruction_refuse(q, &f);
		else if (has_sip(q->instructions->verbs))
			instruction_ask(q);
		else
			instruction_apply(q);
	}

	step(q);
}


/**
 * Make the queue of a session
 *
 * @param qp Pointer to the new queue
 * @param s  Session, which owns the queue
 *
 * @return 0 if success, otherwise errorcode
 */
int queue_create(struct queue **qp, struct session *s)
{
	struct queue *q = calloc(1, sizeof(*q));

	if (!q)
		return ENOMEM;

	q->s = s;
	ev_timer_init(&q->pause, pause_handler, 0., 0.);
	q->pause.data = q;

	*qp = q;

	return 0;
}


/**
 * Free a queue
 *
 * @param q Queue, may be NULL
 */
void queue_destroy(struct queue *q)
{
	if (!q)
		return;

	ev_timer_stop(EV_DEFAULT_ & q->pause);

	while (q->instructions) {
		struct instruction *in = q->instructions;

		q->instructions = in->next;
		instruction_free(in);
	}

	verbs_free(q->current);
	verbs_free(q->verbs);
	free(q);
}


/**
 * Tell whether nothing is left to do
 *
 * @param q Queue
 *
 * @return True if no verb runs and none waits
 */
bool queue_idle(const struct queue *q)
{
	return q->stage == STAGE_IDLE && !q->verbs && !q->instructions;
}


/**
 * Write what runs and what waits, for people to see
 *
 * @param j Text, in an open object
 * @param q Queue
 */
void queue_print(struct json *j, const struct queue *q)
{
	if (q->current)
		json_raw(j, "verb", q->current->text);

	json_open(j, "queue", '[');
	for (const struct verb *v = q->verbs; v; v = v->next)
		json_raw(j, NULL, v->text);
	json_close(j, ']');
}


static int instruction_create(struct instruction **inp,
			      const struct sender *sender,
			      enum queue_mode mode)
{
	struct instruction *in = calloc(1, sizeof(*in));

	if (!in)
		return ENOMEM;

	in->mode = mode;
	in->quiet = sender->quiet;
	in->sender = sender->name ? strdup(sender->name) : NULL;
	in->msgid = sender->msgid ? strdup(sender->msgid) : NULL;
	if ((sender->name && !in->sender) || (sender->msgid && !in->msgid)) {
		instruction_free(in);
		return ENOMEM;
	}

	*inp = in;

	return 0;
}


static int submit_fault(const struct queue *q, struct fault *f)
{
	unsigned n = 0;

	if (call_over(q->s->call))
		return fault_set(f, 409, "call_sid",
				 "names a call that is over");

	if (!node_connected(q->s->boot))
		return fault_set(f, 503, "call_sid",
				 "names a call whose baresip is away");

	for (const struct instruction *in = q->instructions; in; in = in->next)
		++n;

	if (n >= INSTRUCTIONS_MAX)
		return fault_set(f, 409, NULL,
				 "the queue of this call is full");

	return 0;
}


/**
 * Give a call a list of verbs.  The sender hears of its fate by
 * reply_fault() or reply_ack(), unless it is refused right away.
 *
 * @param q      Queue
 * @param verbsp Verbs; the queue takes them over and leaves NULL
 * @param mode   What becomes of the verbs that are there
 * @param sender Who sent them
 * @param f      What is wrong, if something is
 *
 * @return 0 if success, EBADMSG with the fault set, or another errorcode
 */
int queue_submit(struct queue *q, struct verb **verbsp, enum queue_mode mode,
		 const struct sender *sender, struct fault *f)
{
	struct instruction *in, **tail = &q->instructions;
	int err;

	err = submit_fault(q, f);
	if (err)
		return err;

	err = instruction_create(&in, sender, mode);
	if (err)
		return err;

	in->verbs = *verbsp;
	*verbsp = NULL;

	while (*tail)
		tail = &(*tail)->next;
	*tail = in;
	session_touch(q->s);

	proceed(q);

	return 0;
}


/* The node counts the SIP verbs only */
static const struct verb *verb_at(const struct verb *list, int index)
{
	for (; list; list = list->next) {
		if (verb_is_sip(list) && index-- == 0)
			return list;
	}

	return NULL;
}


/* The sentence of the node begins with the verb's name already */
static void result_fault(struct fault *f, const struct report *r,
			 const struct verb *v)
{
	fault_init(f);
	if (v)
		f->position = v->position;

	(void)fault_set(f, 400, NULL, "%s",
			r->error ? r->error : "was refused");

	if (v)
		(void)snprintf(f->verb, sizeof(f->verb), "%s",
			       verb_name(v->kind));
	if (r->field)
		(void)snprintf(f->field, sizeof(f->field), "%s", r->field);
}


static void check_result(struct queue *q, const struct report *r)
{
	struct fault f;

	if (r->ok) {
		instruction_apply(q);
		return;
	}

	result_fault(&f, r, verb_at(q->instructions->verbs, r->index));
	instruction_refuse(q, &f);
}


static void run_result(struct queue *q, const struct report *r)
{
	struct fault f;

	if (r->ok && q->stage == STAGE_WAITING)
		return;

	if (r->ok) {
		verb_status(q, q->current, "starting");
		set_stage(q, STAGE_RUNNING);
		queue_call_changed(q);
		return;
	}

	result_fault(&f, r, q->current);
	reply_fault(q->current->owner, &f, call_sid(q->s->call));
	drop_current(q);
}


/**
 * Take the answer of the node to a request of this queue
 *
 * @param q Queue
 * @param r Result
 */
void queue_result(struct queue *q, const struct report *r)
{
	if (q->instructions && !strcmp(q->instructions->ref, r->ref))
		check_result(q, r);
	else if (!strcmp(q->ref, r->ref) &&
		 (q->stage == STAGE_ASKED || q->stage == STAGE_WAITING))
		run_result(q, r);
	else
		return;

	proceed(q);
	session_release(q->s);
}


/**
 * Find the verb that a reference of the node belongs to
 *
 * @param q   Queue
 * @param ref Reference, may be NULL
 *
 * @return The verb, NULL if it is not the one at hand
 */
const struct verb *queue_verb(const struct queue *q, const char *ref)
{
	return ref && q->current && !strcmp(q->ref, ref) ? q->current : NULL;
}


static bool post_hook(struct queue *q, const struct verb *v,
		      const struct transfer *t, bool action)
{
	char id[HOOK_ID_SIZE];
	struct json j;
	bool wait;

	json_init(&j);
	json_open(&j, NULL, '{');
	if (action)
		transfer_print_action(&j, t, v->dialect);
	else
		transfer_print_event(&j, t, v->dialect);
	call_print(&j, q->s->call, action);
	json_close(&j, '}');

	wait = hooks_post(
		&(struct hook_post){
			.hook = action ? &v->action : &v->event,
			.client = v->owner,
			.call_sid = call_sid(q->s->call),
			.transfer_id = transfer_id(t),
			.verb_id = v->id,
			.data = json_done(&j),
			.action = action,
		},
		id);
	json_free(&j);

	if (action)
		strcpy(q->hook, id);

	return wait;
}


/* A transfer that had to make room does not hold up what took its place */
static void transfer_done(struct queue *q, const struct transfer *t)
{
	struct verb *v = q->current;
	bool superseded = q->superseded;
	bool wait = false;

	q->current = NULL;
	drop_current(q);
	verb_status(q, v, "finished");

	if (v->action.url)
		wait = post_hook(q, v, t, true);

	if (wait && !superseded)
		set_stage(q, STAGE_HOOKED);

	verbs_free(v);
	proceed(q);
}


/**
 * Take a step of a transfer that the verb at hand asked for
 *
 * @param q Queue
 * @param t Transfer
 */
void queue_transfer(struct queue *q, const struct transfer *t)
{
	if (!q->current || q->current->kind != VERB_SIP_REFER)
		return;

	if (transfer_notified(t) && q->current->event.url)
		(void)post_hook(q, q->current, t, false);

	if (transfer_ended(t))
		transfer_done(q, t);
}


/**
 * Go on after an actionHook: it was answered, or nobody waits any longer
 *
 * @param q    Queue
 * @param hook Id of the hook
 */
void queue_hook_done(struct queue *q, const char *hook)
{
	if (q->stage != STAGE_HOOKED || strcmp(q->hook, hook))
		return;

	set_stage(q, STAGE_IDLE);
	proceed(q);
	session_release(q->s);
}


/**
 * Take the verbs that came as the answer to an actionHook
 *
 * @param q      Queue
 * @param hook   Id of the hook
 * @param verbsp Verbs; the queue takes them over and leaves NULL
 * @param sender Who answered
 * @param f      What is wrong, if something is
 *
 * @return 0 if success, EBADMSG with the fault set, or another errorcode
 */
int queue_answer(struct queue *q, const char *hook, struct verb **verbsp,
		 const struct sender *sender, struct fault *f)
{
	int err;

	/* nothing old may start before these */
	if (q->stage == STAGE_HOOKED && !strcmp(q->hook, hook))
		set_stage(q, STAGE_IDLE);

	err = queue_submit(q, verbsp, QUEUE_ANSWER, sender, f);
	if (err)
		proceed(q);

	return err;
}


/**
 * Drop all that has not begun
 *
 * @param q Queue
 */
void queue_stop(struct queue *q)
{
	struct fault f;

	verbs_free(q->verbs);
	q->verbs = NULL;
	session_touch(q->s);

	while (q->instructions) {
		fault_init(&f);
		(void)fault_set(&f, 409, "call_sid",
				"names a call that is over");
		instruction_refuse(q, &f);
	}
}


static void close_verbs(struct queue *q)
{
	queue_stop(q);

	/* a transfer outlives its call, until the node says how it ended */
	if (!q->current || transferring(q)) {
		if (q->stage == STAGE_HOOKED)
			set_stage(q, STAGE_IDLE);
		return;
	}

	if (q->stage == STAGE_RUNNING || q->current->kind == VERB_HANGUP ||
	    q->current->kind == VERB_SIP_DECLINE)
		finish_current(q);
	else
		drop_current(q);
}


/**
 * Look at the call again: its state has changed
 *
 * @param q Queue
 */
void queue_call_changed(struct queue *q)
{
	if (call_over(q->s->call)) {
		close_verbs(q);
		return;
	}

	if (!call_answered(q->s->call) || !q->current)
		return;

	if (q->stage == STAGE_WAITING) {
		start_current(q);
		proceed(q);
	}
	else if (q->stage == STAGE_RUNNING &&
		 q->current->kind == VERB_ANSWER) {
		finish_current(q);
		proceed(q);
	}
}


/**
 * Ask again what the node has not answered: the connection is back, and
 * whatever it had to say to the old one has been said
 *
 * @param q Queue
 */
void queue_resume(struct queue *q)
{
	const struct instruction *in = q->instructions;

	if (in && *in->ref)
		ask(q, in->ref, in->run, in->verbs, true);

	if (q->stage == STAGE_ASKED)
		ask(q, q->ref, true, q->current, false);
	else if (q->stage == STAGE_WAITING && *q->ref)
		ask_answer(q);

	if (q->superseded)
		ask_cancel(q);

	proceed(q);
}


/**
 * Give up: the node is gone
 *
 * @param q      Queue
 * @param reason Why, as a sentence
 */
void queue_abandon(struct queue *q, const char *reason)
{
	struct fault f;

	if (q->stage == STAGE_ASKED || q->stage == STAGE_WAITING) {
		fault_init(&f);
		f.position = q->current->position;
		(void)snprintf(f.verb, sizeof(f.verb), "%s",
			       verb_name(q->current->kind));
		(void)fault_set(&f, 503, NULL, "%s", reason);
		reply_fault(q->current->owner, &f, call_sid(q->s->call));
		drop_current(q);
	}

	close_verbs(q);
}


/**
 * Write a queue, for queue_load() to read
 *
 * @param j Text, in an open object
 * @param q Queue
 */
void queue_save(struct json *j, const struct queue *q)
{
	verbs_print(j, "queue", q->verbs);
	verbs_print(j, "current", q->current);
	json_int(j, "stage", q->stage);
	json_str(j, "ref", q->ref);
	json_bool(j, "superseded", q->superseded);
	json_int(j, "pause_end", q->pause_end);

	json_open(j, "instructions", '[');
	for (const struct instruction *in = q->instructions; in;
	     in = in->next) {
		json_open(j, NULL, '{');
		verbs_print(j, "verbs", in->verbs);
		json_str(j, "sender", in->sender);
		json_str(j, "msgid", in->msgid);
		json_int(j, "mode", in->mode);
		json_bool(j, "quiet", in->quiet);
		json_bool(j, "run", in->run);
		json_str(j, "ref", in->ref);
		json_close(j, '}');
	}
	json_close(j, ']');
}


static const char *get(const cJSON *obj, const char *key)
{
	return cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(obj, key));
}


static int get_int(const cJSON *obj, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(obj, key);

	return cJSON_IsNumber(item) ? item->valueint : 0;
}


static bool get_bool(const cJSON *obj, const char *key)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(obj, key));
}


static int load_instruction(struct instruction **inp, const cJSON *obj)
{
	struct sender sender = {.name = get(obj, "sender"),
				.msgid = get(obj, "msgid"),
				.quiet = get_bool(obj, "quiet")};
	const char *ref = get(obj, "ref");
	int err;

	err = instruction_create(inp, &sender,
				 (enum queue_mode)get_int(obj, "mode"));
	if (err)
		return err;

	(*inp)->run = get_bool(obj, "run");
	(void)snprintf((*inp)->ref, REF_SIZE, "%s", ref ? ref : "");

	return verbs_load(&(*inp)->verbs,
			  cJSON_GetObjectItemCaseSensitive(obj, "verbs"));
}


/**
 * Read what queue_save() wrote
 *
 * @param q   New queue
 * @param obj Object
 *
 * @return 0 if success, otherwise errorcode
 */
int queue_load(struct queue *q, const cJSON *obj)
{
	struct instruction **tail = &q->instructions;
	const char *ref = get(obj, "ref");
	const cJSON *item;
	int err;

	err = verbs_load(&q->verbs,
			 cJSON_GetObjectItemCaseSensitive(obj, "queue"));
	err |= verbs_load(&q->current,
			  cJSON_GetObjectItemCaseSensitive(obj, "current"));
	if (err)
		return err;

	cJSON_ArrayForEach(
		item, cJSON_GetObjectItemCaseSensitive(obj, "instructions"))
	{
		err = load_instruction(tail, item);
		if (err)
			return err;

		tail = &(*tail)->next;
	}

	(void)snprintf(q->ref, sizeof(q->ref), "%s", ref ? ref : "");
	q->superseded = get_bool(obj, "superseded");
	item = cJSON_GetObjectItemCaseSensitive(obj, "pause_end");
	q->pause_end = cJSON_IsNumber(item) ? (int64_t)item->valuedouble : 0;

	/* nobody who was asked before the restart is waited for any longer */
	if (q->current)
		q->stage = (enum stage)get_int(obj, "stage");
	if (q->stage == STAGE_RUNNING && q->current->kind == VERB_PAUSE)
		pause_start(q);

	return 0;
}
