/**
 * @file report.c  A line of a node to struct report
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "nodes.h"
#include "report.h"
#include "textcheck.h"


static const char *const events[] = {"new", "status", "closed", "live", NULL};
static const char *const directions[] = {"inbound", "outbound", NULL};
static const char *const states[] = {"trying",      "ringing",   "early-media",
				     "in-progress", "completed", "failed",
				     "busy",        "no-answer", NULL};
static const char *const outcomes[] = {"transferred", "failed",    "presumed",
				       "unknown",     "cancelled", NULL};
static const char *const steps[] = {
	"requested", "retry", "accepted", "progress", "ended", "late", NULL};
static const char *const confidences[] = {"high", "low", NULL};


enum {
	NAME_MAX_LEN = 255,       /* of a node, an id, a release [bytes] */
	TRANSFER_ID_MAX = 63,     /* bytes */
	DURATION_MAX = 315360000, /* ten years [s] */
	STATES_LIVE = 4,          /* those of calls that live come first */
};

static bool is_of(const char *name, const char *const *names)
{
	while (name && *names) {
		if (!strcmp(name, *names++))
			return true;
	}

	return false;
}


const struct field report_fields[] = {
	FIELD("type", TEXT, report, type, 0),
	FIELD("n", INT, report, n, 0),
	FIELD("time", MS, report, time, 0),
	FIELD("ref", TEXT, report, ref, 0),
	FIELD("protocol", INT, report, protocol, 0),
	FIELD("node", TEXT, report, node, 0),
	FIELD("boot", TEXT, report, instance, 0),
	FIELD("version", TEXT, report, version, 0),
	FIELD("baresip", TEXT, report, baresip, 0),
	FIELD("libre", TEXT, report, libre, 0),
	FIELD("first", INT, report, first, 0),
	FIELD("next", INT, report, next, 0),
	FIELD("event", TEXT, report, event, 0),
	FIELD("call_sid", TEXT, report, call_sid, 0),
	FIELD("transfer_id", TEXT, report, transfer_id, 0),
	FIELD("step", TEXT, report, step, 0),
	FIELD("refer_to", TEXT, report, refer_to, 0),
	FIELD("referred_by", TEXT, report, referred_by, 0),
	FIELD("reason", TEXT, report, reason, 0),
	FIELD("outcome", TEXT, report, outcome, 0),
	FIELD("evidence", TEXT, report, evidence, 0),
	FIELD("confidence", TEXT, report, confidence, 0),
	FIELD("media", MAYBE, report, media, 0),
	FIELD("refer_status", STATUS, report, refer_status, 0),
	FIELD("call_status", STATUS, report, call_status, 0),
	FIELD("sip", JSON, report, sip, 0),
	FIELD("ms", INT, report, ms, 0),
	FIELD("ok", BOOL, report, ok, 0),
	FIELD("index", INT, report, index, 0),
	FIELD("field", TEXT, report, field, 0),
	FIELD("error", TEXT, report, error, 0),
	FIELD("dry_run", JSON, report, dry_run, 0),
	FIELD("more", BOOL, report, more, 0),
	FIELD("call", JSON, report, call_text, 0),
	FIELDS_END,
};

const struct field call_info_fields[] = {
	FIELD("sid", TEXT, call_info, sid, 1),
	FIELD("call_id", TEXT, call_info, call_id, 1),
	FIELD("direction", TEXT, call_info, direction, 1),
	FIELD("from", TEXT, call_info, from, 1),
	FIELD("to", TEXT, call_info, to, 1),
	FIELD("caller_name", TEXT, call_info, caller_name, 1),
	FIELD("account", TEXT, call_info, account, 1),
	FIELD("state", TEXT, call_info, state, 1),
	FIELD("sip_status", STATUS, call_info, sip_status, 1),
	FIELD("sip_reason", TEXT, call_info, sip_reason, 1),
	FIELD("started", MS, call_info, started, 1),
	FIELD("duration", INT, call_info, duration, 1),
	FIELD("headers", JSON, call_info, headers, 1),
	FIELD("ref", TEXT, call_info, ref, 1),
	FIELDS_END,
};


static bool is_name(const char *text, size_t max)
{
	return text && *text && strlen(text) <= max;
}


bool call_info_whole(const struct call_info *c)
{
	return is_name(c->sid, CALL_SID_MAX) && c->direction && c->from &&
	       c->to && c->state;
}


static void call_handler(const struct member *m, void *arg)
{
	fields_borrow(arg, call_info_fields, m);
}


static const char *release(const char *text)
{
	return is_name(text, NAME_MAX_LEN) ? text : NULL;
}


static bool load_hello(struct report *r)
{
	r->kind = REPORT_HELLO;
	r->version = release(r->version);
	r->baresip = release(r->baresip);
	r->libre = release(r->libre);

	return is_name(r->node, NAME_MAX_LEN) &&
	       is_name(r->instance, NAME_MAX_LEN) && r->protocol == 1;
}


