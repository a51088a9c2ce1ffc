/**
 * @file transfer.c  One transfer: what its node says of it
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "call.h"
#include "json.h"
#include "nodes/nodes.h"
#include "store/store.h"
#include "stream/stream.h"
#include "transfer.h"


/* What a field is told by, or to */
enum {
	WHOSE = 1,  /* call and node, in the archive */
	STATUS = 2, /* clients, with each step */
	TOLD = 4,   /* the node, with a step */
	REST = 8,   /* besides, in the archive */
	LATE = 16,  /* clients, with what comes behind its end */
};

static const struct field fields[] = {
	FIELD("call_sid", TEXT, transfer, call_sid, WHOSE),
	FIELD("node", TEXT, transfer, node, WHOSE),
	FIELD("boot", TEXT, transfer, instance, WHOSE),
	FIELD("from_uri", TEXT, transfer, from, REST),
	FIELD("to_uri", TEXT, transfer, to, REST),
	FIELD("transfer_id", TEXT, transfer, id, STATUS | LATE),
	FIELD("verb_id", TEXT, transfer, verb_id, STATUS | LATE),
	FIELD("step", TEXT, transfer, step, STATUS | TOLD),
	FIELD("refer_to", TEXT, transfer, refer_to, STATUS | TOLD | LATE),
	FIELD("referred_by", TEXT, transfer, referred_by,
	      STATUS | TOLD | LATE),
	FIELD("refer_status", STATUS, transfer, refer_status,
	      STATUS | TOLD | LATE),
	FIELD("call_status", STATUS, transfer, call_status, STATUS | TOLD),
	FIELD("reason", TEXT, transfer, reason, STATUS | TOLD),
	FIELD("outcome", TEXT, transfer, outcome, STATUS),
	FIELD("evidence", TEXT, transfer, evidence, STATUS | TOLD),
	FIELD("confidence", TEXT, transfer, confidence, STATUS | TOLD),
	FIELD("media", MAYBE, transfer, media, STATUS | TOLD),
	FIELD("late_status", STATUS, transfer, late_status, REST),
	FIELD("late_reason", TEXT, transfer, late_reason, REST),
	FIELD("started", TIME, transfer, started, REST),
	FIELD("ended", TIME, transfer, ended, REST),
	FIELDS_END,
};


/**
 * Free a transfer
 *
 * @param t Transfer
 */
void transfer_destroy(struct transfer *t)
{
	fields_free(t, fields);
	free(t);
}


/**
 * Make a transfer of which a node tells for the first time
 *
 * @param tp       Pointer to the new transfer
 * @param r        Report of the node
 * @param instance Instance id of the node
 * @param node     Name of the node
 * @param call     Call that is transferred, may be NULL
 * @param verb_id  Id of the verb that asked for it, may be NULL
 *
 * @return 0, or ENOMEM
 */
int transfer_create(struct transfer **tp, const struct report *r,
		    const char *instance, const char *node,
		    const struct call *call, const char *verb_id)
{
	struct transfer *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return ENOMEM;

	err = field_keep(&t->id, r->transfer_id);
	err |= field_keep(&t->call_sid, r->call_sid);
	err |= field_keep(&t->instance, instance);
	err |= field_keep(&t->node, node);
	err |= field_keep(&t->verb_id, verb_id);
	err |= field_keep(&t->from, call ? call_from(call) : NULL);
	err |= field_keep(&t->to, call ? call_to(call) : NULL);
	if (err)
		transfer_destroy(t);
	else
		*tp = t;

	return err;
}


/**
 * Read what transfer_save() wrote of a transfer in progress
 *
 * @param tp   Pointer to the new transfer
 * @param id   Its id
 * @param tree Object
 *
 * @return 0, ENOMEM, or EBADMSG if it lacks its call or node, or is another
 */
int transfer_load(struct transfer **tp, const char *id, const cJSON *tree)
{
	struct transfer *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return ENOMEM;

	err = field_keep(&t->id, id) | fields_load(t, fields, tree);
	if (!err &&
	    (!t->call_sid || !t->instance || !t->node || strcmp(t->id, id)))
		err = EBADMSG;
	if (err)
		transfer_destroy(t);
	else
		*tp = t;

	return err;
}


/**
 * Take over what is said of a transfer
 *
 * @param t Transfer
 * @param r Report
 *
 * @return 0, or ENOMEM
 */
int transfer_apply(struct transfer *t, const struct report *r)
{
	int err = fields_keep(t, fields, TOLD, r, report_fields);

	if (!t->started)
		t->started = r->time;

	if (!strcmp(r->step, "ended")) {
		t->ended = r->time;
		err |= field_keep(&t->outcome,
				  r->outcome ? r->outcome : "unknown");
	}

	return err;
}


