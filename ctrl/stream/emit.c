/**
 * @file emit.c  Messages to clients: numbered, stored, handed on
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdio.h>
#include "base/base.h"
#include "client.h"
#include "json.h"
#include "store/store.h"
#include "stream.h"


static emit_time_h *time_h;


void emit_init(emit_time_h *h)
{
	time_h = h;
}


void fleet_emit(uint64_t f, const char *call_sid, bool jambonz,
		const char *text)
{
	fleetstore_message(f, call_sid, jambonz, text);
	clients_fleet_post(f, jambonz, text);
}


uint64_t emit(const struct emission *e)
{
	uint64_t seq = store_seq_next();
	char time[CLOCK_TEXT_SIZE], own[32] = "";
	const char *msgid = e->msgid;
	struct json j;

	/* applications of jambonz take no message without one */
	if (e->jambonz && !msgid) {
		(void)snprintf(own, sizeof(own), "m-%llu",
			       (unsigned long long)seq);
		msgid = own;
	}
	clock_text(time, time_h(e->call_sid, e->time ? e->time : clock_ms()));

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "type", e->type);
	json_int(&j, "seq", (int64_t)seq);
	json_str(&j, "time", time);
	json_str(&j, "msgid", msgid);
	json_str(&j, "call_sid", e->call_sid);
	json_str(&j, "hook", e->hook);
	json_raw(&j, "data", e->data);
	json_close(&j, '}');

	if (json_done(&j)) {
		log_debug("emit: %s", json_done(&j));
		store_message(seq, e->client, e->call_sid, e->jambonz,
			      json_done(&j));
		clients_post(e->client, e->call_sid, e->jambonz, seq,
			     json_done(&j));
		counter_add(COUNTER_MESSAGES_SENT);
	}
	else {
		log_error("emit: %s %llu is lost: out of memory", e->type,
			  (unsigned long long)seq);
		seq = 0;
	}

	json_free(&j);

	return seq;
}
