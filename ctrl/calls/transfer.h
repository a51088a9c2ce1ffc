/**
 * @file transfer.h  One transfer, as its node reports it
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef TRANSFER_H
#define TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/base.h"


struct archive_transfer;
struct cJSON;
struct call;
struct json;
struct report;
struct verb;

typedef void(transfer_row_h)(const struct archive_transfer *row);

/* Only transfer.c and transfers.c change one; NULL or 0 is what is not known
 * (yet) */
struct transfer {
	char *id;
	char *call_sid;
	char *instance;
	char *node;
	char *from; /* URIs of the call */
	char *to;
	char *verb_id;
	char *traceparent; /* of its verb */
	char *tracestate;  /* likewise, may be NULL */
	char *verb;        /* its name, unless it is sip:refer */
	int attempt;  /* which of its verb, from 1 on; 0 if it has but one */
	int attempts; /* that the verb can have */
	char *step;
	char *refer_to;
	char *referred_by;
	char *reason;
	char *outcome; /* NULL while it is in progress */
	char *evidence;
	char *confidence; /* high or low */
	enum maybe media; /* it still comes, from the far end */
	int refer_status;
	int call_status;
	int late_status; /* that came behind its end */
	char *late_reason;
	int64_t started; /* ms since 1970 */
	int64_t ended;
	uint64_t seq; /* of the last message about it */
	struct transfer *next_dirty;
	bool dirty; /* not in the store as it is */
	bool named; /* its node has said that it knows it */
	bool told;  /* clients have heard of it */
};

int transfer_create(struct transfer **tp, const struct report *r,
		    const char *instance, const char *node,
		    const struct call *call, const struct verb *verb);
int transfer_load(struct transfer **tp, const char *id,
		  const struct cJSON *tree);
void transfer_destroy(struct transfer *t);
int transfer_read(struct transfer **tp, const struct cJSON *tree);
int transfer_copy(struct transfer **tp, const struct transfer *t);
int transfer_status(const struct transfer *t);
bool transfer_succeeded(const struct transfer *t);
int transfer_apply(struct transfer *t, const struct report *r);
void transfer_print(struct json *j, const struct transfer *t);
void transfer_print_of(struct json *j, const struct transfer *t,
		       const char *member);
void transfer_print_status(struct json *j, const struct transfer *t);
int transfer_retell(struct transfer *t, const struct cJSON *data);
int transfer_lose(struct transfer *t, const char *reason, int64_t time);
int transfer_overrule(struct transfer *t, const char *reason);
void transfer_row(const struct transfer *t, const char *member,
		  transfer_row_h *h);
void transfer_announce(struct transfer *t, const struct report *r);
int transfer_late(struct transfer *t, const struct report *r);
void transfer_warn(const struct report *r, const char *node);
void transfer_save(const struct transfer *t);

#endif
