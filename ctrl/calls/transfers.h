/**
 * @file transfers.h  The transfers in progress
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef TRANSFERS_H
#define TRANSFERS_H

#include <stdbool.h>


struct call;
struct report;
struct transfer;
struct verb;

typedef void(transfer_h)(struct transfer *t);

bool transfers_have(const char *id);
void transfers_named(const struct report *sync, const char *instance);
void transfers_unnamed(const char *instance);
bool transfers_strange(const char *instance);
void transfers_lost(const char *instance, bool but_named, const char *reason,
		    transfer_h *h);
void transfer_lost(const char *id, const char *reason, transfer_h *h);
void transfers_each(const char *instance, transfer_h *h);

int transfer_report(struct transfer **tp, const struct report *r,
		    const char *instance, const char *node,
		    const struct call *call, const struct verb *verb);
void transfer_release(struct transfer *t);

#endif
