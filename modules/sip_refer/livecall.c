/**
 * @file livecall.c  One live call: what is known and reported of it
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <stdlib.h>
#include <string.h>
#include <re.h>
#include "compat/compat.h"
#include "json.h"
#include "sip_refer.h"


enum {
	TEXT_MAX = 1024, /* that a report has of a name or reason [bytes] */
};


static void destructor(void *arg)
{
	struct livecall *lc = arg;

	tmr_cancel(&lc->tmr);
	deadline_cancel(&lc->dial_limit);
	hash_unlink(&lc->he_call);
	hash_unlink(&lc->he_sid);
	free(lc->headers);
	mem_deref(lc->source);
	mem_deref(lc->peer);
	mem_deref(lc->dlg);
	mem_deref(lc->sid);
	mem_deref(lc->ref);
	mem_deref(lc->call_id);
	mem_deref(lc->from);
	mem_deref(lc->to);
	mem_deref(lc->caller_name);
	mem_deref(lc->account);
	mem_deref(lc->reason);
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


static void report_begin(struct json *j, const struct livecall *lc,
			 const char *event)
{
	link_begin(j, "call");
	json_str(j, "event", event);
	json_open(j, "call", '{');
	json_str(j, "sid", lc->sid);
	json_cut(j, "call_id", lc->call_id, TEXT_MAX);
	json_str(j, "direction", lc->outgoing ? "outbound" : "inbound");
	json_cut(j, "from", lc->from, URI_MAX);
	json_cut(j, "to", lc->to, URI_MAX);
	json_cut(j, "caller_name", lc->caller_name, TEXT_MAX);
	json_cut(j, "account", lc->account, URI_MAX);
	json_str(j, "state", lc->state);
	json_int(j, "sip_status", lc->scode);
	json_cut(j, "sip_reason", lc->reason, TEXT_MAX);
	json_int(j, "started", (int64_t)lc->started);
	json_str(j, "ref", lc->ref);
}


static void report_end(struct json *j)
{
	json_close(j, '}');
	link_report(j);
}


static void report_whole(const struct livecall *lc, const char *event)
{
	struct json j;

	report_begin(&j, lc, event);
	if (!lc->outgoing)
		json_raw(&j, "headers", lc->headers);
	report_end(&j);
}


/**
 * Report a new call, once
 *
 * @param lc Live call
 */
void livecall_report_new(struct livecall *lc)
{
	if (lc->reported)
		return;

	lc->reported = true;
	report_whole(lc, "new");
}


/**
 * Report a call that lives
 *
 * @param lc Live call
 */
void livecall_report_live(const struct livecall *lc)
{
	report_whole(lc, "live");
}


static void replace(char **strp, const char *str)
{
	struct pl pl;

	pl_set_str(&pl, str ? str : "");
	*strp = mem_deref(*strp);
	(void)text_scrub(strp, &pl);
}


static void set_state(struct livecall *lc, const char *state, uint16_t scode,
		      const char *reason)
{
	lc->state = state;
	lc->scode = scode;
	replace(&lc->reason, reason);
}


/**
 * Change the state of a call and report it
 *
 * @param lc     Live call
 * @param state  Name of the state
 * @param scode  SIP status that brought it
 * @param reason Its reason phrase
 */
void livecall_update(struct livecall *lc, const char *state, uint16_t scode,
		     const char *reason)
{
	const bool same = !strcmp(lc->state, state);
	struct json j;

	set_state(lc, state, scode, reason);

	if (!lc->reported) {
		livecall_report_new(lc);
	}
	else if (!same) {
		report_begin(&j, lc, "status");
		report_end(&j);
	}
}


static void close_report(struct livecall *lc)
{
	struct json j;
	uint64_t sec = 0;

	if (lc->answered)
		sec = (deadline_now() - lc->answered + 500) / 1000;

	report_begin(&j, lc, "closed");
	json_int(&j, "duration", (int64_t)sec);
	report_end(&j);
}


/* What a closed call is called that was never answered */
static const char *failure_name(const struct livecall *lc, uint16_t scode)
{
	switch (scode) {

	case 486:
	case 600: return "busy";
	case 408:
	case 480:
	case 487: return "no-answer";
	case 0: return lc->outgoing ? "failed" : "no-answer";
	default: return "failed";
	}
}


/**
 * Report a call as closed, and release it
 *
 * @param lc     Live call
 * @param scode  Status of the response that closed it, 0 if none did
 * @param reason Why it is closed
 */
void livecall_closed(struct livecall *lc, uint16_t scode, const char *reason)
{
	if (!scode)
		scode = lc->hangup_scode;

	if (lc->answered)
		set_state(lc, "completed", scode ? scode : 200,
			  lc->transferred ? "transferred" : reason);
	else
		set_state(lc, failure_name(lc, scode), scode, reason);

	close_report(lc);
	mem_deref(lc);
}


/* By the Call-ID as it came: what is told may differ */
static void take_invite(struct livecall *lc)
{
	if (!lc->headers)
		lc->headers = invite_take(call_id(lc->call), &lc->source);
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

	/* of an outgoing call, they come with the answer */
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

	replace(&lc->call_id, call_id(lc->call));
	if (!lc->outgoing)
		take_invite(lc);
}


static int details(struct livecall *lc)
{
	const char *peer = call_peeruri(lc->call);
	const char *local = call_localuri(lc->call);

	replace(&lc->from, lc->outgoing ? local : peer);
	replace(&lc->to, lc->outgoing ? peer : local);
	replace(&lc->caller_name,
		lc->outgoing ? NULL : call_peername(lc->call));
	replace(&lc->account, account_aor(ua_account(lc->ua)));

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
 * @return 0 if success, otherwise errorcode
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
		set_state(lc, "trying", 100, "Trying");
	else
		set_state(lc, "ringing", 180, "Ringing");

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
 * @param timeout It is given up if nobody answers so long [s], 0: never
 */
void livecall_adopt(struct livecall *lc, const char *sid, const char *ref,
		    uint32_t timeout)
{
	replace(&lc->sid, sid);
	replace(&lc->ref, ref);

	if (timeout)
		deadline_start(&lc->dial_limit, (uint64_t)timeout * 1000,
			       dial_timeout_handler, lc);
}


/**
 * Check that a call is answered, so that a request may be sent in its dialog
 *
 * @param lc Live call
 *
 * @return True if so
 */
bool livecall_established(const struct livecall *lc)
{
	return call_state(lc->call) == CALL_STATE_ESTABLISHED;
}


/**
 * Take the dialog of a call for good, once
 *
 * @param lc  Live call that is answered
 * @param uri What the call is transferred to, see dialog_take()
 *
 * @return 0 if success, otherwise ENOMEM, or ENOTSUP if baresip does not hand
 *         it out
 */
int livecall_take_dialog(struct livecall *lc, const char *uri)
{
	return lc->dlg ? 0 : dialog_take(&lc->dlg, lc->call, uri);
}


/**
 * Answer a call
 *
 * @param lc Live call
 *
 * @return 0 if success, otherwise errorcode
 */
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


/**
 * End a call. The live call is gone afterwards.
 *
 * @param lc     Live call
 * @param scode  Status that an unanswered call is refused with, or 0
 * @param reason Its reason phrase
 * @param hdrs   Header fields for the BYE or the refusal, may be NULL
 */
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


/**
 * End a call because its far end was transferred. The live call is gone
 * afterwards.
 *
 * @param lc Live call
 */
void livecall_transferred(struct livecall *lc)
{
	lc->transferred = true;
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
