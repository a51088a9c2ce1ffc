/**
 * @file transfer.c  One transfer: REFER, its answer, the timers, the outcome
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <cjson/cJSON.h>
#include <string.h>
#include <re.h>
#include "compat/compat.h"
#include "sip_refer.h"


enum {
	GRACE = 2000,   /* for a message that another has overtaken [ms] */
	LINGER = 32000, /* 64*T1: late NOTIFYs are still answered [ms]   */
	REASON_MAX = 128,
};


static void tmr_handler(void *arg);


static const char *state_name(enum transfer_state state)
{
	switch (state) {

	case SENT: return "sent";
	case ACCEPTED: return "accepted";
	case PROGRESS: return "progress";
	case DECIDED: return "decided";
	case ORPHANED: return "orphaned";
	case ENDED: return "ended";
	default: return "?";
	}
}


static void destructor(void *arg)
{
	struct transfer *t = arg;

	tmr_cancel(&t->tmr);
	hash_unlink(&t->he);
	if (t->lc)
		t->lc->transfer = NULL;
	mem_deref(t->refer);
	mem_deref(t->sub);
	mem_deref(t->dlg);
	mem_deref(t->call_sid);
	mem_deref(t->ref);
	mem_deref(t->hdrs);
	mem_deref(t->replaces);
	mem_deref(t->refer_to);
	mem_deref(t->referred_by);
	mem_deref(t->reason);
}


/* Each state but SENT, which libre's transaction ends, has its timer */
static void set_state(struct transfer *t, enum transfer_state state,
		      uint64_t ms)
{
	if (t->state != state)
		debug("sip_refer: transfer %s: %s -> %s\n", t->id,
		      state_name(t->state), state_name(state));

	t->state = state;
	tmr_start(&t->tmr, ms, tmr_handler, t);
}


static void set_reason(struct transfer *t, const struct pl *reason)
{
	struct pl pl = *reason;

	if (pl.l > REASON_MAX)
		pl.l = REASON_MAX;

	t->reason = mem_deref(t->reason);
	(void)text_scrub(&t->reason, &pl);
}


static void set_reason_str(struct transfer *t, const char *reason)
{
	struct pl pl;

	pl_set_str(&pl, reason);
	set_reason(t, &pl);
}


static cJSON *step_alloc(const struct transfer *t, const char *step)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "type", "transfer");
	cJSON_AddStringToObject(json, "call_sid", t->call_sid);
	cJSON_AddStringToObject(json, "transfer_id", t->id);
	cJSON_AddStringToObject(json, "ref", t->ref);
	cJSON_AddStringToObject(json, "step", step);
	cJSON_AddStringToObject(json, "refer_to", t->refer_to);
	cJSON_AddStringToObject(json, "referred_by", t->referred_by);
	if (t->refer_status)
		cJSON_AddNumberToObject(json, "refer_status", t->refer_status);
	if (t->call_status)
		cJSON_AddNumberToObject(json, "call_status", t->call_status);
	if (t->reason)
		cJSON_AddStringToObject(json, "reason", t->reason);

	return json;
}


static void report(const struct transfer *t, const char *step)
{
	link_report(step_alloc(t, step));
}


/* The one place where a transfer ends. It lingers to answer late NOTIFYs. */
static void finish(struct transfer *t, const char *outcome,
		   const char *evidence)
{
	cJSON *json;

	if (t->state == ENDED)
		return;

	info("sip_refer: transfer %s to %s: %s (%s)\n", t->id, t->refer_to,
	     outcome, evidence);

	json = step_alloc(t, "ended");
	cJSON_AddStringToObject(json, "outcome", outcome);
	cJSON_AddStringToObject(json, "evidence", evidence);

	subscription_stop(t->sub);
	set_state(t, ENDED, LINGER);
	request_give_up(t->refer);
	if (t->lc) {
		t->lc->transfer = NULL;
		t->lc = NULL;
	}

	link_report(json);
}


static void finish_unsubscribe(struct transfer *t, const char *outcome,
			       const char *evidence)
{
	finish(t, outcome, evidence);
	subscription_end(t->sub);
}


/* The far end has the caller now: we leave the call, unless it did */
static void finish_leave(struct transfer *t, const char *outcome,
			 const char *evidence)
{
	struct livecall *lc = t->lc, *other;

	other = t->replaces ? calls_find(t->replaces) : NULL;

	finish(t, outcome, evidence);

	if (lc)
		livecall_transferred(lc);
	if (other)
		livecall_transferred(other);
}


static void finish_final(struct transfer *t)
{
	if (t->call_status < 300)
		finish_leave(t, "transferred", "notify");
	else
		finish(t, "failed", "notify");
}


static bool is_accepted(const struct transfer *t)
{
	return t->refer_status || t->cseqc;
}


static void silence(struct transfer *t, const char *evidence, uint32_t ms)
{
	char reason[64];

	(void)re_snprintf(reason, sizeof(reason), "no NOTIFY for %.1f s",
			  ms / 1000.0);
	set_reason_str(t, reason);
	finish_unsubscribe(t, "unknown", evidence);
}


