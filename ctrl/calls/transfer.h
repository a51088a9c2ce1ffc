/**
 * @file transfer.h  The transfers: what the nodes say of them
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef TRANSFER_H
#define TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>


struct call;
struct json;
struct report;

/* Only transfer.c changes one; NULL or 0 is what is not known (yet) */
struct transfer {
	char *id;
	char *call_sid;
	char *instance;
	char *node;
	char *from; /* URIs of the call */
	char *to;
	char *verb_id;
	char *step;
	char *refer_to;
	char *referred_by;
	char *reason;
	char *outcome; /* NULL while it is in progress */
	char *evidence;
	int refer_status;
	int call_status;
	int64_t started; /* ms since 1970 */
	int64_t ended;
	uint64_t seq; /* of the last message about it */
	struct transfer *next_dirty;
	bool dirty; /* not in the store as it is */
	bool named; /* its node has said that it knows it */
};

typedef void(transfer_h)(struct transfer *t);

void transfers_named(const struct report *sync, const char *instance);
void transfers_unnamed(const char *instance);
bool transfers_strange(const char *instance);
void transfers_lost(const char *instance, bool but_named, const char *reason,
		    transfer_h *h);
void transfers_each(const char *instance, transfer_h *h);

int transfer_report(struct transfer **tp, const struct report *r,
		    const char *instance, const char *node,
		    const struct call *call, const char *verb_id);
void transfer_release(struct transfer *t);

#endif
