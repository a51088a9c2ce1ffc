/**
 * @file transfer.c  One transfer: its states, its timers, its NOTIFYs
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <cjson/cJSON.h>
#include <re.h>
#include "compat/compat.h"
#include "sip_refer.h"


enum {
	GRACE = 2000,   /* for a message that another has overtaken [ms]  */
	LINGER = 32000, /* 64*T1: late NOTIFYs are still answered [ms] */
};


static void deadline_handler(void *arg);


static const char *state_name(enum transfer_state state)
{
	switch (state) {

	case SENT: return "sent";
	case PENDING: return "pending";
	case ACCEPTED: return "accepted";
	case PROGRESS: return "progress";
	case DECIDED: return "decided";
	case ORPHANED: return "orphaned";
	case ENDED: return "ended";
	default: return "?";
	}
}


/* Its call has none in progress any more */
static void let_go(struct transfer *t)
{
	if (t->held)
		*t->held = NULL;
	t->held = NULL;
}


static void destructor(void *arg)
{
	struct transfer *t = arg;

	deadline_cancel(&t->deadline);
	pace_give(&t->pace);
	hash_unlink(&t->he);
	let_go(t);
	mem_deref(t->refer);
	mem_deref(t->sub);
	mem_deref(t->dlg);
	mem_deref(t->call_sid);
	mem_deref(t->ref);
	mem_deref(t->hdrs);
	mem_deref(t->replaces);
	mem_deref(t->refer_to);
	mem_deref(t->referred_by);
	mem_deref(t->reason);
	outcome_message(t, NULL);
}


/**
 * Change the state of a transfer. Each has its timer, but SENT, which libre's
 * transaction ends: its timer lets other REFERs go out.
 *
 * @param t     Transfer
 * @param state State
 * @param ms    How long it lasts at most [ms]
 */
void transfer_set_state(struct transfer *t, enum transfer_state state,
			uint64_t ms)
{
	if (t->state != state)
		debug("sip_refer: transfer %s: %s -> %s\n", t->id,
		      state_name(t->state), state_name(state));

	t->state = state;
	pace_give(&t->pace);
	deadline_start(&t->deadline, ms, deadline_handler, t);
}


/**
 * End a transfer, in the one place where that is done. It lingers to answer
 * late NOTIFYs.
 *
 * @param t        Transfer
 * @param outcome  Name of the outcome
 * @param evidence Name of what tells so
 */
void transfer_end(struct transfer *t, const char *outcome,
		  const char *evidence)
{
	if (t->state == ENDED)
		return;

	subscription_stop(t->sub);
	transfer_set_state(t, ENDED, LINGER);
	request_give_up(t->refer);
	let_go(t);
	outcome_end(t, outcome, evidence);
}


/* The far end may go on to notify, and need not */
static void end_unsubscribe(struct transfer *t, const char *outcome,
			    const char *evidence)
{
	transfer_end(t, outcome, evidence);
	subscription_end(t->sub);
}


/**
 * End a transfer after which the far end has the caller: we leave the call,
 * unless it did, and that of an attended transfer's target
 *
 * @param t        Transfer
 * @param outcome  Name of the outcome
 * @param evidence Name of what tells so
 */
void transfer_end_leave(struct transfer *t, const char *outcome,
			const char *evidence)
{
	if (t->state == ENDED)
		return;

	transfer_end(t, outcome, evidence);
	t->events->transferred(t->call_sid);
	if (t->replaces)
		t->events->transferred(t->replaces);
}


/**
 * End a transfer by what a final NOTIFY has said
 *
 * @param t Transfer
 */
void transfer_end_final(struct transfer *t)
{
	if (t->call_status < 300)
		transfer_end_leave(t, "transferred", "notify");
	else
		transfer_end(t, "failed", "notify");
}


static bool is_accepted(const struct transfer *t)
{
	return t->refer_status || t->cseqc;
}


