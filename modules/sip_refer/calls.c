/**
 * @file calls.c  The live calls of this baresip, from its events
 *
 * A pointer to a call dies with the event CALL_CLOSED, and in some releases
 * without any: where that can be, the call is looked for before it is used.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <re.h>
#include "compat/compat.h"
#include "sip_refer.h"


enum {
	HASH_SIZE = 256,
};

static struct {
	struct hash *ht_call; /* by pointer */
	struct hash *ht_sid;
} calls;


static void destructor(void *arg)
{
	struct livecall *lc = arg;

	tmr_cancel(&lc->tmr);
	tmr_cancel(&lc->tmr_dial);
	hash_unlink(&lc->he_call);
	hash_unlink(&lc->he_sid);
	cJSON_Delete(lc->headers);
	mem_deref(lc->sid);
	mem_deref(lc->ref);
	mem_deref(lc->call_id);
	mem_deref(lc->from);
	mem_deref(lc->to);
	mem_deref(lc->caller_name);
	mem_deref(lc->account);
	mem_deref(lc->reason);
}


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
	return list_ledata(hash_lookup(calls.ht_call, call_key(call),
				       call_cmp_handler, (void *)call));
}


static bool sid_cmp_handler(struct le *le, void *arg)
{
	const struct livecall *lc = le->data;

	return !str_cmp(lc->sid, arg);
}


/**
 * Find a live call by its call_sid
 *
 * @param sid call_sid
 *
 * @return Live call, NULL if there is none
 */
struct livecall *calls_find(const char *sid)
{
	return list_ledata(hash_lookup(calls.ht_sid, hash_joaat_str(sid),
				       sid_cmp_handler, (void *)sid));
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


static bool is_alive(const struct call *call)
{
	struct le *ule, *cle;

	for (ule = list_head(uag_list()); ule; ule = ule->next) {

		cle = list_head(ua_calls(ule->data));
		for (; cle; cle = cle->next) {
			if (cle->data == call)
				return true;
		}
	}

	return false;
}


static cJSON *encode(const struct livecall *lc)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "sid", lc->sid);
	if (lc->call_id)
		cJSON_AddStringToObject(json, "call_id", lc->call_id);
	cJSON_AddStringToObject(json, "direction",
				lc->outgoing ? "outbound" : "inbound");
	cJSON_AddStringToObject(json, "from", lc->from);
	cJSON_AddStringToObject(json, "to", lc->to);
	cJSON_AddStringToObject(json, "caller_name", lc->caller_name);
	cJSON_AddStringToObject(json, "account", lc->account);
	cJSON_AddStringToObject(json, "state", lc->state);
	cJSON_AddNumberToObject(json, "sip_status", lc->scode);
	cJSON_AddStringToObject(json, "sip_reason", lc->reason);
	cJSON_AddNumberToObject(json, "started", lc->started);
	if (lc->ref)
		cJSON_AddStringToObject(json, "ref", lc->ref);

	return json;
}


static cJSON *encode_whole(const struct livecall *lc)
{
	cJSON *json = encode(lc);

	if (lc->headers)
		cJSON_AddItemToObject(json, "headers",
				      cJSON_Duplicate(lc->headers, true));

	return json;
}


static void report(const char *event, cJSON *call)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "type", "call");
	cJSON_AddStringToObject(json, "event", event);
	cJSON_AddItemToObject(json, "call", call);

	link_report(json);
}


