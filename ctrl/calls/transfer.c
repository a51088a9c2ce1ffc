/**
 * @file transfer.c  One transfer, as its node reports it
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "attempts.h"
#include "base/base.h"
#include "call.h"
#include "calls.h"
#include "json.h"
#include "nodes/nodes.h"
#include "store/store.h"
#include "stream/stream.h"
#include "transfer.h"
#include "verb.h"


/* Groups of fields, by the messages that have them */
enum {
	WHOSE = 1,  /* call and node, in the archive */
	STATUS = 2, /* clients, with each step */
	TOLD = 4,   /* the node, with a step */
	REST = 8,   /* besides, in the archive */
	LATE = 16,  /* clients, with what comes behind its end */
	FIRST = 32, /* clients, with the first step */
	WHEN = 64,  /* clients, where the message has another time */
};

static const struct field fields[] = {
	FIELD("call_sid", TEXT, transfer, call_sid, WHOSE),
	FIELD("node", TEXT, transfer, node, WHOSE | FIRST),
	FIELD("boot", TEXT, transfer, instance, WHOSE | FIRST),
	FIELD("from_uri", TEXT, transfer, from, REST | FIRST),
	FIELD("to_uri", TEXT, transfer, to, REST | FIRST),
	FIELD("transfer_id", TEXT, transfer, id, STATUS | LATE),
	FIELD("verb_id", TEXT, transfer, verb_id, STATUS | LATE),
	FIELD("traceparent", TEXT, transfer, traceparent, STATUS | LATE),
	FIELD("tracestate", TEXT, transfer, tracestate, STATUS | LATE),
	FIELD("verb", TEXT, transfer, verb, STATUS | LATE),
	FIELD("attempt", STATUS, transfer, attempt, STATUS | LATE),
	FIELD("attempts", STATUS, transfer, attempts, STATUS | LATE),
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
	FIELD("started", TIME, transfer, started, REST | WHEN),
	FIELD("ended", TIME, transfer, ended, REST | WHEN),
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


/* Which of the targets of its verb it is for */
static int keep_attempt(struct transfer *t, const struct verb *v)
{
	if (!v || !v->attempts)
		return 0;

	t->attempt = (int)attempts_number(v->attempts);
	t->attempts = (int)attempts_most(v->attempts);

	return v->transfer ? field_keep(&t->verb, verb_name(v->kind)) : 0;
}


static int keep_trace(struct transfer *t, const struct verb *v)
{
	if (!v || !v->trace)
		return 0;

	t->traceparent = strndup(v->trace, trace_parent(v->trace));
	if (!t->traceparent)
		return ENOMEM;

	return field_keep(&t->tracestate, trace_state(v->trace));
}


/**
 * Make a transfer of which a node tells for the first time
 *
 * @param tp       Pointer to the new transfer
 * @param r        Report of the node
 * @param instance Instance id of the node
 * @param node     Name of the node
 * @param call     Call that is transferred, may be NULL
 * @param verb     Verb that asked for it, may be NULL
 *
 * @return 0, or ENOMEM
 */
int transfer_create(struct transfer **tp, const struct report *r,
		    const char *instance, const char *node,
		    const struct call *call, const struct verb *verb)
{
	struct transfer *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return ENOMEM;

	err = field_keep(&t->id, r->transfer_id);
	err |= field_keep(&t->call_sid, r->call_sid);
	err |= field_keep(&t->instance, instance);
	err |= field_keep(&t->node, node);
	err |= field_keep(&t->verb_id, verb ? verb->id : NULL);
	err |= keep_trace(t, verb);
	err |= keep_attempt(t, verb);
	err |= field_keep(&t->from, call ? call_from(call) : NULL);
	err |= field_keep(&t->to, call ? call_to(call) : NULL);
	if (err)
		transfer_destroy(t);
	else
		*tp = t;

	return err;
}


/**
 * Read what transfer_print() wrote
 *
 * @param tp   Pointer to the new transfer, NULL if memory runs out
 * @param tree Object
 *
 * @return 0, or ENOMEM
 */
int transfer_read(struct transfer **tp, const cJSON *tree)
{
	struct transfer *t = calloc(1, sizeof(*t));
	int err;

	*tp = NULL;
	if (!t)
		return ENOMEM;

	err = fields_load(t, fields, tree);
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

	t->told = true;
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
 * Copy a transfer
 *
 * @param tp Pointer to the copy, NULL if memory runs out
 * @param t  Transfer
 *
 * @return 0, or ENOMEM
 */
int transfer_copy(struct transfer **tp, const struct transfer *t)
{
	struct transfer *copy = calloc(1, sizeof(*copy));
	int err;

	*tp = NULL;
	if (!copy)
		return ENOMEM;

	err = fields_keep(copy, fields, FIELDS_ALL, t, fields);
	if (err)
		transfer_destroy(copy);
	else
		*tp = copy;

	return err;
}


/**
 * Tell whether the far end has the caller, as far as is known
 *
 * @param t Transfer
 *
 * @return True if it has ended so
 */
bool transfer_succeeded(const struct transfer *t)
{
	return t->outcome && (!strcmp(t->outcome, "transferred") ||
			      !strcmp(t->outcome, "presumed"));
}


/**
 * Take over a report on a transfer
 *
 * @param t Transfer
 * @param r Report
 *
 * @return 0, or ENOMEM
 */
int transfer_apply(struct transfer *t, const struct report *r)
{
	const bool waits = !t->refer_status;
	int err = fields_keep(t, fields, TOLD, r, report_fields);

	if (!t->started)
		t->started = r->time;

	if (waits && t->refer_status)
		histogram_add(HISTOGRAM_REFER,
			      (double)(r->time - t->started) / 1000);

	if (!strcmp(r->step, "ended")) {
		t->ended = r->time;
		err |= field_keep(&t->outcome,
				  r->outcome ? r->outcome : "unknown");
	}

	return err;
}


/**
 * Get the final status of a transfer: that of the final NOTIFY, or of a
 * refused REFER
 *
 * @param t Transfer
 *
 * @return SIP status, 0 for none (yet)
 */
int transfer_status(const struct transfer *t)
{
	if (!t->outcome)
		return 0;

	if (t->call_status >= 200)
		return t->call_status;

	return t->refer_status >= 300 ? t->refer_status : 0;
}


/**
 * Write a transfer, as the archive of a fleet has it
 *
 * @param j      Text
 * @param t      Transfer
 * @param member Referd that has it, NULL for this one
 */
void transfer_print_of(struct json *j, const struct transfer *t,
		       const char *member)
{
	json_open(j, NULL, '{');
	json_str(j, "member", member);
	fields_print(j, t, fields, WHOSE);
	if (t->from)
		call_party_print(j, "from", t->from);
	if (t->to)
		call_party_print(j, "to", t->to);
	fields_print(j, t, fields, STATUS | REST);
	if (transfer_status(t))
		json_int(j, "code", transfer_status(t));
	json_close(j, '}');
}


/**
 * Write a transfer, as the archive has it
 *
 * @param j Text
 * @param t Transfer
 */
void transfer_print(struct json *j, const struct transfer *t)
{
	transfer_print_of(j, t, NULL);
}


/**
 * Write what each step of a transfer tells
 *
 * @param j Text, in an open object
 * @param t Transfer
 */
void transfer_print_status(struct json *j, const struct transfer *t)
{
	fields_print(j, t, fields, STATUS);
}


/**
 * Take over a message about a transfer
 *
 * @param t    Transfer
 * @param data Data of the message
 *
 * @return 0, or ENOMEM
 */
int transfer_retell(struct transfer *t, const cJSON *data)
{
	return fields_load(t, fields, data);
}


/**
 * End a transfer of which nothing more will be told
 *
 * @param t      Transfer
 * @param reason Why, as a sentence
 * @param time   When, in ms since 1970
 *
 * @return 0, or ENOMEM
 */
int transfer_lose(struct transfer *t, const char *reason, int64_t time)
{
	const struct report r = {
		.step = "ended",
		.evidence = "node",
		.confidence = "low",
		.reason = reason,
	};

	t->ended = time;

	return fields_keep(t, fields, TOLD, &r, report_fields) |
	       field_keep(&t->outcome, "unknown");
}


/**
 * Mark an ended transfer as lost, since the clients were told so first, and
 * put it into the archive.  Its own outcome is late.
 *
 * @param t      Transfer
 * @param reason Why, as a sentence
 *
 * @return 0, ENOMEM, or EALREADY if it has no other outcome
 */
int transfer_overrule(struct transfer *t, const char *reason)
{
	const int final = transfer_status(t);
	int err;

	if (t->evidence && !strcmp(t->evidence, "node"))
		return EALREADY;

	if (!t->late_status && final) {
		t->late_status = final;
		err = field_keep(&t->late_reason, t->reason);
		if (err)
			return err;
	}
	err = transfer_lose(t, reason, t->ended);
	if (err)
		return err;

	/* it has changed, but needs no message: the clients know the end */
	t->seq = store_seq();
	transfer_save(t);

	return 0;
}


static void count(const struct transfer *t)
{
	static const struct {
		const char *outcome;
		enum counter counter;
		enum histogram histogram;
	} ends[] = {
		{"transferred", COUNTER_TRANSFERRED, HISTOGRAM_TRANSFERRED},
		{"failed", COUNTER_FAILED, HISTOGRAM_FAILED},
		{"presumed", COUNTER_PRESUMED, HISTOGRAM_PRESUMED},
		{"unknown", COUNTER_UNKNOWN, HISTOGRAM_UNKNOWN},
		{"cancelled", COUNTER_CANCELLED, HISTOGRAM_CANCELLED},
	};

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		if (strcmp(t->outcome, ends[i].outcome) != 0)
			continue;

		counter_add(ends[i].counter);
		histogram_add(ends[i].histogram,
			      (double)(t->ended - t->started) / 1000);
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
	fields_print(&j, t, fields, t->told ? STATUS : STATUS | FIRST);
	t->told = true;
	if (session_tell(t->call_sid, r->time) != r->time)
		fields_print(&j, t, fields, WHEN);
	if (r->sip)
		json_raw(&j, "sip", r->sip);
	json_close(&j, '}');

	emit_status(t, &j, r->time);

	if (t->outcome) {
		log_info("transfer: %s to %s: %s (%s), %d %d %s", t->id,
			 t->refer_to ? t->refer_to : "", t->outcome,
			 t->evidence ? t->evidence : "", t->refer_status,
			 t->call_status, t->reason ? t->reason : "");
		count(t);
	}
}


/**
 * Write a transfer as a row of an archive
 *
 * @param t      Transfer
 * @param member Referd that has it, NULL for this one
 * @param h      Takes the row
 */
void transfer_row(const struct transfer *t, const char *member,
		  transfer_row_h *h)
{
	struct archive_transfer row = {
		.id = t->id,
		.call_sid = t->call_sid,
		.node = t->node,
		.outcome = t->outcome,
		.started = t->started,
		.ended = t->ended,
		.code = transfer_status(t),
		.notified = t->evidence && !strcmp(t->evidence, "notify"),
		.seq = t->seq,
		.refer_to = t->refer_to,
		.words = {t->id, t->call_sid, t->verb_id, t->referred_by,
			  t->from, t->to},
	};
	struct json j;

	json_init(&j);
	transfer_print_of(&j, t, member);
	row.data = json_done(&j);
	h(&row);
	json_free(&j);
}


/**
 * Put a transfer into the archive, as it is
 *
 * @param t Transfer
 */
void transfer_save(const struct transfer *t)
{
	transfer_row(t, NULL, archive_put);
}


/**
 * Take over the final status that came after the end of a transfer, and tell
 * the clients.  If the archive has the transfer, it gets the status as well.
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
 * @param r    The report
 * @param node Name of its node
 */
void transfer_warn(const struct report *r, const char *node)
{
	log_warning("transfer: %s: a step that %s reports is not valid",
		    r->transfer_id, node);
}
