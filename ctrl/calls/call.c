/**
 * @file call.c  The state of one call
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "call.h"
#include "calls.h"
#include "json.h"
#include "nodes/nodes.h"
#include "request.h"
#include "textcheck.h"


struct call {
	struct call_info info;
	char *instance; /* of the node that carries it */
	char *node;
	bool notify; /* config notifyEvents */
	char *tag;   /* JSON text of an object, may be NULL */
	char *saved; /* info as call_save() writes it, NULL if it has changed
		      */
};

/* State that the node does not report */
static const struct field fields[] = {
	FIELD("boot", TEXT, call, instance, 1),
	FIELD("node", TEXT, call, node, 1),
	FIELD("notify", BOOL, call, notify, 1),
	FIELD("tag", JSON, call, tag, 1),
	FIELDS_END,
};


static int keep(struct call *c, const struct call_info *info)
{
	free(c->saved);
	c->saved = NULL;

	return fields_keep(&c->info, call_info_fields, FIELDS_ALL, info,
			   call_info_fields);
}


static int alloc(struct call **cp)
{
	*cp = calloc(1, sizeof(**cp));
	if (!*cp)
		return ENOMEM;

	(*cp)->info.duration = -1;

	return 0;
}


/**
 * Make a call
 *
 * @param cp       Pointer to the new call
 * @param info     State that its node reports
 * @param instance Instance id of the node
 * @param node     Name of the node
 *
 * @return 0, or ENOMEM
 */
int call_create(struct call **cp, const struct call_info *info,
		const char *instance, const char *node)
{
	struct call *c;
	int err;

	err = alloc(&c);
	if (err)
		return err;

	err = field_keep(&c->instance, instance);
	err |= field_keep(&c->node, node);
	err |= call_update(c, info);
	if (err)
		call_destroy(c);
	else
		*cp = c;

	return err;
}


/**
 * Read what call_save() wrote
 *
 * @param cp   Pointer to the new call
 * @param tree Object
 *
 * @return 0, ENOMEM, or EBADMSG if it lacks what every call has
 */
int call_load(struct call **cp, cJSON *tree)
{
	struct call *c;
	int err;

	err = alloc(&c);
	if (err)
		return err;

	err = fields_load(c, fields, tree);
	err |= fields_load(&c->info, call_info_fields,
			   cJSON_GetObjectItemCaseSensitive(tree, "call"));
	if (!err && (!c->instance || !c->node || !call_info_whole(&c->info)))
		err = EBADMSG;
	if (err)
		call_destroy(c);
	else
		*cp = c;

	return err;
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

	fields_free(&c->info, call_info_fields);
	fields_free(c, fields);
	free(c->saved);
	free(c);
}


/**
 * Take over the state that a node reports
 *
 * @param c    Call
 * @param info State that the node reports
 *
 * @return 0, or ENOMEM
 */
int call_update(struct call *c, const struct call_info *info)
{
	c->info.sip_status =
		0; /* it is told anew each time, or there is none */

	return keep(c, info);
}


/**
 * End a call that its node does not report any more
 *
 * @param c      Call
 * @param state  State that it ends in
 * @param reason Why
 *
 * @return 0, or ENOMEM
 */
int call_fail(struct call *c, const char *state, const char *reason)
{
	const struct call_info end = {
		.state = state,
		.sip_reason = reason,
		.duration = c->info.duration < 0 ? 0 : c->info.duration,
	};

	return keep(c, &end);
}


