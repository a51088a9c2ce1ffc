/**
 * @file verbs.c  Commands that do something to calls
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <curl/curl.h>
#include "calls.h"
#include "follow.h"
#include "http.h"
#include "print.h"
#include "verbs.h"


/* An option that is a field of the message */
struct field {
	const char *option;
	const char *name;
};


static void add_texts(cJSON *to, const struct args *a,
		      const struct field *fields, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *value = args_value(a, fields[i].option);

		if (value)
			(void)cJSON_AddStringToObject(to, fields[i].name,
						      value);
	}
}


static enum status add_seconds(cJSON *to, const struct args *a,
			       const char *option, const char *name)
{
	const char *value = args_value(a, option);
	char *end;
	double number;

	if (!value)
		return STATUS_DONE;

	number = strtod(value, &end);
	if (end == value || *end)
		return say_error(STATUS_USAGE,
				 "--%s must be a number of "
				 "seconds",
				 option);

	(void)cJSON_AddNumberToObject(to, name, number);

	return STATUS_DONE;
}


static enum status add_headers(cJSON *to, const struct args *a,
			       const char *option, const char *name)
{
	cJSON *headers = NULL;

	for (size_t i = 0; i < a->n; i++) {
		const char *equals;
		char key[SETTING_MAX];

		if (strcmp(a->given[i].name, option))
			continue;

		equals = strchr(a->given[i].value, '=');
		if (!equals || equals == a->given[i].value ||
		    equals - a->given[i].value >= SETTING_MAX)
			return say_error(STATUS_USAGE,
					 "--%s must be like "
					 "X-Ticket=17",
					 option);

		(void)snprintf(key, sizeof(key), "%.*s",
			       (int)(equals - a->given[i].value),
			       a->given[i].value);
		if (!headers)
			headers = cJSON_AddObjectToObject(to, name);
		(void)cJSON_AddStringToObject(headers, key, equals + 1);
	}

	return STATUS_DONE;
}


/* Names the verb, so that what becomes of it can be told */
static const char *name_verb(cJSON *verb)
{
	const char *id = json_text(verb, "id");
	unsigned char bytes[8] = {0};
	char name[32];
	uint64_t number;

	if (*id)
		return id;

	(void)getrandom(bytes, sizeof(bytes), 0);
	memcpy(&number, bytes, sizeof(number));
	(void)snprintf(name, sizeof(name), "referctl-%016llx",
		       (unsigned long long)number);
	(void)cJSON_AddStringToObject(verb, "id", name);

	return json_text(verb, "id");
}


static enum status post_verb(cJSON **replyp, const struct settings *s,
			     const char *sid, const cJSON *verb)
{
	char *name = http_escape(sid);
	char path[URL_MAX];

	(void)snprintf(path, sizeof(path), "/calls/%s/verbs",
		       name ? name : "");
	curl_free(name);

	return http_post(replyp, s, path, verb);
}


static enum status read_target(cJSON *verb, const struct settings *s,
			       const struct args *a)
{
	const char *replaces = args_value(a, "replaces");
	char sid[SID_SIZE];
	enum status status;

	if (!a->operands[1] == !replaces)
		return say_error(STATUS_USAGE, "refer takes either TARGET or "
					       "--replaces");

	if (!replaces) {
		(void)cJSON_AddStringToObject(verb, "referTo", a->operands[1]);
		return STATUS_DONE;
	}

	status = call_find(sid, s, replaces);
	if (!status)
		(void)cJSON_AddStringToObject(verb, "replaces", sid);

	return status;
}


static enum status read_refer(cJSON *verb, const struct args *a)
{
	static const struct field texts[] = {
		{"referred-by", "referredBy"},
		{"display-name", "referredByDisplayName"},
		{"id", "id"},
		{"action-hook", "actionHook"},
		{"event-hook", "eventHook"},
	};
	cJSON *timeouts = cJSON_CreateObject();
	enum status status;

	(void)cJSON_AddStringToObject(verb, "verb", "sip:refer");
	add_texts(verb, a, texts, sizeof(texts) / sizeof(*texts));
	if (args_has(a, "dry-run"))
		(void)cJSON_AddTrueToObject(verb, "dryRun");
	if (args_has(a, "force"))
		(void)cJSON_AddTrueToObject(verb, "force");

	status = add_headers(verb, a, "header", "headers");
	if (!status)
		status = add_headers(verb, a, "target-header",
				     "targetHeaders");
	if (!status)
		status = add_seconds(timeouts, a, "notify-timeout", "notify");
	if (!status)
		status = add_seconds(timeouts, a, "ringing-timeout",
				     "ringing");
	if (!status)
		status = add_seconds(timeouts, a, "retry-timeout", "retry");

