/**
 * @file anninvite.h  The INVITE of a far end
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef ANNINVITE_H
#define ANNINVITE_H

#include "unit.h"
#include <re.h>


/* A format for further header fields, each with its CRLF */
#define ANN_INVITE                                                            \
	"INVITE sip:gw@10.0.0.2 SIP/2.0\r\n"                                  \
	"Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\n"                       \
	"From: <sip:ann@10.0.0.1>;tag=a\r\n"                                  \
	"To: <sip:gw@10.0.0.2>\r\n"                                           \
	"Call-ID: c\r\n"                                                      \
	"CSeq: 1 INVITE\r\n"                                                  \
	"Contact: <sip:ann@10.0.0.1:5070>\r\n"                                \
	"%s"                                                                  \
	"Content-Length: 0\r\n\r\n"


/* It must be freed. */
static inline struct sip_msg *ann_invite(const char *hdrs)
{
	struct mbuf *mb = mbuf_alloc(1024);
	struct sip_msg *msg;

	assert_int_equal(mbuf_printf(mb, ANN_INVITE, hdrs), 0);
	mb->pos = 0;
	assert_int_equal(sip_msg_decode(&msg, mb), 0);
	mem_deref(mb);

	return msg;
}

#endif
