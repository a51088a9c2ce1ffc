/**
 * @file pace.c  How many REFERs wait for their answers
 *
 * A hundred that go out at once bring so many answers and NOTIFYs at once
 * that they overflow the receive buffer of a UDP socket; what was dropped
 * comes again after half a second, or later. So while some wait for their
 * answers, referd's requests wait, too; but not for long: a far end that does
 * not answer must not keep others from theirs.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <re.h>
#include "sip_refer.h"


enum { WAITING_MAX = 16 };

static unsigned waiting;


/**
 * A REFER goes out
 *
 * @param p Its place
 */
void pace_take(struct pace *p)
{
	if (p->taken)
		return;

	p->taken = true;
	if (++waiting >= WAITING_MAX)
		link_hold(true);
}


/**
 * A REFER was answered, or has waited long enough for others
 *
 * @param p Its place
 */
void pace_give(struct pace *p)
{
	if (!p->taken)
		return;

	p->taken = false;
	if (--waiting < WAITING_MAX)
		link_hold(false);
}
