/**
 * @file viewcall.h  The live calls of all members
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef VIEWCALL_H
#define VIEWCALL_H

#include <stdbool.h>
#include <stddef.h>

struct cJSON;
struct json;

/* node may be NULL */
typedef void(viewcall_h)(const char *call_sid, const char *node, void *arg);

int viewcalls_open(void);
void viewcalls_close(void);
void viewcalls_clear(void);
bool viewcalls_load(const char *call_sid, struct cJSON *tree);
void viewcall_take(const char *member, const char *call_sid, const char *data);
char *viewcall_lose(const char *member, const char *call_sid,
		    const char *reason);
bool viewcall_has(const char *member, const char *call_sid);
const char *viewcall_member(const char *call_sid);
void viewcalls_each(const char *member, viewcall_h *h, void *arg);
size_t viewcalls_count(void);
void viewcalls_print(struct json *j, const char *key, const char *member);

#endif
