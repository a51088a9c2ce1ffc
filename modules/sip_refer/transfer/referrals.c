/**
 * @file referrals.c  The transfers of this baresip, found by their NOTIFYs
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <re.h>
#include "host/host.h"
#include "text/text.h"
#include "capture.h"
#include "late.h"
#include "outcome.h"
#include "referral.h"
#include "transfer.h"
#include "usage.h"


static struct {
	struct timeouts timeouts;
	const struct referral_events *events;
} referrals;


/* An authenticated REFER has had two CSeqs; not every far end names the last
 */
static bool has_id(const struct referral *r, uint32_t id)
{
	return id >= r->refer_first &&
	       id <= (r->refer ? drequest_cseq(r->refer) : r->refer_last);
}


static struct referral *find_named(const struct usage *usage, uint32_t id)
{
	const struct le *le;

	for (le = list_head(&usage->referrals); le; le = le->next) {

		struct referral *r = le->data;

		if (has_id(r, id))
			return r;
	}

	return NULL;
}


/* A far end that names its later REFERs by id means the first one if it names
   none (RFC 3515 section 2.4.6). Other far ends never use ids: then a NOTIFY
   from before the REFER, and its retransmission, is about another REFER. */
static bool may_be_nameless(const struct referral *r, uint32_t cseq)
{
	return (r->first || !r->dlg->names_refers) && cseq >= r->notify_first;
}


/* It may be of the one before, which was given up and goes on beside it: what
   failed is the older one's, as it has rung for longer. That somebody has
   answered is true of both, as far as the call goes. */
static struct referral *choose(struct referral *active,
			       struct referral *calling,
			       const struct notify *notify)
{
	if (!notify_is_last(notify))
		return active;

	active->late.mixed = calling->late.mixed = true;

	return notify_is_final(notify) && notify->frag.scode < 300 ? active
								   : calling;
}


/* The transfer in progress, or one that is given up and goes on, or else the
   latest */
static struct referral *find_nameless(const struct usage *usage,
				      const struct notify *notify)
{
	struct referral *active = NULL, *calling = NULL, *latest = NULL;
	const struct le *le;

	for (le = list_head(&usage->referrals); le; le = le->next) {

		struct referral *r = le->data;

		if (r->state == HOLDING || !may_be_nameless(r, notify->cseq))
			continue;

		latest = r;
		if (r->state != ENDED)
			active = r;
		else if (!calling && late_is_calling(r) && !r->named)
			calling = r;
	}

	if (active && calling)
		return choose(active, calling, notify);
	if (active)
		return active;

	return calling ? calling : latest;
}


static struct referral *find(const struct usage *usage,
			     const struct notify *notify)
{
	return notify->has_id ? find_named(usage, notify->id)
			      : find_nameless(usage, notify);
}


static void answer(const struct notify *notify)
{
	if (notify->body == BODY_FOREIGN)
		(void)sip_replyf(uag_sip(), notify->msg, 415,
				 "Unsupported Media Type",
				 "Accept: message/sipfrag, multipart/mixed\r\n"
				 "Content-Length: 0\r\n\r\n");
	else
		(void)sip_reply(uag_sip(), notify->msg, 200, "OK");
}


/* Features of the far end, whichever transfer the message is about. One that
   another has overtaken may have the previous Contact. */
static void learn(struct dialog *dlg, const struct notify *notify,
		  const struct referral *r)
{
	if (notify->cseq > dlg->notify_cseq) {
		dlg->notify_cseq = notify->cseq;
		dialog_refresh(dlg, notify->msg);
	}

	if (r && notify->has_id && !r->first)
		dlg->names_refers = true;
	if (notify->body == BODY_FRAG && notify->frag.scode == 100)
		dlg->says_trying = true;
	dlg->subscribed = true;
}


