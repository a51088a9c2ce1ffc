/**
 * @file refer.c  The REFER of a transfer, and its answer
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <string.h>
#include <re.h>
#include "host/host.h"
#include "link/link.h"
#include "text/text.h"
#include "late.h"
#include "outcome.h"
#include "referral.h"
#include "subscription.h"
#include "transfer.h"
#include "usage.h"


enum {
	HOLD_TIME = 4000, /* for the answer to the re-INVITE [ms] */
};


/* RFC 4488 section 4 */
static bool is_refer_sub_false(const struct sip_msg *msg)
{
	const struct sip_hdr *hdr = sip_msg_hdr(msg, SIP_HDR_REFER_SUB);
	struct pl val;

	return hdr && !re_regex(hdr->val.p, hdr->val.l, "[a-zA-Z]+", &val) &&
	       !pl_strcasecmp(&val, "false");
}


/* A NOTIFY that came before the answer keeps its reason for the end */
static void accepted_report(struct referral *r, const struct sip_msg *msg)
{
	char *reason = r->reason;

	r->reason = NULL;
	outcome_reason_pl(r, &msg->reason);
	outcome_step(r, "accepted", msg);

	if (reason) {
		mem_deref(r->reason);
		r->reason = reason;
	}
}


/* [s], 0 if there is none */
static uint32_t expires(const struct sip_msg *msg)
{
	return pl_isset(&msg->expires) ? pl_u32(&msg->expires) : 0;
}


static void accepted(struct referral *r, const struct sip_msg *msg)
{
	const bool first = r->state == SENT;

	r->dlg->subscribed = true;
	r->refer_status = msg->scode;
	r->accepted = deadline_now();
	accepted_report(r, msg);

	if (r->state == DECIDED) {
		referral_end_final(r);
		return;
	}

	if (first && is_refer_sub_false(msg)) {
		referral_end_leave(r, "presumed", "refer-sub");
		return;
	}

	late_heard(r, expires(msg));
	subscription_set_id(r->sub, drequest_cseq(r->refer));
	subscription_granted(r->sub, expires(msg));

	referral_await_answer(r);
	if (first)
		referral_accept(r);
}


static void refused(struct referral *r, uint16_t scode,
		    const struct pl *reason, const char *evidence)
{
	r->refer_status = scode;
	outcome_reason_pl(r, reason);
	referral_end(r, "failed", evidence);
}


static void not_answered(struct referral *r, int err)
{
	struct pl reason;

	if (err == ETIMEDOUT) {
		pl_set_str(&reason, "Request Timeout");
		refused(r, 408, &reason, "timeout");
	}
	else {
		pl_set_str(&reason, strerror(err));
		refused(r, 503, &reason, "transport");
	}
}


/* The caller owns the Call-ID: RFC 3261 section 14.1 */
static bool retry_delay(uint32_t *msp, bool owner, uint32_t max)
{
	const uint32_t from = owner ? 2100 : 0;
	const uint32_t to = min(owner ? RETRY_MAX : 2000, max);

	if (max == RETRY_NEVER || to < from)
		return false;

	*msp = from + rand_u32() % ((to - from) / 10 + 1) * 10;

	return true;
}


/* The far end is in the middle of something else: once, it is asked again */
static bool retry(struct referral *r, const struct sip_msg *msg)
{
	struct pl phrase = msg->reason;
	char reason[96];
	uint32_t ms;

	if (msg->scode != 491 || r->retried || r->state != SENT ||
	    !retry_delay(&ms, r->outgoing, r->timeouts.retry))
		return false;

	phrase.l = min(phrase.l, sizeof(reason) / 2);
	(void)re_snprintf(reason, sizeof(reason), "%r; sent again in %.2f s",
			  &phrase, ms / 1000.0);

	r->retried = r->refused = true;
	r->refer_status = msg->scode;
	outcome_reason(r, reason);
	outcome_step(r, "retry", msg);

	r->refer_status = 0;
	referral_set_state(r, PENDING, ms);

	return true;
}


/* A 408 says that the REFER was lost, as firewalls drop unknown methods: the
   call may be up. After a 481 it is not. RFC 3261 section 12.2.1.2 would have
   both end it. */
static bool is_unknown(const struct sip_msg *msg)
{
	return msg->scode == 481;
}


/* Nobody waits any more */
static void answered_late(struct referral *r, const struct sip_msg *msg)
{
	r->refer = mem_deref(r->refer);

	if (msg->scode >= 300) {
		late_refused(r);
		if (is_unknown(msg))
			r->events->unknown(r->call_sid);
		return;
	}

	r->dlg->subscribed = true;
	late_heard(r, expires(msg));
	subscription_set_id(r->sub, r->refer_last);
	if (r->timeouts.unsubscribe == UNSUBSCRIBE && r->call_status < 200)
		subscription_end(r->sub);
}


/* NOTIFYs say more than the REFER's answer: their decision stays */
static void refer_handler(int err, const struct sip_msg *msg, void *arg)
{
	struct referral *r = arg;

	if (r->state == ENDED) {
		if (!err)
			answered_late(r, msg);
		return;
	}

	if (r->refer_status)
		return;

	if (err) {
		if (r->state == SENT)
			not_answered(r, err);
	}
	else if (msg->scode < 300) {
		accepted(r, msg);
	}
	else if (r->state == DECIDED) {
		r->refer_status = msg->scode;
		referral_end_final(r);
	}
	else if (!retry(r, msg)) {
		outcome_message(r, sipmsg_json(msg));
		refused(r, msg->scode, &msg->reason, "response");
		if (is_unknown(msg))
			r->events->unknown(r->call_sid);
	}
}


static int attempt(struct referral *r)
{
	int err;

	err = drequest_send(&r->refer, r->dlg, "REFER", r->hdrs, refer_handler,
			    r);
	if (err)
		return err;

	r->refused = false;
	referral_set_state(r, SENT, WINDOW_TIME);
	window_enter(&r->in_window);

	return 0;
}


/**
 * Send the REFER again, which was answered 491
 *
 * @param r Referral
 */
void refer_again(struct referral *r)
{
	int err;

	r->refer = mem_deref(r->refer);
	err = attempt(r);
	if (err)
		not_answered(r, err);
}


static int send_refer(struct referral *r)
{
	int err;

	late_heard(r, 0);
	r->first = !r->dlg->subscribed && !usage_calling(r->usage);
	r->refer_first = sip_dialog_lseq(r->dlg->dlg);
	r->notify_first = r->dlg->notify_cseq ? r->dlg->notify_cseq + 1 : 0;

	err = subscription_alloc(&r->sub, r->dlg, r->refer_first, r->first,
				 r->profile ? r->profile->event
					    : EVENT_NOTIFIED);
	if (err)
		return err;

	return attempt(r);
}


static void report(struct referral *r, int err)
{
	char *text;

	if (!dialog_print(&text, r->dlg, "REFER", r->refer_first, r->hdrs,
			  false)) {
		outcome_message(r, sipmsg_json_text(text));
		mem_deref(text);
	}
	outcome_begin(r);

	if (err)
		not_answered(r, err);
}


void refer_start(struct referral *r)
{
	const int err = send_refer(r);

	outcome_result(r);
	report(r, err);
}


void refer_hold(struct referral *r)
{
	r->holds = true;
	r->refused = true;
	referral_set_state(r, HOLDING, HOLD_TIME);
}


void refer_held(struct referral *r)
{
	if (r && r->state == HOLDING)
		refer_start(r);
}
