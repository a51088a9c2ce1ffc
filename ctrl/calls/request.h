/**
 * @file request.h  Requests about a call to the node that carries it
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>
#include "nodes/nodes.h"


struct call;
struct verb;

enum {
	REF_SIZE = 64, /* call_sid, colon, digits */
};

void ref_call(char sid[CALL_SID_MAX + 1], const char *ref);
void request_ref(char ref[REF_SIZE], const struct call *c);
void request_check(const struct call *c, const char *ref,
		   const struct verb *list, bool run);
void request_run(const struct call *c, const char *ref,
		 const struct verb *verb);
void request_answer(const struct call *c, const char *ref);
void request_hangup(const struct call *c);
void request_cancel(const struct call *c, bool unsubscribe);

#endif
