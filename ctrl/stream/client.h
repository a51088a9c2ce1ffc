/**
 * @file client.h  The WebSocket clients: their names, their input until
 * complete
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>


struct badge;
struct client;
struct lws;
void clients_post(const char *name, const char *call_sid, bool jambonz,
		  uint64_t seq, const char *text);

#endif
