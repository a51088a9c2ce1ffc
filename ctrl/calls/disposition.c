/**
 * @file disposition.c  The action after a transferred call that no target took
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdlib.h>
#include <string.h>
#include "disposition.h"
#include "transfer.h"


/**
 * Tell why a target does not have the call, by the status that it, or a
 * server on the way to it, has answered
 *
 * @param status Final SIP status from 300 on
 *
 * @return Kind of failure
 *
 * Reference: RFC 3261 section 21
 */
enum failure failure_of_status(int status)
{
	switch (status) {
	case 408:
	case 480:
	case 487: return FAILURE_NO_ANSWER;

	case 486:
	case 600: return FAILURE_BUSY;

	case 603:
	case 607: return FAILURE_DECLINED;

	default: return FAILURE_ERROR;
	}
}


/**
 * Tell why the target of a transfer does not have the call
 *
 * @param t Transfer that has ended, and has not succeeded
 *
 * @return Kind of failure
 */
enum failure failure_of(const struct transfer *t)
{
	const int status = transfer_status(t);

	if (t->evidence && !strncmp(t->evidence, "timer:", 6))
		return FAILURE_NO_ANSWER;

	return status ? failure_of_status(status) : FAILURE_ERROR;
}


/**
 * Name a kind of failure as the actionHook of a transfer does
 *
 * @param failure Kind of failure
 *
 * @return Its transfer_reason
 */
const char *failure_reason(enum failure failure)
{
	static const char *const reasons[FAILURE_KINDS] = {
		[FAILURE_NO_ANSWER] = "no-answer",
		[FAILURE_BUSY] = "busy",
		[FAILURE_DECLINED] = "declined",
		[FAILURE_ERROR] = "error",
	};

	return reasons[failure];
}
