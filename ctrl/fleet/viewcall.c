/**
 * @file viewcall.c  The live calls of all members
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "json.h"
#include "store/store.h"
#include "viewcall.h"


/* JSON texts of objects */
struct viewcall {
	char *member;
	char *data; /* of its last message, without `sip` and `uui` */
	char *sip;  /* of the first one; NULL if that was not read */
	char *uui;  /* likewise; an array */
};

static struct table *calls; /* by call_sid */

static const struct field fields[] = {
	FIELD("member", TEXT, viewcall, member, 1),
	FIELD("data", JSON, viewcall, data, 1),
	FIELD("sip", JSON, viewcall, sip, 1),
	FIELD("uui", LIST, viewcall, uui, 1),
	FIELDS_END,
};


int viewcalls_open(void)
{
	return table_create(&calls);
}


static void destroy(struct viewcall *c)
{
	fields_free(c, fields);
	free(c);
}


static bool destroy_handler(const char *key, void *value, void *arg)
{
	(void)arg;

	(void)table_take(calls, key);
	destroy(value);

	return false;
}


/**
 * Forget all calls
 */
void viewcalls_clear(void)
{
	table_each(calls, destroy_handler, NULL);
}


void viewcalls_close(void)
{
	if (calls)
		viewcalls_clear();
	table_destroy(calls);
	calls = NULL;
}


static struct viewcall *add(const char *call_sid)
{
	struct viewcall *c = calloc(1, sizeof(*c));

	if (c && table_put(calls, call_sid, c)) {
		free(c);
		c = NULL;
	}

	return c;
}


/**
 * Take up a call that was stored
 *
 * @param call_sid Its call_sid
 * @param tree     Stored state
 *
 * @return False if out of memory, or if it is not valid
 */
bool viewcalls_load(const char *call_sid, cJSON *tree)
{
	struct viewcall *c = add(call_sid);

	if (!c)
		return false;

	if (!fields_load(c, fields, tree) && c->member && c->data)
		return true;

	(void)table_take(calls, call_sid);
	destroy(c);

	return false;
}


static void save(const char *call_sid, const struct viewcall *c)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	fields_print(&j, c, fields, FIELDS_ALL);
	json_close(&j, '}');
	fleetstore_put(STORE_SESSIONS, call_sid, json_done(&j));
	json_free(&j);
}


static void drop(const char *call_sid)
{
	struct viewcall *c = table_take(calls, call_sid);

	if (!c)
		return;

	fleetstore_put(STORE_SESSIONS, call_sid, NULL);
	destroy(c);
}


static bool is_over(const char *state)
{
	static const char *const states[] = {"completed", "failed", "busy",
					     "no-answer"};

	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
		if (!strcmp(state, states[i]))
			return true;
	}

	return false;
}


/* Takes the members of the first message only out of the data */
static int keep_first(char **textp, cJSON *tree, const char *name)
{
	cJSON *item = cJSON_DetachItemFromObjectCaseSensitive(tree, name);
	char *text = item ? cJSON_PrintUnformatted(item) : NULL;
	int err = !item || text ? 0 : ENOMEM;

	err |= field_keep(textp, text);
	cJSON_Delete(item);
	free(text);

	return err;
}


static int keep(struct viewcall *c, const char *member, cJSON *tree)
{
	int err = keep_first(&c->sip, tree, "sip");
	char *data;

	err |= keep_first(&c->uui, tree, "uui");
	data = cJSON_PrintUnformatted(tree);
	if (!data)
		err |= ENOMEM;

	err |= field_keep(&c->member, member);
	err |= field_keep(&c->data, data);
	free(data);

	return err;
}


/**
 * Take a member's message about a call: its session:new, or a call:status
 *
 * @param member   The member
 * @param call_sid The call
 * @param data     JSON text of the call
 */
