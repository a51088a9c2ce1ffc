/**
 * @file reply.c  Replies to the sender of a message
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/base.h"
#include "json.h"
#include "store/store.h"
#include "stream.h"


static reply_http_h *http_h, *away_h;


void reply_http(reply_http_h *h)
{
	http_h = h;
}


void reply_away(reply_http_h *h)
{
	away_h = h;
}


void reply_give(const char *name, int status, const char *body)
{
	reply_http_h *h = strchr(name, REPLY_AWAY) ? away_h : http_h;

	if (h)
		h(name, status, body);
}


static bool is_http(const struct sender *to)
{
	return to && to->kind == SENDER_HTTP;
}


void reply_ack(const struct sender *to, const char *call_sid,
	       const char *dry_run)
{
	bool http = is_http(to);
	struct json j;

	if (!to || to->kind == SENDER_NOBODY ||
	    (!http && (!to->msgid || to->dialect == DIALECT_JAMBONZ)))
		return;

	json_init(&j);
	if (http || dry_run || to->trace) {
		json_open(&j, NULL, '{');
		if (http)
			json_str(&j, "call_sid", call_sid);
		json_raw(&j, "dry_run", dry_run);
		trace_print(&j, to->trace);
		json_close(&j, '}');
	}

	if (http)
		reply_give(to->name, 202, json_done(&j));
	else
		(void)emit(&(struct emission){.type = "ack",
					      .client = to->name,
					      .msgid = to->msgid,
					      .call_sid = call_sid,
					      .data = json_done(&j)});

	json_free(&j);
}


static void print(struct json *j, const struct error *f, const char *trace)
{
	json_open(j, NULL, '{');
	json_str(j, "error", f->text);
	if (*f->verb)
		json_str(j, "verb", f->verb);
	if (f->position >= 0)
		json_int(j, "position", f->position);
	if (*f->field)
		json_str(j, "field", f->field);
	if (*f->ref)
		json_str(j, "ref", f->ref);
	trace_print(j, *f->trace ? f->trace : trace);
	json_close(j, '}');
}


void reply_error(const struct sender *to, const struct error *f,
		 const char *call_sid)
{
	char msgid[32];
	struct json j;

	log_info("reply: %s: %s", to && to->name ? to->name : "nobody",
		 f->text);
	counter_add(COUNTER_MESSAGES_REFUSED);
	if (!to || to->kind == SENDER_NOBODY)
		return;

	json_init(&j);
	print(&j, f, to->trace);

	if (is_http(to)) {
		reply_give(to->name, f->status, json_done(&j));
	}
	else {
		(void)snprintf(msgid, sizeof(msgid), "e-%" PRIu64,
			       store_seq() + 1);
		(void)emit(&(struct emission){.type = "jambonz:error",
					      .client = to->name,
					      .msgid = msgid,
					      .call_sid = call_sid,
					      .data = json_done(&j),
					      .jambonz = true});
	}

	json_free(&j);
}
