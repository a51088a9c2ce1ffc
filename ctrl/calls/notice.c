/**
 * @file notice.c  Messages to clients about a verb: its status and its hooks
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdio.h>
#include <string.h>
#include "attempts.h"
#include "call.h"
#include "calls.h"
#include "hooks/hooks.h"
#include "json.h"
#include "nodes/nodes.h"
#include "notice.h"
#include "stream/stream.h"
#include "transfer.h"
#include "verb.h"


static int64_t moment; /* ms since 1970, 0 for now */


/**
 * Say when that came about which verbs start and finish for
 *
 * @param time Time in ms since 1970, 0 for now
 */
void notice_at(int64_t time)
{
	moment = time;
}


/**
 * Tell that a verb has started or finished
 *
 * @param c       Call
 * @param v       Verb
 * @param event   starting or finished
 * @param dry_run Result of the dry run, as JSON text; NULL if the verb was
 *                none
 */
void notice_status(const struct call *c, const struct verb *v,
		   const char *event, const char *dry_run)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "event", event);
	json_str(&j, "verb", verb_name(v->kind));
	json_str(&j, "name", verb_name(v->kind));
	json_str(&j, "id", v->id);
	trace_print(&j, v->trace);
	json_raw(&j, "dry_run", dry_run);
	json_close(&j, '}');

	(void)emit(&(struct emission){.type = "verb:status",
				      .call_sid = call_sid(c),
				      .data = json_done(&j),
				      .time = moment,
				      .jambonz = call_notify(c)});
	json_free(&j);
}


/**
 * Write the members that each hook has of its verb and its call
 *
 * @param j       Text, in an open object
 * @param c       Call
 * @param verb_id Id of the verb, may be NULL
 * @param status  False to leave out the call's status
 */
void notice_print(struct json *j, const struct call *c, const char *verb_id,
		  bool status)
{
	json_str(j, "verb_id", verb_id);
	json_raw(j, "customerData", call_tag(c));
	call_print(j, c, status);
}


/* Posts what j has */
static bool give(const struct hook *hook, struct json *j, const struct call *c,
		 const struct verb *v, enum hook_kind kind,
		 const struct transfer *t, char id[HOOK_ID_SIZE])
{
	bool wait;

	json_close(j, '}');

	wait = hooks_post(&(struct hook_post){.kind = kind,
					      .hook = hook,
					      .client = v->owner,
					      .dialect = v->dialect,
					      .call_sid = call_sid(c),
					      .transfer_id = t ? t->id : NULL,
					      .verb_id = v->id,
					      .trace = v->trace,
					      .data = json_done(j),
					      .begun = t ? t->started : 0},
			  id);
	json_free(j);

	return wait;
}


/* Posts what j has so far, and what every hook tells */
static bool post_to(const struct hook *hook, struct json *j,
		    const struct call *c, const struct verb *v,
		    enum hook_kind kind, const struct transfer *t,
		    char id[HOOK_ID_SIZE])
{
	json_str(j, "transfer_id", t ? t->id : NULL);
	notice_print(j, c, v->id, kind != HOOK_EVENT);

	return give(hook, j, c, v, kind, t, id);
}


static bool post(struct json *j, const struct call *c, const struct verb *v,
		 enum hook_kind kind, const struct transfer *t,
		 char id[HOOK_ID_SIZE])
{
	return post_to(kind == HOOK_EVENT ? &v->event : &v->action, j, c, v,
		       kind, t, id);
}


/**
 * Write a status as a dialect has it in hooks
 *
 * @param j       Text, in an open object
 * @param dialect Dialect
 * @param key     Name of the member
 * @param code    SIP status
 */
void notice_code(struct json *j, enum dialect dialect, const char *key,
		 int code)
{
	char text[12];

	if (dialect == DIALECT_JAMBONZ) {
		json_int(j, key, code);
		return;
	}

	(void)snprintf(text, sizeof(text), "%d", code);
	json_str(j, key, text);
}


/**
 * Post the eventHook of a sip:refer, if it has one and a NOTIFY came
 *
 * @param c Call
 * @param v Verb
 * @param t Transfer
 */
void notice_notify(const struct call *c, const struct verb *v,
		   const struct transfer *t)
{
	bool last = t->outcome && t->evidence &&
		    !strcmp(t->evidence, "notify");
	char id[HOOK_ID_SIZE];
	struct json j;

	if (!v->event.url || (!last && strcmp(t->step, "progress")))
		return;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "event", "transfer-status");
	notice_code(&j, v->dialect, "call_status", t->call_status);
	if (t->attempt) {
		json_int(&j, "attempt", t->attempt);
		json_int(&j, "attempts", t->attempts);
	}
	(void)post(&j, c, v, HOOK_EVENT, t, id);
}


