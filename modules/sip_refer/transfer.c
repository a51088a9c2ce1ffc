/**
 * @file transfer.c  One transfer: REFER, its answer, the timers, the outcome
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <cjson/cJSON.h>
#include <string.h>
#include <re.h>
#include "compat/compat.h"
#include "sip_refer.h"


enum {
	HASH_SIZE = 64,
	CSEQ_SEEN = 16, /* NOTIFYs remembered, to count each once       */
	GRACE = 2000,   /* for a message that another has overtaken [ms] */
	LINGER = 32000, /* 64*T1: late NOTIFYs are still answered [ms]  */
	REASON_MAX = 128,
};

/*
 * The life of a transfer. A final NOTIFY may come in every state but ENDED,
 * which is left only by the end of the linger timer.
 *
 *   SENT ──2xx──▶ ACCEPTED ──NOTIFY 1xx──▶ PROGRESS ──final──▶ ENDED
 *    │                                        ▲
 *    ├──NOTIFY 1xx before the 2xx─────────────┘
 *    └──final NOTIFY before the 2xx──▶ DECIDED ──2xx or grace──▶ ENDED
 *
 *   any of them ──call closed──▶ ORPHANED ──final NOTIFY or grace──▶ ENDED
 */
enum state {
	SENT,
	ACCEPTED,
	PROGRESS,
	DECIDED,
	ORPHANED,
	ENDED,
};

struct transfer {
	struct le he;
	struct livecall *lc; /* borrowed, NULL once the call is closed */
	struct dialog *dlg;
	struct request *refer;
	struct subscription *sub;
	struct tmr tmr;
	enum state state;
	struct timeouts timeouts;
	char id[17];
	char *call_sid;
	char *ref;
	char *hdrs;
	char *refer_to;
	char *referred_by;
	uint32_t cseqv[CSEQ_SEEN]; /* of the latest NOTIFYs */
	uint32_t cseqc;
	uint32_t cseq_max;
	uint32_t refer_first;  /* CSeq of the REFER at its first attempt */
	uint32_t refer_last;   /* and at its last, with credentials      */
	uint16_t refer_status; /* the answer to the REFER, 0 if none */
	uint16_t call_status;  /* of the last sipfrag, 0 if none     */
	char *reason;
};

static struct {
	struct hash *ht; /* by Call-ID */
	struct timeouts timeouts;
} transfers;


static void tmr_handler(void *arg);


static const char *state_name(enum state state)
{
	switch (state) {

	case SENT: return "sent";
	case ACCEPTED: return "accepted";
	case PROGRESS: return "progress";
	case DECIDED: return "decided";
	case ORPHANED: return "orphaned";
	case ENDED: return "ended";
	default: return "?";
	}
}


static void destructor(void *arg)
{
	struct transfer *t = arg;

	tmr_cancel(&t->tmr);
	hash_unlink(&t->he);
	if (t->lc)
		t->lc->transfer = NULL;
	mem_deref(t->refer);
	mem_deref(t->sub);
	mem_deref(t->dlg);
	mem_deref(t->call_sid);
	mem_deref(t->ref);
	mem_deref(t->hdrs);
	mem_deref(t->refer_to);
	mem_deref(t->referred_by);
	mem_deref(t->reason);
}


/* Each state but SENT, which libre's transaction ends, has its timer */
static void set_state(struct transfer *t, enum state state, uint64_t ms)
{
	if (t->state != state)
		debug("sip_refer: transfer %s: %s -> %s\n", t->id,
		      state_name(t->state), state_name(state));

	t->state = state;
	tmr_start(&t->tmr, ms, tmr_handler, t);
}


static void set_reason(struct transfer *t, const struct pl *reason)
{
	struct pl pl = *reason;

	if (pl.l > REASON_MAX)
		pl.l = REASON_MAX;

	t->reason = mem_deref(t->reason);
	(void)text_scrub(&t->reason, &pl);
}


static void set_reason_str(struct transfer *t, const char *reason)
{
	struct pl pl;

	pl_set_str(&pl, reason);
	set_reason(t, &pl);
}


