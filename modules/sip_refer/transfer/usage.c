/**
 * @file usage.c  The dialogs that are used for REFERs of ours
 *
 * Asterisk and baresip end a call at the first NOTIFY that is answered 481,
 * and libre gives that answer to a NOTIFY of an unknown subscription. So a
 * dialog in which a REFER was sent is remembered as long as its call lives,
 * whatever the outcome of the transfer, and afterwards as long as a request
 * may be on its way.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <re.h>
#include "referral.h"
#include "usage.h"


enum {
	HASH_SIZE = 256,
	LINGER = 64000,  /* 64*T1 for the request, and for its answer [ms] */
	OVER_MAX = 8192, /* whose call is over, that are known */
};

static struct {
	struct hash *ht;  /* by Call-ID */
	struct list over; /* that are to be forgotten, in that order */
	uint32_t overc;
} usages;


static void unlink_over(struct usage *usage)
{
	if (usage->le.list)
		--usages.overc;
	list_unlink(&usage->le);
}


static void destructor(void *arg)
{
	struct usage *usage = arg;

	deadline_cancel(&usage->deadline);
	hash_unlink(&usage->he);
	unlink_over(usage);
	list_flush(&usage->referrals);
	mem_deref(usage->dlg);
}


/** What to look for */
struct match {
	const struct dialog *dlg;
	const struct sip_msg *msg;
};


static bool find_handler(struct le *le, void *arg)
{
	const struct usage *usage = le->data;
	const struct match *match = arg;

	return match->msg ? sip_dialog_cmp(usage->dlg->dlg, match->msg)
			  : usage->dlg == match->dlg;
}


/**
 * Find a dialog
 *
 * @param dlg Dialog, may be NULL
 *
 * @return Its usage; NULL if no REFER of ours was sent in it
 */
struct usage *usages_find(const struct dialog *dlg)
{
	struct match match = {.dlg = dlg};

	if (!dlg || !usages.ht)
		return NULL;

	return list_ledata(hash_lookup(
		usages.ht, hash_joaat_str(sip_dialog_callid(dlg->dlg)),
		find_handler, &match));
}


/**
 * Find the dialog of a request
 *
 * @param msg Request
 *
 * @return Its usage; NULL if no REFER of ours was sent in it
 */
struct usage *usages_find_msg(const struct sip_msg *msg)
{
	struct match match = {.msg = msg};

	return list_ledata(hash_lookup(usages.ht, hash_joaat_pl(&msg->callid),
				       find_handler, &match));
}


/**
 * Get the usage of a dialog in which a REFER is to be sent
 *
 * @param usagep Pointer to it, borrowed
 * @param dlg    Dialog
 *
 * @return 0 if success, otherwise ENOMEM
 */
int usage_get(struct usage **usagep, struct dialog *dlg)
{
	struct usage *usage = usages_find(dlg);

	if (!usage) {
		usage = mem_zalloc(sizeof(*usage), destructor);
		if (!usage)
			return ENOMEM;

		usage->dlg = mem_ref(dlg);
		hash_append(usages.ht,
			    hash_joaat_str(sip_dialog_callid(dlg->dlg)),
			    &usage->he, usage);
	}

	*usagep = usage;

	return 0;
}


static void deadline_handler(void *arg)
{
	mem_deref(arg);
}


static bool in_progress(const struct usage *usage)
{
	const struct referral *latest = list_ledata(
		list_tail(&usage->referrals));

	return latest && latest->state != ENDED;
}


/**
 * Find the oldest transfer that is over, and whose target the far end may be
 * calling nevertheless
 *
 * @param usage Dialog
 *
 * @return Referral, NULL if there is none
 */
struct referral *usage_calling(const struct usage *usage)
{
	const struct le *le;

	for (le = list_head(&usage->referrals); le; le = le->next) {

		struct referral *r = le->data;

		if (r->state == ENDED && late_is_calling(r))
			return r;
	}

	return NULL;
}


/**
 * Forget a dialog in a while, if its call has ended and no transfer in it is
 * in progress. If there are too many, the oldest is forgotten.
 *
 * @param usage Dialog, may be NULL
 */
void usage_close(struct usage *usage)
{
	if (!usage || !usage->over || in_progress(usage))
		return;

	deadline_start(&usage->deadline, LINGER, deadline_handler, usage);
	unlink_over(usage);
	list_append(&usages.over, &usage->le, usage);

	if (++usages.overc > OVER_MAX)
		mem_deref(list_ledata(list_head(&usages.over)));
}


/** Whom apply_handler() calls */
struct apply {
	usage_h *h;
	void *arg;
};


static bool apply_handler(struct le *le, void *arg)
{
	const struct apply *apply = arg;

	return apply->h(le->data, apply->arg);
}


/**
 * Call a handler for each dialog
 *
 * @param h   Handler, which forgets none
 * @param arg Handler argument
 */
void usages_apply(usage_h *h, void *arg)
{
	struct apply apply = {h, arg};

	(void)hash_apply(usages.ht, apply_handler, &apply);
}


/**
 * Begin to know dialogs
 *
 * @return 0 if success, otherwise ENOMEM
 */
int usages_init(void)
{
	return hash_alloc(&usages.ht, HASH_SIZE);
}


/**
 * Forget all dialogs, and the transfers in them
 */
void usages_close(void)
{
	hash_flush(usages.ht);
	usages.ht = mem_deref(usages.ht);
}