const char *call_sid(const struct call *c)
{
	return c->info.sid;
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
 * Get the caller
 *
 * @param c Call
 *
 * @return URI
 */
const char *call_from(const struct call *c)
{
	return c->info.from;
}


/**
 * Get the called party
 *
 * @param c Call
 *
 * @return URI
 */
const char *call_to(const struct call *c)
{
	return c->info.to;
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
	return c->info.state;
}


/**
 * Get the last SIP status of a call
 *
 * @param c Call
 *
 * @return Status, 0 for none
 */
int call_sip_status(const struct call *c)
{
	return c->info.sip_status;
}


/**
 * Get the reason phrase of that, or why a call has closed
 *
 * @param c Call
 *
 * @return Reason, may be NULL
 */
const char *call_sip_reason(const struct call *c)
{
	return c->info.sip_reason;
}


/**
 * Get the call that another one was made for: a second call is asked for by a
 * reference of the first one
 *
 * @param c   Call
 * @param sid Buffer for the call_sid of the first one
 *
 * @return False if it is no second call
 */
bool call_parent(const struct call *c, char sid[CALL_SID_MAX + 1])
{
	const char *ref = c->info.ref;

	if (!ref || !strchr(ref, ':') || call_inbound(c))
		return false;

	ref_call(sid, ref);

	return *sid && strcmp(sid, c->info.sid) != 0;
}


/**
 * Set what an application wants to see again in each hook of a call
 *
 * @param c    Call
 * @param text JSON text of an object, NULL changes nothing
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
	return !strcmp(c->info.direction, "inbound");
}


bool call_answered(const struct call *c)
{
	return !strcmp(c->info.state, "in-progress");
}


bool call_over(const struct call *c)
{
	static const char *const states[] = {"completed", "failed", "busy",
					     "no-answer"};

	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
		if (!strcmp(c->info.state, states[i]))
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
	party(text, size, c->info.to);
}


static void started_print(struct json *j, int64_t ms)
{
	char text[CLOCK_TEXT_SIZE];

	clock_text(text, ms);
	json_str(j, "started", text);
}


static void print(struct json *j, const struct call *c, bool sip, bool status)
{
	char parent[CALL_SID_MAX + 1];

	json_str(j, "call_sid", c->info.sid);
	if (call_parent(c, parent))
		json_str(j, "parent_call_sid", parent);
	json_str(j, "direction", c->info.direction);
	call_party_print(j, "from", c->info.from);
	call_party_print(j, "to", c->info.to);
	json_str(j, "caller_name",
		 c->info.caller_name ? c->info.caller_name : "");
	json_str(j, "call_id", c->info.call_id);
	if (sip) {
		json_int(j, "sip_status", c->info.sip_status);
		json_str(j, "sip_reason",
			 c->info.sip_reason ? c->info.sip_reason : "");
	}
	if (status)
		json_str(j, "call_status", c->info.state);
	json_str(j, "node", c->node);
	json_str(j, "from_uri", c->info.from);
	json_str(j, "to_uri", c->info.to);
	json_str(j, "account", c->info.account);
	started_print(j, c->info.started);
	if (c->info.duration >= 0)
		json_int(j, "duration", c->info.duration);
}


void call_print(struct json *j, const struct call *c, bool status)
{
	print(j, c, true, status);
}


/**
 * Write the members of a call for clients, except its SIP status: the caller
 * gives another one
 *
 * @param j Text, in an open object
 * @param c Call
 */
void call_print_plain(struct json *j, const struct call *c)
{
	print(j, c, false, true);
}


void call_print_new(struct json *j, const struct call *c)
{
	call_print(j, c, true);
	json_open(j, "sip", '{');
	json_raw(j, "headers", c->info.headers ? c->info.headers : "{}");
	json_close(j, '}');
	json_raw(j, "uui", c->info.uui);
}


static char *print_info(const struct call_info *info)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	fields_print(&j, info, call_info_fields, FIELDS_ALL);
	json_close(&j, '}');

	return json_take(&j);
}


/**
 * Write a call, for call_load() to read; the state that its node reported has
 * the form of docs/link.md
 *
 * @param j Text, in an open object, which fails if memory runs out
 * @param c Call
 */
void call_save(struct json *j, struct call *c)
{
	if (!c->saved)
		c->saved = print_info(&c->info);

	fields_print(j, c, fields, FIELDS_ALL);
	json_raw(j, "call", c->saved);
	j->failed |= !c->saved;
}
