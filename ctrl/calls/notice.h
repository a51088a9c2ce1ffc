/**
 * @file notice.h  Messages to clients about a verb: its status and its hooks
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef NOTICE_H
#define NOTICE_H

#include <stdbool.h>
#include <stdint.h>
#include "hooks/hooks.h"


struct call;
struct json;
struct report;
struct transfer;
struct verb;

void notice_at(int64_t time);
void notice_status(const struct call *c, const struct verb *v,
		   const char *event, const char *dry_run);

/* These return true if the call is to wait for the answer to the hook id */
bool notice_transferred(const struct call *c, const struct verb *v,
			const struct transfer *t, char id[HOOK_ID_SIZE]);
bool notice_played(const struct call *c, const struct verb *v,
		   const struct report *r, char id[HOOK_ID_SIZE]);
bool notice_response(const struct call *c, const struct verb *v,
		     const struct report *r, char id[HOOK_ID_SIZE]);
bool notice_redirect(const struct call *c, const struct verb *v,
		     const struct hook *hook, char id[HOOK_ID_SIZE]);

void notice_print(struct json *j, const struct call *c, const char *verb_id,
		  bool status);
void notice_code(struct json *j, enum dialect dialect, const char *key,
		 int code);
void notice_attempts(struct json *j, const char *key, const struct verb *v);
void notice_notify(const struct call *c, const struct verb *v,
		   const struct transfer *t);

#endif
