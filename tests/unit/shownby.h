/**
 * @file shownby.h  What a far end shows by its INVITE
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SHOWNBY_H
#define SHOWNBY_H

#include "anninvite.h"
#include "text/text.h"


/* Evaluates one with further header fields, each with its CRLF */
static inline void invite(struct shown *shown, const char *hdrs)
{
	struct sip_msg *msg = ann_invite(hdrs);

	shown_by(shown, msg);
	mem_deref(msg);
}

#endif
