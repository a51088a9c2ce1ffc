/**
 * @file own.c  The verbs that are done here: pause, config, tag, redirect
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdbool.h>
#include <stdint.h>
#include "base/base.h"
#include "call.h"
#include "calls.h"
#include "notice.h"
#include "own.h"
#include "stream/stream.h"
#include "task.h"


static void pause_handler(void *arg)
{
	struct own *o = arg;

	task_finish(o->task, NULL);
	o->h(o->arg);
}


/**
 * Get ready for the verbs that are done here
 *
 * @param o    The module's action in progress
 * @param task Task with the current verb
 * @param h    Called when a pause is over
 * @param arg  Handler argument
 */
void own_init(struct own *o, struct task *task, own_done_h *h, void *arg)
{
	o->task = task;
	o->h = h;
	o->arg = arg;
	timer_init(&o->pause, pause_handler, o);
}


/**
 * Go on with a pause that was read from the store, if the verb at hand is one
 *
 * @param o What does it
 */
void own_resume(struct own *o)
{
	const struct task *t = o->task;
	int64_t left = t->pause_end - clock_ms();

	if (t->stage != STAGE_RUNNING || t->verb->kind != VERB_PAUSE)
		return;

	timer_start(&o->pause, (double)left / 1000);
}


static void tag(struct call *c, const char *text)
{
	if (call_tag_set(c, text))
		log_error("own: %s: out of memory", call_sid(c));
}


/* True if the verbs that it goes to are waited for */
static bool redirect(struct task *t)
{
	const struct verb *v = t->verb;

	if (v->owner && v->owner->kind == SENDER_APP &&
	    calls_events()->redirect(t->call, v->action.url))
		return false;

	return notice_redirect(t->call, v, &v->action, t->hook);
}


/**
 * Do the verb at hand.  All but a pause are over with that.
 *
 * @param o What does it
 */
void own_start(struct own *o)
{
	struct task *t = o->task;
	const struct verb *v = t->verb;
	bool wait = false;

	if (v->kind == VERB_PAUSE) {
		t->pause_end = clock_ms() + (int64_t)(v->length * 1000);
		task_begin(t);
		own_resume(o);
		return;
	}

	/* the effects of the verb must not start anything else */
	task_begin(t);

	if (v->kind == VERB_CONFIG && v->notify >= 0)
		call_notify_set(t->call, v->notify);
	else if (v->kind == VERB_TAG)
		tag(t->call, v->tag);
	else if (v->kind == VERB_REDIRECT)
		wait = redirect(t);

	task_end(t, wait);
}


/**
 * Stop a pause
 *
 * @param o What does it
 */
void own_stop(struct own *o)
{
	timer_stop(&o->pause);
}
