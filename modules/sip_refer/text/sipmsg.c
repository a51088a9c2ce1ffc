/**
 * @file sipmsg.c  A SIP message as JSON
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <string.h>
#include <re.h>
#include "json.h"
#include "text.h"
#include "syntax.h"


enum {
	START_MAX = 1024, /* of a first line, that a report shows [bytes] */
	BODY_MAX = 1024,  /* ... of a body [bytes]                        */
	FIELDS_MAX = 256, /* ... of header fields                         */
	VALUE_HEAD = 128, /* ... of a value that has no room [bytes]      */
	NAME_SIZE = 64,   /* of a name that is no long one [bytes]        */
	FIELD_EXTRA = 4,  /* what stands around name and value [bytes]    */
};

/** The header fields that a report shows of a message */
struct fields {
	struct field {
		struct pl name;
		struct pl val;
		size_t max; /* of the value [bytes]            */
		bool more;  /* one of the same name comes      */
		bool again; /* ... or stands before this one   */
	} v[FIELDS_MAX];
	size_t count;
	size_t room; /* left [bytes] */
};


static void fields_init(struct fields *fields, size_t room)
{
	fields->count = 0;
	fields->room = room;
}


/* Header fields of one name are written together, at the place of the first */
static void name_find(struct fields *fields, struct field *field)
{
	size_t i;

	for (i = 0; i < fields->count && !field->again; i++) {
		if (pl_casecmp(&fields->v[i].name, &field->name))
			continue;

		fields->v[i].more = true;
		field->again = true;
	}
}


/* A field that has no room is cut, or left out; the smaller ones stay */
static void field_add(struct fields *fields, const struct pl *name,
		      const struct pl *val)
{
	const size_t head = val->l < VALUE_HEAD ? val->l : VALUE_HEAD;
	struct pl full = *name;
	struct field *field;
	size_t max = val->l;

	if (fields->count == FIELDS_MAX)
		return;

	header_full_name(&full);
	if (full.l + max + FIELD_EXTRA > fields->room)
		max = head + strlen(TEXT_MARK);
	if (full.l + max + FIELD_EXTRA > fields->room)
		return;

	fields->room -= full.l + max + FIELD_EXTRA;
	field = &fields->v[fields->count];
	*field = (struct field){
		.name = full,
		.val = *val,
		.max = max < val->l ? head : val->l,
	};
	name_find(fields, field);
	++fields->count;
}


/* Several fields of one name are one field with commas, RFC 3261 7.3.1 */
static int value_join(char **valp, const struct field *fieldv, size_t fieldc)
{
	char *val, *next, *both;
	size_t i;
	int err;

	err = text_scrub_cut(&val, &fieldv[0].val, fieldv[0].max);

	for (i = 1; i < fieldc && !err; i++) {

		if (pl_casecmp(&fieldv[i].name, &fieldv[0].name))
			continue;

		err = text_scrub_cut(&next, &fieldv[i].val, fieldv[i].max);
		if (err)
			break;

		err = re_sdprintf(&both, "%s, %s", val, next);
		mem_deref(next);
		mem_deref(val);
		val = err ? NULL : both;
	}

	if (err)
		mem_deref(val);
	else
		*valp = val;

	return err;
}


/* Nearly each of them is alone, and goes as it came */
static int value_write(struct json *j, const char *name,
		       const struct field *fieldv, size_t fieldc)
{
	char *val;
	int err;

	if (!fieldv->more && fieldv->max == fieldv->val.l &&
	    text_is_plain(&fieldv->val)) {
		json_strn(j, name, fieldv->val.p, fieldv->val.l);
		return 0;
	}

	err = value_join(&val, fieldv, fieldc);
	if (!err) {
		json_str(j, name, val);
		mem_deref(val);
	}

	return err;
}


static int field_write(struct json *j, const struct field *fieldv,
		       size_t fieldc)
{
	char buf[NAME_SIZE], *name;
	int err;

	if (fieldv->name.l < sizeof(buf) && text_is_plain(&fieldv->name)) {
		(void)pl_strcpy(&fieldv->name, buf, sizeof(buf));
		return value_write(j, buf, fieldv, fieldc);
	}

	err = text_scrub(&name, &fieldv->name);
	if (!err) {
		err = value_write(j, name, fieldv, fieldc);
		mem_deref(name);
	}

	return err;
}


