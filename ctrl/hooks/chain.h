/**
 * @file chain.h  The hooks of one call: each is sent until it has its end, and
 * then the next
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef CHAIN_H
#define CHAIN_H

#include <stdbool.h>


struct chain;
struct hooks_events;
struct posting;

int chain_init(const struct hooks_events *events);
void chain_grace(unsigned seconds);
double chain_grace_time(void);
void chain_pump(struct chain *c);
struct chain *chain_conclude(struct posting *p, const char *event, long status,
			     const char *reason);

bool posting_passes(const struct posting *p);
void posting_send(struct posting *p);
void posting_wait(struct posting *p);
void posting_await_ack(struct posting *p);

#endif
