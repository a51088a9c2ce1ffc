/**
 * @file message.c  JSON text of a client to struct message
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "calls.h"
#include "dialparse.h"
#include "hooks/hooks.h"
#include "message.h"
#include "onekey.h"
#include "textcheck.h"
#include "verb.h"


enum { MSGID_MAX = 128 };

static const char the_message[] = "The message";


static int check_tree(const cJSON *tree, struct error *f)
{
	if (cJSON_IsObject(tree) || cJSON_IsArray(tree))
		return 0;

	return error_set(
		f, 400, NULL,
		"The message must be one JSON object or an array of verbs");
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
		return error_set(
			f, 400, key,
			"must have the same value in the whole message");

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


/* A redirect without verbs names the application to ask for them */
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

	if (!strcmp(command, "transfer:cancel")) {
		m->kind = MESSAGE_CANCEL;
		return 0;
	}

	if (strcmp(command, "call:status") && strcmp(command, "dial"))
		return error_set(f, 400, "command",
				 "must be redirect, call:status, dial or "
				 "transfer:cancel");

	if (!cJSON_IsObject(data))
		return error_set(f, 400, "data", "must be an object");

	if (!strcmp(command, "dial"))
		return dial_parse(m, data, f);

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
	const bool alone = field_empty(verbs) && is_verb(obj);
	const char *type;
	int err;

	err = get_call_sid(m, obj, f);
	if (!err && !alone)
		err = trace_check(m->trace, obj, f);
	if (err)
		return err;

	m->kind = MESSAGE_VERBS;

	if (!field_empty(verbs)) {
		if (!cJSON_IsArray(verbs))
			return error_set(f, 400, "verbs", "must be an array");

		err = get_queue(m, obj, f);
		return err ? err : decode_array(m, verbs, f);
	}

	if (alone)
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
			 "must be ack or command in a message without a verb");
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


/* NULL if the text is not JSON, or has more than one value: the rest would go
   unnoticed */
static cJSON *read_value(const char *text, size_t len)
{
	const char *end = text + len, *p;
	cJSON *value = cJSON_ParseWithLengthOpts(text, len, &p, false);

	while (value && p < end && strchr(" \t\r\n", *p))
		++p;

	if (value && p < end) {
		cJSON_Delete(value);
		value = NULL;
	}

	return value;
}


static int parse(struct message **mp, const char *text, size_t len)
{
	struct message *m = calloc(1, sizeof(*m));

	if (!m)
		return ENOMEM;

	m->tree = read_value(text, len);
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
 * @param f    Set if the message is not valid
 *
 * @return 0, ENOMEM, or EBADMSG with the error set
 */
int message_decode(struct message **mp, char *text, size_t len,
		   struct error *f)
{
	return read_message(mp, text, len, the_message, decode, f);
}


static int decode_dial_body(struct message *m, struct error *f)
{
	int err = check_tree(m->tree, f);

	if (!err)
		err = trace_check(m->trace, m->tree, f);

	return err ? err : dial_parse(m, m->tree, f);
}


/**
 * Read the body of an HTTP request to dial
 *
 * @param mp   Message, to be freed with message_free()
 * @param text JSON text, not terminated; may be changed
 * @param len  Its length in bytes
 * @param f    Set if the body is not valid
 *
 * @return 0, ENOMEM, or EBADMSG with the error set
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
				 "The answer must be an array of verbs");

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
			   "The answer", decode_answer, f);
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
