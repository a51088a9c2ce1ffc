/**
 * @file queue.c  The verbs of one call, one after the other
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "call.h"
#include "calls.h"
#include "inbox.h"
#include "json.h"
#include "lists.h"
#include "nodes/nodes.h"
#include "queue.h"
#include "request.h"
#include "run.h"
#include "stream/stream.h"
#include "transfer.h"
#include "verb.h"


/* Go on with the lists, then with the verbs.  No verb starts while a list is
   under check, since the list may be about to replace it.  The queue may be
   freed. */
static void proceed(struct queue *q)
{
	lists_proceed(q);

	while (q->verbs && !q->inbox.head && run_idle(q->run) &&
	       !call_over(q->call))
		run_start(q->run, lists_take(q));

	if (queue_idle(q))
		q->e->idle(q->arg);
}


static void touched_handler(void *arg)
{
	const struct queue *q = arg;

	q->e->touched(q->arg);
}


static void idle_handler(void *arg)
{
	proceed(arg);
}


static const struct run_events run_events = {
	.touched = touched_handler,
	.idle = idle_handler,
};


/**
 * Make the queue of a call
 *
 * @param qp  Pointer to the new queue
 * @param c   Call, which must outlive the queue
 * @param e   Handlers
 * @param arg Handler argument
 *
 * @return 0, or ENOMEM
 */
int queue_create(struct queue **qp, struct call *c,
		 const struct queue_events *e, void *arg)
{
	struct queue *q = calloc(1, sizeof(*q));
	int err;

	if (!q)
		return ENOMEM;

	q->call = c;
	q->e = e;
	q->arg = arg;
	err = run_create(&q->run, c, &run_events, q);
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
 * @return 0, ENOMEM, or EBADMSG if a list or a verb in it is not valid
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

	if (call_over(q->call))
		return error_set(f, 409, NULL, "The call has ended");

	if (!node_connected(call_instance(q->call)))
		return error_set(
			f, 503, "call_sid",
			"names a call whose baresip is not connected");

	if (inbox_full(&q->inbox))
		return error_set(f, 409, NULL,
				 "The queue of the call is full");

	err = inbox_add(&q->inbox, verbsp, mode, sender);
	if (err)
		return err;

	q->e->touched(q->arg);
	proceed(q);

	return 0;
}


/**
 * Take the verbs that came as the answer to a hook
 *
 * @param q      Queue
 * @param hook   Id of the hook
 * @param verbsp Verbs; the queue takes them over and leaves NULL
 * @param sender Sender of the answer
 * @param f      Set if the verbs are refused
 *
 * @return 0, ENOMEM, or EBADMSG with the error set, as queue_submit()
 */
int queue_answer(struct queue *q, const char *hook, struct verb **verbsp,
		 const struct sender *sender, struct error *f)
{
	int err;

	/* they do not come into the queue */
	if (run_holds(q->run, hook))
		return run_hold_music(q->run, *verbsp, f);

	/* nothing old may start before these */
	run_hook_done(q->run, hook);

	err = queue_submit(q, verbsp, QUEUE_ANSWER, sender, f);
	if (err)
		proceed(q);

	return err;
}


/**
 * Give up the transfer in progress, or the one that waits for its call to be
 * answered.  The caller must call queue_cancelled() after it has replied to
 * the sender.
 *
 * @param q Queue
 * @param f Why that cannot be
 *
 * @return 0, or EBADMSG with the error set
 */
int queue_cancel(struct queue *q, struct error *f)
{
	if (!node_connected(call_instance(q->call)))
		return error_set(
			f, 503, "call_sid",
			"names a call whose baresip is not connected");

	if (!run_cancel(q->run) && !lists_cancel(q))
		return error_set(f, 409, "call_sid",
				 "names a call that has no transfer in "
				 "progress");

	return 0;
}


/**
 * Go on when a transfer was given up.  The queue may be freed.
 *
 * @param q Queue
 */
void queue_cancelled(struct queue *q)
{
	run_cancelled(q->run);
	proceed(q);
}


/**
 * Go on after an actionHook: it was answered, or the wait is over
 *
 * @param q    Queue
 * @param hook Id of the hook
 */
void queue_hook_done(struct queue *q, const char *hook)
{
	run_hook_done(q->run, hook);
	proceed(q);
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


/**
 * Take the answer of the node to a request of this queue
 *
 * @param q Queue
 * @param r Result
 */
void queue_result(struct queue *q, const struct report *r)
{
	if (q->inbox.head && !strcmp(q->inbox.head->ref, r->ref))
		lists_result(q, r);
	else
		run_result(q->run, r);

	if (call_over(q->call))
		queue_stop(q);

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
	run_transfer(q->run, t);
	proceed(q);
}


/**
 * Take a report on a playback
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
 * Take a key that was pressed on the second call of a transfer
 *
 * @param q     Queue of the first one
 * @param sid   call_sid of the second one
 * @param digit Key
 */
void queue_digit(struct queue *q, const char *sid, const char *digit)
{
	run_digit(q->run, sid, digit);
	proceed(q);
}


/**
 * Take a report on the response to a request
 *
 * @param q Queue
 * @param r Report
 */
void queue_response(struct queue *q, const struct report *r)
{
	run_response(q->run, r);
	proceed(q);
}


/**
 * Look at the second call of a transfer again: its state has changed
 *
 * @param q      Queue of the first one
 * @param second The second one
 *
 * @return False if the current verb has no second call
 */
bool queue_second(struct queue *q, const struct call *second)
{
	const bool known = run_second(q->run, second);

	proceed(q);

	return known;
}


/**
 * Look at the call again: its state has changed
 *
 * @param q Queue
 */
void queue_call_changed(struct queue *q)
{
	if (call_over(q->call))
		queue_stop(q);

	run_call_changed(q->run);
	proceed(q);
}


/**
 * Repeat the requests that the node has not answered: the connection is back,
 * and all reports of the old one have arrived
 *
 * @param q Queue
 */
void queue_resume(struct queue *q)
{
	lists_resume(q);
	run_resume(q->run);
	proceed(q);
}


/**
 * Drop all verbs that have not begun: the call has ended.  The node still
 * answers open requests.
 *
 * @param q Queue
 */
void queue_stop(struct queue *q)
{
	verbs_free(q->verbs);
	q->verbs = NULL;
	q->e->touched(q->arg);

	if (q->inbox.head && !*q->inbox.head->ref)
		lists_refuse(q, "The call has ended");
}


/**
 * Assume that the node has sent a REFER that it was asked to send: the node is
 * gone, and the truth is unknown
 *
 * @param q Queue
 */
void queue_doubt(struct queue *q)
{
	const struct instruction *in = q->inbox.head;

	if (in && *in->ref && in->run && verb_refers(in->verbs))
		lists_apply(q, NULL);

	run_doubt(q->run);
}


/**
 * Get the sip:refer whose REFER was sent
 *
 * @param q Queue
 *
 * @return The verb, NULL if no transfer is in progress
 */
const struct verb *queue_refer(const struct queue *q)
{
	return run_refer(q->run);
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
	q->e->touched(q->arg);

	lists_refuse(q, reason);
	run_abandon(q->run, reason);
	proceed(q);
}
