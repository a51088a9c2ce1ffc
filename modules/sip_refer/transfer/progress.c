/**
 * @file progress.c  The NOTIFYs of a transfer
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <re.h>
#include "text/text.h"
#include "late.h"
#include "outcome.h"
#include "referral.h"
#include "subscription.h"


static bool is_repeated(struct referral *r, uint32_t cseq)
{
	uint32_t i;

	for (i = 0; i < r->cseqc && i < CSEQ_SEEN; i++) {
		if (r->cseqv[i] == cseq)
			return true;
	}

	r->cseqv[r->cseqc++ % CSEQ_SEEN] = cseq;

	return false;
}


static bool is_unread(const struct notify *notify)
{
	return notify->body == BODY_UNREADABLE || notify->body == BODY_FOREIGN;
}


static void progress(struct referral *r, const struct notify *notify)
{
	r->provisional = true;
	r->call_status = notify->frag.scode;
	outcome_reason_pl(r, &notify->frag.reason);
	outcome_step(r, "progress", notify->msg);
}


static void final(struct referral *r, const struct notify *notify)
{
	r->call_status = notify->frag.scode;
	outcome_reason_pl(r, &notify->frag.reason);
	outcome_message(r, sipmsg_json(notify->msg));

	if (!r->refer_status && r->state != ORPHANED)
		referral_set_state(r, DECIDED, GRACE);
	else
		referral_end_final(r);
}


/* Some far ends report success by the end of the subscription alone. A failure
   status says more. */
static bool presumes_end(const struct referral *r, const struct notify *notify)
{
	return r->profile && r->profile->presume_terminated &&
	       notify->body != BODY_FRAG;
}


/* The subscription ends: no result will come, unless it is on its way. After
   the end of the call the module waits for that. */
static void resultless(struct referral *r, const struct notify *notify)
{
	if (r->state == ORPHANED) {
		referral_set_state(r, ORPHANED, GRACE);
		return;
	}

	if (is_unread(notify))
		outcome_reason(r, "the sipfrag is unreadable");
	else if (pl_isset(&notify->reason))
		outcome_reason_pl(r, &notify->reason);
	else
		outcome_reason(r, "the subscription ended without a result");

	outcome_message(r, sipmsg_json(notify->msg));
	if (presumes_end(r, notify))
		referral_end_leave(r, "presumed", "terminated");
	else
		referral_end(r, "unknown", "terminated");
}


/* The module waits for a far end that still reports, after the end of the
   call, too; a NOTIFY without content does not count */
static void go_on(struct referral *r, const struct notify *notify)
{
	late_heard(r, notify->expires);
	if (notify->terminated)
		subscription_stop(r->sub);
	else
		subscription_granted(r->sub, notify->expires);

	r->mute = notify->body != BODY_FRAG;
	if (!r->mute)
		referral_set_state(r,
				   r->state == ORPHANED ? ORPHANED : PROGRESS,
				   r->timeouts.ringing);
	else if (r->state == SENT)
		referral_accept(r);
}


static void take(struct referral *r, const struct notify *notify,
		 bool overtaken)
{
	if (!overtaken) {
		r->cseq_max = notify->cseq;
		subscription_set_event(r->sub, &notify->event);
	}

	if (notify_is_final(notify)) {
		final(r, notify);
		return;
	}

	if (overtaken)
		return;

	if (notify->body == BODY_FRAG)
		progress(r, notify);

	if (notify_is_last(notify))
		resultless(r, notify);
	else
		go_on(r, notify);
}


/**
 * Take a NOTIFY that has been answered
 *
 * @param r      Referral
 * @param notify NOTIFY
 */
void referral_notified(struct referral *r, const struct notify *notify)
{
	const bool overtaken = notify->cseq < r->cseq_max;

	/* after a 491 it is of a transfer before, whose NOTIFYs have no id */
	if (r->state == PENDING || r->state == HOLDING ||
	    is_repeated(r, notify->cseq))
		return;

	if (notify->has_id)
		r->named = true;

	if (r->state == ENDED)
		late_notified(r, notify);
	else if (r->state != DECIDED)
		take(r, notify, overtaken);
}
