/**
 * @file wire.h  A connection of a node, and its lines
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef WIRE_H
#define WIRE_H

#include <sys/types.h>


struct nodelink;

int wire_create(struct nodelink **lp, int fd, pid_t pid);
unsigned wire_count(void);
void wire_send(struct nodelink *l, const char *line);

#endif
