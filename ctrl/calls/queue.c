/**
 * @file queue.c  The verbs of one call, one after the other
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "calls.h"
#include "inbox.h"
#include "json.h"
#include "nodes/nodes.h"
#include "queue.h"
#include "request.h"
#include "run.h"
#include "session.h"
#include "stream/stream.h"
#include "transfer.h"
#include "verb.h"


enum { VERBS_MAX = 256 };

struct queue {
	struct session *s;  /* owns us */
	struct inbox inbox; /* lists that are not accepted yet */
	struct verb *verbs; /* still to come */
	struct run *run;    /* the one at hand */
};


static struct verb *take_first(struct queue *q)
{
	struct verb *v = q->verbs;

	q->verbs = v->next;
	v->next = NULL;
	session_touch(q->s);

	return v;
}


/* A transfer makes no room for another one */
static int transfer_error(const struct queue *q, const struct instruction *in,
			  struct error *f)
{
	const struct verb *first = in->verbs;

	if (in->mode != QUEUE_REPLACE || first->kind != VERB_SIP_REFER ||
	    !run_transferring(q->run))
		return 0;

	verb_error(first, f);

	return error_set(f, 409, NULL, "transfer in progress");
}


/* What this side can say against a list, when its turn has come */
static int list_error(const struct queue *q, const struct instruction *in,
		      struct error *f)
{
	if (transfer_error(q, in, f))
		return EBADMSG;

	if (in->mode == QUEUE_APPEND &&
	    verbs_count(q->verbs) + verbs_count(in->verbs) > VERBS_MAX)
		return error_set(f, 409, NULL,
				 "the queue of this call is full");

	return 0;
}


static void list_refuse(struct queue *q, struct error *f)
{
	const struct instruction *in = q->inbox.head;

	if (in->sender && in->sender->msgid)
		calls_events()->refused(in->sender, in->sender->msgid);
	inbox_refuse(&q->inbox, f, call_sid(q->s->call));
	session_touch(q->s);
}


/* The node checks, and starts the first at once if nothing is in its way */
static void list_ask(struct queue *q, struct instruction *in)
{
	in->run = run_idle(q->run) &&
		  (in->mode != QUEUE_APPEND || !q->verbs) &&
		  verb_is_sip(in->verbs) && run_ready(q->run, in->verbs);

	request_ref(in->ref, q->s);
	session_touch(q->s);
	request_check(q->s, in->ref, in->verbs, in->run);
}


static void list_apply(struct queue *q, struct instruction *in,
		       const char *dry_run)
{
	if (in->sender && !in->sender->quiet)
		reply_ack(in->sender, call_sid(q->s->call), dry_run);

	if (in->sender)
		calls_events()->accepted(in->sender);

	if (in->mode != QUEUE_APPEND) {
		verbs_free(q->verbs);
		q->verbs = NULL;
	}

	if (in->mode == QUEUE_REPLACE && !in->run)
		run_supersede(q->run);

	verbs_append(&q->verbs, in->verbs);
	in->verbs = NULL;

	if (in->run)
		run_started(q->run, take_first(q), in->ref, dry_run);

	inbox_drop(&q->inbox);
	session_touch(q->s);
}


static bool has_sip(const struct verb *list)
{
	while (list && !verb_is_sip(list))
		list = list->next;

	return list != NULL;
}


/* Go on with the lists, then with the verbs.  No verb starts while a list is
   under check, since the list may be about to replace it. */
static void proceed(struct queue *q)
{
	struct instruction *in;
	struct error f;

	while ((in = q->inbox.head) && !*in->ref) {
		error_init(&f);
		if (list_error(q, in, &f))
			list_refuse(q, &f);
		else if (has_sip(in->verbs))
			list_ask(q, in);
		else
			list_apply(q, in, NULL);
	}

	while (q->verbs && !q->inbox.head && run_idle(q->run) &&
	       !call_over(q->s->call))
		run_start(q->run, take_first(q));

	if (queue_idle(q) && !call_over(q->s->call))
		calls_events()->idle(q->s);
}


static void idle_handler(void *arg)
{
	proceed(arg);
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
	int err;

	if (!q)
		return ENOMEM;

	q->s = s;
	err = run_create(&q->run, s, idle_handler, q);
	if (err)
		queue_destroy(q);
	else
		*qp = q;

	return err;
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

	inbox_clear(&q->inbox);
	run_destroy(q->run);
	verbs_free(q->verbs);
	free(q);
}


bool queue_idle(const struct queue *q)
{
	return run_idle(q->run) && !q->verbs && !q->inbox.head;
}


/* The name only: hooks may have passwords in them */
static void verb_print(struct json *j, const char *key, const struct verb *v)
{
	json_open(j, key, '{');
	json_str(j, "verb", verb_name(v->kind));
	json_str(j, "id", v->id);
	json_close(j, '}');
}


/**
 * Write what runs and what waits, for people to see
 *
 * @param j Text, in an open object
 * @param q Queue
 */
void queue_print(struct json *j, const struct queue *q)
{
	const struct verb *v = run_verb(q->run, NULL);

	if (v)
		verb_print(j, "verb", v);

	json_open(j, "queue", '[');
	for (v = q->verbs; v; v = v->next)
		verb_print(j, NULL, v);
	json_close(j, ']');
}


/**
 * Write a queue, for queue_load() to read
 *
 * @param j Text, in an open object
 * @param q Queue
 */
