/**
 * @file viewlost.c  The calls of a lost member
 *
 * The message about it is in the stream, so that it has the same place at
 * every reader: an outcome before it stays, and one after it is late.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "calls/calls.h"
#include "event.h"
#include "fleet.h"
#include "json.h"
#include "losthook.h"
#include "origin.h"
#include "ownlost.h"
#include "stream/stream.h"
#include "viewcall.h"
#include "viewlost.h"
#include "viewtransfer.h"


/* The items of the message, each at its place in it */
struct lost {
	const char *member;
	const char *boot;
	const char *by;
	const char *time;
	char reason[128];
	uint64_t f; /* of place 0 */
	cJSON *items;
};


static cJSON *read_items(char *text)
{
	cJSON *items = cJSON_CreateArray(), *item;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		item = *line ? cJSON_Parse(line) : NULL;
		if (item)
			cJSON_AddItemToArray(items, item);
	}

	return items;
}


static bool is_running(const struct lost *l, const cJSON *item)
{
	const char *id = field_str(item, "transfer_id");

	return id && viewtransfer_runs(l->member, id);
}


static bool is_live(const struct lost *l, const cJSON *item)
{
	const char *sid = field_str(item, "call_sid");

	return sid && !field_str(item, "transfer_id") &&
	       viewcall_has(l->member, sid);
}


static void send(const struct lost *l, struct json *j, unsigned place,
		 const char *call_sid, bool jambonz)
{
	json_close(j, '}');
	if (json_done(j))
		fleet_emit(l->f + place, call_sid, jambonz, json_done(j));
	else
		log_error("view: a message is lost: out of memory");
	json_free(j);
}


static unsigned count(const struct lost *l,
		      bool (*is)(const struct lost *l, const cJSON *item))
{
	const cJSON *item;
	unsigned n = 0;

	cJSON_ArrayForEach(item, l->items)
	{
		n += is(l, item);
	}

	return n;
}


static void tell_node(const struct lost *l)
{
	struct json j;

	json_init(&j);
	event_begin(&j, "node:lost", l->f + 1, l->time, NULL, l->member, NULL);
	json_open(&j, "data", '{');
	json_str(&j, "member", l->member);
	json_str(&j, "boot", l->boot);
	json_str(&j, "by", l->by);
	json_int(&j, "calls", count(l, is_live));
	json_int(&j, "transfers", count(l, is_running));
	json_close(&j, '}');
	send(l, &j, 1, NULL, false);
}


static void end_transfer(const struct lost *l, const cJSON *item,
			 unsigned place)
{
	const char *id = field_str(item, "transfer_id");
	const struct transfer *t;
	struct json j;

	t = viewtransfer_lose(l->member, id, l->reason, clock_parse(l->time),
			      l->f + place);
	if (!t)
		return;

	json_init(&j);
	event_begin(&j, "transfer:status", l->f + place, l->time, NULL,
		    l->member, retold_call(t));
	retold_print_status(&j, t);
	send(l, &j, place, retold_call(t), false);

	if (!strcmp(l->by, fleet_member()))
		losthook_post(id, retold_refer_status(t), l->reason);
	losthook_forget(id);
}


static void end_call(const struct lost *l, const cJSON *item, unsigned place)
{
	const char *sid = field_str(item, "call_sid");
	char *data = viewcall_lose(l->member, sid, l->reason);
	char msgid[32];
	struct json j;

	losthook_lose_call(sid, l->reason, !strcmp(l->by, fleet_member()));
	if (!data)
		return;

	(void)snprintf(msgid, sizeof(msgid), "m-%llu",
		       (unsigned long long)l->f + place);
	json_init(&j);
	event_begin(&j, "call:status", l->f + place, l->time, msgid, l->member,
		    sid);
	json_raw(&j, "data", data);
	send(l, &j, place, sid, true);
	free(data);
}


static void end_all(const struct lost *l)
{
	const cJSON *item;
	unsigned place = 1;

	cJSON_ArrayForEach(item, l->items)
	{
		++place;
		if (is_running(l, item))
			end_transfer(l, item, place);
		else if (is_live(l, item))
			end_call(l, item, place);
	}
}


/* True if it is the first message about this start of the member */
static bool is_new(const struct lost *l)
{
	struct origin *s = origin_get(l->member);

	if (!s || (s->lost && !strcmp(s->lost, l->boot)))
		return false;

	(void)field_keep(&s->lost, l->boot);
	origin_save(s);

	return true;
}


/**
 * Take a message that says that a member is lost
 *
 * @param sseq Its sequence in the stream
 * @param body Its text, which is changed
 */
void viewlost_take(uint64_t sseq, char *body)
{
	char *own = strdup(body);
	char *line = strsep(&body, "\n");
	cJSON *head = cJSON_Parse(line);
	struct lost l = {
		.member = field_str(head, "member"),
		.boot = field_str(head, "boot"),
		.by = field_str(head, "by"),
		.time = field_str(head, "time"),
		.f = sseq << 8,
	};
	bool is_news;

	if (l.member && l.boot && l.by && l.time) {
		l.items = read_items(body);
		(void)snprintf(l.reason, sizeof(l.reason),
			       "the member %s is lost", l.member);
		is_news = is_new(&l);
		if (is_news || count(&l, is_live) || count(&l, is_running))
			tell_node(&l);
		end_all(&l);
		cJSON_Delete(l.items);
		if (own && !strcmp(l.member, fleet_member()))
			ownlost_take(sseq, own);
	}
	else {
		log_warning(
			"view: a message that a member is lost is not valid");
	}

	cJSON_Delete(head);
	free(own);
}
