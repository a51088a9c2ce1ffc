/**
 * @file subscription.c  The subscription that a REFER makes
 *
 * NOTIFYs keep coming only while the subscription lives: it is refreshed when
 * it nears its expiry, and ended when nobody waits for its outcome any more.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <re.h>
#include "host/host.h"
#include "subscription.h"


enum {
	REFRESH_PERCENT = 80, /* of its life, then it is refreshed */
};

struct subscription {
	struct dialog *dlg;
	struct drequest *req;
	struct deadline deadline;
	uint32_t id;      /* CSeq of the REFER     */
	uint32_t expires; /* granted [s]           */
	bool stopped;     /* It is never refreshed */
};


static void destructor(void *arg)
{
	struct subscription *sub = arg;

	deadline_cancel(&sub->deadline);
	mem_deref(sub->req);
	mem_deref(sub->dlg);
}


/* A far end that refuses to refresh may go on to notify: our timers decide,
   not its answer */
static void refresh_handler(int err, const struct sip_msg *msg, void *arg)
{
	struct subscription *sub = arg;

	sub->req = mem_deref(sub->req);

	if (!err && msg->scode < 300)
		subscription_granted(sub, pl_isset(&msg->expires)
						  ? pl_u32(&msg->expires)
						  : sub->expires);
}


static int subscribe(struct subscription *sub, uint32_t expires, drequest_h *h)
{
	char hdrs[128];

	if (re_snprintf(hdrs, sizeof(hdrs),
			"Event: refer;id=%u\r\n"
			"Expires: %u\r\n"
			"Accept: message/sipfrag\r\n",
			sub->id, expires) < 0)
		return ENOMEM;

	sub->req = mem_deref(sub->req);

	return drequest_send(&sub->req, sub->dlg, "SUBSCRIBE", hdrs, h, sub);
}


static void deadline_handler(void *arg)
{
	struct subscription *sub = arg;

	(void)subscribe(sub, sub->expires, refresh_handler);
}


/**
 * Allocate the subscription of an accepted REFER
 *
 * @param subp Pointer to the subscription
 * @param dlg  Dialog of the REFER
 * @param id   CSeq of the REFER
 *
 * @return 0, EINVAL, or ENOMEM
 *
 * Reference: RFC 3515 section 2.4.6
 */
int subscription_alloc(struct subscription **subp, struct dialog *dlg,
		       uint32_t id)
{
	struct subscription *sub;

	if (!subp || !dlg)
		return EINVAL;

	sub = mem_zalloc(sizeof(*sub), destructor);
	if (!sub)
		return ENOMEM;

	sub->dlg = mem_ref(dlg);
	sub->id = id;

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
 * Take note of how long the far end lets the subscription live, and refresh
 * it in time
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
	(void)subscribe(sub, 0, NULL);
}
