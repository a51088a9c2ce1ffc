/**
 * @file calls.c  Events of calls, for their applications
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include "calls.h"


static const struct calls_events *events;


void calls_init(const struct calls_events *e)
{
	events = e;
}


const struct calls_events *calls_events(void)
{
	return events;
}
