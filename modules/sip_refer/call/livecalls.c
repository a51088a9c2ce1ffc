/**
 * @file livecalls.c  The live calls of this baresip, from its events
 *
 * A pointer to a call becomes invalid with the event CALL_CLOSED, and in some
 * releases without any event. Where that can happen, the call is looked up
 * before use.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <stdio.h>
#include <string.h>
#include <re.h>
#include "host/host.h"
#include "transfer/transfer.h"
#include "call.h"
#include "livecall.h"


enum {
	HASH_SIZE = 256,
	SAMPLE_TIME = 500, /* between looks at the media [ms] */
};

static struct {
	struct hash *ht_call; /* by pointer */
	struct hash *ht_sid;
	struct deadline sampling; /* of the media, while there are calls */
} livecalls;


static uint32_t call_key(const struct call *call)
{
	return hash_joaat((const uint8_t *)&call, sizeof(call));
}


static bool call_cmp_handler(struct le *le, void *arg)
{
	const struct livecall *lc = le->data;

	return lc->call == arg;
}


static struct livecall *calls_find_call(const struct call *call)
{
	return list_ledata(hash_lookup(livecalls.ht_call, call_key(call),
				       call_cmp_handler, (void *)call));
}


/* By what baresip has: a pointer of ours may be that of a call that is gone */
static bool sample_handler(struct ua *ua, struct call *call, const void *arg)
{
	struct livecall *lc = calls_find_call(call);
	bool *sampled = *(bool *const *)arg;
	(void)ua;

	if (lc && lc->answered && media_sample(lc))
		*sampled = true;

	return false;
}


static void sampling_handler(void *arg)
{
	bool sampled = false, *const sampledp = &sampled;
	(void)arg;

	(void)agents_each_call(sample_handler, &sampledp);
	if (sampled)
		deadline_start(&livecalls.sampling, SAMPLE_TIME,
			       sampling_handler, NULL);
}


static void answered(struct livecall *lc)
{
	livecall_answered(lc);

	if (media_sample(lc) && !deadline_runs(&livecalls.sampling))
		deadline_start(&livecalls.sampling, SAMPLE_TIME,
			       sampling_handler, NULL);
}


static bool sid_cmp_handler(struct le *le, void *arg)
{
	const struct livecall *lc = le->data;

	return !str_cmp(lc->sid, arg);
}


struct livecall *livecalls_find(const char *sid)
{
	return list_ledata(hash_lookup(livecalls.ht_sid, hash_joaat_str(sid),
				       sid_cmp_handler, (void *)sid));
}


/* The text of CALL_CLOSED begins with the status, if a response closed it */
static uint16_t reason_scode(const char *reason)
{
	unsigned scode;

	if (!reason || 1 != sscanf(reason, "%3u ", &scode) || scode < 300 ||
	    scode > 699)
		return 0;

	return scode;
}


static const char *id_of(const struct livecall *lc)
{
	return lc->dlg ? sip_dialog_callid(lc->dlg->dlg) : lc->call_id;
}


/* The target of a transfer is gone: its capture is that of both calls */
static void second_closed(const struct livecall *lc)
{
	const struct livecall *parent;

	if (!lc->parent_sid)
		return;

	parent = livecalls_find(lc->parent_sid);
	capture_missed(lc->transfer_id, lc->parent_sid,
		       parent ? id_of(parent) : NULL, id_of(lc));
}


/* Reports on a call come before its end */
static void closed(struct livecall *lc, uint16_t scode, const char *reason,
		   bool stopping)
{
	livecall_report_new(lc);
	playback_call_closed(lc);
	hold_call_closed(lc);
	siprequest_call_closed(lc);
	referrals_call_closed(lc->dlg, stopping);
	second_closed(lc);
	capture_call_closed(id_of(lc));
	livecall_closed(lc, scode, reason);
}


static void tmr_handler(void *arg)
{
	struct livecall *lc = arg;

	if (agents_have_call(lc->call)) {
		livecall_learn_id(lc);
		livecall_report_new(lc);
	}
	else if (lc->reported) {
		closed(lc, 0, "the call is gone", false);
	}
	else {
		mem_deref(lc);
	}
}


static struct livecall *add(struct ua *ua, struct call *call)
{
	struct livecall *lc;

	if (livecall_alloc(&lc, ua, call))
		return NULL;

	hash_append(livecalls.ht_call, call_key(call), &lc->he_call, lc);
	hash_append(livecalls.ht_sid, hash_joaat_str(lc->sid), &lc->he_sid,
		    lc);

	/* an outgoing call has no Call-ID before its INVITE is sent */
	tmr_start(&lc->tmr, 0, tmr_handler, lc);

