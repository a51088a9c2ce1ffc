/**
 * @file returns.c  Positions of clients of a fleet when they left
 *
 * A message to one client alone has no number of the fleet, so that its
 * `since` does not cover it.  This referd remembers its position for a while.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "returns.h"
#include "stream.h"


enum {
	COUNT_MAX = 1024, /* clients that are remembered */
	TIME = 600000,    /* ms */
};

struct leaver {
	struct leaver *next;
	char name[CLIENT_NAME_SIZE];
	uint64_t seq;
	int64_t time; /* when it left, ms */
};

static struct {
	struct leaver *head, **tail; /* in the order in which they left */
	unsigned count;
} returns = {.tail = &returns.head};


static void drop(struct leaver **link)
{
	struct leaver *l = *link;

	*link = l->next;
	if (!*link)
		returns.tail = link;
	--returns.count;
	free(l);
}


static struct leaver **find(const char *name)
{
	struct leaver **link = &returns.head;

	while (*link && strcmp((*link)->name, name))
		link = &(*link)->next;

	return link;
}


static void drop_old(void)
{
	const int64_t oldest = clock_steady_ms() - TIME;

	while (returns.head &&
	       (returns.count > COUNT_MAX || returns.head->time < oldest))
		drop(&returns.head);
}


/**
 * Remember the position of a client
 *
 * @param name Its name
 * @param seq  Number of the last message for it alone
 */
void returns_add(const char *name, uint64_t seq)
{
	struct leaver *l = calloc(1, sizeof(*l));
	struct leaver **link = find(name);

	if (*link)
		drop(link);
	if (!l)
		return;

	strcpy(l->name, name);
	l->seq = seq;
	l->time = clock_steady_ms();
	*returns.tail = l;
	returns.tail = &l->next;
	++returns.count;
	drop_old();
}


/**
 * Get the position of a client that comes back
 *
 * @param name Its name
 *
 * @return Number of the last message for it alone, UINT64_MAX if that is not
 *         known
 */
uint64_t returns_take(const char *name)
{
	struct leaver **link;
	uint64_t seq;

	drop_old();
	link = find(name);
	if (!*link)
		return UINT64_MAX;

	seq = (*link)->seq;
	drop(link);

	return seq;
}


/**
 * Forget all
 */
void returns_close(void)
{
	while (returns.head)
		drop(&returns.head);
}