bool referrals_notify(const struct sip_msg *msg)
{
	struct notify notify;
	struct referral *r;
	struct usage *usage;

	if (notify_decode(&notify, msg))
		return false;

	usage = usages_find_msg(msg);
	if (!usage)
		return false;

	r = find(usage, &notify);
	if (!r && usage->dlg->shared)
		return false;

	answer(&notify);
	learn(usage->dlg, &notify, r);
	if (r)
		referral_notified(r, &notify);

	return true;
}


void referrals_bye(const struct sip_msg *msg)
{
	const struct usage *usage = usages_find_msg(msg);
	struct le *le;

	for (le = list_head(usage ? &usage->referrals : NULL); le;
	     le = le->next) {

		struct referral *r = le->data;

		r->bye = true;
		if (r->state != ENDED && r->state != DECIDED)
			outcome_message(r, sipmsg_json(msg));
	}
}


void referrals_call_closed(const struct dialog *dlg, bool stopping)
{
	struct usage *usage = usages_find(dlg);
	struct le *le;

	if (!usage)
		return;

	usage->over = true;
	for (le = list_head(&usage->referrals); le; le = le->next)
		referral_call_closed(le->data, stopping);
	usage_close(usage);
}


bool referrals_calling(const struct dialog *dlg)
{
	const struct usage *usage = usages_find(dlg);

	return usage && usage_calling(usage);
}


static int may_add(const struct referral_call *call,
		   const struct sipverb *verb, struct error *error)
{
	if (*call->held)
		return error_set(
			error, "sip:refer",
			"must wait until the transfer in progress has ended");

	if (!verb->force && referrals_calling(call->dlg))
		return error_set(error, "sip:refer",
				 "must wait: the far end may still be calling "
				 "the target of the previous transfer (force "
				 "sends the REFER anyway)");

	return 0;
}


int referrals_add(struct referral **rp, const struct referral_call *call,
		  const struct sipverb *verb, const char *ref,
		  struct error *error)
{
	struct timeouts timeouts = referrals.timeouts;
	struct usage *usage;
	int err;

	if (verb->profile)
		timeouts_override(&timeouts, &verb->profile->timeouts);
	timeouts_override(&timeouts, &verb->timeouts);

	err = may_add(call, verb, error);
	if (!err)
		err = usage_get(&usage, call->dlg);
	if (!err)
		err = referral_alloc(rp, call, verb, &timeouts,
				     referrals.events, ref);
	if (err)
		return err;

	(*rp)->usage = usage;
	list_append(&usage->referrals, &(*rp)->le, *rp);
	capture_begin(*rp, call->sid, call->other_id);

	return 0;
}


/** Which transfers list_handler() writes */
struct page {
	const char **ids;
	size_t pos; /* of the next transfer in progress */
	size_t begin;
	size_t end;
	bool more;
};


static bool list_handler(struct usage *usage, void *arg)
{
	struct page *page = arg;
	const struct le *le;

	for (le = list_head(&usage->referrals); le; le = le->next) {

		const struct referral *r = le->data;

		/* referd asks again for a transfer that waits */
		if (r->state == ENDED || r->state == HOLDING)
			continue;

		if (page->pos == page->end) {
			page->more = true;
			return true;
		}

		if (page->pos >= page->begin)
			page->ids[page->pos - page->begin] = r->id;
		++page->pos;
	}

	return false;
}


size_t referrals_list(const char **ids, size_t pos, size_t count, bool *morep)
{
	struct page page = {ids, 0, pos, pos + count, false};

	usages_apply(list_handler, &page);
	*morep = page.more;

	return page.pos > pos ? page.pos - pos : 0;
}


int referrals_init(const struct timeouts *timeouts,
		   const struct referral_events *events)
{
	referrals.events = events;
	referrals.timeouts = *timeouts;
	if (!timeouts->retry)
		referrals.timeouts.retry = RETRY_NEVER;

	return usages_init();
}


static bool stop_handler(struct usage *usage, void *arg)
{
	struct le *le;
	(void)arg;

	for (le = list_head(&usage->referrals); le; le = le->next)
		referral_stop(le->data);

	return false;
}


void referrals_close(void)
{
	usages_apply(stop_handler, NULL);
	usages_close();
}
