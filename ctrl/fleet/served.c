/**
 * @file served.c  Requests of clients of other members
 *
 * Their tokens and roles have been looked at where they are: a fleet trusts
 * its members.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "bus.h"
#include "calls/calls.h"
#include "coming.h"
#include "deliver.h"
#include "fleet.h"
#include "hooks/hooks.h"
#include "json.h"
#include "packets.h"
#include "route.h"
#include "rq.h"
#include "stream/stream.h"


static bool foreign; /* what is being done came from another member */


/**
 * Tell whether the current request came from another member
 *
 * @return True if it did: it goes no further
 */
bool served_foreign(void)
{
	return foreign;
}


/**
 * Read who is to be answered: http-N@member/boot, by which the reply finds
 * back
 *
 * @param s    Set to it
 * @param name Buffer for its name
 * @param rq   What is asked
 * @param from Name of the member that asks
 *
 * @return 0, or EBADMSG
 */
int served_http(struct sender *s, char name[SERVED_NAME_SIZE], const cJSON *rq,
		const char *from)
{
	const char *http = field_str(rq, "http"),
		   *boot = field_str(rq, "boot");

	if (!http || !boot || strlen(http) > 32 || strlen(boot) > 64 ||
	    strchr(http, REPLY_AWAY))
		return EBADMSG;

	(void)snprintf(name, SERVED_NAME_SIZE, "%s%c%s/%s", http, REPLY_AWAY,
		       from, boot);
	*s = (struct sender){.kind = SENDER_HTTP, .name = name};

	return 0;
}


static int read_sender(struct sender *s, char name[SERVED_NAME_SIZE],
		       const cJSON *rq, const char *from, struct error *f)
{
	const cJSON *client = cJSON_GetObjectItemCaseSensitive(rq, "client");
	const char *who = field_str(client, "name");
	const char *badge = field_str(client, "badge");

	if (!client)
		return served_http(s, name, rq, from)
			       ? error_set(f, 400, "client", "is required")
			       : 0;

	if (!who || !client_name_valid(who))
		return error_set(f, 400, "client", "must have a valid name");

	*s = (struct sender){.kind = SENDER_CLIENT,
			     .name = who,
			     .badge = badge ? badge : "",
			     .dialect = field_bool(client, "jambonz")
						? DIALECT_JAMBONZ
						: DIALECT_DEFAULT};

	/* the client with that name here gets it, if it is the same client */
	if (client_badge(who) ? strcmp(client_badge(who), s->badge)
			      : !deliver_seen(from, who, s->badge))
		return error_set(f, 403, NULL,
				 "The name %s belongs to a client with "
				 "another token, at the member %s",
				 who, fleet_member());

	return 0;
}


/* A message of another member, and what its sender points into */
struct served {
	struct sender sender;
	char name[SERVED_NAME_SIZE];
	char trace[TRACE_SIZE];
	char *text;
};


/* A copy, since it may be changed */
static int read_text(char **textp, const cJSON *rq, struct error *f)
{
	const char *text = field_str(rq, "text");

	if (!text || strlen(text) > MESSAGE_MAX)
		return error_set(f, 400, "text",
				 "must be a message of at most %d bytes",
				 MESSAGE_MAX);

	*textp = strdup(text);

	return *textp ? 0 : ENOMEM;
}


/* True if it is for whom the request says that it is */
static int prepare(struct served *s, const cJSON *rq, const char *from,
		   struct error *f)
{
	int err = read_text(&s->text, rq, f);

	if (err)
		return err;

	err = read_sender(&s->sender, s->name, rq, from, f);
	if (!err)
		err = trace_check(s->trace, rq, f);
	if (err) {
		free(s->text);
		return err;
	}

	s->sender.trace = *s->trace ? s->trace : NULL;
	log_info("fleet: %s of %s at member %s", field_str(rq, "type"),
		 s->sender.name, from);

	return 0;
}


static int serve_message(const cJSON *rq, const char *from,
			 struct json *answer, struct error *f)
{
	struct served s;
	int err = prepare(&s, rq, from, f);
	(void)answer;

	if (err)
		return err;

	foreign = true;
	command(&s.sender, s.text, strlen(s.text));
	foreign = false;
	free(s.text);

	return 0;
}


static int serve_verbs(const cJSON *rq, const char *from, struct json *answer,
		       struct error *f)
{
	const char *sid = field_str(rq, "call_sid");
	struct served s;
	int err;
	(void)answer;

	if (!sid)
		return error_set(f, 400, "call_sid", "is required");

