/**
 * @file shownby.h  What a far end shows by its INVITE
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SHOWNBY_H
#define SHOWNBY_H

#include "unit.h"
#include <re.h>
#include "text/text.h"


/* Evaluates one with further header fields, each with its CRLF */
static inline void invite(struct shown *shown, const char *hdrs)
{
	struct mbuf *mb = mbuf_alloc(512);
	struct sip_msg *msg;

	assert_int_equal(
		mbuf_printf(mb,
			    "INVITE sip:gw@10.0.0.2 SIP/2.0\r\n"
			    "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\n"
			    "From: <sip:ann@10.0.0.1>;tag=a\r\n"
			    "To: <sip:gw@10.0.0.2>\r\n"
			    "Call-ID: c\r\n"
			    "CSeq: 1 INVITE\r\n"
			    "%sContent-Length: 0\r\n\r\n",
			    hdrs),
		0);
	mb->pos = 0;
	assert_int_equal(sip_msg_decode(&msg, mb), 0);
	shown_by(shown, msg);
	mem_deref(msg);
	mem_deref(mb);
}

#endif
