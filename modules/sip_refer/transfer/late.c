/**
 * @file late.c  Messages of a far end about a transfer that has ended
 *
 * A far end does not stop calling the target because the module has given the
 * transfer up. A late result is reported, and changes nothing; before it,
 * another REFER would ring two targets at once.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <string.h>
#include <re.h>
#include "host/host.h"
#include "text/text.h"
#include "late.h"
#include "outcome.h"
#include "referral.h"
#include "usage.h"


enum {
	TIMER_C = 180, /* RFC 3261 section 16.6: nothing rings longer [s] */
	MS_PER_S = 1000,
	OPEN_MAX = 8, /* transfers of a call whose result may come late */
};


/**
 * Note that the far end has said something of a transfer
 *
 * @param r       Referral
 * @param expires How long its subscription lives [s]; 0 if that was not said
 */
void late_heard(struct referral *r, uint32_t expires)
{
	if (expires)
		r->late.granted = true;
	else if (r->late.granted)
		return;
	else
		expires = TIMER_C;

	r->late.expiry = deadline_now() + (uint64_t)expires * MS_PER_S;
}


/**
 * Tell whether the far end may be calling the target of a transfer that is
 * over
 *
 * @param r Referral
 *
 * @return True if so
 */
bool late_is_calling(const struct referral *r)
{
	return r->late.calling && deadline_now() < r->late.expiry;
}


/* The far end has told the result, or never began */
static bool is_settled(const struct referral *r, const char *evidence)
{
	return r->refused || r->call_status >= 200 ||
	       !strcmp(evidence, "response") ||
	       !strcmp(evidence, "transport") || !strcmp(evidence, "node");
}


/* After a NOTIFY that ends the subscription, no result can come */
static bool may_call(const char *outcome, const char *evidence)
{
	return !strcmp(outcome, "cancelled") ||
	       (!strcmp(outcome, "unknown") && strcmp(evidence, "terminated"));
}


/* If there are too many, the oldest is not expected any more */
static void close_oldest(const struct usage *usage)
{
	struct referral *oldest = NULL;
	const struct le *le;
	unsigned count = 0;

	for (le = list_head(usage ? &usage->referrals : NULL); le;
	     le = le->next) {

		struct referral *r = le->data;

		if (!r->late.open)
			continue;
		if (!count++)
			oldest = r;
	}

	if (count > OPEN_MAX) {
		oldest->late.open = oldest->late.calling = false;
		referral_linger(oldest);
	}
}


/**
 * Wait for what may come of a transfer that is over
 *
 * @param r        Referral
 * @param outcome  Name of the outcome
 * @param evidence Name of what tells so
 */
void late_begin(struct referral *r, const char *outcome, const char *evidence)
{
	if (is_settled(r, evidence))
		return;

	r->late.open = true;
	r->late.calling = may_call(outcome, evidence);
	close_oldest(r->usage);
}


/**
 * Take a NOTIFY about a transfer that has ended
 *
 * @param r      Referral
 * @param notify NOTIFY
 */
void late_notified(struct referral *r, const struct notify *notify)
{
	if (!notify_is_last(notify)) {
		late_heard(r, notify->expires);
		return;
	}

	r->late.calling = false;
	if (!r->late.open || !notify_is_final(notify))
		return;

	r->late.open = false;
	r->call_status = notify->frag.scode;
	outcome_reason_pl(r, &notify->frag.reason);
	outcome_late(r, notify->msg);
	referral_linger(r);
}


/**
 * The far end has refused a REFER that was given up
 *
 * @param r Referral
 */
void late_refused(struct referral *r)
{
	r->late.open = r->late.calling = false;
	referral_linger(r);
}
