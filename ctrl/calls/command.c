/**
 * @file command.c  The messages of clients, carried out
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "calls.h"
#include "dial.h"
#include "hooks/hooks.h"
#include "message.h"
#include "net/net.h"
#include "nodes/nodes.h"
#include "queue.h"
#include "second.h"
#include "sessions.h"
#include "store/store.h"
#include "stream/stream.h"
#include "verb.h"


/* The msgid of session:new is this and the call_sid */
static const char new_prefix[] = "s-";


/* Tells whether a call is, or was, one of ours */
static bool was_here(const char *sid)
{
	char key[CALL_SID_MAX + sizeof("call ")];

	(void)snprintf(key, sizeof(key), "call %.*s", CALL_SID_MAX, sid);

	return session_find(sid) || recent_has(key);
}


/* The call that a message is for: the one it names, or the only one.  ESRCH if
   the error is set, but it may be another's. */
static int find_call(struct session **sp, const char *sid, struct error *f)
{
	*sp = sid ? session_find(sid) : session_only();
	if (*sp && !call_over((*sp)->call))
		return 0;

	if (sid) {
		(void)session_missing(f, "call_sid", sid);
		return was_here(sid) ? EBADMSG : ESRCH;
	}

	if (!sessions_count())
		return error_set(f, 404, "call_sid", "No call is live");

	return error_set(f, 400, "call_sid",
			 "is required, since %zu calls are live",
			 sessions_count());
}


static int take_verbs(struct message *m, const struct sender *sender,
		      struct error *f)
{
	struct session *s;
	int err;

	err = find_call(&s, m->call_sid, f);
	if (!err)
		err = second_refuse(s->call, f);
	if (!err)
		err = verbs_own(m->verbs, sender);
	if (err)
		return err;

	return queue_submit(s->queue, &m->verbs,
			    m->queue ? QUEUE_APPEND : QUEUE_REPLACE, sender,
			    f);
}


/* The answer to a session:new: the application of the call */
static int take_new_ack(struct message *m, const struct sender *sender,
			struct error *f)
{
	m->call_sid = m->msgid + strlen(new_prefix);
	m->queue = false;

	return m->verbs ? take_verbs(m, sender, f) : 0;
}


static int take_hook_ack(struct message *m, const struct sender *sender,
			 struct error *f)
{
	char sid[64];
	struct session *s;
	int err;

	/* jambonz has nothing to say to an ack that comes too late */
	if (!hooks_answered(sender->name, m->msgid, sid)) {
		if (sender->kind == SENDER_APP)
			return 0;

		(void)error_set(f, 404, "msgid",
				"No hook waits for an ack with the msgid %s",
				m->msgid);
		return ESRCH;
	}

	s = session_find(sid);
	if (!m->verbs) {
		if (s)
			queue_hook_done(s->queue, m->msgid);
		return 0;
	}

	err = find_call(&s, sid, f);
	if (err)
		return EBADMSG;

	err = verbs_own(m->verbs, sender);
	if (err)
		return err;

	return queue_answer(s->queue, m->msgid, &m->verbs, sender, f);
}


static int take_app_ack(struct message *m, const struct sender *sender,
			struct error *f)
{
	switch (calls_events()->acked(sender, m->msgid)) {
	case APP_ACK_HOOK: return take_hook_ack(m, sender, f);
	case APP_ACK_DONE: return 0;

	case APP_ACK_NEW:
		m->queue = false;
		if (m->verbs)
			return take_verbs(m, sender, f);
		calls_events()->empty(sender);
		return 0;
	}

	return EINVAL;
}


static int take_ack(struct message *m, const struct sender *sender,
		    struct error *f)
{
	if (sender->kind == SENDER_APP)
		return take_app_ack(m, sender, f);

	if (!strncmp(m->msgid, new_prefix, strlen(new_prefix)))
		return take_new_ack(m, sender, f);

	return take_hook_ack(m, sender, f);
}


/* An end that a client asks for is a verb: which one, the call's state says */
static int take_call_status(struct message *m, const struct sender *sender,
			    struct error *f)
{
	struct session *s;
	cJSON *verb;
	int err;

