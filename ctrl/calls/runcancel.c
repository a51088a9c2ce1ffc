/**
 * @file runcancel.c  A client gives up the transfer at hand
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include "call.h"
#include "calls.h"
#include "nodes/nodes.h"
#include "request.h"
#include "runstep.h"
#include "task.h"
#include "transfer.h"
#include "transferend.h"
#include "transfers.h"
#include "verb.h"
#include "warm.h"


/* A transfer for which the call is to be answered first */
static bool waits(const struct task *t)
{
	return t->stage == STAGE_WAITING && verb_transfers(t->verb) &&
	       !t->verb->dry_run;
}


/**
 * Give up the transfer in progress, and go on as after any other.  Its end
 * tells the outcome: the far end may have decided before.  A transfer that
 * waits for its call to be answered is ended by run_cancelled().
 *
 * @param r Run
 *
 * @return True if one is in progress, or waits
 */
bool run_cancel(struct run *r)
{
	struct task *t = &r->task;

	if (r->warm) {
		t->cancelled = true;
		warm_cancel(r->warm);
		return true;
	}

	if (waits(t)) {
		t->cancelled = true;
		return true;
	}

	if (!task_transfers(t))
		return false;

	t->cancelled = true;
	t->touched(t->arg);
	request_cancel(t->call, true);

	return true;
}


/* Its end is told as that of any other, although no REFER was sent */
static int end_unsent(struct run *r, const char *reason)
{
	const struct task *t = &r->task;
	const struct call *c = t->call;
	struct transfer *transfer;
	char id[17];
	int err;

	const struct report report = {
		.kind = REPORT_TRANSFER,
		.time = clock_ms(),
		.call_sid = call_sid(c),
		.transfer_id = id,
		.step = "ended",
		.refer_to = verb_target(t->verb),
		.outcome = "cancelled",
		.evidence = "application",
		.confidence = "high",
		.reason = reason,
	};

	random_hex(id, sizeof(id));
	err = transfer_report(&transfer, &report, call_instance(c),
			      call_node(c), c, t->verb);
	if (err)
		return err;

	run_transfer(r, transfer);
	transfer_release(transfer);

	return 0;
}


/**
 * End the transfer that run_cancel() has found waiting, if it has
 *
 * @param r Run
 */
void run_cancelled(struct run *r)
{
	static const char reason[] = "the application gave it up";
	struct task *t = &r->task;

	if (!t->cancelled || !waits(t))
		return;

	task_begin(t);
	if (verb_is_warm(t->verb)) {
		transferend(t, &(struct transfer_end){
				       .last = true,
				       .failure = FAILURE_ERROR,
				       .reason = reason,
			       });
	}
	else if (end_unsent(r, reason)) {
		log_error("run: %s: out of memory", call_sid(t->call));
		run_finish(r);
	}
}
