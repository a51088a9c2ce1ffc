/**
 * @file announce.c  What clients hear of a call
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <string.h>
#include "announce.h"
#include "calls.h"
#include "json.h"
#include "nodes/nodes.h"
#include "stream/stream.h"


/**
 * Tell of a call that clients hear of for the first time
 *
 * @param s    Session
 * @param time When that was, in ms since 1970; 0 for now
 */
void announce_call(const struct session *s, int64_t time)
{
	char msgid[CALL_SID_MAX + 3] = "s-";
	struct json j;

	strcat(msgid, call_sid(s->call));

	json_init(&j);
	json_open(&j, NULL, '{');
	call_print_new(&j, s->call);
	json_close(&j, '}');

	(void)emit(&(struct emission){.type = "session:new",
				      .call_sid = call_sid(s->call),
				      .msgid = msgid,
				      .data = json_done(&j),
				      .time = time,
				      .jambonz = true});
	json_free(&j);
}


/**
 * Tell of the state of a call
 *
 * @param s    Session
 * @param time When it came about, in ms since 1970; 0 for now
 */
void announce_state(const struct session *s, int64_t time)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	call_print(&j, s->call, true);
	json_raw(&j, "customerData", s->tag);
	json_close(&j, '}');

	(void)emit(&(struct emission){.type = "call:status",
				      .call_sid = call_sid(s->call),
				      .data = json_done(&j),
				      .time = time,
				      .jambonz = true});
	json_free(&j);
}
