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
#include "base/base.h"
#include "calls.h"
#include "hooks/hooks.h"
#include "json.h"
#include "nodes/nodes.h"
#include "notice.h"
#include "request.h"
#include "run.h"
#include "session.h"
#include "stream/stream.h"
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
 * Only verbs with an actionHook are HOOKED; the others go to IDLE at once.
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
	notice_status(r->s, r->verb, "finished", NULL);
	drop(r);
}


/* What a verb does has begun.  A dry run has been done with that, and so may
   be what ends with the call. */
static void begin(struct run *r, const char *dry_run)
{
	notice_status(r->s, r->verb, "starting", NULL);
	set_stage(r, STAGE_RUNNING);

	if (dry_run) {
		notice_status(r->s, r->verb, "finished", dry_run);
		drop(r);
		return;
	}

	run_call_changed(r);
}


static void refuse(struct run *r, int status, const char *field,
		   const char *error)
{
	struct error f;

	error_init(&f);
	verb_error(r->verb, &f);
	error_set_node(&f, status, field, error);
	reply_error(r->verb->owner, &f, call_sid(r->s->call));
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


/* Ends the verb; the next one waits until its hook is answered */
static void end(struct run *r, bool wait)
{
	finish(r);

	if (wait && !call_over(r->s->call))
		set_stage(r, STAGE_HOOKED);
}


static void start_own(struct run *r)
{
	struct verb *v = r->verb;
	bool owned = v->owner && v->owner->kind == SENDER_APP;
	bool wait = false;

	if (v->kind == VERB_PAUSE) {
		r->pause_end = clock_ms() + (int64_t)(v->length * 1000);
		pause_start(r);
		begin(r, NULL);
		return;
	}

	/* nothing else may start for what the verb brings about */
	set_stage(r, STAGE_RUNNING);
	notice_status(r->s, v, "starting", NULL);

	if (v->kind == VERB_CONFIG && v->notify >= 0)
		r->s->notify = v->notify;
	else if (v->kind == VERB_TAG)
		session_tag(r->s, v->tag);
	else if (v->kind == VERB_REDIRECT &&
		 !(owned && calls_events()->redirect(r->s, v->action.url)))
		wait = notice_redirect(r->s, v, r->hook);

	end(r, wait);
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
 * Tell whether a verb can run on the call as it is.  A sip:refer or a
 * play answers a call that came in.  Until a call that we make is up, all
 * verbs wait but those that end it.
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

	return call_inbound(r->s->call) && v->kind != VERB_SIP_REFER &&
	       v->kind != VERB_PLAY;
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

	if (is_refer(r) || r->verb->kind == VERB_PLAY)
		request_cancel(r->s);

	if (is_refer(r)) {
		r->superseded = true;
		session_touch(r->s);
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
 * Take a REFER for sent that the node was asked to send: it is gone, and
 * nobody else knows
 *
 * @param r      Run
 * @param target Its referTo, to be freed; may be NULL
 *
 * @return Reference of the verb, NULL if it is not about a REFER
 */
const char *run_doubt(struct run *r, char **target)
{
	*target = NULL;
	if (!is_refer(r) || !verb_refers(r->verb, target))
		return NULL;

	if (r->stage == STAGE_ASKED)
		begin(r, NULL);

	return r->ref;
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
	bool wait;

	if (!is_refer(r))
		return;

	notice_notify(r->s, r->verb, t);
	if (!t->outcome)
		return;

	/* one that had to make room does not hold up what takes its place */
	wait = notice_transferred(r->s, r->verb, t, r->hook);
	end(r, wait && !r->superseded);
}


/**
 * Take what the node says of what was played
 *
 * @param r      Run
 * @param report Report
 */
void run_played(struct run *r, const struct report *report)
{
	if (!r->verb || r->verb->kind != VERB_PLAY ||
	    r->stage != STAGE_RUNNING || strcmp(r->ref, report->ref))
		return;

	end(r, notice_played(r->s, r->verb, report, r->hook));
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
	const char *ref = field_str(obj, "ref");
	int err;

	if (!ref)
		return EBADMSG;

	err = verbs_load(&r->verb,
			 cJSON_GetObjectItemCaseSensitive(obj, "verb"));
	if (err || !r->verb)
		return err;

	(void)snprintf(r->ref, sizeof(r->ref), "%s", ref);
	r->stage = (enum stage)field_int(obj, "stage", STAGE_IDLE);
	r->pause_end = field_int(obj, "pause_end", 0);
	r->superseded = field_bool(obj, "superseded");

	if (r->stage == STAGE_RUNNING && r->verb->kind == VERB_PAUSE)
		pause_start(r);

	return 0;
}