static void silence(struct transfer *t, const char *evidence, uint32_t ms)
{
	char reason[64];

	(void)re_snprintf(reason, sizeof(reason), "no NOTIFY%s for %.1f s",
			  t->mute ? " with a status" : "", ms / 1000.0);
	outcome_reason(t, reason);
	end_unsubscribe(t, "unknown", evidence);
}


static void unanswered(struct transfer *t)
{
	t->refer_status = 487;
	outcome_reason(t, "the call ended before the REFER was answered");
	transfer_end(t, "failed", "bye");
}


static void deadline_handler(void *arg)
{
	struct transfer *t = arg;

	switch (t->state) {

	case SENT: pace_give(&t->pace); break;

	case PENDING: refer_again(t); break;

	case ACCEPTED: silence(t, "timer:notify", t->timeouts.notify); break;

	case PROGRESS: silence(t, "timer:ringing", t->timeouts.ringing); break;

	case DECIDED: transfer_end_final(t); break;

	case ORPHANED:
		if (is_accepted(t)) {
			outcome_reason(t, "the far end ended the call");
			transfer_end(t, "presumed", "bye");
		}
		else {
			unanswered(t);
		}
		break;

	case ENDED: mem_deref(t); break;
	}
}


static bool is_repeated(struct transfer *t, uint32_t cseq)
{
	uint32_t i;

	for (i = 0; i < t->cseqc && i < CSEQ_SEEN; i++) {
		if (t->cseqv[i] == cseq)
			return true;
	}

	t->cseqv[t->cseqc++ % CSEQ_SEEN] = cseq;

	return false;
}


static bool is_unread(const struct notify *notify)
{
	return notify->body == BODY_UNREADABLE || notify->body == BODY_FOREIGN;
}


static void progress(struct transfer *t, const struct notify *notify)
{
	t->call_status = notify->frag.scode;
	outcome_reason_pl(t, &notify->frag.reason);
	outcome_step(t, "progress", notify->msg);
}


static void final(struct transfer *t, const struct notify *notify)
{
	t->call_status = notify->frag.scode;
	outcome_reason_pl(t, &notify->frag.reason);
	outcome_message(t, message_json(notify->msg));

	if (!t->refer_status && t->state != ORPHANED)
		transfer_set_state(t, DECIDED, GRACE);
	else
		transfer_end_final(t);
}


/* The subscription ends: there will be no result, unless it is on its way.
   After the end of the call that is waited for. */
static void resultless(struct transfer *t, const struct notify *notify)
{
	if (t->state == ORPHANED) {
		transfer_set_state(t, ORPHANED, GRACE);
		return;
	}

	if (is_unread(notify))
		outcome_reason(t, "the sipfrag is unreadable");
	else if (pl_isset(&notify->reason))
		outcome_reason_pl(t, &notify->reason);
	else
		outcome_reason(t, "the subscription ended without a result");

	outcome_message(t, message_json(notify->msg));
	transfer_end(t, "unknown", "terminated");
}


/**
 * Take what a NOTIFY says, which has been answered
 *
 * @param t      Transfer
 * @param notify NOTIFY
 */
void transfer_notified(struct transfer *t, const struct notify *notify)
{
	const bool late = notify->cseq < t->cseq_max;

	/* after a 491 it is of a transfer before, whose NOTIFYs have no id */
	if (t->state == ENDED || t->state == PENDING)
		return;

	if (is_repeated(t, notify->cseq) || t->state == DECIDED)
		return;

	if (!late)
		t->cseq_max = notify->cseq;

	if (notify->body == BODY_FRAG && notify->frag.scode >= 200) {
		final(t, notify);
		return;
	}

	if (late)
		return;

	if (notify->body == BODY_FRAG)
		progress(t, notify);

	if (notify->terminated) {
		resultless(t, notify);
		return;
	}

	/* who still reports is waited for, after the end of the call, too;
	   what says nothing is no report */
	subscription_granted(t->sub, notify->expires);
	t->mute = notify->body != BODY_FRAG;
	if (!t->mute)
		transfer_set_state(t,
				   t->state == ORPHANED ? ORPHANED : PROGRESS,
				   t->timeouts.ringing);
	else if (t->state == SENT)
		transfer_set_state(t, ACCEPTED, t->timeouts.notify);
}


