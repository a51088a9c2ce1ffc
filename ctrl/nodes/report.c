/**
 * @file report.c  A line of a node to struct report
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "member.h"
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
static const char *const steps[] = {"requested", "retry", "accepted",
				    "progress",  "ended", NULL};


enum {
	NAME_MAX_LEN = 255,       /* of a node, an id, a release [bytes] */
	TRANSFER_ID_MAX = 63,     /* bytes */
	DURATION_MAX = 315360000, /* ten years [s] */
	STATES_LIVE = 4,          /* those of calls that live come first */
};

/* The last millisecond of the year 9999, since 1970: RFC 3339 has no later */
static const int64_t time_max = INT64_C(253402300799999);


static bool is_of(const char *name, const char *const *names)
{
	while (name && *names) {
		if (!strcmp(name, *names++))
			return true;
	}

	return false;
}


/* Where a member goes */
enum sort { SORT_TEXT, SORT_NUMBER, SORT_STATUS, SORT_TRUE, SORT_JSON };

struct slot {
	const char *key;
	enum sort sort;
	size_t offset;
};

#define SLOT(type, sort, name)                                                \
	{                                                                     \
#name, sort, offsetof(struct type, name)                      \
	}
#define NAMED(type, sort, key, name)                                          \
	{                                                                     \
		key, sort, offsetof(struct type, name)                        \
	}

static const struct slot report_slots[] = {
	SLOT(report, SORT_TEXT, type),
	SLOT(report, SORT_NUMBER, n),
	SLOT(report, SORT_NUMBER, time),
	SLOT(report, SORT_TEXT, ref),
	SLOT(report, SORT_NUMBER, protocol),
	SLOT(report, SORT_TEXT, node),
	NAMED(report, SORT_TEXT, "boot", instance),
	SLOT(report, SORT_TEXT, version),
	SLOT(report, SORT_TEXT, baresip),
	SLOT(report, SORT_TEXT, libre),
	SLOT(report, SORT_NUMBER, first),
	SLOT(report, SORT_NUMBER, next),
	SLOT(report, SORT_TEXT, event),
	NAMED(report, SORT_JSON, "call", call_text),
	SLOT(report, SORT_TEXT, call_sid),
	SLOT(report, SORT_TEXT, transfer_id),
	SLOT(report, SORT_TEXT, step),
	SLOT(report, SORT_TEXT, refer_to),
	SLOT(report, SORT_TEXT, referred_by),
	SLOT(report, SORT_TEXT, reason),
	SLOT(report, SORT_TEXT, outcome),
	SLOT(report, SORT_TEXT, evidence),
	SLOT(report, SORT_STATUS, refer_status),
	SLOT(report, SORT_STATUS, call_status),
	SLOT(report, SORT_JSON, sip),
	SLOT(report, SORT_NUMBER, ms),
	SLOT(report, SORT_TRUE, ok),
	SLOT(report, SORT_STATUS, index),
	SLOT(report, SORT_TEXT, field),
	SLOT(report, SORT_TEXT, error),
	SLOT(report, SORT_JSON, dry_run),
	SLOT(report, SORT_TRUE, more),
	{NULL, 0, 0},
};

static const struct slot call_slots[] = {
	SLOT(call_info, SORT_TEXT, sid),
	SLOT(call_info, SORT_TEXT, call_id),
	SLOT(call_info, SORT_TEXT, direction),
	SLOT(call_info, SORT_TEXT, from),
	SLOT(call_info, SORT_TEXT, to),
	SLOT(call_info, SORT_TEXT, caller_name),
	SLOT(call_info, SORT_TEXT, account),
	SLOT(call_info, SORT_TEXT, state),
	SLOT(call_info, SORT_STATUS, sip_status),
	SLOT(call_info, SORT_TEXT, sip_reason),
	SLOT(call_info, SORT_NUMBER, started),
	SLOT(call_info, SORT_NUMBER, duration),
	SLOT(call_info, SORT_TEXT, ref),
	SLOT(call_info, SORT_JSON, headers),
	{NULL, 0, 0},
};


/* What is of another type than it should be counts as not told */
static void put(void *p, enum sort sort, const struct member *m)
{
	int64_t value;

	switch (sort) {
	case SORT_TEXT:
		if (m->type == MEMBER_STRING)
			*(const char **)p = m->text;
		break;
	case SORT_JSON:
		if (m->type == MEMBER_OBJECT)
			*(char **)p = m->text;
		break;
	case SORT_NUMBER: *(int64_t *)p = member_int(m, *(int64_t *)p); break;
	case SORT_STATUS:
		value = member_int(m, *(int *)p);
		*(int *)p = value <= 999 ? (int)value : 0;
		break;
	case SORT_TRUE:
		*(bool *)p = m->type == MEMBER_LITERAL && *m->text == 't';
		break;
	}
}


static void fill(void *to, const struct slot *slots, const struct member *m)
{
	for (const struct slot *s = slots; s->key; s++) {
		if (*s->key == *m->key && !strcmp(s->key, m->key)) {
			put((char *)to + s->offset, s->sort, m);
			return;
		}
	}
}


static bool is_name(const char *text, size_t max)
{
	return text && *text && strlen(text) <= max;
}


static void call_handler(const struct member *m, void *arg)
{
	fill(arg, call_slots, m);
}


bool call_info_load(struct call_info *c, char *text)
{
	*c = (struct call_info){.duration = -1};

	return text && !members_read(text, call_handler, c) &&
	       is_name(c->sid, CALL_SID_MAX) && c->direction && c->from &&
	       c->to && c->state;
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

	if (c->started > time_max)
		c->started = 0;
	if (c->duration > DURATION_MAX)
		c->duration = -1;
	if (c->duration < 0 && !strcmp(r->event, "closed"))
		c->duration = 0;
}


static bool load_call(struct report *r)
{
	r->kind = REPORT_CALL;

	if (!is_of(r->event, events) ||
	    !call_info_load(&r->call, r->call_text) ||
	    !is_of(r->call.direction, directions) ||
	    !is_of(r->call.state, states))
		return false;

	settle(r);

	return true;
}


static bool load_transfer(struct report *r)
{
	r->kind = REPORT_TRANSFER;
	if (r->outcome && !is_of(r->outcome, outcomes))
		r->outcome = NULL;

	return is_name(r->call_sid, CALL_SID_MAX) &&
	       is_name(r->transfer_id, TRANSFER_ID_MAX) &&
	       is_of(r->step, steps);
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
	if (r->time > time_max)
		r->time = 0;

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
		fill(r, report_slots, m);
}


/**
 * Read a line
 *
 * @param rp   Report, to be freed with report_free()
 * @param line Line without its newline, which is written over: the strings of
 *             the report are borrowed from it.  What is not UTF-8 in it is
 *             repaired.
 * @param len  Its length in bytes
 * @param whyp What is wrong with it, if something is
 *
 * @return 0 if success, otherwise errorcode
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