/* A refer_status is promised, even if no answer came */
static int refer_code(const struct transfer *t)
{
	if (t->refer_status)
		return t->refer_status;

	if (t->evidence && !strcmp(t->evidence, "transport"))
		return 503;

	if (t->evidence && !strcmp(t->evidence, "timeout"))
		return 408;

	return 487;
}


static void attempt_print(struct json *j, enum dialect dialect,
			  const struct transfer *t, unsigned number)
{
	json_open(j, NULL, '{');
	json_str(j, "transfer_id", t->id);
	json_int(j, "attempt", number);
	json_str(j, "refer_to", t->refer_to);
	if (t->refer_status)
		notice_code(j, dialect, "refer_status", t->refer_status);
	if (t->call_status)
		notice_code(j, dialect, "call_status", t->call_status);
	json_str(j, "outcome", t->outcome);
	json_str(j, "evidence", t->evidence);
	json_str(j, "confidence", t->confidence);
	json_str(j, "reason", t->reason);
	json_close(j, '}');
}


/**
 * Write the results of the targets of a verb
 *
 * @param j   Text, in an open object
 * @param key Name of the array
 * @param v   Verb; nothing is written if it has but one
 */
void notice_attempts(struct json *j, const char *key, const struct verb *v)
{
	const struct attempts *a = v->attempts;

	if (!a)
		return;

	json_open(j, key, '[');
	for (unsigned i = 0; i <= a->now; i++) {
		if (a->list[i].transfer)
			attempt_print(j, v->dialect, a->list[i].transfer,
				      i + 1);
	}
	json_close(j, ']');
}


/**
 * Post the actionHook of a sip:refer, if it has one
 *
 * @param c  Call
 * @param v  Verb
 * @param t  Transfer, which has ended
 * @param id Id of the hook
 *
 * @return True if an answer may come
 */
bool notice_transferred(const struct call *c, const struct verb *v,
			const struct transfer *t, char id[HOOK_ID_SIZE])
{
	bool jambonz = v->dialect == DIALECT_JAMBONZ;
	struct json j;

	if (!v->action.url)
		return false;

	json_init(&j);
	json_open(&j, NULL, '{');
	notice_code(&j, v->dialect, jambonz ? "refer_status" : "referStatus",
		    refer_code(t));
	if (t->call_status >= 200)
		notice_code(&j, v->dialect, "final_referred_call_status",
			    t->call_status);
	json_str(&j, "outcome", t->outcome);
	json_str(&j, "evidence", t->evidence);
	json_str(&j, "confidence", t->confidence);
	if (t->media)
		json_bool(&j, "media", t->media == MAYBE_TRUE);
	json_str(&j, "reason", t->reason);
	notice_attempts(&j, "attempts", v);

	return post(&j, c, v, HOOK_ACTION, t, id);
}


/**
 * Post the actionHook of a play, if it has one
 *
 * @param c  Call
 * @param v  Verb
 * @param r  Report of the node
 * @param id Id of the hook
 *
 * @return True if an answer may come
 */
bool notice_played(const struct call *c, const struct verb *v,
		   const struct report *r, char id[HOOK_ID_SIZE])
{
	bool failed = !strcmp(r->reason, "failed");
	struct json j;

	if (!v->action.url)
		return false;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "reason", failed ? "playFailed" : "playCompleted");
	json_str(&j, "status", failed ? "fail" : NULL);
	json_int(&j, "playback_seconds", r->ms / 1000);
	json_int(&j, "playback_milliseconds", r->ms);

	return post(&j, c, v, HOOK_ACTION, NULL, id);
}


/**
 * Post the actionHook of a sip:request, if it has one. The SIP status in it is
 * that of the answer.
 *
 * @param c  Call
 * @param v  Verb
 * @param r  Report of the node, or the reason why there is none
 * @param id Id of the hook
 *
 * @return True if an answer may come
 */
bool notice_response(const struct call *c, const struct verb *v,
		     const struct report *r, char id[HOOK_ID_SIZE])
{
	struct json j;

	if (!v->action.url)
		return false;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "result", r->error ? "failed" : "success");
	if (!r->error)
		json_int(&j, "sip_status", r->sip_status);
	json_str(&j, "sip_reason", r->error ? NULL : r->reason);
	json_str(&j, "err", r->error);
	json_str(&j, "verb_id", v->id);
	json_raw(&j, "customerData", call_tag(c));
	call_print_plain(&j, c);

	return give(&v->action, &j, c, v, HOOK_ACTION, NULL, id);
}


/**
 * Ask for the verbs that a call goes to
 *
 * @param c    Call
 * @param v    Verb
 * @param hook Where to send them
 * @param id   Id of the hook
 *
 * @return True if an answer may come
 */
bool notice_redirect(const struct call *c, const struct verb *v,
		     const struct hook *hook, char id[HOOK_ID_SIZE])
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');

	return post_to(hook, &j, c, v, HOOK_REDIRECT, NULL, id);
}
