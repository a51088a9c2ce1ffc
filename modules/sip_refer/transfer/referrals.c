/**
 * @file referrals.c  The transfers of this baresip, found by their NOTIFYs
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <re.h>
#include "json.h"
#include "host/host.h"
#include "text/text.h"
#include "outcome.h"
#include "referral.h"
#include "transfer.h"


enum {
	HASH_SIZE = 256,
};

static struct {
	struct hash *ht; /* by Call-ID */
	struct timeouts timeouts;
	const struct referral_events *events;
} referrals;


/* An authenticated REFER has had two CSeqs; not every far end names the last
 */
static bool has_id(const struct referral *r, uint32_t id)
{
	return id >= r->refer_first && id <= drequest_cseq(r->refer);
}


/** What find_handler() looks for */
struct match {
	const struct notify *notify;
	struct dialog *dlg;     /* in which there is, or was, a transfer */
	struct referral *found; /* that the NOTIFY belongs to            */
};


/* A far end that names its later REFERs by id means the first one if it names
   none (RFC 3515 section 2.4.6). Others never do. */
static bool may_be_nameless(const struct referral *r)
{
	return r->first || !r->dlg->names_refers;
}


/* With an id, the transfer of that REFER; without one the transfer in
   progress, or else the latest */
static bool find_handler(struct le *le, void *arg)
{
	struct referral *r = le->data;
	struct match *match = arg;
	const struct notify *notify = match->notify;

	if (!sip_dialog_cmp(r->dlg->dlg, notify->msg))
		return false;

	match->dlg = r->dlg;

	if (notify->has_id) {
		if (has_id(r, notify->id))
			match->found = r;
	}
	else if (may_be_nameless(r) &&
		 (!match->found || match->found->state == ENDED)) {
		match->found = r;
	}

	return false;
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


/* What it shows of the far end, whichever transfer it is about. One that
   another has overtaken may name where the far end was. */
static void learn(const struct notify *notify, const struct match *match)
{
	struct dialog *dlg = match->dlg;

	if (notify->cseq > dlg->notify_cseq) {
		dlg->notify_cseq = notify->cseq;
		dialog_refresh(dlg, notify->msg);
	}

	if (match->found && notify->has_id && !match->found->first)
		dlg->names_refers = true;
	dlg->subscribed = true;
}


bool referrals_notify(const struct sip_msg *msg)
{
	struct notify notify;
	struct match match = {&notify, NULL, NULL};

	if (notify_decode(&notify, msg))
		return false;

	(void)hash_lookup(referrals.ht, hash_joaat_pl(&msg->callid),
			  find_handler, &match);
	if (!match.dlg || (!match.found && notify.has_id))
		return false;

	answer(&notify);
	learn(&notify, &match);
	if (match.found)
		referral_notified(match.found, &notify);

	return true;
}


static bool bye_handler(struct le *le, void *arg)
{
	struct referral *r = le->data;
	const struct sip_msg *msg = arg;

	if (r->state != ENDED && r->state != DECIDED &&
	    sip_dialog_cmp(r->dlg->dlg, msg))
		outcome_message(r, sipmsg_json(msg));

	return false;
}


void referrals_bye(const struct sip_msg *msg)
{
	(void)hash_lookup(referrals.ht, hash_joaat_pl(&msg->callid),
			  bye_handler, (void *)msg);
}


int referrals_add(struct referral **rp, const struct referral_call *call,
		  const struct sipverb *verb, const char *ref,
		  struct error *error)
{
	struct timeouts timeouts = referrals.timeouts;
	int err;

	if (verb->timeouts.notify)
		timeouts.notify = verb->timeouts.notify;
	if (verb->timeouts.ringing)
		timeouts.ringing = verb->timeouts.ringing;
	if (verb->timeouts.retry)
		timeouts.retry = verb->timeouts.retry;

	err = referral_alloc(rp, call, verb, &timeouts, referrals.events, ref,
			     error);
	if (err)
		return err;

	hash_append(referrals.ht,
		    hash_joaat_str(sip_dialog_callid((*rp)->dlg->dlg)),
		    &(*rp)->he, *rp);

	return 0;
}


/** Which transfers list_handler() writes */
struct page {
	struct json *j;
	size_t pos; /* of the next transfer in progress */
	size_t begin;
	size_t end;
};


static bool list_handler(struct le *le, void *arg)
{
	const struct referral *r = le->data;
	struct page *page = arg;

	if (r->state == ENDED)
		return false;

	if (page->pos == page->end)
		return true;

	if (page->pos >= page->begin)
		json_str(page->j, NULL, r->id);
	++page->pos;

	return false;
}


bool referrals_list(struct json *j, size_t pos, size_t count)
{
	struct page page = {j, 0, pos, pos + count};

	return hash_apply(referrals.ht, list_handler, &page) != NULL;
}


int referrals_init(const struct timeouts *timeouts,
		   const struct referral_events *events)
{
	referrals.events = events;
	referrals.timeouts = *timeouts;
	if (!timeouts->retry)
		referrals.timeouts.retry = RETRY_NEVER;

	return hash_alloc(&referrals.ht, HASH_SIZE);
}


static bool stop_handler(struct le *le, void *arg)
{
	(void)arg;

	referral_stop(le->data);

	return false;
}


void referrals_close(void)
{
	(void)hash_apply(referrals.ht, stop_handler, NULL);
	hash_flush(referrals.ht);
	referrals.ht = mem_deref(referrals.ht);
}
