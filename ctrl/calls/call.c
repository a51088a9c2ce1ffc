/**
 * @file call.c  What is known of one call
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "call.h"
#include "calls.h"
#include "json.h"
#include "nodes/nodes.h"
#include "textcheck.h"


struct call {
	char *sid;
	char *call_id;
	char *direction;
	char *from;
	char *to;
	char *caller_name;
	char *account;
	char *state;
	char *sip_reason;
	char *ref;
	char *headers;
	char *instance; /* of the node that carries it */
	char *node;
	char *tag; /* JSON text of an object, may be NULL */
	int sip_status;
	int64_t started;
	int64_t duration;
	bool notify; /* config notifyEvents */
	char *saved; /* as call_save() writes it, NULL if it has changed */
};


static void change(struct call *c)
{
	free(c->saved);
	c->saved = NULL;
}


/**
 * Make a call
 *
 * @param cp       Pointer to the new call
 * @param info     What its node says of it
 * @param instance Instance id of the node
 * @param node     Name of the node
 *
 * @return 0, or ENOMEM
 */
int call_create(struct call **cp, const struct call_info *info,
		const char *instance, const char *node)
{
	struct call *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return ENOMEM;

	c->duration = -1;
	err = field_keep(&c->instance, instance);
	err |= field_keep(&c->node, node);
	err |= field_keep(&c->sid, info->sid);
	err |= call_update(c, info);
	if (err) {
		call_destroy(c);
		return ENOMEM;
	}

	*cp = c;

	return 0;
}


/**
 * Free a call
 *
 * @param c Call, may be NULL
 */
void call_destroy(struct call *c)
{
	if (!c)
		return;

	free(c->sid);
	free(c->call_id);
	free(c->direction);
	free(c->from);
	free(c->to);
	free(c->caller_name);
	free(c->account);
	free(c->state);
	free(c->sip_reason);
	free(c->ref);
	free(c->headers);
	free(c->instance);
	free(c->node);
	free(c->tag);
	free(c->saved);
	free(c);
}


/**
 * Take over what a node says of a call
 *
 * @param c    Call
 * @param info What the node says
 *
 * @return 0, or ENOMEM
 */
int call_update(struct call *c, const struct call_info *info)
{
	int err = 0;

	change(c);
	err |= field_keep(&c->call_id, info->call_id);
	err |= field_keep(&c->direction, info->direction);
	err |= field_keep(&c->from, info->from);
	err |= field_keep(&c->to, info->to);
	err |= field_keep(&c->caller_name, info->caller_name);
	err |= field_keep(&c->account, info->account);
	err |= field_keep(&c->state, info->state);
	err |= field_keep(&c->sip_reason, info->sip_reason);
	err |= field_keep(&c->ref, info->ref);
	err |= field_keep(&c->headers, info->headers);

	c->sip_status = info->sip_status;
	if (info->started)
		c->started = info->started;
	if (info->duration >= 0)
		c->duration = info->duration;

	return err;
}


/**
 * End a call whose node no longer tells of it
 *
 * @param c      Call
 * @param state  State that it ends in
 * @param reason Why
 *
 * @return 0, or ENOMEM
 */
int call_fail(struct call *c, const char *state, const char *reason)
{
	change(c);
	if (c->duration < 0)
		c->duration = 0;

	return field_keep(&c->state, state) |
	       field_keep(&c->sip_reason, reason);
}


const char *call_sid(const struct call *c)
{
	return c->sid;
}


/**
 * Get the instance id of the node that carries a call
 *
 * @param c Call
 *
 * @return Instance id
 */
const char *call_instance(const struct call *c)
{
	return c->instance;
}


/**
 * Get the name of the node that carries a call
 *
 * @param c Call
 *
 * @return Name
 */
const char *call_node(const struct call *c)
{
	return c->node;
}


/**
 * Get who called
 *
 * @param c Call
 *
 * @return URI
 */
const char *call_from(const struct call *c)
{
	return c->from;
}


/**
 * Get who was called
 *
 * @param c Call
 *
 * @return URI
 */
const char *call_to(const struct call *c)
{
	return c->to;
}


/**
 * Get the state of a call
 *
 * @param c Call
 *
 * @return State, in the words of docs/protocol.md
 */
const char *call_state(const struct call *c)
{
	return c->state;
}


/**
 * Set what an application wants to see again in each hook of a call
 *
 * @param c    Call
 * @param text JSON text of an object, NULL leaves what there is
 *
 * @return 0, or ENOMEM
 */