static void report_new(struct livecall *lc)
{
	if (lc->reported)
		return;

	lc->reported = true;
	report("new", encode_whole(lc));
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


static void update(struct livecall *lc, const char *state, uint16_t scode,
		   const char *reason)
{
	const bool same = !strcmp(lc->state, state);

	set_state(lc, state, scode, reason);

	if (!lc->reported)
		report_new(lc);
	else if (!same)
		report("status", encode(lc));
}


static void close_report(struct livecall *lc)
{
	cJSON *call = encode(lc);
	uint64_t sec = 0;

	if (lc->answered)
		sec = (link_now() - lc->answered + 500) / 1000;

	cJSON_AddNumberToObject(call, "duration", sec);
	report("closed", call);
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


/* Last of all: the call is gone, or goes */
static void closed(struct livecall *lc, uint16_t scode, const char *reason,
		   bool stopping)
{
	report_new(lc);

	if (!scode)
		scode = lc->hangup_scode;

	if (lc->answered)
		set_state(lc, "completed", scode ? scode : 200,
			  lc->transferred ? "transferred" : reason);
	else
		set_state(lc, failure_name(lc, scode), scode, reason);

	transfer_call_closed(lc->transfer, stopping);
	close_report(lc);
	mem_deref(lc);
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


static void tmr_handler(void *arg)
{
	struct livecall *lc = arg;

	if (!is_alive(lc->call)) {
		if (lc->reported)
			closed(lc, 0, "the call is gone", false);
		else
			mem_deref(lc);
		return;
	}

	if (!lc->call_id && call_id(lc->call))
		replace(&lc->call_id, call_id(lc->call));

	report_new(lc);
}


static int details(struct livecall *lc, struct ua *ua, struct call *call)
{
	const char *peer = call_peeruri(call), *local = call_localuri(call);

	replace(&lc->from, lc->outgoing ? local : peer);
	replace(&lc->to, lc->outgoing ? peer : local);
	replace(&lc->caller_name, lc->outgoing ? NULL : call_peername(call));
	replace(&lc->account, account_aor(ua_account(ua)));

	if (call_id(call)) {
		replace(&lc->call_id, call_id(call));
		if (!lc->outgoing)
			lc->headers = invite_take(lc->call_id);
	}

	return lc->from && lc->to && lc->caller_name && lc->account ? 0
								    : ENOMEM;
}


static struct livecall *add(struct ua *ua, struct call *call)
{
	struct livecall *lc;
	int err;

	lc = mem_zalloc(sizeof(*lc), destructor);
	if (!lc)
		return NULL;

	lc->ua = ua;
	lc->call = call;
	lc->outgoing = call_is_outgoing(call);
	lc->started = link_now();

	err = uuid_print(&lc->sid);
	err |= details(lc, ua, call);
	if (err)
		return mem_deref(lc);

	if (lc->outgoing)
		set_state(lc, "trying", 100, "Trying");
	else
		set_state(lc, "ringing", 180, "Ringing");

	hash_append(calls.ht_call, call_key(call), &lc->he_call, lc);
	hash_append(calls.ht_sid, hash_joaat_str(lc->sid), &lc->he_sid, lc);

	/* an outgoing call has no Call-ID before its INVITE is sent */
	tmr_start(&lc->tmr, 0, tmr_handler, lc);

	return lc;
}


static void established(struct livecall *lc)
{
	tmr_cancel(&lc->tmr_dial);
	lc->answered = link_now();
	update(lc, "in-progress", 200, "OK");
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

	if (!lc->call_id && call_id(call))
		replace(&lc->call_id, call_id(call));

	if (!strcmp(event, "CALL_INCOMING"))
		report_new(lc);
	else if (!strcmp(event, "CALL_RINGING"))
		update(lc, "ringing", 180, "Ringing");
	else if (!strcmp(event, "CALL_PROGRESS"))
		update(lc, "early-media", 183, "Session Progress");
	else if (!strcmp(event, "CALL_ESTABLISHED"))
		established(lc);
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
		(void)hash_apply(calls.ht_call, stop_handler, ua);
	else if (ua && call)
		call_event(ua, call, event, prm);
}


static bool list_handler(struct le *le, void *arg)
{
	const struct livecall *lc = le->data;

	if (lc->reported)
		cJSON_AddItemToArray(arg, encode_whole(lc));

	return false;
}


/**
 * List the live calls
 *
 * @param list Array that takes them
 */
void calls_list(struct cJSON *list)
{
	(void)hash_apply(calls.ht_sid, list_handler, list);
}


/**
 * Get the URI of the far end of a call
 *
 * @param lc Live call
 *
 * @return URI
 */
const char *livecall_peer(const struct livecall *lc)
{
	return lc->outgoing ? lc->to : lc->from;
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
 * Answer a call
 *
 * @param lc Live call
 *
 * @return 0 if success, otherwise errorcode
 */
int livecall_answer(struct livecall *lc)
{
	return ua_answer(lc->ua, lc->call, VIDMODE_ON);
}


/**
 * End a call. The live call is gone afterwards.
 *
 * @param lc     Live call
 * @param scode  Status that an unanswered call is refused with, or 0
 * @param reason Its reason phrase
 */
void livecall_hangup(struct livecall *lc, uint16_t scode, const char *reason)
{
	if (!lc->answered)
		lc->hangup_scode = lc->outgoing ? 487 : scode;

	ua_hangup(lc->ua, lc->call, scode, reason);
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
	livecall_hangup(lc, 0, NULL);
}


static void dial_timeout_handler(void *arg)
{
	livecall_hangup(arg, 0, "no answer");
}


/**
 * Give an outgoing call, just made, the names that referd chose
 *
 * @param call    Call of baresip
 * @param sid     call_sid
 * @param ref     Names the request of referd
 * @param timeout The call is given up if nobody answers so long [s], 0: never
 *
 * @return 0 if success, otherwise errorcode
 */
int calls_adopt(const struct call *call, const char *sid, const char *ref,
		uint32_t timeout)
{
	struct livecall *lc = calls_find_call(call);

	if (!lc)
		lc = add(call_get_ua(call), (struct call *)call);
	if (!lc)
		return ENOMEM;

	hash_unlink(&lc->he_sid);
	replace(&lc->sid, sid);
	replace(&lc->ref, ref);
	hash_append(calls.ht_sid, hash_joaat_str(sid), &lc->he_sid, lc);

	if (timeout)
		tmr_start(&lc->tmr_dial, (uint64_t)timeout * 1000,
			  dial_timeout_handler, lc);

	return 0;
}


/* Calls that are older than this module */
static void add_all(void)
{
	struct le *ule, *cle;

	for (ule = list_head(uag_list()); ule; ule = ule->next) {

		cle = list_head(ua_calls(ule->data));
		for (; cle; cle = cle->next) {

			struct livecall *lc = add(ule->data, cle->data);

			if (lc && livecall_established(lc))
				established(lc);
		}
	}
}


/**
 * Set up the registry of live calls
 *
 * @return 0 if success, otherwise errorcode
 */
int calls_init(void)
{
	int err;

	err = hash_alloc(&calls.ht_call, HASH_SIZE);
	err |= hash_alloc(&calls.ht_sid, HASH_SIZE);
	if (err)
		return err;

	add_all();

	return compat_event_register(event_handler, NULL);
}


/**
 * Report every live call as closed and forget it
 */
void calls_close(void)
{
	compat_event_unregister();
	(void)hash_apply(calls.ht_call, stop_handler, NULL);
	calls.ht_call = mem_deref(calls.ht_call);
	calls.ht_sid = mem_deref(calls.ht_sid);
}
