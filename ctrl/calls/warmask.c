/**
 * @file warmask.c  The requests of a transfer that calls the target first
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include "attempts.h"
#include "base/base.h"
#include "call.h"
#include "calls.h"
#include "json.h"
#include "nodes/nodes.h"
#include "request.h"
#include "task.h"
#include "transferverb.h"
#include "verb.h"
#include "warm.h"
#include "warmstep.h"
#include "warmverb.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void send(const struct warm *w, struct node_request *rq)
{
	node_send(call_instance(w->task->call), rq);
}


static void ask_hold(const struct warm *w, const char *ref, bool hold)
{
	send(w, &(struct node_request){.type = "hold",
				       .ref = ref,
				       .call_sid = call_sid(w->task->call),
				       .hold = hold});
}


/* The array of verbs is freed here */
static void ask_verbs(const struct warm *w, const char *ref, const char *sid,
		      struct json *verbs)
{
	struct node_request rq = {
		.type = "verbs",
		.ref = ref,
		.call_sid = sid,
		.run = true,
		.verbs = json_done(verbs),
	};

	send(w, rq.verbs ? &rq : NULL);
	json_free(verbs);
}


static void ask_music(const struct warm *w, const char *ref)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '[');
	json_raw(&j, NULL, w->music);
	json_close(&j, ']');
	ask_verbs(w, ref, call_sid(w->task->call), &j);
}


static void ask_play(const struct warm *w, const char *ref)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '[');
	warmverb_print_play(&j, w->task->verb->warm);
	json_close(&j, ']');
	ask_verbs(w, ref, w->second, &j);
}


static void ask_refer(const struct warm *w, const char *ref)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '[');
	json_open(&j, NULL, '{');
	json_str(&j, "verb", "sip:refer");
	json_str(&j, "replaces", w->second);
	json_str(&j, "referredBy", w->task->verb->transfer->caller_id);
	json_close(&j, '}');
	json_close(&j, ']');
	ask_verbs(w, ref, call_sid(w->task->call), &j);
}


static void ask_hangup(const struct warm *w, const char *ref)
{
	struct json j;

	json_init(&j);
	json_raw(&j, NULL, "[{\"verb\":\"hangup\"}]");
	ask_verbs(w, ref, w->second, &j);
}


/* The module takes the account of the caller's call, and reads the target as
   one of its REFERs */
static void ask_dial(const struct warm *w, const char *ref)
{
	const struct attempt *at = warm_target(w);
	struct node_request rq = {
		.type = "dial", .ref = ref, .call_sid = w->second};
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "to", at->target);
	json_str(&j, "parent_call_sid", call_sid(w->task->call));
	json_str(&j, "transfer_id", w->transfer_id);
	json_raw(&j, "headers", at->headers);
	json_int(&j, "timeout", warm_timeout(w));
	json_bool(&j, "dtmf", true);
	json_close(&j, '}');
	rq.dial = json_done(&j);
	send(w, rq.dial ? &rq : NULL);
	json_free(&j);
}


static void ask_stop(const struct warm *w, const char *ref)
{
	send(w, &(struct node_request){.type = "cancel",
				       .ref = ref,
				       .call_sid = call_sid(w->task->call),
				       .unsubscribe = w->task->cancelled});
}


static void ask(const struct warm *w, enum warm_act act)
{
	const char *ref = w->asked[act].ref;

	switch (act) {
	case ACT_HOLD: ask_hold(w, ref, true); break;
	case ACT_UNHOLD: ask_hold(w, ref, false); break;
	case ACT_MUSIC: ask_music(w, ref); break;
	case ACT_PLAY: ask_play(w, ref); break;
	case ACT_DIAL: ask_dial(w, ref); break;
	case ACT_REFER: ask_refer(w, ref); break;
	case ACT_HANGUP: ask_hangup(w, ref); break;
	case ACT_STOP: ask_stop(w, ref); break;
	case ACTS: break;
	}
}


/**
 * Send a request to the node.  The REFER has the reference of the current
 * verb, so that its transfer belongs to the verb.
 *
 * @param w   Transfer
 * @param act Request
 */
void warm_ask(struct warm *w, enum warm_act act)
{
	struct warm_asked *asked = &w->asked[act];

	request_ref(asked->ref, w->task->call);
	asked->open = true;
	if (act == ACT_REFER)
		strcpy(w->task->ref, asked->ref);
	w->task->touched(w->task->arg);
	ask(w, act);
}


/**
 * Repeat the requests that the node has not answered
 *
 * @param w Transfer
 */
void warm_ask_again(const struct warm *w)
{
	for (int act = 0; act < ACTS; act++) {
		if (w->asked[act].open)
			ask(w, (enum warm_act)act);
	}
}


/**
 * Note that the node has answered
 *
 * @param w    Transfer
 * @param ref  Reference of the answered request
 * @param actp Set to that request
 *
 * @return False if that was nothing that it had been asked here
 */
bool warm_answered(struct warm *w, const char *ref, enum warm_act *actp)
{
	for (int act = 0; act < ACTS; act++) {
		struct warm_asked *asked = &w->asked[act];

		if (asked->open && !strcmp(asked->ref, ref)) {
			asked->open = false;
			*actp = (enum warm_act)act;
			return true;
		}
	}

	return false;
}
