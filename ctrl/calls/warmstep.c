/**
 * @file warmstep.c  The steps of a transfer that calls the target first
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include "warmstep.h"
#include "attempts.h"
#include "base/base.h"
#include "call.h"
#include "calls.h"
#include "disposition.h"
#include "request.h"
#include "task.h"
#include "verb.h"
#include "warm.h"
#include "warmverb.h"
#include <stdbool.h>
#include <stdint.h>

/* Seconds */
static const double confirm_time = 10.; /* to press the digit */
static const double leave_time = 10.;   /* for the target to end our call */
static const double grace_time = 15.;   /* for the node to give up a dial */

static const char *stage_name(enum warm_stage stage)
{
	switch (stage) {
	case WARM_HOLDING: return "holding";
	case WARM_DIALLING: return "dialling";
	case WARM_BRIEFING: return "briefing";
	case WARM_CONFIRMING: return "confirming";
	case WARM_JOINING: return "joining";
	case WARM_LEAVING: return "leaving";
	case WARM_CLEANING: return "cleaning";
	case WARM_OVER: return "over";
	}

	return "?";
}


/**
 * Move to another stage, which has its time, or lasts until something happens
 *
 * @param w       Transfer
 * @param stage   Stage
 * @param seconds Its time, 0 for none
 */
void warm_set_stage(struct warm *w, enum warm_stage stage, double seconds)
{
	log_debug("warm: %s: %s -> %s", call_sid(w->task->call),
		  stage_name(w->stage), stage_name(stage));

	w->stage = stage;
	w->deadline = 0;
	timer_stop(&w->timer);
	if (seconds > 0) {
		w->deadline = clock_ms() + (int64_t)(seconds * 1000);
		timer_start(&w->timer, seconds);
	}
	w->task->touched(w->task->arg);
}


static bool caller_is_over(const struct warm *w)
{
	return call_over(w->task->call);
}


/**
 * Be over if nothing is left: a caller that is gone need not be off hold
 *
 * @param w Transfer
 */
void warm_settle(struct warm *w)
{
	const bool off = !w->asked[ACT_HOLD].open &&
			 *w->asked[ACT_UNHOLD].ref &&
			 !w->asked[ACT_UNHOLD].open;

	if (w->stage == WARM_CLEANING && !w->up && (caller_is_over(w) || off))
		warm_set_stage(w, WARM_OVER, 0);
	else if (w->stage == WARM_LEAVING && !w->up)
		warm_set_stage(w, WARM_OVER, 0);
}


/**
 * Take the caller off hold: one re-INVITE after the other
 *
 * @param w Transfer that fails
 */
void warm_unhold(struct warm *w)
{
	if (!caller_is_over(w) && !w->asked[ACT_HOLD].open &&
	    !*w->asked[ACT_UNHOLD].ref)
		warm_ask(w, ACT_UNHOLD);
}


static void clean(struct warm *w)
{
	warm_set_stage(w, WARM_CLEANING, 0);
	if (w->up)
		warm_ask(w, ACT_HANGUP);
	if (*w->asked[ACT_MUSIC].ref && !caller_is_over(w))
		warm_ask(w, ACT_STOP);
	warm_unhold(w);
	warm_settle(w);
}


/**
 * Give up: the transfer fails, and both calls are cleaned up
 *
 * @param w       Transfer
 * @param failure Why
 * @param status  Answer of the target, 0 for none
 * @param reason  Why, as a sentence
 */
void warm_fail(struct warm *w, enum failure failure, int status,
	       const char *reason)
{
	w->failure = failure;
	w->status = status;
	if (field_keep(&w->reason, reason))
		log_error("warm: %s: out of memory", call_sid(w->task->call));
	clean(w);
}


/**
 * Call the target at hand
 *
 * @param w Transfer
 */
