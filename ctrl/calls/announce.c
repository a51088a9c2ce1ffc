/**
 * @file announce.c  Messages to clients about a call
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <string.h>
#include "announce.h"
#include "call.h"
#include "calls.h"
#include "json.h"
#include "nodes/nodes.h"
#include "stream/stream.h"


/**
 * Announce a new call to the clients
 *
 * @param c    Call
 * @param time When that was, in ms since 1970; 0 for now
 */
void announce_call(const struct call *c, int64_t time)
{
	char msgid[CALL_SID_MAX + 3] = "s-";
	struct json j;

	strcat(msgid, call_sid(c));

	json_init(&j);
	json_open(&j, NULL, '{');
	call_print_new(&j, c);
	json_close(&j, '}');

	(void)emit(&(struct emission){.type = "session:new",
				      .call_sid = call_sid(c),
				      .msgid = msgid,
				      .data = json_done(&j),
				      .time = time,
				      .jambonz = true});
	json_free(&j);
}


/**
 * Tell the clients the state of a call
 *
 * @param c    Call
 * @param time When it came about, in ms since 1970; 0 for now
 */
void announce_state(const struct call *c, int64_t time)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	call_print(&j, c, true);
	json_raw(&j, "customerData", call_tag(c));
	json_close(&j, '}');

	(void)emit(&(struct emission){.type = "call:status",
				      .call_sid = call_sid(c),
				      .data = json_done(&j),
				      .time = time,
				      .jambonz = true});
	json_free(&j);
}
