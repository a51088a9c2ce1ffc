/**
 * @file outcome.c  How a transfer is reported
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <stdlib.h>
#include <string.h>
#include <re.h>
#include "linkreport.h"
#include "host/host.h"
#include "link/link.h"
#include "text/text.h"
#include "capture.h"
#include "outcome.h"
#include "referral.h"


enum {
	REASON_MAX = 128, /* bytes                                     */
	ANSWER_TIME = 50, /* In which nobody is called and answers [ms] */
};


/**
 * Keep the reason that came from the network for the next report
 *
 * @param r      Referral
 * @param reason Reason
 */
void outcome_reason_pl(struct referral *r, const struct pl *reason)
{
	r->reason = mem_deref(r->reason);
	(void)text_scrub_cut(&r->reason, reason, REASON_MAX);
}


/**
 * Keep a reason of our own for the next report
 *
 * @param r      Referral
 * @param reason Reason
 */
void outcome_reason(struct referral *r, const char *reason)
{
	struct pl pl;

	pl_set_str(&pl, reason);
	outcome_reason_pl(r, &pl);
}


/**
 * Keep the message for the next report
 *
 * @param r       Referral
 * @param message Its JSON, freed here; NULL for none
 */
void outcome_message(struct referral *r, char *message)
{
	free(r->message);
	r->message = message;
}


static void step_begin(struct report *rep, const struct referral *r,
		       const char *step)
{
	*rep = (struct report){
		.kind = REPORT_TRANSFER,
		.call_sid = r->call_sid,
		.transfer_id = r->id,
		.ref = r->ref,
		.step = step,
		.refer_to = r->refer_to,
		.referred_by = r->referred_by,
		.refer_status = r->refer_status,
		.call_status = r->call_status,
		.reason = r->reason,
		.sip = r->message,
	};
}


/**
 * Report that the request for a transfer is granted
 *
 * @param r Referral
 */
void outcome_result(const struct referral *r)
{
	link_report_later(&(struct report){
		.kind = REPORT_RESULT,
		.ref = r->ref,
		.ok = true,
		.index = -1,
	});
}


/**
 * Report a transfer of which nothing was sent. The kept message is reported
 * with its end.
 *
 * @param r Referral
 */
void outcome_unsent(const struct referral *r)
{
	struct report rep;

	outcome_result(r);
	step_begin(&rep, r, "requested");
	rep.refer_status = 0;
	rep.reason = rep.sip = NULL;
	link_report_later(&rep);
	capture_told(r);
}


/**
 * Report that a transfer has begun
 *
 * @param r Referral
 */
void outcome_begin(struct referral *r)
{
	struct report rep;

	step_begin(&rep, r, "requested");
	link_report_later(&rep);
	outcome_message(r, NULL);
	capture_told(r);
}


/**
 * Report a step of a transfer that a message caused, and that others follow. A
 * message kept for the end stays kept.
 *
 * @param r    Referral
 * @param step Name of the step
 * @param msg  SIP message
 */
void outcome_step(struct referral *r, const char *step,
		  const struct sip_msg *msg)
{
	char *message = sipmsg_json(msg);
	struct report rep;

	step_begin(&rep, r, step);
	rep.sip = message;
	link_report_step(&rep);
	free(message);
	capture_step(r, step, msg->req ? "NOTIFY" : "REFER", !msg->req);
}


static bool is_told(const char *evidence)
{
	return !strcmp(evidence, "notify");
}


/* Asterisk's chan_sip says 200 before it has called the target, whatever the
   result */
static bool is_premature(const struct referral *r, const char *evidence)
{
	if (!is_told(evidence) || r->call_status >= 300 || r->provisional)
		return false;

	return !r->accepted || deadline_now() - r->accepted < ANSWER_TIME;
}


/* baresip takes our BYE for the end of the transfer, says 500, and goes on
   calling */
static bool is_echo(const struct referral *r)
{
	return r->call_status >= 300 && r->left;
}


/* Why a result is not to be believed, NULL if it is */
static const char *disbelief(const struct referral *r)
{
	if (r->late.mixed)
		return "may be about this transfer or another one";

	return is_echo(r) ? "reported after the BYE" : NULL;
}


static const char *disbelief_in_time(const struct referral *r,
				     const char *evidence)
{
	if (is_premature(r, evidence))
		return "reported before the target can have answered";

	return is_told(evidence) ? disbelief(r) : NULL;
}


static void reason_add(struct referral *r, const char *why)
{
	char *reason;

	if (!str_isset(r->reason)) {
		outcome_reason(r, why);
		return;
	}

	if (re_sdprintf(&reason, "%s (%s)", r->reason, why))
		return;

	mem_deref(r->reason);
	r->reason = reason;
}


/* Whether the target is known to be not called any more, or to have the
   caller. A refused or unsent REFER counts as well. */
static bool is_sure(const struct referral *r, const char *evidence)
{
	return is_told(evidence) || !strcmp(evidence, "response") ||
	       !strcmp(evidence, "transport") || r->refused;
}


static bool call_stays(const char *outcome)
{
	return strcmp(outcome, "transferred") && strcmp(outcome, "presumed");
}


/* A B2BUA may have hung up the caller, and leave the call with us up */
static enum maybe media_of(const struct referral *r)
{
	bool comes;

	if (!r->events->media(&comes, r->call_sid))
		return MAYBE_UNTOLD;

	return comes ? MAYBE_TRUE : MAYBE_FALSE;
}


/* Of the message that is the evidence, NULL if none is */
static const char *method_of(const char *evidence)
{
	if (is_told(evidence) || !strcmp(evidence, "terminated"))
		return "NOTIFY";
	if (!strcmp(evidence, "response"))
		return "REFER";

	return !strcmp(evidence, "bye") ? "BYE" : NULL;
}


/**
 * Report how a transfer has ended
 *
 * @param r        Referral
 * @param outcome  Name of the outcome
 * @param evidence Name of what tells so
 * @param up       True if its call is not closed
 */
void outcome_end(struct referral *r, const char *outcome, const char *evidence,
		 bool up)
{
	const char *why = disbelief_in_time(r, evidence);
	struct report rep;

	if (why)
		reason_add(r, why);

	step_begin(&rep, r, "ended");
	rep.outcome = outcome;
	rep.evidence = evidence;
	rep.confidence = is_sure(r, evidence) && !why ? "high" : "low";
	if (up && call_stays(outcome))
		rep.media = media_of(r);

	/* more may be done in this turn than to say so */
	link_report(&rep);
	outcome_message(r, NULL);
	link_flush();
	capture_step(r, rep.step, method_of(evidence),
		     !strcmp(evidence, "response"));

	info("sip_refer: transfer %s to %s: %s (%s)\n", r->id, r->refer_to,
	     outcome, evidence);
}


/**
 * Report the NOTIFY with the result of a transfer that ended without one
 *
 * @param r   Referral
 * @param msg NOTIFY
 */
void outcome_late(struct referral *r, const struct sip_msg *msg)
{
	const char *why = disbelief(r);
	struct report rep;

	if (why)
		reason_add(r, why);

	outcome_message(r, sipmsg_json(msg));
	step_begin(&rep, r, "late");
	link_report(&rep);
	outcome_message(r, NULL);
	capture_step(r, rep.step, "NOTIFY", false);

	info("sip_refer: transfer %s to %s: late %u\n", r->id, r->refer_to,
	     r->call_status);
}