void warm_dial(struct warm *w)
{
	random_uuid(w->second);
	random_hex(w->transfer_id, sizeof(w->transfer_id));
	w->up = true;
	w->rings = false;
	warm_set_stage(w, WARM_DIALLING, warm_timeout(w) + grace_time);
	warm_ask(w, ACT_DIAL);
	warm_tell(w, "dialing", 0, NULL);
}


/**
 * Note that the current target has not answered: the next one is called, if
 * there is one
 *
 * @param w       Transfer
 * @param failure Why
 * @param status  Answer of the target, 0 for none
 * @param reason  Why, as a sentence
 */
void warm_not_answered(struct warm *w, enum failure failure, int status,
		       const char *reason)
{
	warm_missed(w, status, reason);
	if (!attempts_more(w->task->verb->attempts)) {
		warm_fail(w, failure, status, reason);
		return;
	}

	warm_tell(w, "next", status, reason);
	attempts_next(w->task->verb->attempts);
	warm_dial(w);
}


/**
 * Join the far ends.  A playback to the target is cut short.
 *
 * @param w Transfer
 */
void warm_join(struct warm *w)
{
	const struct session *s = session_find(w->second);

	if (w->stage == WARM_BRIEFING && s)
		request_cancel(s->call, false);

	warm_set_stage(w, WARM_JOINING, 0);
	warm_ask(w, ACT_REFER);
	warm_tell(w, "joining", 0, NULL);
}


static const struct warmverb *verb_of(const struct warm *w)
{
	return w->task->verb->warm;
}


/**
 * Play the files of the verb to the target, if it has any
 *
 * @param w Transfer whose target has answered
 */
void warm_brief(struct warm *w)
{
	const struct warmverb *v = verb_of(w);

	if (!v->brief && !v->prompt) {
		warm_join(w);
		return;
	}

	warm_set_stage(w, WARM_BRIEFING, 0);
	warm_ask(w, ACT_PLAY);
	warm_tell(w, "prompt", 0, NULL);
}


/**
 * Wait for the digit: the files have been played to the target
 *
 * @param w Transfer
 */
void warm_confirm(struct warm *w)
{
	warm_set_stage(w, WARM_CONFIRMING, confirm_time);
}


/**
 * Note that the far ends have each other.  The second call is to end by
 * itself.
 *
 * @param w Transfer
 */
void warm_leave(struct warm *w)
{
	w->joined = true;
	w->status = 200;
	warm_set_stage(w, WARM_LEAVING, leave_time);
	warm_settle(w);
}


/**
 * Note that the target does not want the caller
 *
 * @param w      Transfer
 * @param reason Why, as a sentence
 */
void warm_decline(struct warm *w, const char *reason)
{
	warm_missed(w, 0, reason);
	warm_fail(w, FAILURE_DECLINED, 200, reason);
}


/**
 * Go on, since the time of a stage has passed
 *
 * @param w Transfer
 */
void warm_expire(struct warm *w)
{
	if (w->stage == WARM_DIALLING)
		warm_fail(w, FAILURE_ERROR, 0,
			  "no report about the second call came");
	else if (w->stage == WARM_CONFIRMING)
		warm_decline(w, "the target has pressed no digit");
	else if (w->stage == WARM_LEAVING && w->up)
		warm_ask(w, ACT_HANGUP);
}


/**
 * Note that the second call has ended
 *
 * @param w      Transfer
 * @param status Answer of the target, 0 for none
 * @param reason Why, may be NULL
 */
void warm_second_over(struct warm *w, int status, const char *reason)
{
	if (!w->up)
		return;

	w->up = false;
	w->task->touched(w->task->arg);

	switch (w->stage) {
	case WARM_DIALLING:
		warm_not_answered(w, failure_of_status(status), status,
				  reason);
		break;

	case WARM_BRIEFING:
	case WARM_CONFIRMING: warm_decline(w, "the target has hung up"); break;

	/* a target that takes the caller ends our call, too: the transfer
	   tells */
	default: warm_settle(w); break;
	}
}