/* What the transfer came to: a final NOTIFY, or a REFER that was refused */
static int final_code(const struct transfer *t)
{
	if (!t->outcome)
		return 0;

	if (t->call_status >= 200)
		return t->call_status;

	return t->refer_status >= 300 ? t->refer_status : 0;
}


/**
 * Write a transfer, as the archive has it
 *
 * @param j Text
 * @param t Transfer
 */
void transfer_print(struct json *j, const struct transfer *t)
{
	json_open(j, NULL, '{');
	fields_print(j, t, fields, WHOSE);
	if (t->from)
		call_party_print(j, "from", t->from);
	if (t->to)
		call_party_print(j, "to", t->to);
	fields_print(j, t, fields, STATUS | REST);
	if (final_code(t))
		json_int(j, "code", final_code(t));
	json_close(j, '}');
}


static void count(const char *outcome)
{
	static const struct {
		const char *outcome;
		enum counter counter;
	} counters[] = {
		{"transferred", COUNTER_TRANSFERRED},
		{"failed", COUNTER_FAILED},
		{"presumed", COUNTER_PRESUMED},
		{"unknown", COUNTER_UNKNOWN},
		{"cancelled", COUNTER_CANCELLED},
	};

	for (size_t i = 0; i < sizeof(counters) / sizeof(*counters); i++) {
		if (!strcmp(outcome, counters[i].outcome))
			counter_add(counters[i].counter);
	}
}


static void emit_status(struct transfer *t, struct json *j, int64_t time)
{
	t->seq = emit(&(struct emission){.type = "transfer:status",
					 .call_sid = t->call_sid,
					 .data = json_done(j),
					 .time = time});
	json_free(j);
}


/**
 * Tell the clients of a step of a transfer
 *
 * @param t Transfer
 * @param r Report, which was applied
 */
void transfer_announce(struct transfer *t, const struct report *r)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	fields_print(&j, t, fields, STATUS);
	if (r->sip)
		json_raw(&j, "sip", r->sip);
	json_close(&j, '}');

	emit_status(t, &j, r->time);

	if (t->outcome) {
		log_info("transfer: %s to %s: %s (%s), %d %d %s", t->id,
			 t->refer_to ? t->refer_to : "", t->outcome,
			 t->evidence ? t->evidence : "", t->refer_status,
			 t->call_status, t->reason ? t->reason : "");
		count(t->outcome);
	}
}


/**
 * Put a transfer into the archive, as it is
 *
 * @param t Transfer
 */
void transfer_save(const struct transfer *t)
{
	struct archive_transfer row = {
		.id = t->id,
		.call_sid = t->call_sid,
		.node = t->node,
		.outcome = t->outcome,
		.started = t->started,
		.ended = t->ended,
		.code = final_code(t),
		.notified = t->evidence && !strcmp(t->evidence, "notify"),
		.seq = t->seq,
		.refer_to = t->refer_to,
		.words = {t->id, t->call_sid, t->verb_id, t->referred_by,
			  t->from, t->to},
	};
	struct json j;

	json_init(&j);
	transfer_print(&j, t);
	row.data = json_done(&j);
	archive_put(&row);
	json_free(&j);
}


/**
 * Take over the final status that came behind the end of a transfer, and tell
 * the clients.  If the archive has the transfer, it has that as well then.
 *
 * @param t Transfer
 * @param r Report
 *
 * @return 0, or ENOMEM
 */
int transfer_late(struct transfer *t, const struct report *r)
{
	struct json j;

	if (t->outcome) {
		t->late_status = r->call_status;
		if (field_keep(&t->late_reason, r->reason))
			return ENOMEM;
	}
	else if (fields_keep(t, fields, LATE, r, report_fields)) {
		return ENOMEM;
	}

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "step", r->step);
	fields_print(&j, t, fields, LATE);
	json_int(&j, "call_status", r->call_status);
	json_str(&j, "reason", r->reason);
	json_raw(&j, "sip", r->sip);
	json_close(&j, '}');
	emit_status(t, &j, r->time);

	log_info("transfer: %s to %s: late, %d %s", t->id,
		 t->refer_to ? t->refer_to : "", r->call_status,
		 r->reason ? r->reason : "");
	counter_add(COUNTER_LATE);
	if (t->outcome)
		transfer_save(t);

	return 0;
}


/**
 * Say that a step of a transfer is left out
 *
 * @param r    Report of it
 * @param node Name of its node
 */
void transfer_warn(const struct report *r, const char *node)
{
	log_warning("transfer: %s: a step that %s tells of makes no sense",
		    r->transfer_id, node);
}
