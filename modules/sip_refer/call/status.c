/**
 * @file status.c  The state of a live call, and how it is reported
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <stdlib.h>
#include <string.h>
#include <re.h>
#include "json.h"
#include "linkreport.h"
#include "host/host.h"
#include "link/link.h"
#include "text/text.h"
#include "call.h"
#include "livecall.h"


enum {
	TEXT_MAX = 1024, /* that a report has of a name or reason [bytes] */
	UNTOLD = -1,
};


static void report(const struct livecall *lc, const char *event,
		   const char *headers, int64_t duration)
{
	char *cut[6] = {NULL};

	link_report(&(struct report){
		.kind = REPORT_CALL,
		.event = event,
		.call =
			{
				.sid = lc->sid,
				.call_id = json_shorten(&cut[0], lc->call_id,
							TEXT_MAX),
				.direction = lc->outgoing ? "outbound"
							  : "inbound",
				.from = json_shorten(&cut[1], lc->from,
						     URI_MAX),
				.to = json_shorten(&cut[2], lc->to, URI_MAX),
				.caller_name = json_shorten(
					&cut[3], lc->caller_name, TEXT_MAX),
				.account = json_shorten(&cut[4], lc->account,
							URI_MAX),
				.state = lc->state,
				.sip_status = lc->scode,
				.sip_reason = json_shorten(&cut[5], lc->reason,
							   TEXT_MAX),
				.started = (int64_t)lc->started,
				.ref = lc->ref,
				.headers = headers,
				.uui = headers ? lc->uui : NULL,
				.duration = duration,
			},
	});

	for (size_t i = 0; i < RE_ARRAY_SIZE(cut); i++)
		free(cut[i]);
}


static void report_whole(const struct livecall *lc, const char *event)
{
	report(lc, event, lc->outgoing ? NULL : lc->headers, UNTOLD);
}


/**
 * Report a new call, once
 *
 * @param lc Live call
 */
void livecall_report_new(struct livecall *lc)
{
	if (lc->reported)
		return;

	lc->reported = true;
	report_whole(lc, "new");
}


/**
 * Report a call that lives
 *
 * @param lc Live call
 */
void livecall_report_live(const struct livecall *lc)
{
	report_whole(lc, "live");
}


/**
 * Replace a text by a clean copy of another, see text_scrub()
 *
 * @param strp Pointer to the text
 * @param str  The other, NULL counts as empty
 */
void livecall_replace(char **strp, const char *str)
{
	struct pl pl;

	pl_set_str(&pl, str ? str : "");
	*strp = mem_deref(*strp);
	(void)text_scrub(strp, &pl);
}


/**
 * Change the state of a call, which is not reported here
 *
 * @param lc     Live call
 * @param state  Name of the state
 * @param scode  SIP status that brought it
 * @param reason Its reason phrase
 */
void livecall_set_state(struct livecall *lc, const char *state, uint16_t scode,
			const char *reason)
{
	lc->state = state;
	lc->scode = scode;
	livecall_replace(&lc->reason, reason);
}


/**
 * Change the state of a call and report it
 *
 * @param lc     Live call
 * @param state  Name of the state
 * @param scode  SIP status that brought it
 * @param reason Its reason phrase
 */
void livecall_update(struct livecall *lc, const char *state, uint16_t scode,
		     const char *reason)
{
	const bool same = !strcmp(lc->state, state);

	livecall_set_state(lc, state, scode, reason);

	if (!lc->reported)
		livecall_report_new(lc);
	else if (!same)
		report(lc, "status", NULL, UNTOLD);
}


static void close_report(struct livecall *lc)
{
	uint64_t sec = 0;

	if (lc->answered)
		sec = (deadline_now() - lc->answered + 500) / 1000;

	report(lc, "closed", NULL, (int64_t)sec);
}


/* State of a closed call that was never answered */
static const char *failure_name(const struct livecall *lc, uint16_t scode)
{
	switch (scode) {

	case 486:
	case 600: return "busy";
	case 408:
	case 480:
	case 487: return "no-answer";
	case 0: return lc->outgoing ? "failed" : "no-answer";
	default: return "failed";
	}
}


/**
 * Report a call as closed, and release it
 *
 * @param lc     Live call
 * @param scode  Status of the response that closed it, 0 if none did
 * @param reason Why it is closed
 */
void livecall_closed(struct livecall *lc, uint16_t scode, const char *reason)
{
	if (!scode)
		scode = lc->hangup_scode;

	if (lc->answered)
		livecall_set_state(lc, "completed", scode ? scode : 200,
				   lc->transferred ? "transferred" : reason);
	else
		livecall_set_state(lc, failure_name(lc, scode), scode, reason);

	close_report(lc);
	mem_deref(lc);
}
