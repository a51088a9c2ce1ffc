/**
 * @file outcome.c  How a transfer is reported
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <sched.h>
#include <stdlib.h>
#include <re.h>
#include "compat/compat.h"
#include "json.h"
#include "sip_refer.h"


enum {
	REASON_MAX = 128, /* bytes */
};


/**
 * Keep the reason that came from the network for the next report
 *
 * @param t      Transfer
 * @param reason Reason
 */
void outcome_reason_pl(struct transfer *t, const struct pl *reason)
{
	t->reason = mem_deref(t->reason);
	(void)text_scrub_cut(&t->reason, reason, REASON_MAX);
}


/**
 * Keep a reason of our own for the next report
 *
 * @param t      Transfer
 * @param reason Reason
 */
void outcome_reason(struct transfer *t, const char *reason)
{
	struct pl pl;

	pl_set_str(&pl, reason);
	outcome_reason_pl(t, &pl);
}


/**
 * Keep the message that the next report tells of
 *
 * @param t       Transfer
 * @param message Its JSON, freed here; NULL if there is none
 */
void outcome_message(struct transfer *t, char *message)
{
	free(t->message);
	t->message = message;
}


static void step_begin(struct json *j, struct transfer *t, const char *step)
{
	link_begin(j, "transfer");
	json_str(j, "call_sid", t->call_sid);
	json_str(j, "transfer_id", t->id);
	json_str(j, "ref", t->ref);
	json_str(j, "step", step);
	json_str(j, "refer_to", t->refer_to);
	json_str(j, "referred_by", t->referred_by);
	if (t->refer_status)
		json_int(j, "refer_status", t->refer_status);
	if (t->call_status)
		json_int(j, "call_status", t->call_status);
	json_str(j, "reason", t->reason);
	json_raw(j, "sip", t->message);
	outcome_message(t, NULL);
}


/**
 * Report that a transfer has begun
 *
 * @param t Transfer
 */
void outcome_begin(struct transfer *t)
{
	struct json j;

	step_begin(&j, t, "requested");
	link_report_later(&j);
}


/**
 * Report a step of a transfer that a message made, and that others follow.
 * What was kept before, and tells of the end, waits until then.
 *
 * @param t    Transfer
 * @param step Name of the step
 * @param msg  SIP message
 */
void outcome_step(struct transfer *t, const char *step,
		  const struct sip_msg *msg)
{
	char *message = t->message;
	struct json j;

	t->message = message_json(msg);
	step_begin(&j, t, step);
	link_report_step(&j);
	t->message = message;
}


/**
 * Report how a transfer has ended
 *
 * @param t        Transfer
 * @param outcome  Name of the outcome
 * @param evidence Name of what tells so
 */
void outcome_end(struct transfer *t, const char *outcome, const char *evidence)
{
	struct json j;

	step_begin(&j, t, "ended");
	json_str(&j, "outcome", outcome);
	json_str(&j, "evidence", evidence);

	/* more may be done in this turn than to say so, and referd may wait
	   for this very processor: it was woken by who is about to sleep, as
	   the kernel believes */
	link_report(&j);
	link_flush();
	(void)sched_yield();

	info("sip_refer: transfer %s to %s: %s (%s)\n", t->id, t->refer_to,
	     outcome, evidence);
}
