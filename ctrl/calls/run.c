/**
 * @file run.c  The verb at hand of a call, from its start to its end
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "call.h"
#include "calls.h"
#include "json.h"
#include "keephook.h"
#include "nodes/nodes.h"
#include "notice.h"
#include "own.h"
#include "request.h"
#include "runstep.h"
#include "task.h"
#include "transferend.h"
#include "tries.h"
#include "verb.h"
#include "warm.h"


static void stop(struct run *r)
{
	own_stop(&r->own);
	warm_destroy(r->warm);
	r->warm = NULL;
}


static void drop(struct run *r)
{
	stop(r);
	task_drop(&r->task);
}


/**
 * End the verb at hand, without a hook
 *
 * @param r Run
 */
void run_finish(struct run *r)
{
	stop(r);
	task_finish(&r->task, NULL);
}


/**
 * Go on if the transfer that has called the target first is over
 *
 * @param r Run with such a transfer
 */
void run_conclude(struct run *r)
{
	struct warm *w = r->warm;
	struct transfer_end end;

	if (!warm_over(w))
		return;

	r->warm = NULL;
	warm_end(w, &end);
	transferend(&r->task, &end);
	warm_destroy(w);
}


static void warm_handler(void *arg)
{
	struct run *r = arg;

	run_conclude(r);
	r->e->idle(r->arg);
}


static int warm_new(struct run *r)
{
	return warm_create(&r->warm, &r->task, warm_handler, r);
}


static void warm_begin(struct run *r)
{
	task_begin(&r->task);
	if (warm_new(r))
		task_refuse(&r->task, 500, NULL, strerror(ENOMEM));
	else
		warm_start(r->warm);
}


/**
 * Go on as the node has started the verb.  A dry run has been done with that,
 * and so may be what ends with the call.
 *
 * @param r       Run
 * @param dry_run Result of the dry run, as JSON text; NULL if the verb was
 *                none
 */
void run_begin(struct run *r, const char *dry_run)
{
	task_begin(&r->task);

	if (dry_run)
		task_finish(&r->task, dry_run);
	else
		run_call_changed(r);
}


/* The answer cannot come any more */
static void unanswered(struct run *r, const char *why)
{
	struct task *t = &r->task;
	const struct report report = {.error = why};

	if (t->verb->kind == VERB_SIP_REQUEST)
		task_end(t,
			 notice_response(t->call, t->verb, &report, t->hook));
	else
		run_finish(r);
}


static void start_waiting(struct task *t)
{
	task_set_stage(t, STAGE_WAITING);

	if (call_inbound(t->call)) {
		request_ref(t->ref, t->call);
		request_answer(t->call, t->ref);
	}
}


static void start(struct run *r)
{
	struct task *t = &r->task;

	if (!task_ready(t->call, t->verb)) {
		start_waiting(t);
	}
	else if (verb_is_warm(t->verb)) {
		warm_begin(r);
	}
	else if (verb_is_sip(t->verb)) {
		task_ask(t);
	}
	else {
		own_start(&r->own);
	}
}


/**
 * Make what runs the verbs of a call
 *
 * @param rp  Pointer to the new run
 * @param c   Call, which must outlive the run
 * @param e   Handlers
 * @param arg Handler argument
 *
 * @return 0, or ENOMEM
 */
int run_create(struct run **rp, struct call *c, const struct run_events *e,
	       void *arg)
{
	struct run *r = calloc(1, sizeof(*r));

	if (!r)
		return ENOMEM;

	r->task.call = c;
	r->task.touched = e->touched;
	r->task.arg = arg;
	r->e = e;
	r->arg = arg;
	own_init(&r->own, &r->task, e->idle, arg);

	*rp = r;

	return 0;
}


/**
 * Free a run
 *
 * @param r Run, may be NULL
 */
void run_destroy(struct run *r)
{
	if (!r)
		return;

	stop(r);
	verbs_free(r->task.verb);
	free(r);
}


/**
 * Tell whether the next verb may start
 *
 * @param r Run
 *
 * @return True if nothing is at hand
 */
bool run_idle(const struct run *r)
{
	return r->task.stage == STAGE_IDLE;
}


