/**
 * @file event.c  One message of a member in the stream
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "event.h"
#include "json.h"
#include "textcheck.h"


static void member_handler(const struct member *m, void *arg)
{
	struct event *e = arg;

	if (!strcmp(m->key, "type"))
		e->type = m->text;
	else if (!strcmp(m->key, "time"))
		e->time = m->text;
	else if (!strcmp(m->key, "call_sid"))
		e->call_sid = m->text;
	else if (!strcmp(m->key, "data"))
		e->data = m->text;
}


/* The number follows the type, whose text has no quotes */
static int find_seq(struct event *e)
{
	static const char begin[] = "{\"type\":\"", seq[] = "\"seq\":";
	const char *p;
	char *end;

	if (strncmp(e->line, begin, sizeof(begin) - 1))
		return EBADMSG;

	p = strchr(e->line + sizeof(begin) - 1, '"');
	if (!p || p[1] != ',' || strncmp(p + 2, seq, sizeof(seq) - 1))
		return EBADMSG;

	p += 2 + sizeof(seq) - 1;
	e->head = (size_t)(p - e->line);
	e->seq = strtoull(p, &end, 10);
	e->tail = (size_t)(end - e->line);

	return end > p && e->seq ? 0 : EBADMSG;
}


/**
 * Read a message
 *
 * @param e    Message, to be freed with event_free() in any case
 * @param line Its text, borrowed
 *
 * @return 0, ENOMEM, or EBADMSG if it is not valid
 */
int event_read(struct event *e, const char *line)
{
	const size_t len = strlen(line);
	int err;

	memset(e, 0, sizeof(*e));
	e->line = line;
	err = find_seq(e);
	if (err)
		return err;

	e->copy = strdup(line);
	if (!e->copy)
		return ENOMEM;

	if (!utf8_valid(line, len) || json_error(e->copy, len))
		return EBADMSG;

	err = members_read(e->copy, member_handler, e);

	return err || e->type ? err : EBADMSG;
}


/**
 * Free the members of a message
 *
 * @param e Message
 */
void event_free(struct event *e)
{
	free(e->copy);
	e->copy = NULL;
}


/**
 * Write a message with its number in the fleet, and whose it is
 *
 * @param j      Text
 * @param e      Message
 * @param f      Number in the fleet
 * @param member Its member
 */
void event_print(struct json *j, const struct event *e, uint64_t f,
		 const char *member)
{
	const size_t rest = strlen(e->line + e->tail);
	char mark[160];
	char *text;
	int n;

	n = snprintf(mark, sizeof(mark),
		     "%" PRIu64 ",\"member\":\"%s\",\"member_seq\":%" PRIu64,
		     f, member, e->seq);
	text = n > 0 && n < (int)sizeof(mark)
		       ? malloc(e->head + (size_t)n + rest + 1)
		       : NULL;
	if (text) {
		memcpy(text, e->line, e->head);
		memcpy(text + e->head, mark, (size_t)n);
		memcpy(text + e->head + n, e->line + e->tail, rest + 1);
	}
	else {
		j->failed = true;
	}

	json_raw(j, NULL, text);
	free(text);
}


/**
 * Begin a message that no member has written
 *
 * @param j        Text; data and the end of the object are to follow
 * @param type     Type
 * @param f        Number in the fleet
 * @param time     When it came about
 * @param msgid    Id, NULL for none
 * @param member   Member that it is about
 * @param call_sid Call that it belongs to, NULL for none
 */
void event_begin(struct json *j, const char *type, uint64_t f,
		 const char *time, const char *msgid, const char *member,
		 const char *call_sid)
{
	json_open(j, NULL, '{');
	json_str(j, "type", type);
	json_int(j, "seq", (int64_t)f);
	json_str(j, "member", member);
	json_str(j, "time", time);
	json_str(j, "msgid", msgid);
	json_str(j, "call_sid", call_sid);
}
