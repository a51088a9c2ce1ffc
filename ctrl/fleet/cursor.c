/**
 * @file cursor.c  How far we have published, as we know ourselves
 *
 * The stream itself is the better source as long as it has a message of ours.
 * So this is stored only now and then.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "cursor.h"
#include "jetstream.h"
#include "json.h"
#include "store/store.h"


enum { SAVE_TIME = 5000 }; /* ms */

static const char name[] = "cursor";

static struct {
	char epoch[JETSTREAM_TIME_SIZE];
	uint64_t last;
	bool dirty;
	int64_t saved; /* when [ms] */
} cursor;


static void write(void)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "epoch", cursor.epoch);
	json_int(&j, "last", (int64_t)cursor.last);
	json_close(&j, '}');
	store_put(STORE_FLEET, name, json_done(&j));
	json_free(&j);
	cursor.dirty = false;
	cursor.saved = clock_steady_ms();
}


static void save_handler(void)
{
	if (cursor.dirty && clock_steady_ms() - cursor.saved >= SAVE_TIME)
		write();
}


static void member_handler(const struct member *m, void *arg)
{
	(void)arg;

	if (m->key && !strcmp(m->key, "epoch") && m->type == MEMBER_STRING)
		(void)snprintf(cursor.epoch, sizeof(cursor.epoch), "%s",
			       m->text);
	else if (m->key && !strcmp(m->key, "last"))
		cursor.last = (uint64_t)member_int(m, 0);
}


static void load_handler(const char *key, const char *data, void *arg)
{
	char *copy = strcmp(key, name) != 0 ? NULL : strdup(data);
	(void)arg;

	if (copy)
		(void)members_read(copy, member_handler, NULL);
	free(copy);
}


/**
 * Load the cursor
 */
void cursor_open(void)
{
	memset(&cursor, 0, sizeof(cursor));
	store_each(STORE_FLEET, load_handler, NULL);
	store_saver_add(save_handler);
}


/**
 * Store the cursor
 */
void cursor_close(void)
{
	store_saver_remove(save_handler);
	if (cursor.dirty)
		write();
}


/**
 * Get the cursor
 *
 * @param epoch Which stream
 *
 * @return Number of the last message that is in it, 0 if none is
 */
uint64_t cursor_of(const char *epoch)
{
	return strcmp(cursor.epoch, epoch) ? 0 : cursor.last;
}


/**
 * Set the cursor
 *
 * @param epoch Which stream
 * @param last  Number of the last message that is in it
 */
void cursor_set(const char *epoch, uint64_t last)
{
	if (strcmp(cursor.epoch, epoch) != 0)
		(void)snprintf(cursor.epoch, sizeof(cursor.epoch), "%s",
			       epoch);
	cursor.last = last;
	cursor.dirty = true;
}
