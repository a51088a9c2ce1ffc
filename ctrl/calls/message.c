/**
 * @file message.c  JSON text of a client to struct message
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
#include "hooks/hooks.h"
#include "json.h"
#include "message.h"
#include "net/net.h"
#include "onekey.h"
#include "textcheck.h"
#include "verb.h"


enum {
	MSGID_MAX = 128,
	URI_MAX = 1024,
	RING_MAX = 600, /* seconds that a dial may ring */
};


static const char the_message[] = "the message";


static int check_tree(const cJSON *tree, struct error *f)
{
	if (cJSON_IsObject(tree) || cJSON_IsArray(tree))
		return 0;

	return error_set(f, 400, NULL,
			 "the message must be one JSON object or an array of "
			 "verbs");
}


/* Clients of jambonz write callSid, its messages have call_sid */
static int get_call_sid(struct message *m, const cJSON *obj, struct error *f)
{
	const char *key = field_get(obj, "call_sid") ? "call_sid" : "callSid";
	const char *sid;
	int err;

	err = field_check(&sid, obj, key, key, MSGID_MAX, f);
	if (err || !sid)
		return err;

	if (m->call_sid && strcmp(m->call_sid, sid))
		return error_set(f, 400, key, "must be the same throughout");

	m->call_sid = sid;

	return 0;
}


static int get_queue(struct message *m, const cJSON *obj, struct error *f)
{
	const cJSON *item = field_get(obj, "queueCommand");

	if (item && !cJSON_IsBool(item))
		return error_set(f, 400, "queueCommand",
				 "must be true or false");

	m->queue = cJSON_IsTrue(item);

	return 0;
}


/* jambonz takes an answer without verbs for no answer of verbs */
static bool has_nothing(const cJSON *answer)
{
	bool list = cJSON_IsArray(answer) || cJSON_IsObject(answer);

	return field_empty(answer) || (list && !answer->child);
}


static int decode_ack(struct message *m, const cJSON *obj, struct error *f)
{
	cJSON *data = cJSON_GetObjectItemCaseSensitive(obj, "data");

	m->kind = MESSAGE_ACK;
	if (!m->msgid)
		return error_set(f, 400, "msgid", "is required in an ack");

	if (has_nothing(data))
		return 0;

	if (!cJSON_IsArray(data) && !cJSON_IsObject(data))
		return error_set(f, 400, "data", "must be an array of verbs");

	return onekey_unfold(data) ? ENOMEM : verbs_parse(&m->verbs, data, f);
}


/* Who is asked for the verbs, instead of the verbs: as the verb redirect */
static int decode_call_hook(struct message *m, const cJSON *call_hook,
			    struct error *f)
{
	cJSON *verb = cJSON_CreateObject();
	int err;

	cJSON_AddStringToObject(verb, "verb", "redirect");
	cJSON_AddItemToObject(verb, "actionHook",
			      cJSON_Duplicate(call_hook, true));
	err = verbs_parse(&m->verbs, verb, f);
	cJSON_Delete(verb);

	return err;
}


static int decode_redirect(struct message *m, cJSON *data, struct error *f)
{
	const cJSON *call_hook = field_get(data, "call_hook");

	m->kind = MESSAGE_VERBS;

	if (call_hook)
		return decode_call_hook(m, call_hook, f);

	if (!cJSON_IsArray(data) && !cJSON_IsObject(data))
		return error_set(f, 400, "data", "must be an array of verbs");

	return onekey_unfold(data) ? ENOMEM : verbs_parse(&m->verbs, data, f);
}


static int decode_call_status(struct message *m, const cJSON *data,
			      struct error *f)
{
	int err;

	m->kind = MESSAGE_CALL_STATUS;

	err = field_check(&m->call_status, data, "call_status", "call_status",
			  MSGID_MAX, f);
	if (err)
		return err;

	if (!m->call_status || (strcmp(m->call_status, "completed") &&
				strcmp(m->call_status, "no-answer")))
		return error_set(f, 400, "call_status",
				 "must be completed or no-answer");

	return 0;
}


static int check_headers(const cJSON *headers, struct error *f)
{
	char field[sizeof(f->field)];
	const cJSON *item;

	if (headers && !cJSON_IsObject(headers))
		return error_set(f, 400, "headers", "must be an object");

	cJSON_ArrayForEach(item, headers)
	{
		if (field_empty(item) || cJSON_IsString(item) ||
		    cJSON_IsNumber(item))
			continue;

		(void)snprintf(field, sizeof(field), "headers.%s",
			       item->string);
		return error_set(f, 400, field,
				 "must be a string or a number");
	}

	return 0;
}


static void print_headers(struct json *j, const cJSON *headers)
{
	const cJSON *item;

	if (!headers)
		return;

	json_open(j, "headers", '{');
	cJSON_ArrayForEach(item, headers)
	{
		char *text = cJSON_PrintUnformatted(item);

		if (!field_empty(item))
			json_raw(j, item->string, text);
		j->failed |= !text;
		cJSON_free(text);
	}
	json_close(j, '}');
}