static int fields_write(struct json *j, const struct fields *fields)
{
	size_t i;
	int err = 0;

	for (i = 0; i < fields->count && !err; i++) {
		if (!fields->v[i].again)
			err = field_write(j, &fields->v[i], fields->count - i);
	}

	return err;
}


int sipmsg_headers(struct json *j, const struct sip_msg *msg, size_t max)
{
	struct fields fields;
	struct le *le;

	fields_init(&fields, max);
	for (le = list_head(&msg->hdrl); le; le = le->next) {

		const struct sip_hdr *hdr = le->data;

		field_add(&fields, &hdr->name, &hdr->val);
	}

	return fields_write(j, &fields);
}


static int start_line(char **strp, const struct sip_msg *msg)
{
	struct pl pl;
	char *line;
	int err;

	err = msg->req ? re_sdprintf(&line, "%r %r SIP/2.0", &msg->met,
				     &msg->ruri)
		       : re_sdprintf(&line, "SIP/2.0 %u %r", msg->scode,
				     &msg->reason);
	if (err)
		return err;

	pl_set_str(&pl, line);
	err = text_scrub_cut(strp, &pl, START_MAX);
	mem_deref(line);

	return err;
}


/* Line by line, since a line end is a control character, too */
static int body_write(struct json *j, const struct sip_msg *msg)
{
	struct pl body, line;
	bool cut;
	char *str;
	int err = 0;

	pl_set_mbuf(&body, msg->mb);
	if (!body.l)
		return 0;
	cut = text_cut(&body, BODY_MAX);

	json_open(j, "body", '[');
	while (!err && !re_regex(body.p, body.l, "[^\r\n]+", &line)) {

		err = text_scrub(&str, &line);
		if (err)
			break;

		json_str(j, NULL, str);
		mem_deref(str);
		pl_advance(&body, line.p + line.l - body.p);
	}
	if (cut)
		json_str(j, NULL, TEXT_MARK);
	json_close(j, ']');

	return err;
}


/* The first line is released here */
static void message_begin(struct json *j, char *start)
{
	json_init(j);
	json_open(j, NULL, '{');
	json_str(j, "start", start);
	mem_deref(start);
}


static char *message_end(struct json *j, int err)
{
	char *text;

	json_close(j, '}');
	text = err ? NULL : json_take(j);
	json_free(j);

	return text;
}


char *sipmsg_json(const struct sip_msg *msg)
{
	struct json j;
	char *start;
	int err;

	err = start_line(&start, msg);
	if (err)
		return NULL;

	message_begin(&j, start);

	json_open(&j, "headers", '{');
	err = sipmsg_headers(&j, msg, SIPMSG_HDRS_MAX);
	json_close(&j, '}');
	err |= body_write(&j, msg);

	return message_end(&j, err);
}


/* Up to the end of a line, which is passed over; what the far end has folded
   we send folded, and is one line, too */
static void line_get(struct pl *line, struct pl *text)
{
	const char *end = text->p + text->l, *p = text->p;

	while (p < end &&
	       (*p != '\r' || (end - p > 2 && (p[2] == ' ' || p[2] == '\t'))))
		++p;

	line->p = text->p;
	line->l = p - text->p;
	pl_advance(text, min(line->l + 2, text->l));
}


char *sipmsg_json_text(const char *request)
{
	struct fields fields;
	struct pl left, line;
	struct json j;
	char *start;
	int err;

	fields_init(&fields, SIPMSG_HDRS_MAX);
	pl_set_str(&left, request);
	line_get(&line, &left);
	err = text_scrub_cut(&start, &line, START_MAX);
	if (err)
		return NULL;

	message_begin(&j, start);

	for (line_get(&line, &left); line.l; line_get(&line, &left)) {

		const char *colon = pl_strchr(&line, ':');
		struct pl name = line;

		if (!colon)
			continue;

		name.l = colon - line.p;
		pl_advance(&line, name.l + 1);
		text_trim(&line);
		field_add(&fields, &name, &line);
	}

	json_open(&j, "headers", '{');
	err = fields_write(&j, &fields);
	json_close(&j, '}');

	return message_end(&j, err);
}
