/**
 * @file warm.c  A transfer that calls the target first, and asks it
 *
 * The caller waits on hold.  Each step is asked of the node by a reference
 * that is saved before: it is asked again when the connection is back, or
 * referd.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include "warm.h"
#include "attempts.h"
#include "base/base.h"
#include "call.h"
#include "calls.h"
#include "nodes/nodes.h"
#include "request.h"
#include "task.h"
#include "transfer.h"
#include "transferend.h"
#include "verb.h"
#include "warmstep.h"
#include "warmverb.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void timer_handler(void *arg)
{
	struct warm *w = arg;

	warm_expire(w);
	w->h(w->arg);
}


/**
 * Make a transfer that calls the target first
 *
 * @param wp   Pointer to the new transfer
 * @param task The verb at hand, which must outlive it
 * @param h    Called when it may be over, since a time has passed
 * @param arg  Handler argument
 *
 * @return 0, or ENOMEM
 */
int warm_create(struct warm **wp, struct task *task, warm_over_h *h, void *arg)
{
	struct warm *w = calloc(1, sizeof(*w));

	if (!w)
		return ENOMEM;

	w->task = task;
	w->h = h;
	w->arg = arg;
	timer_init(&w->timer, timer_handler, w);
	*wp = w;

	return 0;
}


/**
 * Free a transfer
 *
 * @param w Transfer, may be NULL
 */
void warm_destroy(struct warm *w)
{
	if (!w)
		return;

	timer_stop(&w->timer);
	free(w->music);
	free(w->reason);
	free(w);
}


/**
 * Tell whether nothing is left to do
 *
 * @param w Transfer, may be NULL
 *
 * @return True if it is over, and how it ended is known
 */
bool warm_over(const struct warm *w)
{
	return w && w->stage == WARM_OVER;
}

/**
 * Tell how it has ended
 *
 * @param w   Transfer, which is over
 * @param end How, borrowed from the transfer
 */
void warm_end(const struct warm *w, struct transfer_end *end)
{
	*end = (struct transfer_end){
		.bridged = w->joined,
		.last = w->given_up,
		.failure = w->failure,
		.status = w->status,
		.reason = w->reason,
		.dial_call_sid = *w->second ? w->second : NULL,
		.transfer = attempts_last(w->task->verb->attempts),
	};
}


/**
 * Tell whether the far ends are being joined by a REFER
 *
 * @param w Transfer, may be NULL
 *
 * @return True if so
 */
bool warm_refers(const struct warm *w)
{
	return w && w->stage == WARM_JOINING;
}

/**
 * Tell whether the node has said that it has sent the REFER
 *
 * @param w Transfer, may be NULL
 *
 * @return True if so
 */
bool warm_refer_sent(const struct warm *w)
{
	return warm_refers(w) && !w->asked[ACT_REFER].open;
}


/**
 * Begin
 *
 * @param w New transfer
 */
void warm_start(struct warm *w)
{
	warm_set_stage(w, WARM_HOLDING, 0);
	warm_hook(w);
	warm_ask(w, ACT_HOLD);
}


/**
 * Repeat the requests that the node has not answered: the connection is back,
 * and the node has named its live calls
 *
 * @param w Transfer
 */
void warm_resume(struct warm *w)
{
	const struct session *s = session_find(w->second);

	warm_ask_again(w);

	/* it was made, and has gone without a word */
	if (w->up && !w->asked[ACT_DIAL].open && (!s || call_over(s->call)))
		warm_second_over(w, 0, "the second call has ended");
}


/**
 * Give up, since other verbs replace this one.  Joined calls stay joined.
 *
 * @param w Transfer
 */
void warm_cancel(struct warm *w)
{
	if (w->stage >= WARM_LEAVING || w->given_up)
		return;

	w->given_up = true;
	if (w->stage == WARM_JOINING)
		warm_ask(w, ACT_STOP); /* its end comes as that of any */
	else
		warm_fail(w, FAILURE_ERROR, 0, "the application gave it up");
}


/**
 * Assume that the node has sent the REFER that it was asked to send: the node
 * is gone, and the truth is unknown
 *
 * @param w Transfer
 */
void warm_doubt(struct warm *w)
{
	if (w->stage == WARM_JOINING)
		w->asked[ACT_REFER].open = false;
}


/**
 * Note that the caller has hung up
 *
 * @param w Transfer
 */
void warm_caller_over(struct warm *w)
{
	w->task->touched(w->task->arg);
	if (w->stage < WARM_JOINING)
		warm_fail(w, FAILURE_ERROR, w->status,
			  "the caller has hung up");
	else
		warm_settle(w);
}


/**
 * Note that no more reports come of the caller's call.  If the node is gone,
 * both calls are.
 *
 * @param w      Transfer
 * @param reason Why, as a sentence
 */
void warm_abandon(struct warm *w, const char *reason)
{
	if (node_connected(call_instance(w->task->call))) {
		warm_caller_over(w);
		return;
	}

	w->failure = FAILURE_ERROR;
	(void)field_keep(&w->reason, reason);
	w->up = false;
	warm_set_stage(w, WARM_OVER, 0);
}


/**
 * Tell whether a hook asks for the music on hold
 *
 * @param w    Transfer, may be NULL
 * @param hook Id of the hook
 *
 * @return True if it is
 */
bool warm_awaits(const struct warm *w, const char *hook)
{
	return w && *w->hook && !strcmp(w->hook, hook);
}


/**
 * Take the music on hold
 *
 * @param w    Transfer
 * @param list Verbs of the answer
 * @param f    Set if the verbs are not valid
 *
 * @return 0, ENOMEM, or EBADMSG with the error set
 */
int warm_music(struct warm *w, const struct verb *list, struct error *f)
{
	char *music;
	int err;

	err = warmverb_music(&music, list, f);
	if (err)
		return err;

	w->hook[0] = '\0';
	free(w->music);
	w->music = music;
	if (w->stage < WARM_JOINING)
		warm_ask(w, ACT_MUSIC);
	w->task->touched(w->task->arg);

	return 0;
}
