/**
 * @file warmtell.c  Messages to clients about a transfer that calls the target
 *                   first
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include "attempts.h"
#include "base/base.h"
#include "call.h"
#include "calls.h"
#include "hooks/hooks.h"
#include "json.h"
#include "notice.h"
#include "stream/stream.h"
#include "task.h"
#include "transferevent.h"
#include "verb.h"
#include "warm.h"
#include "warmstep.h"
#include "warmverb.h"
#include <stdlib.h>
#include <string.h>

/**
 * Tell a step
 *
 * @param w      Transfer
 * @param event  Its name
 * @param status SIP status that it came with, 0 for none
 * @param reason Why, may be NULL
 */
void warm_tell(const struct warm *w, const char *event, int status,
	       const char *reason)
{
	const struct task *t = w->task;
	const struct attempts *a = t->verb->attempts;

	transferevent_tell(
		t->call, t->verb,
		&(struct transfer_event){
			.event = event,
			.mode = "warm",
			.attempt = attempts_number(a),
			.attempts = attempts_most(a),
			.target = warm_target(w)->target,
			.dial_call_sid = *w->second ? w->second : NULL,
			.call_status = status,
			.reason = reason,
		});
}


/**
 * Send the sender of the verb an error that was found on the way
 *
 * @param w     Transfer
 * @param field Field at fault
 * @param error The error of the node
 */
void warm_complain(const struct warm *w, const char *field, const char *error)
{
	const struct task *t = w->task;
	struct error f;

	/* the node's field is that of a play */
	if (!strncmp(error, "url ", 4))
		error += 4;

	error_init(&f);
	verb_error(t->verb, &f);
	(void)error_set(&f, 400, field, "%s", error);
	reply_error(t->verb->owner, &f, call_sid(t->call));
}


/**
 * Ask for the music on hold, if the verb has a hook for it
 *
 * @param w Transfer
 */
void warm_hook(struct warm *w)
{
	const struct task *t = w->task;
	const struct verb *v = t->verb;
	struct json j;

	if (!v->warm->hold.url)
		return;

	json_init(&j);
	json_open(&j, NULL, '{');
	notice_print(&j, t->call, v->id, true);
	json_close(&j, '}');
	(void)hooks_post(&(struct hook_post){.kind = HOOK_ACTION,
					     .hook = &v->warm->hold,
					     .client = v->owner,
					     .dialect = v->dialect,
					     .call_sid = call_sid(t->call),
					     .verb_id = v->id,
					     .trace = v->trace,
					     .data = json_done(&j)},
			 w->hook);
	json_free(&j);
}