	err = find_call(&s, m->call_sid, f);
	if (err)
		return err;

	verb = cJSON_CreateObject();
	if (call_inbound(s->call) && !call_answered(s->call)) {
		bool gone = !strcmp(m->call_status, "no-answer");

		cJSON_AddStringToObject(verb, "verb", "sip:decline");
		cJSON_AddNumberToObject(verb, "status", gone ? 480 : 603);
	}
	else {
		cJSON_AddStringToObject(verb, "verb", "hangup");
	}

	err = verbs_parse(&m->verbs, verb, f);
	cJSON_Delete(verb);

	return err ? err : take_verbs(m, sender, f);
}


/* The sender gets an ack that the request was made; the result is the end of
   the transfer */
static int take_cancel(struct message *m, const struct sender *sender,
		       struct error *f)
{
	struct session *s;
	int err;

	err = find_call(&s, m->call_sid, f);
	if (!err)
		err = queue_cancel(s->queue, f);
	if (err)
		return err;

	reply_ack(sender, call_sid(s->call), NULL);
	calls_events()->accepted(sender);
	queue_cancelled(s->queue);

	return 0;
}


/* Without a token file any token is accepted */
static int take_auth(struct error *f)
{
	return auth_required() ? error_set(f, 400, "type",
					   "must not be auth: this connection "
					   "is authenticated already")
			       : 0;
}


/* Without a fleet, a call that is not here does not exist */
static int go_elsewhere(struct errand *e, const struct message *m,
			struct error *f)
{
	struct error why;
	int err;

	if (e->sender->kind == SENDER_APP)
		return ENOENT;

	e->call_sid = m->call_sid;
	e->msgid = m->kind == MESSAGE_ACK ? m->msgid : NULL;
	e->node = m->node;
	e->label = m->label;
	error_init(&why);
	(void)snprintf(why.ref, sizeof(why.ref), "%s", f->ref);
	err = calls_events()->elsewhere(e, f, &why);
	if (err == EBADMSG)
		*f = why;

	return err;
}


/* In a fleet, another member may have to carry it out */
static int take_dial(struct errand *e, struct message *m,
		     const struct sender *sender, struct error *f)
{
	int err;

	e->kind = ERRAND_DIAL;
	err = go_elsewhere(e, m, f);

	return err == ENOENT ? dial(m, sender, f) : err;
}


static int take(struct errand *e, struct message *m, struct error *f)
{
	const struct sender *sender = e->sender;
	struct sender s = *sender;

	s.msgid = m->msgid;
	s.trace = *m->trace ? m->trace : sender->trace;
	s.quiet = m->kind == MESSAGE_ACK;

	/* an application knows of no other call than its own */
	if (m->kind != MESSAGE_DIAL && sender->kind == SENDER_APP)
		m->call_sid = sender->call_sid;

	switch (m->kind) {
	case MESSAGE_ACK: return take_ack(m, &s, f);
	case MESSAGE_VERBS: return take_verbs(m, &s, f);
	case MESSAGE_CALL_STATUS: return take_call_status(m, &s, f);
	case MESSAGE_CANCEL: return take_cancel(m, &s, f);
	case MESSAGE_DIAL: return take_dial(e, m, &s, f);
	case MESSAGE_AUTH: return take_auth(f);
	}

	return EINVAL;
}


/* A call that is not here may be at another member */
static int settle(int err, struct errand *e, const struct message *m,
		  struct error *f)
{
	if (err != ESRCH)
		return err;

	err = go_elsewhere(e, m, f);

	return err == ENOENT ? EBADMSG : err;
}


static void conclude(int err, const struct sender *sender, struct message *m,
		     const char *call_sid, struct error *f)
{
	if (err && err != EBADMSG)
		(void)error_set(f, 500, NULL, "%s", strerror(err));

	if (err)
		reply_error(sender, f, m ? m->call_sid : call_sid);

	message_free(m);
}


