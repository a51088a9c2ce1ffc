/**
 * @file control.h  What referd asks for, and what it is told
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef CONTROL_H
#define CONTROL_H

struct cJSON;

void control_request(const struct cJSON *json);
void control_sync(void);

#endif
