/**
 * @file lists.c  A list of verbs in its turn
 *
 * The list is refused, or its verbs are queued.  The node checks the SIP parts
 * first.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <string.h>
#include "base/base.h"
#include "calls.h"
#include "inbox.h"
#include "lists.h"
#include "nodes/nodes.h"
#include "queue.h"
#include "request.h"
#include "run.h"
#include "stream/stream.h"
#include "task.h"
#include "verb.h"


enum { VERBS_MAX = 256 };


/* A transfer makes no room for another one */
static int transfer_error(const struct queue *q, const struct instruction *in,
			  struct error *f)
{
	const struct verb *first = in->verbs;

	if (in->mode != QUEUE_REPLACE || !verb_transfers(first) ||
	    !run_transferring(q->run))
		return 0;

	verb_error(first, f);

	return error_set(f, 409, NULL,
			 "must wait until the transfer in progress has ended");
}


/* Reasons of this side to refuse a list */
static int list_error(const struct queue *q, const struct instruction *in,
		      struct error *f)
{
	if (transfer_error(q, in, f))
		return EBADMSG;

	if (in->mode == QUEUE_APPEND &&
	    verbs_count(q->verbs) + verbs_count(in->verbs) > VERBS_MAX)
		return error_set(f, 409, NULL,
				 "The queue of the call is full");

	return 0;
}


static void refuse(struct queue *q, struct error *f)
{
	const struct instruction *in = q->inbox.head;

	if (in->sender && in->sender->msgid)
		calls_events()->refused(in->sender, in->sender->msgid);
	inbox_refuse(&q->inbox, f, call_sid(q->call));
	q->e->touched(q->arg);
}


/* The node checks, and starts the first at once if nothing is in its way */
static void ask(struct queue *q, struct instruction *in)
{
	in->run = run_idle(q->run) &&
		  (in->mode != QUEUE_APPEND || !q->verbs) &&
		  verb_is_sip(in->verbs) && task_ready(q->call, in->verbs);

	request_ref(in->ref, q->call);
	q->e->touched(q->arg);
	request_check(q->call, in->ref, in->verbs, in->run);
}


/**
 * Take the first of the verbs that wait
 *
 * @param q Queue, in which one waits
 *
 * @return The verb, to be freed
 */
struct verb *lists_take(struct queue *q)
{
	struct verb *v = q->verbs;

	q->verbs = v->next;
	v->next = NULL;
	q->e->touched(q->arg);

	return v;
}


/**
 * Apply the first list to the verbs that wait
 *
 * @param q       Queue with a list
 * @param dry_run Result of the dry run of its first verb, as JSON text; NULL
 *                if it is none, or the list is not started yet
 */
void lists_apply(struct queue *q, const char *dry_run)
{
	struct instruction *in = q->inbox.head;

	if (in->sender && !in->sender->quiet)
		reply_ack(in->sender, call_sid(q->call), dry_run);

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
		run_started(q->run, lists_take(q), in->ref, dry_run);
	else if (in->cancelled && !call_over(q->call))
		run_start(q->run, lists_take(q));
	if (in->cancelled && run_cancel(q->run))
		run_cancelled(q->run);

	inbox_drop(&q->inbox);
	q->e->touched(q->arg);
}


/**
 * Take the lists in turn, up to the first that needs a check by the node
 *
 * @param q Queue
 */
void lists_proceed(struct queue *q)
{
	struct instruction *in;
	struct error f;

	while ((in = q->inbox.head) && !*in->ref) {
		error_init(&f);
		if (list_error(q, in, &f))
			refuse(q, &f);
		else if (verbs_have_sip(in->verbs))
			ask(q, in);
		else
			lists_apply(q, NULL);
	}
}


/**
 * Take the node's answer about the first list
 *
 * @param q Queue with a list
 * @param r Result
 */
void lists_result(struct queue *q, const struct report *r)
{
	const struct instruction *in = q->inbox.head;
	size_t which = 0;
	const struct verb *v = verbs_sip_at(in->verbs, r->index, &which);
	struct error f;

	error_init(&f);
	if (r->ok && transfer_error(q, in, &f)) {
		/* one that has begun since the list was sent to be checked */
		refuse(q, &f);
		return;
	}

	if (r->ok) {
		lists_apply(q, r->dry_run);
		return;
	}

	if (v)
		verb_refusal(v, which, r->field, r->error, &f);
	else
		error_set_node(&f, 400, r->field, r->error);
	refuse(q, &f);
}


/* It has a transfer that begins, or waits for the call, once it is checked */
static bool is_next(const struct queue *q, const struct instruction *in)
{
	return run_idle(q->run) && verb_transfers(in->verbs) &&
	       !in->verbs->dry_run && (in->mode != QUEUE_APPEND || !q->verbs);
}


/**
 * Give up the transfer that the first list has asked the node for, maybe, and
 * once more when the node has answered that; or that it begins with then
 *
 * @param q Queue
 *
 * @return True if it has one
 */
bool lists_cancel(struct queue *q)
{
	struct instruction *in = q->inbox.head;

	if (!in || !*in->ref || !is_next(q, in))
		return false;

	in->cancelled = true;
	q->e->touched(q->arg);
	if (in->run)
		request_cancel(q->call, true);

	return true;
}


/**
 * Ask the node again about the list that it has not answered
 *
 * @param q Queue
 */
void lists_resume(struct queue *q)
{
	const struct instruction *in = q->inbox.head;

	if (in && *in->ref)
		request_check(q->call, in->ref, in->verbs, in->run);
}


/**
 * Refuse all lists
 *
 * @param q      Queue
 * @param reason Why, as a sentence
 */
void lists_refuse(struct queue *q, const char *reason)
{
	struct error f;

	while (q->inbox.head) {
		error_init(&f);
		(void)error_set(&f, 409, NULL, "%s", reason);
		refuse(q, &f);
	}
}
