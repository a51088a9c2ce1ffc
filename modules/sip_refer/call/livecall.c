/**
 * @file livecall.c  One live call: its state, and the actions on it
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <stdlib.h>
#include <re.h>
#include "host/host.h"
#include "text/text.h"
#include "transfer/transfer.h"
#include "call.h"
#include "livecall.h"


static void destructor(void *arg)
{
	struct livecall *lc = arg;

	list_flush(&lc->requests);
	tmr_cancel(&lc->tmr);
	deadline_cancel(&lc->dial_limit);
	deadline_cancel(&lc->leave);
	hash_unlink(&lc->he_call);
	hash_unlink(&lc->he_sid);
	free(lc->headers);
	free(lc->uui);
	mem_deref(lc->hold);
	mem_deref(lc->keys);
	mem_deref(lc->source);
	mem_deref(lc->peer);
	mem_deref(lc->dlg);
	mem_deref(lc->sid);
	mem_deref(lc->ref);
	mem_deref(lc->parent_sid);
	mem_deref(lc->transfer_id);
	mem_deref(lc->call_id);
	mem_deref(lc->from);
	mem_deref(lc->to);
	mem_deref(lc->caller_name);
	mem_deref(lc->account);
	mem_deref(lc->reason);
}


/* Compares the Call-ID as it came: the reported one may differ */
static void take_invite(struct livecall *lc)
{
	if (!lc->headers)
		lc->headers = invite_take(call_id(lc->call), &lc->uui,
					  &lc->source, &lc->shown);
}


/**
 * A call is answered
 *
 * @param lc Live call
 */
void livecall_answered(struct livecall *lc)
{
	deadline_cancel(&lc->dial_limit);
	lc->answered = deadline_now();

	/* those of an outgoing call come with the answer */
	if (lc->outgoing && lc->call_id)
		take_invite(lc);

	livecall_update(lc, "in-progress", 200, "OK");
}


/**
 * Learn the Call-ID: an outgoing call has none before its INVITE is sent
 *
 * @param lc Live call
 */
void livecall_learn_id(struct livecall *lc)
{
	if (lc->call_id || !call_id(lc->call))
		return;

	livecall_replace(&lc->call_id, call_id(lc->call));
	if (!lc->outgoing)
		take_invite(lc);
	if (lc->transfer_id)
		capture_watch(lc->call_id, false);
}


/* Version 4, RFC 4122 section 4.4 */
static int uuid_print(char **uuidp)
{
	const uint64_t a = rand_u64(), b = rand_u64();

	return re_sdprintf(
		uuidp, "%08x-%04x-4%03x-%04x-%012llx", (uint32_t)(a >> 32),
		(uint32_t)(a >> 16) & 0xffff, (uint32_t)a & 0xfff,
		(uint32_t)(b >> 48 & 0x3fff) | 0x8000, b & 0xffffffffffffULL);
}


static int details(struct livecall *lc)
{
	const char *peer = call_peeruri(lc->call);
	const char *local = call_localuri(lc->call);

	livecall_replace(&lc->from, lc->outgoing ? local : peer);
	livecall_replace(&lc->to, lc->outgoing ? peer : local);
	livecall_replace(&lc->caller_name,
			 lc->outgoing ? NULL : call_peername(lc->call));
	livecall_replace(&lc->account, account_aor(ua_account(lc->ua)));

	livecall_learn_id(lc);

	if (!lc->from || !lc->to || !lc->caller_name || !lc->account)
		return ENOMEM;

	text_unescape(lc->caller_name);

	return str_dup(&lc->peer, peer ? peer : "");
}


/**
 * Allocate the live call of a call
 *
 * @param lcp  Pointer to the live call
 * @param ua   User agent of the call
 * @param call Call of baresip
 *
 * @return 0, or ENOMEM
 */
int livecall_alloc(struct livecall **lcp, struct ua *ua, struct call *call)
{
	struct livecall *lc;
	int err;

	lc = mem_zalloc(sizeof(*lc), destructor);
	if (!lc)
		return ENOMEM;

	lc->ua = ua;
	lc->call = call;
	lc->outgoing = call_is_outgoing(call);
	lc->started = walltime_now();

	if (lc->outgoing)
		livecall_set_state(lc, "trying", 100, "Trying");
	else
		livecall_set_state(lc, "ringing", 180, "Ringing");

	err = uuid_print(&lc->sid);
	err |= details(lc);
	if (err)
		mem_deref(lc);
	else
		*lcp = lc;

	return err;
}


