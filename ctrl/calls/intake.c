/**
 * @file intake.c  Reports of nodes, passed to their calls and transfers
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "call.h"
#include "calls.h"
#include "capture/capture.h"
#include "dial.h"
#include "keephook.h"
#include "late.h"
#include "nodes/nodes.h"
#include "notice.h"
#include "overrule.h"
#include "queue.h"
#include "request.h"
#include "second.h"
#include "session.h"
#include "sessions.h"
#include "store/store.h"
#include "transfer.h"
#include "transfers.h"
#include "verb.h"


enum { LOST_KEY_SIZE = 80 }; /* "lost ", and a transfer_id */

static const char gone[] = "baresip is gone";
static const char unknown[] = "baresip no longer knows it";


/* Only its own baresip may report on a call */
static bool is_others(const struct session *s, const char *instance,
		      const char *node)
{
	if (!s || !strcmp(call_instance(s->call), instance))
		return false;

	log_warning("intake: %s reports on a call of another baresip: %s",
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
	const bool begins = !transfers_have(r->transfer_id);
	struct transfer *t;

	if (transfer_report(&t, r, instance, node, s ? s->call : NULL, v))
		return;

	if (v && begins && !t->outcome)
		keephook_tell(s->call, v, t);

	if (v)
		queue_transfer(s->queue, t);

	transfer_release(t);
}


static const char *lost_key(char key[LOST_KEY_SIZE], const char *id)
{
	(void)snprintf(key, LOST_KEY_SIZE, "lost %s", id);

	return key;
}


/* The end of a transfer that was given up for lost: the first outcome counts,
   and a final status that comes then is late */
static bool is_overruled(const struct report *r, struct report *late)
{
	char key[LOST_KEY_SIZE];

	if (strcmp(r->step, "ended") || transfers_have(r->transfer_id) ||
	    !recent_has(lost_key(key, r->transfer_id)))
		return false;

	*late = *r;
	late->step = "late";
	if (late->call_status < 200 && r->refer_status >= 300)
		late->call_status = r->refer_status;

	return true;
}


static void take_transfer(const struct report *r, const char *instance,
			  const char *node)
{
	struct session *s = session_find(r->call_sid);
	struct report late;

	if (is_others(s, instance, node))
		return;

	if (!strcmp(r->step, "late"))
		late_report(r, instance, node);
	else if (is_overruled(r, &late)) {
		if (late.call_status >= 200)
			late_report(&late, instance, node);
	}
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

	ref_call(sid, r->ref);
	s = session_find(sid);
	if (s && !is_others(s, instance, node))
		queue_result(s->queue, r);
}


/* The first call asked for a playback on its second call */
static void take_played(const struct report *r, const char *instance,
			const char *node)
{
	char sid[CALL_SID_MAX + 1];
	struct session *s;

	ref_call(sid, r->ref);
	s = session_find(sid);

	if (s && !is_others(s, instance, node))
		queue_played(s->queue, r);
}


static void take_response(const struct report *r, const char *instance,
			  const char *node)
{
	struct session *s = session_find(r->call_sid);

	if (s && !is_others(s, instance, node))
		queue_response(s->queue, r);
}


/* A key that was pressed on a call that was dialled to be told of them */
static void take_dtmf(const struct report *r, const char *instance,
		      const char *node)
{
	const struct session *s = session_find(r->call_sid);

	if (s && !is_others(s, instance, node))
		second_digit(s->call, r->digit);
}


/* Of a transfer that nobody knows, they would be kept for ever */
static void take_capture(const struct report *r)
{
	if (!transfers_have(r->transfer_id) && !recent_has(r->transfer_id))
		return;

	archive_capture(r->transfer_id, r->packets);
	hep_send(r->packets);
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
	r.refer_to = verb_target(v);
	take_step(s, v, &r, call_instance(s->call), call_node(s->call));
}


static void running_handler(struct transfer *t)
{
	struct session *s = session_find(t->call_sid);

	if (s)
		s->refers = true;
}


/* True if no more reports come of a transfer.  This is also true if no step of
   the call is known: all of them were dropped from the link.  A transfer whose
   begin only was missed is named, by an id that has no meaning. */
static bool is_untold(const struct session *s)
{
	return !s->refers && !transfers_strange(call_instance(s->call));
}


typedef void(session_h)(struct session *s);


/* Any of them may be freed meanwhile: with a second call, its first one */
static void each(const char *instance, session_h *h)
{
	struct session **found = sessions_of(instance);
	char(*sids)[CALL_SID_MAX + 1];
	struct session *s;
	size_t n = 0;

	while (found && found[n])
		++n;
	sids = calloc(n + 1, sizeof(*sids));
	for (size_t i = 0; sids && i < n; i++)
		(void)snprintf(sids[i], sizeof(sids[i]), "%s",
			       call_sid(found[i]->call));
	free(found);

	for (size_t i = 0; sids && i < n; i++) {
		s = session_find(sids[i]);
		if (s)
			h(s);
	}
	free(sids);
}


static bool is_missing(const struct session *s)
{
	return !call_over(s->call) && !s->live;
}


/* A request that the node has not answered never reached it */
static void resume_handler(struct session *s)
{
	if (is_missing(s))
		queue_stop(s->queue);
	else
		queue_resume(s->queue);
}


/* Calls that the node does not report have ended */
static void ended_handler(struct session *s)
{
	const bool ended = is_missing(s);
	char sid[CALL_SID_MAX + 1];

	s->live = false;
	(void)snprintf(sid, sizeof(sid), "%s", call_sid(s->call));
	if (is_untold(s))
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
	transfers_named(r, instance);
	if (r->more)
		return;

	transfers_lost(instance, true, unknown, lost_handler);
	transfers_each(instance, running_handler);

	each(instance, resume_handler);
	each(instance, ended_handler);
	dials_resume(instance);
}


static void unnamed_handler(struct session *s)
{
	s->live = false;
}


void intake_begin(const char *instance)
{
	each(instance, unnamed_handler);
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
	case REPORT_DTMF: take_dtmf(r, instance, node); break;
	case REPORT_RESPONSE: take_response(r, instance, node); break;
	case REPORT_CAPTURE: take_capture(r); break;
	case REPORT_HELLO: break;
	}
	notice_at(0);
}


static void stop_handler(struct session *s)
{
	queue_stop(s->queue);
}


static void gone_handler(struct session *s)
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
	/* no verb may start on these calls when their transfers end */
	each(instance, stop_handler);
	transfers_lost(instance, false, gone, lost_handler);
	each(instance, gone_handler);
	dials_gone(instance);
}


void intake_lost(const char *transfer_id, const char *reason)
{
	char key[LOST_KEY_SIZE];

	if (!transfers_have(transfer_id)) {
		overrule(transfer_id, reason);
		return;
	}

	recent_add(lost_key(key, transfer_id));
	transfer_lost(transfer_id, reason, lost_handler);
}
