/**
 * @file othermember.c  A fleet in which the test plays the other members
 *
 * referd is gw1; the test plays gw2 and others. `others` holds the contents of
 * the heartbeats, in place of members.c and view.c.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "../fuzz/referd.h"
#include "fakebus.h"
#include "fleet/bus.h"
#include "fleet/deliver.h"
#include "fleet/fleet.h"
#include "othermember.h"
#include "onecall.h"
#include "told.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>


struct others others;

static char reply[128]; /* subject of the answer */
static cJSON *asked;    /* last request */
static struct kept {
	struct kept *next;
	char *subject, *reply, *data;
} * kept;              /* asked, while an answer was waited for */
static char *answered; /* last answer of referd */
static char *member_text;
static unsigned questions;

static const struct fleet_config config = {
	.urls = "nats://127.0.0.1:1",
	.name = "fleet",
	.node = "gw1",
	.labels = "",
	.creds = "",
	.nkey = "",
	.ca = "",
	.cert = "",
	.key = "",
	.dead = 60,
};

unsigned __wrap_members_count(void);
bool __wrap_members_reachable(const char *member);
const char *__wrap_members_boot(const char *member);
const char *__wrap_members_node(const char *node);
const char *__wrap_members_label(const char *label);
const char *__wrap_members_least(void);
void __wrap_members_soon(void);
const char *__wrap_view_owner(const char *call_sid);


unsigned __wrap_members_count(void)
{
	return others.count;
}


bool __wrap_members_reachable(const char *member)
{
	(void)member;

	return !others.silent;
}


const char *__wrap_members_boot(const char *member)
{
	(void)member;

	return others.boot;
}


const char *__wrap_members_node(const char *node)
{
	(void)node;

	return others.node;
}


const char *__wrap_members_label(const char *label)
{
	(void)label;

	return others.label;
}


const char *__wrap_members_least(void)
{
	return others.least;
}


void __wrap_members_soon(void)
{
	++others.soon;
}


const char *__wrap_view_owner(const char *call_sid)
{
	(void)call_sid;

	return others.owner;
}


/**
 * Start a referd with one client and one baresip that carries the call c1
 *
 * @param state Of cmocka
 *
 * @return 0
 */
int others_setup(void **state)
{
	(void)state;

	others = (struct others){.count = 1, .boot = "b2"};
	referd_open("");
	bus_use(fakebus());
	assert_int_equal(fleet_start(&config), 0);
	fakebus_up();
	fakebus_turn();
	onecall_begin(false);

	return 0;
}


static void kept_free(struct kept *k)
{
	free(k->subject);
	free(k->reply);
	free(k->data);
	free(k);
}


/**
 * Stop it
 *
 * @param state Of cmocka
 *
 * @return 0
 */
int others_teardown(void **state)
{
	(void)state;

	fleet_stop();
	bus_use(NULL);
	fakebus_reset();
	referd_close();
	while (kept) {
		struct kept *k = kept;

		kept = k->next;
		kept_free(k);
	}
	cJSON_Delete(asked);
	asked = NULL;
	free(answered);
	answered = NULL;
	free(member_text);
	member_text = NULL;

	return 0;
}


static void keep(const struct fakebus_message *m)
{
	struct kept *k = calloc(1, sizeof(*k)), **tail = &kept;

	assert_non_null(k);
	k->subject = strdup(m->subject);
	k->reply = m->reply ? strdup(m->reply) : NULL;
	k->data = strndup(m->data, m->len);
	while (*tail)
		tail = &(*tail)->next;
	*tail = k;
}


/* True if it is the request that is looked for */
static bool is_asked(const struct kept *k, const char *subject,
		     const char *type)
{
	const char *found;

	if (strcmp(k->subject, subject) || !k->reply)
		return false;

	cJSON_Delete(asked);
	asked = cJSON_Parse(k->data);
	found = cJSON_GetStringValue(cJSON_GetObjectItem(asked, "type"));
	assert_non_null(found);
	if (*type && strcmp(found, type))
		return false;

	(void)snprintf(reply, sizeof(reply), "%s", k->reply);
	free(answered);
	answered = strdup(k->data);

	return true;
}


/**
 * Get the next request of referd to a member
 *
 * @param subject Subject, for example "fleet.rq.gw2"
 * @param type    Type of the request, "" for any
 *
 * @return The request, NULL if none is left
 */
const char *other_asked(const char *subject, const char *type)
{
	const struct fakebus_message *m;
	bool is;

	referd_turns();
	while ((m = fakebus_next()))
		keep(m);

	while (kept) {
		struct kept *k = kept;

		kept = k->next;
		is = is_asked(k, subject, type);
		kept_free(k);
		if (is)
			return answered;
	}

	return NULL;
}


/**
 * Get a JSON member of the last request
 *
 * @param key Its name
 *
 * @return Its text, "" if the request has none
 */
const char *asked_member(const char *key)
{
	const cJSON *item = cJSON_GetObjectItem(asked, key);

	free(member_text);
	member_text = cJSON_IsString(item) ? strdup(item->valuestring)
		      : item               ? cJSON_PrintUnformatted(item)
					   : strdup("");

	return member_text;
}


/**
 * Answer the last request
 *
 * @param text Answer
 */
void other_answer(const char *text)
{
	fakebus_message(reply, NULL, text);
	fakebus_turn();
	referd_turns();
}


/**
 * Send a request to referd, as gw2
 *
 * @param type Type of the request
 * @param id   Id of the request, NULL for a new one
 * @param body Further JSON members, beginning with a comma; or ""
 *
 * @return The answer, NULL if referd gave none
 */
const char *other_asks(const char *type, const char *id, const char *body)
{
	const struct fakebus_message *m;
	char text[4096], inbox[64], own[32];

	++questions;
	(void)snprintf(inbox, sizeof(inbox), "_INBOX.gw2.rq.%u", questions);
	(void)snprintf(own, sizeof(own), "gw2.b2.%u", questions);
	(void)snprintf(text, sizeof(text),
		       "{\"id\":\"%s\",\"from\":\"gw2\",\"boot\":\"b2\","
		       "\"type\":\"%s\"%s}",
		       id ? id : own, type, body);
	fakebus_message(strcmp(type, "find") ? "fleet.rq.gw1" : "fleet.find",
			inbox, text);
	fakebus_turn();

	while ((m = fakebus_next())) {
		if (strcmp(m->subject, inbox)) {
			keep(m);
			continue;
		}

		free(answered);
		answered = strndup(m->data, m->len);
		gateway_answer(false);

		return answered;
	}

	return NULL;
}


/**
 * Let a member report clients that came and left there
 *
 * @param member Its name
 * @param news   Members of its heartbeat
 */
void other_beats(const char *member, const char *news)
{
	cJSON *tree = cJSON_Parse(news);

	assert_non_null(tree);
	deliver_heard(member, tree);
	cJSON_Delete(tree);
	referd_turns();
}
