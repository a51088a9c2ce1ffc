/**
 * @file control.c  Requests of referd, and reports to it
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>
#include "linkreport.h"
#include "linkrequest.h"
#include "call/call.h"
#include "link/link.h"
#include "text/text.h"
#include "transfer/transfer.h"
#include "control.h"


enum {
	REF_MAX = 64,    /* bytes                         */
	SYNC_MAX = 2048, /* transfers that one sync names */
};


static void succeeded(const char *ref)
{
	link_report(&(struct report){
		.kind = REPORT_RESULT,
		.ref = ref,
		.ok = true,
		.index = -1,
	});
}


static void refused(const char *ref, int err, const struct error *error)
{
	const bool told = error->text[0] != '\0';

	link_report(&(struct report){
		.kind = REPORT_RESULT,
		.ref = ref,
		.error = told ? error->text : strerror(err),
		.field = told ? error->field : NULL,
		.index = error->index,
	});
}


static int no_call(struct error *error)
{
	return error_set(error, "call_sid", "No live call has this call_sid");
}


/* A call that the far end is to end, as it was transferred, is over */
static bool may_run(const struct livecall *lc, const struct sipverb *verb)
{
	return !lc->transferred || verb->type == SIPVERB_HANGUP;
}


static int find_call(struct livecall **lcp, const struct node_request *rq,
		     struct error *error)
{
	*lcp = rq->call_sid ? livecalls_find(rq->call_sid) : NULL;

	return *lcp ? 0 : no_call(error);
}


/* Every verb is checked before any runs; the first is kept */
static int verbs_decode(struct sipverb **firstp, const struct farend *far,
			const cJSON *verbs, struct error *error)
{
	struct sipverb *first = NULL, *verb;
	const cJSON *item;
	int err, i = 0;

	if (!cJSON_IsArray(verbs) || !verbs->child)
		return error_set(error, "verbs",
				 "must be an array of one or more verbs");

	cJSON_ArrayForEach(item, verbs)
	{
		error->index = i++;

		err = sipverb_decode(&verb, item, far, error);
		if (err) {
			mem_deref(first);
			return err;
		}

		if (first)
			mem_deref(verb);
		else
			first = verb;
	}

	error->index = 0;
	*firstp = first;

	return 0;
}


static int answer(struct livecall *lc, const char *ref, struct error *error)
{
	int err;

	if (!lc->answered && lc->outgoing)
		return error_set(error, "call_sid",
				 "must name an incoming call");

	err = lc->answered ? 0 : livecall_answer(lc);
	if (!err)
		succeeded(ref);

	return err;
}


/* Here and below, the result comes before the reports that it causes */
static int decline(struct livecall *lc, const struct sipverb *verb,
		   const char *ref, struct error *error)
{
	if (lc->answered || lc->outgoing)
		return error_set(error, "call_sid",
				 "must name an incoming call that is not "
				 "answered");

	succeeded(ref);
	livecall_hangup(lc, verb->status, verb->reason, verb->hdrs);

	return 0;
}


static int hangup(struct livecall *lc, const struct sipverb *verb,
		  const char *ref)
{
	succeeded(ref);
	referral_cancel(lc->referral, &(struct referral_cancel){0});
	livecall_hangup(lc, 0, NULL, verb->hdrs);

	return 0;
}


static void dry_run_report(const char *ref, const char *text)
{
	link_report(&(struct report){
		.kind = REPORT_RESULT,
		.ref = ref,
		.ok = true,
		.index = -1,
		.dry_run = text,
	});
}


static int dry_run(const struct livecall *lc, const struct sipverb *verb,
		   const char *ref)
{
	char *text;
	int err;

	err = dryrun_report(&text, lc, verb);
	if (err)
		return err;

	dry_run_report(ref, text);
	free(text);

	return 0;
}


/* A verb with several targets comes as one verb for each */
static int dry_runs(struct livecall *lc, const struct farend *far,
		    const cJSON *verbs, const struct node_request *rq,
		    struct error *error)
{
	char *text;
	int err;

	if (!livecall_established(lc))
		return error_set(error, "call_sid",
				 "must name a call that is answered");

	err = dryruns_report(&text, lc, far, verbs, rq->attempts, error);
	if (err)
		return err;

	dry_run_report(rq->ref, text);
	free(text);

	return 0;
}


/* Of the call that the target of an attended transfer is in */
static const char *other_id(const struct sipverb *verb)
{
	const struct livecall *other = verb->replaces
					       ? livecalls_find(verb->replaces)
					       : NULL;

	return other ? call_id(other->call) : NULL;
}


static int refer(struct livecall *lc, struct sipverb *verb, const char *ref,
		 struct error *error)
{
	struct referral_call call = {
		.held = &lc->referral,
		.sid = lc->sid,
		.outgoing = lc->outgoing,
		.minds_unsubscribe = shown_minds_unsubscribe(&lc->shown),
	};
	struct referral *t;
	int err;

	if (!livecall_established(lc))
		return error_set(error, "call_sid",
				 "must name a call that is answered");

	/* asked again after the link was down */
	if (referral_waits(lc->referral, ref))
		return 0;

	err = attended_prepare(verb, lc, error);
	if (!err)
		err = sipverb_check_size(verb, error);
	if (err)
		return err;

	if (verb->dry_run)
		return dry_run(lc, verb, ref);

