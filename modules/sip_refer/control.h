/**
 * @file control.h  Requests of referd, and reports to it
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef CONTROL_H
#define CONTROL_H

struct cJSON;
struct node_request;

void control_request(const struct node_request *rq, const struct cJSON *body);
void control_sync(void);

#endif
