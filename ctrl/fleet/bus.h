/**
 * @file bus.h  Messages to and from the engine, in the loop
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef BUS_H
#define BUS_H

#include <stdbool.h>
#include <stddef.h>
#include "fleetbus.h"

struct bus_request;
struct fleet_config;

enum { BUS_SUBJECT_SIZE = 256 };

typedef void(bus_message_h)(const struct fleetbus_news *n, void *arg);

/* why: URL of the server if it is up */
typedef void(bus_state_h)(bool up, const char *why, void *arg);

/* n is NULL with an error: ETIMEDOUT, EHOSTUNREACH if there is no listener, or
   ENOTCONN */
typedef void(bus_answer_h)(int err, const struct fleetbus_news *n, void *arg);

void bus_use(const struct fleetbus_plugin *p);
int bus_open(const struct fleet_config *c);
void bus_close(void);
bool bus_is_up(void);
const char *bus_boot(void);
const char *bus_inbox(char *buf, size_t size, const char *rest);
const char *bus_subject(char *buf, size_t size, const char *kind,
			const char *rest);
int bus_listen(const char *subject, bus_message_h *h, void *arg);
void bus_unlisten(const char *subject, bus_message_h *h, void *arg);
int bus_stream(bus_message_h *h, void *arg);
int bus_watch(bus_state_h *h, void *arg);
int bus_send(const char *subject, const char *reply,
	     const struct fleetbus_header *headers, unsigned count,
	     const char *data, size_t len);
int bus_ask(struct bus_request **rp, const char *subject,
	    const struct fleetbus_header *headers, unsigned count,
	    const char *data, size_t len, double timeout, bus_answer_h *h,
	    void *arg);
int bus_ask_calmly(struct bus_request **rp, const char *subject,
		   const struct fleetbus_header *headers, unsigned count,
		   const char *data, size_t len, double timeout,
		   bus_answer_h *h, void *arg);
int bus_ask_all(struct bus_request **rp, const char *subject, const char *data,
		size_t len, double timeout, bus_answer_h *h, void *arg);
void bus_cancel(struct bus_request *r);
void bus_hurry(void);
void bus_gather(void);
void bus_flush(void);

#endif
