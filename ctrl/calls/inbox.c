/**
 * @file inbox.c  The lists of verbs that are under check, in order
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "calls.h"
#include "inbox.h"
#include "json.h"
#include "stream/stream.h"
#include "verb.h"


enum { LISTS_MAX = 64 };


static void destroy(struct instruction *in)
{
	verbs_free(in->verbs);
	free(in->sender);
	free(in);
}


static int create(struct instruction **inp, enum queue_mode mode,
		  const struct sender *sender)
{
	struct instruction *in = calloc(1, sizeof(*in));

	if (!in)
		return ENOMEM;

	in->mode = mode;
	if (sender_copy(&in->sender, sender)) {
		destroy(in);
		return ENOMEM;
	}

	*inp = in;

	return 0;
}


static void append(struct inbox *b, struct instruction *in)
{
	struct instruction **tail = &b->head;

	while (*tail)
		tail = &(*tail)->next;

	*tail = in;
}


/**
 * Free all lists
 *
 * @param b Inbox
 */
void inbox_clear(struct inbox *b)
{
	while (b->head)
		inbox_drop(b);
}


/**
 * Tell whether no further list fits
 *
 * @param b Inbox
 *
 * @return True if it is full
 */
bool inbox_full(const struct inbox *b)
{
	unsigned n = 0;

	for (const struct instruction *in = b->head; in; in = in->next)
		++n;

	return n >= LISTS_MAX;
}


/**
 * Add a list
 *
 * @param b      Inbox
 * @param verbsp Verbs; the inbox takes them over and leaves NULL
 * @param mode   Effect of the list on the verbs that wait
 * @param sender Sender and its trace; it gets that of the first verb
 *
 * @return 0, or ENOMEM
 */
int inbox_add(struct inbox *b, struct verb **verbsp, enum queue_mode mode,
	      const struct sender *sender)
{
	struct sender s = *sender;
	struct instruction *in;
	int err;

	err = verbs_trace(*verbsp, sender->trace);
	if (err)
		return err;

	s.trace = (*verbsp)->trace;
	err = create(&in, mode, &s);
	if (err)
		return err;

	in->verbs = *verbsp;
	*verbsp = NULL;
	append(b, in);

	return 0;
}


/**
 * Free the first list
 *
 * @param b Inbox, not empty
 */
void inbox_drop(struct inbox *b)
{
	struct instruction *in = b->head;

	b->head = in->next;
	destroy(in);
}


/**
 * Send an error to the sender of the first list, and free the list
 *
 * @param b        Inbox, not empty
 * @param f        Error
 * @param call_sid Call that it was for
 */
void inbox_refuse(struct inbox *b, struct error *f, const char *call_sid)
{
	const struct instruction *in = b->head;

	if (in->sender && in->sender->msgid)
		(void)snprintf(f->ref, sizeof(f->ref), "%s",
			       in->sender->msgid);

	reply_error(in->sender, f, call_sid);
	inbox_drop(b);
}


/**
 * Write an inbox, for inbox_load() to read
 *
 * @param j Text, in an open object
 * @param b Inbox
 */
void inbox_save(struct json *j, const struct inbox *b)
{
	json_open(j, "inbox", '[');
	for (const struct instruction *in = b->head; in; in = in->next) {
		json_open(j, NULL, '{');
		verbs_print(j, "verbs", in->verbs);
		sender_save(j, "sender", in->sender);
		json_int(j, "mode", in->mode);
		json_bool(j, "run", in->run);
		json_bool(j, "cancelled", in->cancelled);
		json_str(j, "ref", in->ref);
		json_close(j, '}');
	}
	json_close(j, ']');
}


static int load(struct inbox *b, const cJSON *obj)
{
	const struct sender nobody = {.kind = SENDER_NOBODY};
	const char *ref = field_str(obj, "ref");
	struct sender *sender;
	struct instruction *in;
	int err;

	if (!ref)
		return EBADMSG;

	err = sender_load(&sender,
			  cJSON_GetObjectItemCaseSensitive(obj, "sender"));
	if (err)
		return err;

	err = create(&in, (enum queue_mode)field_int(obj, "mode", 0),
		     sender ? sender : &nobody);
	free(sender);
	if (err)
		return err;

	append(b, in);
	in->run = field_bool(obj, "run");
	in->cancelled = field_bool(obj, "cancelled");
	(void)snprintf(in->ref, sizeof(in->ref), "%s", ref);

	return verbs_load(&in->verbs,
			  cJSON_GetObjectItemCaseSensitive(obj, "verbs"));
}


/**
 * Read what inbox_save() wrote
 *
 * @param b     New inbox
 * @param array Array of lists
 *
 * @return 0, ENOMEM, or EBADMSG if a list has no ref, or its sender or one of
 *         its verbs is not valid
 */
int inbox_load(struct inbox *b, const cJSON *array)
{
	const cJSON *obj;
	int err;

	cJSON_ArrayForEach(obj, array)
	{
		err = load(b, obj);
		if (err)
			return err;
	}

	return 0;
}
