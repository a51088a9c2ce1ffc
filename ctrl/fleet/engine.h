/**
 * @file engine.h  The engine's information on the stream
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef ENGINE_H
#define ENGINE_H

#include <stdbool.h>
#include <stdint.h>
#include "bus.h"

struct fleet_config;
struct json;

/* The engine has told of the stream: is_new if that is another one than
   before, or known for the first time */
typedef void(engine_stream_h)(const char *epoch, bool is_new, void *arg);

int engine_start(const struct fleet_config *c);
void engine_stop(void);
void engine_watch(engine_stream_h *h, void *arg);
void engine_look(void);
int engine_get(struct bus_request **rp, struct json *j, double seconds,
	       bus_answer_h *h);
uint64_t engine_last(void);
uint64_t engine_first(void);

#endif
