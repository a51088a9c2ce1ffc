/**
 * @file app.h  The applications of calls: whom to ask for verbs
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef APP_H
#define APP_H

#include <stdbool.h>
#include <stddef.h>
#include "calls.h"

struct hook;
struct json;
struct sender;
struct session;

int apps_init(void);
void apps_load(void);
void apps_close(void);
void apps_stop_connecting(void);

const char *app_left(const struct sender *client);

int app_dial(const char *sid, const struct hook *hook);
void app_drop(const char *sid);

void app_call_new(const struct session *s);
void app_call_changed(const struct session *s);
void app_idle(const struct session *s);
bool app_redirect(const struct session *s, const char *url);
const char *app_touch(const char *sid);

enum app_ack app_acked(const struct sender *app, const char *msgid);
void app_accepted(const struct sender *app);
void app_empty(const struct sender *app);
void app_refused(const struct sender *app, const char *msgid);
int app_resolve(const struct sender *owner, struct hook *hook);

#endif
