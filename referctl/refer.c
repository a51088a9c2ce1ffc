/**
 * @file refer.c  The commands that transfer a call
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include "calls.h"
#include "fields.h"
#include "follow.h"
#include "print.h"
#include "verbs.h"


static const char seconds[] = " of seconds";


/* Gives the verb an id, to recognise its messages */
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


/* One target is a string, several are an array that is tried in turn */
static void add_targets(cJSON *verb, const struct args *a)
{
	cJSON *list;

	if (a->operand_count == 2) {
		(void)cJSON_AddStringToObject(verb, "referTo", a->operands[1]);
		return;
	}

	list = cJSON_AddArrayToObject(verb, "referTo");
	for (size_t i = 1; i < a->operand_count; i++)
		(void)cJSON_AddItemToArray(list,
					   cJSON_CreateString(a->operands[i]));
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
		add_targets(verb, a);
		return STATUS_DONE;
	}

	status = call_find(sid, NULL, s, replaces);
	if (!status)
		(void)cJSON_AddStringToObject(verb, "replaces", sid);

	return status;
}


static enum status read_refer(cJSON *verb, const struct args *a)
{
	static const struct field_option texts[] = {
		{"referred-by", "referredBy"},
		{"display-name", "referredByDisplayName"},
		{"id", "id"},
		{"action-hook", "actionHook"},
		{"event-hook", "eventHook"},
		{"on-unknown", "onUnknown"},
	};
	static const struct field_option timers[] = {
		{"notify-timeout", "notify"},
		{"ringing-timeout", "ringing"},
		{"retry-timeout", "retry"},
		{"answer-timeout", "answer"},
	};
	cJSON *timeouts = cJSON_CreateObject();
	enum status status;

	(void)cJSON_AddStringToObject(verb, "verb", "sip:refer");
	fields_texts(verb, a, texts, sizeof(texts) / sizeof(*texts));
	fields_trace(verb, a);
	if (args_has(a, "dry-run"))
		(void)cJSON_AddTrueToObject(verb, "dryRun");
	if (args_has(a, "force"))
		(void)cJSON_AddTrueToObject(verb, "force");

	status = fields_headers(verb, a, "header", "headers");
	if (!status)
		status = fields_headers(verb, a, "target-header",
					"targetHeaders");
	if (!status)
		status = fields_uui(verb, a);
	for (size_t i = 0; !status && i < sizeof(timers) / sizeof(*timers);
	     i++)
		status = fields_number(timeouts, a, timers[i].option,
				       timers[i].name, seconds);

	if (timeouts && timeouts->child)
		(void)cJSON_AddItemToObject(verb, "timeouts", timeouts);
	else
		cJSON_Delete(timeouts);

	return status;
}


static enum status run_refer(cJSON *verb, const char *sid, bool here,
			     const struct settings *s, const struct args *a)
{
	bool wait = args_has(a, "wait") && !args_has(a, "dry-run");
	const char *id = wait ? name_verb(verb) : "";
	enum status status = STATUS_DONE;
	cJSON *reply = NULL;
	struct moment now;

	/* All messages from here on are followed, however late the connection
	   is made */
	if (wait)
		status = follow_now(&now, s);
	if (!status)
		status = verbs_post(&reply, s, sid, verb);
	if (!status && wait)
		status = follow_transfer(s, &now, here, sid, id,
					 args_has(a, "json"));
	else if (!status)
		verbs_print(reply, a);
	cJSON_Delete(reply);

	return status;
}


/**
 * Transfer a call.  Prints its errors.
 *
 * @param s Settings of the connection
 * @param a Command line
 *
 * @return Exit status
 */
enum status verbs_refer(const struct settings *s, const struct args *a)
{
	cJSON *verb = cJSON_CreateObject();
	char sid[SID_SIZE];
	enum status status;
	bool here;

	status = read_refer(verb, a);
	if (!status)
		status = read_target(verb, s, a);
	if (!status)
		status = call_find(sid, &here, s, a->operands[0]);
	if (!status)
		status = run_refer(verb, sid, here, s, a);
	cJSON_Delete(verb);

	return status;
}


/* A URI, a number, or the name of a user */
static cJSON *make_target(const char *text, const struct args *a)
{
	static const char *const schemes[] = {"sip:", "sips:", "tel:"};
	cJSON *target = cJSON_CreateObject();
	bool uri = strchr(text, '<') != NULL;
	bool number = !text[strspn(text, "+0123456789 ().-/")];

	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		uri |= !strncasecmp(text, schemes[i], strlen(schemes[i]));

	(void)cJSON_AddStringToObject(target, "type",
				      uri      ? "sip"
				      : number ? "phone"
					       : "user");
	(void)cJSON_AddStringToObject(target,
				      uri      ? "sipUri"
				      : number ? "number"
					       : "name",
				      text);
	(void)fields_headers(target, a, "target-header", "headers");

	return target;
}


static void add_object(cJSON *verb, const char *name, const struct args *a,
		       const struct field_option *texts, size_t n)
{
	cJSON *object = cJSON_CreateObject();

	fields_texts(object, a, texts, n);
	if (object && object->child)
		(void)cJSON_AddItemToObject(verb, name, object);
	else
		cJSON_Delete(object);
}


static enum status read_transfer(cJSON *verb, const struct args *a)
{
	static const struct field_option texts[] = {
		{"caller-id", "callerId"},
		{"id", "id"},
		{"action-hook", "actionHook"},
		{"event-hook", "eventHook"},
		{"hold-hook", "onHoldHook"}};
	static const struct field_option ways[] = {
		{"on-no-answer", "onNoAnswer"},
		{"on-busy", "onBusy"},
		{"on-decline", "onDecline"},
		{"on-failure", "onFailure"},
		{"voicemail", "voicemailUrl"}};
	static const struct field_option confirm[] = {{"prompt", "prompt"},
						      {"digit", "digit"}};
	static const struct field_option brief[] = {{"brief", "url"}};
	cJSON *targets = cJSON_AddArrayToObject(verb, "target");

	(void)cJSON_AddStringToObject(verb, "verb", "transfer");
	(void)cJSON_AddStringToObject(verb, "mode",
				      args_has(a, "warm") ? "warm" : "blind");
	for (size_t i = 1; i < a->operand_count; i++)
		(void)cJSON_AddItemToArray(targets,
					   make_target(a->operands[i], a));
	fields_texts(verb, a, texts, sizeof(texts) / sizeof(*texts));
	fields_trace(verb, a);
	add_object(verb, "disposition", a, ways, sizeof(ways) / sizeof(*ways));
	add_object(verb, "confirm", a, confirm,
		   sizeof(confirm) / sizeof(*confirm));
	add_object(verb, "brief", a, brief, 1);

	return fields_number(verb, a, "timeout", "timeout", seconds);
}


/**
 * Transfer a call, with an action if no target takes it.  Prints its errors.
 *
 * @param s Settings of the connection
 * @param a Command line
 *
 * @return Exit status
 */
enum status verbs_transfer(const struct settings *s, const struct args *a)
{
	cJSON *headers = cJSON_CreateObject(), *verb = cJSON_CreateObject();
	char sid[SID_SIZE];
	enum status status;
	bool here;

	/* An error in them is printed once, not for each target */
	status = fields_headers(headers, a, "target-header", "headers");
	cJSON_Delete(headers);
	if (!status)
		status = read_transfer(verb, a);
	if (!status)
		status = call_find(sid, &here, s, a->operands[0]);
	if (!status)
		status = run_refer(verb, sid, here, s, a);
	cJSON_Delete(verb);

	return status;
}
