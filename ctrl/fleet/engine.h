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
struct jetstream_stream;
struct json;

/* The engine has told of the stream: with doubt if it is another one than
   before, is known for the first time, or has another leader */
typedef void(engine_stream_h)(const struct jetstream_stream *s, bool doubt,
			      void *arg);

int engine_start(const struct fleet_config *c);
void engine_stop(void);
void engine_watch(engine_stream_h *h, void *arg);
void engine_look(void);
int engine_get(struct bus_request **rp, struct json *j, double seconds,
	       bus_answer_h *h);
uint64_t engine_last(void);
uint64_t engine_first(void);

#endif