	err = livecall_take_dialog(lc, verb->refer_to.uri);
	call.dlg = lc->dlg;
	call.other_id = other_id(verb);
	if (!err)
		err = referrals_add(&t, &call, verb, ref, error);
	if (err)
		return err;

	dryrun_log(lc, verb, referral_id(t));
	if (verb->profile && verb->profile->hold) {
		refer_hold(t);
		hold_begin(lc);
	}
	else {
		refer_start(t);
	}

	return 0;
}


static int play(struct livecall *lc, const struct sipverb *verb,
		const char *ref, struct error *error)
{
	int err;

	if (!livecall_established(lc))
		return error_set(error, "call_sid",
				 "must name a call that is answered");

	err = playback_start(lc, verb, ref, error);
	if (!err)
		succeeded(ref);

	return err;
}


static int ask_in_dialog(struct livecall *lc, const struct sipverb *verb,
			 const char *ref, struct error *error)
{
	int err;

	if (!livecall_established(lc))
		return error_set(error, "call_sid",
				 "must name a call that is answered");

	err = siprequest_send(lc, verb, ref);
	if (!err)
		succeeded(ref);

	return err;
}


/* 0 means that the result has been sent, or that none is due */
static int verb_run(struct livecall *lc, struct sipverb *verb, const char *ref,
		    struct error *error)
{
	switch (verb->type) {

	case SIPVERB_ANSWER: return answer(lc, ref, error);
	case SIPVERB_DECLINE: return decline(lc, verb, ref, error);
	case SIPVERB_HANGUP: return hangup(lc, verb, ref);
	case SIPVERB_PLAY: return play(lc, verb, ref, error);
	case SIPVERB_REFER: return refer(lc, verb, ref, error);
	case SIPVERB_REQUEST: return ask_in_dialog(lc, verb, ref, error);
	}

	return ENOSYS;
}


static int verbs_handler(const struct node_request *rq, const cJSON *verbs,
			 struct error *error)
{
	struct sipverb *verb = NULL;
	struct livecall *lc;
	struct farend far;
	int err;

	err = find_call(&lc, rq, error);
	if (!err)
		err = remote_farend(&far, lc);
	if (err)
		return err;

	err = verbs_decode(&verb, &far, verbs, error);
	if (err)
		goto out;

	if (!may_run(lc, verb))
		err = no_call(error);
	else if (rq->run && rq->attempts && verb->dry_run)
		err = dry_runs(lc, &far, verbs, rq, error);
	else if (rq->run)
		err = verb_run(lc, verb, rq->ref, error);
	else
		succeeded(rq->ref);

out:
	mem_deref(verb);
	farend_reset(&far);

	return err;
}


/* The module alone decides about the evidence of a transfer's end, except for
   these */
static int cancel_check(const struct node_request *rq, struct error *error)
{
	const char *evidence = rq->evidence;

	if (evidence && strcmp(evidence, "application") &&
	    strcmp(evidence, "timer:answer"))
		return error_set(error, "evidence",
				 "must be application or timer:answer");

	return 0;
}


static int cancel_handler(const struct node_request *rq, struct error *error)
{
	struct referral_cancel how = {
		.evidence = rq->evidence,
		.reason = rq->reason,
		.unsubscribe = rq->unsubscribe,
	};
	struct livecall *lc;
	int err;

	err = find_call(&lc, rq, error);
	if (!err)
		err = cancel_check(rq, error);
	if (err)
		return err;

	if (shown_minds_unsubscribe(&lc->shown))
		how.unsubscribe = false;

	playback_stop(lc);
	referral_cancel(lc->referral, &how);
	succeeded(rq->ref);

	return 0;
}


static int hold_handler(const struct node_request *rq, struct error *error)
{
	struct livecall *lc;
	int err;

	err = find_call(&lc, rq, error);

	return err ? err : hold_ask(lc, rq->ref, rq->hold, error);
}


static int dial_handler(const struct node_request *rq, const cJSON *fields,
			struct error *error)
{
	int err;

	err = originate(rq, fields, error);
	if (!err)
		succeeded(rq->ref);

	return err;
}


/**
 * Handle a request of referd
 *
 * @param rq   Request
 * @param body Its verbs, or the data of a dial; NULL for none
 */
void control_request(const struct node_request *rq, const struct cJSON *body)
{
	struct error error = {.index = -1};
	int err;

	if (!rq->type || !rq->ref || strlen(rq->ref) > REF_MAX) {
		warning("sip_refer: a request of referd must have a type and "
			"a ref of valid length\n");
		return;
	}

	if (!strcmp(rq->type, "verbs"))
		err = verbs_handler(rq, body, &error);
	else if (!strcmp(rq->type, "cancel"))
		err = cancel_handler(rq, &error);
	else if (!strcmp(rq->type, "hold"))
		err = hold_handler(rq, &error);
	else if (!strcmp(rq->type, "dial"))
		err = dial_handler(rq, body, &error);
	else
		err = error_set(&error, "type",
				"is not a request that this module knows");

	if (err)
		refused(rq->ref, err, &error);
}


/**
 * Report each live call and each transfer in progress to referd, which was
 * away. Transfers that do not fit into a line are named by further syncs.
 */
void control_sync(void)
{
	const char *ids[SYNC_MAX];
	struct report r = {.kind = REPORT_SYNC, .transfers = ids};
	size_t pos = 0;

	livecalls_report();

	do {
		r.transferc = referrals_list(ids, pos, SYNC_MAX, &r.more);
		link_report(&r);
		pos += SYNC_MAX;
	} while (r.more);
}
