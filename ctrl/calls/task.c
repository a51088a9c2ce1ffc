/**
 * @file task.c  The verb at hand of a call, and how far it has come
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "attempts.h"
#include "base/base.h"
#include "call.h"
#include "calls.h"
#include "json.h"
#include "keephook.h"
#include "notice.h"
#include "stream/stream.h"
#include "task.h"
#include "verb.h"


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


/**
 * Tell whether a verb can run on a call as it is.  A sip:refer or a
 * play answers a call that came in.  Until a call that we make is up, all
 * verbs wait but those that end it.
 *
 * @param c Call
 * @param v Verb
 *
 * @return True if it can
 */
bool task_ready(const struct call *c, const struct verb *v)
{
	if (call_answered(c))
		return true;

	if (v->kind == VERB_HANGUP || v->kind == VERB_SIP_DECLINE)
		return true;

	return call_inbound(c) && !verb_transfers(v) &&
	       v->kind != VERB_SIP_REQUEST && v->kind != VERB_PLAY;
}


/**
 * Tell whether the node is asked to start another target of a verb
 *
 * @param t Task
 *
 * @return True if so, and the verb has begun
 */
bool task_tries(const struct task *t)
{
	return t->stage == STAGE_ASKED && t->verb->attempts &&
	       t->verb->attempts->begun;
}


/**
 * Tell whether a REFER was sent, or is about to be
 *
 * @param t Task
 *
 * @return True if one is
 */
bool task_transfers(const struct task *t)
{
	return t->verb && verb_transfers(t->verb) && !verb_is_warm(t->verb) &&
	       (t->stage == STAGE_ASKED || t->stage == STAGE_RUNNING);
}


/**
 * Move to another stage
 *
 * @param t     Task
 * @param stage Stage
 */
void task_set_stage(struct task *t, enum stage stage)
{
	log_debug("task: %s: %s, %s -> %s", call_sid(t->call),
		  t->verb ? verb_name(t->verb->kind) : "-",
		  stage_name(t->stage), stage_name(stage));

	t->stage = stage;
	t->touched(t->arg);
}


/**
 * Ask the node to start the verb, or its current target
 *
 * @param t Task with a verb that is SIP
 */
void task_ask(struct task *t)
{
	request_ref(t->ref, t->call);
	task_set_stage(t, STAGE_ASKED);
	request_run(t->call, t->ref, t->verb);
}


/**
 * Tell that a verb has begun, unless it began with an earlier target
 *
 * @param t Task with a verb
 */
void task_begin(struct task *t)
{
	struct attempts *a = t->verb->attempts;
	const bool begun = a && a->begun;

	if (a)
		a->begun = true;
	task_set_stage(t, STAGE_RUNNING);
	if (!begun)
		notice_status(t->call, t->verb, "starting", NULL);
}


/**
 * Drop the verb without a further message
 *
 * @param t Task
 */
void task_drop(struct task *t)
{
	if (t->verb)
		keephook_over(t->call, t->verb);
	verbs_free(t->verb);
	t->verb = NULL;
	t->superseded = t->cancelled = false;
	t->ref[0] = '\0';
	t->pause_end = 0;
	task_set_stage(t, STAGE_IDLE);
}


/**
 * Tell that a verb is done
 *
 * @param t       Task with a verb
 * @param dry_run Result of the dry run, as JSON text; NULL if the verb was
 *                none
 */
void task_finish(struct task *t, const char *dry_run)
{
	notice_status(t->call, t->verb, "finished", dry_run);
	task_drop(t);
}


/**
 * Tell that a verb is done.  The next one may have to wait until its hook is
 * answered.
 *
 * @param t    Task with a verb
 * @param wait True if an answer to its hook may come
 */
void task_end(struct task *t, bool wait)
{
	task_finish(t, NULL);

	if (wait && !call_over(t->call))
		task_set_stage(t, STAGE_HOOKED);
}


/**
 * Tell the sender of a verb that it can't be done
 *
 * @param t      Task with a verb
 * @param status HTTP status for it
 * @param field  Name of the field at fault, NULL if none is
 * @param error  The error, as a sentence
 */
void task_refuse(struct task *t, int status, const char *field,
		 const char *error)
{
	struct error f;

	error_init(&f);
	if (status == 400) {
		verb_refusal(t->verb, 0, field, error, &f);
	}
	else {
		verb_error(t->verb, &f);
		error_set_node(&f, status, field, error);
	}
	reply_error(t->verb->owner, &f, call_sid(t->call));
	task_drop(t);
}


/**
 * Write a task, for task_load() to read
 *
 * @param j Text, in an open object
 * @param t Task
 */
void task_save(struct json *j, const struct task *t)
{
	json_int(j, "stage", t->stage);
	verbs_print(j, "verb", t->verb);
	json_str(j, "ref", t->ref);
	json_bool(j, "superseded", t->superseded);
	json_bool(j, "cancelled", t->cancelled);
	json_int(j, "pause_end", t->pause_end);
}


/**
 * Read what task_save() wrote.  A hook that was asked about before the restart
 * is not waited for any longer.
 *
 * @param t   Idle task
 * @param obj Object
 *
 * @return 0, ENOMEM, or EBADMSG if it has no ref, or a verb in it is not valid
 */
int task_load(struct task *t, const cJSON *obj)
{
	const char *ref = field_str(obj, "ref");
	int err;

	if (!ref)
		return EBADMSG;

	err = verbs_load(&t->verb,
			 cJSON_GetObjectItemCaseSensitive(obj, "verb"));
	if (err || !t->verb)
		return err;

	(void)snprintf(t->ref, sizeof(t->ref), "%s", ref);
	t->stage = (enum stage)field_int(obj, "stage", STAGE_IDLE);
	t->pause_end = field_int(obj, "pause_end", 0);
	t->superseded = field_bool(obj, "superseded");
	t->cancelled = field_bool(obj, "cancelled");

	return 0;
}
