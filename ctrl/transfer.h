/**
 * @file transfer.h  The transfers: what the nodes say of them
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef TRANSFER_H
#define TRANSFER_H

#include <stdbool.h>
#include <stdint.h>
#include "verb.h"

struct json;
struct report;
struct transfer;

typedef void(transfer_lost_h)(struct transfer *t);

int transfers_init(void);
void transfers_close(void);
void transfers_load(void);
void transfers_print(struct json *j, const char *key);

int transfer_report(struct transfer **tp, const struct report *r,
		    const char *boot, const char *node, const char *verb_id);
void transfer_release(struct transfer *t);
void transfers_lost(const char *boot, const struct report *sync,
		    const char *evidence, const char *reason,
		    transfer_lost_h *h);

const char *transfer_id(const struct transfer *t);
const char *transfer_call_sid(const struct transfer *t);
bool transfer_ended(const struct transfer *t);
bool transfer_notified(const struct transfer *t);
void transfer_print_event(struct json *j, const struct transfer *t,
			  enum dialect dialect);
void transfer_print_action(struct json *j, const struct transfer *t,
			   enum dialect dialect);

#endif
