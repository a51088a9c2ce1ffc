/**
 * @file tries.c  The targets of a verb, one after the other
 *
 * A REFER cannot ring two.  Each target is a transfer of its own, asked for by
 * a ref of its own; the verb goes on until one of them has the caller, or none
 * is left.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "attempts.h"
#include "base/base.h"
#include "call.h"
#include "calls.h"
#include "keephook.h"
#include "notice.h"
#include "stream/stream.h"
#include "task.h"
#include "transfer.h"
#include "transferend.h"
#include "transferevent.h"
#include "transferverb.h"
#include "tries.h"
#include "verb.h"


static void tell(const struct task *t, const char *event, int status,
		 const char *reason)
{
	const struct attempts *a = t->verb->attempts;
	const bool warm = t->verb->transfer->warm;

	transferevent_tell(t->call, t->verb,
			   &(struct transfer_event){
				   .event = event,
				   .mode = warm ? "warm" : "blind",
				   .attempt = attempts_number(a),
				   .attempts = attempts_most(a),
				   .target = attempts_at(a)->target,
				   .call_status = status,
				   .reason = reason,
			   });
}


/**
 * Tell the steps of a verb transfer that follow from a transfer of it
 *
 * @param t        Task with the verb
 * @param transfer Transfer of the target at hand
 */
void tries_tell(const struct task *t, const struct transfer *transfer)
{
	const int status = transfer->call_status;

	if (!strcmp(transfer->step, "requested"))
		tell(t, "dialing", 0, NULL);
	else if (!strcmp(transfer->step, "progress") && status >= 180)
		tell(t, "ringing", status, transfer->reason);
	else if (transfer_succeeded(transfer))
		tell(t, "answered", transfer_status(transfer),
		     transfer->reason);
}


/**
 * Tell that the target at hand does not have the caller, and another follows
 *
 * @param t      Task with a verb transfer
 * @param status SIP status that tells so, 0 if none does
 * @param reason Why, may be NULL
 */
void tries_tell_next(const struct task *t, int status, const char *reason)
{
	tell(t, "next", status, reason);
}


static bool is_free(const struct task *t)
{
	return !t->superseded && !t->cancelled && !call_over(t->call);
}


/* True if another target has its turn */
static bool go_on(struct task *t, const struct transfer *transfer)
{
	struct attempts *a = t->verb->attempts;

	if (!is_free(t) || !attempts_more(a))
		return false;

	if (t->verb->transfer)
		tries_tell_next(t, transfer_status(transfer),
				transfer->reason);
	attempts_next(a);
	keephook_wait(t->call, t->verb);
	task_ask(t);

	return true;
}


static void end_transfer(struct task *t, const struct transfer *transfer)
{
	const struct attempts *a = t->verb->attempts;
	const bool mailbox = attempts_at_mailbox(a);
	struct transfer_end e = {
		.bridged = transfer_succeeded(transfer),
		.last = mailbox || !attempts_goes_on(a),
		.failure = mailbox ? FAILURE_ERROR : failure_of(transfer),
		.status = transfer_status(transfer),
		.reason = transfer->reason,
		.transfer = transfer,
	};

	if (!strcmp(transfer->evidence ? transfer->evidence : "",
		    "application"))
		e.failure = FAILURE_ERROR;

	transferend(t, &e);
}


static void end_list(struct task *t, const struct transfer *last)
{
	const bool wait = notice_transferred(t->call, t->verb, last, t->hook);

	task_end(t, wait && !t->superseded);
}


/**
 * Go on when the transfer of a target has ended: with the next one, or with
 * the end of the verb
 *
 * @param t        Task with the verb
 * @param transfer Transfer of the target at hand
 */
void tries_ended(struct task *t, const struct transfer *transfer)
{
	if (attempts_ended(t->verb->attempts, transfer))
		log_error("tries: %s: out of memory", call_sid(t->call));

	if (go_on(t, transfer))
		return;

	if (t->verb->transfer)
		end_transfer(t, transfer);
	else
		end_list(t, transfer);
}


static void complain(const struct task *t, const char *field,
		     const char *error)
{
	struct error f;

	error_init(&f);
	verb_refusal(t->verb, attempts_text_now(t->verb->attempts), field,
		     error, &f);
	reply_error(t->verb->owner, &f, call_sid(t->call));
}


/**
 * End a verb whose next target can't be tried: the node refuses it, or is gone
 *
 * @param t     Task with the verb, which has begun
 * @param field Field at fault, NULL if none is
 * @param error The error, as a sentence
 */
void tries_give_up(struct task *t, const char *field, const char *error)
{
	const struct transfer *last = attempts_last(t->verb->attempts);

	if (!call_over(t->call))
		complain(t, field, error);

	if (t->verb->transfer)
		transferend(t, &(struct transfer_end){
				       .last = true,
				       .failure = FAILURE_ERROR,
				       .reason = error,
				       .transfer = last,
			       });
	else if (last)
		end_list(t, last);
	else
		task_end(t, false);
}
