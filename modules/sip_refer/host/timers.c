/**
 * @file timers.c  libre's timers that are far off, out of the way of the near
 *
 * libre keeps all timers in one sorted list, and searches the place of a new
 * one from the end. Transactions stay in it for 5 and for 32 s: with a hundred
 * transfers a second each retransmission timer passes thousands of them, which
 * takes half of baresip's time. So timers that are far off are taken out of
 * the list, and put back a moment before they are due. Starting or cancelling
 * one meanwhile unlinks it from where it is, as usual.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <re.h>
#include "host.h"


enum {
	NEAR = 250,       /* what comes so soon stays in the list [ms]  */
	TICK_LONG = 50,   /* between looks at it, while it is long [ms] */
	TICK_FAR = 125,   /* ... while others are out of it             */
	TICK_IDLE = 1000, /* ... and otherwise                          */
	FEW = 64,         /* a list of so many is not long              */
	SLOT_BITS = 7,    /* a slot has the timers of 128 ms ...        */
	SLOTS = 512,      /* ... again those of 65 s later, and so on   */
};

static struct {
	struct list slots[SLOTS];
	uint64_t next;     /* of the slots, the first not given back  */
	uint64_t farthest; /* none in them comes later than then [ms] */
	struct tmr tick;
} timers;


static uint64_t due(const struct le *le)
{
	return ((const struct tmr *)le->data)->jfs;
}


/* To where libre would put it */
static void give(struct list *list, struct le *le)
{
	struct le *before = list_tail(list);

	list_unlink(le);
	while (before && due(before) > due(le))
		before = before->prev;

	if (before)
		list_insert_after(list, before, le, le->data);
	else
		list_prepend(list, le, le->data);
}


static void give_slot(struct list *list, struct list *slot, uint64_t until)
{
	struct le *le = list_head(slot);

	while (le) {
		struct le *next = le->next;

		if (due(le) <= until)
			give(list, le);
		le = next;
	}
}


/* Once round is enough, however long this has not been called; and the clock
   may have been set back */
static void give_back(struct list *list, uint64_t until)
{
	const uint64_t last = until >> SLOT_BITS;

	if (timers.next + SLOTS <= last)
		timers.next = last - SLOTS + 1;
	else if (timers.next > last)
		timers.next = last;

	for (uint64_t i = timers.next; i <= last; i++)
		give_slot(list, &timers.slots[i % SLOTS], until);
	timers.next = last;
}


static bool is_long(const struct list *list)
{
	const struct le *le = list_head(list);

	for (unsigned n = 0; le && n < FEW; n++)
		le = le->next;

	return le != NULL;
}


/* From the end, where the farthest are */
static void take(struct list *list, uint64_t from)
{
	struct le *le = list_tail(list);

	if (le && due(le) > timers.farthest)
		timers.farthest = due(le);

	while (le && due(le) > from) {
		struct le *before = le->prev;
		struct list *slot =
			&timers.slots[(due(le) >> SLOT_BITS) % SLOTS];

		list_unlink(le);
		list_append(slot, le, le->data);
		le = before;
	}
}


static void tick_handler(void *arg)
{
	const uint64_t until = tmr_jiffies() + NEAR;
	struct list *list;
	uint64_t ms;
	(void)arg;

	/* running, it is in the list itself */
	tmr_start(&timers.tick, TICK_IDLE, tick_handler, NULL);
	list = compat_timer_list(&timers.tick);
	if (!list)
		return;

	give_back(list, until);
	ms = timers.farthest > until ? TICK_FAR : TICK_IDLE;
	if (is_long(list)) {
		take(list, until);
		ms = TICK_LONG;
	}
	tmr_start(&timers.tick, ms, tick_handler, NULL);
}


void timers_init(void)
{
	timers.next = (tmr_jiffies() + NEAR) >> SLOT_BITS;
	tmr_start(&timers.tick, TICK_IDLE, tick_handler, NULL);
}


void timers_close(void)
{
	struct list *list = compat_timer_list(&timers.tick);

	for (size_t i = 0; list && i < SLOTS; i++)
		give_slot(list, &timers.slots[i], UINT64_MAX);
	tmr_cancel(&timers.tick);
}
