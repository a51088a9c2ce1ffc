/**
 * @file ways.h  The interface of both ways to referd
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef WAYS_H
#define WAYS_H

#include <stdbool.h>
#include <stdint.h>

struct cJSON;
struct report;
struct node_request;

void link_hello(struct report *hello);
void link_welcome(uint64_t n);
void link_asked(const struct node_request *rq, const struct cJSON *body);
void link_lost(void);
void link_offer(void);
void link_hold(bool hold);
bool link_is_held(void);

#endif
