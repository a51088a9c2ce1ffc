/**
 * @file fleetstatus.c  State of a fleet, and its faults
 *
 * The members report their state each second; the servers report the state of
 * the stream.  Everything goes into one tree, from which the output is made.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine.h"
#include "fleet.h"
#include "fleetcopies.h"
#include "fleetstream.h"
#include "print.h"


enum {
	PATIENCE = 3,  /* seconds that the servers may take */
	BEHIND = 1000, /* messages that a reader may be behind */
	LINE_SIZE = 512,
};

/* Nanoseconds after which a server that was not heard does not answer */
static const double silent_time = 5e9;

static const double hear_time = 2.5; /* seconds, of a heartbeat each */

struct report {
	const struct fleet_settings *s;
	cJSON *tree;
	cJSON *members; /* by name */
	cJSON *missing; /* sentences */
};


static void miss(const struct report *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));


static void miss(const struct report *r, const char *fmt, ...)
{
	char text[STREAM_DIFFERS_MAX + LINE_SIZE];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)cJSON_AddItemToArray(r->missing, cJSON_CreateString(text));
}


/* FLEET.ev.NAME, FLEET.hb.NAME */
static const char *member_of(const char *subject)
{
	const char *dot = strrchr(subject, '.');

	return dot ? dot + 1 : subject;
}


/* A boot that comes back behind another is of a second referd */
static void look_for_twin(const cJSON *last, cJSON *member)
{
	const char *boot = json_text(member, "boot");
	cJSON *others = cJSON_CreateArray();
	const cJSON *item;

	cJSON_ArrayForEach(item, cJSON_GetObjectItem(last, "others"))
	{
		if (!strcmp(cJSON_GetStringValue(item), boot))
			(void)cJSON_ReplaceItemInObject(member, "twice",
							cJSON_CreateTrue());
		else
			(void)cJSON_AddItemToArray(
				others, cJSON_Duplicate(item, true));
	}
	if (strcmp(json_text(last, "boot"), boot))
		(void)cJSON_AddItemToArray(
			others, cJSON_CreateString(json_text(last, "boot")));
	if (cJSON_IsTrue(cJSON_GetObjectItem(last, "twice")))
		(void)cJSON_ReplaceItemInObject(member, "twice",
						cJSON_CreateTrue());
	(void)cJSON_AddItemToObject(member, "others", others);
}


static bool heartbeat_handler(const char *subject, const cJSON *body,
			      void *arg)
{
	static const char *const keys[] = {"boot",  "version",   "view",
					   "calls", "transfers", "labels",
					   "seq",   "lag"};
	const struct report *r = arg;
	const char *name = member_of(subject);
	const cJSON *last = cJSON_GetObjectItemCaseSensitive(r->members, name);
	cJSON *member = cJSON_CreateObject();

	(void)cJSON_AddStringToObject(member, "member", name);
	(void)cJSON_AddTrueToObject(member, "reachable");
	(void)cJSON_AddFalseToObject(member, "twice");
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const cJSON *item = cJSON_GetObjectItem(body, keys[i]);

		if (item)
			(void)cJSON_AddItemToObject(
				member, keys[i], cJSON_Duplicate(item, true));
	}
	if (last) {
		look_for_twin(last, member);
		cJSON_DeleteItemFromObjectCaseSensitive(r->members, name);
	}
	(void)cJSON_AddItemToObject(r->members, name, member);

	return false;
}


/* Members that were heard once, and are silent now */
static void add_silent(const struct report *r, const cJSON *info)
{
	const cJSON *state = cJSON_GetObjectItem(info, "state");
	const cJSON *item;

	cJSON_ArrayForEach(item, cJSON_GetObjectItem(state, "subjects"))
	{
		const char *name = member_of(item->string);
		cJSON *member;

		if (cJSON_HasObjectItem(r->members, name))
			continue;

		member = cJSON_AddObjectToObject(r->members, name);
		(void)cJSON_AddStringToObject(member, "member", name);
		(void)cJSON_AddFalseToObject(member, "reachable");
	}
}


static void judge_members(const struct report *r)
{
	const char *version = NULL;
	const cJSON *m;
	int heard = 0;

	cJSON_ArrayForEach(m, r->members)
	{
		const char *name = json_text(m, "member");
		const char *its = json_text(m, "version");

		if (!cJSON_IsTrue(cJSON_GetObjectItem(m, "reachable"))) {
			miss(r,
			     "%s is not heard: its referd does not run or is "
			     "cut off",
			     name);
			continue;
		}

		++heard;
		if (version && strcmp(version, its))
			miss(r, "%s has version %s, and others have %s", name,
			     its, version);
		else
			version = its;
		if (cJSON_IsTrue(cJSON_GetObjectItem(m, "twice")))
			miss(r, "two referds have the name %s", name);
		if (json_number(m, "lag") > BEHIND)
			miss(r, "%s is %.0f messages behind the stream", name,
			     json_number(m, "lag"));
	}

	if (!heard)
		miss(r, "no member is heard on %s.hb.*", r->s->name);
}


