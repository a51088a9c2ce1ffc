/**
 * @file appcall.h  The messages of an application about its call, and to it
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef APPCALL_H
#define APPCALL_H

#include <stdbool.h>
#include <stddef.h>


struct app;
struct call;
struct hook;

char *appcall_new(const struct call *c);
char *appcall_reconnect(const char *sid, const char *msgid, const char *data);
void appcall_status(const struct call *c, const struct app *a);
int appcall_resolve(struct hook *hook, const struct hook *app);

bool appcall_up(const char *sid);
bool appcall_busy(const char *sid);
void appcall_end(const struct call *c);
void appcall_fail(const char *sid, const char *why);

#endif
