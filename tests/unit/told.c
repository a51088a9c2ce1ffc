/**
 * @file told.c  What referd has told, looked up in its store
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "replayed.h"
#include "store/store.h"
#include "told.h"


struct search {
	const char *a, *b;
	unsigned count;
	char msgid[64];
};

static uint64_t begin; /* seq before the first message of a test */


/**
 * Forget what was told before
 */
void told_begin(void)
{
	begin = store_seq();
}


static void search_handler(uint64_t seq, const char *text, void *arg)
{
	struct search *s = arg;
	cJSON *tree;
	const char *msgid;
	(void)seq;

	if (!strstr(text, s->a) || !strstr(text, s->b))
		return;

	tree = cJSON_Parse(text);
	msgid = cJSON_GetStringValue(cJSON_GetObjectItem(tree, "msgid"));
	if (!s->count++)
		(void)snprintf(s->msgid, sizeof(s->msgid), "%s",
			       msgid ? msgid : "");
	cJSON_Delete(tree);
}


/**
 * Go through the messages since told_begin()
 *
 * @param client   Who got them, besides those that are for all
 * @param call_sid Call that they are about, NULL for any
 * @param h        Called for each
 * @param arg      Handler argument
 */
void told_each(const char *client, const char *call_sid, store_replay_h *h,
	       void *arg)
{
	replayed(begin, client, call_sid, false, h, arg);
}


/**
 * Count the messages that contain two texts
 *
 * @param client Who got them, besides those that are for all
 * @param a      One text
 * @param b      The other, "" if one is enough
 *
 * @return How many there were since told_begin()
 */
unsigned told(const char *client, const char *a, const char *b)
{
	struct search s = {.a = a, .b = b};

	told_each(client, NULL, search_handler, &s);

	return s.count;
}


/**
 * Get the msgid of the first message that contains two texts
 *
 * @param client Who got it, unless it was for all
 * @param a      One text
 * @param b      The other
 *
 * @return Its msgid, "" if there is none
 */
const char *told_msgid(const char *client, const char *a, const char *b)
{
	static struct search s;

	memset(&s, 0, sizeof(s));
	s.a = a;
	s.b = b;
	told_each(client, NULL, search_handler, &s);

	return s.msgid;
}
