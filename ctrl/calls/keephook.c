/**
 * @file keephook.c  The actionHook of a transfer, told to the members of a
 * fleet
 *
 * If the machine is lost, another member tells the application how the
 * transfer ended.  All data that it needs is published when the transfer
 * begins.  A verb with targets publishes it when its turn comes, too, and
 * between two targets.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <cjson/cJSON.h>
#include "attempts.h"
#include "base/base.h"
#include "call.h"
#include "calls.h"
#include "hooks/hooks.h"
#include "json.h"
#include "keephook.h"
#include "notice.h"
#include "stream/stream.h"
#include "transfer.h"
#include "verb.h"


enum { NOT_ANSWERED = 487 }; /* what a REFER without an answer counts as */


/* Hooks with user name or password are not published */
static void print_hook(struct json *j, const struct verb *v)
{
	if (hook_secret(&v->action)) {
		json_bool(j, "secret", true);
		return;
	}

	json_open(j, "hook", '{');
	json_str(j, "url", v->action.url);
	json_str(j, "method", v->action.method);
	json_close(j, '}');
	if (v->owner && v->owner->kind == SENDER_CLIENT)
		json_str(j, "client", v->owner->name);
}


static void lost_print(struct json *j, const char *reason)
{
	json_str(j, "outcome", "unknown");
	json_str(j, "evidence", "node");
	json_str(j, "confidence", "low");
	json_str(j, "reason", reason);
}


/* The target that is lost with the machine */
static void lost_attempt_print(struct json *j, enum dialect dialect,
			       const char *transfer_id, int refer_status,
			       const char *reason, const cJSON *tried)
{
	json_open(j, NULL, '{');
	json_str(j, "transfer_id", transfer_id);
	json_int(j, "attempt", field_int(tried, "attempt", 1));
	json_str(j, "refer_to", field_str(tried, "refer_to"));
	if (refer_status)
		notice_code(j, dialect, "refer_status", refer_status);
	lost_print(j, reason);
	json_close(j, '}');
}


/* The results of the earlier targets, and the lost one, if there is one */
static void attempts_told(struct json *j, enum dialect dialect,
			  const char *transfer_id, int refer_status,
			  const char *reason, const cJSON *tried)
{
	const cJSON *done = cJSON_GetObjectItemCaseSensitive(tried, "done");
	const cJSON *item;
	char *text;

	json_open(j, "attempts", '[');
	cJSON_ArrayForEach(item, done)
	{
		text = cJSON_PrintUnformatted(item);
		if (text)
			json_raw(j, NULL, text);
		cJSON_free(text);
	}
	if (field_int(tried, "attempt", 0))
		lost_attempt_print(j, dialect, transfer_id, refer_status,
				   reason, tried);
	json_close(j, ']');
}


char *keephook_text(enum dialect dialect, const char *transfer_id,
		    int refer_status, const char *reason, const char *told,
		    const char *tried)
{
	const bool jambonz = dialect == DIALECT_JAMBONZ;
	cJSON *tree = tried ? cJSON_Parse(tried) : NULL;
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	if (field_str(tree, "verb")) {
		json_str(&j, "transfer_result", "failed");
		json_str(&j, "transfer_reason", "error");
		json_str(&j, "reason", reason);
	}
	else {
		notice_code(&j, dialect,
			    jambonz ? "refer_status" : "referStatus",
			    refer_status ? refer_status : NOT_ANSWERED);
		lost_print(&j, reason);
	}
	if (tree)
		attempts_told(&j, dialect, transfer_id, refer_status, reason,
			      tree);
	cJSON_Delete(tree);
	json_str(&j, "transfer_id", transfer_id);
	json_members(&j, told);
	json_close(&j, '}');

	return json_take(&j);
}


/* The hook of a transfer has no status of this call */
static void print_plain(struct json *j, const struct call *c,
			const struct verb *v)
{
	json_str(j, "verb_id", v->id);
	json_raw(j, "customerData", call_tag(c));
	call_print_plain(j, c);
}


static void print_attempts(struct json *j, const struct verb *v,
			   const struct transfer *t)
{
	json_open(j, "tried", '{');
	if (v->transfer)
		json_str(j, "verb", verb_name(v->kind));
	if (t) {
		json_int(j, "attempt", t->attempt);
		json_str(j, "refer_to", t->refer_to);
	}
	notice_attempts(j, "done", v);
	json_close(j, '}');
}


static void say(const struct call *c, const char *data)
{
	(void)emit(&(struct emission){.type = "fleet:hook",
				      .client = FLEET_CLIENT,
				      .call_sid = call_sid(c),
				      .data = data});
}


/* t is the transfer at hand; NULL between two, whose id is that of the last
   one: so is that of the hook if no other follows */
static void tell(const struct call *c, const struct verb *v,
		 const struct transfer *t)
{
	const struct transfer *last = t ? t : attempts_last(v->attempts);
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "transfer_id", last ? last->id : NULL);
	json_bool(&j, "waiting", !t);
	trace_print(&j, v->trace);
	json_bool(&j, "jambonz", v->dialect == DIALECT_JAMBONZ);
	print_hook(&j, v);
	json_open(&j, "told", '{');
	if (v->transfer)
		print_plain(&j, c, v);
	else
		notice_print(&j, c, v->id, true);
	json_close(&j, '}');
	if (v->attempts)
		print_attempts(&j, v, t);
	json_close(&j, '}');

	say(c, json_done(&j));
	json_free(&j);
}


/**
 * Tell the other members of a fleet of the actionHook of a transfer
 *
 * @param c Call
 * @param v Verb that asked for it
 * @param t Transfer, which has just begun
 */
void keephook_tell(const struct call *c, const struct verb *v,
		   const struct transfer *t)
{
	if (v->action.url && calls_events()->fleet())
		tell(c, v, t);
}


/**
 * Tell them of the actionHook of a verb with targets, none of which has a
 * transfer at the moment
 *
 * @param c Call
 * @param v Verb at hand
 */
void keephook_wait(const struct call *c, const struct verb *v)
{
	if (v->attempts && v->action.url && calls_events()->fleet())
		tell(c, v, NULL);
}


/**
 * Tell them that such a verb is over, and its hook is no matter of theirs
 *
 * @param c Call
 * @param v Verb
 */
void keephook_over(const struct call *c, const struct verb *v)
{
	if (v->attempts && v->action.url && calls_events()->fleet())
		say(c, "{\"over\":true}");
}