/* A call that is closed is over, and one that is over is closed, whatever
   else is said of it */
static void settle(struct report *r)
{
	struct call_info *c = &r->call;

	if (is_of(c->state, states + STATES_LIVE))
		r->event = "closed";
	else if (!strcmp(r->event, "closed"))
		c->state = !strcmp(c->state, "in-progress") ? "completed"
							    : "failed";

	if (c->duration > DURATION_MAX)
		c->duration = -1;
	if (c->duration < 0 && !strcmp(r->event, "closed"))
		c->duration = 0;
}


static bool load_call(struct report *r)
{
	r->kind = REPORT_CALL;
	r->call.duration = -1;
	if (!r->call_text ||
	    members_read(r->call_text, call_handler, &r->call))
		return false;

	if (!call_info_whole(&r->call) || !is_of(r->event, events) ||
	    !is_of(r->call.direction, directions) ||
	    !is_of(r->call.state, states))
		return false;

	settle(r);

	return true;
}


/* How it ended is told with its end only */
static void settle_end(struct report *r)
{
	const bool ends = r->step && !strcmp(r->step, "ended");

	if (!ends || !is_of(r->outcome, outcomes))
		r->outcome = NULL;
	if (!ends || !is_of(r->confidence, confidences))
		r->confidence = NULL;
	if (!ends)
		r->media = MAYBE_UNTOLD;
}


/* What comes late is a final status, and nothing else */
static bool load_transfer(struct report *r)
{
	r->kind = REPORT_TRANSFER;
	settle_end(r);

	return is_name(r->call_sid, CALL_SID_MAX) &&
	       is_name(r->transfer_id, TRANSFER_ID_MAX) &&
	       is_of(r->step, steps) &&
	       (strcmp(r->step, "late") || r->call_status >= 200);
}


static bool load_result(struct report *r)
{
	r->kind = REPORT_RESULT;

	return r->ref && (r->ok || r->error);
}


static bool load_played(struct report *r)
{
	r->kind = REPORT_PLAYED;

	return r->ref && r->call_sid && r->reason;
}


static bool load_sync(struct report *r)
{
	r->kind = REPORT_SYNC;

	return r->transfers;
}


static bool load(struct report *r)
{
	if (!r->type)
		return false;
	if (!strcmp(r->type, "hello"))
		return load_hello(r);
	if (!r->n)
		return false;
	if (!strcmp(r->type, "sync"))
		return load_sync(r);
	if (!strcmp(r->type, "call"))
		return load_call(r);
	if (!strcmp(r->type, "transfer"))
		return load_transfer(r);
	if (!strcmp(r->type, "played"))
		return load_played(r);

	return !strcmp(r->type, "result") && load_result(r);
}


static void id_handler(const struct member *m, void *arg)
{
	struct report *r = arg;

	if (m->type == MEMBER_STRING)
		r->transfers[r->transferc++] = m->text;
}


/* Each of the ids has two quotes at least */
static void read_transfers(struct report *r, char *text)
{
	free(r->transfers);
	r->transferc = 0;
	r->transfers = calloc(strlen(text) / 2 + 1, sizeof(*r->transfers));
	if (r->transfers)
		(void)members_read(text, id_handler, r);
}


static void report_handler(const struct member *m, void *arg)
{
	struct report *r = arg;

	if (!m->key)
		return; /* a list is no report */

	if (m->type == MEMBER_ARRAY && !strcmp(m->key, "transfers"))
		read_transfers(r, m->text);
	else
		fields_borrow(r, report_fields, m);
}


/**
 * Read a line
 *
 * @param rp   Report, to be freed with report_free()
 * @param line Line without its newline, ended by a NUL, which is written over:
 *             the strings of the report are borrowed from it.  What is not
 *             UTF-8 in it is repaired.
 * @param len  Its length in bytes
 * @param whyp What is wrong with it, if something is
 *
 * @return 0, ENOMEM, or EBADMSG if it is no report
 */
int report_decode(struct report **rp, char *line, size_t len,
		  const char **whyp)
{
	struct report *r;

	*whyp = json_error(line, len);
	if (*whyp)
		return EBADMSG;

	utf8_repair(line, len);

	r = calloc(1, sizeof(*r));
	if (!r)
		return ENOMEM;

	r->index = -1;
	if (members_read(line, report_handler, r))
		*whyp = "is not JSON";
	else if (!load(r))
		*whyp = "is no report of protocol 1";
	if (*whyp) {
		report_free(r);
		return EBADMSG;
	}

	*rp = r;

	return 0;
}


/**
 * Free a report
 *
 * @param r Report, may be NULL
 */
void report_free(struct report *r)
{
	if (!r)
		return;

	free(r->transfers);
	free(r);
}
