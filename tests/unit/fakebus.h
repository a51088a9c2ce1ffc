/**
 * @file fakebus.h  A plugin whose engine is the test
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef FAKEBUS_H
#define FAKEBUS_H

#include <stdbool.h>
#include <stddef.h>
#include "fleetbus.h"

/* A message that referd has published */
struct fakebus_message {
	char *subject;
	char *reply;    /* NULL for none */
	char *id;       /* Nats-Msg-Id, NULL for none */
	char *expected; /* Nats-Expected-Last-Subject-Sequence */
	char *data;
	size_t len;
};

const struct fleetbus_plugin *fakebus(void);
void fakebus_reset(void);
void fakebus_up(void);
void fakebus_down(const char *why);
void fakebus_error(const char *text);
void fakebus_message(const char *subject, const char *reply, const char *data);
void fakebus_js(const char *subject, const char *reply, const char *data);
void fakebus_status(const char *subject, int status, const char *description);
void fakebus_flow(const char *subject, const char *reply, const char *stalled);
const struct fakebus_message *fakebus_next(void);
bool fakebus_subscribed(const char *subject);
void fakebus_full(bool full);
unsigned fakebus_woken(void);
void fakebus_turn(void);

#endif