int call_tag_set(struct call *c, const char *text)
{
	return field_keep(&c->tag, text);
}


const char *call_tag(const struct call *c)
{
	return c->tag;
}


/**
 * Set whether clients hear of the verbs of a call in the form of jambonz, too
 *
 * @param c      Call
 * @param notify True if they do
 */
void call_notify_set(struct call *c, bool notify)
{
	c->notify = notify;
}


/**
 * Tell whether clients hear of the verbs of a call in the form of jambonz
 *
 * @param c Call
 *
 * @return True if they do
 */
bool call_notify(const struct call *c)
{
	return c->notify;
}


bool call_inbound(const struct call *c)
{
	return !strcmp(c->direction, "inbound");
}


bool call_answered(const struct call *c)
{
	return !strcmp(c->state, "in-progress");
}


bool call_over(const struct call *c)
{
	static const char *const states[] = {"completed", "failed", "busy",
					     "no-answer"};

	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
		if (!strcmp(c->state, states[i]))
			return true;
	}

	return false;
}


/* The user part of a URI, or its host if it has none */
static void party(char *text, size_t size, const char *uri)
{
	const char *p = strchr(uri, ':');
	const char *end, *at;

	p = p ? p + 1 : uri;
	at = strchr(p, '@');
	if (at)
		end = p + strcspn(p, ":;@");
	else if (*p == '[')
		end = p + strcspn(p, "]") + 1;
	else
		end = p + strcspn(p, ":;?>");

	if (end > p + strlen(p))
		end = p + strlen(p);

	(void)snprintf(text, size, "%.*s", (int)(end - p), p);
	utf8_repair(text, strlen(text));
}


/**
 * Write a party of a call: the user part of its URI, or its host
 *
 * @param j   Text
 * @param key Name of the member
 * @param uri URI of the party
 */
void call_party_print(struct json *j, const char *key, const char *uri)
{
	char text[256];

	party(text, sizeof(text), uri);
	json_str(j, key, text);
}


void call_number(const struct call *c, char *text, size_t size)
{
	party(text, size, c->to);
}


static void started_print(struct json *j, int64_t ms)
{
	char text[CLOCK_TEXT_SIZE];

	clock_text(text, ms);
	json_str(j, "started", text);
}


void call_print(struct json *j, const struct call *c, bool status)
{
	json_str(j, "call_sid", c->sid);
	json_str(j, "direction", c->direction);
	call_party_print(j, "from", c->from);
	call_party_print(j, "to", c->to);
	json_str(j, "caller_name", c->caller_name ? c->caller_name : "");
	json_str(j, "call_id", c->call_id);
	json_int(j, "sip_status", c->sip_status);
	json_str(j, "sip_reason", c->sip_reason ? c->sip_reason : "");
	if (status)
		json_str(j, "call_status", c->state);
	json_str(j, "node", c->node);
	json_str(j, "from_uri", c->from);
	json_str(j, "to_uri", c->to);
	json_str(j, "account", c->account);
	started_print(j, c->started);
	if (c->duration >= 0)
		json_int(j, "duration", c->duration);
}


void call_print_new(struct json *j, const struct call *c)
{
	call_print(j, c, true);
	json_open(j, "sip", '{');
	json_raw(j, "headers", c->headers ? c->headers : "{}");
	json_close(j, '}');
}


static char *print_whole(const struct call *c)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "sid", c->sid);
	json_str(&j, "call_id", c->call_id);
	json_str(&j, "direction", c->direction);
	json_str(&j, "from", c->from);
	json_str(&j, "to", c->to);
	json_str(&j, "caller_name", c->caller_name);
	json_str(&j, "account", c->account);
	json_str(&j, "state", c->state);
	json_int(&j, "sip_status", c->sip_status);
	json_str(&j, "sip_reason", c->sip_reason);
	json_int(&j, "started", c->started);
	if (c->duration >= 0)
		json_int(&j, "duration", c->duration);
	json_raw(&j, "headers", c->headers);
	json_str(&j, "ref", c->ref);
	json_close(&j, '}');

	return json_take(&j);
}


/**
 * Write a call in the form of docs/link.md, for call_info_load() to read
 *
 * @param j   Text, which fails if memory runs out
 * @param key Name of the member
 * @param c   Call
 */
void call_save(struct json *j, const char *key, struct call *c)
{
	if (!c->saved)
		c->saved = print_whole(c);

	json_raw(j, key, c->saved);
	j->failed |= !c->saved;
}