static void tmr_handler(void *arg)
{
	struct transfer *t = arg;

	switch (t->state) {

	case SENT: break;

	case ACCEPTED: silence(t, "timer:notify", t->timeouts.notify); break;

	case PROGRESS: silence(t, "timer:ringing", t->timeouts.ringing); break;

	case DECIDED: finish_final(t); break;

	case ORPHANED:
		if (is_accepted(t)) {
			set_reason_str(t, "the far end ended the call");
			finish(t, "presumed", "bye");
		}
		else {
			t->refer_status = 487;
			set_reason_str(t, "the call ended before the REFER "
					  "was answered");
			finish(t, "failed", "bye");
		}
		break;

	case ENDED: mem_deref(t); break;
	}
}


/* RFC 4488 section 4 */
static bool is_refer_sub_false(const struct sip_msg *msg)
{
	const struct sip_hdr *hdr = sip_msg_hdr(msg, SIP_HDR_REFER_SUB);
	struct pl val;

	return hdr && !re_regex(hdr->val.p, hdr->val.l, "[a-zA-Z]+", &val) &&
	       !pl_strcasecmp(&val, "false");
}


/* A NOTIFY that came before the answer keeps its reason for the end */
static void accepted_report(struct transfer *t, const struct sip_msg *msg)
{
	char *reason = t->reason;

	t->reason = NULL;
	set_reason(t, &msg->reason);
	report(t, "accepted");

	if (reason) {
		mem_deref(t->reason);
		t->reason = reason;
	}
}


static void accepted(struct transfer *t, const struct sip_msg *msg)
{
	const bool first = t->state == SENT;

	t->refer_status = msg->scode;
	accepted_report(t, msg);

	if (t->state == DECIDED) {
		finish_final(t);
		return;
	}

	if (first && is_refer_sub_false(msg)) {
		finish_leave(t, "presumed", "refer-sub");
		return;
	}

	subscription_set_id(t->sub, request_cseq(t->refer));
	if (pl_isset(&msg->expires))
		subscription_granted(t->sub, pl_u32(&msg->expires));

	if (first)
		set_state(t, ACCEPTED, t->timeouts.notify);
}


static void refused(struct transfer *t, uint16_t scode,
		    const struct pl *reason, const char *evidence)
{
	t->refer_status = scode;
	set_reason(t, reason);
	finish(t, "failed", evidence);
}


static void not_answered(struct transfer *t, int err)
{
	struct pl reason;

	if (err == ETIMEDOUT) {
		pl_set_str(&reason, "Request Timeout");
		refused(t, 408, &reason, "timeout");
	}
	else {
		pl_set_str(&reason, strerror(err));
		refused(t, 503, &reason, "transport");
	}
}


/* NOTIFYs tell more than the REFER's answer: what they have decided stays */
static void refer_handler(int err, const struct sip_msg *msg, void *arg)
{
	struct transfer *t = arg;

	if (t->state == ENDED) {
		/* accepted after all: nobody waits for the result */
		if (!err && msg->scode < 300 && t->call_status < 200)
			subscription_end(t->sub);
		return;
	}

	if (t->refer_status)
		return;

	if (err) {
		if (t->state == SENT)
			not_answered(t, err);
	}
	else if (msg->scode < 300) {
		accepted(t, msg);
	}
	else if (t->state == DECIDED) {
		t->refer_status = msg->scode;
		finish_final(t);
	}
	else {
		refused(t, msg->scode, &msg->reason, "response");
	}
}


static bool is_repeated(struct transfer *t, uint32_t cseq)
{
	uint32_t i;

	for (i = 0; i < t->cseqc && i < CSEQ_SEEN; i++) {
		if (t->cseqv[i] == cseq)
			return true;
	}

	t->cseqv[t->cseqc++ % CSEQ_SEEN] = cseq;

	return false;
}


static void progress(struct transfer *t, const struct notify *notify)
{
	t->call_status = notify->frag.scode;
	set_reason(t, &notify->frag.reason);
	report(t, "progress");
}


static void final(struct transfer *t, const struct notify *notify)
{
	t->call_status = notify->frag.scode;
	set_reason(t, &notify->frag.reason);

	if (!t->refer_status && t->state != ORPHANED)
		set_state(t, DECIDED, GRACE);
	else
		finish_final(t);
}


/* The subscription ends, or its body means nothing: there will be no result.
   After the end of the call that changes nothing, the grace runs on. */
static void resultless(struct transfer *t, const struct notify *notify)
{
	if (t->state == ORPHANED)
		return;

	if (notify->body == BODY_UNREADABLE)
		set_reason_str(t, "the sipfrag is unreadable");
	else if (pl_isset(&notify->reason))
		set_reason(t, &notify->reason);
	else
		set_reason_str(t, "the subscription ended without a result");

	if (notify->terminated)
		finish(t, "unknown", "terminated");
	else
		finish_unsubscribe(t, "unknown", "terminated");
}