void queue_save(struct json *j, const struct queue *q)
{
	inbox_save(j, &q->inbox);
	verbs_print(j, "queue", q->verbs);
	run_save(j, "run", q->run);
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
	int err;

	err = inbox_load(&q->inbox,
			 cJSON_GetObjectItemCaseSensitive(obj, "inbox"));
	if (err)
		return err;

	err = verbs_load(&q->verbs,
			 cJSON_GetObjectItemCaseSensitive(obj, "queue"));
	if (err)
		return err;

	return run_load(q->run, cJSON_GetObjectItemCaseSensitive(obj, "run"));
}


int queue_submit(struct queue *q, struct verb **verbsp, enum queue_mode mode,
		 const struct sender *sender, struct error *f)
{
	int err;

	if (!node_connected(q->s->instance))
		return error_set(f, 503, "call_sid",
				 "names a call whose baresip is away");

	if (inbox_full(&q->inbox))
		return error_set(f, 409, NULL,
				 "the queue of this call is full");

	err = inbox_add(&q->inbox, verbsp, mode, sender);
	if (err)
		return err;

	session_touch(q->s);
	proceed(q);

	return 0;
}


/**
 * Take the verbs that came as the answer to a hook
 *
 * @param q      Queue
 * @param hook   Id of the hook
 * @param verbsp Verbs; the queue takes them over and leaves NULL
 * @param sender Who answered
 * @param f      What is wrong, if something is
 *
 * @return 0 if success, EBADMSG with the error set, or another errorcode
 */
int queue_answer(struct queue *q, const char *hook, struct verb **verbsp,
		 const struct sender *sender, struct error *f)
{
	int err;

	/* nothing old may start before these */
	run_hook_done(q->run, hook);

	err = queue_submit(q, verbsp, QUEUE_ANSWER, sender, f);
	if (err)
		proceed(q);

	return err;
}


/**
 * Go on after an actionHook: it was answered, or nobody waits any longer
 *
 * @param q    Queue
 * @param hook Id of the hook
 */
void queue_hook_done(struct queue *q, const char *hook)
{
	run_hook_done(q->run, hook);
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
	return ref ? run_verb(q->run, ref) : NULL;
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


static void list_result(struct queue *q, const struct report *r)
{
	struct instruction *in = q->inbox.head;
	const struct verb *v = verb_at(in->verbs, r->index);
	struct error f;

	error_init(&f);
	if (r->ok && transfer_error(q, in, &f)) {
		/* one that has begun since the list was sent to be checked */
		list_refuse(q, &f);
		return;
	}

	if (r->ok) {
		list_apply(q, in, r->dry_run);
		return;
	}

	if (v)
		verb_error(v, &f);
	error_set_node(&f, 400, r->field, r->error);
	list_refuse(q, &f);
}


/**
 * Take the answer of the node to a request of this queue
 *
 * @param q Queue
 * @param r Result
 */
void queue_result(struct queue *q, const struct report *r)
{
	if (q->inbox.head && !strcmp(q->inbox.head->ref, r->ref))
		list_result(q, r);
	else
		run_result(q->run, r);

	if (call_over(q->s->call))
		queue_stop(q);

	proceed(q);
	session_release(q->s);
}


/**
 * Take a step of a transfer that the verb at hand asked for
 *
 * @param q Queue
 * @param t Transfer
 */
void queue_transfer(struct queue *q, const struct transfer *t)
{
	run_transfer(q->run, t);
	proceed(q);
}


/**
 * Take what the node says of what was played
 *
 * @param q Queue
 * @param r Report
 */
void queue_played(struct queue *q, const struct report *r)
{
	run_played(q->run, r);
	proceed(q);
}


/**
 * Look at the call again: its state has changed
 *
 * @param q Queue
 */
void queue_call_changed(struct queue *q)
{
	if (call_over(q->s->call))
		queue_stop(q);

	run_call_changed(q->run);
	proceed(q);
}


/**
 * Ask again what the node has not answered: the connection is back, and
 * whatever it had to say on the old one has been said
 *
 * @param q Queue
 */
void queue_resume(struct queue *q)
{
	const struct instruction *in = q->inbox.head;

	if (in && *in->ref)
		request_check(q->s, in->ref, in->verbs, in->run);

	run_resume(q->run);
	proceed(q);
}


static void lists_refuse(struct queue *q, const char *reason)
{
	struct error f;

	while (q->inbox.head) {
		error_init(&f);
		(void)error_set(&f, 409, NULL, "%s", reason);
		list_refuse(q, &f);
	}
}


/**
 * Drop all that has not begun: the call is over.  What was asked of the node
 * it will answer.
 *
 * @param q Queue
 */
void queue_stop(struct queue *q)
{
	verbs_free(q->verbs);
	q->verbs = NULL;
	session_touch(q->s);

	if (q->inbox.head && !*q->inbox.head->ref)
		lists_refuse(q, "the call is over");
}


/**
 * Take a REFER for sent that the node was asked to send: it is gone, and
 * nobody else knows
 *
 * @param q      Queue
 * @param target Its referTo, to be freed; may be NULL
 *
 * @return Reference of its verb, NULL if there is none
 */
const char *queue_doubt(struct queue *q, char **target)
{
	struct instruction *in = q->inbox.head;

	*target = NULL;
	if (in && *in->ref && in->run && verb_refers(in->verbs, target))
		list_apply(q, in, NULL);
	free(*target);

	return run_doubt(q->run, target);
}


/**
 * Give up: the node is gone, and the call with it
 *
 * @param q      Queue
 * @param reason Why, as a sentence
 */
void queue_abandon(struct queue *q, const char *reason)
{
	verbs_free(q->verbs);
	q->verbs = NULL;
	session_touch(q->s);

	lists_refuse(q, reason);
	run_abandon(q->run, reason);
}
