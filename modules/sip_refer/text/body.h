/**
 * @file body.h  The bodies of SIP messages
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef BODY_H
#define BODY_H

#include <re.h>

struct sipfrag;

int multipart_find(struct pl *part, const struct pl *body,
		   const struct msg_ctype *ctyp, const char *type,
		   const char *subtype);
int sipfrag_decode(struct sipfrag *frag, const struct pl *body);

#endif
