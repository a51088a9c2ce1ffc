/**
 * @file decline.c  A REFER of the far end's own
 *
 * baresip would accept it, and call whom it names from our account: whoever
 * reaches a gateway could have it dial at our cost.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <re.h>
#include "compat/compat.h"
#include "sip_refer.h"


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


/**
 * Decline a REFER, unless baresip is to have it. One in a dialog that is none
 * of baresip's is left to libre, which says so: then the far end ends its
 * call.
 *
 * @param msg REFER request, within a dialog or not
 *
 * @return True if it was declined
 *
 * Reference: RFC 3515 section 2.4.2, RFC 3261 section 12.2.2
 */
bool decline_refer(const struct sip_msg *msg)
{
	if (accepts)
		return false;

	if (pl_isset(&msg->to.tag) && !calls_have(&msg->callid))
		return false;

	(void)sip_treply(NULL, uag_sip(), msg, 603, "Decline");
	report(msg);

	return true;
}


/**
 * Set what becomes of a far end's REFER
 *
 * @param accept True if it is left to baresip
 */
void decline_init(bool accept)
{
	accepts = accept;
}
