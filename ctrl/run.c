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
#include <ev.h>
#include "call.h"
#include "clock.h"
#include "emit.h"
#include "fault.h"
#include "hooks.h"
#include "json.h"
#include "log.h"
#include "reply.h"
#include "report.h"
#include "request.h"
#include "run.h"
#include "session.h"
#include "transfer.h"
#include "verb.h"


/*
 *           it needs an answered call       the call is answered
 *  IDLE -----------------------> WAITING ---------.
 *   | |                                           |
 *   | |       the node is asked to start it       v
 *   | '----------------------------------------> ASKED
 *   |                                             | it has started
 *   |             it is ours: a pause             v
 *   '------------------------------------------> RUNNING
 *                                                 | it has ended
 *             its hook was answered               v
 *  IDLE <---------------------------------------- HOOKED
 *
 * Only a sip:refer is HOOKED; every other verb goes from RUNNING to IDLE.
 */
enum stage {
	STAGE_IDLE,
	STAGE_WAITING,
	STAGE_ASKED,
	STAGE_RUNNING,
	STAGE_HOOKED,
};

struct run {
	struct session *s; /* owns us, by way of its queue */
	enum stage stage;
	struct verb *verb;       /* NULL if IDLE or HOOKED */
	char ref[REF_SIZE];      /* by which the node knows the verb */
	char hook[HOOK_ID_SIZE]; /* that HOOKED waits for */
	bool superseded;         /* the transfer is being cancelled */
	int64_t pause_end;       /* ms since 1970 */
	ev_timer pause;
	run_idle_h *h;
	void *arg;
};


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


static void set_stage(struct run *r, enum stage stage)
{
	log_debug("run: %s: %s, %s -> %s", call_sid(r->s->call),
		  r->verb ? verb_name(r->verb->kind) : "-",
		  stage_name(r->stage), stage_name(stage));

	r->stage = stage;
	session_touch(r->s);
}


static void verb_status(const struct run *r, const struct verb *v,
			const char *event, const char *dry_run)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "event", event);
	json_str(&j, "verb", verb_name(v->kind));
	json_str(&j, "name", verb_name(v->kind));
	json_str(&j, "id", v->id);
	json_raw(&j, "dry_run", dry_run);
	json_close(&j, '}');

	(void)emit(&(struct emission){.type = "verb:status",
				      .call_sid = call_sid(r->s->call),
				      .data = json_done(&j),
				      .jambonz = r->s->notify});
	json_free(&j);
}


static void drop(struct run *r)
{
	ev_timer_stop(EV_DEFAULT_ & r->pause);
	verbs_free(r->verb);
	r->verb = NULL;
	r->superseded = false;
	r->ref[0] = '\0';
	r->pause_end = 0;
	set_stage(r, STAGE_IDLE);
}


static void finish(struct run *r)
{
	verb_status(r, r->verb, "finished", NULL);
	drop(r);
}


/* What a verb does has begun.  A dry run has been done with that, and so may
   be what ends with the call. */
static void begin(struct run *r, const char *dry_run)
{
	verb_status(r, r->verb, "starting", NULL);
	set_stage(r, STAGE_RUNNING);

	if (dry_run) {
		verb_status(r, r->verb, "finished", dry_run);
		drop(r);
		return;
	}

	run_call_changed(r);
}


static void refuse(struct run *r, int status, const char *field,
		   const char *error)
{
	struct fault f;

	fault_init(&f);
	f.position = r->verb->position;
	(void)snprintf(f.verb, sizeof(f.verb), "%s", verb_name(r->verb->kind));
	(void)fault_set(&f, status, NULL, "%s", error);

	/* the sentence of the node has the field already */
	if (field)
		(void)snprintf(f.field, sizeof(f.field), "%s", field);

	reply_fault(r->verb->owner, &f, call_sid(r->s->call));
	drop(r);
}


static bool is_refer(const struct run *r)
{
	return r->verb && r->verb->kind == VERB_SIP_REFER &&
	       (r->stage == STAGE_ASKED || r->stage == STAGE_RUNNING);
}


static void pause_handler(EV_P_ ev_timer *w, int revents)
{
	struct run *r = w->data;
	(void)loop;
	(void)revents;

	finish(r);
	r->h(r->arg);
}


static void pause_start(struct run *r)
{
	int64_t left = r->pause_end - clock_ms();

	ev_timer_set(&r->pause, left > 0 ? (double)left / 1000 : 0., 0.);
	ev_timer_start(EV_DEFAULT_ & r->pause);
}


static void start_own(struct run *r)
{
	if (r->verb->kind == VERB_CONFIG) {
		verb_status(r, r->verb, "starting", NULL);
		r->s->notify = r->verb->notify;
		finish(r);
		return;
	}

	r->pause_end = clock_ms() + (int64_t)(r->verb->length * 1000);
	pause_start(r);
	begin(r, NULL);
}