/**
 * Tell whether a transfer is in progress
 *
 * @param r Run
 *
 * @return True if one is, and it is not being given up
 */
bool run_transferring(const struct run *r)
{
	return task_transfers(&r->task) && !r->task.superseded;
}


/**
 * Get the verb at hand
 *
 * @param r   Run
 * @param ref Reference of the verb at the node; NULL for any
 *
 * @return The verb, NULL if there is none or it has another reference
 */
const struct verb *run_verb(const struct run *r, const char *ref)
{
	return !ref || !strcmp(r->task.ref, ref) ? r->task.verb : NULL;
}


/**
 * Start a verb
 *
 * @param r Run, idle
 * @param v Verb, which is taken over
 */
void run_start(struct run *r, struct verb *v)
{
	r->task.verb = v;
	keephook_wait(r->task.call, v);
	start(r);
}


/**
 * Take a verb that the node has started already
 *
 * @param r       Run, idle
 * @param v       Verb, which is taken over
 * @param ref     Reference of the verb at the node
 * @param dry_run Result of the dry run, as JSON text; NULL if the verb was
 *                none
 */
void run_started(struct run *r, struct verb *v, const char *ref,
		 const char *dry_run)
{
	r->task.verb = v;
	(void)snprintf(r->task.ref, sizeof(r->task.ref), "%s", ref);
	if (!dry_run)
		keephook_wait(r->task.call, v);
	run_begin(r, dry_run);
}


/**
 * Stop what runs, for another list to take its place.  A call that is about
 * to end is left to end; a transfer has to say first how it ended.
 *
 * @param r Run
 */
void run_supersede(struct run *r)
{
	struct task *t = &r->task;

	if (t->stage == STAGE_HOOKED) {
		task_set_stage(t, STAGE_IDLE);
		return;
	}

	if (!t->verb || t->verb->kind == VERB_HANGUP ||
	    t->verb->kind == VERB_SIP_DECLINE)
		return;

	if (r->warm) {
		t->superseded = true;
		warm_cancel(r->warm);
		run_conclude(r);
		return;
	}

	if (task_transfers(t) || t->verb->kind == VERB_PLAY)
		request_cancel(t->call, false);

	if (task_transfers(t)) {
		t->superseded = true;
		t->touched(t->arg);
	}
	else if (t->stage == STAGE_RUNNING) {
		run_finish(r);
	}
	else {
		drop(r);
	}
}


/**
 * Repeat the requests that the node has not answered: the connection is back,
 * and all reports of the old one have arrived
 *
 * @param r Run
 */
void run_resume(struct run *r)
{
	struct task *t = &r->task;

	if (r->warm) {
		warm_resume(r->warm);
		run_conclude(r);
		return;
	}

	if (t->stage == STAGE_ASKED)
		request_run(t->call, t->ref, t->verb);
	else if (t->stage == STAGE_WAITING && *t->ref)
		request_answer(t->call, t->ref);

	if (t->superseded || t->cancelled)
		request_cancel(t->call, t->cancelled);
}


/**
 * Assume that the node has sent a REFER that it was asked to send: the node is
 * gone, and the truth is unknown
 *
 * @param r Run
 */
void run_doubt(struct run *r)
{
	const struct task *t = &r->task;

	if (r->warm)
		warm_doubt(r->warm);
	else if (t->stage == STAGE_ASKED && verb_refers(t->verb))
		run_begin(r, NULL);
}


/**
 * Get the sip:refer whose REFER was sent
 *
 * @param r Run
 *
 * @return The verb, NULL if no transfer is in progress
 */
const struct verb *run_refer(const struct run *r)
{
	const struct task *t = &r->task;

	if (r->warm)
		return warm_refer_sent(r->warm) ? t->verb : NULL;

	return t->stage == STAGE_RUNNING && verb_refers(t->verb) ? t->verb
								 : NULL;
}


/**
 * Give up: the node is gone, and the call with it
 *
 * @param r      Run
 * @param reason Why, as a sentence
 */
