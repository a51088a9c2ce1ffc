/**
 * @file appws.h  A WebSocket connection to an application
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef APPWS_H
#define APPWS_H

#include <stdbool.h>
#include <stdint.h>
#include "base/base.h"


struct appws;
struct client;
struct hook;
struct lws_context;
struct sender;

/* The connection is up: the client is what speaks over it */
typedef void(appws_open_h)(struct client *client, void *arg);
/* The handshake was not answered in time.  Returns true to go on waiting;
   otherwise the attempt has failed. */
typedef bool(appws_late_h)(enum retry_cause cause, void *arg);
/* It could not be made; it is freed */
typedef void(appws_fail_h)(enum retry_cause cause, const char *why, void *arg);
/* It has ended, with a code of RFC 6455; it is freed */
typedef void(appws_close_h)(int code, void *arg);

struct appws_handlers {
	appws_open_h *openh;
	appws_late_h *lateh;
	appws_fail_h *failh;
	appws_close_h *closeh;
};
int appws_connect(struct appws **wp, const struct hook *hook,
		  const struct sender *app, uint64_t since,
		  const struct appws_handlers *h, void *arg);
void appws_close(struct appws *w, int code);

#endif