/* One that was killed counts as offline only later, and falls behind */
static void judge_late(const struct report *r, const char *name,
		       const cJSON *replica)
{
	const double lag = json_number(replica, "lag");

	if (lag > 0 && json_number(replica, "active") < silent_time)
		miss(r,
		     "the replica at the server %s is %.0f operations "
		     "behind",
		     name, lag);
	else
		miss(r, "the server %s, which has a replica, does not answer",
		     name);
}


static void judge_replicas(const struct report *r, const cJSON *info)
{
	const cJSON *cluster = cJSON_GetObjectItem(info, "cluster");
	const cJSON *replica;
	/* the leader is not in the list */
	const int first = *json_text(cluster, "leader") != '\0';
	int there = first, all = first;

	if (cluster && !*json_text(cluster, "leader"))
		miss(r,
		     "the stream %s has no leader: too few of its servers are "
		     "up",
		     r->s->stream);

	cJSON_ArrayForEach(replica, cJSON_GetObjectItem(cluster, "replicas"))
	{
		const char *name = json_text(replica, "name");
		bool offline = cJSON_IsTrue(
			cJSON_GetObjectItem(replica, "offline"));

		++all;
		there += !offline;
		if (offline)
			miss(r, "the server %s, which has a replica, is down",
			     name);
		else if (!cJSON_IsTrue(
				 cJSON_GetObjectItem(replica, "current")))
			judge_late(r, name, replica);
	}
	if (first && 2 * there <= all)
		miss(r,
		     "the stream %s accepts no events: %d of its %d servers "
		     "are down",
		     r->s->stream, all - there, all);
}


static void judge_copies(const struct report *r, const cJSON *info)
{
	char ends[LINE_SIZE];

	if (fleetcopies_compare(ends, sizeof(ends), r->s, info))
		miss(r, "the copies of the stream %s cannot be compared",
		     r->s->stream);
	else if (*ends)
		miss(r,
		     "the copies of the stream %s differ: their last messages "
		     "are %s",
		     r->s->stream, ends);
}


static void add_stream(const struct report *r, const cJSON *info)
{
	static const char *const keys[] = {"messages", "bytes",    "first_seq",
					   "first_ts", "last_seq", "last_ts"};
	const cJSON *state = cJSON_GetObjectItem(info, "state");
	const cJSON *cluster = cJSON_GetObjectItem(info, "cluster");
	cJSON *stream = cJSON_AddObjectToObject(r->tree, "stream");

	(void)cJSON_AddStringToObject(stream, "name", r->s->stream);
	(void)cJSON_AddNumberToObject(
		stream, "replicas",
		json_number(cJSON_GetObjectItem(info, "config"),
			    "num_replicas"));
	if (cluster)
		(void)cJSON_AddStringToObject(stream, "leader",
					      json_text(cluster, "leader"));
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const cJSON *item = cJSON_GetObjectItem(state, keys[i]);

		if (item)
			(void)cJSON_AddItemToObject(
				stream, keys[i], cJSON_Duplicate(item, true));
	}
}


static void judge_stream(const struct report *r, const cJSON *info)
{
	static const struct fleetstream_choice any;
	char differs[STREAM_DIFFERS_MAX];

	if (fleetstream_is_missing(info)) {
		miss(r,
		     "the stream %s does not exist; make it with referctl "
		     "fleet init",
		     r->s->stream);
		return;
	}
	if (fleetstream_error(info)) {
		miss(r, "the servers give no information on the stream %s: %s",
		     r->s->stream, fleetstream_error(info));
		return;
	}

	(void)cJSON_AddStringToObject(r->tree, "epoch",
				      json_text(info, "created"));
	add_stream(r, info);
	add_silent(r, info);
	judge_replicas(r, info);
	judge_copies(r, info);
	if (fleetstream_differs(differs, r->s, info, &any))
		miss(r, "the stream %s is not configured as required: %s",
		     r->s->stream, differs);
}