	if (timeouts && timeouts->child)
		(void)cJSON_AddItemToObject(verb, "timeouts", timeouts);
	else
		cJSON_Delete(timeouts);

	return status;
}


static void print_reply(const cJSON *reply, const struct args *a)
{
	const cJSON *dry_run = cJSON_GetObjectItem(reply, "dry_run");

	if (args_has(a, "json"))
		print_json(reply);
	else if (dry_run)
		print_dry_run(dry_run);
}


static enum status run_refer(cJSON *verb, const char *sid,
			     const struct settings *s, const struct args *a)
{
	bool wait = args_has(a, "wait") && !args_has(a, "dry-run");
	const char *id = wait ? name_verb(verb) : "";
	enum status status = STATUS_DONE;
	cJSON *reply = NULL;
	int64_t seq = 0;

	/* From here on everything is heard, as late as we may connect */
	if (wait)
		status = follow_seq(&seq, s);
	if (!status)
		status = post_verb(&reply, s, sid, verb);
	if (!status && wait)
		status = follow_transfer(s, seq, sid, id, args_has(a, "json"));
	else if (!status)
		print_reply(reply, a);
	cJSON_Delete(reply);

	return status;
}


/**
 * Transfer a call.  Says itself what is wrong.
 *
 * @param s Where referd is
 * @param a Command line
 *
 * @return Exit status
 */
enum status verbs_refer(const struct settings *s, const struct args *a)
{
	cJSON *verb = cJSON_CreateObject();
	char sid[SID_SIZE];
	enum status status;

	status = read_refer(verb, a);
	if (!status)
		status = read_target(verb, s, a);
	if (!status)
		status = call_find(sid, s, a->operands[0]);
	if (!status)
		status = run_refer(verb, sid, s, a);
	cJSON_Delete(verb);

	return status;
}


static enum status run_plain(const char *name, const struct settings *s,
			     const struct args *a)
{
	cJSON *verb = cJSON_CreateObject(), *reply = NULL;
	char sid[SID_SIZE];
	enum status status;

	(void)cJSON_AddStringToObject(verb, "verb", name);
	status = add_headers(verb, a, "header", "headers");
	if (!status)
		status = call_find(sid, s, a->operands[0]);
	if (!status)
		status = post_verb(&reply, s, sid, verb);
	if (!status)
		print_reply(reply, a);
	cJSON_Delete(reply);
	cJSON_Delete(verb);

	return status;
}


/**
 * Answer a call.  Says itself what is wrong.
 *
 * @param s Where referd is
 * @param a Command line
 *
 * @return Exit status
 */
enum status verbs_answer(const struct settings *s, const struct args *a)
{
	return run_plain("answer", s, a);
}


/**
 * End a call.  Says itself what is wrong.
 *
 * @param s Where referd is
 * @param a Command line
 *
 * @return Exit status
 */
enum status verbs_hangup(const struct settings *s, const struct args *a)
{
	return run_plain("hangup", s, a);
}


static enum status read_dial(cJSON *data, const struct args *a)
{
	static const struct field texts[] = {{"from", "from"},
					     {"node", "node"}};
	enum status status;

	(void)cJSON_AddStringToObject(data, "to", a->operands[0]);
	add_texts(data, a, texts, sizeof(texts) / sizeof(*texts));

	status = add_seconds(data, a, "timeout", "timeout");

	return status ? status : add_headers(data, a, "header", "headers");
}


/**
 * Make a call.  Says itself what is wrong.
 *
 * @param s Where referd is
 * @param a Command line
 *
 * @return Exit status
 */
enum status verbs_dial(const struct settings *s, const struct args *a)
{
	cJSON *data = cJSON_CreateObject(), *reply = NULL;
	bool json = args_has(a, "json");
	enum status status;
	int64_t seq = 0;

	status = read_dial(data, a);
	if (!status)
		status = follow_seq(&seq, s);
	if (!status)
		status = http_post(&reply, s, "/calls", data);
	if (!status && json)
		print_json(reply);
	else if (!status)
		(void)puts(json_text(reply, "call_sid"));
	if (!status && args_has(a, "wait"))
		status = follow_dial(s, seq, json_text(reply, "call_sid"),
				     json);
	cJSON_Delete(reply);
	cJSON_Delete(data);

	return status;
}
