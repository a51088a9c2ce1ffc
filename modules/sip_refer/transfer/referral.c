/**
 * @file referral.c  One REFER of ours and its result: states and timers
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <cjson/cJSON.h>
#include <string.h>
#include <re.h>
#include "host/host.h"
#include "link/link.h"
#include "text/text.h"
#include "outcome.h"
#include "referral.h"
#include "subscription.h"
#include "transfer.h"
#include "usage.h"


enum {
	LINGER = 32000,         /* 64*T1: NOTIFYs may be on their way [ms] */
	NOTIFY_TIMEOUT = 40000, /* above timer B, and a PBX that dials 30 s */
	NOTIFY_TRYING = 15000,  /* with who says 100 before anything else */
};


static void deadline_handler(void *arg);


static const char *state_name(enum referral_state state)
{
	switch (state) {

	case SENT: return "sent";
	case PENDING: return "pending";
	case ACCEPTED: return "accepted";
	case PROGRESS: return "progress";
	case DECIDED: return "decided";
	case ORPHANED: return "orphaned";
	case ENDED: return "ended";
	case HOLDING: return "holding";
	default: return "?";
	}
}


/* Its call has none in progress any more */
static void let_go(struct referral *r)
{
	if (r->held)
		*r->held = NULL;
	r->held = NULL;
}


static void destructor(void *arg)
{
	struct referral *r = arg;

	deadline_cancel(&r->deadline);
	deadline_cancel(&r->answer);
	window_leave(&r->in_window);
	list_unlink(&r->le);
	let_go(r);
	mem_deref(r->refer);
	mem_deref(r->sub);
	mem_deref(r->dlg);
	mem_deref(r->call_sid);
	mem_deref(r->ref);
	mem_deref(r->hdrs);
	mem_deref(r->replaces);
	mem_deref(r->refer_to);
	mem_deref(r->referred_by);
	mem_deref(r->profile);
	mem_deref(r->reason);
	outcome_message(r, NULL);
}


/**
 * Change the state of a transfer. Each has its timer, but SENT, which libre's
 * transaction ends: its timer lets other REFERs go out.
 *
 * @param r     Referral
 * @param state State
 * @param ms    How long it lasts at most [ms]
 */
void referral_set_state(struct referral *r, enum referral_state state,
			uint64_t ms)
{
	if (r->state != state)
		debug("sip_refer: transfer %s: %s -> %s\n", r->id,
		      state_name(r->state), state_name(state));

	r->state = state;
	window_leave(&r->in_window);
	deadline_start(&r->deadline, ms, deadline_handler, r);
}


/**
 * The REFER is accepted, and no NOTIFY has come yet. Many far ends send none
 * before the target rings.
 *
 * @param r Referral
 */
void referral_accept(struct referral *r)
{
	if (!r->timeouts.notify)
		r->timeouts.notify = r->dlg->says_trying ? NOTIFY_TRYING
							 : NOTIFY_TIMEOUT;

	referral_set_state(r, ACCEPTED, r->timeouts.notify);
}


/**
 * Keep a transfer that has ended as long as a NOTIFY about it matters: while
 * its result is missing, while its call lives, and a while longer
 *
 * @param r Referral
 */
void referral_linger(struct referral *r)
{
	if (r->late.open && !r->usage->over)
		deadline_cancel(&r->deadline);
	else if (!deadline_runs(&r->deadline))
		deadline_start(&r->deadline, LINGER, deadline_handler, r);
}


static bool call_stays(const char *outcome)
{
	return strcmp(outcome, "transferred") && strcmp(outcome, "presumed");
}


/* The texts of a verb are large, and not needed any more */
static void release(struct referral *r)
{
	r->hdrs = mem_deref(r->hdrs);
	r->refer_last = drequest_cseq(r->refer);
	if (r->refer_status)
		r->refer = mem_deref(r->refer);
	else
		drequest_give_up(r->refer);
}


/**
 * End a transfer. This is the only place that does. Later messages of the far
 * end are still read.
 *
 * @param r        Referral
 * @param outcome  Name of the outcome
 * @param evidence Name of what tells so
 */
