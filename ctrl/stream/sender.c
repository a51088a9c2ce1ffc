/**
 * @file sender.c  The sender of a message, and the language that it speaks
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "json.h"
#include "stream.h"


static const char *const kinds[] = {
	[SENDER_NOBODY] = "nobody",
	[SENDER_CLIENT] = "client",
	[SENDER_HTTP] = "http",
	[SENDER_APP] = "app",
};

enum { KINDS = sizeof(kinds) / sizeof(*kinds) };


static size_t size_of(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}


/* Appends a text to the buffer */
static const char *put(char **endp, const char *text)
{
	char *copy = *endp;

	if (!text)
		return NULL;

	*endp = stpcpy(copy, text) + 1;

	return copy;
}


int sender_copy(struct sender **sp, const struct sender *from)
{
	struct sender *s;
	char *end;

	*sp = NULL;
	if (from->kind == SENDER_NOBODY)
		return 0;

	s = malloc(sizeof(*s) + size_of(from->name) + size_of(from->call_sid) +
		   size_of(from->msgid) + size_of(from->badge) +
		   size_of(from->trace));
	if (!s)
		return ENOMEM;

	*s = *from;
	end = (char *)(s + 1);
	s->name = put(&end, from->name);
	s->call_sid = put(&end, from->call_sid);
	s->msgid = put(&end, from->msgid);
	s->badge = put(&end, from->badge);
	s->trace = put(&end, from->trace);
	*sp = s;

	return 0;
}


bool sender_can_answer(const struct sender *s)
{
	return s && (s->kind == SENDER_CLIENT || s->kind == SENDER_APP);
}


void sender_save(struct json *j, const char *key, const struct sender *s)
{
	/* a request ends with referd: another one may have its name later */
	if (!s || s->kind == SENDER_HTTP)
		return;

	json_open(j, key, '{');
	json_str(j, "kind", kinds[s->kind]);
	json_str(j, "name", s->name);
	json_str(j, "call_sid", s->call_sid);
	json_str(j, "msgid", s->msgid);
	trace_print(j, s->trace);
	json_bool(j, "jambonz", s->dialect == DIALECT_JAMBONZ);
	json_bool(j, "quiet", s->quiet);
	json_close(j, '}');
}


int sender_load(struct sender **sp, const cJSON *obj)
{
	const char *kind = field_str(obj, "kind");
	char trace[TRACE_SIZE];
	struct sender s = {.name = field_str(obj, "name"),
			   .call_sid = field_str(obj, "call_sid"),
			   .msgid = field_str(obj, "msgid"),
			   .dialect = field_bool(obj, "jambonz")
					      ? DIALECT_JAMBONZ
					      : DIALECT_DEFAULT,
			   .quiet = field_bool(obj, "quiet")};

	trace_load(trace, obj);
	s.trace = *trace ? trace : NULL;
	for (int i = 0; kind && i < KINDS; i++) {
		if (!strcmp(kind, kinds[i]))
			s.kind = (enum sender_kind)i;
	}

	if (s.kind != SENDER_NOBODY && !s.name)
		return EBADMSG;

	return sender_copy(sp, &s);
}
