/**
 * @file main.c  referctl, a client of referd for people and scripts
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <curl/curl.h>
#include "calls.h"
#include "export.h"
#include "fleet.h"
#include "follow.h"
#include "http.h"
#include "print.h"
#include "verbs.h"


enum { INPUT_MAX = 65536 };


static enum status show_calls(const struct settings *s, const struct args *a)
{
	cJSON *calls = NULL;
	enum status status = http_get(&calls, s, "/calls");

	if (!status && args_has(a, "json"))
		print_json(calls);
	else if (!status)
		print_calls(calls);
	cJSON_Delete(calls);

	return status;
}


/* appends name=VALUE */
static enum status add_filter(char *path, const char *name, const char *value)
{
	char *text = http_escape(value);
	size_t len = strlen(path);
	int n = text ? snprintf(path + len, URL_MAX - len, "%c%s=%s",
				strchr(path, '?') ? '&' : '?', name, text)
		     : -1;

	curl_free(text);

	return n >= 0 && (size_t)n < URL_MAX - len
		       ? STATUS_DONE
		       : say_error(STATUS_USAGE, "--%s is too long", name);
}


static enum status show_transfers(const struct settings *s,
				  const struct args *a)
{
	static const char *const filters[][2] = {
		{"call", "call_sid"},   {"since", "since"},
		{"outcome", "outcome"}, {"code", "code"},
		{"target", "target"},   {"node", "node"},
		{"query", "q"},         {"from", "from"},
		{"to", "to"},           {"before", "before"},
		{"limit", "limit"}};
	char path[URL_MAX] = "/transfers";
	enum status status = STATUS_DONE;
	cJSON *transfers = NULL;

	for (size_t i = 0; !status && i < sizeof(filters) / sizeof(*filters);
	     i++) {
		const char *value = args_value(a, filters[i][0]);

		if (value)
			status = add_filter(path, filters[i][1], value);
	}

	if (!status)
		status = http_get(&transfers, s, path);
	if (!status && args_has(a, "json"))
		print_json(transfers);
	else if (!status)
		print_transfers(transfers);
	cJSON_Delete(transfers);

	return status;
}


static enum status watch(const struct settings *s, const struct args *a)
{
	const char *since = args_value(a, "since");
	const char *call = args_value(a, "call");
	char sid[SID_SIZE], *end = NULL;
	enum status status = STATUS_DONE;
	int64_t seq = 0;

	/* Reports at once whether referd is there */
	status = follow_seq(&seq, s);
	if (!status && since) {
		seq = strtoll(since, &end, 10);
		if (end == since || *end || seq < 0)
			status = say_error(STATUS_USAGE, "--since must be the "
							 "seq of a message");
	}
	if (!status && call)
		status = call_find(sid, NULL, s, call);

	return status ? status
		      : follow_all(s, seq, call ? sid : NULL,
				   args_has(a, "json"));
}


static enum status read_input(char *text)
{
	size_t n = fread(text, 1, INPUT_MAX + 1, stdin);

	if (n > INPUT_MAX)
		return say_error(STATUS_USAGE,
				 "the message must have at most %d bytes",
				 INPUT_MAX);
	text[n] = '\0';

	return STATUS_DONE;
}


static enum status send_message(const struct settings *s, const struct args *a)
{
	static char input[INPUT_MAX + 2];
	const char *text = a->operands[0];
	enum status status = STATUS_DONE;
	cJSON *message;

	if (!strcmp(text, "-")) {
		status = read_input(input);
		text = input;
	}
	if (status)
		return status;

	message = cJSON_Parse(text);
	if (!cJSON_IsObject(message) && !cJSON_IsArray(message))
		status = say_error(STATUS_USAGE, "the message must be a JSON "
						 "object or array");
	else
		status = follow_answer(s, message, args_has(a, "json"));
	cJSON_Delete(message);

	return status;
}


static enum status run(const struct settings *s, const struct args *a)
{
	switch (a->command) {
	case COMMAND_CALLS: return show_calls(s, a);
	case COMMAND_REFER: return verbs_refer(s, a);
	case COMMAND_TRANSFER: return verbs_transfer(s, a);
	case COMMAND_CANCEL: return verbs_cancel(s, a);
	case COMMAND_REQUEST: return verbs_request(s, a);
	case COMMAND_DECLINE: return verbs_decline(s, a);
	case COMMAND_ANSWER: return verbs_answer(s, a);
	case COMMAND_HANGUP: return verbs_hangup(s, a);
	case COMMAND_DIAL: return verbs_dial(s, a);
	case COMMAND_WATCH: return watch(s, a);
	case COMMAND_TRANSFERS: return show_transfers(s, a);
	case COMMAND_EXPORT: return export_transfer(s, a);
	case COMMAND_SEND: return send_message(s, a);
	/* these are not for referd, but for the servers of a fleet */
	case COMMAND_FLEET_INIT: return fleet_init(a);
	case COMMAND_FLEET_STATUS: return fleet_status(a);
	case COMMAND_FLEET_CONFIG: return fleet_config(a);
	case COMMAND_NONE: break;
	}

	return STATUS_DONE;
}


int main(int argc, char *argv[])
{
	struct settings settings;
	struct args args;
	enum status status = args_read(&args, argc, argv);

	if (!status && args.command != COMMAND_NONE) {
		(void)curl_global_init(CURL_GLOBAL_DEFAULT);
		if (!args_is_fleet(&args))
			status = settings_read(&settings, &args);
		if (!status)
			status = run(&settings, &args);
		curl_global_cleanup();
	}

	if (fflush(stdout) || ferror(stdout))
		status = say_error(STATUS_ERROR, "cannot write the output");

	return (int)status;
}
