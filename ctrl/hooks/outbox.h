/**
 * @file outbox.h  The hooks that are not delivered yet, as the store has them
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef OUTBOX_H
#define OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/base.h"
#include "hooks.h"
#include "stream/stream.h"


struct posting {
	struct posting *next;
	struct chain *chain;
	char id[HOOK_ID_SIZE];
	struct hook hook;
	struct sender *client; /* NULL for nobody */
	enum dialect dialect;
	char *transfer_id; /* may be NULL */
	char *verb_id;     /* may be NULL */
	char *trace;       /* may be NULL */
	char *data;
	enum hook_kind kind;
	bool http;
	bool sent; /* and not answered yet */
	bool old;  /* of a transfer that began before a restart */
	int attempt;
	uint64_t seq;    /* of the verb:hook that carried it last */
	int64_t created; /* ms since 1970 */
	struct timer timer;
	struct webhook *webhook; /* while an HTTP request is under way */
};

/* The hooks of one call.  Only the first is on its way. */
struct chain {
	struct posting *head;
	char sid[];
};

typedef void(outbox_each_h)(struct chain *c, void *arg);

int outbox_init(timer_h *h);
void outbox_close(void);
void outbox_load(void);
bool outbox_full(void);

int outbox_add(struct posting **pp, const struct hook_post *post);
void outbox_save(const struct posting *p);
struct chain *outbox_remove(struct posting *p);
struct chain *outbox_chain(const char *sid);
struct posting *outbox_find(const char *id);
void outbox_each(outbox_each_h *h, void *arg);

#endif
