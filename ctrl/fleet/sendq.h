/**
 * @file sendq.h  Messages that wait for the end of a turn
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SENDQ_H
#define SENDQ_H

#include <stddef.h>

struct fleetbus;
struct fleetbus_header;
struct fleetbus_plugin;

int sendq_add(const char *subject, const char *reply,
	      const struct fleetbus_header *headers, unsigned count,
	      const char *data, size_t len);
void sendq_flush(const struct fleetbus_plugin *p, struct fleetbus *b);
void sendq_clear(void);

#endif
