/**
 * @file message.c  What a SIP message said, as JSON
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <cjson/cJSON.h>
#include <re.h>
#include "sip_refer.h"


enum {
	BODY_MAX = 1024, /* of a body, that a report shows [bytes] */
};


/* Several fields of one name are one field with commas, RFC 3261 7.3.1 */
static int header_add(cJSON *headers, const struct sip_hdr *hdr)
{
	const cJSON *old;
	char *name = NULL, *val = NULL, *both = NULL;
	int err;

	err = text_scrub(&name, &hdr->name);
	err |= text_scrub(&val, &hdr->val);
	if (err)
		goto out;

	old = cJSON_GetObjectItem(headers, name);
	if (!old) {
		cJSON_AddStringToObject(headers, name, val);
		goto out;
	}

	err = re_sdprintf(&both, "%s, %s", old->valuestring, val);
	if (!err)
		cJSON_ReplaceItemInObject(headers, old->string,
					  cJSON_CreateString(both));

out:
	mem_deref(name);
	mem_deref(val);
	mem_deref(both);

	return err;
}


/**
 * Read the header fields of a message
 *
 * @param headers Object that takes them, name and value
 * @param msg     SIP message
 * @param max     How much of them [bytes]; what is too much is left out, the
 *                smaller ones stay
 *
 * @return 0 if success, otherwise errorcode
 */
int message_headers(struct cJSON *headers, const struct sip_msg *msg,
		    size_t max)
{
	struct le *le;
	size_t size = 0;
	int err = 0;

	for (le = list_head(&msg->hdrl); le && !err; le = le->next) {

		const struct sip_hdr *hdr = le->data;

		if (size + hdr->name.l + hdr->val.l > max)
			continue;

		size += hdr->name.l + hdr->val.l;
		err = header_add(headers, hdr);
	}

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
static int body_add(cJSON *json, const struct sip_msg *msg)
{
	cJSON *lines;
	struct pl body, line;
	char *str;
	int err = 0;

	pl_set_mbuf(&body, msg->mb);
	if (!body.l)
		return 0;
	if (body.l > BODY_MAX)
		body.l = BODY_MAX;

	lines = cJSON_AddArrayToObject(json, "body");
	while (!err && !re_regex(body.p, body.l, "[^\r\n]+", &line)) {

		err = text_scrub(&str, &line);
		if (err)
			break;

		cJSON_AddItemToArray(lines, cJSON_CreateString(str));
		mem_deref(str);
		pl_advance(&body, line.p + line.l - body.p);
	}

	return err;
}


/**
 * Make the JSON of a message: its first line, its header fields, its body
 *
 * @param msg SIP message
 *
 * @return Object, the caller's own; NULL if there is no memory for it
 */
struct cJSON *message_json(const struct sip_msg *msg)
{
	cJSON *json = cJSON_CreateObject();
	char *start = NULL;
	int err;

	err = start_line(&start, msg);
	if (!err) {
		cJSON_AddStringToObject(json, "start", start);
		err = message_headers(cJSON_AddObjectToObject(json, "headers"),
				      msg, MESSAGE_HDRS_MAX);
	}
	if (!err)
		err = body_add(json, msg);
	if (err) {
		cJSON_Delete(json);
		json = NULL;
	}

	mem_deref(start);

	return json;
}


/* Up to the end of a line, which is passed over */
static void line_get(struct pl *line, struct pl *text)
{
	const char *end = pl_strchr(text, '\r');

	line->p = text->p;
	line->l = end ? (size_t)(end - text->p) : text->l;
	pl_advance(text, min(line->l + 2, text->l));
}


/**
 * Make the JSON of a request that we send. Its Via is left out: the transport
 * writes that.
 *
 * @param text The request, without a body
 *
 * @return Object, the caller's own; NULL if there is no memory for it
 */
struct cJSON *message_json_text(const char *text)
{
	cJSON *json = cJSON_CreateObject(), *headers;
	struct pl left, line;
	char *start = NULL;
	int err;

	pl_set_str(&left, text);
	line_get(&line, &left);
	err = text_scrub(&start, &line);
	if (err)
		goto out;

	cJSON_AddStringToObject(json, "start", start);
	headers = cJSON_AddObjectToObject(json, "headers");

	for (line_get(&line, &left); line.l && !err; line_get(&line, &left)) {

		struct sip_hdr hdr;

		if (re_regex(line.p, line.l, "[^:]+:[ \t]*[^]*", &hdr.name,
			     NULL, &hdr.val))
			continue;
		if (pl_strcasecmp(&hdr.name, "Via"))
			err = header_add(headers, &hdr);
	}

out:
	mem_deref(start);
	if (err) {
		cJSON_Delete(json);
		json = NULL;
	}

	return json;
}