void run_abandon(struct run *r, const char *reason)
{
	struct task *t = &r->task;

	if (r->warm) {
		warm_abandon(r->warm, reason);
		run_conclude(r);
		return;
	}

	if (task_tries(t))
		tries_give_up(t, NULL, reason);
	else if (t->stage == STAGE_ASKED || t->stage == STAGE_WAITING)
		task_refuse(t, 503, NULL, reason);
	else if (t->stage == STAGE_RUNNING)
		unanswered(r, reason);
	else if (t->stage == STAGE_HOOKED)
		task_set_stage(t, STAGE_IDLE);
}


/* A transfer outlives its call until the node reports its end; and the node
   still answers open requests */
static void call_closed(struct run *r)
{
	struct task *t = &r->task;

	if (r->warm) {
		warm_caller_over(r->warm);
		run_conclude(r);
		return;
	}

	if (t->stage == STAGE_HOOKED)
		task_set_stage(t, STAGE_IDLE);
	else if (t->stage == STAGE_WAITING)
		drop(r);
	else if (t->stage == STAGE_RUNNING && !task_transfers(t))
		unanswered(r, "the call has ended");
}


/**
 * Look at the call again: its state has changed
 *
 * @param r Run
 */
void run_call_changed(struct run *r)
{
	struct task *t = &r->task;

	if (call_over(t->call)) {
		call_closed(r);
		return;
	}

	if (!call_answered(t->call) || !t->verb)
		return;

	if (t->stage == STAGE_WAITING)
		start(r);
	else if (t->stage == STAGE_RUNNING && t->verb->kind == VERB_ANSWER)
		run_finish(r);
}


/**
 * Go on after an actionHook: it was answered, or the wait is over
 *
 * @param r    Run
 * @param hook Id of the hook
 */
void run_hook_done(struct run *r, const char *hook)
{
	struct task *t = &r->task;

	if (t->stage == STAGE_HOOKED && !strcmp(t->hook, hook))
		task_set_stage(t, STAGE_IDLE);
}


/**
 * Take a key that was pressed on the second call of a transfer
 *
 * @param r     Run of the first one
 * @param sid   call_sid of the second one
 * @param digit Key
 */
void run_digit(struct run *r, const char *sid, const char *digit)
{
	if (!r->warm)
		return;

	warm_digit(r->warm, sid, digit);
	run_conclude(r);
}


/**
 * Look at the second call of a transfer again: its state has changed
 *
 * @param r      Run of the first one
 * @param second The second one
 *
 * @return False if the verb at hand has made no second call
 */
bool run_second(struct run *r, const struct call *second)
{
	bool known;

	if (!r->warm)
		return false;

	known = warm_second(r->warm, second);
	run_conclude(r);

	return known;
}


/**
 * Tell whether a hook asks for the music on hold of the caller
 *
 * @param r    Run
 * @param hook Id of the hook
 *
 * @return True if it does
 */
bool run_holds(const struct run *r, const char *hook)
{
	return warm_awaits(r->warm, hook);
}


/**
 * Take the music on hold of the caller
 *
 * @param r    Run
 * @param list Verbs of the answer
 * @param f    Set if the verbs are not valid
 *
 * @return 0, ENOMEM, or EBADMSG with the error set
 */
int run_hold_music(struct run *r, const struct verb *list, struct error *f)
{
	return warm_music(r->warm, list, f);
}


/**
 * Write a run, for run_load() to read
 *
 * @param j   Text
 * @param key Name of the member
 * @param r   Run
 */
void run_save(struct json *j, const char *key, const struct run *r)
{
	json_open(j, key, '{');
	task_save(j, &r->task);
	warm_save(j, r->warm);
	json_close(j, '}');
}


/**
 * Read what run_save() wrote
 *
 * @param r   New run
 * @param obj Object
 *
 * @return 0, ENOMEM, or EBADMSG if it has no ref, or a verb in it is not valid
 */
int run_load(struct run *r, const struct cJSON *obj)
{
	const cJSON *warm = cJSON_GetObjectItemCaseSensitive(obj, "warm");
	int err = task_load(&r->task, obj);

	if (err)
		return err;

	own_resume(&r->own);
	if (!warm || !r->task.verb || !r->task.verb->warm)
		return 0;

	err = warm_new(r);

	return err ? err : warm_load(r->warm, warm);
}
