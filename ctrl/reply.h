/**
 * @file reply.h  What the sender of a message hears of it
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef REPLY_H
#define REPLY_H

struct fault;

void reply_ack(const char *to, const char *msgid, const char *call_sid,
	       const char *dry_run);
void reply_fault(const char *to, const struct fault *f, const char *call_sid);

#endif
