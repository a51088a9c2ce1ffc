/**
 * @file hold.c  A call on hold, and back
 *
 * A re-INVITE asks the far end to send no media; ours go on. libre sends the
 * re-INVITE, repeats it if needed, and reports its answer to nobody: a
 * listener sees it. Requests are carried out one after the other.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <re.h>
#include "linkreport.h"
#include "host/host.h"
#include "link/link.h"
#include "text/text.h"
#include "transfer/transfer.h"
#include "call.h"
#include "livecall.h"


enum {
	ANSWER_MAX = 10000, /* to the answer, with all attempts [ms] */
	REASON_MAX = 64,    /* that is told of a reason phrase [bytes] */
};

/** What is known of a call's hold since it was asked for first */
struct hold {
	struct le le;        /* among all                              */
	struct livecall *lc; /* borrowed: ends before it               */
	struct list asks;    /* that wait, the next one first          */
	struct reinvite inv; /* the latest                             */
	struct tmr tmr;      /* libre has read the answer              */
	uint16_t scode;      /* of the answer, or of a refused attempt */
	char *reason;
	bool waits;   /* inv has no answer yet               */
	bool offered; /* on hold by inv                      */
	bool agreed;  /* on hold, as the far end has it      */
	bool wanted;  /* on hold, by the last ask that was granted */
};

/** What waits for its result: a request of referd, or a transfer */
struct ask {
	struct le le;
	struct hold *h; /* borrowed: ends before it */
	struct deadline deadline;
	char *ref; /* NULL of a transfer */
	bool hold;
};

static struct list holds;


static void settle(struct hold *h);


static void destructor(void *arg)
{
	struct hold *h = arg;

	h->lc->hold = NULL;
	list_unlink(&h->le);
	list_flush(&h->asks);
	tmr_cancel(&h->tmr);
	mem_deref(h->inv.dlg);
	mem_deref(h->reason);
}


static void ask_destructor(void *arg)
{
	struct ask *ask = arg;

	list_unlink(&ask->le);
	deadline_cancel(&ask->deadline);
	mem_deref(ask->ref);
}


static void result(const char *ref, const char *error)
{
	link_report(&(struct report){
		.kind = REPORT_RESULT,
		.ref = ref,
		.ok = !error,
		.index = -1,
		.field = error ? "hold" : NULL,
		.error = error,
	});
}


/* A transfer goes on, whatever the far end has answered */
static void answer(struct ask *ask, const char *error)
{
	struct livecall *lc = ask->h->lc;
	const bool hold = ask->hold;

	if (ask->ref) {
		result(ask->ref, error);
		mem_deref(ask);
		return;
	}

	if (error)
		info("sip_refer: call %s: %s\n", lc->sid, error);
	mem_deref(ask);
	if (hold)
		refer_held(lc->referral);
}


static void refuse(struct ask *ask, const char *why)
{
	char error[256];

	(void)re_snprintf(error, sizeof(error), "hold: %s", why);
	answer(ask, error);
}


static struct ask *next_ask(const struct hold *h)
{
	return list_ledata(list_head(&h->asks));
}


/* From 1.1.0 on, baresip's media follow an offer before it is agreed: they do
   so again, while nothing is sent */
static void undo(const struct hold *h)
{
	struct call *call = h->lc->call;
	struct sipsess *sess;

	if (!agents_have_call(call))
		return;

	direction_hold(call, h->agreed);
	(void)dialog_take_session(&sess, call);
}


static int offer(struct hold *h, bool hold)
{
	int err;

	if (!agents_have_call(h->lc->call))
		return ENOTCONN;

	direction_hold(h->lc->call, hold);
	h->scode = 0;
	err = dialog_reinvite(&h->inv, h->lc->call);
	if (err) {
		undo(h);
		return err;
	}

	h->offered = hold;
	h->waits = true;

	return 0;
}


/* Answer of the far end, as a text */
static void print_answer(char *text, size_t size, const struct hold *h)
{
	(void)re_snprintf(text, size,
			  "the far end answered %u %s to the re-INVITE",
			  h->scode, h->reason ? h->reason : "");
}


static void deadline_handler(void *arg)
{
	struct ask *ask = arg;
	struct hold *h = ask->h;
	char why[192];

	if (h->scode)
		print_answer(why, sizeof(why), h);
	else
		(void)re_snprintf(why, sizeof(why),
				  "the far end has not answered the re-INVITE "
				  "within %u s",
				  ANSWER_MAX / 1000);
	refuse(ask, why);

	/* libre would repeat another request now; an earlier one may still be
	   granted, and is then taken back */
	if (h->scode && list_isempty(&h->asks))
		(void)offer(h, h->wanted);
}


static void cannot(struct ask *ask, int err)
{
	char why[128];

	(void)re_snprintf(why, sizeof(why), "no re-INVITE can be sent (%m)",
			  err);
	refuse(ask, why);
}


/* A request for the present state is granted at once; then the next one
   follows */
static void settle(struct hold *h)
{
	struct ask *ask;
	int err;

	while ((ask = next_ask(h)) && !h->waits) {

		if (ask->hold == h->agreed) {
			h->wanted = ask->hold;
			answer(ask, NULL);
			continue;
		}

		err = offer(h, ask->hold);
		if (err)
			cannot(ask, err);
	}

	if (!ask && !h->waits && h->agreed != h->wanted)
		(void)offer(h, h->wanted);
}


