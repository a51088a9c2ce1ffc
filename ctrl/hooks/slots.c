/**
 * @file slots.c  Limits of simultaneous requests: in all, and to one host
 *
 * Each connection takes descriptors.  Further requests wait: those to one host
 * in their order, the hosts in turns.  A host that does not answer delays only
 * its own requests.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "hooks.h"
#include "slots.h"


enum { SLOTS_PER_HOST = 16 };

struct slot_host {
	struct slot_host *next, **link; /* of those that have some waiting */
	char *name;
	unsigned runs;
	struct slot *head, **tail; /* waiting */
};

static struct {
	struct table *hosts; /* by name */
	struct slot_host *head, **tail;
	unsigned runs;
} slots = {.tail = &slots.head};


static struct slot_host *find(const char *name)
{
	struct slot_host *host = table_get(slots.hosts, name);

	if (host || (!slots.hosts && table_create(&slots.hosts)))
		return host;

	host = calloc(1, sizeof(*host));
	if (!host)
		return NULL;

	host->tail = &host->head;
	host->name = strdup(name);
	if (!host->name || table_put(slots.hosts, host->name, host)) {
		free(host->name);
		free(host);
		return NULL;
	}

	return host;
}


static void host_enter(struct slot_host *host)
{
	host->next = NULL;
	host->link = slots.tail;
	*host->link = host;
	slots.tail = &host->next;
}


static void host_leave(struct slot_host *host)
{
	*host->link = host->next;
	if (host->next)
		host->next->link = host->link;
	else
		slots.tail = host->link;
	host->link = NULL;
}


/* Nothing refers to it any more */
static void host_release(struct slot_host *host)
{
	if (host->runs || host->head)
		return;

	(void)table_take(slots.hosts, host->name);
	free(host->name);
	free(host);
	if (!table_count(slots.hosts)) {
		table_destroy(slots.hosts);
		slots.hosts = NULL;
	}
}


static void wait(struct slot *s)
{
	struct slot_host *host = s->host;

	if (!host->head)
		host_enter(host);

	s->next = NULL;
	s->link = host->tail;
	*s->link = s;
	host->tail = &s->next;
}


static void wait_no_more(struct slot *s)
{
	struct slot_host *host = s->host;

	*s->link = s->next;
	if (s->next)
		s->next->link = s->link;
	else
		host->tail = s->link;

	if (!host->head)
		host_leave(host);
}


static void run(struct slot *s)
{
	s->runs = true;
	++s->host->runs;
	++slots.runs;
}


/* The host that has its turn has it last the next time */
static struct slot *next(void)
{
	struct slot_host *host = slots.head;
	struct slot *s;

	if (slots.runs >= SLOTS_MAX)
		return NULL;

	while (host && host->runs >= SLOTS_PER_HOST)
		host = host->next;
	if (!host)
		return NULL;

	s = host->head;
	wait_no_more(s);
	if (host->head) {
		host_leave(host);
		host_enter(host);
	}

	return s;
}


/**
 * Take a slot, or wait for one
 *
 * @param s    Slot, to be left in any case
 * @param host Host of the request
 * @param h    Called later if no slot is free now; it may leave the slot
 * @param arg  Handler argument
 *
 * @return 0 if it is taken, EAGAIN if it waits, or ENOMEM
 */
int slot_take(struct slot *s, const char *host, slot_h *h, void *arg)
{
	*s = (struct slot){.host = find(host), .h = h, .arg = arg};
	if (!s->host)
		return ENOMEM;

	if (slots.runs >= SLOTS_MAX || s->host->runs >= SLOTS_PER_HOST) {
		wait(s);
		return EAGAIN;
	}

	run(s);

	return 0;
}


/**
 * Leave a slot, or stop waiting for one; the next request gets it
 *
 * @param s Slot; nothing is done if it has been left, or was never taken
 */
void slot_leave(struct slot *s)
{
	struct slot_host *host = s->host;

	if (!host)
		return;

	if (s->runs) {
		--host->runs;
		--slots.runs;
	}
	else {
		wait_no_more(s);
	}
	s->host = NULL;
	host_release(host);

	s = next();
	if (s) {
		run(s);
		s->h(s->arg);
	}
}
