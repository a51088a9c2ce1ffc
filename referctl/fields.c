/**
 * @file fields.c  Options of the command line to fields of a message
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fields.h"
#include "settings.h"


/**
 * Add the options that are texts
 *
 * @param to     Object to add them to
 * @param a      Command line
 * @param fields Options, and the names of their members
 * @param n      How many
 */
void fields_texts(cJSON *to, const struct args *a,
		  const struct field_option *fields, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *value = args_value(a, fields[i].option);

		if (value)
			(void)cJSON_AddStringToObject(to, fields[i].name,
						      value);
	}
}


/**
 * Add the trace of a message, if it has one
 *
 * @param to Object to add it to
 * @param a  Command line
 */
void fields_trace(cJSON *to, const struct args *a)
{
	static const struct field_option trace[] = {
		{"traceparent", "traceparent"}, {"tracestate", "tracestate"}};

	fields_texts(to, a, trace, sizeof(trace) / sizeof(*trace));
}


/**
 * Add an option that is a number.  Prints its errors.
 *
 * @param to     Object to add it to
 * @param a      Command line
 * @param option Name of the option
 * @param name   Name of the member
 * @param unit   Unit of the number, for the error
 *
 * @return STATUS_DONE, otherwise the exit status
 */
enum status fields_number(cJSON *to, const struct args *a, const char *option,
			  const char *name, const char *unit)
{
	const char *value = args_value(a, option);
	char *end;
	double number;

	if (!value)
		return STATUS_DONE;

	number = strtod(value, &end);
	if (end == value || *end)
		return say_error(STATUS_USAGE, "--%s must be a number%s",
				 option, unit);

	(void)cJSON_AddNumberToObject(to, name, number);

	return STATUS_DONE;
}


/**
 * Add the options that are header fields.  Prints its errors.
 *
 * @param to     Object to add them to
 * @param a      Command line
 * @param option Name of the option
 * @param name   Name of the object with them
 *
 * @return STATUS_DONE, otherwise the exit status
 */
enum status fields_headers(cJSON *to, const struct args *a, const char *option,
			   const char *name)
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
			return say_error(
				STATUS_USAGE,
				"--%s must be NAME=VALUE, such as X-Ticket=17",
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


/* One parameter of --uui: referd checks its name, but cannot see that it was
   not a parameter */
static bool add_param(cJSON *uui, char *param)
{
	char *value = strchr(param, '=');

	if (!value)
		return false;

	*value++ = '\0';

	return (!strcmp(param, "encoding") || !strcmp(param, "purpose") ||
		!strcmp(param, "content")) &&
	       cJSON_AddStringToObject(uui, param, value);
}


/**
 * Add the option --uui, which has the form of the header field User-to-User:
 * data, followed by ;encoding=, ;purpose= and ;content=.  Prints its errors.
 *
 * @param to Object to add it to
 * @param a  Command line
 *
 * @return STATUS_DONE, otherwise the exit status
 *
 * Reference: RFC 7433 section 4.1
 */
enum status fields_uui(cJSON *to, const struct args *a)
{
	const char *value = args_value(a, "uui");
	enum status status = STATUS_DONE;
	char *text, *rest, *param;
	cJSON *uui;

	if (!value)
		return STATUS_DONE;

	text = strdup(value);
	rest = text;
	param = strsep(&rest, ";");
	uui = cJSON_AddObjectToObject(to, "uui");
	(void)cJSON_AddStringToObject(uui, "data", param ? param : "");
	while (!status && rest && (param = strsep(&rest, ";"))) {
		if (!add_param(uui, param))
			status = say_error(
				STATUS_USAGE,
				"--uui must be data, optionally followed by "
				";encoding=, ;purpose= and ;content=");
	}
	free(text);

	return status;
}
