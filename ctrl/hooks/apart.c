/**
 * @file apart.c  The actionHooks that another member of a fleet may have sent
 *
 * If a member could not report the end of a transfer, another member gave the
 * transfer up and sent its hook.  So a returning member holds back the hooks
 * of transfers from before, until it knows which of them were given up.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "apart.h"
#include "base/base.h"
#include "chain.h"
#include "hooks.h"
#include "outbox.h"


enum { SENT_MAX = 10000 };

static struct {
	bool hold;
	int64_t begin;      /* ms since 1970: what began before is old */
	struct table *sent; /* by another: by transfer_id */
	char *ids[SENT_MAX];
	size_t next; /* whose place is taken next */
} apart;


/**
 * Get ready
 *
 * @return 0, or ENOMEM
 */
int apart_init(void)
{
	return table_create(&apart.sent);
}


/**
 * Forget all
 */
void apart_close(void)
{
	for (size_t i = 0; i < SENT_MAX; i++)
		free(apart.ids[i]);

	table_destroy(apart.sent);
	memset(&apart, 0, sizeof(apart));
}


/* Only the hook of an outcome is another's to send */
static bool is_outcome(const struct posting *p)
{
	return p->kind == HOOK_ACTION && p->transfer_id;
}


/**
 * Tell whether a hook must wait until it is known whether another has sent it
 *
 * @param p Hook
 *
 * @return True if it must
 */
bool apart_held(const struct posting *p)
{
	return apart.hold && p->old && is_outcome(p);
}


/**
 * Tell whether another has sent a hook
 *
 * @param p Hook
 *
 * @return True if it has: it is not to be sent again
 */
bool apart_sent(const struct posting *p)
{
	return is_outcome(p) && !hook_secret(&p->hook) &&
	       table_get(apart.sent, p->transfer_id);
}


/**
 * Take note how old the transfer of a new hook is
 *
 * @param p     Hook
 * @param begun When the transfer began, ms since 1970; 0 if it has none
 */
void apart_date(struct posting *p, int64_t begun)
{
	p->old = apart.hold && begun && begun < apart.begin;
}


static void release_handler(struct chain *c, void *arg)
{
	(void)arg;

	for (struct posting *p = c->head; p; p = p->next) {
		if (p->old && !p->http)
			p->created = clock_ms();
		p->old = false;
	}

	chain_pump(c);
}


void hooks_hold(bool on)
{
	if (on == apart.hold)
		return;

	apart.hold = on;
	apart.begin = clock_ms();
	if (!on)
		outbox_each(release_handler, NULL);
}


static void pump_handler(struct chain *c, void *arg)
{
	(void)arg;

	chain_pump(c);
}


void hooks_elsewhere(const char *transfer_id)
{
	char *id, **place = &apart.ids[apart.next];

	if (table_get(apart.sent, transfer_id))
		return;

	id = strdup(transfer_id);
	if (!id || table_put(apart.sent, id, id)) {
		log_error("hooks: the hook of transfer %s may be sent twice: "
			  "out of memory",
			  transfer_id);
		free(id);
		return;
	}

	if (*place)
		(void)table_take(apart.sent, *place);
	free(*place);
	*place = id;
	apart.next = (apart.next + 1) % SENT_MAX;
	outbox_each(pump_handler, NULL);
}