static void start_waiting(struct run *r)
{
	set_stage(r, STAGE_WAITING);

	if (call_inbound(r->s->call)) {
		request_ref(r->ref, r->s);
		request_answer(r->s, r->ref);
	}
}


static void start(struct run *r)
{
	if (!run_ready(r, r->verb)) {
		start_waiting(r);
	}
	else if (verb_is_sip(r->verb)) {
		request_ref(r->ref, r->s);
		set_stage(r, STAGE_ASKED);
		request_run(r->s, r->ref, r->verb);
	}
	else {
		start_own(r);
	}
}


static bool post_hook(struct run *r, const struct verb *v,
		      const struct transfer *t, bool action,
		      char id[HOOK_ID_SIZE])
{
	struct json j;
	bool wait;

	json_init(&j);
	json_open(&j, NULL, '{');
	if (action)
		transfer_print_action(&j, t, v->dialect);
	else
		transfer_print_event(&j, t, v->dialect);
	call_print(&j, r->s->call, action);
	json_close(&j, '}');

	wait = hooks_post(
		&(struct hook_post){
			.hook = action ? &v->action : &v->event,
			.client = v->owner,
			.dialect = v->dialect,
			.call_sid = call_sid(r->s->call),
			.transfer_id = transfer_id(t),
			.verb_id = v->id,
			.data = json_done(&j),
			.action = action,
		},
		id);
	json_free(&j);

	return wait;
}


/* A transfer that had to make room does not hold up what takes its place */
static void transfer_done(struct run *r, const struct transfer *t)
{
	bool wait = !r->superseded && !call_over(r->s->call);
	struct verb *v = r->verb;

	r->verb = NULL;
	drop(r);
	verb_status(r, v, "finished", NULL);

	if (v->action.url && post_hook(r, v, t, true, r->hook) && wait)
		set_stage(r, STAGE_HOOKED);

	verbs_free(v);
}


/**
 * Make what runs the verbs of a session
 *
 * @param rp  Pointer to the new run
 * @param s   Session
 * @param h   Called when a verb has ended by itself
 * @param arg Handler argument
 *
 * @return 0 if success, otherwise errorcode
 */
int run_create(struct run **rp, struct session *s, run_idle_h *h, void *arg)
{
	struct run *r = calloc(1, sizeof(*r));

	if (!r)
		return ENOMEM;

	r->s = s;
	r->h = h;
	r->arg = arg;
	ev_timer_init(&r->pause, pause_handler, 0., 0.);
	r->pause.data = r;

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

	ev_timer_stop(EV_DEFAULT_ & r->pause);
	verbs_free(r->verb);
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
	return r->stage == STAGE_IDLE;
}


/**
 * Tell whether a transfer is in progress
 *
 * @param r Run
 *
 * @return True if one is, and nobody wants to be rid of it
 */
bool run_transferring(const struct run *r)
{
	return is_refer(r) && !r->superseded;
}


/**
 * Tell whether a verb can run on the call as it is.  A sip:refer answers a
 * call that came in.  Until a call that we make is up, all verbs wait but
 * those that end it.
 *
 * @param r Run
 * @param v Verb
 *
 * @return True if it can
 */
bool run_ready(const struct run *r, const struct verb *v)
{
	if (call_answered(r->s->call))
		return true;

	if (v->kind == VERB_HANGUP || v->kind == VERB_SIP_DECLINE)
		return true;

	return call_inbound(r->s->call) && v->kind != VERB_SIP_REFER;
}


/**
 * Get the verb at hand
 *
 * @param r   Run
 * @param ref Reference by which the node knows it; NULL if it does not matter
 *
 * @return The verb, NULL if there is none or it is not that one
 */
const struct verb *run_verb(const struct run *r, const char *ref)
{
	return !ref || !strcmp(r->ref, ref) ? r->verb : NULL;
}


/**
 * Start a verb
 *
 * @param r Run, idle
 * @param v Verb, which is taken over
 */
void run_start(struct run *r, struct verb *v)
{
	r->verb = v;
	start(r);
}


/**
 * Take a verb that the node has started already
 *
 * @param r       Run, idle
 * @param v       Verb, which is taken over
 * @param ref     Reference by which the node knows it
 * @param dry_run What the node would have sent, as JSON text; NULL if the
 *                verb was no dry run
 */
void run_started(struct run *r, struct verb *v, const char *ref,
		 const char *dry_run)
{
	r->verb = v;
	(void)snprintf(r->ref, sizeof(r->ref), "%s", ref);
	begin(r, dry_run);
}


/**
 * Stop what runs, for another list to take its place.  A call that is about
 * to end is left to end; a transfer has to say first how it ended.
 *
 * @param r Run
 */
