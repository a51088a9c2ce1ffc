/**
 * @file places.c  Places of the clients of other members, and messages that
 *                 wait for them
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "places.h"
#include "rq.h"


enum {
	PLACES_MAX = 20000,
	PARCELS_MAX = 1024, /* of a client */
};

static struct table *places; /* by name */


/**
 * Get ready
 *
 * @return 0, or ENOMEM
 */
int places_create(void)
{
	return table_create(&places);
}


static void parcel_free(struct parcel *q)
{
	if (q)
		free(q->msgid);
	free(q);
}


/**
 * Forget the first message of a client
 *
 * @param p Its place, with one
 */
void parcel_drop(struct place *p)
{
	struct parcel *q = p->head;

	p->head = q->next;
	if (!p->head)
		p->tail = NULL;
	--p->parcelc;
	parcel_free(q);
}


static void destroy(struct place *p)
{
	rq_cancel(p->sending);
	rq_cancel(p->looking);
	while (p->head)
		parcel_drop(p);
	free(p->member);
	free(p->badge);
	free(p);
}


static bool destroy_handler(const char *key, void *value, void *arg)
{
	(void)key;
	(void)arg;
	destroy(value);

	return false;
}


/**
 * Forget all
 */
void places_destroy(void)
{
	if (places)
		table_each(places, destroy_handler, NULL);
	table_destroy(places);
	places = NULL;
}


/**
 * Count the clients whose place is kept
 *
 * @return How many
 */
size_t places_count(void)
{
	return places ? table_count(places) : 0;
}


/**
 * Find the place of a client
 *
 * @param name Its name
 *
 * @return The place, NULL if unknown
 */
struct place *place_find(const char *name)
{
	return places ? table_get(places, name) : NULL;
}


/**
 * Get the place of a client, and make it if unknown
 *
 * @param name Its name
 *
 * @return The place, NULL if out of memory, or if there are too many
 */
struct place *place_get(const char *name)
{
	struct place *p = place_find(name);

	if (p || !places || table_count(places) >= PLACES_MAX)
		return p;

	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;

	(void)snprintf(p->name, sizeof(p->name), "%s", name);
	p->time = clock_steady_ms();
	if (table_put(places, p->name, p)) {
		free(p);
		return NULL;
	}

	return p;
}


/**
 * Forget the place of a client, and what waits for it
 *
 * @param p Place
 */
void place_drop(struct place *p)
{
	(void)table_take(places, p->name);
	destroy(p);
}


struct each {
	struct place **found;
	size_t count;
};


static bool collect_handler(const char *key, void *value, void *arg)
{
	struct each *each = arg;
	(void)key;

	each->found[each->count++] = value;

	return false;
}


/**
 * Call a handler for each place
 *
 * @param h   Handler, which may drop the one that it is called for, and no
 *            other
 * @param arg Handler argument
 */
void places_each(place_h *h, void *arg)
{
	struct each each = {.count = 0};

	if (!places_count())
		return;

	/* telling one may add others */
	each.found = calloc(places_count(), sizeof(struct place *));
	if (!each.found)
		return;

	table_each(places, collect_handler, &each);
	for (size_t i = 0; i < each.count; i++)
		h(each.found[i], arg);
	free(each.found);
}


/* A repeated hook replaces the one that is still on its way */
static void replace(struct place *p, const char *msgid)
{
	struct parcel **qp = &p->head, *q;

	/* the first is being sent: whether it has arrived is not known yet */
	if (*qp && p->sending)
		qp = &(*qp)->next;

	while ((q = *qp)) {
		if (!q->msgid || strcmp(q->msgid, msgid)) {
			qp = &q->next;
			continue;
		}
		*qp = q->next;
		--p->parcelc;
		parcel_free(q);
	}

	p->tail = p->head;
	while (p->tail && p->tail->next)
		p->tail = p->tail->next;
}


/* The msgid of a hook, to be freed; NULL of anything else */
static char *hook_of(const char *text)
{
	cJSON *tree = cJSON_Parse(text);
	const char *msgid = field_str(tree, "msgid");
	char *copy = msgid && field_str(tree, "hook") ? strdup(msgid) : NULL;

	cJSON_Delete(tree);

	return copy;
}


/* But for the one that is being sent */
static void drop_oldest(struct place *p)
{
	struct parcel *q = p->head->next;

	if (!p->sending) {
		parcel_drop(p);
		return;
	}

	p->head->next = q->next;
	if (p->tail == q)
		p->tail = p->head;
	--p->parcelc;
	parcel_free(q);
}


/**
 * Add a message for a client; if there are too many, the oldest is dropped
 *
 * @param p    Its place
 * @param seq  Number of the message
 * @param text JSON text
 *
 * @return 0, or ENOMEM
 */
int parcel_add(struct place *p, uint64_t seq, const char *text)
{
	const size_t len = strlen(text) + 1;
	struct parcel *q = calloc(1, sizeof(*q) + len);

	if (!q)
		return ENOMEM;

	q->seq = seq;
	q->time = clock_steady_ms();
	q->msgid = hook_of(text);
	memcpy(q->text, text, len);
	if (q->msgid)
		replace(p, q->msgid);

	if (p->tail)
		p->tail->next = q;
	else
		p->head = q;
	p->tail = q;
	++p->parcelc;

	if (p->parcelc > PARCELS_MAX)
		drop_oldest(p);

	return 0;
}
