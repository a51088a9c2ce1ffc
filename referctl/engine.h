/**
 * @file engine.h  The servers of a fleet, asked one thing at a time
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef ENGINE_H
#define ENGINE_H

#include <stdbool.h>
#include <cjson/cJSON.h>
#include "fleetset.h"

/* Returns true when nothing more is wanted */
typedef bool(engine_message_h)(const char *subject, const cJSON *body,
			       void *arg);

enum status engine_open(const struct fleet_settings *s);
void engine_close(void);
const char *engine_server(void);
enum status engine_subscribe(const char *subject);
enum status engine_ask(cJSON **treep, const char *subject, const char *body,
		       double patience);
void engine_hear(double seconds, engine_message_h *h, void *arg);

#endif
