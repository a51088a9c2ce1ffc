/**
 * @file journal.c  What was written, until it is on disk
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "journal.h"


static struct {
	struct write *head;
	struct write *last; /* of any, if there is a head */
	size_t size;        /* bytes */
	size_t count;
} journal;


static void forget(struct write *w)
{
	journal.size -= w->size;
	--journal.count;
	free(w);
}


/**
 * Add a write
 *
 * @param stmt   Number of its statement
 * @param values What is bound to it, copied
 * @param count  Number of values
 *
 * @return 0 if success, otherwise errorcode
 */
int journal_add(unsigned stmt, const struct value *values, unsigned count)
{
	size_t size = sizeof(struct write) + count * sizeof(*values);
	struct write *w;
	char *p;

	for (unsigned i = 0; i < count; i++)
		size += values[i].text ? strlen(values[i].text) + 1 : 0;

	w = malloc(size);
	if (!w)
		return ENOMEM;

	w->next = NULL;
	w->stmt = stmt;
	w->count = count;
	w->size = size;
	w->ends_turn = false;

	p = (char *)&w->values[count];
	for (unsigned i = 0; i < count; i++) {
		w->values[i] = values[i];
		if (!values[i].text)
			continue;

		w->values[i].text = p;
		p = stpcpy(p, values[i].text) + 1;
	}

	if (journal.head)
		journal.last->next = w;
	else
		journal.head = w;
	journal.last = w;
	journal.size += size;
	++journal.count;

	return 0;
}


/**
 * Say that what belongs together is complete
 */
void journal_end_turn(void)
{
	if (journal.head)
		journal.last->ends_turn = true;
}


/**
 * Get the oldest write
 *
 * @return Write, NULL if there is none
 */
struct write *journal_first(void)
{
	return journal.head;
}


/**
 * Forget the oldest write
 */
void journal_drop_first(void)
{
	struct write *w = journal.head;

	if (!w)
		return;

	journal.head = w->next;
	forget(w);
}


/**
 * Forget the writes of a statement
 *
 * @param stmt Its number
 */
void journal_drop_all(unsigned stmt)
{
	struct write **wp = &journal.head, *before = NULL;

	while (*wp) {
		struct write *w = *wp;

		if (w->stmt != stmt) {
			before = w;
			wp = &w->next;
			continue;
		}

		if (before && w->ends_turn)
			before->ends_turn = true;
		*wp = w->next;
		forget(w);
	}

	journal.last = before;
}


/**
 * Forget all writes
 */
void journal_clear(void)
{
	while (journal.head)
		journal_drop_first();
}


/**
 * Tell how much memory the writes take
 *
 * @return Bytes
 */
size_t journal_size(void)
{
	return journal.size;
}


/**
 * Count the writes
 *
 * @return How many there are
 */
size_t journal_count(void)
{
	return journal.count;
}