static int print_dial(struct message *m, const char *to, const char *from,
		      const cJSON *headers, const cJSON *timeout,
		      struct error *f)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "to", to);
	json_str(&j, "from", from);
	print_headers(&j, headers);
	if (timeout)
		json_int(&j, "timeout", timeout->valueint);
	json_close(&j, '}');

	m->dial = json_take(&j);
	if (!m->dial)
		return ENOMEM;

	if (strlen(m->dial) > VERB_TEXT_MAX)
		return error_set(f, 400, "headers",
				 "must leave a dial at most %d bytes as JSON "
				 "without spaces",
				 VERB_TEXT_MAX);

	return 0;
}


/* The application of the call; jambonz calls it call_hook */
static int get_app(struct message *m, const cJSON *data, struct error *f)
{
	const char *key = field_get(data, "app") ? "app" : "call_hook";
	int err;

	err = hook_parse(&m->app, data, key, f);
	if (err)
		return err;

	if (m->app.url && !weburl_valid(m->app.url))
		return error_set(f, 400, key,
				 "must be a ws, wss, http or https URL");

	return 0;
}


static int decode_dial(struct message *m, const cJSON *data, struct error *f)
{
	const cJSON *headers = field_get(data, "headers");
	const cJSON *timeout = field_get(data, "timeout");
	const char *to, *from;
	int err;

	m->kind = MESSAGE_DIAL;

	err = field_check(&to, data, "to", "to", URI_MAX, f);
	if (!err && !to)
		err = error_set(f, 400, "to", "is required");
	if (!err)
		err = field_check(&from, data, "from", "from", URI_MAX, f);
	if (!err)
		err = field_check(&m->node, data, "node", "node", URI_MAX, f);
	if (!err)
		err = check_headers(headers, f);
	if (!err)
		err = get_app(m, data, f);
	if (err)
		return err;

	if (timeout && !(cJSON_IsNumber(timeout) && timeout->valueint >= 1 &&
			 timeout->valueint <= RING_MAX &&
			 timeout->valueint == timeout->valuedouble))
		return error_set(f, 400, "timeout",
				 "must be a whole number of seconds from 1 to "
				 "%d",
				 RING_MAX);

	return print_dial(m, to, from, headers, timeout, f);
}


static int decode_command(struct message *m, const cJSON *obj, struct error *f)
{
	cJSON *data = cJSON_GetObjectItemCaseSensitive(obj, "data");
	const char *command;
	int err;

	err = field_check(&command, obj, "command", "command", MSGID_MAX, f);
	if (err)
		return err;
	if (!command)
		return error_set(f, 400, "command", "is required");

	err = get_queue(m, obj, f);
	if (err)
		return err;

	if (!strcmp(command, "redirect"))
		return decode_redirect(m, data, f);

	if (strcmp(command, "call:status") && strcmp(command, "dial"))
		return error_set(f, 400, "command",
				 "must be redirect, call:status or dial");

	if (!cJSON_IsObject(data))
		return error_set(f, 400, "data", "must be an object");

	if (!strcmp(command, "dial"))
		return decode_dial(m, data, f);

	return decode_call_status(m, data, f);
}


/* Only the first of an array can name a msgid, but each may name the call */
static int decode_array(struct message *m, cJSON *array, struct error *f)
{
	const cJSON *obj;
	int err;

	if (onekey_unfold(array))
		return ENOMEM;

	cJSON_ArrayForEach(obj, array)
	{
		err = get_call_sid(m, obj, f);
		if (err)
			return err;
	}

	m->kind = MESSAGE_VERBS;

	return verbs_parse(&m->verbs, array, f);
}


/* Or was meant to be one, if it is nothing else */
static bool is_verb(const cJSON *obj)
{
	return field_get(obj, "verb") ||
	       (cJSON_HasObjectItem(obj, "verb") && !field_get(obj, "type"));
}


static int decode_object(struct message *m, const cJSON *obj, struct error *f)
{
	cJSON *verbs = cJSON_GetObjectItemCaseSensitive(obj, "verbs");
	const char *type;
	int err;

	err = get_call_sid(m, obj, f);
	if (err)
		return err;

	m->kind = MESSAGE_VERBS;

	if (!field_empty(verbs)) {
		if (!cJSON_IsArray(verbs))
			return error_set(f, 400, "verbs", "must be an array");

		err = get_queue(m, obj, f);
		return err ? err : decode_array(m, verbs, f);
	}

	if (is_verb(obj))
		return verbs_parse(&m->verbs, obj, f);

	err = field_check(&type, obj, "type", "type", MSGID_MAX, f);
	if (err)
		return err;

	if (type && !strcmp(type, "ack"))
		return decode_ack(m, obj, f);

	if (type && !strcmp(type, "command"))
		return decode_command(m, obj, f);

	if (type && !strcmp(type, "auth")) {
		m->kind = MESSAGE_AUTH;
		return 0;
	}

	return error_set(f, 400, "type",
			 "must be ack or command, unless there is a verb");
}


