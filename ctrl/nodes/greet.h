/**
 * @file greet.h  A baresip that connects: its identity, and its previous one
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef GREET_H
#define GREET_H

#include <sys/types.h>


struct nodelink;
struct report;

int greet(struct nodelink *l, const struct report *r);
void greet_handler(int fd, pid_t pid);

#endif