void run_supersede(struct run *r)
{
	if (r->stage == STAGE_HOOKED) {
		set_stage(r, STAGE_IDLE);
		return;
	}

	if (!r->verb || r->verb->kind == VERB_HANGUP ||
	    r->verb->kind == VERB_SIP_DECLINE)
		return;

	if (is_refer(r)) {
		r->superseded = true;
		session_touch(r->s);
		request_cancel(r->s);
	}
	else if (r->stage == STAGE_RUNNING) {
		finish(r);
	}
	else {
		drop(r);
	}
}


/**
 * Ask again what the node has not answered: the connection is back, and
 * whatever it had to say on the old one has been said
 *
 * @param r Run
 */
void run_resume(struct run *r)
{
	if (r->stage == STAGE_ASKED)
		request_run(r->s, r->ref, r->verb);
	else if (r->stage == STAGE_WAITING && *r->ref)
		request_answer(r->s, r->ref);

	if (r->superseded)
		request_cancel(r->s);
}


/**
 * Give up: the node is gone, and the call with it
 *
 * @param r      Run
 * @param reason Why, as a sentence
 */
void run_abandon(struct run *r, const char *reason)
{
	if (r->stage == STAGE_ASKED || r->stage == STAGE_WAITING)
		refuse(r, 503, NULL, reason);
	else if (r->stage == STAGE_RUNNING)
		finish(r);
	else if (r->stage == STAGE_HOOKED)
		set_stage(r, STAGE_IDLE);
}


/* A transfer outlives its call, until the node says how it ended; and what
   was asked of the node will be answered */
static void call_closed(struct run *r)
{
	if (r->stage == STAGE_HOOKED)
		set_stage(r, STAGE_IDLE);
	else if (r->stage == STAGE_WAITING)
		drop(r);
	else if (r->stage == STAGE_RUNNING && !is_refer(r))
		finish(r);
}


/**
 * Look at the call again: its state has changed
 *
 * @param r Run
 */
void run_call_changed(struct run *r)
{
	if (call_over(r->s->call)) {
		call_closed(r);
		return;
	}

	if (!call_answered(r->s->call) || !r->verb)
		return;

	if (r->stage == STAGE_WAITING)
		start(r);
	else if (r->stage == STAGE_RUNNING && r->verb->kind == VERB_ANSWER)
		finish(r);
}


/**
 * Take the answer of the node to a request
 *
 * @param r      Run
 * @param report Result
 */
void run_result(struct run *r, const struct report *report)
{
	if (strcmp(r->ref, report->ref))
		return;

	if (r->stage != STAGE_ASKED && r->stage != STAGE_WAITING)
		return;

	if (!report->ok)
		refuse(r, 400, report->field, report->error);
	else if (r->stage == STAGE_ASKED)
		begin(r, report->dry_run);
}


/**
 * Take a step of the transfer that the verb at hand asked for
 *
 * @param r Run
 * @param t Transfer
 */
void run_transfer(struct run *r, const struct transfer *t)
{
	char id[HOOK_ID_SIZE];

	if (!is_refer(r))
		return;

	if (transfer_notified(t) && r->verb->event.url)
		(void)post_hook(r, r->verb, t, false, id);

	if (transfer_ended(t))
		transfer_done(r, t);
}


/**
 * Go on after an actionHook: it was answered, or nobody waits any longer
 *
 * @param r    Run
 * @param hook Id of the hook
 */
void run_hook_done(struct run *r, const char *hook)
{
	if (r->stage == STAGE_HOOKED && !strcmp(r->hook, hook))
		set_stage(r, STAGE_IDLE);
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
	json_int(j, "stage", r->stage);
	verbs_print(j, "verb", r->verb);
	json_str(j, "ref", r->ref);
	json_bool(j, "superseded", r->superseded);
	json_int(j, "pause_end", r->pause_end);
	json_close(j, '}');
}


/**
 * Read what run_save() wrote.  Nobody who was asked about a hook before the
 * restart is waited for any longer.
 *
 * @param r   New run
 * @param obj Object
 *
 * @return 0 if success, otherwise errorcode
 */
int run_load(struct run *r, const cJSON *obj)
{
	const cJSON *stage = cJSON_GetObjectItemCaseSensitive(obj, "stage");
	const cJSON *end = cJSON_GetObjectItemCaseSensitive(obj, "pause_end");
	const char *ref = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(obj, "ref"));
	int err;

	if (!ref || !cJSON_IsNumber(stage) || !cJSON_IsNumber(end))
		return EBADMSG;

	err = verbs_load(&r->verb,
			 cJSON_GetObjectItemCaseSensitive(obj, "verb"));
	if (err || !r->verb)
		return err;

	(void)snprintf(r->ref, sizeof(r->ref), "%s", ref);
	r->stage = (enum stage)stage->valueint;
	r->pause_end = (int64_t)end->valuedouble;
	r->superseded = cJSON_IsTrue(
		cJSON_GetObjectItemCaseSensitive(obj, "superseded"));

	if (r->stage == STAGE_RUNNING && r->verb->kind == VERB_PAUSE)
		pause_start(r);

	return 0;
}