static int decode(struct message *m, struct error *f)
{
	const cJSON *first = cJSON_IsArray(m->tree) ? m->tree->child : m->tree;
	int err;

	err = check_tree(m->tree, f);
	if (!err)
		err = onekey_unfold(m->tree);
	if (err)
		return err;

	err = field_check(&m->msgid, first, "msgid", "msgid", MSGID_MAX, f);
	if (err)
		return err;

	if (m->msgid)
		strcpy(f->ref, m->msgid);

	if (cJSON_IsArray(m->tree))
		return decode_array(m, m->tree, f);

	return decode_object(m, m->tree, f);
}


static int check_text(char *text, size_t len, const char *what,
		      struct error *f)
{
	const char *why = json_error(text, len);

	if (why)
		return error_set(f, 400, NULL, "%s %s", what, why);

	if (!utf8_valid(text, len))
		return error_set(f, 400, NULL, "%s must be UTF-8", what);

	return 0;
}


static int parse(struct message **mp, const char *text, size_t len)
{
	struct message *m = calloc(1, sizeof(*m));

	if (!m)
		return ENOMEM;

	m->tree = cJSON_ParseWithLengthOpts(text, len, NULL, false);
	*mp = m;

	return 0;
}


typedef int(decode_h)(struct message *m, struct error *f);


static int read_message(struct message **mp, char *text, size_t len,
			const char *what, decode_h *h, struct error *f)
{
	struct message *m = NULL;
	int err;

	err = check_text(text, len, what, f);
	if (!err)
		err = parse(&m, text, len);
	if (err)
		return err;

	err = h(m, f);
	if (err)
		message_free(m);
	else
		*mp = m;

	return err;
}


/**
 * Read a message
 *
 * @param mp   Message, to be freed with message_free()
 * @param text JSON text, not terminated; may be changed
 * @param len  Its length in bytes
 * @param f    What is wrong, if something is
 *
 * @return 0 if success, EBADMSG with the error set, or another errorcode
 */
int message_decode(struct message **mp, char *text, size_t len,
		   struct error *f)
{
	return read_message(mp, text, len, the_message, decode, f);
}


static int decode_dial_body(struct message *m, struct error *f)
{
	int err = check_tree(m->tree, f);

	return err ? err : decode_dial(m, m->tree, f);
}


/**
 * Read the body of an HTTP request to dial
 *
 * @param mp   Message, to be freed with message_free()
 * @param text JSON text, not terminated; may be changed
 * @param len  Its length in bytes
 * @param f    What is wrong, if something is
 *
 * @return 0 if success, EBADMSG with the error set, or another errorcode
 */
int message_decode_dial(struct message **mp, char *text, size_t len,
			struct error *f)
{
	return read_message(mp, text, len, the_message, decode_dial_body, f);
}


static int decode_answer(struct message *m, struct error *f)
{
	m->kind = MESSAGE_VERBS;
	if (m->tree && has_nothing(m->tree))
		return 0;

	if (cJSON_IsArray(m->tree))
		return decode_array(m, m->tree, f);

	if (onekey_unfold(m->tree))
		return ENOMEM;

	if (!field_get(m->tree, "verb"))
		return error_set(f, 400, NULL,
				 "the answer must be an array of verbs");

	return verbs_parse(&m->verbs, m->tree, f);
}


/* RFC 8259 section 8.1 lets us ignore a byte order mark, and some write one;
   the parser does so by itself */
static size_t mark_len(const char *text, size_t len)
{
	static const char mark[] = {'\xef', '\xbb', '\xbf'};

	return len >= sizeof(mark) && !memcmp(text, mark, sizeof(mark))
		       ? sizeof(mark)
		       : 0;
}


int message_decode_answer(struct message **mp, const char *body, size_t len,
			  struct error *f)
{
	size_t blank = mark_len(body, len);
	char *text;
	int err;

	while (blank < len && strchr(" \t\r\n", body[blank]) && body[blank])
		++blank;

	text = blank < len ? malloc(len) : strdup("null");
	if (!text)
		return ENOMEM;

	if (blank < len)
		memcpy(text, body, len);
	err = read_message(mp, text, blank < len ? len : strlen(text),
			   "the answer", decode_answer, f);
	free(text);

	return err;
}


/**
 * Free a message
 *
 * @param m Message, may be NULL
 */
void message_free(struct message *m)
{
	if (!m)
		return;

	verbs_free(m->verbs);
	free(m->dial);
	hook_reset(&m->app);
	cJSON_Delete(m->tree);
	free(m);
}
