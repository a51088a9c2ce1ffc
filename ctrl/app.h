/**
 * @file app.h  The applications of calls: whom to ask for verbs
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef APP_H
#define APP_H

#include <stdbool.h>
#include <stddef.h>

struct hook;
struct json;
struct session;

/* What an ack of an application answers */
enum app_ack {
	APP_ACK_HOOK, /* a hook, or nothing */
	APP_ACK_NEW,  /* session:new */
	APP_ACK_DONE, /* nothing that waits */
};

int apps_init(void);
void apps_load(void);
void apps_close(void);

bool app_owns(const char *name);
const char *app_call(const char *name);
const char *app_left(const char *name);

int app_dial(const char *sid, const struct hook *hook);
void app_drop(const char *sid);

void app_call_new(const struct session *s);
void app_call_changed(const struct session *s);
void app_idle(const struct session *s);
bool app_redirect(const struct session *s, const char *url);
const char *app_touch(const char *sid);

enum app_ack app_ack(const char *name, const char *msgid);
void app_accepted(const char *name);
void app_empty(const char *name);
void app_refused(const char *name, const char *msgid);
int app_resolve(const char *name, struct hook *hook);

#endif
