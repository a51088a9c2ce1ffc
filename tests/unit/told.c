/**
 * @file told.c  Messages that referd has sent, read from its store
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
 * Forget all earlier messages
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
 * @param client   Client that got them, besides those for all
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
 * @param client Client that got them, besides those for all
 * @param a      One text
 * @param b      The other, "" if one is enough
 *
 * @return Number of them since told_begin()
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
 * @param client Client that got it, unless it was for all
 * @param a      One text
 * @param b      The other
 *
 * @return Its msgid, "" if no message contains both
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
