/**
 * @file memo.c  Texts that are remembered for a while
 *
 * If there are too many, the oldest are dropped.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "memo.h"


struct note {
	struct note *prev, *next; /* in the order in which they came */
	int64_t time;
	char *text;
	char key[];
};

struct memo {
	struct table *notes; /* by key */
	struct note *head, *tail;
	size_t max;
	int64_t age; /* [ms] */
};


/**
 * Make a memory
 *
 * @param mp  Pointer to the new memory
 * @param max How many texts it may have
 * @param age Seconds after which they may be forgotten
 *
 * @return 0, or ENOMEM
 */
int memo_create(struct memo **mp, size_t max, double age)
{
	struct memo *m = calloc(1, sizeof(*m));

	if (!m)
		return ENOMEM;

	m->max = max;
	m->age = (int64_t)(age * 1000);
	if (table_create(&m->notes)) {
		free(m);
		return ENOMEM;
	}

	*mp = m;

	return 0;
}


static void drop(struct memo *m, struct note *n)
{
	(void)table_take(m->notes, n->key);
	*(n->prev ? &n->prev->next : &m->head) = n->next;
	*(n->next ? &n->next->prev : &m->tail) = n->prev;
	free(n->text);
	free(n);
}


/**
 * Forget all
 *
 * @param m Memory, may be NULL
 */
void memo_destroy(struct memo *m)
{
	if (!m)
		return;

	while (m->head)
		drop(m, m->head);
	table_destroy(m->notes);
	free(m);
}


static void make_room(struct memo *m)
{
	const int64_t now = clock_steady_ms();

	while (m->head && (table_count(m->notes) >= m->max ||
			   now - m->head->time > m->age))
		drop(m, m->head);
}


/**
 * Remember a text.  It is forgotten at once if memory runs out.
 *
 * @param m    Memory
 * @param key  Key; the previous text is replaced
 * @param text Text
 */
void memo_put(struct memo *m, const char *key, const char *text)
{
	const size_t len = strlen(key) + 1;
	struct note *n = table_get(m->notes, key);

	if (n)
		drop(m, n);
	make_room(m);

	n = calloc(1, sizeof(*n) + len);
	if (!n)
		return;

	memcpy(n->key, key, len);
	n->time = clock_steady_ms();
	n->text = strdup(text);
	if (!n->text || table_put(m->notes, n->key, n)) {
		free(n->text);
		free(n);
		return;
	}

	n->prev = m->tail;
	*(m->tail ? &m->tail->next : &m->head) = n;
	m->tail = n;
}


/**
 * Get a text
 *
 * @param m   Memory
 * @param key Key, may be NULL
 *
 * @return The text, NULL if there is none
 */
const char *memo_get(const struct memo *m, const char *key)
{
	const struct note *n = table_get(m->notes, key);

	return n ? n->text : NULL;
}
