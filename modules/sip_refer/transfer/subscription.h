/**
 * @file subscription.h  The subscription that a REFER makes
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SUBSCRIPTION_H
#define SUBSCRIPTION_H

#include <stdbool.h>
#include <stdint.h>
#include "text/text.h"

struct dialog;
struct pl;
struct subscription;

int subscription_alloc(struct subscription **subp, struct dialog *dlg,
		       uint32_t id, bool first, enum event_form form);
void subscription_set_id(struct subscription *sub, uint32_t id);
void subscription_set_event(struct subscription *sub, const struct pl *event);
void subscription_granted(struct subscription *sub, uint32_t expires);
void subscription_stop(struct subscription *sub);
void subscription_end(struct subscription *sub);

#endif