void referral_end(struct referral *r, const char *outcome,
		  const char *evidence)
{
	const bool up = r->held;

	if (r->state == ENDED)
		return;

	if (r->state == HOLDING)
		outcome_unsent(r);

	deadline_cancel(&r->answer);
	subscription_stop(r->sub);
	referral_set_state(r, ENDED, LINGER);
	release(r);
	let_go(r);
	outcome_end(r, outcome, evidence, up);
	late_begin(r, outcome, evidence);
	referral_linger(r);
	usage_close(r->usage);
	if (up && r->holds && call_stays(outcome))
		r->events->stays(r->call_sid);
}


/* The far end goes on, and its messages are worth more than silence: some end
   the call when the subscription ends. So the module unsubscribes only on
   request. */
static void end_unsubscribe(struct referral *r, const char *outcome,
			    const char *evidence)
{
	referral_end(r, outcome, evidence);
	if (r->timeouts.unsubscribe == UNSUBSCRIBE)
		subscription_end(r->sub);
}


/* In an attended transfer, the target ends its call with us when it takes the
   other one: RFC 3891 section 3. If no report of that comes, our BYE could
   come first, and the other call be refused for it. */
static void leave_target(struct referral *r, const char *outcome)
{
	const bool told = !strcmp(outcome, "transferred");

	if (r->replaces)
		r->events->transferred(r->replaces, told ? 0 : REPLACE);
}


/**
 * End a transfer after which the far end has the caller: we leave the call,
 * unless it did, and that of an attended transfer's target
 *
 * @param r        Referral
 * @param outcome  Name of the outcome
 * @param evidence Name of what tells so
 */
void referral_end_leave(struct referral *r, const char *outcome,
			const char *evidence)
{
	if (r->state == ENDED)
		return;

	referral_end(r, outcome, evidence);
	r->events->transferred(r->call_sid,
			       r->profile ? r->profile->hangup : 0);
	leave_target(r, outcome);
}


static const char *final_outcome(const struct referral *r)
{
	return r->call_status < 300 ? "transferred" : "failed";
}


/**
 * End a transfer with a final NOTIFY
 *
 * @param r Referral
 */
void referral_end_final(struct referral *r)
{
	if (r->call_status < 300)
		referral_end_leave(r, final_outcome(r), "notify");
	else
		referral_end(r, final_outcome(r), "notify");
}


static bool is_accepted(const struct referral *r)
{
	return r->refer_status || r->cseqc;
}


/* Some far ends transfer, and never report it */
static bool presumes_silence(const struct referral *r)
{
	return r->profile && r->profile->presume_silence && !r->cseqc;
}


static void silence(struct referral *r, const char *evidence, uint32_t ms)
{
	char reason[64];

	(void)re_snprintf(reason, sizeof(reason), "no NOTIFY%s for %.1f s",
			  r->mute ? " with a status" : "", ms / 1000.0);
	outcome_reason(r, reason);
	if (presumes_silence(r))
		referral_end_leave(r, "presumed", evidence);
	else
		end_unsubscribe(r, "unknown", evidence);
}


static void unanswered(struct referral *r)
{
	r->refer_status = 487;
	outcome_reason(r, "the call ended before the REFER was answered");
	referral_end(r, "failed", "bye");
}


static void deadline_handler(void *arg)
{
	struct referral *r = arg;

	switch (r->state) {

	case SENT: window_leave(&r->in_window); break;

	case PENDING: refer_again(r); break;

	case ACCEPTED: silence(r, "timer:notify", r->timeouts.notify); break;

	case PROGRESS: silence(r, "timer:ringing", r->timeouts.ringing); break;

	case DECIDED: referral_end_final(r); break;

	case ORPHANED:
		if (is_accepted(r)) {
			outcome_reason(r, "the far end ended the call");
			referral_end_leave(r, "presumed", "bye");
		}
		else {
			unanswered(r);
		}
		break;

	case ENDED: mem_deref(r); break;

	case HOLDING: refer_start(r); break;
	}
}


const char *referral_id(const struct referral *r)
{
	return r->id;
}


bool referral_waits(const struct referral *r, const char *ref)
{
	return r && r->state == HOLDING && !str_cmp(r->ref, ref);
}


int referral_print_hdrs(char **hdrsp, const struct sipverb *verb)
{
	const char *by = verb->referred_by.addr;

	return re_sdprintf(hdrsp, "Refer-To: %s\r\n%s%s%s%s",
			   verb->refer_to.addr, by ? "Referred-By: " : "",
			   by ? by : "", by ? "\r\n" : "",
			   verb->hdrs ? verb->hdrs : "");
}


