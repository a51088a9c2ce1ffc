/**
 * @file transferend.c  How a verb transfer ends, and what follows
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "attempts.h"
#include "base/base.h"
#include "call.h"
#include "calls.h"
#include "hooks/hooks.h"
#include "json.h"
#include "notice.h"
#include "request.h"
#include "stream/stream.h"
#include "task.h"
#include "transfer.h"
#include "transferend.h"
#include "transferevent.h"
#include "transferverb.h"
#include "tries.h"
#include "verb.h"


/* As the actionHook of jambonz has it */
struct result {
	const char *result;
	const char *reason;
	int status;
	enum disposition follows;
};


static enum disposition follows(const struct task *t,
				const struct transfer_end *e)
{
	if (e->bridged || e->last || t->superseded || call_over(t->call))
		return DISPOSITION_RETURN;

	return t->verb->transfer->dispositions[e->failure];
}


/* A call that was answered fails only if its baresip is gone */
static bool has_left(const struct call *c)
{
	return call_over(c) && !strcmp(call_state(c), "completed");
}


static void set_failed(struct result *r, const struct task *t,
		       const struct transfer_end *e)
{
	const bool gone = call_over(t->call);
	const bool error = gone || e->failure == FAILURE_ERROR;

	r->result = error ? "failed" : "returned";
	r->reason = failure_reason(error ? FAILURE_ERROR : e->failure);
	if (has_left(t->call))
		r->reason = "caller-abandoned";
	r->follows = follows(t, e);
	if (r->follows == DISPOSITION_VOICEMAIL)
		r->result = "voicemail";
}


/* Why the mailbox was called counts, if it has the caller */
static void set_result(struct result *r, const struct task *t,
		       const struct transfer_end *e)
{
	const struct attempts *a = t->verb->attempts;

	*r = (struct result){.follows = DISPOSITION_RETURN,
			     .status = e->status};
	if (!e->bridged) {
		set_failed(r, t, e);
	}
	else if (attempts_at_mailbox(a)) {
		r->result = "voicemail";
		r->reason = failure_reason(a->failure);
		r->status = a->status;
	}
	else {
		r->result = "bridged";
		r->reason = "completed";
	}
}


static void tell(const struct task *t, const struct transfer_end *e,
		 const struct result *r)
{
	const struct verb *v = t->verb;
	const struct attempts *a = v->attempts;

	transferevent_tell(
		t->call, v,
		&(struct transfer_event){
			.event = "ended",
			.mode = v->transfer->warm ? "warm" : "blind",
			.attempt = attempts_number(a),
			.attempts = attempts_most(a),
			.target = attempts_at(a)->target,
			.dial_call_sid = e->dial_call_sid,
			.call_status = e->status,
			.reason = e->reason,
			.result = r->result,
			.result_reason = r->reason,
			.sip_status = r->status,
		});
}


static void print(struct json *j, const struct task *t,
		  const struct transfer_end *e, const struct result *r)
{
	const struct verb *v = t->verb;

	json_str(j, "transfer_result", r->result);
	json_str(j, "transfer_reason", r->reason);
	if (r->status)
		json_int(j, "sip_status", r->status);
	json_str(j, "dial_call_sid", e->dial_call_sid);
	json_str(j, "reason", e->reason);
	notice_attempts(j, "attempts", v);
	json_str(j, "transfer_id", e->transfer ? e->transfer->id : NULL);
	json_str(j, "verb_id", v->id);
	json_raw(j, "customerData", call_tag(t->call));
	call_print_plain(j, t->call);
}


/* True if an answer may come */
static bool post(struct task *t, const struct transfer_end *e,
		 const struct result *r)
{
	const struct verb *v = t->verb;
	struct json j;
	bool wait;

	if (!v->action.url)
		return false;

	json_init(&j);
	json_open(&j, NULL, '{');
	print(&j, t, e, r);
	json_close(&j, '}');

	wait = hooks_post(
		&(struct hook_post){
			.kind = HOOK_ACTION,
			.hook = &v->action,
			.client = v->owner,
			.dialect = v->dialect,
			.call_sid = call_sid(t->call),
			.transfer_id = e->transfer ? e->transfer->id : NULL,
			.verb_id = v->id,
			.trace = v->trace,
			.data = json_done(&j),
			.begun = e->transfer ? e->transfer->started : 0},
		t->hook);
	json_free(&j);

	return wait;
}


/* As a redirect does: true if the verbs of the voicemail are waited for */
static bool fetch(struct task *t)
{
	const struct hook *hook = &t->verb->transfer->voicemail;
	const struct sender *owner = t->verb->owner;

	if (owner && owner->kind == SENDER_APP &&
	    calls_events()->redirect(t->call, hook->url))
		return false;

	return notice_redirect(t->call, t->verb, hook, t->hook);
}


/* Nothing that waits may start before the call ends */
static void hang_up(struct task *t, const char *trace)
{
	cJSON *obj = cJSON_CreateObject();
	struct error f;

	error_init(&f);
	cJSON_AddStringToObject(obj, "verb", "hangup");
	if (verbs_parse(&t->verb, obj, &f) || verbs_trace(t->verb, trace))
		log_error("transfer: %s: out of memory", call_sid(t->call));
	else
		task_ask(t);
	cJSON_Delete(obj);
}


/**
 * End a verb transfer after its targets, and do what it asks for then: its
 * task may be at the mailbox, at the end of the call, or at nothing
 *
 * @param t Task with the verb
 * @param e Result of its targets
 */
void transferend(struct task *t, const struct transfer_end *e)
{
	struct attempts *a = t->verb->attempts;
	char trace[TRACE_SIZE];
	struct result r;
	bool wait;

	set_result(&r, t, e);
	if (r.follows == DISPOSITION_VOICEMAIL && a->mailbox) {
		tries_tell_next(t, e->status, e->reason);
		a->failure = e->failure;
		a->status = e->status;
		attempts_mailbox(a);
		task_ask(t);
		return;
	}

	tell(t, e, &r);
	wait = post(t, e, &r) && !t->superseded &&
	       r.follows == DISPOSITION_RETURN;
	if (r.follows == DISPOSITION_VOICEMAIL)
		wait = fetch(t);

	(void)snprintf(trace, sizeof(trace), "%s", t->verb->trace);
	task_end(t, wait);
	if (r.follows == DISPOSITION_HANGUP)
		hang_up(t, trace);
}
