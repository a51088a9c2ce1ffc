/**
 * @file reply.h  What the sender of a message hears of it
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef REPLY_H
#define REPLY_H

struct fault;
struct sender;

/* Takes the reply to an HTTP request */
typedef void(reply_http_h)(const char *name, int status, const char *body);

void reply_http(reply_http_h *h);
void reply_ack(const struct sender *to, const char *call_sid,
	       const char *dry_run);
void reply_fault(const struct sender *to, const struct fault *f,
		 const char *call_sid);

#endif
