/**
 * @file control.c  What referd asks for, and what it is told
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>
#include "json.h"
#include "call/call.h"
#include "link/link.h"
#include "text/text.h"
#include "transfer/transfer.h"
#include "control.h"


enum {
	REF_MAX = 64,    /* bytes                         */
	SYNC_MAX = 2048, /* transfers that one sync names */
};


static const char *get_string(const cJSON *json, const char *name)
{
	return cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(json, name));
}


static void result_begin(struct json *j, const char *ref, bool ok)
{
	link_begin(j, "result");
	json_str(j, "ref", ref);
	json_bool(j, "ok", ok);
}


static void succeeded(const char *ref)
{
	struct json j;

	result_begin(&j, ref, true);
	link_report(&j);
}


static void refused(const char *ref, int err, const struct error *error)
{
	struct json j;

	result_begin(&j, ref, false);
	if (error->text[0]) {
		json_str(&j, "error", error->text);
		json_str(&j, "field", error->field);
	}
	else {
		json_str(&j, "error", strerror(err));
	}

	if (error->index >= 0)
		json_int(&j, "index", error->index);

	link_report(&j);
}


static int find_call(struct livecall **lcp, const cJSON *json,
		     struct error *error)
{
	const char *sid = get_string(json, "call_sid");

	*lcp = sid ? livecalls_find(sid) : NULL;

	return *lcp ? 0
		    : error_set(error, "call_sid", "must name a live call");
}


/* Every verb is checked before any runs; the first is kept */
static int verbs_decode(struct sipverb **firstp, const struct farend *far,
			const cJSON *verbs, struct error *error)
{
	struct sipverb *first = NULL, *verb;
	const cJSON *item;
	int err, i = 0;

	if (!cJSON_IsArray(verbs) || !verbs->child)
		return error_set(error, "verbs",
				 "must be an array of one or more verbs");

	cJSON_ArrayForEach(item, verbs)
	{
		error->index = i++;

		err = sipverb_decode(&verb, item, far, error);
		if (err) {
			mem_deref(first);
			return err;
		}

		if (first)
			mem_deref(verb);
		else
			first = verb;
	}

	error->index = 0;
	*firstp = first;

	return 0;
}


static int answer(struct livecall *lc, const char *ref, struct error *error)
{
	int err;

	if (!lc->answered && lc->outgoing)
		return error_set(error, "call_sid",
				 "must name an incoming call");

	err = lc->answered ? 0 : livecall_answer(lc);
	if (!err)
		succeeded(ref);

	return err;
}


/* Here and below, the result comes before the reports that it brings about */
static int decline(struct livecall *lc, const struct sipverb *verb,
		   const char *ref, struct error *error)
{
	if (lc->answered || lc->outgoing)
		return error_set(error, "call_sid",
				 "must name an incoming call that is not "
				 "answered");

	succeeded(ref);
	livecall_hangup(lc, verb->status, verb->reason, verb->hdrs);

	return 0;
}


static int hangup(struct livecall *lc, const struct sipverb *verb,
		  const char *ref)
{
	succeeded(ref);
	referral_cancel(lc->referral);
	livecall_hangup(lc, 0, NULL, verb->hdrs);

	return 0;
}


static int dry_run(const struct livecall *lc, const struct sipverb *verb,
		   const char *ref)
{
	struct json j;
	char *text;
	int err;

	err = dryrun_report(&text, lc, verb);
	if (err)
		return err;

	result_begin(&j, ref, true);
	json_raw(&j, "dry_run", text);
	free(text);
	link_report(&j);

	return 0;
}


static int refer(struct livecall *lc, struct sipverb *verb, const char *ref,
		 struct error *error)
{
	struct referral_call call = {
		.held = &lc->referral,
		.sid = lc->sid,
		.outgoing = lc->outgoing,
	};
	struct referral *t;
	struct json j;
	int err;

	if (!livecall_established(lc))
		return error_set(error, "call_sid",
				 "must name a call that is answered");

	err = attended_prepare(verb, lc, error);
	if (!err)
		err = sipverb_check_size(verb, error);
	if (err)
		return err;

