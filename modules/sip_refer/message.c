/**
 * @file message.c  What a SIP message said, as JSON
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <re.h>
#include "json.h"
#include "sip_refer.h"


enum {
	BODY_MAX = 1024,   /* of a body, that a report shows [bytes] */
	OWN_HDRS_MAX = 64, /* fields of a request of ours            */
};


/* Several fields of one name are one field with commas, RFC 3261 7.3.1 */
static int value_join(char **valp, const struct sip_hdr *hdrv, size_t hdrc)
{
	char *val, *next, *both;
	size_t i;
	int err;

	err = text_scrub(&val, &hdrv[0].val);

	for (i = 1; i < hdrc && !err; i++) {

		if (pl_casecmp(&hdrv[i].name, &hdrv[0].name))
			continue;

		err = text_scrub(&next, &hdrv[i].val);
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


static bool is_first(const struct sip_hdr *hdrv, size_t i)
{
	size_t k;

	for (k = 0; k < i; k++) {
		if (!pl_casecmp(&hdrv[k].name, &hdrv[i].name))
			return false;
	}

	return true;
}


static int headers_write(struct json *j, const struct sip_hdr *hdrv,
			 size_t hdrc)
{
	char *name, *val;
	size_t i;
	int err = 0;

	for (i = 0; i < hdrc && !err; i++) {

		if (!is_first(hdrv, i))
			continue;

		err = text_scrub(&name, &hdrv[i].name);
		if (err)
			break;

		err = value_join(&val, &hdrv[i], hdrc - i);
		if (!err) {
			json_str(j, name, val);
			mem_deref(val);
		}
		mem_deref(name);
	}

	return err;
}


/**
 * Write the header fields of a message, by their full names
 *
 * @param j   Text, an open object
 * @param msg SIP message
 * @param max How much of them [bytes]; what is too much is left out, the
 *            smaller ones stay
 *
 * @return 0 if success, otherwise errorcode
 */
int message_headers(struct json *j, const struct sip_msg *msg, size_t max)
{
	struct sip_hdr *hdrv;
	struct le *le;
	size_t size = 0, hdrc = 0;
	int err;

	hdrv = mem_alloc((list_count(&msg->hdrl) + 1) * sizeof(*hdrv), NULL);
	if (!hdrv)
		return ENOMEM;

	for (le = list_head(&msg->hdrl); le; le = le->next) {

		const struct sip_hdr *hdr = le->data;

		if (size + hdr->name.l + hdr->val.l > max)
			continue;

		size += hdr->name.l + hdr->val.l;
		hdrv[hdrc] = *hdr;
		header_full_name(&hdrv[hdrc++].name);
	}

	err = headers_write(j, hdrv, hdrc);
	mem_deref(hdrv);

	return err;
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
	err = text_scrub(strp, &pl);
	mem_deref(line);

	return err;
}


/* Line by line, since a line end is a control character, too */
static int body_write(struct json *j, const struct sip_msg *msg)
{
	struct pl body, line;
	char *str;
	int err = 0;

	pl_set_mbuf(&body, msg->mb);
	if (!body.l)
		return 0;
	if (body.l > BODY_MAX)
		body.l = BODY_MAX;

	json_open(j, "body", '[');
	while (!err && !re_regex(body.p, body.l, "[^\r\n]+", &line)) {

		err = text_scrub(&str, &line);
		if (err)
			break;

		json_str(j, NULL, str);
		mem_deref(str);
		pl_advance(&body, line.p + line.l - body.p);
	}
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


/**
 * Make the JSON of a message: its first line, its header fields, its body
 *
 * @param msg SIP message
 *
 * @return Text, to be freed; NULL if there is no memory for it
 */
char *message_json(const struct sip_msg *msg)
{
	struct json j;
	char *start;
	int err;

	err = start_line(&start, msg);
	if (err)
		return NULL;

	message_begin(&j, start);

	json_open(&j, "headers", '{');
	err = message_headers(&j, msg, MESSAGE_HDRS_MAX);
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


/**
 * Make the JSON of a request that we send
 *
 * @param request The request, without the Via that the transport writes, and
 *                without a body
 *
 * @return Text, to be freed; NULL if there is no memory for it
 */
char *message_json_text(const char *request)
{
	struct sip_hdr hdrv[OWN_HDRS_MAX];
	struct pl left, line;
	struct json j;
	char *start;
	size_t hdrc = 0;
	int err;

	pl_set_str(&left, request);
	line_get(&line, &left);
	err = text_scrub(&start, &line);
	if (err)
		return NULL;

	message_begin(&j, start);

	for (line_get(&line, &left); line.l && hdrc < OWN_HDRS_MAX;
	     line_get(&line, &left)) {

		struct sip_hdr *hdr = &hdrv[hdrc];
		const char *colon = pl_strchr(&line, ':');

		if (!colon)
			continue;

		hdr->name.p = line.p;
		hdr->name.l = colon - line.p;
		hdr->val = line;
		pl_advance(&hdr->val, hdr->name.l + 1);
		text_trim(&hdr->val);
		header_full_name(&hdr->name);
		++hdrc;
	}

	json_open(&j, "headers", '{');
	err = headers_write(&j, hdrv, hdrc);
	json_close(&j, '}');

	return message_end(&j, err);
}