void command(const struct sender *sender, char *text, size_t len)
{
	struct errand e = {.kind = ERRAND_MESSAGE,
			   .sender = sender,
			   .text = text,
			   .len = len};
	struct message *m = NULL;
	struct error f;
	int err;

	log_debug("command: %s: %.*s", sender->name, (int)len, text);
	counter_add(COUNTER_MESSAGES_RECEIVED);

	error_init(&f);
	err = message_decode(&m, text, len, &f);
	if (!err && sender->observes)
		err = error_set(&f, 403, NULL,
				"The role observer cannot send commands");
	if (!err)
		err = settle(take(&e, m, &f), &e, m, &f);
	if (err)
		calls_events()->refused(sender, f.ref);

	conclude(err, sender, m, NULL, &f);
}


void command_binary(const struct sender *sender)
{
	struct error f;

	error_init(&f);
	(void)error_set(&f, 400, NULL, "The message must be a text frame");
	reply_error(sender, &f, NULL);
}


void command_dial(const struct sender *sender, char *text, size_t len)
{
	struct errand e = {.sender = sender, .text = text, .len = len};
	struct sender s = *sender;
	struct message *m = NULL;
	struct error f;
	int err;

	error_init(&f);
	err = message_decode_dial(&m, text, len, &f);
	if (!err && *m->trace)
		s.trace = m->trace;
	if (!err)
		err = take_dial(&e, m, &s, &f);

	conclude(err, sender, m, NULL, &f);
}


/* The body of POST /calls/{sid}/verbs */
static int take_posted(struct message *m, const struct sender *sender,
		       struct error *f)
{
	struct sender s = *sender;

	if (*m->trace)
		s.trace = m->trace;

	switch (m->kind) {
	case MESSAGE_VERBS: return take_verbs(m, &s, f);
	case MESSAGE_CALL_STATUS: return take_call_status(m, &s, f);
	case MESSAGE_CANCEL: return take_cancel(m, &s, f);
	default:
		return error_set(f, 400, NULL,
				 "The body must be a verb, an array of verbs, "
				 "or a command for the call");
	}
}


void command_verbs(const struct sender *sender, const char *call_sid,
		   char *text, size_t len)
{
	struct errand e = {.kind = ERRAND_VERBS,
			   .sender = sender,
			   .text = text,
			   .len = len};
	struct message *m = NULL;
	struct error f;
	int err;

	error_init(&f);
	err = message_decode(&m, text, len, &f);
	if (!err && m->call_sid && strcmp(m->call_sid, call_sid))
		err = error_set(&f, 400, "call_sid",
				"must be the same as in the path");
	if (!err) {
		m->call_sid = call_sid;
		err = settle(take_posted(m, sender, &f), &e, m, &f);
	}

	conclude(err, sender, m, NULL, &f);
}


/* Verbs in an answer run instead of those that wait */
static int take_answer(struct session *s, struct message *m,
		       const struct sender *sender, struct error *f)
{
	int err;

	if (!m->verbs)
		return ENOENT;

	err = verbs_own(m->verbs, sender);

	return err ? err
		   : queue_answer(s->queue, sender->msgid, &m->verbs, sender,
				  f);
}


void command_answer(const struct sender *sender, const char *call_sid,
		    struct message *m, struct error *f)
{
	struct session *s = session_find(call_sid);
	int err = m ? 0 : EBADMSG;

	(void)snprintf(f->ref, sizeof(f->ref), "%s", sender->msgid);
	if (m) {
		m->call_sid = call_sid;
		err = s ? take_answer(s, m, sender, f) : ENOENT;
	}

	if (err)
		session_hook_done(call_sid, sender->msgid);

	conclude(err == ENOENT ? 0 : err, sender, m, call_sid, f);
}


int command_app(const struct sender *app, const char *body, size_t len)
{
	struct message *m = NULL;
	struct error f;
	int err;

	error_init(&f);
	err = message_decode_answer(&m, body, len, &f);
	if (!err && !m->verbs)
		err = ENOENT;
	if (!err) {
		m->call_sid = app->call_sid;
		err = take_verbs(m, app, &f);
		err = err == ESRCH ? EBADMSG : err;
	}

	conclude(err == ENOENT ? 0 : err, app, m, app->call_sid, &f);

	return err;
}
