/**
 * @file session.h  The calls that live, each with its queue of verbs
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call;
struct call_info;
struct json;
struct queue;

struct session {
	struct session *next_dirty;
	struct call *call;
	char *boot; /* of the node that carries the call */
	struct queue *queue;
	char *tag;    /* JSON text of an object, may be NULL */
	bool notify;  /* config notifyEvents */
	int64_t told; /* ms since 1970: time of the last message about it */
	bool live;    /* named since its node connected */
	bool dirty;   /* to be saved at the end of this turn */
	bool counted;
};

int sessions_init(unsigned max);
bool sessions_full(void);
void sessions_close(void);
void sessions_load(void);
size_t sessions_count(void);
void sessions_print(struct json *j, const char *key);

void session_print(struct json *j, const char *key, const struct session *s);
struct session *session_find(const char *sid);
struct session *session_only(void);
struct session **sessions_of(const char *boot);

void session_create(const struct call_info *info, const char *boot,
		    const char *node, int64_t time);
void session_update(struct session *s, const struct call_info *info,
		    int64_t time);
int64_t session_tell(const char *sid, int64_t time);
void session_end(struct session *s, const char *state, const char *reason);
void session_tag(struct session *s, const char *text);
void session_touch(struct session *s);
void session_release(struct session *s);
void session_hook_done(const char *sid, const char *hook);

#endif