static cJSON *step_alloc(const struct transfer *t, const char *step)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "type", "transfer");
	cJSON_AddStringToObject(json, "call_sid", t->call_sid);
	cJSON_AddStringToObject(json, "transfer_id", t->id);
	cJSON_AddStringToObject(json, "ref", t->ref);
	cJSON_AddStringToObject(json, "step", step);
	cJSON_AddStringToObject(json, "refer_to", t->refer_to);
	cJSON_AddStringToObject(json, "referred_by", t->referred_by);
	if (t->refer_status)
		cJSON_AddNumberToObject(json, "refer_status", t->refer_status);
	if (t->call_status)
		cJSON_AddNumberToObject(json, "call_status", t->call_status);
	if (t->reason)
		cJSON_AddStringToObject(json, "reason", t->reason);

	return json;
}


static void report(const struct transfer *t, const char *step)
{
	link_report(step_alloc(t, step));
}


/* The one place where a transfer ends. It lingers to answer late NOTIFYs. */
static void finish(struct transfer *t, const char *outcome,
		   const char *evidence)
{
	cJSON *json;

	if (t->state == ENDED)
		return;

	info("sip_refer: transfer %s to %s: %s (%s)\n", t->id, t->refer_to,
	     outcome, evidence);

	json = step_alloc(t, "ended");
	cJSON_AddStringToObject(json, "outcome", outcome);
	cJSON_AddStringToObject(json, "evidence", evidence);

	set_state(t, ENDED, LINGER);
	t->refer_last = request_cseq(t->refer);
	t->refer = mem_deref(t->refer);
	if (t->lc) {
		t->lc->transfer = NULL;
		t->lc = NULL;
	}

	link_report(json);
}


static void finish_unsubscribe(struct transfer *t, const char *outcome,
			       const char *evidence)
{
	subscription_end(t->sub);
	finish(t, outcome, evidence);
}


/* The far end has the caller now: we leave the call, unless it did */
static void finish_leave(struct transfer *t, const char *outcome,
			 const char *evidence)
{
	struct livecall *lc = t->lc;

	finish(t, outcome, evidence);

	if (lc)
		livecall_transferred(lc);
}


static void finish_final(struct transfer *t)
{
	if (t->call_status < 300)
		finish_leave(t, "transferred", "notify");
	else
		finish(t, "failed", "notify");
}


static bool is_accepted(const struct transfer *t)
{
	return t->refer_status || t->cseqc;
}


static void silence(struct transfer *t, const char *evidence, uint32_t sec)
{
	char reason[64];

	(void)re_snprintf(reason, sizeof(reason), "no NOTIFY for %u s", sec);
	set_reason_str(t, reason);
	finish_unsubscribe(t, "unknown", evidence);
}


static void tmr_handler(void *arg)
{
	struct transfer *t = arg;

	switch (t->state) {

	case SENT: break;

	case ACCEPTED: silence(t, "timer:notify", t->timeouts.notify); break;

	case PROGRESS: silence(t, "timer:ringing", t->timeouts.ringing); break;

	case DECIDED: finish_final(t); break;

	case ORPHANED:
		if (is_accepted(t)) {
			set_reason_str(t, "the far end ended the call");
			finish(t, "presumed", "bye");
		}
		else {
			t->refer_status = 487;
			set_reason_str(t, "the call ended before the REFER "
					  "was answered");
			finish(t, "failed", "bye");
		}
		break;

	case ENDED: mem_deref(t); break;
	}
}


/* RFC 4488 section 4 */
static bool is_refer_sub_false(const struct sip_msg *msg)
{
	const struct sip_hdr *hdr = sip_msg_hdr(msg, SIP_HDR_REFER_SUB);
	struct pl val;

	return hdr && !re_regex(hdr->val.p, hdr->val.l, "[a-zA-Z]+", &val) &&
	       !pl_strcasecmp(&val, "false");
}


static void accepted(struct transfer *t, const struct sip_msg *msg)
{
	const bool first = t->state == SENT;

	t->refer_status = msg->scode;
	if (t->state == SENT || t->state == ORPHANED)
		set_reason(t, &msg->reason);

	report(t, "accepted");

	if (t->state == DECIDED) {
		finish_final(t);
		return;
	}

	if (first && is_refer_sub_false(msg)) {
		finish_leave(t, "presumed", "refer-sub");
		return;
	}

	subscription_set_id(t->sub, request_cseq(t->refer));
	if (pl_isset(&msg->expires))
		subscription_granted(t->sub, pl_u32(&msg->expires));

	if (first)
		set_state(t, ACCEPTED, t->timeouts.notify * 1000);
}


static void refused(struct transfer *t, uint16_t scode,
		    const struct pl *reason, const char *evidence)
{
	t->refer_status = scode;
	set_reason(t, reason);
	finish(t, "failed", evidence);
}