/**
 * Take what a NOTIFY says, which has been answered
 *
 * @param t      Transfer
 * @param notify NOTIFY
 */
void transfer_notified(struct transfer *t, const struct notify *notify)
{
	const bool late = notify->cseq < t->cseq_max;

	if (t->state == ENDED)
		return;

	if (is_repeated(t, notify->cseq) || t->state == DECIDED)
		return;

	if (!late)
		t->cseq_max = notify->cseq;

	if (notify->body == BODY_FRAG && notify->frag.scode >= 200) {
		final(t, notify);
		return;
	}

	if (late)
		return;

	if (notify->body == BODY_FRAG)
		progress(t, notify);

	if (notify->terminated || notify->body == BODY_UNREADABLE) {
		resultless(t, notify);
		return;
	}

	subscription_granted(t->sub, notify->expires);
	if (t->state != ORPHANED)
		set_state(t, PROGRESS, t->timeouts.ringing);
}


/**
 * Print the header fields of a REFER that come from its verb
 *
 * @param hdrsp Pointer to the text, each field with CRLF
 * @param verb  Verb sip:refer
 *
 * @return 0 if success, otherwise errorcode
 */
int transfer_print_hdrs(char **hdrsp, const struct verb *verb)
{
	return re_sdprintf(hdrsp, "Refer-To: %s\r\nReferred-By: %s\r\n%s",
			   verb->refer_to, verb->referred_by,
			   verb->hdrs ? verb->hdrs : "");
}


/**
 * Allocate a transfer and take the dialog of the call for it. Nothing is sent
 * before transfer_run(). A transfer that is never run is released with
 * mem_deref(); one that ran releases itself when it has lingered.
 *
 * @param tp       Pointer to the transfer
 * @param lc       Call
 * @param verb     Verb sip:refer
 * @param timeouts How long it waits
 * @param ref      Names the request of referd
 * @param fault    Why there can be no transfer
 *
 * @return 0 if success, otherwise errorcode
 */
int transfer_alloc(struct transfer **tp, struct livecall *lc,
		   const struct verb *verb, const struct timeouts *timeouts,
		   const char *ref, struct fault *fault)
{
	struct transfer *t;
	int err;

	if (!tp || !lc || !verb || !ref)
		return EINVAL;

	if (lc->transfer)
		return fault_set(fault, "sip:refer", "transfer in progress");

	t = mem_zalloc(sizeof(*t), destructor);
	if (!t)
		return ENOMEM;

	(void)re_snprintf(t->id, sizeof(t->id), "%016llx", rand_u64());
	t->timeouts = *timeouts;

	err = transfer_print_hdrs(&t->hdrs, verb);
	err |= str_dup(&t->call_sid, lc->sid);
	err |= str_dup(&t->ref, ref);
	err |= str_dup(&t->refer_to, verb->refer_to_uri);
	err |= str_dup(&t->referred_by, verb->referred_by_uri);
	if (verb->replaces)
		err |= str_dup(&t->replaces, verb->replaces);
	if (err)
		goto out;

	err = dialog_take(&t->dlg, lc->call, t->refer_to);
	if (err)
		goto out;

	t->lc = lc;
	lc->transfer = t;

out:
	if (err)
		mem_deref(t);
	else
		*tp = t;

	return err;
}


/**
 * Send the REFER
 *
 * @param t Transfer
 */
void transfer_run(struct transfer *t)
{
	int err;

	if (!t)
		return;

	report(t, "requested");

	t->refer_first = sip_dialog_lseq(t->dlg->dlg);

	err = subscription_alloc(&t->sub, t->dlg, t->refer_first);
	if (!err)
		err = request_send(&t->refer, t->dlg, "REFER", t->hdrs,
				   refer_handler, t);
	if (err)
		not_answered(t, err);
}


/**
 * The application gives the transfer up
 *
 * @param t Transfer, may be NULL
 */
void transfer_cancel(struct transfer *t)
{
	if (!t)
		return;

	set_reason_str(t, "the application gave it up");

	if (is_accepted(t))
		finish_unsubscribe(t, "cancelled", "application");
	else
		finish(t, "cancelled", "application");
}


/**
 * baresip or the module stops: nobody will hear of the outcome
 *
 * @param t Transfer
 */
void transfer_stop(struct transfer *t)
{
	set_reason_str(t, "baresip is stopping");
	finish(t, "unknown", "node");
}


/**
 * The call of a transfer is closed. The subscription outlives it.
 *
 * @param t        Transfer, may be NULL
 * @param stopping True if baresip or the module stops
 */
void transfer_call_closed(struct transfer *t, bool stopping)
{
	if (!t)
		return;

	t->lc->transfer = NULL;
	t->lc = NULL;

	if (stopping)
		transfer_stop(t);
	else if (t->state != DECIDED)
		set_state(t, ORPHANED, GRACE);
}
