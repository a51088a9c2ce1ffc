/**
 * @file intake.c  What a node reports, handed to whom it concerns
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "call.h"
#include "calls.h"
#include "dial.h"
#include "late.h"
#include "nodes/nodes.h"
#include "notice.h"
#include "queue.h"
#include "session.h"
#include "sessions.h"
#include "store/store.h"
#include "transfer.h"
#include "transfers.h"


static const char gone[] = "baresip is gone";
static const char unknown[] = "baresip does not know it any more";


/* A call is its own baresip's to tell of */
static bool is_others(const struct session *s, const char *instance,
		      const char *node)
{
	if (!s || !strcmp(call_instance(s->call), instance))
		return false;

	log_warning("intake: %s reports on a call of another baresip, %s",
		    node, call_sid(s->call));

	return true;
}


static void take_call(const struct report *r, const char *instance,
		      const char *node)
{
	struct session *s = session_find(r->call.sid);
	const bool closed = !strcmp(r->event, "closed");
	char key[CALL_SID_MAX + sizeof("call ")];

	if (is_others(s, instance, node))
		return;

	/* once closed, a call has no other news, whatever comes late */
	(void)snprintf(key, sizeof(key), "call %s", r->call.sid);
	if (recent_has(key))
		return;
	if (closed)
		recent_add(key);

	dial_made(r->call.ref, instance);
	if (s)
		session_update(s, &r->call, r->time);
	else if (!closed)
		session_create(&r->call, instance, node, r->time);

	if (strcmp(r->event, "live"))
		return;

	s = session_find(r->call.sid);
	if (s)
		s->live = true;
}


/* v is the verb that asked for it, NULL if none did.  The session may be
   freed. */
static void take_step(struct session *s, const struct verb *v,
		      const struct report *r, const char *instance,
		      const char *node)
{
	struct transfer *t;

	if (transfer_report(&t, r, instance, node, s ? s->call : NULL,
			    v ? v->id : NULL))
		return;

	if (v)
		queue_transfer(s->queue, t);

	transfer_release(t);
}


static void take_transfer(const struct report *r, const char *instance,
			  const char *node)
{
	struct session *s = session_find(r->call_sid);

	if (is_others(s, instance, node))
		return;

	if (!strcmp(r->step, "late"))
		late_report(r, instance, node, s ? s->call : NULL);
	else
		take_step(s, s ? queue_verb(s->queue, r->ref) : NULL, r,
			  instance, node);
}


/* The reference of a request begins with the call_sid */
static void take_result(const struct report *r, const char *instance,
			const char *node)
{
	char sid[CALL_SID_MAX + 1];
	struct session *s;

	if (dial_result(r, instance))
		return;

	(void)snprintf(sid, sizeof(sid), "%.*s", (int)strcspn(r->ref, ":"),
		       r->ref);
	s = session_find(sid);
	if (s && !is_others(s, instance, node))
		queue_result(s->queue, r);
}


static void take_played(const struct report *r, const char *instance,
			const char *node)
{
	struct session *s = session_find(r->call_sid);

	if (s && !is_others(s, instance, node))
		queue_played(s->queue, r);
}


static void lost_handler(struct transfer *t)
{
	struct session *s = session_find(t->call_sid);

	if (s)
		queue_transfer(s->queue, t);
}


/* A REFER that was sent, of which the node will not tell any more.  The
   session may be freed. */
static void end_untold(struct session *s, const char *reason)
{
	const struct verb *v = queue_refer(s->queue);
	char id[17];
	struct report r = {
		.kind = REPORT_TRANSFER,
		.time = clock_ms(),
		.call_sid = call_sid(s->call),
		.transfer_id = id,
		.step = "ended",
		.outcome = "unknown",
		.evidence = "node",
		.confidence = "low",
		.reason = reason,
	};

	if (!v)
		return;

	random_hex(id, sizeof(id));
	r.refer_to = v->refer_to;
	take_step(s, v, &r, call_instance(s->call), call_node(s->call));
}


static void running_handler(struct transfer *t)
{
	struct session *s = session_find(t->call_sid);

	if (s)
		s->refers = true;
}


/* True if nothing more will come of a transfer.  So it is if none of the call
   is known: all its steps were dropped from the link.  One that only began
   unseen is named, by an id that says nothing. */
static bool is_untold(const struct session *s)
{
	return !s->refers && !transfers_strange(call_instance(s->call));
}


/* What the node lacks has ended, and what it was asked and has not answered
   it never heard */
static void sync_session(struct session *s)
{
	const bool ended = !call_over(s->call) && !s->live;
	char sid[CALL_SID_MAX + 1];

	s->live = false;
	(void)snprintf(sid, sizeof(sid), "%s", call_sid(s->call));
	if (ended)
		queue_stop(s->queue);
	else
		queue_resume(s->queue);

	s = session_find(sid);
	if (s && is_untold(s))
		end_untold(s, unknown);

	s = session_find(sid);
	if (s)
		s->refers = false;
	if (s && ended)
		session_end(s, "completed", "ended meanwhile");
}


/* A node that has just connected has told what lives */
static void take_sync(const struct report *r, const char *instance)
{
	struct session **found;

	transfers_named(r, instance);
	if (r->more)
		return;

	transfers_lost(instance, true, unknown, lost_handler);
	transfers_each(instance, running_handler);

	found = sessions_of(instance);
	for (size_t i = 0; found && found[i]; i++)
		sync_session(found[i]);
	free(found);
	dials_resume(instance);
}


void intake_begin(const char *instance)
{
	struct session **found = sessions_of(instance);

	for (size_t i = 0; found && found[i]; i++)
		found[i]->live = false;
	free(found);

	transfers_unnamed(instance);
}


void intake(const struct report *r, const char *instance, const char *node)
{
	notice_at(r->time);
	switch (r->kind) {
	case REPORT_CALL: take_call(r, instance, node); break;
	case REPORT_SYNC: take_sync(r, instance); break;
	case REPORT_TRANSFER: take_transfer(r, instance, node); break;
	case REPORT_RESULT: take_result(r, instance, node); break;
	case REPORT_PLAYED: take_played(r, instance, node); break;
	case REPORT_HELLO: break;
	}
	notice_at(0);
}


static void end_gone(struct session *s)
{
	char sid[CALL_SID_MAX + 1];

	(void)snprintf(sid, sizeof(sid), "%s", call_sid(s->call));
	queue_doubt(s->queue);
	end_untold(s, gone);

	s = session_find(sid);
	if (s)
		session_end(s, "failed", gone);
}


void intake_gone(const char *instance)
{
	struct session **found = sessions_of(instance);

	/* no verb may start on these calls when their transfers end */
	for (size_t i = 0; found && found[i]; i++)
		queue_stop(found[i]->queue);
	free(found);

	transfers_lost(instance, false, gone, lost_handler);

	found = sessions_of(instance);
	for (size_t i = 0; found && found[i]; i++)
		end_gone(found[i]);
	free(found);
	dials_gone(instance);
}