static void not_answered(struct transfer *t, int err)
{
	struct pl reason;

	if (err == ETIMEDOUT) {
		pl_set_str(&reason, "Request Timeout");
		refused(t, 408, &reason, "timeout");
	}
	else {
		pl_set_str(&reason, strerror(err));
		refused(t, 503, &reason, "transport");
	}
}


/* NOTIFYs tell more than the REFER's answer: what they have decided stays */
static void refer_handler(int err, const struct sip_msg *msg, void *arg)
{
	struct transfer *t = arg;

	if (t->state == ENDED || t->refer_status)
		return;

	if (err) {
		if (t->state == SENT)
			not_answered(t, err);
	}
	else if (msg->scode < 300) {
		accepted(t, msg);
	}
	else if (t->state == DECIDED) {
		t->refer_status = msg->scode;
		finish_final(t);
	}
	else {
		refused(t, msg->scode, &msg->reason, "response");
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


static void progress(struct transfer *t, const struct notify *notify)
{
	t->call_status = notify->frag.scode;
	set_reason(t, &notify->frag.reason);
	report(t, "progress");
}


static void final(struct transfer *t, const struct notify *notify)
{
	t->call_status = notify->frag.scode;
	set_reason(t, &notify->frag.reason);

	if (t->state == SENT)
		set_state(t, DECIDED, GRACE);
	else if (t->state != DECIDED)
		finish_final(t);
}


/* The subscription ends, or its body means nothing: there will be no result.
   After the end of the call that changes nothing, the grace runs on. */
static void resultless(struct transfer *t, const struct notify *notify)
{
	if (t->state == ORPHANED)
		return;

	if (notify->body == BODY_UNREADABLE)
		set_reason_str(t, "the sipfrag is unreadable");
	else if (pl_isset(&notify->reason))
		set_reason(t, &notify->reason);
	else
		set_reason_str(t, "the subscription ended without a result");

	if (notify->terminated)
		finish(t, "unknown", "terminated");
	else
		finish_unsubscribe(t, "unknown", "terminated");
}


static void notified(struct transfer *t, const struct notify *notify)
{
	const bool late = notify->cseq < t->cseq_max;

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

	if (notify->terminated || notify->body == BODY_UNREADABLE) {
		resultless(t, notify);
		return;
	}

	subscription_granted(t->sub, notify->expires);
	if (t->state != ORPHANED)
		set_state(t, PROGRESS, t->timeouts.ringing * 1000);
}


/* An authenticated REFER has had two CSeqs; not every far end names the last
 */
static bool has_id(const struct transfer *t, uint32_t id)
{
	const uint32_t last = t->refer ? request_cseq(t->refer)
				       : t->refer_last;

	return id >= t->refer_first && id <= last;
}


/** What find_handler() looks for */
struct search {
	const struct sip_msg *msg;
	const struct notify *notify;
	struct transfer *found;
};


/* With an id, the transfer of that REFER; without one the transfer in
   progress, or else the latest */
static bool find_handler(struct le *le, void *arg)
{
	struct transfer *t = le->data;
	struct search *search = arg;
	const struct notify *notify = search->notify;

	if (!sip_dialog_cmp(t->dlg->dlg, search->msg))
		return false;

	if (notify->has_id) {
		if (has_id(t, notify->id))
			search->found = t;
	}
	else if (!search->found || search->found->state == ENDED) {
		search->found = t;
	}

	return false;
}


/**
 * Handle a NOTIFY, if it belongs to a transfer of ours
 *
 * @param msg NOTIFY request
 *
 * @return True if it was ours, and was answered
 *
 * Reference: RFC 3515 section 2.4, RFC 6665 section 4.1.3
 */
bool transfer_notify(const struct sip_msg *msg)
{
	struct notify notify;
	struct search search = {msg, &notify, NULL};

	if (notify_decode(&notify, msg))
		return false;

	(void)hash_lookup(transfers.ht, hash_joaat_pl(&msg->callid),
			  find_handler, &search);
	if (!search.found)
		return false;

	(void)sip_treply(NULL, uag_sip(), msg, 200, "OK");

	if (search.found->state != ENDED)
		notified(search.found, &notify);

	return true;
}


static int hdrs_print(char **hdrsp, const struct verb *verb)
{
	return re_sdprintf(hdrsp, "Refer-To: %s\r\nReferred-By: %s\r\n%s",
			   verb->refer_to, verb->referred_by,
			   verb->hdrs ? verb->hdrs : "");
}


static uint32_t either(uint32_t own, uint32_t setting)
{
	return own ? own : setting;
}


/**
 * Allocate a transfer and take the dialog of the call for it. Nothing is sent
 * before transfer_run(). The transfer belongs to this file from then on.
 *
 * @param tp    Pointer to the transfer
 * @param lc    Call
 * @param verb  Verb sip:refer
 * @param ref   Names the request of referd
 * @param fault Why there can be no transfer
 *
 * @return 0 if success, otherwise errorcode
 */
int transfer_alloc(struct transfer **tp, struct livecall *lc,
		   const struct verb *verb, const char *ref,
		   struct fault *fault)
{
	struct transfer *t;
	int err;

	if (!tp || !lc || !verb || !ref)
		return EINVAL;

	if (lc->transfer)
		return fault_set(fault, "sip:refer", "transfer in progress");

	if (!livecall_established(lc))
		return fault_set(fault, "call_sid",
				 "must name a call that is answered");

	t = mem_zalloc(sizeof(*t), destructor);
	if (!t)
		return ENOMEM;

	(void)re_snprintf(t->id, sizeof(t->id), "%016llx", rand_u64());
	t->timeouts.notify = either(verb->timeouts.notify,
				    transfers.timeouts.notify);
	t->timeouts.ringing = either(verb->timeouts.ringing,
				     transfers.timeouts.ringing);

	err = hdrs_print(&t->hdrs, verb);
	err |= str_dup(&t->call_sid, lc->sid);
	err |= str_dup(&t->ref, ref);
	err |= str_dup(&t->refer_to, verb->refer_to_uri);
	err |= str_dup(&t->referred_by, verb->referred_by_uri);
	if (err)
		goto out;

	err = dialog_take(&t->dlg, lc->call);
	if (err)
		goto out;

	t->lc = lc;
	lc->transfer = t;
	hash_append(transfers.ht,
		    hash_joaat_str(sip_dialog_callid(t->dlg->dlg)), &t->he, t);

out:
	if (err)
		mem_deref(t);
	else
		*tp = t;

	return err;
}


/**
 * Send the REFER
 *
 * @param t Transfer
 */
void transfer_run(struct transfer *t)
{
	int err;

	if (!t)
		return;

	report(t, "requested");

	t->refer_first = sip_dialog_lseq(t->dlg->dlg);

	err = subscription_alloc(&t->sub, t->dlg, t->refer_first);
	if (!err)
		err = request_send(&t->refer, t->dlg, "REFER", t->hdrs,
				   refer_handler, t);
	if (err)
		not_answered(t, err);
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

	set_reason_str(t, "the application gave it up");

	if (is_accepted(t))
		finish_unsubscribe(t, "cancelled", "application");
	else
		finish(t, "cancelled", "application");
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

	t->lc->transfer = NULL;
	t->lc = NULL;

	if (stopping) {
		set_reason_str(t, "baresip is stopping");
		finish(t, "unknown", "node");
	}
	else if (t->state != DECIDED) {
		set_state(t, ORPHANED, GRACE);
	}
}


static bool list_handler(struct le *le, void *arg)
{
	const struct transfer *t = le->data;

	if (t->state != ENDED)
		cJSON_AddItemToArray(arg, cJSON_CreateString(t->id));

	return false;
}


/**
 * List the transfers in progress
 *
 * @param ids Array that takes their ids
 */
void transfer_list(struct cJSON *ids)
{
	(void)hash_apply(transfers.ht, list_handler, ids);
}


/**
 * Set up the transfers
 *
 * @param timeouts How long a transfer waits unless its verb says otherwise
 *
 * @return 0 if success, otherwise errorcode
 */
int transfer_init(const struct timeouts *timeouts)
{
	transfers.timeouts = *timeouts;

	return hash_alloc(&transfers.ht, HASH_SIZE);
}


static bool stop_handler(struct le *le, void *arg)
{
	struct transfer *t = le->data;
	(void)arg;

	if (t->state != ENDED) {
		set_reason_str(t, "baresip is stopping");
		finish(t, "unknown", "node");
	}

	return false;
}


/**
 * End all transfers and release them
 */
void transfer_close(void)
{
	(void)hash_apply(transfers.ht, stop_handler, NULL);
	hash_flush(transfers.ht);
	transfers.ht = mem_deref(transfers.ht);
}
