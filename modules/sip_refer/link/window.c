/**
 * @file window.c  How many REFERs wait for their answers
 *
 * A hundred requests at once bring so many answers and NOTIFYs that they
 * overflow the receive buffer of a UDP socket; dropped messages come again
 * after half a second or later. So while some requests wait for their answers,
 * the requests of referd wait, too; but not for long: a far end that does not
 * answer must not delay the others. RFC 6357 calls this overload control by a
 * window.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <re.h>
#include "link.h"
#include "ways.h"


enum { WINDOW_SIZE = 16 };

static unsigned waiting;


void window_enter(bool *inp)
{
	if (*inp)
		return;

	*inp = true;
	if (++waiting >= WINDOW_SIZE)
		link_hold(true);
}


void window_leave(bool *inp)
{
	if (!*inp)
		return;

	*inp = false;
	if (--waiting < WINDOW_SIZE)
		link_hold(false);
}
