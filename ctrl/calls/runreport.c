/**
 * @file runreport.c  The node reports on the verb at hand
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <string.h>
#include "calls.h"
#include "latehook.h"
#include "nodes/nodes.h"
#include "notice.h"
#include "runstep.h"
#include "task.h"
#include "transfer.h"
#include "tries.h"
#include "verb.h"
#include "warm.h"


/**
 * Take the answer of the node to a request
 *
 * @param r      Run
 * @param report Result
 */
void run_result(struct run *r, const struct report *report)
{
	struct task *t = &r->task;

	if (r->warm) {
		warm_result(r->warm, report);
		run_conclude(r);
		return;
	}

	if (strcmp(t->ref, report->ref))
		return;

	if (t->stage != STAGE_ASKED && t->stage != STAGE_WAITING)
		return;

	if (!report->ok && task_tries(t))
		tries_give_up(t, report->field, report->error);
	else if (!report->ok)
		task_refuse(t, 400, report->field, report->error);
	else if (t->stage == STAGE_ASKED)
		run_begin(r, report->dry_run);
}


/* Of a transfer that joins two far ends only the end matters */
static void join_ended(struct run *r, const struct transfer *transfer)
{
	if (!transfer->outcome)
		return;

	latehook_add(r->task.call, r->task.verb, transfer);
	warm_transfer(r->warm, transfer);
	run_conclude(r);
}


/**
 * Take a step of the transfer that the verb at hand asked for
 *
 * @param r        Run
 * @param transfer Transfer
 */
void run_transfer(struct run *r, const struct transfer *transfer)
{
	struct task *t = &r->task;
	bool wait;

	if (r->warm) {
		join_ended(r, transfer);
		return;
	}

	if (!task_transfers(t))
		return;

	if (t->verb->transfer)
		tries_tell(t, transfer);
	else
		notice_notify(t->call, t->verb, transfer);
	if (!transfer->outcome)
		return;

	latehook_add(t->call, t->verb, transfer);
	if (t->verb->attempts) {
		tries_ended(t, transfer);
		return;
	}

	/* one that had to make room does not hold up what takes its place */
	wait = notice_transferred(t->call, t->verb, transfer, t->hook);
	task_end(t, wait && !t->superseded);
}


/**
 * Take a report on a playback
 *
 * @param r      Run
 * @param report Report
 */
void run_played(struct run *r, const struct report *report)
{
	struct task *t = &r->task;

	if (r->warm) {
		warm_played(r->warm, report);
		run_conclude(r);
		return;
	}

	if (!t->verb || t->verb->kind != VERB_PLAY ||
	    t->stage != STAGE_RUNNING || strcmp(t->ref, report->ref))
		return;

	task_end(t, notice_played(t->call, t->verb, report, t->hook));
}


/**
 * Take a report on the response to a request
 *
 * @param r      Run
 * @param report Report
 */
void run_response(struct run *r, const struct report *report)
{
	struct task *t = &r->task;

	if (!t->verb || t->verb->kind != VERB_SIP_REQUEST ||
	    t->stage != STAGE_RUNNING || strcmp(t->ref, report->ref))
		return;

	task_end(t, notice_response(t->call, t->verb, report, t->hook));
}