void viewcall_take(const char *member, const char *call_sid, const char *data)
{
	struct viewcall *c = table_get(calls, call_sid);
	cJSON *tree = cJSON_Parse(data);
	const char *state = field_str(tree, "call_status");

	/* only its own member may report on a call */
	if (!state || (c && strcmp(c->member, member))) {
		log_warning("view: a message of %s on call %s is not valid",
			    member, call_sid);
	}
	else if (is_over(state)) {
		drop(call_sid);
	}
	else if ((!c && !(c = add(call_sid))) || keep(c, member, tree)) {
		log_error("view: call %s: out of memory", call_sid);
		if (c && (!c->member || !c->data))
			drop(call_sid);
	}
	else {
		save(call_sid, c);
	}

	cJSON_Delete(tree);
}


/**
 * Tell whether a call of a member lives
 *
 * @param member   The member
 * @param call_sid The call
 *
 * @return True if it does
 */
bool viewcall_has(const char *member, const char *call_sid)
{
	const struct viewcall *c = table_get(calls, call_sid);

	return c && !strcmp(c->member, member);
}


/**
 * Find the member that has a call
 *
 * @param call_sid The call
 *
 * @return Name of the member, NULL if no such call lives
 */
const char *viewcall_member(const char *call_sid)
{
	const struct viewcall *c = table_get(calls, call_sid);

	return c ? c->member : NULL;
}


static char *failed_text(const struct viewcall *c, const char *reason)
{
	cJSON *tree = cJSON_Parse(c->data);
	char *text;

	cJSON_DeleteItemFromObjectCaseSensitive(tree, "call_status");
	cJSON_DeleteItemFromObjectCaseSensitive(tree, "sip_reason");
	cJSON_AddStringToObject(tree, "call_status", "failed");
	cJSON_AddStringToObject(tree, "sip_reason", reason);
	if (!cJSON_HasObjectItem(tree, "duration"))
		cJSON_AddNumberToObject(tree, "duration", 0);
	text = cJSON_PrintUnformatted(tree);
	cJSON_Delete(tree);

	return text;
}


/**
 * End a call whose member is lost
 *
 * @param member   The member
 * @param call_sid The call
 * @param reason   Why, as a sentence
 *
 * @return JSON text of the call as it ended, to be freed; NULL if it does not
 *         live, or out of memory
 */
char *viewcall_lose(const char *member, const char *call_sid,
		    const char *reason)
{
	const struct viewcall *c = table_get(calls, call_sid);
	char *text;

	if (!c || strcmp(c->member, member))
		return NULL;

	text = failed_text(c, reason);
	drop(call_sid);

	return text;
}


struct each {
	const char *member;
	viewcall_h *h;
	void *arg;
};


static bool each_handler(const char *key, void *value, void *arg)
{
	const struct viewcall *c = value;
	const struct each *each = arg;
	cJSON *tree;

	if (strcmp(c->member, each->member))
		return false;

	tree = cJSON_Parse(c->data);
	each->h(key, field_str(tree, "node"), each->arg);
	cJSON_Delete(tree);

	return false;
}


/**
 * Call a handler for each live call of a member
 *
 * @param member The member
 * @param h      Handler
 * @param arg    Handler argument
 */
void viewcalls_each(const char *member, viewcall_h *h, void *arg)
{
	struct each each = {member, h, arg};

	table_each(calls, each_handler, &each);
}


size_t viewcalls_count(void)
{
	return table_count(calls);
}


struct print {
	struct json *j;
	const char *member; /* NULL for all */
};


static bool print_handler(const char *key, void *value, void *arg)
{
	const struct viewcall *c = value;
	const struct print *print = arg;
	struct json *j = print->j;
	(void)key;

	if (print->member && strcmp(c->member, print->member) != 0)
		return false;

	json_open(j, NULL, '{');
	json_str(j, "member", c->member);
	json_members(j, c->data);
	json_raw(j, "sip", c->sip);
	json_raw(j, "uui", c->uui);
	json_close(j, '}');

	return false;
}


/**
 * Write the live calls of a member, or of all
 *
 * @param j      Text
 * @param key    Name of the array
 * @param member Its name, NULL for all
 */
void viewcalls_print(struct json *j, const char *key, const char *member)
{
	struct print print = {j, member};

	json_open(j, key, '[');
	table_each(calls, print_handler, &print);
	json_close(j, ']');
}
