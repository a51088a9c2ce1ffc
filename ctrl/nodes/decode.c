/**
 * @file decode.c  A line of a node to struct report
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "decode.h"
#include "nodes.h"
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
static const char *const ways[] = {"rtp", "info", NULL};
static const char *const confidences[] = {"high", "low", NULL};


enum {
	NAME_MAX_LEN = 255,       /* of a node, an id, a release [bytes] */
	AOR_MAX = 2048,           /* bytes */
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


static bool check_hello(struct report *r)
{
	r->version = release(r->version);
	r->baresip = release(r->baresip);
	r->libre = release(r->libre);
	r->aor = is_name(r->aor, AOR_MAX) ? r->aor : NULL;

	return is_name(r->node, NAME_MAX_LEN) &&
	       is_name(r->instance, NAME_MAX_LEN) && r->protocol == 1;
}


/* A closed call has ended, and a call that has ended is closed, whatever the
   other members are */
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


static bool check_call(struct report *r)
{
	if (!call_info_whole(&r->call) || !is_of(r->event, events) ||
	    !is_of(r->call.direction, directions) ||
	    !is_of(r->call.state, states))
		return false;

	settle(r);

	return true;
}


/* Only the end of a transfer has its outcome */
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


/* A late report has a final status, and nothing else */
static bool check_transfer(struct report *r)
{
	settle_end(r);

	return is_name(r->call_sid, CALL_SID_MAX) &&
	       is_name(r->transfer_id, TRANSFER_ID_MAX) &&
	       is_of(r->step, steps) &&
	       (strcmp(r->step, "late") || r->call_status >= 200);
}


static bool check_result(struct report *r)
{
	return r->ref && (r->ok || r->error);
}


static bool check_played(struct report *r)
{
	return r->ref && r->call_sid && r->reason;
}


/* A response has either a status or an error */
static bool check_response(const struct report *r)
{
	return r->ref && is_name(r->call_sid, CALL_SID_MAX) &&
	       (r->sip_status >= 200 || r->error);
}


/* One key of a telephone, RFC 4733 section 3.2 */
static bool check_dtmf(const struct report *r)
{
	return is_name(r->call_sid, CALL_SID_MAX) && r->digit &&
	       strlen(r->digit) == 1 &&
	       strchr("0123456789*#ABCD", r->digit[0]) && is_of(r->by, ways);
}


static bool check_capture(const struct report *r)
{
	return is_name(r->call_sid, CALL_SID_MAX) &&
	       is_name(r->transfer_id, TRANSFER_ID_MAX) && r->packets;
}


static bool check_sync(struct report *r)
{
	return r->transfers;
}


/**
 * Check a report of a node, and remove members that contradict it
 *
 * @param r Report, whose texts are UTF-8
 *
 * @return False if a node must not send such a report
 */
bool report_check(struct report *r)
{
	if (r->kind != REPORT_HELLO && !r->n)
		return false;

	switch (r->kind) {
	case REPORT_HELLO: return check_hello(r);
	case REPORT_SYNC: return check_sync(r);
	case REPORT_CALL: return check_call(r);
	case REPORT_TRANSFER: return check_transfer(r);
	case REPORT_RESULT: return check_result(r);
	case REPORT_PLAYED: return check_played(r);
	case REPORT_DTMF: return check_dtmf(r);
	case REPORT_RESPONSE: return check_response(r);
	case REPORT_CAPTURE: return check_capture(r);
	}

	return false;
}


static bool find_kind(struct report *r)
{
	for (int kind = 0; r->type && kind < REPORT_KINDS; kind++) {
		r->kind = (enum report_kind)kind;
		if (!strcmp(r->type, report_name(r->kind)))
			return true;
	}

	return false;
}


static bool load(struct report *r)
{
	if (!find_kind(r))
		return false;

	r->call.duration = -1;
	if (r->kind == REPORT_CALL &&
	    (!r->call_text ||
	     members_read(r->call_text, call_handler, &r->call)))
		return false;

	return report_check(r);
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
 * @param line Line without its newline, ended by a NUL.  It is overwritten:
 *             the strings of the report are borrowed from it.  Invalid UTF-8
 *             is repaired.
 * @param len  Its length in bytes
 * @param whyp The rule that the line breaks, if it breaks one
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
		*whyp = "is not a report of protocol 1";
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
