/**
 * @file emit.h  Messages to clients: numbered, stored, handed on
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef EMIT_H
#define EMIT_H

#include <stdbool.h>
#include <stdint.h>

struct json;

struct emission {
	const char *type;
	const char *client;   /* whom it is for, NULL if for all */
	const char *call_sid; /* may be NULL */
	const char *msgid;    /* may be NULL */
	const char *hook;     /* may be NULL */
	const char *data;     /* JSON text, may be NULL */
	int64_t time;         /* ms since 1970, 0 for now */
	bool jambonz;         /* clients of the jambonz dialect get it, too */
};

/* When a message about a call came about, as it is told: not before the one
   before it.  Times in ms since 1970. */
typedef int64_t(emit_time_h)(const char *call_sid, int64_t time);

void emit_init(emit_time_h *h);
uint64_t emit(const struct emission *e);

#endif
