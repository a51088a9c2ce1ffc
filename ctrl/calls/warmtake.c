/**
 * @file warmtake.c  The node's reports on a transfer that calls the target
 *                   first
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include "attempts.h"
#include "base/base.h"
#include "call.h"
#include "calls.h"
#include "nodes/nodes.h"
#include "task.h"
#include "transfer.h"
#include "verb.h"
#include "warm.h"
#include "warmstep.h"
#include "warmverb.h"
#include <stdbool.h>
#include <string.h>

static const struct warmverb *verb_of(const struct warm *w)
{
	return w->task->verb->warm;
}


/* The node does not report which of both it is */
static const char *play_field(const struct warm *w)
{
	return verb_of(w)->prompt ? "confirm.prompt" : "brief.url";
}


static void dial_refused(struct warm *w, const char *error)
{
	w->up = false;
	if (w->stage == WARM_DIALLING)
		warm_not_answered(w, FAILURE_ERROR, 0, error);
}


/* The node reports the end of a live call */
static void hangup_answered(struct warm *w)
{
	const struct session *s = session_find(w->second);

	if (!s || call_over(s->call))
		w->up = false;
}


static void hold_answered(struct warm *w, const struct report *r)
{
	warm_tell(w, "held", r->ok ? 200 : 0, r->ok ? NULL : r->error);
	if (w->stage == WARM_HOLDING)
		warm_dial(w);
	else if (w->stage == WARM_CLEANING)
		warm_unhold(w);
}


static void answered(struct warm *w, enum warm_act act, const struct report *r)
{
	switch (act) {
	case ACT_HOLD: hold_answered(w, r); break;

	case ACT_MUSIC:
		if (!r->ok)
			warm_complain(w, "onHoldHook", r->error);
		break;

	case ACT_DIAL:
		if (!r->ok)
			dial_refused(w, r->error);
		break;

	case ACT_PLAY:
		if (!r->ok && w->stage == WARM_BRIEFING) {
			warm_complain(w, play_field(w), r->error);
			warm_fail(w, FAILURE_ERROR, 200, r->error);
		}
		break;

	case ACT_REFER:
		if (!r->ok && w->stage == WARM_JOINING)
			warm_fail(w, FAILURE_ERROR, 200, r->error);
		break;

	case ACT_HANGUP: hangup_answered(w); break;

	case ACT_UNHOLD:
		warm_tell(w, "unheld", r->ok ? 200 : 0,
			  r->ok ? NULL : r->error);
		break;

	default: break;
	}
}


/**
 * Take the answer of the node to a request
 *
 * @param w Transfer
 * @param r Result
 */
void warm_result(struct warm *w, const struct report *r)
{
	enum warm_act act;

	if (!warm_answered(w, r->ref, &act))
		return;

	w->task->touched(w->task->arg);
	answered(w, act, r);
	warm_settle(w);
}


/**
 * Take a step of the transfer that joins the far ends
 *
 * @param w Transfer
 * @param t State that its node reports
 */
void warm_transfer(struct warm *w, const struct transfer *t)
{
	if (w->stage != WARM_JOINING || !t->outcome)
		return;

	if (attempts_ended(w->task->verb->attempts, t))
		log_error("warm: %s: out of memory", call_sid(w->task->call));

	w->asked[ACT_REFER].open = false;
	if (transfer_succeeded(t)) {
		warm_leave(w);
		return;
	}

	warm_fail(w, FAILURE_ERROR,
		  t->call_status ? t->call_status : t->refer_status,
		  t->reason);
}


/**
 * Take a report on a playback to the target
 *
 * @param w Transfer
 * @param r Report
 */
void warm_played(struct warm *w, const struct report *r)
{
	if (w->stage != WARM_BRIEFING ||
	    strcmp(w->asked[ACT_PLAY].ref, r->ref))
		return;

	if (!strcmp(r->reason, "failed")) {
		warm_complain(w, play_field(w), "cannot be played");
		warm_fail(w, FAILURE_ERROR, 200,
			  "no file can be played to the target");
	}
	else if (strcmp(r->reason, "completed")) {
		return; /* the call ends */
	}
	else if (*verb_of(w)->digit) {
		warm_confirm(w);
	}
	else {
		warm_join(w);
	}
}


/**
 * Take a key that the target has pressed, also during a playback
 *
 * @param w     Transfer
 * @param sid   call_sid of its call
 * @param digit Key
 */
void warm_digit(struct warm *w, const char *sid, const char *digit)
{
	const char *right = verb_of(w)->digit;

	if (!*right || strcmp(sid, w->second) ||
	    (w->stage != WARM_BRIEFING && w->stage != WARM_CONFIRMING))
		return;

	if (strcmp(digit, right)) {
		warm_decline(w, "the target has pressed another digit");
		return;
	}

	warm_tell(w, "confirmed", 0, NULL);
	warm_join(w);
}


/**
 * Look at the second call again: its state has changed
 *
 * @param w      Transfer
 * @param second The call
 *
 * @return False if it is another one, which must be ended
 */
bool warm_second(struct warm *w, const struct call *second)
{
	if (strcmp(call_sid(second), w->second))
		return false;

	if (call_over(second)) {
		warm_second_over(w, call_sip_status(second),
				 call_sip_reason(second));
		return true;
	}

	if (w->stage != WARM_DIALLING)
		return true;

	if (call_answered(second)) {
		warm_tell(w, "answered", 200, NULL);
		warm_brief(w);
	}
	else if (!w->rings && strcmp(call_state(second), "trying")) {
		w->rings = true;
		warm_tell(w, "ringing", call_sip_status(second), NULL);
	}

	return true;
}
