/**
 * @file direct_referd.h  referd for a test, linked as a module has it
 *
 * It does not include libre, whose names differ from those of referd.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef DIRECT_REFERD_H
#define DIRECT_REFERD_H

#include <stdbool.h>
#include <stdint.h>

struct direct_node;

int referd_setup(void);
int referd_teardown(void);
int referd_start(const struct direct_node *peer, void (*h)(void));
void referd_stop(void);
int referd_fd(void);
bool referd_pump(void);
void referd_offer(const struct direct_node *peer);
void referd_bot(const char *text);
void referd_trouble(bool trouble);
bool referd_synced(void);
int referd_node_pid(void);
uint64_t referd_node_n(void);
unsigned referd_told(const char *a, const char *b);

#endif
