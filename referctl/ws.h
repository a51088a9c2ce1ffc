/**
 * @file ws.h  The WebSocket to referd
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef WS_H
#define WS_H

#include <stdbool.h>
#include <stdint.h>
#include <cjson/cJSON.h>
#include "settings.h"

/* Returns true when nothing more is wanted */
typedef bool(ws_message_h)(const cJSON *message, void *arg);

struct ws_request {
	int64_t since;     /* message behind which to begin, -1 for now */
	bool fleet;        /* the messages of the whole fleet */
	const char *send;  /* sent behind the hello, may be NULL */
	unsigned patience; /* seconds to try for without a connection */
	ws_message_h *h;   /* NULL to be done when it is sent */
	void *arg;
};

enum status ws_run(const struct settings *s, const struct ws_request *r);

#endif