	if (verb->dry_run)
		return dry_run(lc, verb, ref);

	err = livecall_take_dialog(lc, verb->refer_to.uri);
	call.dlg = lc->dlg;
	if (!err)
		err = referrals_add(&t, &call, verb, ref, error);
	if (err)
		return err;

	err = refer_send(t);
	result_begin(&j, ref, true);
	link_report_later(&j);
	refer_report(t, err);
	dryrun_log(lc, verb, referral_id(t));

	return 0;
}


static int play(struct livecall *lc, const struct sipverb *verb,
		const char *ref, struct error *error)
{
	int err;

	if (!livecall_established(lc))
		return error_set(error, "call_sid",
				 "must name a call that is answered");

	err = playback_start(lc, verb, ref, error);
	if (!err)
		succeeded(ref);

	return err;
}


/* 0 means that the result has been sent, or that there is none to add */
static int verb_run(struct livecall *lc, struct sipverb *verb, const char *ref,
		    struct error *error)
{
	switch (verb->type) {

	case SIPVERB_ANSWER: return answer(lc, ref, error);
	case SIPVERB_DECLINE: return decline(lc, verb, ref, error);
	case SIPVERB_HANGUP: return hangup(lc, verb, ref);
	case SIPVERB_PLAY: return play(lc, verb, ref, error);
	case SIPVERB_REFER: return refer(lc, verb, ref, error);
	}

	return ENOSYS;
}


static int verbs_handler(const cJSON *json, const char *ref,
			 struct error *error)
{
	const cJSON *verbs, *run;
	struct sipverb *verb = NULL;
	struct livecall *lc;
	struct farend far;
	int err;

	err = find_call(&lc, json, error);
	if (!err)
		err = remote_farend(&far, lc);
	if (err)
		return err;

	verbs = cJSON_GetObjectItemCaseSensitive(json, "verbs");
	err = verbs_decode(&verb, &far, verbs, error);
	farend_reset(&far);
	if (err)
		return err;

	run = cJSON_GetObjectItemCaseSensitive(json, "run");
	if (cJSON_IsTrue(run))
		err = verb_run(lc, verb, ref, error);
	else
		succeeded(ref);

	mem_deref(verb);

	return err;
}


static int cancel_handler(const cJSON *json, const char *ref,
			  struct error *error)
{
	struct livecall *lc;
	int err;

	err = find_call(&lc, json, error);
	if (err)
		return err;

	playback_stop(lc);
	referral_cancel(lc->referral);
	succeeded(ref);

	return 0;
}


static int dial_handler(const cJSON *json, const char *ref,
			struct error *error)
{
	int err;

	err = originate(json, error);
	if (!err)
		succeeded(ref);

	return err;
}


/**
 * Handle a request of referd
 *
 * @param json Request
 */
void control_request(const struct cJSON *json)
{
	const char *type = get_string(json, "type");
	const char *ref = get_string(json, "ref");
	struct error error = {.index = -1};
	int err;

	if (!type || !ref || strlen(ref) > REF_MAX) {
		warning("sip_refer: a request of referd has no type or ref, "
			"or one that is too long\n");
		return;
	}

	if (!strcmp(type, "verbs"))
		err = verbs_handler(json, ref, &error);
	else if (!strcmp(type, "cancel"))
		err = cancel_handler(json, ref, &error);
	else if (!strcmp(type, "dial"))
		err = dial_handler(json, ref, &error);
	else
		err = error_set(&error, "type",
				"is not a request that this module knows");

	if (err)
		refused(ref, err, &error);
}


/**
 * Tell referd of each call and each transfer that is in progress, as it must
 * know them after it was away. Of more transfers than a line has room for, the
 * last sync names the rest.
 */
void control_sync(void)
{
	struct json j;
	size_t pos = 0;
	bool more;

	livecalls_report();

	do {
		link_begin(&j, "sync");
		json_open(&j, "transfers", '[');
		more = referrals_list(&j, pos, SYNC_MAX);
		json_close(&j, ']');
		if (more)
			json_bool(&j, "more", true);
		link_report(&j);
		pos += SYNC_MAX;
	} while (more);
}
