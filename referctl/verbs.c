/**
 * @file verbs.c  Commands that do something to calls
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdio.h>
#include <curl/curl.h>
#include "calls.h"
#include "fields.h"
#include "follow.h"
#include "http.h"
#include "print.h"
#include "verbs.h"


static const char seconds[] = " of seconds";


/**
 * Send a verb to a call.  Prints its errors.
 *
 * @param replyp Answer of referd
 * @param s      Settings of the connection
 * @param sid    The call
 * @param verb   The verb
 *
 * @return STATUS_DONE, otherwise the exit status
 */
enum status verbs_post(cJSON **replyp, const struct settings *s,
		       const char *sid, const cJSON *verb)
{
	char *name = http_escape(sid);
	char path[URL_MAX];

	(void)snprintf(path, sizeof(path), "/calls/%s/verbs",
		       name ? name : "");
	curl_free(name);

	return http_post(replyp, s, path, verb);
}


/**
 * Print the answer of referd to a verb, if it has content
 *
 * @param reply Its answer
 * @param a     Command line
 */
void verbs_print(const cJSON *reply, const struct args *a)
{
	const cJSON *dry_run = cJSON_GetObjectItem(reply, "dry_run");

	if (args_has(a, "json"))
		print_json(reply);
	else if (dry_run)
		print_dry_run(dry_run);
}


/* Sends a verb, unless reading it failed */
static enum status run_plain(cJSON *verb, enum status status,
			     const struct settings *s, const struct args *a)
{
	cJSON *reply = NULL;
	char sid[SID_SIZE];

	fields_trace(verb, a);
	if (!status)
		status = fields_headers(verb, a, "header", "headers");
	if (!status)
		status = call_find(sid, NULL, s, a->operands[0]);
	if (!status)
		status = verbs_post(&reply, s, sid, verb);
	if (!status)
		verbs_print(reply, a);
	cJSON_Delete(reply);
	cJSON_Delete(verb);

	return status;
}


static cJSON *make_verb(const char *name)
{
	cJSON *verb = cJSON_CreateObject();

	(void)cJSON_AddStringToObject(verb, "verb", name);

	return verb;
}


/**
 * Answer a call.  Prints its errors.
 *
 * @param s Settings of the connection
 * @param a Command line
 *
 * @return Exit status
 */
enum status verbs_answer(const struct settings *s, const struct args *a)
{
	return run_plain(make_verb("answer"), STATUS_DONE, s, a);
}


/**
 * End a call.  Prints its errors.
 *
 * @param s Settings of the connection
 * @param a Command line
 *
 * @return Exit status
 */
enum status verbs_hangup(const struct settings *s, const struct args *a)
{
	return run_plain(make_verb("hangup"), STATUS_DONE, s, a);
}


/**
 * Decline a call, or send it elsewhere.  Prints its errors.
 *
 * @param s Settings of the connection
 * @param a Command line
 *
 * @return Exit status
 */
enum status verbs_decline(const struct settings *s, const struct args *a)
{
	static const struct field_option texts[] = {{"reason", "reason"},
						    {"contact", "contact"}};
	cJSON *verb = make_verb("sip:decline");
	enum status status = fields_number(verb, a, "status", "status", "");

	if (!status && !args_has(a, "status"))
		(void)cJSON_AddNumberToObject(
			verb, "status", args_has(a, "contact") ? 302 : 486);
	fields_texts(verb, a, texts, sizeof(texts) / sizeof(*texts));

	return run_plain(verb, status, s, a);
}


/**
 * Send a request within a call.  Prints its errors.
 *
 * @param s Settings of the connection
 * @param a Command line
 *
 * @return Exit status
 */
enum status verbs_request(const struct settings *s, const struct args *a)
{
	static const struct field_option texts[] = {
		{"body", "body"}, {"id", "id"}, {"action-hook", "actionHook"}};
	cJSON *verb = make_verb("sip:request");

	(void)cJSON_AddStringToObject(verb, "method", a->operands[1]);
	fields_texts(verb, a, texts, sizeof(texts) / sizeof(*texts));

	return run_plain(verb, STATUS_DONE, s, a);
}


/**
 * Give up the transfer of a call.  Prints its errors.
 *
 * @param s Settings of the connection
 * @param a Command line
 *
 * @return Exit status
 */
enum status verbs_cancel(const struct settings *s, const struct args *a)
{
	cJSON *command = cJSON_CreateObject();
	char sid[SID_SIZE];
	enum status status = call_find(sid, NULL, s, a->operands[0]);

	(void)cJSON_AddStringToObject(command, "type", "command");
	(void)cJSON_AddStringToObject(command, "command", "transfer:cancel");
	fields_trace(command, a);
	if (!status) {
		(void)cJSON_AddStringToObject(command, "callSid", sid);
		status = follow_command(s, command, args_has(a, "json"));
	}
	cJSON_Delete(command);

	return status;
}


static enum status read_dial(cJSON *data, const struct args *a)
{
	static const struct field_option texts[] = {
		{"from", "from"}, {"node", "node"}, {"label", "label"}};
	enum status status;

	(void)cJSON_AddStringToObject(data, "to", a->operands[0]);
	fields_texts(data, a, texts, sizeof(texts) / sizeof(*texts));
	fields_trace(data, a);

	status = fields_number(data, a, "timeout", "timeout", seconds);

	return status ? status : fields_headers(data, a, "header", "headers");
}


/**
 * Make a call.  Prints its errors.
 *
 * @param s Settings of the connection
 * @param a Command line
 *
 * @return Exit status
 */
enum status verbs_dial(const struct settings *s, const struct args *a)
{
	cJSON *data = cJSON_CreateObject(), *reply = NULL;
	bool json = args_has(a, "json");
	enum status status;
	struct moment now;

	status = read_dial(data, a);
	if (!status)
		status = follow_now(&now, s);
	if (!status)
		status = http_post(&reply, s, "/calls", data);
	if (!status && json)
		print_json(reply);
	else if (!status)
		(void)puts(json_text(reply, "call_sid"));
	if (!status && args_has(a, "wait"))
		status = follow_dial(s, &now, json_text(reply, "call_sid"),
				     json);
	cJSON_Delete(reply);
	cJSON_Delete(data);

	return status;
}