/* A refused re-INVITE changes nothing, RFC 3261 section 14.1 */
static void refused(struct hold *h)
{
	struct ask *ask;
	char why[192];

	print_answer(why, sizeof(why), h);
	undo(h);

	while ((ask = next_ask(h)) && ask->hold == h->offered)
		refuse(ask, why);

	h->wanted = h->agreed;
}


/* libre has read the answer: it may have sent another attempt, with
   credentials */
static void tmr_handler(void *arg)
{
	struct hold *h = arg;

	if ((h->scode == 401 || h->scode == 407) &&
	    sip_dialog_lseq(h->inv.dlg) != h->inv.cseq + 1) {
		h->inv.cseq = h->inv.cseq + 1;
		h->scode = 0;
		return;
	}

	h->waits = false;
	if (h->scode < 300)
		h->agreed = h->offered;
	else
		refused(h);

	settle(h);
}


/* libre sends it again in a while */
static bool is_put_off(const struct sip_msg *msg)
{
	return msg->scode == 491 ||
	       (msg->scode == 500 && sip_msg_hdr(msg, SIP_HDR_RETRY_AFTER));
}


static void answered(struct hold *h, const struct sip_msg *msg)
{
	struct pl phrase = msg->reason;

	phrase.l = min(phrase.l, REASON_MAX);
	h->scode = msg->scode;
	h->reason = mem_deref(h->reason);
	(void)text_scrub(&h->reason, &phrase);

	h->inv.cseq = msg->cseq.num;
	if (!is_put_off(msg))
		tmr_start(&h->tmr, 0, tmr_handler, h);
}


static bool is_answer(const struct hold *h, const struct sip_msg *msg)
{
	return h->waits && !tmr_isrunning(&h->tmr) &&
	       msg->cseq.num >= h->inv.cseq &&
	       !pl_strcmp(&msg->callid, sip_dialog_callid(h->inv.dlg));
}


void hold_response(const struct sip_msg *msg)
{
	struct le *le;

	if (msg->scode < 200 || pl_strcmp(&msg->cseq.met, "INVITE"))
		return;

	for (le = list_head(&holds); le; le = le->next) {

		struct hold *h = le->data;

		if (is_answer(h, msg)) {
			answered(h, msg);
			return;
		}
	}
}


static int get_hold(struct hold **hp, struct livecall *lc)
{
	struct hold *h = lc->hold;

	if (!h) {
		h = mem_zalloc(sizeof(*h), destructor);
		if (!h)
			return ENOMEM;

		h->lc = lc;
		lc->hold = h;
		list_append(&holds, &h->le, h);
	}

	*hp = h;

	return 0;
}


static bool is_asked(const struct hold *h, const char *ref)
{
	struct le *le;

	for (le = list_head(&h->asks); le; le = le->next) {

		const struct ask *ask = le->data;

		if (!str_cmp(ask->ref, ref))
			return true;
	}

	return false;
}


static int add(struct hold *h, const char *ref, bool hold)
{
	struct ask *ask = mem_zalloc(sizeof(*ask), ask_destructor);

	if (!ask)
		return ENOMEM;

	if (ref && str_dup(&ask->ref, ref)) {
		mem_deref(ask);
		return ENOMEM;
	}

	ask->h = h;
	ask->hold = hold;
	list_append(&h->asks, &ask->le, ask);
	deadline_start(&ask->deadline, ANSWER_MAX, deadline_handler, ask);

	return 0;
}


int hold_ask(struct livecall *lc, const char *ref, bool hold,
	     struct error *error)
{
	struct hold *h;
	int err;

	if (!livecall_established(lc))
		return error_set(error, "call_sid",
				 "must name a call that is answered");

	if (hold)
		capture_watch(call_id(lc->call), true);
	else
		capture_unwatch(call_id(lc->call));

	err = get_hold(&h, lc);
	if (!err && !is_asked(h, ref))
		err = add(h, ref, hold);
	if (!err)
		settle(h);

	return err;
}


static void ask_own(struct livecall *lc, bool hold)
{
	struct hold *h;
	int err;

	err = get_hold(&h, lc);
	if (!err)
		err = add(h, NULL, hold);
	if (!err)
		settle(h);
	else if (hold)
		refer_held(lc->referral);
}


/* As it is when all that waits is granted */
static bool will_hold(const struct hold *h)
{
	const struct ask *last = list_ledata(list_tail(&h->asks));

	return last ? last->hold : h->wanted;
}


void hold_begin(struct livecall *lc)
{
	lc->hold_ends = !lc->hold || !will_hold(lc->hold);
	ask_own(lc, true);
}


void hold_end(struct livecall *lc)
{
	if (!lc->hold_ends)
		return;

	lc->hold_ends = false;
	ask_own(lc, false);
}


/**
 * The call is closed: drop its requests
 *
 * @param lc Live call
 */
void hold_call_closed(struct livecall *lc)
{
	struct hold *h = lc->hold;
	struct ask *ask;

	if (!h)
		return;

	while ((ask = next_ask(h))) {
		if (ask->ref)
			refuse(ask, "the call has ended");
		else
			mem_deref(ask);
	}

	mem_deref(h);
}
