/**
 * @file request.h  Requests about a call to the node that carries it
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>


struct session;
struct verb;

enum {
	REF_SIZE = 64, /* call_sid, colon, digits */
};

void request_ref(char ref[REF_SIZE], const struct session *s);
void request_check(const struct session *s, const char *ref,
		   const struct verb *list, bool run);
void request_run(const struct session *s, const char *ref,
		 const struct verb *verb);
void request_answer(const struct session *s, const char *ref);
void request_cancel(const struct session *s);

#endif
