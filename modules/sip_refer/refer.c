/**
 * @file refer.c  The REFER of a transfer, and its answer
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <string.h>
#include <re.h>
#include "compat/compat.h"
#include "sip_refer.h"


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
	outcome_reason_pl(t, &msg->reason);
	outcome_step(t, "accepted", msg);

	if (reason) {
		mem_deref(t->reason);
		t->reason = reason;
	}
}


static void accepted(struct transfer *t, const struct sip_msg *msg)
{
	const bool first = t->state == SENT;

	t->dlg->subscribed = true;
	t->refer_status = msg->scode;
	accepted_report(t, msg);

	if (t->state == DECIDED) {
		transfer_end_final(t);
		return;
	}

	if (first && is_refer_sub_false(msg)) {
		transfer_end_leave(t, "presumed", "refer-sub");
		return;
	}

	subscription_set_id(t->sub, request_cseq(t->refer));
	if (pl_isset(&msg->expires))
		subscription_granted(t->sub, pl_u32(&msg->expires));

	if (first)
		transfer_set_state(t, ACCEPTED, t->timeouts.notify);
}


static void refused(struct transfer *t, uint16_t scode,
		    const struct pl *reason, const char *evidence)
{
	t->refer_status = scode;
	outcome_reason_pl(t, reason);
	transfer_end(t, "failed", evidence);
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


/* Of the two sides, who has called owns the Call-ID: RFC 3261 section 14.1 */
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
static bool retry(struct transfer *t, const struct sip_msg *msg)
{
	struct pl phrase = msg->reason;
	char reason[96];
	uint32_t ms;

	if (msg->scode != 491 || t->retried || t->state != SENT ||
	    !retry_delay(&ms, t->outgoing, t->timeouts.retry))
		return false;

	phrase.l = min(phrase.l, sizeof(reason) / 2);
	(void)re_snprintf(reason, sizeof(reason), "%r; sent again in %.2f s",
			  &phrase, ms / 1000.0);

	t->retried = true;
	t->refer_status = msg->scode;
	outcome_reason(t, reason);
	outcome_step(t, "retry", msg);

	t->refer_status = 0;
	transfer_set_state(t, PENDING, ms);

	return true;
}


/* A 408 says that the REFER was lost, as firewalls lose what they do not know:
   the call may be well. After a 481 there is none. RFC 3261 section 12.2.1.2
   would have both end it. */
static bool is_unknown(const struct sip_msg *msg)
{
	return msg->scode == 481;
}


/* Nobody waits any more */
static void answered_late(struct transfer *t, const struct sip_msg *msg)
{
	if (msg->scode < 300 && t->call_status < 200)
		subscription_end(t->sub);
	else if (is_unknown(msg))
		t->events->unknown(t->call_sid);
}


/* NOTIFYs tell more than the REFER's answer: what they have decided stays */
static void refer_handler(int err, const struct sip_msg *msg, void *arg)
{
	struct transfer *t = arg;

	if (t->state == ENDED) {
		if (!err)
			answered_late(t, msg);
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
		transfer_end_final(t);
	}
	else if (!retry(t, msg)) {
		outcome_message(t, message_json(msg));
		refused(t, msg->scode, &msg->reason, "response");
		if (is_unknown(msg))
			t->events->unknown(t->call_sid);
	}
}


static int attempt(struct transfer *t)
{
	int err;

	err = request_send(&t->refer, t->dlg, "REFER", t->hdrs, refer_handler,
			   t);
	if (err)
		return err;

	transfer_set_state(t, SENT, PACE_TIME);
	pace_take(&t->pace);

	return 0;
}


/**
 * Send the REFER again, which was answered 491
 *
 * @param t Transfer
 */
void refer_again(struct transfer *t)
{
	int err;

	t->refer = mem_deref(t->refer);
	err = attempt(t);
	if (err)
		not_answered(t, err);
}


/**
 * Send the REFER
 *
 * @param t Transfer
 *
 * @return 0 if success, otherwise errorcode
 */
int refer_send(struct transfer *t)
{
	int err;

	t->first = !t->dlg->subscribed;
	t->refer_first = sip_dialog_lseq(t->dlg->dlg);

	err = subscription_alloc(&t->sub, t->dlg, t->refer_first);
	if (err)
		return err;

	return attempt(t);
}


/**
 * Report that the REFER was sent. Nobody has to wait for what is said of it.
 *
 * @param t   Transfer
 * @param err What refer_send() has returned
 */
void refer_report(struct transfer *t, int err)
{
	char *text;

	if (!dialog_print(&text, t->dlg, "REFER", t->refer_first, t->hdrs,
			  false)) {
		outcome_message(t, message_json_text(text));
		mem_deref(text);
	}
	outcome_begin(t);

	if (err)
		not_answered(t, err);
}