	err = prepare(&s, rq, from, f);
	if (err)
		return err;

	foreign = true;
	command_verbs(&s.sender, sid, s.text, strlen(s.text));
	foreign = false;
	free(s.text);

	return 0;
}


static int serve_dial(const cJSON *rq, const char *from, struct json *answer,
		      struct error *f)
{
	struct served s;
	int err = prepare(&s, rq, from, f);
	(void)answer;

	if (err)
		return err;

	foreign = true;
	if (s.sender.kind == SENDER_HTTP)
		command_dial(&s.sender, s.text, strlen(s.text));
	else
		command(&s.sender, s.text, strlen(s.text));
	foreign = false;
	free(s.text);

	return 0;
}


static bool call_lives(const char *sid)
{
	const struct session *s = session_find(sid);

	return s && !call_over(s->call);
}


/* Whether this referd has the call, waits for the answer, or has the client */
static int serve_find(const cJSON *rq, const char *from, struct json *answer,
		      struct error *f)
{
	const char *sid = field_str(rq, "call_sid");
	const char *msgid = field_str(rq, "msgid");
	const char *awaits = field_str(rq, "awaits");
	const char *client = field_str(rq, "client");
	const char *badge = client && client_name_valid(client)
				    ? client_badge(client)
				    : NULL;
	bool have = false;
	(void)from;
	(void)f;

	if (msgid && awaits)
		have = hooks_await(awaits, msgid);
	if (sid && !have)
		have = call_lives(sid);
	if (badge) {
		have = true;
		json_str(answer, "badge", badge);
		json_int(answer, "n", coming_n(client));
	}

	json_bool(answer, "have", have);
	json_str(answer, "member", fleet_member());

	return 0;
}


/* A call, for an HTTP request */
static int serve_call(const cJSON *rq, const char *from, struct json *answer,
		      struct error *f)
{
	const char *sid = field_str(rq, "call_sid");
	char name[SERVED_NAME_SIZE];
	struct sender s;
	struct json j;
	(void)answer;

	if (!sid || served_http(&s, name, rq, from))
		return error_set(f, 400, "call_sid", "is required");

	if (!call_lives(sid))
		return session_missing(f, NULL, sid);

	json_init(&j);
	session_print(&j, NULL, session_find(sid));
	reply_give(s.name, 200, json_done(&j));
	json_free(&j);

	return 0;
}


/* A reply to an HTTP request that was made here since the start */
static int serve_reply(const cJSON *rq, const char *from, struct json *answer,
		       struct error *f)
{
	const char *http = field_str(rq, "http");
	const char *asked = field_str(rq, "asked");
	(void)from;
	(void)answer;

	if (!http || strchr(http, REPLY_AWAY) || !asked)
		return error_set(f, 400, "http", "is required");

	if (!strcmp(asked, bus_boot()))
		reply_give(http, (int)field_int(rq, "status", 500),
			   field_str(rq, "body"));

	return 0;
}


static void replied_handler(const struct error *f, const cJSON *answer,
			    void *arg)
{
	(void)f;
	(void)answer;
	(void)arg;
}


static void reply_handler(const char *name, int status, const char *body)
{
	const char *at = strchr(name, REPLY_AWAY);
	const char *boot = strrchr(name, '/');
	char member[SERVED_NAME_SIZE];
	struct json j;

	if (!boot || boot < at)
		return;

	(void)snprintf(member, sizeof(member), "%.*s", (int)(boot - at - 1),
		       at + 1);
	json_init(&j);
	json_open(&j, NULL, '{');
	json_strn(&j, "http", name, (size_t)(at - name));
	json_str(&j, "asked", boot + 1);
	json_int(&j, "status", status);
	json_str(&j, "body", body);
	json_close(&j, '}');
	(void)rq_send(NULL, member, "reply", json_done(&j), replied_handler,
		      NULL);
	json_free(&j);
}


/**
 * Begin to do what clients of other members want
 *
 * @param c Configuration
 *
 * @return 0, or ENOMEM
 */
int served_start(const struct fleet_config *c)
{
	(void)c;
	reply_away(reply_handler);

	return rq_serve("message", serve_message, true) |
	       rq_serve("verbs", serve_verbs, true) |
	       rq_serve("dial", serve_dial, true) |
	       rq_serve("reply", serve_reply, true) |
	       rq_serve("call", serve_call, true) |
	       rq_serve("capture", packets_serve, true) |
	       rq_serve("find", serve_find, false);
}


/**
 * Do nothing for them any more
 */
void served_stop(void)
{
	reply_away(NULL);
}
