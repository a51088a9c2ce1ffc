/**
 * @file fleetwriter.h  Writes the stream of a fleet to the disk
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef FLEETWRITER_H
#define FLEETWRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/base.h"

struct chunk;
struct fleetfile;

int fleetwriter_open(const char *path, const struct fleetfile *f, wake_h *h);
void fleetwriter_close(void);
void fleetwriter_keep(unsigned days, unsigned mb);
void fleetwriter_add(struct chunk *c);
void fleetwriter_hurry(void);
uint64_t fleetwriter_settled(void);
uint64_t fleetwriter_forgotten(void);
bool fleetwriter_trouble(char *reason, size_t size);

#endif
