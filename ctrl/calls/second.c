/**
 * @file second.c  The second call of a transfer, and the first one
 *
 * A transfer may call its target before it sends the REFER.  The reference of
 * that call is one of the first call.  A second call has no verbs of its own.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include "base/base.h"
#include "call.h"
#include "calls.h"
#include "queue.h"
#include "request.h"
#include "second.h"


/**
 * Look at a call again that may be a second one: it is new, or its state has
 * changed.  One that no transfer has any more is ended.  The session of the
 * first one may be freed.
 *
 * @param c Call
 */
void second_changed(const struct call *c)
{
	char sid[CALL_SID_MAX + 1];
	struct session *first;

	if (!call_parent(c, sid))
		return;

	first = session_find(sid);
	if ((first && queue_second(first->queue, c)) || call_over(c))
		return;

	log_warning("second: call %s is ended: it belongs to no transfer",
		    call_sid(c));
	request_hangup(c);
}


/**
 * Take a key that was pressed on a call.  The session of the first one may be
 * freed.
 *
 * @param c     Call
 * @param digit Key
 */
void second_digit(const struct call *c, const char *digit)
{
	char sid[CALL_SID_MAX + 1];
	struct session *first;

	if (!call_parent(c, sid))
		return;

	first = session_find(sid);
	if (first)
		queue_digit(first->queue, call_sid(c), digit);
}


/**
 * Refuse a message for a second call
 *
 * @param c Call
 * @param f Set if it is a second call
 *
 * @return 0, or EBADMSG with the error set
 */
int second_refuse(const struct call *c, struct error *f)
{
	char sid[CALL_SID_MAX + 1];

	if (!call_parent(c, sid))
		return 0;

	return error_set(f, 409, "call_sid",
			 "names the second call of a transfer, which takes no "
			 "verbs; send them to the call %s",
			 sid);
}
