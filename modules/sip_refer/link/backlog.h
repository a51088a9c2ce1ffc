/**
 * @file backlog.h  What referd has not acknowledged
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef BACKLOG_H
#define BACKLOG_H

#include <stdbool.h>
#include <stdint.h>

struct json;

int backlog_add(struct json *j, bool passing);
void backlog_ack(uint64_t n);
uint64_t backlog_first(void);
uint64_t backlog_next(void);
void backlog_rewind(void);
int backlog_write(int fd, int flags);
void backlog_close(void);

#endif
