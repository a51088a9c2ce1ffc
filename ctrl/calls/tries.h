/**
 * @file tries.h  The targets of a verb, one after the other
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef TRIES_H
#define TRIES_H

struct task;
struct transfer;

void tries_tell(const struct task *t, const struct transfer *transfer);
void tries_tell_next(const struct task *t, int status, const char *reason);
void tries_ended(struct task *t, const struct transfer *transfer);
void tries_give_up(struct task *t, const char *field, const char *error);

#endif
