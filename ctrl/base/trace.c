/**
 * @file trace.c  The context of a trace, as W3C Trace Context writes it
 *
 * referd records no spans: a given context is passed on unchanged.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base.h"
#include "json.h"


enum {
	VERSION_LEN = 2,
	TRACE_ID_LEN = 32,
	PARENT_ID_LEN = 16,
	FLAGS_LEN = 2,
};

static const char parent_name[] = "traceparent", state_name[] = "tracestate";


/* Capital letters are not allowed (section 3.2.2) */
static bool is_hex(const char *text, size_t len)
{
	return strspn(text, "0123456789abcdef") >= len;
}


static bool is_zero(const char *text, size_t len)
{
	return strspn(text, "0") >= len;
}


/* Digits, behind which the text ends, or a dash stands */
static bool take(const char **pp, size_t len)
{
	const char *p = *pp;

	if (!is_hex(p, len) || (p[len] && p[len] != '-'))
		return false;

	*pp = p + len + (p[len] == '-');

	return true;
}


/* A later version may add text after the flags; it goes into a header field */
static bool is_visible(const char *text)
{
	while (*text > ' ' && *text <= '~')
		++text;

	return !*text;
}


bool trace_valid(const char *text)
{
	const char *version = text, *trace, *parent, *p = text;

	if (strlen(text) > TRACEPARENT_MAX || !take(&p, VERSION_LEN))
		return false;

	trace = p;
	if (!take(&p, TRACE_ID_LEN))
		return false;

	parent = p;
	if (!take(&p, PARENT_ID_LEN) || !take(&p, FLAGS_LEN))
		return false;

	if (is_zero(trace, TRACE_ID_LEN) || is_zero(parent, PARENT_ID_LEN) ||
	    !strncmp(version, "ff", VERSION_LEN))
		return false;

	/* only later ones may have more */
	return strncmp(version, "00", VERSION_LEN) ? is_visible(p)
						   : p[-1] != '-' && !*p;
}


void trace_make(char text[TRACE_SIZE])
{
	char trace[TRACE_ID_LEN + 1], parent[PARENT_ID_LEN + 1];

	do {
		random_hex(trace, sizeof(trace));
		random_hex(parent, sizeof(parent));
		(void)snprintf(text, TRACE_SIZE, "00-%s-%s-01", trace, parent);
	} while (!trace_valid(text));
}


/* Its members are the business of others (section 3.3.1) */
static bool is_state(const char *text)
{
	size_t len = strlen(text);

	while (*text >= ' ' && *text <= '~')
		++text;

	return !*text && len && len <= TRACESTATE_MAX;
}


void trace_join(char trace[TRACE_SIZE], const char *parent, const char *state)
{
	*trace = '\0';
	if (!parent || !trace_valid(parent))
		return;

	if (state && !is_state(state))
		state = NULL;

	(void)snprintf(trace, TRACE_SIZE, "%s%s%s", parent, state ? " " : "",
		       state ? state : "");
}


void trace_load(char trace[TRACE_SIZE], const cJSON *obj)
{
	trace_join(trace, field_str(obj, parent_name),
		   field_str(obj, state_name));
}


int trace_check(char trace[TRACE_SIZE], const cJSON *obj, struct error *f)
{
	const cJSON *item = field_get(obj, parent_name);
	const char *parent = cJSON_GetStringValue(item), *state;

	*trace = '\0';
	if (!item)
		return 0;

	if (!parent || !trace_valid(parent))
		return error_set(f, 400, parent_name,
				 "must be VERSION-TRACEID-PARENTID-FLAGS of "
				 "2, 32, 16 and 2 lower-case hex digits, no "
				 "id all zero and no version ff (W3C Trace "
				 "Context)");

	item = field_get(obj, state_name);
	state = cJSON_GetStringValue(item);
	error_trace(f, parent);
	if (item && (!state || !is_state(state)))
		return error_set(f, 400, state_name,
				 "must be at most %d printable characters of "
				 "ASCII (W3C Trace Context)",
				 TRACESTATE_MAX);

	trace_join(trace, parent, state);
	error_trace(f, trace);

	return 0;
}


size_t trace_parent(const char *trace)
{
	return strcspn(trace, " ");
}


const char *trace_state(const char *trace)
{
	const char *end = trace + trace_parent(trace);

	return *end ? end + 1 : NULL;
}


void trace_print(struct json *j, const char *trace)
{
	if (!trace || !*trace)
		return;

	json_strn(j, parent_name, trace, trace_parent(trace));
	json_str(j, state_name, trace_state(trace));
}
