/**
 * @file warmtarget.c  The target that is called first, and its result
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
#include "transfers.h"
#include "transferverb.h"
#include "verb.h"
#include "warm.h"
#include "warmstep.h"
#include <string.h>

/**
 * Get the target at hand
 *
 * @param w Transfer
 *
 * @return Its attempt
 */
const struct attempt *warm_target(const struct warm *w)
{
	return attempts_at(w->task->verb->attempts);
}


/**
 * Tell how long a target may ring
 *
 * @param w Transfer
 *
 * @return Time in whole seconds, at least one
 */
unsigned warm_timeout(const struct warm *w)
{
	const double timeout = w->task->verb->transfer->timeout;
	const unsigned whole = (unsigned)timeout;

	return whole + (timeout > whole);
}


/* A transfer without a REFER is in the history like any other */
static int keep(struct warm *w, int status, const char *reason)
{
	const struct task *t = w->task;
	struct transfer *transfer;
	int err;

	const struct report r = {
		.kind = REPORT_TRANSFER,
		.time = clock_ms(),
		.call_sid = call_sid(t->call),
		.transfer_id = w->transfer_id,
		.step = "ended",
		.refer_to = warm_target(w)->target,
		.call_status = status,
		.outcome = "failed",
		.evidence = "dial",
		.confidence = "high",
		.reason = reason,
	};

	err = transfer_report(&transfer, &r, call_instance(t->call),
			      call_node(t->call), t->call, t->verb);
	if (err)
		return err;

	err = attempts_ended(t->verb->attempts, transfer);
	transfer_release(transfer);

	return err;
}


/**
 * Keep that a target does not have the caller, though no REFER was sent
 *
 * @param w      Transfer
 * @param status Answer of the target, 0 for none
 * @param reason Why, as a sentence
 */
void warm_missed(struct warm *w, int status, const char *reason)
{
	int err = keep(w, status, reason);

	if (err)
		log_error("warm: %s: %s", call_sid(w->task->call),
			  strerror(err));
}
