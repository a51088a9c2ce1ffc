/**
 * @file decline.c  A REFER of the far end's own
 *
 * baresip would accept it, and call its target from our account: anybody who
 * reaches a gateway could have it dial at our cost.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <re.h>
#include "host/host.h"
#include "text/text.h"
#include "transfer.h"


static bool accepts;


static void report(const struct sip_msg *msg)
{
	char *from;

	if (text_scrub(&from, &msg->from.auri))
		return;

	info("sip_refer: declined a REFER of %s (sip_refer_accept is no)\n",
	     from);
	mem_deref(from);
}


bool decline_refer(const struct sip_msg *msg)
{
	if (accepts)
		return false;

	if (pl_isset(&msg->to.tag) && !agents_have_call_id(&msg->callid))
		return false;

	(void)sip_treply(NULL, uag_sip(), msg, 603, "Decline");
	report(msg);

	return true;
}


void decline_init(bool accept)
{
	accepts = accept;
}
