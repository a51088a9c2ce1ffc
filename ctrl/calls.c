/**
 * @file calls.c  What happens to calls, for their applications
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include "calls.h"


static const struct calls_events *events;


/**
 * Say who hears what happens to calls
 *
 * @param e Handlers, all of them
 */
void calls_init(const struct calls_events *e)
{
	events = e;
}


/**
 * Get the handlers of what happens to calls
 *
 * @return Handlers
 */
const struct calls_events *calls_events(void)
{
	return events;
}