/* Random numbers are expensive: one is drawn, and each id is another mix of it
   (splitmix64, which never repeats a number) */
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
 * @param rp       Pointer to the transfer
 * @param call     Call
 * @param verb     Verb sip:refer
 * @param timeouts How long it waits
 * @param events   Handlers of its effects on calls, borrowed
 * @param ref      Names the request of referd
 *
 * @return 0, EINVAL, or ENOMEM
 */
int referral_alloc(struct referral **rp, const struct referral_call *call,
		   const struct sipverb *verb, const struct timeouts *timeouts,
		   const struct referral_events *events, const char *ref)
{
	struct referral *r;
	int err;

	if (!rp || !call || !verb || !ref)
		return EINVAL;

	r = mem_zalloc(sizeof(*r), destructor);
	if (!r)
		return ENOMEM;

	make_id(r->id, sizeof(r->id));
	r->timeouts = *timeouts;
	r->events = events;
	r->outgoing = call->outgoing;
	r->minds_unsubscribe = call->minds_unsubscribe;

	err = referral_print_hdrs(&r->hdrs, verb);
	err |= str_dup(&r->call_sid, call->sid);
	err |= str_dup(&r->ref, ref);
	err |= str_dup(&r->refer_to, verb->refer_to.uri);
	err |= str_dup(&r->referred_by, verb->referred_by.uri);
	if (verb->replaces)
		err |= str_dup(&r->replaces, verb->replaces);
	if (err)
		goto out;

	r->profile = mem_ref(verb->profile);
	r->dlg = mem_ref(call->dlg);
	r->held = call->held;
	*r->held = r;

out:
	if (err)
		mem_deref(r);
	else
		*rp = r;

	return err;
}


/* A decision of the far end stays: it is reported in its time */
void referral_cancel(struct referral *r, const struct referral_cancel *how)
{
	const char *evidence = how->evidence ? how->evidence : "application";

	if (!r || r->state == DECIDED)
		return;

	outcome_reason(r, how->reason ? how->reason
				      : "the application gave it up");

	/* for a REFER without an answer, this is done when the answer comes */
	if (how->unsubscribe && r->timeouts.unsubscribe == UNSUBSCRIBE_UNSET)
		r->timeouts.unsubscribe = UNSUBSCRIBE;

	if (is_accepted(r))
		end_unsubscribe(r, "cancelled", evidence);
	else
		referral_end(r, "cancelled", evidence);
}


/* After the end of the call, the module waits for reports of the far end */
static void answer_handler(void *arg)
{
	struct referral *r = arg;
	char reason[64];

	if (r->state == ORPHANED)
		return;

	if (presumes_silence(r)) {
		silence(r, "timer:notify", r->timeouts.answer);
		return;
	}

	(void)re_snprintf(reason, sizeof(reason), "no answer within %.1f s",
			  r->timeouts.answer / 1000.0);
	referral_cancel(r, &(struct referral_cancel){
				   .evidence = "timer:answer",
				   .reason = reason,
				   .unsubscribe = !r->minds_unsubscribe,
			   });
}


/**
 * The REFER is accepted: give the transfer up if its target has not answered
 * when the time is over that the verb gives it
 *
 * @param r Referral
 */
void referral_await_answer(struct referral *r)
{
	if (r->timeouts.answer)
		deadline_start(&r->answer, r->timeouts.answer, answer_handler,
			       r);
}


/**
 * baresip or the module stops: no outcome can be reported later
 *
 * @param r Referral
 */
void referral_stop(struct referral *r)
{
	if (r->state == DECIDED) {
		referral_end(r, final_outcome(r), "notify");
		return;
	}

	outcome_reason(r, "baresip is stopping");
	referral_end(r, "unknown", "node");
}


/**
 * The call of a transfer is closed. The subscription outlives it.
 *
 * @param r        Referral
 * @param stopping True if baresip or the module stops
 */
void referral_call_closed(struct referral *r, bool stopping)
{
	let_go(r);
	r->left = !r->bye && r->state != DECIDED;

	if (r->state == ENDED)
		referral_linger(r);
	else if (stopping)
		referral_stop(r);
	else if (r->state == PENDING || r->state == HOLDING)
		unanswered(r);
	else if (r->state != DECIDED)
		referral_set_state(r, ORPHANED, GRACE);
}
