/**
 * @file transferevent.c  Messages to clients about the steps of a verb
 *                        transfer
 *
 * All of them hear of each step; the eventHook of the verb, of all but the
 * last, of which its actionHook tells.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <string.h>
#include "call.h"
#include "calls.h"
#include "hooks/hooks.h"
#include "json.h"
#include "notice.h"
#include "stream/stream.h"
#include "transferevent.h"


static void int_print(struct json *j, const char *key, int64_t value)
{
	if (value)
		json_int(j, key, value);
}


static void print(struct json *j, const struct transfer_event *e)
{
	json_str(j, "transfer_event", e->event);
	json_str(j, "mode", e->mode);
	int_print(j, "attempt", e->attempt);
	int_print(j, "attempts", e->attempts);
	json_str(j, "target", e->target);
	json_str(j, "dial_call_sid", e->dial_call_sid);
	json_str(j, "reason", e->reason);
	json_str(j, "transfer_result", e->result);
	json_str(j, "transfer_reason", e->result_reason);
	int_print(j, "sip_status", e->sip_status);
}


static void announce(const struct call *c, const struct verb *v,
		     const struct transfer_event *e)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "verb_id", v->id);
	trace_print(&j, v->trace);
	print(&j, e);
	int_print(&j, "call_status", e->call_status);
	json_close(&j, '}');

	(void)emit(&(struct emission){.type = "transfer:event",
				      .call_sid = call_sid(c),
				      .data = json_done(&j)});
	json_free(&j);
}


static void post(const struct call *c, const struct verb *v,
		 const struct transfer_event *e)
{
	char id[HOOK_ID_SIZE];
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "event", "transfer-status");
	print(&j, e);
	if (e->call_status)
		notice_code(&j, v->dialect, "call_status", e->call_status);
	notice_print(&j, c, v->id, false);
	json_close(&j, '}');

	(void)hooks_post(&(struct hook_post){.kind = HOOK_EVENT,
					     .hook = &v->event,
					     .client = v->owner,
					     .dialect = v->dialect,
					     .call_sid = call_sid(c),
					     .verb_id = v->id,
					     .trace = v->trace,
					     .data = json_done(&j)},
			 id);
	json_free(&j);
}


/**
 * Tell a step of a verb transfer
 *
 * @param c Call that is transferred
 * @param v Verb
 * @param e The step
 */
void transferevent_tell(const struct call *c, const struct verb *v,
			const struct transfer_event *e)
{
	announce(c, v, e);
	if (v->event.url && strcmp(e->event, "ended"))
		post(c, v, e);
}
