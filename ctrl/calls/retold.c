/**
 * @file retold.c  Transfers that the messages of another referd describe
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "calls.h"
#include "json.h"
#include "store/store.h"
#include "transfer.h"


static retold_row_h *take_row;
static const char *row_member;
static uint64_t row_seq;


int retold_create(struct transfer **tp, const char *id, const char *call_sid)
{
	struct transfer *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return ENOMEM;

	err = field_keep(&t->id, id) | field_keep(&t->call_sid, call_sid);
	if (err)
		transfer_destroy(t);
	else
		*tp = t;

	return err;
}


int retold_load(struct transfer **tp, const cJSON *data)
{
	struct transfer *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return ENOMEM;

	err = transfer_retell(t, data);
	if (!err && (!t->id || !t->call_sid))
		err = EBADMSG;
	if (err)
		transfer_destroy(t);
	else
		*tp = t;

	return err;
}


void retold_destroy(struct transfer *t)
{
	transfer_destroy(t);
}


int retold_take(struct transfer *t, const cJSON *data, int64_t time)
{
	int err = transfer_retell(t, data);

	if (!t->started)
		t->started = time;
	if (t->outcome && !t->ended)
		t->ended = time;

	return err;
}


int retold_lose(struct transfer *t, const char *reason, int64_t time)
{
	return transfer_lose(t, reason, time);
}


/* 0 for none */
static int final_status(const cJSON *data)
{
	const int notified = (int)field_int(data, "call_status", 0);
	const int refused = (int)field_int(data, "refer_status", 0);

	if (notified >= 200)
		return notified;

	return refused >= 300 ? refused : 0;
}


int retold_late(struct transfer *t, const cJSON *data)
{
	const int status = final_status(data);

	if (!status)
		return EALREADY;
	if (t->late_status || (t->evidence && !strcmp(t->evidence, "notify")))
		return EALREADY;

	t->late_status = status;

	return field_keep(&t->late_reason, field_str(data, "reason"));
}


const char *retold_id(const struct transfer *t)
{
	return t->id;
}


const char *retold_call(const struct transfer *t)
{
	return t->call_sid;
}


const char *retold_node(const struct transfer *t)
{
	return t->node;
}


int retold_refer_status(const struct transfer *t)
{
	return t->refer_status;
}


bool retold_ended(const struct transfer *t)
{
	return t->outcome != NULL;
}


void retold_print_late(struct json *j, const struct transfer *t,
		       const char *sip)
{
	json_open(j, "data", '{');
	json_str(j, "step", "late");
	json_str(j, "transfer_id", t->id);
	json_str(j, "verb_id", t->verb_id);
	json_str(j, "traceparent", t->traceparent);
	json_str(j, "tracestate", t->tracestate);
	json_str(j, "refer_to", t->refer_to);
	json_str(j, "referred_by", t->referred_by);
	if (t->refer_status)
		json_int(j, "refer_status", t->refer_status);
	json_int(j, "call_status", t->late_status);
	json_str(j, "reason", t->late_reason);
	json_raw(j, "sip", sip);
	json_close(j, '}');
}


void retold_print_status(struct json *j, const struct transfer *t)
{
	json_open(j, "data", '{');
	transfer_print_status(j, t);
	json_close(j, '}');
}


void retold_print(struct json *j, const struct transfer *t, const char *member)
{
	transfer_print_of(j, t, member);
}


static void row_handler(const struct archive_transfer *told)
{
	struct archive_transfer row = *told;

	row.member = row_member;
	row.seq = row_seq;
	if (!row.node)
		row.node = "";
	take_row(&row);
}


void retold_row(const struct transfer *t, const char *member, uint64_t seq,
		retold_row_h *h)
{
	take_row = h;
	row_member = member;
	row_seq = seq;
	transfer_row(t, member, row_handler);
}