static void dial_timeout_handler(void *arg)
{
	livecall_hangup(arg, 0, "no answer", NULL);
}


/**
 * Give an outgoing call the names that referd chose
 *
 * @param lc      Live call
 * @param sid     call_sid
 * @param ref     Names the request of referd
 * @param timeout Time limit of the answer [s], 0 for none
 */
void livecall_adopt(struct livecall *lc, const char *sid, const char *ref,
		    uint32_t timeout)
{
	livecall_replace(&lc->sid, sid);
	livecall_replace(&lc->ref, ref);

	if (timeout)
		deadline_start(&lc->dial_limit, (uint64_t)timeout * 1000,
			       dial_timeout_handler, lc);
}


/**
 * Make a call, just dialled, the second one of a transfer
 *
 * @param lc     Live call to the target
 * @param parent First call, of the caller
 * @param id     transfer_id of the transfer if no REFER is sent
 */
void livecall_make_second(struct livecall *lc, const struct livecall *parent,
			  const char *id)
{
	livecall_replace(&lc->parent_sid, parent->sid);
	livecall_replace(&lc->transfer_id, id);
	capture_watch(lc->call_id, false);
}


bool livecall_established(const struct livecall *lc)
{
	return call_state(lc->call) == CALL_STATE_ESTABLISHED;
}


int livecall_take_dialog(struct livecall *lc, const char *uri)
{
	return lc->dlg ? 0 : dialog_take(&lc->dlg, lc->call, uri);
}


int livecall_answer(struct livecall *lc)
{
	const int err = ua_answer(lc->ua, lc->call, VIDMODE_ON);

	/* EINVAL: its 200 is out already, from baresip itself (answermode) or
	   from an earlier verb, and waits for the ACK */
	return err == EINVAL ? 0 : err;
}


/* Header fields for the BYE. A refusal with header fields is sent right here
   if baresip hands out the session of a call that rings (1.x), else later. */
static void hangup_hdrs(const struct livecall *lc, uint16_t scode,
			const char *reason, const char *hdrs)
{
	struct sipsess *sess;
	int err;

	err = dialog_take_session(&sess, lc->call);
	if (err)
		return;

	if (lc->answered || lc->outgoing)
		(void)sipsess_set_close_headers(sess, "%s", hdrs);
	else
		(void)sipsess_reject(sess, scode, reason,
				     "%sContent-Length: 0\r\n\r\n", hdrs);
}


void livecall_hangup(struct livecall *lc, uint16_t scode, const char *reason,
		     const char *hdrs)
{
	if (!lc->answered && !lc->outgoing && !scode) {
		scode = 486;
		reason = "Busy Here";
	}

	if (!lc->answered)
		lc->hangup_scode = lc->outgoing ? 487 : scode;

	if (hdrs)
		hangup_hdrs(lc, scode, reason, hdrs);

	compat_hangup(lc->ua, lc->call, scode, reason, hdrs);
}


static void leave_handler(void *arg)
{
	struct livecall *lc = arg;

	if (agents_have_call(lc->call))
		livecall_hangup(lc, 0, NULL, NULL);
}


/**
 * End a call because its far end was transferred. The live call is gone
 * afterwards, unless the far end is to end it.
 *
 * @param lc Live call
 * @param ms Time to wait for the far end's BYE, 0 for none [ms]
 */
void livecall_transferred(struct livecall *lc, uint32_t ms)
{
	lc->transferred = true;
	if (ms)
		deadline_start(&lc->leave, ms, leave_handler, lc);
	else
		livecall_hangup(lc, 0, NULL, NULL);
}


/**
 * End a call because its far end has said that it knows no such call. The live
 * call is gone afterwards.
 *
 * @param lc Live call
 *
 * Reference: RFC 3261 section 12.2.1.2
 */
void livecall_unknown(struct livecall *lc)
{
	livecall_hangup(lc, 0, "the far end knows no such call", NULL);
}