/**
 * Print the header fields of a REFER that come from its verb
 *
 * @param hdrsp Pointer to the text, each field with CRLF
 * @param verb  Verb sip:refer
 *
 * @return 0 if success, otherwise errorcode
 */
int transfer_print_hdrs(char **hdrsp, const struct verb *verb)
{
	return re_sdprintf(hdrsp, "Refer-To: %s\r\nReferred-By: %s\r\n%s",
			   verb->refer_to.addr, verb->referred_by.addr,
			   verb->hdrs ? verb->hdrs : "");
}


/* Random numbers are dear: there is one, and each id is another mix of it
   (splitmix64, which has no number twice) */
static void make_id(char *id, size_t size)
{
	static uint64_t last;
	uint64_t x;

	if (!last)
		last = rand_u64();

	x = last += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	x ^= x >> 31;

	(void)re_snprintf(id, size, "%016llx", x);
}


/**
 * Allocate a transfer. Nothing is sent before refer_send(). A transfer that is
 * never sent is released with mem_deref(); one that was releases itself when
 * it has lingered.
 *
 * @param tp       Pointer to the transfer
 * @param call     Call
 * @param verb     Verb sip:refer
 * @param timeouts How long it waits
 * @param events   What it brings about in calls, borrowed
 * @param ref      Names the request of referd
 * @param fault    Why there can be no transfer
 *
 * @return 0 if success, otherwise EINVAL, ENOMEM, or EBADMSG if the call has a
 *         transfer in progress
 */
int transfer_alloc(struct transfer **tp, const struct transfer_call *call,
		   const struct verb *verb, const struct timeouts *timeouts,
		   const struct transfer_events *events, const char *ref,
		   struct fault *fault)
{
	struct transfer *t;
	int err;

	if (!tp || !call || !verb || !ref)
		return EINVAL;

	if (*call->held)
		return fault_set(fault, "sip:refer", "transfer in progress");

	t = mem_zalloc(sizeof(*t), destructor);
	if (!t)
		return ENOMEM;

	make_id(t->id, sizeof(t->id));
	t->timeouts = *timeouts;
	t->events = events;
	t->outgoing = call->outgoing;

	err = transfer_print_hdrs(&t->hdrs, verb);
	err |= str_dup(&t->call_sid, call->sid);
	err |= str_dup(&t->ref, ref);
	err |= str_dup(&t->refer_to, verb->refer_to.uri);
	err |= str_dup(&t->referred_by, verb->referred_by.uri);
	if (verb->replaces)
		err |= str_dup(&t->replaces, verb->replaces);
	if (err)
		goto out;

	t->dlg = mem_ref(call->dlg);
	t->held = call->held;
	*t->held = t;

out:
	if (err)
		mem_deref(t);
	else
		*tp = t;

	return err;
}


/**
 * The application gives the transfer up
 *
 * @param t Transfer, may be NULL
 */
void transfer_cancel(struct transfer *t)
{
	if (!t)
		return;

	outcome_reason(t, "the application gave it up");

	if (is_accepted(t))
		end_unsubscribe(t, "cancelled", "application");
	else
		transfer_end(t, "cancelled", "application");
}


/**
 * baresip or the module stops: nobody will hear of the outcome
 *
 * @param t Transfer
 */
void transfer_stop(struct transfer *t)
{
	outcome_reason(t, "baresip is stopping");
	transfer_end(t, "unknown", "node");
}


/**
 * The call of a transfer is closed. The subscription outlives it.
 *
 * @param t        Transfer, may be NULL
 * @param stopping True if baresip or the module stops
 */
void transfer_call_closed(struct transfer *t, bool stopping)
{
	if (!t)
		return;

	let_go(t);

	if (stopping)
		transfer_stop(t);
	else if (t->state == PENDING)
		unanswered(t);
	else if (t->state != DECIDED)
		transfer_set_state(t, ORPHANED, GRACE);
}