	return lc;
}


static void call_event(struct ua *ua, struct call *call, const char *event,
		       const char *prm)
{
	struct livecall *lc = calls_find_call(call);

	if (!strcmp(event, "CALL_CLOSED")) {
		if (lc)
			closed(lc, reason_scode(prm), prm, false);
		return;
	}

	if (!lc)
		lc = add(ua, call);
	if (!lc)
		return;

	livecall_learn_id(lc);

	if (!strcmp(event, "CALL_INCOMING"))
		livecall_report_new(lc);
	else if (!strcmp(event, "CALL_RINGING"))
		livecall_update(lc, "ringing", 180, "Ringing");
	else if (!strcmp(event, "CALL_PROGRESS"))
		livecall_update(lc, "early-media", 183, "Session Progress");
	else if (!strcmp(event, "CALL_ESTABLISHED"))
		answered(lc);
	else if (!strcmp(event, "CALL_DTMF_START"))
		keys_event(lc, prm);
	else if (!strcmp(event, "CALL_TRANSFER_FAILED"))
		tmr_start(&lc->tmr, 0, tmr_handler, lc);
}


static bool stop_handler(struct le *le, void *arg)
{
	struct livecall *lc = le->data;

	if (!arg || lc->ua == arg)
		closed(lc, 0, "baresip is stopping", true);

	return false;
}


static void event_handler(struct ua *ua, struct call *call, const char *event,
			  const char *prm, void *arg)
{
	(void)arg;

	/* the calls of a user agent that is shut down close without an event
	 */
	if (ua && !strcmp(event, "SHUTDOWN"))
		(void)hash_apply(livecalls.ht_call, stop_handler, ua);
	else if (ua && call)
		call_event(ua, call, event, prm);
}


static bool report_handler(struct le *le, void *arg)
{
	const struct livecall *lc = le->data;
	(void)arg;

	if (lc->reported)
		livecall_report_live(lc);

	return false;
}


void livecalls_report(void)
{
	(void)hash_apply(livecalls.ht_sid, report_handler, NULL);
}


/**
 * Give an outgoing call, just made, the names that referd chose
 *
 * @param call    Call of baresip
 * @param sid     call_sid
 * @param ref     Names the request of referd
 * @param timeout Time limit of the answer [s], 0 for none
 * @param keys    Whether the keys that its far end presses are reported
 *
 * @return 0, or ENOMEM
 */
int livecalls_adopt(const struct call *call, const char *sid, const char *ref,
		    uint32_t timeout, bool keys)
{
	struct livecall *lc = calls_find_call(call);

	if (!lc)
		lc = add(call_get_ua(call), (struct call *)call);
	if (!lc)
		return ENOMEM;

	hash_unlink(&lc->he_sid);
	livecall_adopt(lc, sid, ref, timeout);
	hash_append(livecalls.ht_sid, hash_joaat_str(lc->sid), &lc->he_sid,
		    lc);

	return keys ? keys_begin(lc) : 0;
}


void livecalls_transferred(const char *sid, uint32_t ms)
{
	struct livecall *lc = livecalls_find(sid);

	if (lc)
		livecall_transferred(lc, ms);
}


void livecalls_stays(const char *sid)
{
	struct livecall *lc = livecalls_find(sid);

	if (lc && agents_have_call(lc->call))
		hold_end(lc);
}


void livecalls_unknown(const char *sid)
{
	struct livecall *lc = livecalls_find(sid);

	if (lc)
		livecall_unknown(lc);
}


bool livecalls_media(bool *comesp, const char *sid)
{
	const struct livecall *lc = livecalls_find(sid);

	return lc && agents_have_call(lc->call) && media_comes(comesp, lc);
}


/* A call that is older than this module */
static bool old_handler(struct ua *ua, struct call *call, const void *arg)
{
	struct livecall *lc = add(ua, call);
	(void)arg;

	if (lc && livecall_established(lc))
		answered(lc);

	return false;
}


int livecalls_init(void)
{
	int err;

	err = hash_alloc(&livecalls.ht_call, HASH_SIZE);
	err |= hash_alloc(&livecalls.ht_sid, HASH_SIZE);
	if (err)
		return err;

	(void)agents_each_call(old_handler, NULL);

	return compat_event_register(event_handler, NULL);
}


void livecalls_close(void)
{
	compat_event_unregister();
	deadline_cancel(&livecalls.sampling);
	(void)hash_apply(livecalls.ht_call, stop_handler, NULL);
	livecalls.ht_call = mem_deref(livecalls.ht_call);
	livecalls.ht_sid = mem_deref(livecalls.ht_sid);
}
