/**
 * @file fleetcopies.c  Compares the copies of a stream at its servers
 *
 * The servers tell only whether a copy has caught up, and not whether it is
 * the same.  But an ephemeral consumer lives at one server, which the servers
 * choose, and begins behind the last message of the copy there.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine.h"
#include "fleetcopies.h"
#include "fleetstream.h"
#include "print.h"


enum {
	COPIES_MAX = 5,
	TRIES = 60,   /* until each server has had a consumer */
	ROUNDS = 3,   /* of which each must find a difference */
	PATIENCE = 3, /* seconds that the servers may take */
	NAME_SIZE = 64,
};

struct copies {
	unsigned count, wanted;
	struct {
		char server[NAME_SIZE];
		double last; /* sequence of its last message */
	} list[COPIES_MAX];
};


static double last_of(const cJSON *info)
{
	return json_number(cJSON_GetObjectItem(info, "state"), "last_seq");
}


/* Copies that are behind, or not there, are another fault */
static unsigned count_current(const cJSON *info)
{
	const cJSON *cluster = cJSON_GetObjectItem(info, "cluster");
	const cJSON *replica;
	unsigned n = 1;

	if (!*json_text(cluster, "leader"))
		return 0;

	cJSON_ArrayForEach(replica, cJSON_GetObjectItem(cluster, "replicas"))
	{
		if (!cJSON_IsTrue(cJSON_GetObjectItem(replica, "current")))
			return 0;
		++n;
	}

	return n <= COPIES_MAX ? n : 0;
}


static void take(struct copies *c, const cJSON *consumer)
{
	const char *server = json_text(
		cJSON_GetObjectItem(consumer, "cluster"), "leader");

	for (unsigned i = 0; i < c->count; i++) {
		if (!strcmp(c->list[i].server, server))
			return;
	}
	if (!*server || c->count == c->wanted)
		return;

	(void)snprintf(c->list[c->count].server, NAME_SIZE, "%s", server);
	c->list[c->count++].last = json_number(
		cJSON_GetObjectItem(consumer, "delivered"), "stream_seq");
}


/* One consumer: made, and deleted */
static enum status look(struct copies *c, const struct fleet_settings *s)
{
	char subject[FLEET_NAME_MAX + NAME_SIZE + 40], body[512];
	cJSON *consumer = NULL, *deleted = NULL;
	enum status status;

	(void)snprintf(subject, sizeof(subject), "$JS.API.CONSUMER.CREATE.%s",
		       s->stream);
	(void)snprintf(
		body, sizeof(body),
		"{\"stream_name\":\"%s\",\"config\":{"
		"\"deliver_policy\":\"new\",\"ack_policy\":\"explicit\","
		"\"inactive_threshold\":5000000000,"
		"\"num_replicas\":1,\"mem_storage\":true}}",
		s->stream);
	status = engine_ask(&consumer, subject, body, PATIENCE);
	if (!status && fleetstream_error(consumer))
		status = say_error(STATUS_ERROR, "cannot ask %s: %s", subject,
				   fleetstream_error(consumer));
	if (!status) {
		take(c, consumer);
		(void)snprintf(subject, sizeof(subject),
			       "$JS.API.CONSUMER.DELETE.%s.%.*s", s->stream,
			       NAME_SIZE, json_text(consumer, "name"));
		status = engine_ask(&deleted, subject, "", PATIENCE);
	}
	cJSON_Delete(consumer);
	cJSON_Delete(deleted);

	return status;
}


/* Meanwhile, the stream may get more messages */
static bool is_within(const struct copies *c, double from, double to)
{
	for (unsigned i = 0; i < c->count; i++) {
		if (c->list[i].last < from || c->list[i].last > to)
			return false;
	}

	return true;
}


static void print(char *text, size_t size, const struct copies *c)
{
	size_t len = 0;

	for (unsigned i = 0; i < c->count && len < size; i++)
		len += (size_t)snprintf(text + len, size - len, "%s%s at %.0f",
					i ? ", " : "", c->list[i].server,
					c->list[i].last);
}


static enum status round_of(struct copies *c, bool *same,
			    const struct fleet_settings *s, double from)
{
	enum status status = STATUS_DONE;
	cJSON *info = NULL;

	c->count = 0;
	for (int i = 0; !status && i < TRIES && c->count < c->wanted; i++)
		status = look(c, s);
	if (!status)
		status = fleetstream_info(&info, s, PATIENCE);
	*same = !status && is_within(c, from, last_of(info));
	cJSON_Delete(info);

	return status;
}


/**
 * Compare where the copies of a stream end.  Prints its errors.
 *
 * @param text Filled with the ends if they differ, else with ""
 * @param size Its size
 * @param s    Settings, with the name of the stream
 * @param info The stream, as fleetstream_info() gives it
 *
 * @return STATUS_DONE, otherwise the exit status
 */
enum status fleetcopies_compare(char *text, size_t size,
				const struct fleet_settings *s,
				const cJSON *info)
{
	struct copies c = {.wanted = count_current(info)};
	enum status status = STATUS_DONE;
	bool same = c.wanted < 2;

	*text = '\0';
	for (int i = 0; !status && !same && i < ROUNDS; i++)
		status = round_of(&c, &same, s, last_of(info));
	if (!status && !same)
		print(text, size, &c);

	return status;
}