static void print_member(const cJSON *m)
{
	const cJSON *lag = cJSON_GetObjectItem(m, "lag");
	bool view = cJSON_IsTrue(cJSON_GetObjectItem(m, "view"));
	char number[32] = "-";

	if (!cJSON_IsTrue(cJSON_GetObjectItem(m, "reachable"))) {
		print_line("%-16s  not heard", json_text(m, "member"));
		return;
	}
	if (view && cJSON_IsNumber(lag))
		(void)snprintf(number, sizeof(number), "%.0f",
			       lag->valuedouble);
	print_line("%-16s  %-9s  %-7s  %-4s  %5.0f  %9.0f  %s",
		   json_text(m, "member"), "yes", json_text(m, "version"),
		   view ? "yes" : "no", json_number(m, "calls"),
		   json_number(m, "transfers"), number);
}


/* "3 replicas, leader fleet-1, 120 messages, ..." */
static void print_stream(const struct report *r, const cJSON *stream)
{
	const char *leader = json_text(stream, "leader");
	const bool empty = json_number(stream, "messages") < 1;

	print_line(
		"stream %s at %s: %.0f replicas, leader %s, %.0f messages, "
		"%.0f bytes%s%.19s%s%.19s, epoch %s",
		json_text(stream, "name"), json_text(r->tree, "server"),
		json_number(stream, "replicas"), *leader ? leader : "-",
		json_number(stream, "messages"), json_number(stream, "bytes"),
		empty ? "" : ", ", empty ? "" : json_text(stream, "first_ts"),
		empty ? "" : " to ", empty ? "" : json_text(stream, "last_ts"),
		json_text(r->tree, "epoch"));
}


static void print_report(const struct report *r)
{
	const cJSON *stream = cJSON_GetObjectItem(r->tree, "stream");
	const cJSON *item;

	print_line("%-16s  %-9s  %-7s  %-4s  %5s  %9s  %s", "MEMBER",
		   "REACHABLE", "VERSION", "VIEW", "CALLS", "TRANSFERS",
		   "LAG");
	cJSON_ArrayForEach(item, r->members)
	{
		print_member(item);
	}
	if (stream)
		print_stream(r, stream);
	cJSON_ArrayForEach(item, r->missing)
	{
		print_line("missing: %s", cJSON_GetStringValue(item));
	}
	if (!cJSON_GetArraySize(r->missing))
		print_line("all is well");
}


/* As a list, without the data that finds two members of one name */
static void list_members(struct report *r)
{
	cJSON *list = cJSON_CreateArray(), *m;

	while ((m = cJSON_DetachItemFromArray(r->members, 0))) {
		cJSON_DeleteItemFromObject(m, "others");
		cJSON_DeleteItemFromObject(m, "twice");
		(void)cJSON_AddItemToArray(list, m);
	}
	cJSON_Delete(r->members);
	r->members = list;
}


static enum status report(struct report *r, const struct args *a)
{
	char subject[FLEET_NAME_MAX + 8];
	enum status status;
	cJSON *info = NULL;

	(void)snprintf(subject, sizeof(subject), "%s.hb.*", r->s->name);
	status = engine_subscribe(subject);
	if (status)
		return status;

	(void)cJSON_AddStringToObject(r->tree, "fleet", r->s->name);
	(void)cJSON_AddStringToObject(r->tree, "server", engine_server());
	engine_hear(hear_time, heartbeat_handler, r);
	status = fleetstream_info(&info, r->s, PATIENCE);
	if (!status)
		judge_stream(r, info);
	else
		miss(r, "the stream %s does not answer", r->s->stream);
	cJSON_Delete(info);

	judge_members(r);
	list_members(r);
	if (!args_has(a, "json"))
		print_report(r);
	(void)cJSON_AddItemToObject(r->tree, "members", r->members);
	(void)cJSON_AddItemToObject(r->tree, "missing", r->missing);
	r->members = NULL;
	status = cJSON_GetArraySize(r->missing) ? STATUS_ERROR : STATUS_DONE;
	r->missing = NULL;
	if (args_has(a, "json"))
		print_json(r->tree);

	return status;
}


/**
 * Print the state of a fleet, and its faults
 *
 * @param a Command line
 *
 * @return Exit status: STATUS_DONE if all is well
 */
enum status fleet_status(const struct args *a)
{
	static struct fleet_settings s;
	struct report r = {.s = &s};
	enum status status = fleetset_read(&s, a);

	if (status)
		return status;

	r.tree = cJSON_CreateObject();
	r.members = cJSON_CreateObject();
	r.missing = cJSON_CreateArray();
	status = engine_open(&s);
	if (!status)
		status = report(&r, a);
	engine_close();
	cJSON_Delete(r.members);
	cJSON_Delete(r.missing);
	cJSON_Delete(r.tree);

	return status;
}
