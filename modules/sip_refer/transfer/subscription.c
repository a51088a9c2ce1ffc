/**
 * @file subscription.c  The subscription that a REFER makes
 *
 * NOTIFYs come only while the subscription lives: it is refreshed before its
 * expiry, and ended when its outcome is not needed any more.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <re.h>
#include "host/host.h"
#include "text/text.h"
#include "subscription.h"


enum {
	REFRESH_PERCENT = 80, /* of its life, then it is refreshed */
};

struct subscription {
	struct dialog *dlg;
	struct drequest *req;
	struct deadline deadline;
	char *event;      /* That of the NOTIFYs, NULL before any */
	uint32_t id;      /* CSeq of the REFER                    */
	uint32_t expires; /* granted [s]                          */
	uint32_t asked;   /* in the latest SUBSCRIBE [s]          */
	enum event_form form;
	bool named;   /* By the id, before any NOTIFY         */
	bool stopped; /* It is never refreshed                */
};


static void destructor(void *arg)
{
	struct subscription *sub = arg;

	deadline_cancel(&sub->deadline);
	mem_deref(sub->req);
	mem_deref(sub->dlg);
	mem_deref(sub->event);
}


/* Far ends know a subscription by the Event that they write, parameter for
   parameter: Asterisk does not answer refer;id=2 if it writes refer, Twinkle
   and baresip the other way round. Before they have written any, the first one
   of a dialog may do without its id. */
static int event_print(struct re_printf *pf, const struct subscription *sub)
{
	if (sub->event && sub->form == EVENT_NOTIFIED)
		return re_hprintf(pf, "%s", sub->event);

	return sub->named ? re_hprintf(pf, "refer;id=%u", sub->id)
			  : re_hprintf(pf, "refer");
}


static void answer_handler(int err, const struct sip_msg *msg, void *arg);


static int subscribe(struct subscription *sub, uint32_t expires)
{
	char hdrs[EVENT_MAX + 128];

	if (re_snprintf(hdrs, sizeof(hdrs),
			"Event: %H\r\n"
			"Expires: %u\r\n"
			"Accept: message/sipfrag\r\n",
			event_print, sub, expires) < 0)
		return ENOMEM;

	sub->asked = expires;
	sub->req = mem_deref(sub->req);

	return drequest_send(&sub->req, sub->dlg, "SUBSCRIBE", hdrs,
			     answer_handler, sub);
}


/* A far end that refuses to refresh may go on to notify: our timers decide,
   not its answer */
static void answer_handler(int err, const struct sip_msg *msg, void *arg)
{
	struct subscription *sub = arg;

	sub->req = mem_deref(sub->req);
	if (err)
		return;

	if (msg->scode < 300) {
		subscription_granted(sub, pl_isset(&msg->expires)
						  ? pl_u32(&msg->expires)
						  : sub->expires);
	}
	else if (msg->scode == 481 && sub->form == EVENT_NOTIFIED &&
		 !sub->event && !sub->named) {
		sub->named = true;
		(void)subscribe(sub, sub->asked);
	}
}


static void deadline_handler(void *arg)
{
	struct subscription *sub = arg;

	(void)subscribe(sub, sub->expires);
}


/**
 * Allocate the subscription of an accepted REFER
 *
 * @param subp  Pointer to the subscription
 * @param dlg   Dialog of the REFER
 * @param id    CSeq of the REFER
 * @param first True if there was no other in the dialog before
 * @param form  The Event that it is known by
 *
 * @return 0, EINVAL, or ENOMEM
 *
 * Reference: RFC 3515 section 2.4.6
 */
int subscription_alloc(struct subscription **subp, struct dialog *dlg,
		       uint32_t id, bool first, enum event_form form)
{
	struct subscription *sub;

	if (!subp || !dlg)
		return EINVAL;

	sub = mem_zalloc(sizeof(*sub), destructor);
	if (!sub)
		return ENOMEM;

	sub->dlg = mem_ref(dlg);
	sub->id = id;
	sub->form = form;
	sub->named = form == EVENT_NAMED || (form == EVENT_NOTIFIED && !first);

	*subp = sub;

	return 0;
}


/**
 * Name the REFER that made the subscription: with credentials it was sent
 * again, under another CSeq
 *
 * @param sub Subscription, may be NULL
 * @param id  CSeq of the REFER
 *
 * Reference: RFC 3515 section 2.4.6
 */
void subscription_set_id(struct subscription *sub, uint32_t id)
{
	if (sub)
		sub->id = id;
}


/**
 * Know the subscription by the Event of a NOTIFY
 *
 * @param sub   Subscription, may be NULL
 * @param event Event as it may be sent; empty if the NOTIFY had none such
 */
void subscription_set_event(struct subscription *sub, const struct pl *event)
{
	char *str;

	if (!sub || !pl_isset(event) || pl_strdup(&str, event))
		return;

	mem_deref(sub->event);
	sub->event = str;
}


/**
 * Note how long the far end lets the subscription live, and refresh it in time
 *
 * @param sub     Subscription, may be NULL
 * @param expires Time that is left [s]; 0 if the far end named none
 *
 * Reference: RFC 6665 section 4.1.2.2
 */
void subscription_granted(struct subscription *sub, uint32_t expires)
{
	if (!sub || !expires || sub->stopped)
		return;

	sub->expires = expires;
	deadline_start(&sub->deadline,
		       (uint64_t)expires * 10 * REFRESH_PERCENT,
		       deadline_handler, sub);
}


/**
 * Refresh the subscription no more
 *
 * @param sub Subscription, may be NULL
 */
void subscription_stop(struct subscription *sub)
{
	if (!sub)
		return;

	deadline_cancel(&sub->deadline);
	sub->stopped = true;
}


/**
 * End the subscription at the far end, then release it with mem_deref()
 *
 * @param sub Subscription, may be NULL
 *
 * Reference: RFC 6665 section 4.1.2.3
 */
void subscription_end(struct subscription *sub)
{
	if (!sub)
		return;

	subscription_stop(sub);
	(void)subscribe(sub, 0);
}
